package session

import (
	"time"

	"sekimori/broker/store"
	"sekimori/policy"
	"sekimori/recordings"
)

// newestExtensions is more than a window has at a time: one open, and those answered since the last look.
const newestExtensions = 8

// tellExtensions tells the engineers the answers to the requests for more time on their windows. It reads each window once.
func (s *Supervisor) tellExtensions(snap *store.Snap, sessions []*session) error {
	known := map[string][]store.Extension{}
	for _, l := range sessions {
		window := l.grant.Window.ID
		list, ok := known[window]
		if !ok {
			var err error
			if list, err = snap.Extensions(store.ExtensionFilter{Window: window, Limit: newestExtensions}); err != nil {
				return err
			}
			known[window] = list
		}
		for i := len(list) - 1; i >= 0; i-- { // the oldest first
			if err := l.tellExtension(snap, list[i], list); err != nil {
				return err
			}
		}
	}
	return nil
}

// tellExtension tells the engineer the news about one request. News from before the session's begin went to another session.
func (l *session) tellExtension(snap *store.Snap, x store.Extension, all []store.Extension) error {
	l.mu.Lock()
	before := l.answered[x.ID]
	if l.answered == nil {
		l.answered = map[string]store.ExtensionState{}
	}
	l.answered[x.ID] = x.State
	l.mu.Unlock()
	if before == x.State {
		return nil
	}
	now := l.sup.o.Clock()
	if before == "" && x.AskedAt.After(l.opened) {
		text := askedNotice(x.By, l.hour(x.Ends))
		limit, err := l.leftToAttendant(snap, all)
		if err != nil {
			return err
		}
		if x.By > limit {
			text = text.and(overLimitNotice(limit))
		}
		l.say("extension-asked", text)
	}
	switch {
	case !x.Decided.After(l.opened):
	case x.State == store.ExtensionGranted:
		l.mark(recordings.EventExtension, recordings.Extension{Until: x.NewEnd.In(l.sup.o.Zone), By: x.Decider})
		l.say("extension-granted", grantedNotice(l.hour(x.NewEnd), x.NewEnd.Sub(now)))
	case x.State == store.ExtensionDenied:
		l.say("extension-denied", deniedNotice(x.Answer, l.hour(x.Ends)))
	}
	return nil
}

// leftToAttendant is the time by which the attendant may still extend the window.
func (l *session) leftToAttendant(snap *store.Snap, all []store.Extension) (time.Duration, error) {
	limit := l.system.Delegated
	r, err := snap.Request(l.grant.Request)
	if err != nil {
		return 0, err
	}
	if ms := r.Body.ExtensionLimitMS; ms != nil {
		limit = min(limit, time.Duration(*ms)*time.Millisecond)
	}
	for _, x := range all {
		if x.State == store.ExtensionGranted && x.Role == policy.Attendant {
			limit -= x.By
		}
	}
	return max(limit, 0), nil
}
