package policy

import (
	"testing"
	"time"
)

func TestAnEntryStaysUntilNothingNeedsIt(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)
	due := at.Add(1825 * 24 * time.Hour)
	over := PayloadFacts{Disposable: true, At: at, Keep: 1825 * 24 * time.Hour}
	with := func(change func(*PayloadFacts)) PayloadFacts { f := over; change(&f); return f }
	for name, c := range map[string]struct {
		facts PayloadFacts
		now   time.Time
		want  Stays
	}{
		"nothing is known":      {PayloadFacts{}, due, StaysForEver},
		"one nanosecond before": {over, due.Add(-1), StaysInTime},
		"at its end":            {over, due, StaysNot},
		"one nanosecond after":  {over, due.Add(1), StaysNot},
		"no time is in force":   {with(func(f *PayloadFacts) { f.Keep = 0 }), due.Add(due.Sub(at)), StaysInTime},
		"without a time":        {with(func(f *PayloadFacts) { f.At = time.Time{} }), due, StaysInTime},
		"kept for ever":         {with(func(f *PayloadFacts) { f.Disposable = false }), due, StaysForEver},
		"gone":                  {with(func(f *PayloadFacts) { f.Disposed = true }), due, StaysGone},
		"held":                  {with(func(f *PayloadFacts) { f.Held = true }), due, StaysHeld},
		"open":                  {with(func(f *PayloadFacts) { f.Open = true }), due, StaysOpen},
		"a digest":              {with(func(f *PayloadFacts) { f.Stored = true }), due, StaysStored},
		"counted":               {with(func(f *PayloadFacts) { f.Counted = true }), due, StaysCounted},
	} {
		if got := c.facts.Stays(c.now); got != c.want || got.Label().IsZero() {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestForEverIsLongerThanAnyTime(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		from, to Kept
		want     bool
	}{
		{Kept{365, 0, 0}, Kept{365, 1825, 365}, false},
		{Kept{365, 1825, 365}, Kept{365, 0, 365}, true},
		{Kept{365, 1825, 365}, Kept{365, 1825, 0}, true},
		{Kept{365, 1825, 365}, Kept{90, 1825, 366}, true},
		{Kept{365, 1825, 365}, Kept{366, 365, 30}, true},
		{Kept{365, 1825, 365}, Kept{365, 1825, 365}, false},
		{Kept{}, Kept{}, false},
	} {
		if got := (KeepingChange{From: c.from, To: c.to}).Widens(); got != c.want {
			t.Errorf("from %v to %v: %v", c.from, c.to, got)
		}
	}
}
