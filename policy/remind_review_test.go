package policy_test

import (
	"testing"
	"time"

	. "sekimori/policy"
)

func TestAReviewIsRemindedOfBeforeItsDate(t *testing.T) {
	due := time.Date(2026, 12, 4, 11, 30, 0, 0, time.UTC)
	for _, c := range []struct {
		days int
		now  time.Time
		want bool
	}{
		{0, due.Add(-72*time.Hour - 1), false}, {0, due.Add(-72 * time.Hour), true}, {0, due.Add(-72*time.Hour + 1), true}, {0, due.Add(-1), true}, {0, due, false}, {0, due.Add(1), false},
		{1, due.Add(-24*time.Hour - 1), false}, {1, due.Add(-24 * time.Hour), true}, {9, due.Add(-9 * 24 * time.Hour), true}, {99, due.Add(-9*24*time.Hour - 1), false}, {-1, due.Add(-72 * time.Hour), true},
	} {
		if got := (System{RemindReviewDays: c.days}).ReviewDueSoon(due, c.now); got != c.want {
			t.Errorf("%d days, %v before: %v", c.days, due.Sub(c.now), got)
		}
	}
}
