package policy_test

import (
	"testing"
	"time"

	. "sekimori/policy"
)

// TestAProbeIsProvenForThirtyDays: a probe that never failed, or never succeeded, proves nothing; nor does one of more than thirty days ago,
// or of the future.
func TestAProbeIsProvenForThirtyDays(t *testing.T) {
	now := start
	for by, want := range map[time.Duration]bool{-ProbeProofAge - 1: false, -ProbeProofAge: true, -ProbeProofAge + 1: true, -1: true, 0: true, 1: false} {
		at := now.Add(by)
		if Proven(at, now, now) != want || Proven(now, at, now) != want {
			t.Errorf("%v: want %v", by, want)
		}
	}
	if Proven(time.Time{}, now, now) || Proven(now, time.Time{}, now) {
		t.Error("a probe that was not seen both ways is proven")
	}
}

func TestTheLastTestOfALineCounts(t *testing.T) {
	for name, c := range map[string]struct {
		mode LineMode
		line Line
		due  bool
		want ItemState
	}{
		"by eye only":                  {LineByHand, Line{State: LineSeparated, How: LineAttested}, true, ItemCaution},
		"tested":                       {LineInterlocked, Line{State: LineSeparated, How: LineDriven, Sensor: true, Tested: early, TestOK: true}, true, ItemMet},
		"simulated":                    {LineInterlocked, Line{State: LineSeparated, How: LineSimulated, Sensor: true, Tested: early, TestOK: true}, true, ItemCaution},
		"never tested, later":          {LineInterlocked, Line{Sensor: true}, false, ItemCaution},
		"never tested, at the start":   {LineInterlocked, Line{State: LineSeparated, Sensor: true}, true, ItemUnmet},
		"failed, long before":          {LineInterlocked, Line{Sensor: true, Tested: early}, false, ItemUnmet},
		"ninety days ago":              {LineInterlocked, Line{State: LineSeparated, Sensor: true, Tested: early.Add(-LineTestAge), TestOK: true}, true, ItemMet},
		"ninety days ago and 1 ns":     {LineInterlocked, Line{State: LineSeparated, Sensor: true, Tested: early.Add(-LineTestAge - 1), TestOK: true}, true, ItemUnmet},
		"joined when it is due":        {LineByHand, Line{State: LineJoined}, true, ItemUnmet},
		"unknown when it is due":       {LineByHand, Line{}, true, ItemUnmet},
		"another system's line counts": {LineByHand, Line{State: "x"}, true, ItemUnmet},
	} {
		a := applied()
		a.Request.System.Line, a.LineDue = c.mode, c.due
		a.Runtime.Lines = map[string]Line{a.Request.System.ID: c.line, "other": {State: LineSeparated}}
		if item := itemOf(a, ItemLine, early); item.State != c.want {
			t.Errorf("%s: %s (%s)", name, item.State, item.Cause.EN)
		}
	}
}
