package session

import (
	"sync"

	"sekimori/broker/ledger"
	"sekimori/policy"
)

// endingActs are the acts of people that are about to be committed and end the sessions of a window. The supervisor learns of the commit as
// early as the act does, and would otherwise name the window's new state as the cause, and no person.
type endingActs struct {
	mu sync.Mutex // guards of
	of map[string]*Cause
}

// Ending says, before an act is committed, that it ends the sessions of a window in a person's name. Whoever sees the commit first ends them
// with this cause. done must be called once EndWindow was, or the act has failed.
func (s *Supervisor) Ending(window string, reason policy.Reason, by ledger.Actor, note string) (done func()) {
	c := &Cause{Reason: reason, Args: map[string]string{"reason": note}, Actor: by, Note: note}
	a := &s.acts
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.of == nil {
		a.of = map[string]*Cause{}
	}
	a.of[window] = c
	return func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		if a.of[window] == c {
			delete(a.of, window)
		}
	}
}

// causeIn is the cause of an act that ends the window's sessions; else c.
func (s *Supervisor) causeIn(window string, c Cause) Cause {
	s.acts.mu.Lock()
	defer s.acts.mu.Unlock()
	if one := s.acts.of[window]; one != nil {
		return *one
	}
	return c
}
