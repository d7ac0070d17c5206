package store

import (
	"fmt"
	"strings"

	"sekimori/policy"
)

// OnRequest holds the facts that acts on a request need, read once.
type OnRequest struct {
	Request Request
	System  System
	Facts   policy.Request
	Decided string // the person who decided last and when, in brackets; empty: there is no decision
}

// Rules are the facts that policy's rules look at.
func (o OnRequest) Rules() policy.Request { return o.Facts }

// StopRequest reads only what an act needs that takes a right away: the request and its system. So no other damaged row keeps
// the act from being done. Error: ErrNotFound.
func (s *Snap) StopRequest(no string) (o OnRequest, err error) {
	if o.Request, err = s.Request(no); err != nil {
		return o, fmt.Errorf("request %q: %w", no, err)
	}
	if o.System, err = s.System(o.Request.System); err != nil {
		return o, fmt.Errorf("system of request %s: %w", no, err)
	}
	o.Facts = ownFacts(o.Request, o.System)
	return o, nil
}

// OnRequest reads a request with its system and the facts for rules. Error: ErrNotFound.
func (s *Snap) OnRequest(no string) (OnRequest, error) {
	o, err := s.StopRequest(no)
	if err != nil {
		return o, err
	}
	if o.Facts, err = s.PolicyRequestOf(o.Request); err != nil {
		return o, fmt.Errorf("facts of request %s: %w", no, err)
	}
	o.Decided = s.decided(no)
	return o, nil
}

// decided is OnRequest.Decided. It only completes a sentence, so it is empty if it cannot be read.
func (s *Snap) decided(no string) string {
	decisions, err := s.Decisions(no)
	if err != nil || len(decisions) == 0 {
		return ""
	}
	last := decisions[len(decisions)-1]
	p, err := s.Person(last.By)
	if err != nil {
		return ""
	}
	return "(" + strings.TrimSpace(p.Title+" "+p.Name) + ", " + last.At.In(s.zone).Format("2006-01-02 15:04:05") + ")"
}

// OnWindow holds the facts that acts on a window need, read once.
type OnWindow struct {
	Window  Window
	Request Request
	System  System
	Facts   policy.WindowFacts
}

// Rules are the facts that policy's rules look at.
func (o OnWindow) Rules() policy.WindowFacts { return o.Facts }

// StopWindow is StopRequest for a window: it reads the window, its request and its system. Error: ErrNotFound.
func (s *Snap) StopWindow(id string) (OnWindow, error) {
	w, err := s.Window(id)
	if err != nil {
		return OnWindow{}, fmt.Errorf("window %q: %w", id, err)
	}
	r, err := s.StopRequest(w.Request)
	return OnWindow{Window: w, Request: r.Request, System: r.System, Facts: policy.WindowFacts{
		Window: w.Window, System: r.System.System, Request: r.Facts, Closed: w.ClosedAt, Zone: s.zone,
		Approved: r.Request.State.Final() && r.Request.ApprovedVersion == r.Request.Version,
	}}, err
}

// OnWindow reads a window with its request, its system and the facts for rules. Error: ErrNotFound.
func (s *Snap) OnWindow(id string) (OnWindow, error) {
	o, err := s.StopWindow(id)
	if err != nil {
		return o, err
	}
	if o.Facts.Request, err = s.PolicyRequestOf(o.Request); err != nil {
		return o, fmt.Errorf("facts of request %s: %w", o.Request.No, err)
	}
	if o.Facts.Overrode, err = s.overrode(o.Window); err != nil {
		return o, err
	}
	handed, err := s.Handovers(id)
	if err != nil {
		return o, fmt.Errorf("handovers of %s: %w", id, err)
	}
	if n := len(handed); n > 0 && handed[n-1].Taken.IsZero() {
		o.Facts.Offered, o.Facts.OfferedBy, o.Facts.From = handed[n-1].To, handed[n-1].By, handed[n-1].From
	}
	grants, err := s.GrantsWhere(GrantFilter{Window: id})
	if err != nil {
		return o, fmt.Errorf("grants of %s: %w", id, err)
	}
	for _, g := range grants {
		if g.State == policy.GrantActive {
			o.Facts.Granted = addOnce(o.Facts.Granted, g.Person)
		}
	}
	return o, nil
}

// EntryOverridden is the kind of entry by which a person lets a check item of a window go on with a reason.
const EntryOverridden = "window.overridden"

// overrode names the persons with such an entry on the window. Only the ledger keeps them.
func (s *Snap) overrode(w Window) (by []string, err error) {
	if len(w.Overrides) == 0 {
		return nil, nil
	}
	for e, err := range s.Entries(EntryFilter{Kind: EntryOverridden, Subject: w.ID}) {
		if err != nil {
			return nil, fmt.Errorf("read overrides of %s: %w", w.ID, err)
		}
		by = addOnce(by, e.Actor.ID)
	}
	return by, nil
}

// OnSession holds the facts that acts on a session need, read once.
type OnSession struct {
	Session Session
	Window  Window // zero: the session has none
	Facts   policy.SessionFacts
}

// Rules are the facts that policy's rules look at.
func (o OnSession) Rules() policy.SessionFacts { return o.Facts }

// KindBookmarked is the kind of a bookmark's entry.
const KindBookmarked = "session.bookmarked"

// OnSession reads a session with its window and the facts for rules. Error: ErrNotFound.
func (s *Snap) OnSession(id string) (o OnSession, err error) {
	if o.Session, err = s.Session(id); err != nil {
		return o, fmt.Errorf("session %q: %w", id, err)
	}
	if o.Facts.Subject, err = s.Subject(id); err != nil {
		return o, fmt.Errorf("facts of session %s: %w", id, err)
	}
	if o.Session.Window == "" {
		return o, nil
	}
	if o.Window, err = s.Window(o.Session.Window); err != nil {
		return o, fmt.Errorf("window of session %s: %w", id, err)
	}
	o.Facts.Attendant = o.Window.Attendant
	return o, nil
}
