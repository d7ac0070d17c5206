package session

import (
	"testing"
	"time"

	"sekimori/broker/store"
	"sekimori/policy"
)

func TestSpaceDays(t *testing.T) {
	const day, gib = 24 * time.Hour, 1 << 30
	for _, c := range []struct {
		name               string
		free, min, written uint64
		over               time.Duration
		want               int
	}{
		{"nothing recorded yet", 100 * gib, gib, 0, 30 * day, -1},
		{"a month's", 101 * gib, gib, 30 * gib, 30 * day, 100},
		{"less than another day", 2*gib - 1, gib, 30 * gib, 30 * day, 0},
		{"exactly another day", 2 * gib, gib, 30 * gib, 30 * day, 1},
		{"nobody is admitted", gib, gib, 30 * gib, 30 * day, 0},
		{"less than what is needed", 1, gib, 30 * gib, 30 * day, 0},
		{"an hour old", 101 * gib, gib, 10 * gib, time.Hour, 10},
		{"hardly anything", 1 << 60, gib, 1, 30 * day, 36500},
	} {
		if got := spaceDays(c.free, c.min, c.written, c.over); got != c.want {
			t.Errorf("%s: %d days, want %d", c.name, got, c.want)
		}
	}
}

// TestSpaceIsEstimatedWhereItIsAskedFor: an institution that declared nothing pays nothing for it.
func TestSpaceIsEstimatedWhereItIsAskedFor(t *testing.T) {
	w := newWorld(t, time.Hour)
	estimate := func() (days int) {
		if err := w.db.Read(t.Context(), func(s *store.Snap) error { days = w.sup.SpaceDays(s); return nil }); err != nil {
			t.Fatal(err)
		}
		return days
	}
	p := w.engineer(1)
	w.write("test.recorded", func(tx *store.Tx) error {
		return tx.AddSession(store.Session{ID: "S-20261124-01", State: store.SessionEnded, Person: p.ID, Created: tx.Now.Add(-29 * 24 * time.Hour),
			RecordingSize: 1, Reason: policy.EndedByEngineer})
	})
	if got := estimate(); got != -1 {
		t.Errorf("%d days where nobody asked", got)
	}
	w.write("test.declared", func(tx *store.Tx) error { return tx.PutInstitution(policy.Institution{Declared: true, SpaceDays: 30}) })
	if got := estimate(); got != 36500 {
		t.Errorf("%d days for a byte a month", got)
	}
}
