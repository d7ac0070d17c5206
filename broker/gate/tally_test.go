package gate

import (
	"net/netip"
	"testing"
	"time"
)

func address(i int) netip.Addr {
	return netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
}

// 100,000 addresses must not take 100,000 places in memory.
func TestAttackManyAddressesBoundedTally(t *testing.T) {
	tl := newTally()
	for i := range 100_000 {
		tl.add(address(i), failHandshake, noon)
	}
	if len(tl.counts) > tallyEntries+1 {
		t.Errorf("%d addresses tallied", len(tl.counts))
	}
	total := 0
	for _, f := range tl.due(noon, true) {
		total += f.Count
	}
	if total != 100_000 {
		t.Errorf("counted %d", total)
	}
}

func TestFailuresAreSummarisedPerAddressAndTenMinutes(t *testing.T) {
	tl := newTally()
	for range 50 {
		tl.add(address(1), failUnproven, noon)
	}
	tl.add(address(2), failHandshake, noon.Add(5*time.Minute))
	if got := tl.due(noon.Add(tallyPeriod-1), false); len(got) != 0 {
		t.Errorf("too soon: %v", got)
	}
	got := tl.due(noon.Add(tallyPeriod), false)
	if len(got) != 1 || got[0].Count != 50 || got[0].Address != "10.0.0.1" || got[0].Kinds[failUnproven] != 50 {
		t.Fatalf("got %+v", got)
	}
	if got := tl.due(noon.Add(2*tallyPeriod), false); len(got) != 1 || got[0].Address != "10.0.0.2" {
		t.Errorf("second address: %+v", got)
	}
}
