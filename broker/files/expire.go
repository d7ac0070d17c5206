package files

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"sekimori/broker/store"
	"sekimori/policy"
)

// Expire ends the files whose time to be approved, delivered or fetched is over, with an entry each. Then it removes contents whose time of
// keeping is over: that of their system's rule, or asRecordings. The rows of the files and their entries stay.
func (g *Gate) Expire(ctx context.Context, asRecordings time.Duration) error {
	var over []store.File
	err := g.o.DB.Read(ctx, func(s *store.Snap) (err error) {
		over, err = s.Files(store.FileFilter{Until: s.Now, States: []policy.FileState{policy.FileHeld, policy.FileWaitFirst, policy.FileWaitSecond, policy.FileApproved, policy.FileDelivering}})
		return err
	})
	if err != nil {
		return err
	}
	for _, f := range over {
		if !g.claim(f.ID) { // it is being delivered
			continue
		}
		err := g.lapse(ctx, f)
		g.unclaim(f.ID)
		if err != nil {
			return err
		}
	}
	return g.dispose(ctx, asRecordings)
}

// lapse ends one file. One that was fetched or decided meanwhile stays as it is.
func (g *Gate) lapse(ctx context.Context, f store.File) error {
	err := g.o.DB.Write(ctx, func(tx *store.Tx) error {
		if err := tx.EndFile(f.ID, policy.FileExpired, "", f.Why, ""); err != nil {
			return err
		}
		return fileEntry(tx, "file.expired", timer, f, map[string]any{"before": string(f.State)})
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}

// mostDisposed bounds the files whose contents are removed in one run of the chore; the rest follow in the next.
const mostDisposed = 500

// dispose removes the contents of files that ended long enough ago and whose session is not held. The entry is committed before the contents
// go: a broker that stops in between removes them at its next start.
func (g *Gate) dispose(ctx context.Context, asRecordings time.Duration) error {
	var kept []store.File
	err := g.o.DB.Read(ctx, func(s *store.Snap) (err error) {
		kept, err = s.Files(store.FileFilter{Kept: true})
		return err
	})
	if err != nil {
		return err
	}
	for _, f := range g.staying() {
		err = errors.Join(err, g.removeKept(f))
	}
	done := 0
	for i := len(kept) - 1; i >= 0 && done < mostDisposed && ctx.Err() == nil; i-- { // the oldest first
		gone, e := g.disposeOne(ctx, kept[i], asRecordings)
		if gone {
			done++
		}
		if e != nil { // one file keeps no other from its end
			err = errors.Join(err, fmt.Errorf("%s: %w", kept[i].ID, e))
		}
	}
	return err
}

// staying are the files whose contents could not be removed so far.
func (g *Gate) staying() []store.File {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Collect(maps.Values(g.stays))
}

func (g *Gate) disposeOne(ctx context.Context, f store.File, asRecordings time.Duration) (gone bool, err error) {
	var keep time.Duration
	may := func(s *store.Snap) (bool, error) {
		sys, err := s.System(f.System)
		if err != nil {
			return false, fmt.Errorf("system of file %s: %w", f.ID, err)
		}
		keep = sys.KeepsFiles(asRecordings)
		held, err := s.Held(f.Session)
		return err == nil && policy.MayDisposeFile(f.State, f.EndedAt, keep, held, s.Now), err
	}
	if err := g.o.DB.Read(ctx, func(s *store.Snap) (err error) { gone, err = may(s); return err }); err != nil || !gone {
		return false, err
	}
	err = g.o.DB.Write(ctx, func(tx *store.Tx) error {
		if gone, err = may(tx.Snap); err != nil || !gone { // a hold may have come in between
			return err
		}
		if err := tx.DisposeFile(f.ID); err != nil {
			return fmt.Errorf("dispose of file %s: %w", f.ID, err)
		}
		return fileEntry(tx, "file.disposed", timer, f, map[string]any{"kept": f.Kept, "days": int(keep / (24 * time.Hour))})
	})
	if err != nil || !gone {
		return false, err
	}
	return true, g.removeKept(f)
}

// removeKept removes the contents of a file. Those that are gone already are no error. What cannot be removed is tried again with the next run of
// the chore.
func (g *Gate) removeKept(f store.File) (err error) {
	for _, name := range f.Kept {
		if e := os.Remove(filepath.Join(g.directory(f.Direction), filepath.Base(name))); e != nil && !errors.Is(e, os.ErrNotExist) {
			err = errors.Join(err, e)
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if err == nil {
		delete(g.stays, f.ID)
		return nil
	}
	g.stays[f.ID] = f
	return fmt.Errorf("remove disposed contents: %w", err)
}
