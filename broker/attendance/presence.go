package attendance

import (
	"context"
	"errors"
	"fmt"

	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// errNotTheirs is a heartbeat of somebody who has not the post.
var errNotTheirs = errors.New("not the attendant of the window")

// Present is the attendant's heartbeat: it keeps the sessions of the window from being paused and cut. It is kept without
// an entry. Anybody else's is refused, and ledgered once for each person and window. Errors: *policy.Denied.
func (a *Post) Present(ctx context.Context, window string, by ledger.Actor) error {
	// Without the writer first: a beat that is refused must not hold others up, however often it comes.
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
		return errors.Join(forbidden(policy.Attendant), a.refusedPresence(ctx, window, by))
	case err != nil:
		return err
	}
	a.o.Heard(window)
	return nil
}

// MayFollow rules on seeing what is done in the window's sessions, live: the attendant's who is at the post. Errors: *policy.Denied.
func (a *Post) MayFollow(ctx context.Context, window string, by ledger.Actor) error {
	err := a.o.DB.Read(ctx, func(s *store.Snap) error { return a.mayBeat(s, window, by) })
	if errors.Is(err, errNotTheirs) {
		return forbidden(policy.Attendant)
	}
	return err
}

// mayBeat rules on a heartbeat. Errors: *policy.Denied, errNotTheirs.
func (a *Post) mayBeat(s *store.Snap, window string, by ledger.Actor) error {
	p, err := s.ActingPerson(by)
	if err != nil {
		return err
	}
	w, err := s.Window(window)
	if err != nil {
		return fmt.Errorf("window %q: %w", window, err)
	}
	switch {
	case w.Attendant != p.ID && usable(w.State):
		return errNotTheirs
	case !manned(w):
		return a.wrongState(w)
	}
	return a.over(w, s.Now)
}

// refusedPresence ledgers the first heartbeat of somebody on a window that is not theirs.
func (a *Post) refusedPresence(ctx context.Context, window string, by ledger.Actor) error {
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
	// Without the writer first: one who goes on beating must not hold others up.
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
