package session

import (
	"context"
	"runtime/debug"
	"slices"

	"sekimori/broker/store"
	"sekimori/policy"
)

// recheck judges all live sessions, or those of some windows, on one snapshot, reading each person's facts once. What
// cannot be looked up cannot be kept up, for unknown means deny; but a row that cannot be read ends the
// sessions of its own person only.
func (s *Supervisor) recheck(ctx context.Context, windows map[string]bool) {
	sessions := s.sessions()
	if windows != nil {
		sessions = slices.DeleteFunc(sessions, func(l *session) bool { return !windows[l.grant.Window.ID] })
	}
	if len(sessions) == 0 {
		s.clock.observe(s.o.Clock())
		return
	}
	var known map[string]*policy.Facts
	err := s.o.DB.Read(ctx, func(snap *store.Snap) error {
		known = s.known(ctx, snap, sessions)
		if ctx.Err() != nil {
			return nil
		}
		// Nobody is judged before everybody's facts are read: those who are put out need the processors for their ends.
		for _, l := range sessions {
			s.judge(l, known[l.a.Person.ID])
		}
		return s.answers(snap, sessions)
	})
	if err != nil && ctx.Err() == nil {
		s.o.Log.Error("recheck_failed", "error", err)
		for _, l := range sessions {
			s.judge(l, known[l.a.Person.ID])
		}
	}
}

// known reads what is known of the people of some sessions. Who is missing there could not be looked up.
func (s *Supervisor) known(ctx context.Context, snap *store.Snap, sessions []*session) map[string]*policy.Facts {
	people := make([]string, 0, len(sessions))
	for _, l := range sessions {
		people = append(people, l.a.Person.ID)
	}
	slices.Sort(people)
	people = slices.Compact(people)
	known, err := snap.StandingOf(people)
	if err != nil {
		known = make(map[string]policy.Facts, len(people))
		for _, person := range people {
			f, err := snap.Standing(person)
			if err == nil {
				known[person] = f
			} else if ctx.Err() == nil {
				s.o.Log.Error("facts_failed", "person", person, "error", err)
			}
		}
	}
	now := s.Runtime()
	shared := make(map[string]*policy.Facts, len(known))
	for person, f := range known {
		f.WaitingRoom, f.Connections, f.Runtime = s.o.WaitingRoom, s.o.Connections, now
		shared[person] = &f
	}
	return shared
}

// judge judges one session. A fault in it ends that session: what cannot be judged cannot go on, and
// the others must be judged all the same.
func (s *Supervisor) judge(l *session, f *policy.Facts) {
	if f == nil { // nothing could be read of the person
		f = &policy.Facts{}
	}
	defer func() {
		if p := recover(); p != nil {
			s.o.Log.Error("judging_panicked", "session", l.a.ID, "panic", p, "stack", string(debug.Stack()))
			l.end(Cause{Reason: policy.BrokerCrashed, Actor: broker})
		}
	}()
	l.judge(f)
}
