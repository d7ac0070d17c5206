package attendance

import (
	"context"
	"errors"
	"fmt"

	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// errNotTheirs refuses the heartbeat of a person without the post.
var errNotTheirs = errors.New("not the attendant of the window")

// Present is the attendant's heartbeat: it keeps the sessions of the window from being paused and cut. It has
// no entry. Another person's is refused, and ledgered once for each person and window. Errors: *policy.Denied.
func (a *Service) Present(ctx context.Context, window string, by ledger.Actor) error {
	// Without the writer first: a refused heartbeat must not hold others up, however often it comes.
	err := a.o.DB.Read(ctx, func(s *store.Snap) error { return a.mayBeat(s, window, by) })
	if err == nil {
		err = a.o.DB.Keep(ctx, store.KeepPresence, func(k *store.KeepTx) error {
			if err := a.mayBeat(k.Snap, window, by); err != nil {
				return err
			}
			return k.NotePresent(window, by.ID)
		})
	}
	switch {
	case errors.Is(err, errNotTheirs):
		return errors.Join(err, a.refusedPresence(ctx, window, by))
	case err != nil:
		return err
	}
	a.o.Heard(window)
	return nil
}

// MayFollow rules on seeing the operations in the window's sessions, live: only the attendant at the post may. Errors: *policy.Denied.
func (a *Service) MayFollow(ctx context.Context, window string, by ledger.Actor) error {
	return a.o.DB.Read(ctx, func(s *store.Snap) error { return a.mayBeat(s, window, by) })
}

// mayBeat rules on a heartbeat. Errors: *policy.Denied, errNotTheirs.
func (a *Service) mayBeat(s *store.Snap, window string, by ledger.Actor) error {
	p, err := s.ActingPerson(by)
	if err != nil {
		return err
	}
	w, err := s.Window(window)
	if err != nil {
		return fmt.Errorf("window %q: %w", window, err)
	}
	d := policy.MayStay(p, policy.WindowFacts{Window: w.Window, Closed: w.ClosedAt, Zone: a.o.Zone}, s.Now)
	if d.Reason == policy.Forbidden {
		return errors.Join(errNotTheirs, d.Err())
	}
	return d.Err()
}

// refusedPresence ledgers the first heartbeat of a person on a window that is not theirs.
func (a *Service) refusedPresence(ctx context.Context, window string, by ledger.Actor) error {
	const kind = "window.presence-refused"
	known := func(s *store.Snap) (bool, error) {
		for e, err := range s.Entries(store.EntryFilter{Kind: kind, Subject: window}) {
			if err != nil {
				return false, fmt.Errorf("read refused heartbeats: %w", err)
			}
			if e.Actor.ID == by.ID {
				return true, nil
			}
		}
		return false, nil
	}
	// Without the writer first: repeated heartbeats must not hold others up.
	var before bool
	if err := a.o.DB.Read(ctx, func(s *store.Snap) (err error) { before, err = known(s); return err }); err != nil || before {
		return err
	}
	return a.o.DB.Write(ctx, func(tx *store.Tx) error {
		if before, err := known(tx.Snap); err != nil || before {
			return err
		}
		w, err := tx.Window(window)
		if err != nil {
			return fmt.Errorf("window %q: %w", window, err)
		}
		return a.windowEntry(tx, kind, by, w, map[string]any{"reason": policy.Forbidden, "number": policy.Forbidden.Number()})
	})
}
