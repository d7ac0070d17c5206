package review

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/calendar"
	"sekimori/broker/store"
	"sekimori/policy"
)

// Bounds of one item. Attempts that were refused never keep a session out: an engineer makes as many as they like.
const (
	mostCovered  = 20_000 // ended sessions that are read; a window with more stands out by a gap
	mostRefused  = 1000   // attempts that are read, the newest; all are counted
	MostSubjects = 1000   // sessions among the subjects of an entry, whose header is bounded; its payload names all
)

// Work is what an item covers.
type Work struct {
	Sessions []store.Session // ended ones, in order
	Refused  []store.Session // attempts that were refused, in order; the newest
	Attempts int             // how many were refused
	Cut      bool            // there are more ended sessions than are read
}

// Covered reads what an item covers.
func Covered(s *store.Snap, r store.Review) (Work, error) {
	var w Work
	if r.Session != "" {
		v, err := s.Session(r.Session)
		w.Sessions = []store.Session{v}
		return w, err
	}
	of := func(state store.SessionState, most int) store.SessionFilter {
		return store.SessionFilter{Window: r.Window, States: []store.SessionState{state}, Limit: most}
	}
	var err error
	if w.Sessions, err = s.Sessions(of(store.SessionEnded, mostCovered+1)); err == nil {
		w.Refused, err = s.Sessions(of(store.SessionRefused, mostRefused))
	}
	if w.Attempts = len(w.Refused); err == nil && w.Attempts == mostRefused {
		w.Attempts, err = s.CountSessions(of(store.SessionRefused, 0))
	}
	if err != nil {
		return w, fmt.Errorf("sessions of %s: %w", r.Window, err)
	}
	if w.Cut = len(w.Sessions) > mostCovered; w.Cut {
		w.Sessions = w.Sessions[:mostCovered]
	}
	slices.Reverse(w.Sessions)
	slices.Reverse(w.Refused)
	return w, nil
}

func numbers(sessions []store.Session) []string {
	ids := []string{}
	for _, v := range sessions {
		ids = append(ids, v.ID)
	}
	return ids
}

func needsGrounds(picks []api.Pick) bool {
	return slices.Contains(picks, api.PickCut) || slices.Contains(picks, api.PickGap)
}

// Picks are the reasons why the work of an item stands out, in the order of the list. None: it is looked at like any other.
func Picks(s *store.Snap, r store.Review, zone *time.Location) ([]api.Pick, error) {
	work, err := Covered(s, r)
	if err != nil {
		return nil, err
	}
	found := map[api.Pick]bool{api.PickRandom: r.Drawn == store.DrawnChosen}
	for _, look := range []func(*store.Snap, store.Review, Work, *time.Location, map[api.Pick]bool) error{ofSessions, ofRequest, ofWindow, ofBefore, ofHours, ofLogins, ofRecordings} {
		if err := look(s, r, work, zone, found); err != nil {
			return nil, fmt.Errorf("why %s stands out: %w", r.ID, err)
		}
	}
	var picks []api.Pick
	for _, p := range api.Picks() {
		if found[p] {
			picks = append(picks, p)
		}
	}
	return picks, nil
}

// ofSessions looks at how the sessions ended, and at their recordings and reports.
func ofSessions(s *store.Snap, _ store.Review, work Work, _ *time.Location, found map[api.Pick]bool) error {
	found[api.PickGap] = work.Cut
	for _, v := range work.Sessions {
		switch v.Reason {
		case policy.EndedByEngineer, policy.WindowEnded, policy.WindowWasClosed, policy.IdleTimeout:
		default:
			found[api.PickCut] = true
		}
		if !v.Started.IsZero() && v.RecordingSum == "" {
			found[api.PickGap] = true
		}
		found[api.PickMasked] = found[api.PickMasked] || v.Masked
		found[api.PickRuled] = found[api.PickRuled] || v.Ruled
		late, err := s.RaisedOverdue(store.OverdueReport, v.ID)
		if err != nil {
			return err
		}
		found[api.PickLateReport] = found[api.PickLateReport] || late
	}
	return nil
}

// ofRequest looks at what was asked for.
func ofRequest(s *store.Snap, r store.Review, work Work, _ *time.Location, found map[api.Pick]bool) error {
	asked, err := s.Request(r.Request)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	found[api.PickNumber] = asked.Body.IndividualNumber
	found[api.PickFiles] = asked.Body.Files == policy.FilesAllowed
	found[api.PickUrgent] = asked.Body.Urgent != ""
	made, err := s.Decisions(r.Request)
	if err != nil {
		return err
	}
	found[api.PickDeputy] = slices.ContainsFunc(made, func(d store.Decision) bool { return d.OnBehalf != "" })
	if len(work.Sessions) == 0 {
		return nil
	}
	last, err := s.WorkBefore(r.Vendor, r.System, r.Request, work.Sessions[0].Created)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	then, err := s.Request(last.Request)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	wider := func(now, before []string) bool {
		return slices.ContainsFunc(now, func(v string) bool { return !slices.Contains(before, v) })
	}
	found[api.PickWider] = wider(asked.Body.Accounts, then.Body.Accounts) || wider(asked.Body.ExtraRights, then.Body.ExtraRights) || wider(asked.Body.Forwards, then.Body.Forwards) ||
		policy.MoreCommands(policy.CommandNames(then.Body.Commands, then.Body.ForcedCommand), policy.CommandNames(asked.Body.Commands, asked.Body.ForcedCommand))
	return err
}

// ofWindow looks at how the window came about and whether it was made longer.
func ofWindow(s *store.Snap, r store.Review, _ Work, _ *time.Location, found map[api.Pick]bool) error {
	if r.Window == "" {
		return nil
	}
	w, err := s.Window(r.Window)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	longer, err := s.Extensions(store.ExtensionFilter{Window: w.ID, States: []store.ExtensionState{store.ExtensionGranted}, Limit: 1})
	found[api.PickEmergency], found[api.PickExtended] = w.Emergency, len(longer) > 0
	return err
}

// ofBefore looks at earlier work of the engineers and at the last judgement on the vendor's work.
func ofBefore(s *store.Snap, r store.Review, work Work, _ *time.Location, found map[api.Pick]bool) error {
	seen := map[string]bool{}
	for _, v := range work.Sessions {
		if seen[v.Person] {
			continue
		}
		seen[v.Person] = true
		before, err := s.WorkedBefore(v.Person, r.System, r.Request, work.Sessions[0].Created)
		if err != nil {
			return err
		}
		found[api.PickFirst] = found[api.PickFirst] || !before
	}
	verdict, err := s.VerdictBefore(r.Vendor, r.System, r.Created)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	found[api.PickFollowUp] = verdict == string(api.ReviewQuestion) || verdict == string(api.ReviewFix)
	return err
}

// ofLogins looks for logins of the targets that the ledger does not know, from the work until an hour after it.
func ofLogins(s *store.Snap, _ store.Review, work Work, _ *time.Location, found map[api.Pick]bool) error {
	for _, v := range work.Sessions {
		odd, err := s.UnknownLoginsBeside(v.ID, v.Target, v.Created, v.Ended.Add(time.Hour))
		if err != nil {
			return err
		}
		found[api.PickReconcile] = found[api.PickReconcile] || odd
	}
	return nil
}

// ofHours looks at the time of the work.
func ofHours(s *store.Snap, _ store.Review, work Work, zone *time.Location, found map[api.Pick]bool) error {
	if len(work.Sessions) == 0 {
		return nil
	}
	i, err := s.Institution()
	if err != nil {
		return err
	}
	overrides, err := s.Holidays()
	if err != nil {
		return err
	}
	from, until := work.Sessions[0].Created, work.Sessions[len(work.Sessions)-1].Ended
	c := calendar.Of(i, overrides, nil, zone, from, until)
	found[api.PickOffHours] = slices.ContainsFunc(work.Sessions, func(v store.Session) bool {
		return v.Ended.After(v.Created) && c.Outside(v.Created, v.Ended)
	})
	return nil
}
