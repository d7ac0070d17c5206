package policy_test

import (
	"fmt"
	"testing"
	"time"

	. "sekimori/policy"
)

// manyWindows is an engineer with ten thousand windows, of which the last is open now.
func manyWindows() (Facts, Attempt) {
	f, a := admitted()
	open := f.Grants[0]
	f.Grants = nil
	for i := range 9999 {
		g := granted(fmt.Sprintf("R7-%04d", i), "hr-db", "maint")
		g.Window.Start = start.AddDate(0, 0, -i-1)
		g.Window.End = g.Window.Start.Add(time.Hour)
		f.Grants = append(f.Grants, g)
	}
	f.Grants = append(f.Grants, open)
	return f, a
}

func TestTenThousandWindowsCostNoAllocationEach(t *testing.T) {
	f, a := manyWindows()
	r := Running{Session: "S-1", Person: a.Person, Print: a.Print, Grant: f.Grants[9999].ID, Source: a.Source, Target: a.Target,
		Account: a.Account, LastInput: mid}
	if !Recheck(f, r, mid).Keep || !Decide(f, a, mid).Allow {
		t.Fatal("refused")
	}
	if n := testing.AllocsPerRun(5, func() { Decide(f, a, mid) }); n > 20 {
		t.Errorf("Decide: %v allocations", n)
	}
	if n := testing.AllocsPerRun(5, func() { Recheck(f, r, mid) }); n > 20 {
		t.Errorf("Recheck: %v allocations", n)
	}
}

func BenchmarkDecide10000Windows(b *testing.B) {
	f, a := manyWindows()
	b.ReportAllocs()
	for b.Loop() {
		if !Decide(f, a, mid).Allow {
			b.Fatal("refused")
		}
	}
}

func BenchmarkRecheck10000Windows(b *testing.B) {
	f, a := manyWindows()
	r := Running{Session: "S-1", Person: a.Person, Grant: f.Grants[9999].ID, Source: a.Source, Target: a.Target,
		Account: a.Account, LastInput: mid}
	b.ReportAllocs()
	for b.Loop() {
		if !Recheck(f, r, mid).Keep {
			b.Fatal("ended")
		}
	}
}
