package accounts

import (
	"context"
	"fmt"
	"net/netip"
	"strconv"
	"time"

	"sekimori/broker/store"
)

// Records of logins. Accepted has every login of the SSH server; Terminal has those with a terminal only.
const (
	Accepted = "accepted"
	Terminal = "terminal"
)

// Login is one login in a target's record.
type Login struct {
	At     time.Time // by the clock of whoever wrote the record
	Login  string
	Source string     // as the record says it, safe to show; empty: at the machine
	Addr   netip.Addr // of Source; not valid: it is none
	Port   int        // 0: the record does not say
	Record string     // Accepted | Terminal
}

// From sets where a login came from, in the words of its record.
func (l *Login) From(source, port string) {
	l.Source = source
	if a, err := netip.ParseAddr(source); err == nil {
		l.Addr = a.Unmap().WithZone("")
		l.Source = l.Addr.String()
	}
	if n, err := strconv.ParseUint(port, 10, 16); err == nil {
		l.Port = int(n)
	}
}

// Record is what a target's records of logins say.
type Record struct {
	Logins []Login
	Begins map[string]time.Time // when each record that was read begins; zero: it cannot be told
	Ahead  time.Duration        // how far the record's clock is ahead of the broker's
	Now    time.Time            // the broker's time when it was read
}

// clockSlack is how far the target's clock may be from what was expected before logins are asked for again with the right time.
const clockSlack = time.Minute

// Logins asks a target for its logins since a moment of the broker's clock. The target's clock is measured by the way. Errors: ErrNone,
// ErrUnclear, *Failed.
func (s *Steward) Logins(ctx context.Context, target string, since time.Time) (Record, error) {
	v, err := s.subjectOf(ctx, target)
	if err != nil {
		return Record{}, err
	}
	if v.target.Steward == "" {
		return Record{}, fmt.Errorf("%s: %w", target, ErrNone)
	}
	done, err := s.turn(ctx, target)
	if err != nil {
		return Record{}, err
	}
	defer done()
	expected := s.ahead()
	r, err := s.askLogins(ctx, v.target, since.Add(expected))
	if err == nil && (r.Ahead-expected).Abs() > clockSlack {
		r, err = s.askLogins(ctx, v.target, since.Add(r.Ahead))
	}
	return r, err
}

// askLogins asks for the logins since a moment of the target's clock.
func (s *Steward) askLogins(ctx context.Context, t store.Target, since time.Time) (r Record, err error) {
	before, err := s.now(ctx)
	if err != nil {
		return r, err
	}
	lines, err := s.ask(ctx, t, Order{Verb: VerbLogins, Since: since})
	if err != nil {
		return r, err
	}
	if r.Now, err = s.now(ctx); err != nil {
		return r, err
	}
	r.Begins = map[string]time.Time{}
	var clock time.Time
	for _, l := range lines {
		switch l.Word {
		case "clock":
			if !clock.IsZero() {
				return r, fmt.Errorf("%w: it says its time twice", ErrUnclear)
			}
			if clock, err = moment(l.Fields[0]); err != nil {
				return r, err
			}
		case "record":
			begins := time.Time{}
			if l.Fields[1] != "" {
				if begins, err = moment(l.Fields[1]); err != nil {
					return r, err
				}
			}
			if l.Fields[0] != Accepted && l.Fields[0] != Terminal {
				return r, fmt.Errorf("%w: a record %q", ErrUnclear, l.Fields[0])
			}
			r.Begins[l.Fields[0]] = begins
		case "login":
			one := Login{Login: l.Fields[1], Record: l.Fields[4]}
			if one.At, err = moment(l.Fields[0]); err != nil {
				return r, err
			}
			one.From(l.Fields[2], l.Fields[3])
			if _, read := r.Begins[one.Record]; !read {
				return r, fmt.Errorf("%w: a login of a record %q that it did not name", ErrUnclear, one.Record)
			}
			r.Logins = append(r.Logins, one)
		}
	}
	if clock.IsZero() || len(r.Begins) == 0 {
		return r, fmt.Errorf("%w: it names no clock or no record", ErrUnclear)
	}
	// The answer was made between the two looks at the broker's clock; half of that, and the second to which the target rounds, is the error.
	r.Ahead = clock.Sub(before.Add(r.Now.Sub(before) / 2)).Truncate(time.Second)
	return r, nil
}

// now is the broker's time.
func (s *Steward) now(ctx context.Context) (at time.Time, err error) {
	err = s.o.DB.Read(ctx, func(snap *store.Snap) error { at = snap.Now; return nil })
	return at, err
}

// Years in which a record's times may lie: what lies outside cannot be stored or compared.
const firstYear, lastYear = 1990, 2200

func moment(s string) (time.Time, error) {
	at, err := time.Parse(time.RFC3339, s)
	if err != nil || at.Year() < firstYear || at.Year() > lastYear {
		return time.Time{}, fmt.Errorf("%w: %q is no time", ErrUnclear, s)
	}
	return at.UTC(), nil
}
