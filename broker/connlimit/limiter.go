package connlimit

import (
	"net/netip"
	"sync"
	"time"
)

const (
	// visitorEntries bounds how many addresses are remembered. When all are taken and none is at rest, further addresses are
	// turned away unless they are known: memory never grows with the number of attackers.
	visitorEntries = 16384

	// patience is how long a connection that has proved nothing keeps its place for certain.
	patience = 10 * time.Second
)

// Limits of a door. PerMinute zero: connections may come as fast as they like.
type Limits struct {
	Total      int // at once, all addresses
	PerAddress int // at once, one address (of IPv6 one /64, which a single subscriber holds whole)
	Burst      int // connections from one address before its rate applies
	PerMinute  int // connections per minute from one address after that
	PerPerson  int // places that one person's proof keeps at once: the holder of one key must not fill the door
}

// Limiter counts the connections of one door. Its methods may be called from any goroutine.
type Limiter struct {
	limits Limits
	known  *Known

	mu        sync.Mutex // guards everything below, and the fields of places
	places    map[*Place]struct{}
	visitors  map[netip.Prefix]*visitor
	lastSweep time.Time
}

// Place is one connection.
type Place struct {
	key    netip.Prefix
	since  time.Time
	known  bool   // somebody proved right from there before
	who    string // proved to be; empty: nobody yet, and the place may be taken away
	hangUp func() // closes the connection when its place goes to another
}

// visitor is one address.
type visitor struct {
	places int
	tokens float64 // connections still allowed now; refilled by time and by proof
	at     time.Time
}

// New makes a limiter. known may be nil.
func New(l Limits, known *Known) *Limiter {
	return &Limiter{limits: l, known: known, places: map[*Place]struct{}{}, visitors: map[netip.Prefix]*visitor{}}
}

// Vicinity is the unit that limits apply to.
func Vicinity(a netip.Addr) netip.Prefix {
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

// Enter takes a place; nil when there is none for this address now. Whoever entered must leave.
func (l *Limiter) Enter(a netip.Addr, now time.Time, hangUp func()) *Place {
	p, out := l.take(a, now, hangUp)
	if out != nil {
		out.hangUp() // not under the lock
	}
	return p
}

func (l *Limiter) take(a netip.Addr, now time.Time, hangUp func()) (in, out *Place) {
	key := Vicinity(a)
	known := l.known.has(key)
	l.mu.Lock()
	defer l.mu.Unlock()
	v := l.visitors[key]
	if v == nil {
		if len(l.visitors) >= visitorEntries && !l.sweep(now) && !known { // known addresses are few
			return nil, nil
		}
		v = &visitor{tokens: float64(l.limits.Burst), at: now}
		l.visitors[key] = v
	}
	l.refill(v, now)
	if l.limits.PerMinute > 0 && v.tokens < 1 {
		return nil, nil
	}
	switch {
	case v.places >= l.limits.PerAddress:
		if out = l.oldestOf(key, now); out == nil {
			return nil, nil
		}
	case len(l.places) >= l.limits.Total:
		if out = l.yields(v.places+1, known, now); out == nil {
			return nil, nil
		}
	}
	if out != nil {
		l.remove(out)
	}
	if l.limits.PerMinute > 0 {
		v.tokens--
	}
	v.places++
	in = &Place{key: key, since: now, known: known, hangUp: hangUp}
	l.places[in] = struct{}{}
	return in, out
}

// oldestOf is the place of this address that was held longest without a proof, once it had its time: others behind the same
// address must not fill it for its people.
func (l *Limiter) oldestOf(key netip.Prefix, now time.Time) *Place {
	var oldest *Place
	for p := range l.places {
		if p.key == key && p.who == "" && (oldest == nil || p.since.Before(oldest.since)) {
			oldest = p
		}
	}
	if oldest == nil || now.Sub(oldest.since) < patience {
		return nil
	}
	return oldest
}

// yields is the place that goes to an address which would then hold so many. Of those that may be taken it is the oldest of the
// address that holds most, where that is more; else the oldest, once it had its time. A known address takes a stranger's
// place at once, and strangers never take that of a known address.
func (l *Limiter) yields(holds int, known bool, now time.Time) *Place {
	var most, oldest, stranger *Place
	older := func(p, than *Place) bool { return than == nil || p.since.Before(than.since) }
	for p := range l.places {
		if p.who != "" || p.known && !known {
			continue
		}
		n := l.visitors[p.key].places
		if known && !p.known {
			if s := stranger; s == nil || n > l.visitors[s.key].places || n == l.visitors[s.key].places && older(p, s) {
				stranger = p
			}
		}
		if n < holds {
			continue
		}
		if older(p, oldest) {
			oldest = p
		}
		if m := most; m == nil || n > l.visitors[m.key].places || n == l.visitors[m.key].places && older(p, m) {
			most = p
		}
	}
	switch {
	case stranger != nil:
		return stranger
	case most != nil && l.visitors[most.key].places > holds:
		return most
	case oldest != nil && now.Sub(oldest.since) >= patience:
		return oldest
	}
	return nil
}

// Proved keeps the place for a connection that proved to be somebody's: the code takes a person's time. Of one person no more
// than Limits.PerPerson places are kept.
func (l *Limiter) Proved(p *Place, who string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if p.who == who {
		return
	}
	kept := 0
	for other := range l.places {
		if other.who == who {
			kept++
		}
	}
	if kept < l.limits.PerPerson {
		p.who = who
	}
}

// Leave gives the place back; a second time it does nothing. A connection that proved itself gives back its share of the rate
// too, so that automation of honest people is not slowed down.
func (l *Limiter) Leave(p *Place, now time.Time, proved bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, ok := l.places[p]; !ok {
		return
	}
	l.remove(p)
	v := l.visitors[p.key]
	l.refill(v, now)
	if proved {
		v.tokens = min(v.tokens+1, float64(l.limits.Burst))
	}
}

// remove takes a place away. Its visitor is there: only visitors at rest are forgotten.
func (l *Limiter) remove(p *Place) {
	delete(l.places, p)
	l.visitors[p.key].places--
}

// refill adds what time has earned. A clock that ran back earns nothing.
func (l *Limiter) refill(v *visitor, now time.Time) {
	if d := now.Sub(v.at); d > 0 {
		v.tokens = min(v.tokens+d.Minutes()*float64(l.limits.PerMinute), float64(l.limits.Burst))
	}
	v.at = now
}

// sweep forgets addresses at rest, at most once a second; true when there is room now.
func (l *Limiter) sweep(now time.Time) bool {
	if d := now.Sub(l.lastSweep); d >= 0 && d < time.Second {
		return false
	}
	l.lastSweep = now
	for key, v := range l.visitors {
		l.refill(v, now)
		if v.places == 0 && v.tokens >= float64(l.limits.Burst) {
			delete(l.visitors, key)
		}
	}
	return len(l.visitors) < visitorEntries
}

// Waiting is how many places are taken now.
func (l *Limiter) Waiting() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.places)
}
