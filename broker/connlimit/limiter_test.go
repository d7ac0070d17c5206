package connlimit

import (
	"net/netip"
	"testing"
	"time"
)

var noon = time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC)

func address(i int) netip.Addr {
	return netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
}

// come takes a place with an empty hangUp.
func come(c *Limiter, a netip.Addr, now time.Time) *Place { return c.Enter(a, now, func() {}) }

func TestLimitLimits(t *testing.T) {
	c := New(Limits{Total: 5, PerAddress: 2, Burst: 4, PerMinute: 1}, nil)
	now := noon
	a, b := address(1), address(2)
	first, second := come(c, a, now), come(c, a, now)
	if first == nil || second == nil || come(c, a, now) != nil {
		t.Error("two at once from one address, not three")
	}
	if come(c, b, now) == nil {
		t.Error("another address is unaffected")
	}
	c.Leave(first, now, false)
	c.Leave(second, now, false)
	c.Leave(second, now, true) // a second call does nothing
	first, second = come(c, a, now), come(c, a, now)
	if first == nil || second == nil {
		t.Error("a place that was left is free again")
	}
	c.Leave(first, now, false)
	c.Leave(second, now, true)
	third := come(c, a, now)
	if third == nil {
		t.Error("who proved itself has its share back")
	}
	c.Leave(third, now, false)
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

func TestLimitTotalAndIPv6(t *testing.T) {
	c := New(Limits{Total: 3, PerAddress: 1, Burst: 1, PerMinute: 1}, nil)
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

// A few addresses that take all places do not keep another out. No connection loses its place to an address that would then
// hold more, nor after its key is proven.
func TestAttackAllPlacesTaken(t *testing.T) {
	limits := Limits{Total: 8, PerAddress: 4, Burst: 100, PerMinute: 60, PerPerson: 4}
	t.Run("by two addresses", func(t *testing.T) {
		c := New(limits, nil)
		var gone []int
		for i := range 8 {
			c.Enter(address(i%2), noon.Add(time.Duration(i)*time.Millisecond), func() { gone = append(gone, i) })
		}
		honest := come(c, address(9), noon.Add(time.Second))
		if honest == nil || len(gone) != 1 || gone[0] > 1 || c.Waiting() != 8 {
			t.Errorf("let in: %v; hung up on %v; %d wait", honest != nil, gone, c.Waiting())
		}
		if again := come(c, address(gone[0]%2), noon.Add(time.Second)); again != nil {
			t.Error("who was pushed out pushed somebody else out")
		}
	})
	t.Run("by eight addresses", func(t *testing.T) {
		c := New(limits, nil)
		var gone []int
		var held []*Place
		for i := range 8 {
			held = append(held, c.Enter(address(i), noon.Add(time.Duration(i)*time.Second), func() { gone = append(gone, i) }))
		}
		c.Proved(held[0], "E-0001")
		if come(c, address(9), noon.Add(patience)) != nil {
			t.Errorf("somebody lost the place too soon: %v", gone)
		}
		if come(c, address(9), noon.Add(patience+time.Second)) == nil || len(gone) != 1 || gone[0] != 1 {
			t.Errorf("hung up on %v; the oldest without a proof is 1", gone)
		}
		c.Leave(held[1], noon, false) // the connection's own reaction to the hang-up
		if c.Waiting() != 8 {
			t.Errorf("%d wait", c.Waiting())
		}
	})
}

// 100,000 addresses must not take 100,000 places in memory.
func TestAttackManyAddressesBoundedMemory(t *testing.T) {
	c := New(Limits{Total: 256, PerAddress: 32, Burst: 120, PerMinute: 60}, nil)
	for i := range 100_000 {
		if p := come(c, address(i), noon); p != nil {
			c.Leave(p, noon, false)
		}
	}
	if len(c.addresses) > addressEntries {
		t.Errorf("%d addresses remembered", len(c.addresses))
	}
	// Once the first addresses have been at rest long enough there is room for others.
	if later := noon.Add(time.Hour); come(c, netip.MustParseAddr("192.0.2.9"), later) == nil {
		t.Error("no room although everybody is at rest")
	}
}

// Strangers from as many addresses as there are places cannot keep out a known address, and cannot take its place either.
func TestAttackStrangersFillTheDoor(t *testing.T) {
	known := NewKnown([]string{"addr:192.0.2.7", "addr:uid:1000", "addr:2001:db8::/64"})
	c := New(Limits{Total: 8, PerAddress: 4, Burst: 100, PerMinute: 60, PerPerson: 4}, known)
	gone := 0
	for i := range 8 {
		c.Enter(address(i), noon, func() { gone++ })
	}
	at := netip.MustParseAddr
	first := c.Enter(at("192.0.2.7"), noon, func() { t.Error("the known address lost its place") })
	second := c.Enter(at("192.0.2.7"), noon, func() { t.Error("the known address lost its place") })
	if first == nil || second == nil || gone != 2 || come(c, at("2001:db8::9"), noon) == nil {
		t.Fatalf("let in %v %v, %d strangers gone", first != nil, second != nil, gone)
	}
	for i := range 100 { // strangers displace each other after their time, and never the known
		come(c, address(100+i), noon.Add(time.Minute))
	}
	if c.Waiting() != 8 {
		t.Errorf("%d places taken", c.Waiting())
	}
	known.Add("203.0.113.1")
	if come(c, at("203.0.113.1"), noon.Add(time.Minute)) == nil {
		t.Error("an address that proved right just now is a stranger")
	}
}

// Neighbours fill an address: a later connection from there gets a place once theirs have had their time.
func TestAttackNeighboursFillTheAddress(t *testing.T) {
	c := New(Limits{Total: 100, PerAddress: 4, Burst: 100, PerMinute: 60, PerPerson: 4}, nil)
	for range 4 {
		come(c, address(1), noon)
	}
	if come(c, address(1), noon.Add(patience-1)) != nil {
		t.Error("a place was taken too soon")
	}
	if come(c, address(1), noon.Add(patience)) == nil {
		t.Error("no place")
	}
}

// The holder of one key cannot keep all places by proving it repeatedly.
func TestAttackOneKeyFillsTheDoor(t *testing.T) {
	c := New(Limits{Total: 8, PerAddress: 8, Burst: 100, PerMinute: 60, PerPerson: 4}, nil)
	for i := range 8 {
		c.Proved(come(c, address(i), noon), "E-0001")
	}
	for i := range 4 {
		if come(c, address(20+i), noon.Add(patience)) == nil {
			t.Errorf("stranger %d finds no place", i)
		}
	}
}

func TestKnownIsBounded(t *testing.T) {
	k := NewKnown(nil)
	for i := range 2 * knownEntries {
		k.Add(address(i).String())
	}
	if len(k.at) != knownEntries || !k.has(Vicinity(address(2*knownEntries-1))) || k.has(Vicinity(address(0))) {
		t.Errorf("%d remembered", len(k.at))
	}
}
