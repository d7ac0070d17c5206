package view

import (
	"strings"
	"testing"
	"time"

	"sekimori/broker/api"
)

// TestTheHeaviestReasonsComeFirst: by the sum of the weights, then by the date, then by the number; the same on every page.
func TestTheHeaviestReasonsComeFirst(t *testing.T) {
	t.Parallel()
	early, late := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC), time.Date(2026, 12, 4, 0, 0, 0, 0, time.UTC)
	all := []api.Review{{ID: "e", Score: 0, Due: early}, {ID: "d", Score: 8, Due: late}, {ID: "c", Score: 8, Due: early}, {ID: "b", Score: 8, Due: early}, {ID: "a", Score: 120, Due: late}}
	key := func(r api.Review) string { return rankKey(r.Score, oldestFirst(r.Due), r.ID) }
	var order []string
	for next, pages := "", 0; ; pages++ {
		page, err := pageOf(append([]api.Review{}, all...), key, Page{Limit: 2, Next: next})
		if err != nil || page.Total != len(all) || pages > len(all) {
			t.Fatalf("%+v, %v", page, err)
		}
		for _, r := range page.Items {
			order = append(order, r.ID)
		}
		if next = page.Next; next == "" {
			break
		}
	}
	if got := strings.Join(order, " "); got != "a b c d e" {
		t.Errorf("%s", got)
	}
}
