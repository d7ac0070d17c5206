package view

import (
	"fmt"
	"time"

	"sekimori/broker/store"
	"sekimori/policy"
)

// SessionsAsked narrows lists of sessions and recordings. Zero fields do not narrow.
type SessionsAsked struct {
	Live         bool
	Engineer     string // id or login
	Vendor       string // id or login
	System       string
	From, Before time.Time // of the attempt
	Due          bool      // recordings only: those that may be disposed of now
}

// mostAsked bounds a word that a filter takes, in bytes.
const mostAsked = 128

// ErrAsked means that a filter cannot be read.
var ErrAsked = fmt.Errorf("a filter has days as 2026-11-24, and words of at most %d bytes", mostAsked)

// AskedOf reads a filter from the parameters of an address: live, engineer, vendor, system, from and until (days of the zone, both included)
// and state=disposal-due. Error: ErrAsked.
func AskedOf(parameter func(string) string, zone *time.Location) (a SessionsAsked, err error) {
	a = SessionsAsked{Live: parameter("live") == "true", Due: parameter("state") == "disposal-due"}
	for name, into := range map[string]*string{"engineer": &a.Engineer, "vendor": &a.Vendor, "system": &a.System} {
		if *into = parameter(name); len(*into) > mostAsked {
			return SessionsAsked{}, ErrAsked
		}
	}
	for name, into := range map[string]*time.Time{"from": &a.From, "until": &a.Before} {
		if day := parameter(name); day != "" {
			if *into, err = time.ParseInLocation(time.DateOnly, day, zone); err != nil {
				return SessionsAsked{}, ErrAsked
			}
		}
	}
	if !a.Before.IsZero() {
		a.Before = a.Before.AddDate(0, 0, 1)
	}
	return a, nil
}

// filter is the question as the store takes it. A login that no person has finds nothing.
func (a SessionsAsked) filter(s *store.Snap, sight *policy.Sight) store.SessionFilter {
	f := store.SessionFilter{Sight: sight, Live: a.Live, Person: a.Engineer, Vendor: a.Vendor, System: a.System, From: a.From, To: a.Before}
	if p, err := s.Person(a.Engineer); a.Engineer != "" && err == nil {
		f.Person = p.ID
	}
	if v, err := s.Vendor(a.Vendor); a.Vendor != "" && err == nil {
		f.Vendor = v.ID
	}
	return f
}
