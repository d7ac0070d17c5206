package store

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"sekimori/policy"
)

// factsPast is how long an ended window still counts for Facts, so that an
// engineer is told that it is over and not that there never was one.
const factsPast = 30 * 24 * time.Hour

// mostUnissued is how many requests without grants Facts gives. It becomes part of the statement's text: with the limit as a parameter
// SQLite prepares the statement anew at each run, which costs more than the query.
const mostUnissued = 200

// Facts reads everything that a decision about a person may use, except Runtime and Subject, in a few
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
	if f.StandsInFor, err = s.StandsInFor(f.Person.ID); err != nil {
		return policy.Facts{}, fmt.Errorf("read for whom %s decides: %w", f.Person.ID, err)
	}
	f.Live, err = s.live(&f)
	return f, err
}

// unissued adds each request that names the person and has no grants of its version. It carries the request's state, and the
// request's number as id, so that it opens nothing. The engineer is then told "not yet approved", "rejected" or "lapsed" (R1)
// and not that there is nothing. Only the final approval issues a grant. The list holds the newest only: anyone of the vendor may
// propose, and the cost of each connection must not grow with that. An emergency counts as long as its first voice stands, even
// where the timer has lapsed it since.
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
				DecidedBy: by, DecidedReason: reason, Files: r.Body.Files, FileDirection: r.Body.FileDirection,
				FilePathsIn: r.Body.FilePathsIn, FilePathsOut: r.Body.FilePathsOut, FileLimitMiB: r.Body.FileLimitMiB, State: policy.GrantActive, PersonLimit: r.Body.PersonLimit,
			})
		}
	}
	return nil
}

// lastDecision gives the person and the reason of the last decision on a request; empty where there is none.
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
			v, err := oncePerSnapshot(s, "system "+g.Window.System, func() (System, error) { return s.System(g.Window.System) })
			if err != nil {
				return err
			}
			f.Systems[v.ID] = v.System
		}
		if _, ok := f.Targets[g.Target]; !ok {
			v, err := oncePerSnapshot(s, "target "+g.Target, func() (Target, error) { return s.Target(g.Target) })
			if err != nil {
				return err
			}
			f.Targets[v.ID] = v.Target
		}
		if _, ok := f.Accounts[g.Account]; !ok {
			v, err := oncePerSnapshot(s, "account "+g.Account, func() (Account, error) { return s.Account(g.Account) })
			if err != nil {
				return err
			}
			f.Accounts[v.ID] = v.Account
		}
	}
	return nil
}

// live lists the person's own sessions that have not ended, and the open sessions of other people on the systems concerned, for
// limits and exclusivity. Other people's come as one row for each person and window, without a session id: otherwise each login
// and each channel would read up to a thousand sessions.
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

// Subject gives the facts for a decision about looking at a session. Errors: ErrNotFound.
func (s *Snap) Subject(session string) (policy.Subject, error) {
	v, err := s.Session(session)
	if err != nil {
		return policy.Subject{}, err
	}
	return s.subject(policy.Subject{Session: v.ID, System: v.System, Live: v.State.Live()}, v.Request, v.Window)
}

// WindowSubject is Subject for the work of a window. It is live while one of the window's sessions is. Errors: ErrNotFound.
func (s *Snap) WindowSubject(window string) (policy.Subject, error) {
	w, err := s.Window(window)
	if err != nil {
		return policy.Subject{}, err
	}
	live, err := s.Sessions(SessionFilter{Window: w.ID, Live: true, Limit: 1})
	if err != nil {
		return policy.Subject{}, err
	}
	return s.subject(policy.Subject{Session: w.ID, System: w.System, Live: len(live) > 0}, w.Request, w.ID)
}

// subject adds the section and the people who had a part in the work.
func (s *Snap) subject(sub policy.Subject, request, window string) (policy.Subject, error) {
	sys, err := s.System(sub.System)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return policy.Subject{}, err
	}
	sub.Section = sys.Section
	if request != "" {
		r, err := s.Request(request)
		if err != nil {
			return policy.Subject{}, err
		}
		sub.Requester = r.Requester
		ds, err := s.Decisions(request)
		if err != nil {
			return policy.Subject{}, err
		}
		for _, d := range ds {
			// An emergency has no stages: the two who opened it and the later approver decided. The approver for whom a
			// deputy acted counts as well.
			if d.Stage > 0 || d.Verdict == VerdictOpen || d.Verdict == VerdictAfter {
				sub.Approvers = addOnce(addOnce(sub.Approvers, d.By), d.OnBehalf)
			}
		}
	}
	if window != "" {
		w, err := s.Window(window)
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
		if sub.Parties, err = s.fileApprovers(w.ID); err != nil {
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

// oncePerSnapshot reads facts that many people share, such as their system, once in a snapshot,
// which does not change. A Tx does change, so there it reads every time.
func oncePerSnapshot[T any](s *Snap, key string, read func() (T, error)) (T, error) {
	if v, ok := s.known[key].(T); ok {
		return v, nil
	}
	v, err := read()
	if err == nil && s.known != nil {
		s.known[key] = v
	}
	return v, err
}
