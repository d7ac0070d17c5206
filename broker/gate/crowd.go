package gate

import (
	"net/netip"
	"sync"
	"time"
)

// crowdEntries bounds how many addresses are remembered. When all are taken and none is at
// rest, further addresses are turned away: memory never grows with the number of attackers.
const crowdEntries = 16384

// patience is how long a connection that has proven nothing keeps its place for certain while
// everybody who stands before the gate came from an address of their own.
const patience = 10 * time.Second

// crowd counts those who stand before the gate without having proven anything.
type crowd struct {
	limits Limits

	mu        sync.Mutex // guards everything below
	places    map[*place]struct{}
	visitors  map[netip.Prefix]*visitor
	lastSweep time.Time
}

// place is one connection before the gate.
type place struct {
	key    netip.Prefix
	since  time.Time
	proven bool   // its key was: nobody takes the place any more
	hangUp func() // closes the connection when its place goes to somebody else
}

// visitor is one address (for IPv6 one /64, which a single subscriber holds whole).
type visitor struct {
	pending int
	tokens  float64 // connections still allowed now; refilled by time and by proof
	at      time.Time
}

func newCrowd(l Limits) *crowd {
	return &crowd{limits: l, places: map[*place]struct{}{}, visitors: map[netip.Prefix]*visitor{}}
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

// enter takes a place before the gate; nil when there is none for this address now. Whoever
// entered must leave. Where all places are taken, somebody who holds on to one without proving
// anything gives it up, so that a few addresses cannot keep everybody else out.
func (c *crowd) enter(a netip.Addr, now time.Time, hangUp func()) *place {
	p, out := c.take(a, now, hangUp)
	if out != nil {
		out.hangUp() // not under the lock
	}
	return p
}

func (c *crowd) take(a netip.Addr, now time.Time, hangUp func()) (in, out *place) {
	c.mu.Lock()
	defer c.mu.Unlock()
	key := vicinity(a)
	v := c.visitors[key]
	if v == nil {
		if len(c.visitors) >= crowdEntries && !c.sweep(now) {
			return nil, nil
		}
		v = &visitor{tokens: float64(c.limits.Burst), at: now}
		c.visitors[key] = v
	}
	c.refill(v, now)
	if v.pending >= c.limits.PerAddress || v.tokens < 1 {
		return nil, nil
	}
	if len(c.places) >= c.limits.Unauthenticated {
		if out = c.yields(v.pending+1, now); out == nil {
			return nil, nil
		}
		c.remove(out)
	}
	v.tokens--
	v.pending++
	in = &place{key: key, since: now, hangUp: hangUp}
	c.places[in] = struct{}{}
	return in, out
}

// yields is the place that goes to an address which would then hold so many: the oldest of the
// address that holds most, where that is more; else the oldest, once it had its time.
func (c *crowd) yields(holds int, now time.Time) *place {
	var most, oldest *place
	for p := range c.places {
		n := c.visitors[p.key].pending
		if p.proven || n < holds {
			continue
		}
		if oldest == nil || p.since.Before(oldest.since) {
			oldest = p
		}
		if m := most; m == nil || n > c.visitors[m.key].pending || n == c.visitors[m.key].pending && p.since.Before(m.since) {
			most = p
		}
	}
	switch {
	case most != nil && c.visitors[most.key].pending > holds:
		return most
	case oldest != nil && now.Sub(oldest.since) >= patience:
		return oldest
	}
	return nil
}

// proved keeps the place for a connection whose key was proven: the code takes a person's time.
func (c *crowd) proved(p *place) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p.proven = true
}

// leave gives the place back; a second time it does nothing. A connection that proved itself gives
// back its share of the rate too, so that automation of honest people is not slowed down.
func (c *crowd) leave(p *place, now time.Time, proven bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.places[p]; !ok {
		return
	}
	c.remove(p)
	v := c.visitors[p.key]
	c.refill(v, now)
	if proven {
		v.tokens = min(v.tokens+1, float64(c.limits.Burst))
	}
}

// remove takes a place away. Its visitor is there: only visitors at rest are forgotten.
func (c *crowd) remove(p *place) {
	delete(c.places, p)
	c.visitors[p.key].pending--
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
	return len(c.places)
}
