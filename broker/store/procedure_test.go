package store

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"sekimori/policy"
)

func TestRequestsListedByWhatTheySay(t *testing.T) {
	o := open(t)
	o.declare()
	var first, second string
	o.write(func(tx *Tx) (err error) {
		if first, err = tx.grant(noon, "E-0031"); err != nil {
			return err
		}
		second, err = tx.NextRequestNo()
		r := aRequest(second, noon.Add(24*time.Hour))
		r.State, r.ApprovedVersion, r.Requester, r.Proposer = policy.RequestProposed, 0, "", "E-0032"
		r.Body.Engineers = []string{"E-0032"}
		return all(err, tx.AddRequest(r))
	})
	for _, c := range []struct {
		name string
		f    RequestFilter
		want []string
	}{
		{"all, newest first", RequestFilter{}, []string{second, first}},
		{"state", RequestFilter{States: []policy.RequestState{policy.RequestApproved, policy.RequestRejected}}, []string{first}},
		{"section", RequestFilter{Section: "jinji", Limit: 1}, []string{second}},
		{"engineer", RequestFilter{Engineer: "E-0031"}, []string{first}},
		{"requester", RequestFilter{Requester: "U-002"}, []string{first}},
		{"older than", RequestFilter{Before: second}, []string{first}},
		{"other vendor", RequestFilter{Vendor: "V-999"}, nil},
	} {
		o.read(func(s *Snap) error {
			rs, err := s.Requests(c.f)
			var got []string
			for _, r := range rs {
				got = append(got, r.No)
			}
			if fmt.Sprint(got) != fmt.Sprint(c.want) {
				t.Errorf("%s: %v, want %v", c.name, got, c.want)
			}
			return err
		})
	}
	o.write(func(tx *Tx) error {
		r, err := tx.Request(first)
		want := aRequest(first, noon)
		want.Start, want.End, want.Created, want.Changed = want.Start.UTC(), want.End.UTC(), noon.UTC(), noon.UTC()
		same(t, "request", r, want, err)
		r.Version, r.State = 2, policy.PendingFirst
		return tx.UpdateRequest(r)
	})
	o.read(func(s *Snap) error { // the edit leaves the approval behind
		p, err := s.PolicyRequest(first)
		if err == nil && (p.Version != 2 || len(p.Approvals) != 0 || p.System.Section != "jinji") {
			t.Errorf("%+v", p)
		}
		g, err2 := s.Grants("E-0031")
		if len(g) != 1 || g[0].RequestVersion != 2 || g[0].ApprovedVersion != 1 || g[0].DecidedBy != "U-001" {
			t.Errorf("grants %+v", g)
		}
		return all(err, err2)
	})
}

func TestPolicyRequestSeesFreezeAndRoot(t *testing.T) {
	o := open(t)
	o.declare()
	var no string
	o.write(func(tx *Tx) (err error) {
		if no, err = tx.grant(noon, "E-0031"); err != nil {
			return err
		}
		a, err := tx.Account("hr-db/maint")
		a.Root = true
		return all(err, tx.PutAccount(a), tx.AddFreeze(policy.Freeze{ID: "I-001", Scope: policy.FreezeSystem, Subject: "hr", By: "U-001", Since: tx.Now, Reason: "漏えいの疑い"}))
	})
	o.read(func(s *Snap) error {
		p, err := s.PolicyRequest(no)
		if err == nil && (!p.Frozen || !p.Root || len(p.Approvals) != 1) {
			t.Errorf("%+v", p)
		}
		return err
	})
	o.write(func(tx *Tx) error { return all(tx.AddLift("I-001", "U-001", "確認済み"), tx.EndFreeze("I-001")) })
	o.write(func(tx *Tx) error {
		if err := tx.AddLift("I-001", "U-001", "again"); !errors.Is(err, ErrExists) {
			t.Errorf("same person agreed twice: %v", err)
		}
		if err := tx.EndFreeze("I-001"); !errors.Is(err, ErrNotFound) {
			t.Errorf("lifted twice: %v", err)
		}
		p, err := tx.PolicyRequest(no)
		f, err2 := tx.Freezes(true)
		if p.Frozen || len(f) != 0 {
			t.Errorf("still frozen: %v", f)
		}
		one, err3 := tx.Freeze("I-001")
		if len(one.Lifts) != 1 || one.Lifted.IsZero() {
			t.Errorf("%+v", one)
		}
		return all(err, err2, err3)
	})
}

func live(id, person string, state SessionState) Session {
	return Session{
		ID: id, State: state, Person: person, Vendor: "V-012", Grant: "R8-0001-1-1", Window: "R8-0001-1", Request: "R8-0001", System: "hr",
		Target: "hr-db", Account: "hr-db/maint", Source: netip.MustParseAddrPort("192.0.2.7:50022"), Factor: "code",
		Created: noon.UTC(), Until: noon.Add(time.Hour).UTC(), ClientVersion: "SSH-2.0-OpenSSH_9.2", Notice: "1",
	}
}

func TestSessionFromAttemptToReview(t *testing.T) {
	o := open(t)
	o.declare()
	s := live("S-20261124-01", "E-0031", SessionOpening)
	o.write(func(tx *Tx) error {
		_, err := tx.grant(noon, "E-0031")
		return all(err, tx.AddSession(s), tx.AddSession(Session{ID: "S-20261124-02", State: SessionRefused, Person: "E-0032", System: "hr", Reason: policy.NoGrant, Created: noon}))
	})
	s.State, s.Started = SessionActive, noon.Add(time.Second).UTC()
	o.write(func(tx *Tx) error { return tx.UpdateSession(s) })
	o.read(func(sn *Snap) error {
		got, err := sn.Session(s.ID)
		same(t, "session", got, s, err)
		one, err := sn.Sessions(SessionFilter{Live: true, System: "hr"})
		if len(one) != 1 || one[0].ID != s.ID {
			t.Errorf("live: %+v", one)
		}
		return err
	})
	s.State, s.Reason, s.Ended = SessionEnded, policy.WindowEnded, noon.Add(time.Hour).UTC()
	s.RecordingSum, s.RecordingSize = "00ff", 12
	o.write(func(tx *Tx) error {
		return all(tx.UpdateSession(s), tx.AddReview(Review{ID: s.ID, Session: s.ID, Due: noon.AddDate(0, 0, 7)}))
	})
	o.write(func(tx *Tx) error {
		again := s
		again.Reason = policy.EndedByEngineer
		if err := tx.UpdateSession(again); err == nil {
			t.Error("the end was rewritten")
		}
		if err := tx.AddReview(Review{ID: s.ID, Session: s.ID, Due: noon}); !errors.Is(err, ErrExists) {
			t.Errorf("second review: %v", err)
		}
		return all(tx.UpdateSession(s), tx.SignReview(s.ID, "U-001", Signature{Verdict: "ok", Note: "適正"}))
	})
	o.write(func(tx *Tx) error {
		if err := tx.SignReview(s.ID, "U-002", Signature{Verdict: "fix"}); !errors.Is(err, ErrNotFound) {
			t.Errorf("signed twice: %v", err)
		}
		r, err := tx.Review(s.ID)
		if r.Verdict != "ok" || r.SignedBy != "U-001" || !r.SignedAt.Equal(noon) {
			t.Errorf("%+v", r)
		}
		open, err2 := tx.ReviewPage(ReviewFilter{Unsigned: true}, Page{})
		if len(open.Rows) != 0 {
			t.Errorf("unsigned: %v", open)
		}
		return all(err, err2)
	})
}

func TestALiveSessionHasANameAndAGrant(t *testing.T) {
	o := open(t)
	for _, spoil := range []func(*Session){func(s *Session) { s.Person = "" }, func(s *Session) { s.Grant = "" }, func(s *Session) { s.Window = "" }} {
		s := live("S-20261124-01", "E-0031", SessionActive)
		spoil(&s)
		err := o.Write(context.Background(), func(tx *Tx) error { _, err := tx.Append(act("test.act")); return all(err, tx.AddSession(s)) })
		if err == nil {
			t.Errorf("taken: %+v", s)
		}
	}
}

func TestSubjectNamesWhoMayNotReview(t *testing.T) {
	o := open(t)
	o.declare()
	o.write(func(tx *Tx) error {
		no, err := tx.grant(noon, "E-0031")
		if err != nil {
			return err
		}
		w, err := tx.Window(no + "-1")
		w.State, w.Attendant, w.PermittedBy, w.OpenedAt, w.PermittedAt = policy.WindowPermitted, "U-002", "U-002", noon, noon
		return all(err, tx.UpdateWindow(w), tx.AddSession(live("S-20261124-01", "E-0031", SessionActive)))
	})
	o.read(func(s *Snap) error {
		sub, err := s.Subject("S-20261124-01")
		same(t, "subject", sub, policy.Subject{
			Session: "S-20261124-01", System: "hr", Section: "jinji", Requester: "U-002",
			Approvers: []string{"U-001"}, Attendants: []string{"U-002"}, Live: true,
		}, err)
		return nil
	})
}

// A person who granted more time, appointed the deputy, or opened or later approved an emergency must not review it (R12, R22).
func TestSubjectNamesWhoeverDecided(t *testing.T) {
	o := open(t)
	o.declare()
	o.write(func(tx *Tx) error {
		no, err := tx.grant(noon, "E-0031")
		if err != nil {
			return err
		}
		extended := func(id string, state ExtensionState, role policy.Role, decider, behalf string) error {
			x := Extension{ID: id, Window: no + "-1", Request: no, System: "hr", AskedBy: "E-0031", Via: "ssh", By: time.Minute, Reason: "a test", Ends: noon.Add(time.Hour)}
			if err := tx.AddExtension(x); err != nil {
				return err
			}
			if x.State, x.Role, x.Decider, x.OnBehalf = state, role, decider, behalf; state == ExtensionGranted {
				x.NewEnd = x.Ends.Add(x.By)
			}
			return tx.SettleExtension(x)
		}
		for _, id := range []string{"U-003", "U-004", "U-005", "U-006", "U-007"} {
			err = errors.Join(err, tx.PutPerson(staff(id, id, policy.Approver)))
		}
		return all(err, extended("X-0001", ExtensionGranted, policy.Attendant, "U-002", ""),
			extended("X-0002", ExtensionGranted, policy.Approver, "U-003", "U-001"),
			extended("X-0003", ExtensionDenied, policy.Approver, "U-004", ""),
			tx.AddDecision(Decision{Request: no, Version: 1, By: "U-005", Verdict: VerdictOpen, Reason: "now"}),
			tx.AddDecision(Decision{Request: no, Version: 1, By: "U-006", Verdict: VerdictAfter, OnBehalf: "U-007", Reason: "later"}),
			tx.AddDecision(Decision{Request: no, Version: 1, By: "U-004", Verdict: VerdictSeen, Reason: "seen"}),
			tx.AddSession(live("S-20261124-01", "E-0031", SessionActive)))
	})
	o.read(func(s *Snap) error {
		sub, err := s.Subject("S-20261124-01")
		same(t, "subject", sub, policy.Subject{
			Session: "S-20261124-01", System: "hr", Section: "jinji", Requester: "U-002",
			Approvers: []string{"U-001", "U-005", "U-006", "U-007", "U-003"}, Attendants: []string{"U-002"}, Live: true,
		}, err)
		return nil
	})
}

func TestAWindowThatIsExtendedStaysInFacts(t *testing.T) {
	o := open(t)
	o.declare()
	o.write(func(tx *Tx) error {
		no, err := tx.grant(noon.AddDate(0, 0, -31), "E-0031")
		if err != nil {
			return err
		}
		if f, err := tx.Facts("sato"); err != nil || len(f.Grants) != 0 {
			t.Errorf("before: %v, %v", f.Grants, err)
		}
		w, err := tx.Window(no + "-1")
		w.End = noon
		return all(err, tx.UpdateWindow(w))
	})
	o.read(func(s *Snap) error {
		f, err := s.Facts("sato")
		if len(f.Grants) != 1 || !f.Grants[0].Window.End.Equal(noon) {
			t.Errorf("after: %+v", f.Grants)
		}
		return err
	})
}

func TestAWindowIsNotAttendedWithoutAName(t *testing.T) {
	o := open(t)
	o.declare()
	var no string
	o.write(func(tx *Tx) (err error) { no, err = tx.grant(noon, "E-0031"); return err })
	o.write(func(tx *Tx) error {
		w, err := tx.Window(no + "-1")
		w.State = policy.WindowAttended
		if err := tx.UpdateWindow(w); err == nil {
			t.Error("attended by nobody")
		}
		return err
	})
}

func TestRememberedFactorCountsForExactlyThis(t *testing.T) {
	o := open(t)
	o.declare()
	r := Remembered{Person: "E-0031", Fingerprint: "SHA256:abc", Source: netip.MustParseAddr("192.0.2.7"), Window: "R8-0001-1", Notice: "3"}
	o.write(func(tx *Tx) error { _, err := tx.grant(noon, "E-0031"); return all(err, tx.RememberFactor(r)) })
	o.read(func(s *Snap) error {
		for name, change := range map[string]func(*Remembered){
			"person": func(r *Remembered) { r.Person = "E-0032" }, "key": func(r *Remembered) { r.Fingerprint = "SHA256:abd" },
			"address": func(r *Remembered) { r.Source = netip.MustParseAddr("192.0.2.8") },
			"window":  func(r *Remembered) { r.Window = "R8-0002-1" }, "notice": func(r *Remembered) { r.Notice = "4" },
		} {
			other := r
			change(&other)
			if _, err := s.Remembered(other); !errors.Is(err, ErrNotFound) {
				t.Errorf("another %s counts: %v", name, err)
			}
		}
		at, err := s.Remembered(r)
		if !at.Equal(noon) {
			t.Errorf("at %v", at)
		}
		return err
	})
	for _, f := range []FactorFilter{{Person: "E-0031"}, {Vendor: "V-012"}, {System: "hr"}, {Window: "R8-0001-1"}, {Fingerprint: "SHA256:abc"}, {}} {
		o.write(func(tx *Tx) error { return tx.ForgetFactors(FactorFilter{Person: "E-0032", System: "hr"}) })
		o.write(func(tx *Tx) error {
			if _, err := tx.Remembered(r); err != nil {
				t.Errorf("somebody else's was forgotten: %v", err)
			}
			return tx.ForgetFactors(f)
		})
		o.write(func(tx *Tx) error {
			if _, err := tx.Remembered(r); !errors.Is(err, ErrNotFound) {
				t.Errorf("%+v forgot nothing: %v", f, err)
			}
			return tx.RememberFactor(r)
		})
	}
}

func TestFactsHoldWhatCouldMatter(t *testing.T) {
	o := open(t)
	o.declare()
	o.write(func(tx *Tx) error {
		_, old := tx.grant(noon.AddDate(0, 0, -31), "E-0031")
		_, past := tx.grant(noon.AddDate(0, 0, -29), "E-0031")
		_, future := tx.grant(noon.AddDate(0, 2, 0), "E-0031")
		_, others := tx.grant(noon, "E-0032")
		elsewhere := live("S-20261124-03", "E-0032", SessionActive)
		elsewhere.System = "other"
		own := live("S-20261124-04", "E-0031", SessionOpening)
		own.System = "other"
		return all(old, past, future, others,
			tx.AddSession(live("S-20261124-01", "E-0032", SessionActive)), tx.AddSession(live("S-20261124-05", "E-0032", SessionActive)), tx.AddSession(live("S-20261124-02", "E-0032", SessionEnded)),
			tx.AddSession(elsewhere), tx.AddSession(own),
			tx.AddFreeze(policy.Freeze{ID: "I-001", Scope: policy.FreezeAll, By: "U-001", Since: tx.Now, Reason: "x"}))
	})
	o.read(func(s *Snap) error {
		f, err := s.Facts("sato")
		if err != nil {
			return err
		}
		var grants, sessions []string
		for _, g := range f.Grants {
			grants = append(grants, g.Request)
		}
		for _, l := range f.Live {
			sessions = append(sessions, l.Person+" "+l.ID+" "+l.System)
		}
		same(t, "grants", grants, []string{"R8-0002", "R8-0003"}, nil)
		same(t, "live", sessions, []string{"E-0031 S-20261124-04 other", "E-0032  hr"}, nil)
		if f.Zone != jst || f.Person.ID != "E-0031" || f.Vendor.ID != "V-012" || f.Systems["hr"].Section != "jinji" ||
			f.Targets["hr-db"].Port != 22 || f.Accounts["hr-db/maint"].Login != "hrmnt01" || len(f.Freezes) != 1 {
			t.Errorf("%+v", f)
		}
		if _, err := s.Facts("nobody"); !errors.Is(err, ErrNotFound) {
			t.Errorf("nobody: %v", err)
		}
		return nil
	})
}
