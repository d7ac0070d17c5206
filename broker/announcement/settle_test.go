package announcement_test

import (
	"errors"
	"os"
	"testing"
	"time"

	"sekimori/broker/announcement"
	"sekimori/broker/internal/townhall"
	"sekimori/broker/store"
	"sekimori/broker/testrun"
	"sekimori/policy"
)

func TestMain(m *testing.M) {
	testrun.Fast()
	os.Exit(m.Run())
}

const day = 24 * time.Hour

// hall is a town hall whose recordings are kept for a year.
type hall struct {
	*townhall.Hall
	t *testing.T
}

func newHall(t *testing.T) hall {
	t.Helper()
	h := hall{townhall.Found(t), t}
	h.starts(365, 365)
	return h
}

// starts starts with a configuration, and expects what is in force then.
func (h hall) starts(want, inForce int) {
	h.t.Helper()
	now, err := announcement.Settle(h.t.Context(), h.DB, store.NoticeInForce{Version: 1, KeptDays: want})
	if err != nil || now.KeptDays != inForce {
		h.t.Fatalf("configured %d days: %d in force, %v; want %d", want, now.KeptDays, err, inForce)
	}
	var kept time.Duration
	if err := h.DB.Read(h.t.Context(), func(s *store.Snap) (err error) { kept, err = s.RecordingsKept(); return err }); err != nil || kept != time.Duration(inForce)*day {
		h.t.Fatalf("recordings are kept %v, %v", kept, err)
	}
}

// agrees gives the code of the refusal; empty: the agreement counts.
func (h hall) agrees(no, who string) string {
	h.t.Helper()
	_, err := announcement.New(h.Runner()).Agree(h.t.Context(), no, townhall.Caller(who))
	var denied *policy.Denied
	switch {
	case errors.As(err, &denied):
		return string(denied.Reason)
	case errors.Is(err, store.ErrNotFound):
		return "not-found"
	case err != nil:
		h.t.Fatal(err)
	}
	return ""
}

func TestALongerTimeTakesTwoPeopleAndFourteenDays(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	h.starts(730, 365)
	for _, c := range []struct{ who, want string }{{"head", "forbidden"}, {"ito", "forbidden"}, {"mori", ""}, {"mori", "already-decided"}} {
		if got := h.agrees("1", c.who); got != c.want {
			t.Errorf("%s: %q, want %q", c.who, got, c.want)
		}
	}
	h.Pass(15 * day)
	h.starts(730, 365) // one person is not enough
	if got := h.agrees("2", "deputy"); got != "not-found" {
		t.Errorf("a change that is not there: %q", got)
	}
	if got := h.agrees("1", "deputy"); got != "" {
		t.Errorf("the second: %q", got)
	}
	h.starts(730, 730)
	h.starts(730, 730)
}

func TestALongerTimeWaitsAlthoughTwoAgreed(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	h.starts(730, 365)
	for _, who := range []string{"mori", "deputy"} {
		if got := h.agrees("1", who); got != "" {
			t.Fatalf("%s: %q", who, got)
		}
	}
	h.Pass(14*day - time.Second)
	h.starts(730, 365)
	h.Pass(time.Second)
	h.starts(730, 730)
}

func TestAShorterTimeTakesTwoPeopleAndNoWait(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	h.starts(90, 365)
	h.agrees("1", "mori")
	h.starts(90, 365)
	h.agrees("1", "deputy")
	h.starts(90, 90)
}

// A proposal that changes loses its agreements and its announcement; so does one that the configuration takes back.
func TestAttackAgreementsDoNotPassToAnotherChange(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	h.starts(400, 365)
	h.agrees("1", "mori")
	h.agrees("1", "deputy")
	h.Pass(15 * day)
	h.starts(3650, 365)
	if got := h.agrees("1", "mori"); got != "not-found" {
		t.Errorf("the withdrawn change: %q", got)
	}
	h.starts(365, 365)
	h.starts(400, 365) // anew, from its beginning
	if kinds := h.Kinds(t, ""); len(kinds) == 0 {
		t.Error("no entries")
	}
}

// The times of the ledger and of the record of looks change as that of recordings does; for ever is the longest.
func TestTheLedgersTimesTakeTwoPeopleToo(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	starts := func(when string, want, inForce policy.Kept) {
		t.Helper()
		n := store.NoticeInForce{Version: 1, KeptDays: want.Recordings, LedgerDays: want.Ledger, LooksDays: want.Looks}
		now, err := announcement.Settle(t.Context(), h.DB, n)
		if err != nil || now.Kept() != inForce {
			t.Fatalf("%s: %v in force, %v; want %v", when, now.Kept(), err, inForce)
		}
	}
	forEver, five, ten := policy.Kept{Recordings: 365}, policy.Kept{Recordings: 365, Ledger: 1825, Looks: 1825}, policy.Kept{Recordings: 365, Ledger: 1825, Looks: 3650}
	starts("proposed", five, forEver)
	h.agrees("1", "mori")
	starts("one agreed", five, forEver)
	starts("another is proposed, without its agreements", ten, forEver)
	h.agrees("2", "mori")
	h.agrees("2", "deputy")
	starts("a shorter time", ten, ten)
	starts("for ever is longer", forEver, ten)
	h.agrees("3", "mori")
	h.agrees("3", "deputy")
	h.Pass(14*day - time.Second)
	starts("a second before its day", forEver, ten)
	h.Pass(time.Second)
	starts("on its day", forEver, forEver)
}
