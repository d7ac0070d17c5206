package web

import (
	"slices"
	"testing"

	"sekimori/broker/refusals"
)

// Asking again and again for what is refused costs the ledger one entry for each route, and a summary.
func TestAttackFloodTheLedger(t *testing.T) {
	w := newWorld(t)
	tokens := w.found()
	w.server.o.Refusals = refusals.New(w.server.o.DB)
	_, from := w.kinds(0)
	for range 30 {
		for _, path := range []string{"/v1/ledger", "/v1/ledger/export"} {
			if a := w.call("GET", path, tokens["tachiai"], nil); a.fault == nil || a.status != 403 {
				t.Fatalf("%s: %d", path, a.status)
			}
		}
	}
	if err := w.server.o.Refusals.Due(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	if kinds, _ := w.kinds(from); !slices.Equal(kinds, []string{"access.refused", "access.refused", "refusals.summed", "refusals.summed"}) {
		t.Errorf("the ledger tells %v", kinds)
	}
}
