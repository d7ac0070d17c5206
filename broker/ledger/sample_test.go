package ledger

import (
	"bytes"
	"testing"
)

func TestPlansAreReadStrictly(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Sample{"": {}, "all": {}, "2/10": {N: 2, M: 10}, "99/100": {N: 99, M: 100}, "1%": {Percent: 1}, "99%": {Percent: 99}} {
		got, ok := ParseSample(text)
		if !ok || got != want {
			t.Errorf("%q is %+v, %v", text, got, ok)
		}
		if text != "" && got.String() != text {
			t.Errorf("%q is written %q", text, got)
		}
	}
	for _, text := range []string{"0/10", "10/10", "11/10", "1/101", "-1/10", "02/10", "2/ 10", "2/10/3", "0%", "100%", "-5%", "5.5%", "05%", "%", "/", "some", "2 of 10"} {
		if got, ok := ParseSample(text); ok {
			t.Errorf("%q is read as %+v", text, got)
		}
	}
}

// TestEachBlockGivesItsShare: n of m chooses exactly n of each m in a row, at places that differ between blocks, systems, months and seeds.
func TestEachBlockGivesItsShare(t *testing.T) {
	t.Parallel()
	plan := Sample{N: 2, M: 10}
	choice := func(seed byte, system, month string) (all []bool) {
		for place := range 200 {
			all = append(all, plan.Chosen(bytes.Repeat([]byte{seed}, SeedSize), system, month, place))
		}
		return all
	}
	base := choice(1, "hr", "2026-12")
	for block := range 20 {
		n := 0
		for _, chosen := range base[block*10 : block*10+10] {
			if chosen {
				n++
			}
		}
		if n != 2 {
			t.Errorf("block %d gives %d", block, n)
		}
	}
	same := func(a, b []bool) (n int) {
		for i := range a {
			if a[i] == b[i] {
				n++
			}
		}
		return n
	}
	if got := same(base, choice(1, "hr", "2026-12")); got != 200 {
		t.Errorf("the same seed gives another choice at %d places", 200-got)
	}
	for name, other := range map[string][]bool{"seed": choice(2, "hr", "2026-12"), "system": choice(1, "map", "2026-12"), "month": choice(1, "hr", "2027-01")} {
		if same(base, other) == 200 {
			t.Errorf("another %s gives the same choice", name)
		}
	}
}

// TestAPercentageIsKept: over many places the share comes near the percentage. A place that is not known is reviewed.
func TestAPercentageIsKept(t *testing.T) {
	t.Parallel()
	seed, n := bytes.Repeat([]byte{7}, SeedSize), 0
	plan := Sample{Percent: 20}
	for place := range 10000 {
		if plan.Chosen(seed, "hr", "2026-12", place) {
			n++
		}
	}
	if n < 1850 || n > 2150 { // fixed inputs: the figure never changes
		t.Errorf("%d of 10000 at 20%%", n)
	}
	if !plan.Chosen(seed, "hr", "2026-12", -1) || !(Sample{}).Chosen(nil, "", "", 0) {
		t.Error("an unknown place, or work without a plan, is left out")
	}
}
