package web

import (
	"slices"
	"testing"

	"sekimori/broker/act"
	"sekimori/broker/refusals"
	"sekimori/broker/view"
)

// Repeated refused calls cost the ledger one entry for each route, and a summary.
func TestAttackFloodTheLedger(t *testing.T) {
	w := newWorld(t)
	tokens := w.found()
	sums := refusals.New(w.db)
	o := w.server.o
	w.server.o.Views = view.New(view.Options{DB: w.db, Desk: o.Desk, Attendance: o.Attendance, Sessions: o.Sessions, Registry: o.Registry, Papers: o.Papers, Freezer: o.Freezer, Reports: o.Reports, Agenda: o.Agenda, Clock: w.clock, First: sums.First})
	w.server.o.Acts = act.New(act.Options{DB: w.db, First: sums.First})
	_, from := w.kinds(0)
	for range 30 {
		for _, path := range []string{"/v1/ledger", "/v1/ledger/export"} {
			if a := w.call("GET", path, tokens["tachiai"], nil); a.fault == nil || a.status != 403 {
				t.Fatalf("%s: %d", path, a.status)
			}
		}
	}
	if err := sums.Due(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	if kinds, _ := w.kinds(from); !slices.Equal(kinds, []string{"access.refused", "access.refused", "refusals.summed", "refusals.summed"}) {
		t.Errorf("the ledger tells %v", kinds)
	}
}
