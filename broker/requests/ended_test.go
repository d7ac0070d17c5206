package requests_test

import (
	"testing"

	"sekimori/broker/internal/townhall"
	"sekimori/broker/store"
	"sekimori/policy"
)

// A recurring request that was edited a few times has more windows than a list shows. Taken back, none is left that may be used, or
// that stands in the way of others.
func TestWithdrawnLeavesNoWindow(t *testing.T) {
	h, d := desk(t)
	f := simple()
	f.Recurrence = "FREQ=DAILY;COUNT=53"
	no := submit(t, d, f, "kato")
	for range 4 {
		approve(t, d, no, "head")
		if err := d.Edit(t.Context(), no, f, townhall.By("kato")); err != nil {
			t.Fatal(err)
		}
	}
	approve(t, d, no, "head")
	want(t, "withdrawn", d.Withdraw(t.Context(), no, "取下げ", townhall.By("kato")), "")
	err := h.DB.Read(t.Context(), func(s *store.Snap) error {
		all, err := s.Windows(store.WindowFilter{Request: no, Limit: 1000})
		if len(all) != 5*53 {
			t.Errorf("%d windows", len(all))
		}
		for _, w := range all {
			if w.State != policy.WindowCancelled {
				t.Errorf("%s is %s", w.ID, w.State)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
