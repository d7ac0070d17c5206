package api

import (
	"slices"
	"testing"
)

func TestEveryReasonHasAWeight(t *testing.T) {
	t.Parallel()
	usual, ok := PickWeights(nil)
	if !ok || len(usual) != len(Picks()) {
		t.Errorf("%d weights for %d reasons", len(usual), len(Picks()))
	}
	for _, p := range Picks() {
		if usual[p] <= 0 {
			t.Errorf("%s weighs nothing", p)
		}
	}
}

func TestWeightsAreReadStrictly(t *testing.T) {
	t.Parallel()
	own, ok := PickWeights([]string{"rv-cut=20", "rv-random=0"})
	if !ok || own[PickCut] != 20 || own[PickRandom] != 0 || own[PickGap] != 10 {
		t.Errorf("%v %v", own, ok)
	}
	for _, line := range []string{"rv-cut", "rv-cut=", "rv-cut=-1", "rv-cut=101", "rv-cut=2.5", "rv-cut=02", "cut=3", "rv-other=3", "=3", "", "rv-cut =3"} {
		if got, ok := PickWeights([]string{line}); ok || got[PickCut] != 8 {
			t.Errorf("%q is read: %v", line, got[PickCut])
		}
	}
	if got, ok := PickWeights([]string{"rv-cut=3", "rv-cut=4"}); ok || got[PickCut] != 3 {
		t.Errorf("a reason that stands twice: %v", got[PickCut])
	}
}

func TestReasonsAreSummedInAStableOrder(t *testing.T) {
	t.Parallel()
	usual, _ := PickWeights(nil)
	all, sum := Weigh([]Pick{PickFirst, PickExtended, PickCut, PickUrgent, PickEmergency}, usual)
	var order []Pick
	for _, w := range all {
		order = append(order, w.Pick)
	}
	if sum != 26 || !slices.Equal(order, []Pick{PickCut, PickEmergency, PickFirst, PickExtended, PickUrgent}) {
		t.Errorf("%d %v", sum, order)
	}
	if all, sum := Weigh(nil, usual); sum != 0 || all != nil {
		t.Errorf("nothing weighs %d", sum)
	}
}
