package gate

import (
	"net/netip"
	"sync"
	"time"
)

// crowdEntries bounds how many addresses are remembered. When all are taken and none is at
// rest, further addresses are turned away: memory never grows with the number of attackers.
const crowdEntries = 16384

// crowd counts those who stand before the gate without having proven anything.
type crowd struct {
	limits Limits

	mu        sync.Mutex // guards everything below
	total     int
	visitors  map[netip.Prefix]*visitor
	lastSweep time.Time
}

// visitor is one address (for IPv6 one /64, which a single subscriber holds whole).
type visitor struct {
	pending int
	tokens  float64 // connections still allowed now; refilled by time and by proof
	at      time.Time
}

func newCrowd(l Limits) *crowd {
	return &crowd{limits: l, visitors: map[netip.Prefix]*visitor{}}
}

// vicinity is the unit that limits apply to.
func vicinity(a netip.Addr) netip.Prefix {
	a = a.Unmap().WithZone("")
	bits := 32
	if a.Is6() {
		bits = 64
	}
	p, err := a.Prefix(bits)
	if err != nil { // no address at all (an in-memory connection): one common vicinity
		return netip.Prefix{}
	}
	return p
}

// enter takes a place before the gate; false when there is none for this address now.
// Whoever entered must leave.
func (c *crowd) enter(a netip.Addr, now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.total >= c.limits.Unauthenticated {
		return false
	}
	key := vicinity(a)
	v := c.visitors[key]
	if v == nil {
		if len(c.visitors) >= crowdEntries && !c.sweep(now) {
			return false
		}
		v = &visitor{tokens: float64(c.limits.Burst), at: now}
		c.visitors[key] = v
	}
	c.refill(v, now)
	if v.pending >= c.limits.PerAddress || v.tokens < 1 {
		return false
	}
	v.tokens--
	v.pending++
	c.total++
	return true
}

// leave gives the place back. A connection that proved itself gives back its share of the
// rate too, so that automation of honest people is not slowed down.
func (c *crowd) leave(a netip.Addr, now time.Time, proven bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.total--
	v := c.visitors[vicinity(a)]
	if v == nil {
		return
	}
	v.pending--
	c.refill(v, now)
	if proven {
		v.tokens = min(v.tokens+1, float64(c.limits.Burst))
	}
}

// refill adds what time has earned. A clock that ran back earns nothing.
func (c *crowd) refill(v *visitor, now time.Time) {
	if d := now.Sub(v.at); d > 0 {
		v.tokens = min(v.tokens+d.Minutes()*float64(c.limits.PerMinute), float64(c.limits.Burst))
	}
	v.at = now
}

// sweep forgets addresses at rest, at most once a second; true when there is room now.
func (c *crowd) sweep(now time.Time) bool {
	if d := now.Sub(c.lastSweep); d >= 0 && d < time.Second {
		return false
	}
	c.lastSweep = now
	for key, v := range c.visitors {
		c.refill(v, now)
		if v.pending == 0 && v.tokens >= float64(c.limits.Burst) {
			delete(c.visitors, key)
		}
	}
	return len(c.visitors) < crowdEntries
}

// waiting is how many stand before the gate now.
func (c *crowd) waiting() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.total
}
