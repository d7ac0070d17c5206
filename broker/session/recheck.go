package session

import (
	"context"
	"runtime/debug"
	"slices"

	"sekimori/broker/store"
	"sekimori/policy"
)

// recheckOf judges the live sessions of some windows.
func (s *Supervisor) recheckOf(ctx context.Context, windows map[string]bool) {
	s.recheck(ctx, slices.DeleteFunc(s.sessions(), func(l *session) bool { return !windows[l.grant.Window.ID] }))
}

// recheckAfter judges the live sessions that commits may concern; all of them where the clock is not trusted any more.
func (s *Supervisor) recheckAfter(ctx context.Context, change store.Change) {
	sessions := s.sessions()
	if s.clock.observe(s.o.Clock()) == policy.ClockTrusted {
		concerned := map[*policy.Facts]bool{} // people share facts among their sessions
		sessions = slices.DeleteFunc(sessions, func(l *session) bool { return !l.concerned(change, concerned) })
	}
	s.recheck(ctx, sessions)
}

// concerned reports whether commits may change the verdict on the session, or its engineer's notices. seen remembers the answers
// about facts.
func (l *session) concerned(change store.Change, seen map[*policy.Facts]bool) bool {
	l.mu.Lock()
	f := l.facts
	l.mu.Unlock()
	if f == nil || change.All() { // not judged yet
		return true
	}
	answer, ok := seen[f]
	if !ok {
		answer = change.Standing(f)
		seen[f] = answer
	}
	return answer || change.Names(l.grant.ID, l.grant.Window.ID, l.grant.Request)
}

// recheck judges sessions on one snapshot and reads each person's facts once. Facts that
// cannot be read end the sessions, for unknown means deny. A row that cannot be read ends the
// sessions of its own person only. A session that has ended is not judged: otherwise the commits about the ends of a thousand sessions would each
// have all of them judged.
func (s *Supervisor) recheck(ctx context.Context, sessions []*session) {
	sessions = slices.DeleteFunc(sessions, func(l *session) bool { return l.ctx.Err() != nil })
	if len(sessions) == 0 {
		s.clock.observe(s.o.Clock())
		return
	}
	var known map[string]*policy.Facts
	err := s.o.DB.Read(ctx, func(snap *store.Snap) error {
		known = s.factsOf(ctx, snap, sessions)
		if ctx.Err() != nil {
			return nil
		}
		// All facts are read before the first verdict: ending sessions takes the processors.
		for _, l := range sessions {
			s.judge(l, known[l.a.Person.ID])
		}
		return s.tellExtensions(snap, sessions)
	})
	if err != nil && ctx.Err() == nil {
		s.o.Log.Error("recheck_failed", "error", err)
		for _, l := range sessions {
			s.judge(l, known[l.a.Person.ID])
		}
	}
}

// factsOf reads the facts of the people of some sessions. A person whose facts could not be read is missing there.
func (s *Supervisor) factsOf(ctx context.Context, snap *store.Snap, sessions []*session) map[string]*policy.Facts {
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

// judge judges one session. A fault in it ends that session, and
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
