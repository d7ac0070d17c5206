package view

import (
	"testing"
	"time"

	"sekimori/broker/store"
	"sekimori/policy"
)

// Every state of a window in screens §6 except line-left-on, which needs sensors, and the moments between them.
func TestTheStatesOfAWindow(t *testing.T) {
	start := time.Date(2026, 11, 24, 1, 0, 0, 0, time.UTC)
	end := start.Add(time.Hour)
	live := store.WindowNow{Live: true, Used: true}
	longer := live
	longer.Extended = true
	frozen := live
	frozen.Frozen = true
	for _, c := range []struct {
		state policy.WindowState
		is    store.WindowNow
		now   time.Time
		want  string
	}{
		{policy.WindowScheduled, store.WindowNow{}, start.Add(-1), "scheduled"},
		{policy.WindowScheduled, store.WindowNow{}, start, "ready-wait-attendant"},
		{policy.WindowAttended, store.WindowNow{}, start, "attended"},
		{policy.WindowPermitted, store.WindowNow{}, start, "permitted"},
		{policy.WindowPermitted, live, start, "in-use"},
		{policy.WindowScheduled, live, start, "in-use"}, // the system requires no attendant
		{policy.WindowPermitted, longer, start, "extended"},
		{policy.WindowPermitted, live, end.Add(-10*time.Minute - 1), "in-use"},
		{policy.WindowPermitted, live, end.Add(-10 * time.Minute), "closing"},
		{policy.WindowPermitted, longer, end.Add(-1), "closing"},
		{policy.WindowPermitted, store.WindowNow{Used: true}, end.Add(-1), "permitted"},
		{policy.WindowPermitted, frozen, end.Add(-1), "frozen"},
		{policy.WindowScheduled, store.WindowNow{Frozen: true}, start.Add(-time.Hour), "frozen"},
		{policy.WindowPermitted, frozen, end, "ended"},
		{policy.WindowPermitted, store.WindowNow{}, end, "unused"},
		{policy.WindowScheduled, store.WindowNow{}, end, "unused"},
		{policy.WindowClosed, store.WindowNow{Used: true, Frozen: true}, start, "closed"},
		{policy.WindowCut, live, start, "cut"},
		{policy.WindowCancelled, store.WindowNow{Frozen: true}, end, "cancelled"},
	} {
		w := store.Window{Window: policy.Window{State: c.state, Start: start, End: end}}
		if got := string(windowState(w, c.is, c.now)); got != c.want {
			t.Errorf("%s %+v at %s: %s, want %s", c.state, c.is, c.now.Format(time.TimeOnly), got, c.want)
		}
	}
}
