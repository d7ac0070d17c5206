package disposal

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strings"

	"sekimori/broker/store"
	"sekimori/recordings/archive"
)

// Resume ends the disposals that were ordered and are not proved done: those that a stop broke off, and those whose files could not be
// removed.
func (a *Archive) Resume(ctx context.Context) error {
	var open []store.Disposal
	err := a.o.DB.Read(ctx, func(s *store.Snap) (err error) { open, err = s.OpenDisposals(); return err })
	for _, d := range open {
		if ctx.Err() != nil {
			return err
		}
		if e := a.Remove(ctx, d.Session); e != nil {
			err = errors.Join(err, fmt.Errorf("dispose of the recording of %s: %w", d.Session, e))
		}
	}
	return err
}

// Remove carries out an ordered disposal and writes its receipt once all is proved gone. One that is done already is no error.
func (a *Archive) Remove(ctx context.Context, session string) error {
	select {
	case a.turn <- struct{}{}:
		defer func() { <-a.turn }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	var order store.Disposal
	var v store.Session
	err := a.o.DB.Read(ctx, func(s *store.Snap) (err error) {
		if order, err = s.Disposal(session); err == nil {
			v, err = s.Session(session)
		}
		return err
	})
	if err != nil || !order.Done.IsZero() {
		return err
	}
	// A part that cannot be removed does not stop the removal of the others: text in an index goes even where the recording stays for now.
	_, err = archive.Remove(a.o.FS, a.o.Dir, v.Recording)
	for _, forget := range a.o.Forget {
		if e := forget(ctx, session); e != nil {
			err = errors.Join(err, fmt.Errorf("remove what was derived from it: %w", e))
		}
	}
	if err != nil {
		return err
	}
	err = a.o.DB.Write(ctx, func(tx *store.Tx) error {
		if err := tx.EndDisposal(session); err != nil {
			return err
		}
		// The files that the order named are gone: archive.Remove has read the directory back.
		return receiptEntry(tx, "recording.disposed", timer, v, map[string]any{"days": order.Days, "files": order.Names, "by": order.By, "ordered_at": order.At, "checked_at": tx.Now})
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil // it was ended meanwhile
	}
	if err == nil {
		a.o.Log.Info("recording_disposed", "session", session, "days", order.Days)
	}
	return err
}

// sweep removes files that lie beside recordings which are disposed of: the maker of a derived file was stopped between putting it there and noticing
// that the recording had gone.
func (a *Archive) sweep(ctx context.Context) error {
	files, err := archive.Orphans(a.o.FS, a.o.Dir)
	if err != nil {
		return fmt.Errorf("files beside recordings that are gone: %w", err)
	}
	for _, file := range files {
		if ctx.Err() != nil {
			return err
		}
		session, done := strings.TrimSuffix(path.Base(file), ".skr"), false
		e := a.o.DB.Read(ctx, func(s *store.Snap) (err error) { done, err = Done(s, session); return err })
		if e != nil || !done { // without a receipt a missing recording is a finding, and nothing beside it is touched
			err = errors.Join(err, e)
			continue
		}
		names, e := archive.Remove(a.o.FS, a.o.Dir, file)
		if e != nil {
			err = errors.Join(err, fmt.Errorf("files beside the disposed recording of %s: %w", session, e))
			continue
		}
		a.o.Log.Warn("files_beside_a_disposed_recording_removed", "session", session, "files", names)
	}
	return err
}
