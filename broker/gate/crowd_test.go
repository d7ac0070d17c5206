package gate

import (
	"net/netip"
	"testing"
	"time"
)

func address(i int) netip.Addr {
	return netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
}

func TestCrowdLimits(t *testing.T) {
	c := newCrowd(Limits{Unauthenticated: 5, PerAddress: 2, Burst: 4, PerMinute: 1}.withDefaults())
	now := noon
	a, b := address(1), address(2)
	if !c.enter(a, now) || !c.enter(a, now) || c.enter(a, now) {
		t.Error("two at once from one address, not three")
	}
	if !c.enter(b, now) {
		t.Error("another address is unaffected")
	}
	c.leave(a, now, false)
	c.leave(a, now, false)
	if !c.enter(a, now) || !c.enter(a, now) {
		t.Error("a place that was left is free again")
	}
	c.leave(a, now, false)
	c.leave(a, now, true)
	if !c.enter(a, now) {
		t.Error("who proved itself has its share back")
	}
	c.leave(a, now, false)
	if c.enter(a, now) {
		t.Error("the burst is used up")
	}
	if c.enter(a, now.Add(-time.Hour)) {
		t.Error("a clock that runs back earns nothing")
	}
	if !c.enter(a, now.Add(3*time.Minute)) {
		t.Error("time earns a connection")
	}
}

func TestCrowdTotalAndIPv6(t *testing.T) {
	c := newCrowd(Limits{Unauthenticated: 3, PerAddress: 1, Burst: 1, PerMinute: 1}.withDefaults())
	if !c.enter(netip.MustParseAddr("2001:db8::1"), noon) || c.enter(netip.MustParseAddr("2001:db8::2"), noon) {
		t.Error("a /64 is one address")
	}
	if !c.enter(netip.MustParseAddr("192.0.2.1"), noon) || c.enter(netip.MustParseAddr("::ffff:192.0.2.1"), noon) {
		t.Error("an IPv4 address in IPv6 clothes is the same address")
	}
	if !c.enter(address(1), noon) || c.enter(address(2), noon) {
		t.Error("three in total, not four")
	}
}

// 100,000 addresses must not take 100,000 places in memory.
func TestAttackManyAddressesBoundedMemory(t *testing.T) {
	c := newCrowd(Limits{}.withDefaults())
	tl := newTally()
	for i := range 100_000 {
		if c.enter(address(i), noon) {
			c.leave(address(i), noon, false)
		}
		tl.add(address(i), failHandshake, noon)
	}
	if len(c.visitors) > crowdEntries {
		t.Errorf("%d visitors remembered", len(c.visitors))
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
	// Once the first have been at rest for long enough there is room for others.
	if later := noon.Add(time.Hour); !c.enter(netip.MustParseAddr("192.0.2.9"), later) {
		t.Error("no room although everybody is at rest")
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
