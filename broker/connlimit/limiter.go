package connlimit

import (
	"net/netip"
	"sync"
	"time"
)

const (
	// addressEntries bounds the remembered addresses. If all entries are in use and none is at rest, further addresses are
	// rejected unless they are known: memory does not grow with the number of attackers.
	addressEntries = 16384

	// patience is the time for which an unauthenticated connection keeps its place for certain.
	patience = 10 * time.Second
)

// Limits of a door. PerMinute zero: no rate limit.
type Limits struct {
	Total      int // at once, all addresses
	PerAddress int // at once, one address (for IPv6 one /64, which a single subscriber holds)
	Burst      int // connections from one address before its rate applies
	PerMinute  int // connections per minute from one address after that
	PerPerson  int // places kept at once for one authenticated person: the holder of one key must not fill the door
}

// Limiter counts the connections of one door. Its methods may be called from any goroutine.
type Limiter struct {
	limits Limits
	known  *Known

	mu        sync.Mutex // guards everything below, and the fields of places
	places    map[*Place]struct{}
	addresses map[netip.Prefix]*addressState
	lastSweep time.Time
}

// Place is one connection.
type Place struct {
	key    netip.Prefix
	since  time.Time
	known  bool   // a person authenticated from there before
	who    string // the authenticated person; empty: none yet, and the place may be taken away
	hangUp func() // closes the connection when it loses its place
}

// addressState is the state of one address.
type addressState struct {
	places int
	tokens float64 // connections still allowed now; refilled by time and by proof
	at     time.Time
}

// New makes a limiter. known may be nil.
func New(l Limits, known *Known) *Limiter {
	return &Limiter{limits: l, known: known, places: map[*Place]struct{}{}, addresses: map[netip.Prefix]*addressState{}}
}

// Vicinity is the unit of the limits: an address, or a /64 of IPv6.
func Vicinity(a netip.Addr) netip.Prefix {
	a = a.Unmap().WithZone("")
	bits := 32
	if a.Is6() {
		bits = 64
	}
	p, err := a.Prefix(bits)
	if err != nil { // not an address (an in-memory connection): one common vicinity
		return netip.Prefix{}
	}
	return p
}

// Enter takes a place; nil if there is none for this address now. After a success the caller must call Leave.
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
	v := l.addresses[key]
	if v == nil {
		if len(l.addresses) >= addressEntries && !l.sweep(now) && !known { // known addresses are few
			return nil, nil
		}
		v = &addressState{tokens: float64(l.limits.Burst), at: now}
		l.addresses[key] = v
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
		if out = l.placeToGive(v.places+1, known, now); out == nil {
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

// oldestOf is this address's oldest unauthenticated place, once it has had its time: neighbours behind one address must not
// fill it for others.
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

// placeToGive is the place that goes to an address which would then hold so many. It is the oldest removable place of the
// address that holds most, if that holds more; else the oldest removable place that has had its time. A known address takes a
// stranger's place at once, and strangers never take that of a known address.
func (l *Limiter) placeToGive(holds int, known bool, now time.Time) *Place {
	var most, oldest, stranger *Place
	older := func(p, than *Place) bool { return than == nil || p.since.Before(than.since) }
	for p := range l.places {
		if p.who != "" || p.known && !known {
			continue
		}
		n := l.addresses[p.key].places
		if known && !p.known {
			if s := stranger; s == nil || n > l.addresses[s.key].places || n == l.addresses[s.key].places && older(p, s) {
				stranger = p
			}
		}
		if n < holds {
			continue
		}
		if older(p, oldest) {
			oldest = p
		}
		if m := most; m == nil || n > l.addresses[m.key].places || n == l.addresses[m.key].places && older(p, m) {
			most = p
		}
	}
	switch {
	case stranger != nil:
		return stranger
	case most != nil && l.addresses[most.key].places > holds:
		return most
	case oldest != nil && now.Sub(oldest.since) >= patience:
		return oldest
	}
	return nil
}

// Proved keeps the place of an authenticated connection, because typing the code takes a person time. At most
// Limits.PerPerson places of one person are kept.
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

// Leave returns the place; further calls do nothing. An authenticated connection also returns its share of the rate, so that
// honest automation is not slowed down.
func (l *Limiter) Leave(p *Place, now time.Time, proved bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, ok := l.places[p]; !ok {
		return
	}
	l.remove(p)
	v := l.addresses[p.key]
	l.refill(v, now)
	if proved {
		v.tokens = min(v.tokens+1, float64(l.limits.Burst))
	}
}

// remove deletes a place. Its address exists, because only addresses at rest are forgotten.
func (l *Limiter) remove(p *Place) {
	delete(l.places, p)
	l.addresses[p.key].places--
}

// refill adds the tokens earned by time. A clock that ran back earns none.
func (l *Limiter) refill(v *addressState, now time.Time) {
	if d := now.Sub(v.at); d > 0 {
		v.tokens = min(v.tokens+d.Minutes()*float64(l.limits.PerMinute), float64(l.limits.Burst))
	}
	v.at = now
}

// sweep forgets addresses at rest, at most once a second; true if there is room now.
func (l *Limiter) sweep(now time.Time) bool {
	if d := now.Sub(l.lastSweep); d >= 0 && d < time.Second {
		return false
	}
	l.lastSweep = now
	for key, v := range l.addresses {
		l.refill(v, now)
		if v.places == 0 && v.tokens >= float64(l.limits.Burst) {
			delete(l.addresses, key)
		}
	}
	return len(l.addresses) < addressEntries
}

// Waiting is the number of taken places.
func (l *Limiter) Waiting() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.places)
}
