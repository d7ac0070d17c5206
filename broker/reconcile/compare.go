package reconcile

import (
	"cmp"
	"net/netip"
	"slices"
	"time"

	"sekimori/broker/accounts"
	"sekimori/broker/store"
	"sekimori/policy"
)

// tolerance is how far the times of one login may lie apart in the record and here, the measured difference of the clocks taken off.
const tolerance = 2 * time.Minute

// samePort is how far they may lie apart where address and port agree too. Ports come again.
const samePort = 10 * time.Minute

// sameLogin is how long after its login a terminal is opened at most, for two lines to be about one login.
const (
	sameLogin    = 30 * time.Second
	writtenLater = 5 * time.Second
)

// known is what the broker knows of the logins of one target.
type known struct {
	sessions []session        // in the order of their beginning
	own      []store.OwnLogin // of the broker, the earliest first
	sources  []netip.Prefix   // of the broker as targets see it, beside its own ends of connections
}

// session is one that used an account of the target.
type session struct {
	store.Session
	login string // on the target
	own   int    // its login among known.own; -1: from before these were kept
}

// open tells whether the session was under way at a moment, give or take.
func (s session) open(at time.Time) bool {
	end := s.Ended
	return !at.Before(s.Created.Add(-tolerance)) && (end.IsZero() || !at.After(end.Add(tolerance)))
}

// outcome is what a comparison finds.
type outcome struct {
	logins, known int
	unknown       []store.UnknownLogin // by time
	missing       []string             // sessions that a complete record does not know
}

// compare compares the logins of a record from one moment of the broker's clock until another with what is known.
func compare(r accounts.Record, from, until time.Time, k known) outcome {
	var out outcome
	var logins []timed
	for _, l := range r.Logins {
		at := l.At.Add(-r.Ahead)
		if at.Before(from) {
			continue
		}
		logins = append(logins, timed{l, at, -1, -1})
	}
	slices.SortStableFunc(logins, func(a, b timed) int { return a.at.Compare(b.at) })
	k.match(logins)
	met := map[int]bool{} // sessions that a complete record knows
	for i := range logins {
		l := &logins[i]
		if l.session >= 0 && l.Record == accounts.Accepted {
			met[l.session] = true
		}
		if out.logins++; l.own >= 0 || l.session >= 0 {
			out.known++
			continue
		}
		if l.Record == accounts.Terminal && alike(logins, i) {
			out.logins-- // the line of its login stands for it
			continue
		}
		out.unknown = append(out.unknown, k.unknown(*l))
	}
	begins, complete := r.Begins[accounts.Accepted]
	if complete && !begins.IsZero() {
		begins = begins.Add(-r.Ahead)
		for i, s := range k.sessions {
			if s.own >= 0 && !met[i] && !s.Started.IsZero() && s.Started.After(from.Add(tolerance)) && s.Started.After(begins.Add(tolerance)) && s.Started.Before(until.Add(-tolerance)) {
				out.missing = append(out.missing, s.ID)
			}
		}
	}
	return out
}

// timed is a login with its time by the broker's clock, and what made it.
type timed struct {
	accounts.Login
	at      time.Time
	own     int // index in known.own; -1: none
	session int // index in known.sessions; -1: none
}

// alike tells whether an unknown login of the server's log is of the same account and address as a terminal, moments earlier. The log may be
// written a little later than the terminal's line.
func alike(logins []timed, terminal int) bool {
	l := logins[terminal]
	same := func(b timed) bool {
		return b.Record == accounts.Accepted && b.own < 0 && b.session < 0 && b.Login.Login == l.Login.Login && b.Source == l.Source
	}
	for i := terminal - 1; i >= 0 && l.at.Sub(logins[i].at) <= sameLogin; i-- {
		if same(logins[i]) {
			return true
		}
	}
	for i := terminal + 1; i < len(logins) && logins[i].at.Sub(l.at) <= writtenLater; i++ {
		if same(logins[i]) {
			return true
		}
	}
	return false
}

// match finds what made each login. One login of the broker makes one line of a complete record, and any number of terminals while its
// session lasts. Lines with a port of the broker's come first, since they name their connection; then the nearest in time.
func (k known) match(logins []timed) {
	of := map[int]int{} // session of each own login
	for i, s := range k.sessions {
		if s.own >= 0 {
			of[s.own] = i
		}
	}
	used := map[int]bool{}
	take := func(l *timed, own int) {
		l.own, used[own] = own, true
		if s, ok := of[own]; ok {
			l.session = s
		}
	}
	complete := func(i int) bool { return logins[i].Record == accounts.Accepted && logins[i].own < 0 }
	for i := range logins {
		if !complete(i) || logins[i].Port == 0 {
			continue
		}
		if own := k.nearest(logins[i], samePort, func(n int, o store.OwnLogin) bool {
			return !used[n] && o.From.IsValid() && int(o.From.Port()) == logins[i].Port && o.From.Addr() == logins[i].Addr
		}); own >= 0 {
			take(&logins[i], own)
		}
	}
	for i := range logins {
		if !complete(i) {
			continue
		}
		l := logins[i]
		if own := k.nearest(l, tolerance, func(n int, o store.OwnLogin) bool {
			// Where the record has the port and the address is not translated, the port would have agreed.
			return !used[n] && (k.translated(l.Addr) || !o.From.IsValid() || l.Port == 0 && o.From.Addr() == l.Addr)
		}); own >= 0 {
			take(&logins[i], own)
		}
	}
	older := map[int]bool{} // sessions from before own logins were kept
	for i := range logins {
		l := &logins[i]
		if l.own >= 0 {
			continue
		}
		for _, n := range k.during(l.Login.Login, l.at) {
			s := k.sessions[n]
			switch {
			case l.Record == accounts.Terminal && s.own >= 0 && k.from(l.Addr, k.own[s.own]), l.Record == accounts.Terminal && s.own < 0:
				l.session = n
			case l.Record == accounts.Accepted && s.own < 0 && !older[n] && l.at.Before(s.reached().Add(tolerance)):
				l.session, older[n] = n, true
			}
			if l.session >= 0 {
				break
			}
		}
	}
}

// reached is when the session had its login at the latest.
func (s session) reached() time.Time {
	if s.Started.IsZero() {
		return s.Created
	}
	return s.Started
}

// nearest is the own login of the same account that is nearest in time, among those that fit; -1: there is none.
func (k known) nearest(l timed, within time.Duration, fits func(int, store.OwnLogin) bool) int {
	best, apart := -1, within+1
	for n := k.ownSince(l.at.Add(-within)); n < len(k.own) && !k.own[n].At.After(l.at.Add(within)); n++ {
		if o := k.own[n]; o.Login == l.Login.Login && fits(n, o) {
			if d := o.At.Sub(l.at).Abs(); d < apart {
				best, apart = n, d
			}
		}
	}
	return best
}

// ownSince is the index of the first own login from a moment on.
func (k known) ownSince(at time.Time) int {
	n, _ := slices.BinarySearchFunc(k.own, at, func(o store.OwnLogin, at time.Time) int { return o.At.Compare(at) })
	return n
}

// during gives the sessions of an account that were under way at a moment, give or take.
func (k known) during(login string, at time.Time) (all []int) {
	n, _ := slices.BinarySearchFunc(k.sessions, at.Add(-longestSession), func(s session, at time.Time) int { return s.Created.Compare(at) })
	for ; n < len(k.sessions) && !k.sessions[n].Created.After(at.Add(tolerance)); n++ {
		if k.sessions[n].login == login && k.sessions[n].open(at) {
			all = append(all, n)
		}
	}
	return all
}

// translated tells whether an address is one by which targets know the broker behind an address translation.
func (k known) translated(a netip.Addr) bool {
	return a.IsValid() && slices.ContainsFunc(k.sources, func(p netip.Prefix) bool { return p.Contains(a) })
}

// from tells whether a login came from where the broker made its own.
func (k known) from(a netip.Addr, o store.OwnLogin) bool {
	return k.translated(a) || !o.From.IsValid() || a.IsValid() && o.From.Addr() == a
}

// unknown says why nothing is known of a login.
func (k known) unknown(l timed) store.UnknownLogin {
	u := store.UnknownLogin{Said: l.Login.At.Truncate(time.Second), At: l.at, Login: l.Login.Login, Source: l.Source, Port: l.Port, Record: l.Record, Doubt: policy.LoginNoSession}
	near := func(fits func(store.OwnLogin) bool) bool {
		return k.nearest(l, tolerance, func(_ int, o store.OwnLogin) bool { return fits(o) }) >= 0
	}
	if during := k.during(l.Login.Login, l.at); len(during) > 0 {
		first := k.sessions[during[0]]
		u.Session, u.Doubt = first.ID, policy.LoginElsewhere
		if own := first.own; own < 0 || k.from(l.Addr, k.own[own]) {
			u.Doubt = policy.LoginTooMany
		}
		return u
	}
	switch {
	case near(func(o store.OwnLogin) bool { return k.from(l.Addr, o) }):
		u.Doubt = policy.LoginTooMany
	case near(func(store.OwnLogin) bool { return true }):
		u.Doubt = policy.LoginElsewhere
	}
	return u
}

// longestSession is how long before the compared time a session may have begun that still matters.
const longestSession = 25 * time.Hour

// mostSessions bounds the sessions of a system that are compared.
const mostSessions = 50_000

// knownOf reads what is known of a target's logins between two moments.
func knownOf(s *store.Snap, t store.Target, from, until time.Time, sources []netip.Prefix) (known, error) {
	k := known{sources: sources}
	var err error
	if k.own, err = s.OwnLogins(t.ID, from.Add(-longestSession), until.Add(samePort)); err != nil {
		return k, err
	}
	all, err := s.Sessions(store.SessionFilter{System: t.System, From: from.Add(-longestSession), To: until.Add(tolerance), Limit: mostSessions})
	if err != nil {
		return k, err
	}
	accountsOf, err := s.Accounts(t.ID)
	if err != nil {
		return k, err
	}
	login := map[string]string{}
	for _, a := range accountsOf {
		login[a.ID] = a.Login
	}
	used := map[int]bool{}
	for _, v := range slices.Backward(all) { // the newest come first
		if v.Target != t.ID || v.State == store.SessionRefused {
			continue
		}
		one := session{v, cmp.Or(login[v.Account], afterSlash(v.Account)), -1}
		// Its login is the last one that was made before the target was reached.
		latest := cmp.Or(v.Ended, until.Add(samePort))
		if !v.Started.IsZero() && v.Started.Add(time.Second).Before(latest) {
			latest = v.Started.Add(time.Second)
		}
		for n := k.ownSince(v.Created.Add(-time.Second)); n < len(k.own) && !k.own[n].At.After(latest); n++ {
			if k.own[n].Login == one.login && !used[n] {
				one.own = n
			}
		}
		if one.own >= 0 {
			used[one.own] = true
		}
		k.sessions = append(k.sessions, one)
	}
	return k, nil
}

// afterSlash is the account's name of an id such as "hr-db/maint", for one that the registry no longer has.
func afterSlash(id string) string {
	for i := len(id) - 1; i >= 0; i-- {
		if id[i] == '/' {
			return id[i+1:]
		}
	}
	return id
}
