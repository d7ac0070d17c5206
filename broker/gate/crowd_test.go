package gate

import (
	"net/netip"
	"testing"
	"time"
)

func address(i int) netip.Addr {
	return netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
}

// come takes a place that nobody would hang up on.
func come(c *crowd, a netip.Addr, now time.Time) *place { return c.enter(a, now, func() {}) }

func TestCrowdLimits(t *testing.T) {
	c := newCrowd(Limits{Unauthenticated: 5, PerAddress: 2, Burst: 4, PerMinute: 1}.withDefaults())
	now := noon
	a, b := address(1), address(2)
	first, second := come(c, a, now), come(c, a, now)
	if first == nil || second == nil || come(c, a, now) != nil {
		t.Error("two at once from one address, not three")
	}
	if come(c, b, now) == nil {
		t.Error("another address is unaffected")
	}
	c.leave(first, now, false)
	c.leave(second, now, false)
	c.leave(second, now, true) // a second time counts for nothing
	first, second = come(c, a, now), come(c, a, now)
	if first == nil || second == nil {
		t.Error("a place that was left is free again")
	}
	c.leave(first, now, false)
	c.leave(second, now, true)
	third := come(c, a, now)
	if third == nil {
		t.Error("who proved itself has its share back")
	}
	c.leave(third, now, false)
	if come(c, a, now) != nil {
		t.Error("the burst is used up")
	}
	if come(c, a, now.Add(-time.Hour)) != nil {
		t.Error("a clock that runs back earns nothing")
	}
	if come(c, a, now.Add(3*time.Minute)) == nil {
		t.Error("time earns a connection")
	}
}

func TestCrowdTotalAndIPv6(t *testing.T) {
	c := newCrowd(Limits{Unauthenticated: 3, PerAddress: 1, Burst: 1, PerMinute: 1}.withDefaults())
	at := netip.MustParseAddr
	if come(c, at("2001:db8::1"), noon) == nil || come(c, at("2001:db8::2"), noon) != nil {
		t.Error("a /64 is one address")
	}
	if come(c, at("192.0.2.1"), noon) == nil || come(c, at("::ffff:192.0.2.1"), noon) != nil {
		t.Error("an IPv4 address in IPv6 clothes is the same address")
	}
	if come(c, address(1), noon) == nil || come(c, address(2), noon) != nil {
		t.Error("three in total, not four")
	}
}

// A few addresses that take all places do not keep another out; nobody is pushed out for an
// address that would then hold more, nor once the key is proven.
func TestAttackAllPlacesTaken(t *testing.T) {
	limits := Limits{Unauthenticated: 8, PerAddress: 4, Burst: 100}.withDefaults()
	t.Run("by two addresses", func(t *testing.T) {
		c := newCrowd(limits)
		var gone []int
		for i := range 8 {
			c.enter(address(i%2), noon.Add(time.Duration(i)*time.Millisecond), func() { gone = append(gone, i) })
		}
		honest := come(c, address(9), noon.Add(time.Second))
		if honest == nil || len(gone) != 1 || gone[0] > 1 || c.waiting() != 8 {
			t.Errorf("let in: %v; hung up on %v; %d wait", honest != nil, gone, c.waiting())
		}
		if again := come(c, address(gone[0]%2), noon.Add(time.Second)); again != nil {
			t.Error("who was pushed out pushed somebody else out")
		}
	})
	t.Run("by eight addresses", func(t *testing.T) {
		c := newCrowd(limits)
		var gone []int
		var held []*place
		for i := range 8 {
			held = append(held, c.enter(address(i), noon.Add(time.Duration(i)*time.Second), func() { gone = append(gone, i) }))
		}
		c.proved(held[0])
		if come(c, address(9), noon.Add(patience)) != nil {
			t.Errorf("somebody lost the place too soon: %v", gone)
		}
		if come(c, address(9), noon.Add(patience+time.Second)) == nil || len(gone) != 1 || gone[0] != 1 {
			t.Errorf("hung up on %v; the oldest without a proof is 1", gone)
		}
		c.leave(held[1], noon, false) // what it does itself when it notices
		if c.waiting() != 8 {
			t.Errorf("%d wait", c.waiting())
		}
	})
}

// 100,000 addresses must not take 100,000 places in memory.
func TestAttackManyAddressesBoundedMemory(t *testing.T) {
	c := newCrowd(Limits{}.withDefaults())
	tl := newTally()
	for i := range 100_000 {
		if p := come(c, address(i), noon); p != nil {
			c.leave(p, noon, false)
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
	if later := noon.Add(time.Hour); come(c, netip.MustParseAddr("192.0.2.9"), later) == nil {
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
