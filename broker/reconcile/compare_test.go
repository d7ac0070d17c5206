package reconcile

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"sekimori/broker/accounts"
	"sekimori/broker/store"
	"sekimori/policy"
)

var noon = time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC)

func at(d time.Duration) time.Time { return noon.Add(d) }

func login(record string, d time.Duration, who, from string, port int) accounts.Login {
	l := accounts.Login{At: at(d), Login: who, Record: record, Port: port}
	l.From(from, "")
	return l
}

// TestWhichLoginsTheLedgerKnows: one session of an account from 09:00 to 09:30 by the target's clock of 192.0.2.1:5000, and a look of the broker as root.
func TestWhichLoginsTheLedgerKnows(t *testing.T) {
	t.Parallel()
	own := []store.OwnLogin{
		{Login: "root", At: at(-time.Second), From: netip.MustParseAddrPort("192.0.2.1:4999")},
		{Login: "maint", At: at(0), From: netip.MustParseAddrPort("192.0.2.1:5000")},
	}
	sessions := []session{{store.Session{ID: "S-1", Created: at(-2 * time.Second), Started: at(time.Second), Ended: at(30 * time.Minute)}, "maint", 1}}
	old := []session{{store.Session{ID: "S-0", Created: at(-2 * time.Second), Started: at(time.Second), Ended: at(30 * time.Minute)}, "maint", -1}}
	a, w := accounts.Accepted, accounts.Terminal
	for _, c := range []struct {
		name    string
		known   known
		ahead   time.Duration
		logins  []accounts.Login
		doubts  []policy.LoginDoubt
		session string // of the first unknown one
		missing []string
	}{
		{name: "the session and the broker's look", logins: []accounts.Login{login(a, -time.Second, "root", "192.0.2.1", 4999), login(a, 0, "maint", "192.0.2.1", 5000)}},
		{name: "terminals of the session", logins: []accounts.Login{login(a, 0, "maint", "192.0.2.1", 5000), login(w, time.Second, "maint", "192.0.2.1", 0), login(w, 20*time.Minute, "maint", "192.0.2.1", 0)}},
		{name: "a terminal after the session's end", logins: []accounts.Login{login(a, 0, "maint", "192.0.2.1", 5000), login(w, 32*time.Minute, "maint", "192.0.2.1", 0)}},
		{name: "a terminal too long after the session's end", logins: []accounts.Login{login(a, 0, "maint", "192.0.2.1", 5000), login(w, 32*time.Minute+time.Second, "maint", "192.0.2.1", 0)}, doubts: []policy.LoginDoubt{policy.LoginNoSession}},
		{name: "another account", logins: []accounts.Login{login(a, 0, "maint", "192.0.2.1", 5000), login(a, 0, "other", "192.0.2.1", 5001)}, doubts: []policy.LoginDoubt{policy.LoginNoSession}},
		{name: "the account within its session, from elsewhere", logins: []accounts.Login{login(a, 0, "maint", "192.0.2.1", 5000), login(a, time.Minute, "maint", "198.51.100.7", 5000)}, doubts: []policy.LoginDoubt{policy.LoginElsewhere}, session: "S-1"},
		{name: "the account within its session, from the broker's host", logins: []accounts.Login{login(a, 0, "maint", "192.0.2.1", 5000), login(a, time.Second, "maint", "192.0.2.1", 5001)}, doubts: []policy.LoginDoubt{policy.LoginTooMany}, session: "S-1"},
		{name: "the same without ports", logins: []accounts.Login{login(a, 0, "maint", "192.0.2.1", 0), login(a, time.Second, "maint", "192.0.2.1", 0)}, doubts: []policy.LoginDoubt{policy.LoginTooMany}, session: "S-1"},
		{name: "a terminal from elsewhere", logins: []accounts.Login{login(a, 0, "maint", "192.0.2.1", 5000), login(w, time.Minute, "maint", "198.51.100.7", 0)}, doubts: []policy.LoginDoubt{policy.LoginElsewhere}, session: "S-1"},
		{name: "at the machine", logins: []accounts.Login{login(a, 0, "maint", "192.0.2.1", 5000), login(w, time.Minute, "maint", "", 0)}, doubts: []policy.LoginDoubt{policy.LoginElsewhere}, session: "S-1"},
		{name: "another's look as root", logins: []accounts.Login{login(a, 0, "maint", "192.0.2.1", 5000), login(a, time.Second, "root", "192.0.2.1", 777)}, doubts: []policy.LoginDoubt{policy.LoginTooMany}},
		{name: "root an hour later", logins: []accounts.Login{login(a, 0, "maint", "192.0.2.1", 5000), login(a, time.Hour, "root", "192.0.2.1", 777)}, doubts: []policy.LoginDoubt{policy.LoginNoSession}},
		{name: "a login and its terminal count once", logins: []accounts.Login{login(a, 0, "maint", "192.0.2.1", 5000), login(a, 0, "other", "192.0.2.9", 5001), login(w, time.Second, "other", "192.0.2.9", 0)}, doubts: []policy.LoginDoubt{policy.LoginNoSession}},
		{name: "a terminal alone", logins: []accounts.Login{login(a, 0, "maint", "192.0.2.1", 5000), login(w, time.Second, "other", "192.0.2.9", 0)}, doubts: []policy.LoginDoubt{policy.LoginNoSession}},
		{name: "the target's clock is ahead", ahead: 3 * time.Hour, logins: []accounts.Login{login(a, 3*time.Hour, "maint", "192.0.2.1", 0)}},
		{name: "the target's clock is behind, which was not measured", logins: []accounts.Login{login(a, -3*time.Minute, "maint", "192.0.2.1", 0)}, doubts: []policy.LoginDoubt{policy.LoginNoSession}, missing: []string{"S-1"}},
		{name: "with its port it is known all the same", logins: []accounts.Login{login(a, -3*time.Minute, "maint", "192.0.2.1", 5000)}},
		{name: "the tolerance", logins: []accounts.Login{login(a, -2*time.Minute, "maint", "192.0.2.1", 0)}},
		{name: "before the compared time", logins: []accounts.Login{login(a, 0, "maint", "192.0.2.1", 5000), login(a, -2*time.Hour, "other", "192.0.2.9", 1)}},
		{name: "a complete record without the session", logins: []accounts.Login{}, missing: []string{"S-1"}},
		{name: "behind a translation", known: known{sessions: sessions, own: own, sources: []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")}},
			logins: []accounts.Login{login(a, time.Second, "maint", "203.0.113.5", 61000), login(a, 2*time.Second, "maint", "203.0.113.5", 61001)}, doubts: []policy.LoginDoubt{policy.LoginTooMany}, session: "S-1"},
		{name: "a session from before own logins were kept", known: known{sessions: old}, logins: []accounts.Login{login(a, 0, "maint", "192.0.2.77", 1), login(w, time.Minute, "maint", "192.0.2.77", 0)}},
		{name: "such a session has one login", known: known{sessions: old}, logins: []accounts.Login{login(a, 0, "maint", "192.0.2.77", 1), login(a, time.Second, "maint", "192.0.2.77", 2)}, doubts: []policy.LoginDoubt{policy.LoginTooMany}, session: "S-0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			k := c.known
			if k.sessions == nil {
				k = known{sessions: sessions, own: own}
			}
			r := accounts.Record{Logins: c.logins, Ahead: c.ahead, Begins: map[string]time.Time{accounts.Accepted: at(-24 * time.Hour)}}
			got := compare(r, at(-time.Hour), at(2*time.Hour), k)
			var doubts []policy.LoginDoubt
			for _, u := range got.unknown {
				doubts = append(doubts, u.Doubt)
			}
			if !slices.Equal(doubts, c.doubts) || !slices.Equal(got.missing, c.missing) {
				t.Fatalf("unknown %+v, missing %v; want %v, %v", got.unknown, got.missing, c.doubts, c.missing)
			}
			if len(doubts) > 0 && got.unknown[0].Session != c.session {
				t.Errorf("the session then: %q", got.unknown[0].Session)
			}
			if got.known+len(got.unknown) != got.logins {
				t.Errorf("%d logins, %d known, %d unknown", got.logins, got.known, len(got.unknown))
			}
		})
	}
}

// TestARecordThatMayNotBeCompleteMissesNothing: wtmp has no logins without a terminal, and a rotated log has no old ones.
func TestARecordThatMayNotBeCompleteMissesNothing(t *testing.T) {
	t.Parallel()
	k := known{own: []store.OwnLogin{{Login: "maint", At: noon}}, sessions: []session{{store.Session{ID: "S-1", Created: at(0), Started: at(time.Second)}, "maint", 0}}}
	for record, begins := range map[string]time.Time{accounts.Terminal: at(-24 * time.Hour), accounts.Accepted: at(time.Minute)} {
		if got := compare(accounts.Record{Begins: map[string]time.Time{record: begins}}, at(-time.Hour), at(time.Hour), k); len(got.missing) != 0 {
			t.Errorf("%s from %s: %v", record, begins, got.missing)
		}
	}
}

// TestARecordThatBeginsLateIsAGap: what lies between the comparison before and its beginning was not compared.
func TestARecordThatBeginsLateIsAGap(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		begins map[string]time.Time
		ahead  time.Duration
		gap    bool
	}{
		{map[string]time.Time{accounts.Accepted: at(tolerance)}, 0, false},
		{map[string]time.Time{accounts.Accepted: at(tolerance + 1)}, 0, true},
		{map[string]time.Time{accounts.Accepted: at(time.Hour), accounts.Terminal: at(-time.Hour)}, 0, false},
		{map[string]time.Time{accounts.Accepted: at(time.Hour)}, time.Hour, false},
		{map[string]time.Time{accounts.Accepted: {}}, 0, false},
	} {
		if got := gap(accounts.Record{Begins: c.begins, Ahead: c.ahead}, noon); got.IsZero() == c.gap {
			t.Errorf("%v: %v", c, got)
		}
	}
}
