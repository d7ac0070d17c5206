package policy

import (
	"testing"
	"time"
)

func TestACopyOfAPaperStaysUntilItsTimeIsOver(t *testing.T) {
	t.Parallel()
	ended := time.Date(2027, 3, 31, 15, 0, 0, 0, time.UTC)
	const keep = 1825 * 24 * time.Hour
	due := ended.Add(keep)
	for name, c := range map[string]struct {
		facts PaperFacts
		now   time.Time
		want  Stays
	}{
		"nothing is known":      {PaperFacts{}, due, StaysInTime},
		"it holds for good":     {PaperFacts{Keep: keep}, due, StaysInTime},
		"kept for ever":         {PaperFacts{Ended: ended}, due, StaysInTime},
		"one nanosecond before": {PaperFacts{Ended: ended, Keep: keep}, due.Add(-1), StaysInTime},
		"at its end":            {PaperFacts{Ended: ended, Keep: keep}, due, StaysNot},
		"one nanosecond after":  {PaperFacts{Ended: ended, Keep: keep}, due.Add(1), StaysNot},
		"held":                  {PaperFacts{Ended: ended, Keep: keep, Held: true}, due, StaysHeld},
		"gone":                  {PaperFacts{Ended: ended, Keep: keep, Held: true, Disposed: true}, due, StaysGone},
	} {
		if got := c.facts.Stays(c.now); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
