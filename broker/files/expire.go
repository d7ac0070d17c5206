package files

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// disposedPayload is the entry about contents whose time is over.
type disposedPayload struct {
	Kept []string `json:"kept"` // their names in the directories held and outbox
}

// Expire ends the files whose time to be approved, delivered or fetched is over, with an entry each. Then it removes contents that are older
// than keep, with one entry that names them. The rows of the files and their entries stay.
func (g *Gate) Expire(ctx context.Context, keep time.Duration) error {
	var now time.Time
	var over []store.File
	open := map[string]bool{}
	err := g.o.DB.Read(ctx, func(s *store.Snap) (err error) {
		now = s.Now
		states := []policy.FileState{policy.FileHeld, policy.FileWaitFirst, policy.FileWaitSecond, policy.FileApproved}
		all, err := s.Files(store.FileFilter{States: states})
		for _, f := range all {
			if !now.Before(f.Until) {
				over = append(over, f)
			}
			for _, name := range f.Kept {
				open[name] = true
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	for _, f := range over {
		if err := g.lapse(ctx, f); err != nil {
			return err
		}
	}
	return g.dispose(ctx, now, keep, open)
}

// lapse ends one file. One that was fetched or decided meanwhile stays as it is.
func (g *Gate) lapse(ctx context.Context, f store.File) error {
	err := g.o.DB.Write(ctx, func(tx *store.Tx) error {
		if err := tx.EndFile(f.ID, policy.FileExpired, "", "", ""); err != nil {
			return err
		}
		return fileEntry(tx, "file.expired", ledger.Actor{Kind: "broker", Via: "timer"}, f, map[string]any{"before": string(f.State)})
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}

func (g *Gate) dispose(ctx context.Context, now time.Time, keep time.Duration, open map[string]bool) error {
	const atOnce = 500
	body := disposedPayload{}
	var paths []string
	for _, dir := range []string{g.o.Dir, g.o.Outbox} {
		all, err := os.ReadDir(dir)
		if err != nil {
			return fmt.Errorf("kept contents: %w", err)
		}
		for _, e := range all {
			info, err := e.Info()
			if err != nil || keep <= 0 || now.Sub(info.ModTime()) < keep || len(body.Kept) == atOnce || open[e.Name()] {
				continue
			}
			body.Kept, paths = append(body.Kept, e.Name()), append(paths, filepath.Join(dir, e.Name()))
		}
	}
	if len(body.Kept) == 0 {
		return nil
	}
	err := g.o.DB.Write(ctx, func(tx *store.Tx) error {
		_, err := tx.Append(ledger.Draft{Kind: "file.disposed", Actor: ledger.Actor{Kind: "broker", Via: "timer"}, Payload: body})
		return err
	})
	if err != nil {
		return err
	}
	for _, path := range paths { // one that stays is named again at the next time
		if e := os.Remove(path); e != nil && !errors.Is(e, os.ErrNotExist) {
			err = errors.Join(err, e)
		}
	}
	return err
}
