package store

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"sekimori/policy"
)

// factsPast is how long a window that ended still counts for Facts: long enough to tell an
// engineer that it is over rather than that there never was one.
const factsPast = 30 * 24 * time.Hour

// mostUnissued is how many requests that open nothing Facts tells of. It becomes part of the statement's text: SQLite prepares a
// statement anew at each run where its limit is a parameter, which cost more than the query.
const mostUnissued = 200

// Facts reads everything a decision about a person may know, but Runtime and Subject, in a few
// queries of this snapshot. The person is named by id or login. Errors: ErrNotFound.
func (s *Snap) Facts(ref string) (policy.Facts, error) {
	f, err := s.Standing(ref)
	if err == nil {
		err = s.unissued(&f)
	}
	if err == nil {
		err = s.objects(&f)
	}
	if err != nil {
		return policy.Facts{}, err
	}
	f.Live, err = s.live(&f)
	return f, err
}

// unissued adds, for each request that names the person and has no grants of its version, what it
// asks for: with the request's state and its number for an id, so that it opens nothing, and the engineer
// is told "not yet approved", "rejected" or "lapsed" (R1) instead of that there is nothing. A grant is issued by
// the final approval only. Of very many the newest are told of: anybody of the vendor may propose, and what is asked at every
// connection must not grow with that. An emergency asks for as long as its first voice stands, whether or not the timer has lapsed it since.
func (s *Snap) unissued(f *policy.Facts) error {
	requests, err := list(s, scanRequest, requestColumns+` WHERE (r.state IN ('proposed', 'pending-first', 'pending-second', 'returned', 'rejected', 'lapsed')
		OR r.state = 'emergency-asked' AND r.created > ?) AND r.ends > ? AND EXISTS (SELECT 1 FROM json_each(r.body, '$.engineers') e WHERE e.value = ?) ORDER BY r.seq DESC LIMIT `+strconv.Itoa(mostUnissued),
		ms(s.Now.Add(-policy.AgreeWithin)), ms(s.Now.Add(-factsPast)), f.Person.ID)
	if err != nil {
		return err
	}
	slices.Reverse(requests)
	for _, r := range requests {
		by, reason, err := s.lastDecision(r.No)
		if err != nil {
			return err
		}
		for _, id := range r.Body.Accounts {
			a, err := s.Account(id)
			if err != nil {
				return err
			}
			f.Grants = append(f.Grants, policy.Grant{
				ID: r.No, Person: f.Person.ID, Vendor: r.Vendor, Target: a.Target, Account: a.ID, Request: r.No,
				Window:       policy.Window{ID: r.No, Request: r.No, System: r.System, Start: r.Start, End: r.End, State: policy.WindowScheduled},
				RequestState: r.State, RequestVersion: r.Version, ApprovedVersion: r.ApprovedVersion,
				DecidedBy: by, DecidedReason: reason, Files: r.Body.Files, State: policy.GrantActive, PersonLimit: r.Body.PersonLimit,
			})
		}
	}
	return nil
}

// lastDecision tells who decided last on a request, and why; empty where nobody has.
func (s *Snap) lastDecision(request string) (by, reason string, err error) {
	all, err := s.Decisions(request)
	if err != nil || len(all) == 0 {
		return "", "", err
	}
	d := all[len(all)-1]
	return d.By, d.Reason, nil
}

// objects adds the systems, targets and accounts that the grants name.
func (s *Snap) objects(f *policy.Facts) error {
	for _, g := range f.Grants {
		if _, ok := f.Systems[g.Window.System]; !ok {
			v, err := once(s, "system "+g.Window.System, func() (System, error) { return s.System(g.Window.System) })
			if err != nil {
				return err
			}
			f.Systems[v.ID] = v.System
		}
		if _, ok := f.Targets[g.Target]; !ok {
			v, err := once(s, "target "+g.Target, func() (Target, error) { return s.Target(g.Target) })
			if err != nil {
				return err
			}
			f.Targets[v.ID] = v.Target
		}
		if _, ok := f.Accounts[g.Account]; !ok {
			v, err := once(s, "account "+g.Account, func() (Account, error) { return s.Account(g.Account) })
			if err != nil {
				return err
			}
			f.Accounts[v.ID] = v.Account
		}
	}
	return nil
}

// live lists the person's own sessions that have not ended, and what other people have open on the systems concerned, which limits
// and exclusivity count: one row for each person and window, without a session's id, since a thousand sessions would otherwise be read
// at each login and each channel.
func (s *Snap) live(f *policy.Facts) ([]policy.LiveSession, error) {
	query := `SELECT id, person, grant_id, window, system, request, until FROM sessions WHERE state IN ('opening', 'active') AND person = ?`
	args := []any{f.Person.ID}
	if len(f.Systems) > 0 {
		query += ` UNION ALL SELECT '', person, '', window, system, request, max(until) FROM sessions
			WHERE state IN ('opening', 'active') AND person <> ? AND system IN (?` + strings.Repeat(", ?", len(f.Systems)-1) + `) GROUP BY person, window, system, request`
		args = append(args, f.Person.ID)
		for id := range f.Systems {
			args = append(args, id)
		}
	}
	return list(s, func(r scanner) (policy.LiveSession, error) {
		var l policy.LiveSession
		err := r.Scan(&l.ID, &l.Person, &l.Grant, &l.Window, &l.System, &l.Request, at(&l.Until))
		return l, err
	}, query, args...)
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
			// An emergency has no stages: the two who opened it and who approved it later decided. Whoever a deputy acted for
			// answers for it too.
			if d.Stage > 0 || d.Verdict == VerdictOpen || d.Verdict == VerdictAfter {
				sub.Approvers = addOnce(addOnce(sub.Approvers, d.By), d.OnBehalf)
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
		handed, err := s.Handovers(w.ID)
		if err != nil {
			return policy.Subject{}, err
		}
		for _, h := range handed {
			if !h.Taken.IsZero() {
				sub.Attendants = addOnce(addOnce(sub.Attendants, h.From), h.To)
			}
		}
		if sub.Attendants, err = s.openers(sub.Attendants, w.ID); err != nil {
			return policy.Subject{}, err
		}
		longer, err := s.Extensions(ExtensionFilter{Window: w.ID, States: []ExtensionState{ExtensionGranted}})
		if err != nil {
			return policy.Subject{}, err
		}
		for _, x := range longer {
			if x.Role == policy.Attendant {
				sub.Attendants = addOnce(sub.Attendants, x.Decider)
			} else {
				sub.Approvers = addOnce(addOnce(sub.Approvers, x.Decider), x.OnBehalf)
			}
		}
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

// once reads what many people's facts have in common, such as their system, only once in a snapshot,
// which does not change. In a Tx, which does, it reads every time.
func once[T any](s *Snap, key string, read func() (T, error)) (T, error) {
	if v, ok := s.known[key].(T); ok {
		return v, nil
	}
	v, err := read()
	if err == nil && s.known != nil {
		s.known[key] = v
	}
	return v, err
}
