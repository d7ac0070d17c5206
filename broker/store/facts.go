package store

import (
	"errors"
	"strings"
	"time"

	"sekimori/policy"
)

// factsPast is how long a window that ended still counts for Facts: long enough to tell an
// engineer that it is over rather than that there never was one.
const factsPast = 30 * 24 * time.Hour

// Facts reads everything a decision about a person may know, but Runtime and Subject, in a few
// queries of this snapshot. The person is named by id or login. Errors: ErrNotFound.
func (s *Snap) Facts(ref string) (policy.Facts, error) {
	p, err := s.Person(ref)
	if err != nil {
		return policy.Facts{}, err
	}
	f := policy.Facts{
		Zone: s.zone, Person: p.Person,
		Systems: map[string]policy.System{}, Targets: map[string]policy.Target{}, Accounts: map[string]policy.Account{},
	}
	if p.Vendor != "" {
		v, err := s.Vendor(p.Vendor)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return policy.Facts{}, err
		}
		f.Vendor = v.Vendor
	}
	if f.Grants, err = s.GrantsWhere(GrantFilter{Person: p.ID, EndAfter: s.Now.Add(-factsPast)}); err != nil {
		return policy.Facts{}, err
	}
	if err := s.objects(&f); err != nil {
		return policy.Facts{}, err
	}
	frozen, err := list(s, scanFreeze, freezeColumns+` WHERE lifted = 0 ORDER BY since, id`)
	if err != nil {
		return policy.Facts{}, err
	}
	for _, z := range frozen {
		f.Freezes = append(f.Freezes, z.Freeze)
	}
	f.Live, err = s.live(&f)
	return f, err
}

// objects adds the systems, targets and accounts that the grants name.
func (s *Snap) objects(f *policy.Facts) error {
	for _, g := range f.Grants {
		if _, ok := f.Systems[g.Window.System]; !ok {
			v, err := s.System(g.Window.System)
			if err != nil {
				return err
			}
			f.Systems[v.ID] = v.System
		}
		if _, ok := f.Targets[g.Target]; !ok {
			v, err := s.Target(g.Target)
			if err != nil {
				return err
			}
			f.Targets[v.ID] = v.Target
		}
		if _, ok := f.Accounts[g.Account]; !ok {
			v, err := s.Account(g.Account)
			if err != nil {
				return err
			}
			f.Accounts[v.ID] = v.Account
		}
	}
	return nil
}

// live lists the sessions that have not ended on the systems concerned, other people's too
// (limits and exclusivity count them), and the person's own anywhere.
func (s *Snap) live(f *policy.Facts) ([]policy.LiveSession, error) {
	systems := make([]any, 0, len(f.Systems)+1)
	systems = append(systems, f.Person.ID)
	for id := range f.Systems {
		systems = append(systems, id)
	}
	cond := "person = ?"
	if len(f.Systems) > 0 {
		cond = "(person = ? OR system IN (?" + strings.Repeat(", ?", len(f.Systems)-1) + "))"
	}
	return list(s, func(r scanner) (policy.LiveSession, error) {
		var l policy.LiveSession
		err := r.Scan(&l.ID, &l.Person, &l.Grant, &l.Window, &l.System, &l.Request, at(&l.Until))
		return l, err
	}, `SELECT id, person, grant_id, window, system, request, until FROM sessions
		WHERE state IN ('opening', 'active') AND `+cond+` ORDER BY id`, systems...)
}

// Subject gives what a decision about looking at a session needs to know. Errors: ErrNotFound.
func (s *Snap) Subject(session string) (policy.Subject, error) {
	v, err := s.Session(session)
	if err != nil {
		return policy.Subject{}, err
	}
	sub := policy.Subject{Session: v.ID, System: v.System, Live: v.State.Live()}
	sys, err := s.System(v.System)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return policy.Subject{}, err
	}
	sub.Section = sys.Section
	if v.Request != "" {
		r, err := s.Request(v.Request)
		if err != nil {
			return policy.Subject{}, err
		}
		sub.Requester = r.Requester
		ds, err := s.Decisions(v.Request)
		if err != nil {
			return policy.Subject{}, err
		}
		for _, d := range ds {
			if d.Stage > 0 {
				sub.Approvers = addOnce(sub.Approvers, d.By)
			}
		}
	}
	if v.Window != "" {
		w, err := s.Window(v.Window)
		if err != nil {
			return policy.Subject{}, err
		}
		sub.Attendants = addOnce(sub.Attendants, w.Attendant)
		sub.Attendants = addOnce(sub.Attendants, w.PermittedBy)
	}
	return sub, nil
}

func addOnce(all []string, v string) []string {
	if v == "" {
		return all
	}
	for _, have := range all {
		if have == v {
			return all
		}
	}
	return append(all, v)
}
