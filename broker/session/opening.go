package session

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"sekimori/broker/store"
	"sekimori/policy"
)

// enter makes the session known to the supervisor; false when the broker is stopping.
func (s *Supervisor) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.running.Add(1)
	s.trim.changed()
	return true
}

func (s *Supervisor) leave(l *session) {
	s.mu.Lock()
	delete(s.live, l.a.ID)
	s.mu.Unlock()
	close(l.over)
	s.trim.changed()
	s.running.Done()
}

// open decides on the facts of the same transaction that inserts the session, so that limits
// such as "one at a time" have no race. A denial comes back as the cause of the refusal. ctx is not
// the session's own: an end that comes meanwhile must find the opening written, not undone.
func (l *session) open(ctx context.Context) (denied *Cause, err error) {
	s := l.sup
	err = s.o.DB.Write(ctx, func(tx *store.Tx) error {
		denied = nil
		f, err := s.facts(tx.Snap, l.a.Person.ID)
		if err != nil {
			return err
		}
		attempt := l.a.Attempt
		attempt.Session = l.a.ID
		d := policy.Decide(f, attempt, tx.Now)
		if d.Allow {
			// The connection may have waited for its first channel while another session of the person's was cut.
			if attempt.Dropped, err = tx.Dropped(store.Remembered{Person: l.a.Person.ID, Fingerprint: l.a.Fingerprint, Window: d.Grant.Window.ID}, l.a.FactorMark); err != nil {
				return fmt.Errorf("second factor: %w", err)
			}
			if !attempt.Dropped {
				if attempt.Dropped, err = s.dropping(tx.Snap, l.a.Person.ID); err != nil {
					return err
				}
			}
			d = policy.Decide(f, attempt, tx.Now)
		}
		if !d.Allow {
			denied = &Cause{Reason: d.Reason, Args: d.Args, Actor: broker}
			return l.ledgerRefusal(tx, *denied)
		}
		l.grant, l.target = d.Grant, f.Targets[d.Grant.Target]
		l.system, l.login = f.Systems[l.target.System], f.Accounts[d.Grant.Account].Login
		l.setTerms(&f)
		if l.section, err = tx.Section(l.system.Section); err != nil {
			return err
		}
		l.opened = tx.Now
		l.path = filepath.Join(s.o.Dir, l.opened.In(s.o.Zone).Format("2006/01"), l.a.ID+".skr")
		l.setUntil(d.Until)
		l.lastInput.Store(s.o.Clock().UnixNano())
		if err := l.ledgerOpening(tx); err != nil {
			return err
		}
		// A line that changes before the supervisor's first look is judged on the facts of the opening: without any, the session would end
		// for no reason.
		l.mu.Lock()
		l.facts = &f
		l.mu.Unlock()
		// Before the commit: every later commit is then judged with this session
		// in it. A freeze in between would otherwise miss it until the next look.
		s.watchOver(l)
		return nil
	})
	return denied, err
}

// dropping reports whether a session of the person's was cut by an end that drops remembered factors and is not
// written yet. The factors go with that entry; a connection between the two must not use them.
func (s *Supervisor) dropping(snap *store.Snap, person string) (bool, error) {
	for _, id := range s.cutUnwritten(person) {
		row, err := snap.Session(id)
		if errors.Is(err, store.ErrNotFound) { // it did not open
			continue
		}
		if err != nil || row.State.Live() {
			return true, err
		}
	}
	return false, nil
}

// cutUnwritten are the sessions of a person's that were cut by such an end and are still under way, or have ended while their
// end could not be written.
func (s *Supervisor) cutUnwritten(person string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var ids []string
	for id, l := range s.live {
		if l.a.Person.ID == person && l.ctx.Err() != nil && forgets(l.cause().Reason) {
			ids = append(ids, id)
		}
	}
	for id, o := range s.pendingEnds {
		if o.person == person && forgets(o.reason) {
			ids = append(ids, id)
		}
	}
	return ids
}

// watchOver adds the session to the supervisor's; Run removes it. One that comes
// while the broker is stopping ends at once.
func (s *Supervisor) watchOver(l *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.live[l.a.ID] = l
	if s.closed {
		l.end(Cause{Reason: policy.BrokerStopped, Actor: broker})
	}
}
