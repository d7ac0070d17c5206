package sealing

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"sekimori/broker/store"
	"sekimori/policy"
	"sekimori/recordings"
)

// WriteKeys makes the keys files beside the recordings say what the accesses say. It is a chore: after a crash it goes on where it was.
func (k *Keeper) WriteKeys(ctx context.Context) error {
	k.writing.Lock()
	defer k.writing.Unlock()
	var due []store.Access
	err := k.o.DB.Read(ctx, func(s *store.Snap) (err error) {
		due, err = s.UnwrittenAccesses()
		return err
	})
	if err != nil {
		return fmt.Errorf("read accesses: %w", err)
	}
	for _, a := range due {
		if err := k.writeAccess(ctx, a); err != nil {
			return fmt.Errorf("keys of access %s: %w", a.ID, err)
		}
	}
	return nil
}

// written counts what became of the keys files of one access.
type written struct {
	changed, unchanged, gone int
	failed                   []string
}

func (k *Keeper) writeAccess(ctx context.Context, a store.Access) error {
	var kept map[string]bool
	paths := make(map[string]string, len(a.Sessions))
	err := k.o.DB.Read(ctx, func(s *store.Snap) (err error) {
		if kept, err = keptBy(s, a); err != nil {
			return err
		}
		for _, id := range a.Sessions {
			row, err := s.Session(id)
			if err != nil {
				return fmt.Errorf("session %q: %w", id, err)
			}
			paths[id] = filepath.Join(k.o.Dir, filepath.FromSlash(filepath.Clean("/"+row.Recording)))
		}
		return nil
	})
	if err != nil {
		return err
	}
	var n written
	for _, session := range a.Sessions {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if kept[session] {
			n.unchanged++
			continue
		}
		change := recordings.Share
		if a.State == policy.AccessEnded {
			change = recordings.Unshare
		}
		switch changed, err := change(paths[session], k.o.FS, session, a.Recipient, k.o.Ring.ViewingIdentity()); {
		case errors.Is(err, fs.ErrNotExist):
			n.gone++
		case err != nil:
			k.o.Log.Error("keys_file_not_changed", "session", session, "access", a.ID, "error", err)
			n.failed = append(n.failed, session)
		case changed:
			n.changed++
		default:
			n.unchanged++
		}
	}
	return k.noteWritten(ctx, a, n)
}

// keptBy are the sessions that another access in force opens to the same key: the end of one does not take them away.
func keptBy(s *store.Snap, a store.Access) (map[string]bool, error) {
	kept := map[string]bool{}
	if a.State != policy.AccessEnded {
		return kept, nil
	}
	all, err := s.Accesses()
	for _, other := range all {
		if other.ID != a.ID && other.State == policy.AccessGiven && other.Recipient == a.Recipient {
			for _, id := range other.Sessions {
				kept[id] = true
			}
		}
	}
	return kept, err
}

func (k *Keeper) noteWritten(ctx context.Context, a store.Access, n written) error {
	return k.o.DB.Write(ctx, func(tx *store.Tx) error {
		now, err := tx.Access(a.ID)
		if err != nil {
			return err
		}
		if now.State != a.State || now.Written {
			return nil // it ended meanwhile; its end has its own turn
		}
		now.Written = true
		if err := tx.PutAccess(now); err != nil {
			return fmt.Errorf("store access: %w", err)
		}
		payload := map[string]any{"access": a.ID, "written": n.changed, "unchanged": n.unchanged}
		if len(n.failed) > 0 {
			payload["failed"] = n.failed
		}
		if n.gone > 0 {
			payload["gone"] = n.gone
		}
		return entry(tx, "recording.access-written", timer, []string{a.ID}, payload, nil)
	})
}
