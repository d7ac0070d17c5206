package files

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// Reconcile notes what a broker left unfinished when it was stopped. The start calls it before the first session.
//
// A delivery whose end was not seen is marked; the target is asked in the engineer's next session there. A fetch under way counts as broken
// off. Contents without a row belong to a file that was still coming: it gets row and entry. Contents that were to be removed are.
func (g *Gate) Reconcile(ctx context.Context) error {
	var all []store.File
	err := g.o.DB.Read(ctx, func(s *store.Snap) (err error) {
		all, err = s.Files(store.FileFilter{})
		return err
	})
	if err != nil {
		return err
	}
	known := map[string]map[string]bool{policy.FilesIn: {}, policy.FilesOut: {}}
	for _, f := range all {
		for _, name := range f.Kept {
			known[f.Direction][name] = true
		}
		switch {
		case f.State == policy.FileDelivering && f.Why != whyUnseen:
			err = g.doubt(ctx, timer, f)
		case f.State == policy.FileApproved && f.Fetching > 0:
			err = g.fetchStopped(ctx, f)
		case !f.Disposed.IsZero():
			if e := g.removeKept(f); e != nil { // the chore tries again; no one's work waits for it
				g.o.Log.Error("disposed_contents_stay", "file", f.ID, "error", e)
			}
		}
		if err != nil {
			return fmt.Errorf("file %s: %w", f.ID, err)
		}
	}
	for direction, names := range known {
		if err := g.adopt(ctx, direction, names); err != nil {
			return err
		}
	}
	return nil
}

// fetchStopped ends the fetches that were under way.
func (g *Gate) fetchStopped(ctx context.Context, f store.File) error {
	return g.o.DB.Write(ctx, func(tx *store.Tx) error {
		for range f.Fetching {
			if err := tx.FetchFile(f.ID, false, 0); err != nil {
				return err
			}
			if err := fileEntry(tx, "file.fetch-broken", timer, f, map[string]any{"sent": f.Sent, "why": whyStopped}); err != nil {
				return err
			}
		}
		return nil
	})
}

// adopt gives a row and an entry to the files whose contents lie in a directory without one. Names that are no number of a session's file are
// left alone, and so are contents of a file whose entries say what became of it.
func (g *Gate) adopt(ctx context.Context, direction string, known map[string]bool) error {
	dir, err := os.ReadDir(g.directory(direction))
	if err != nil {
		return fmt.Errorf("kept contents: %w", err)
	}
	left := map[string][]string{} // by number of the file
	for _, e := range dir {
		if number, _, _ := strings.Cut(e.Name(), "."); !known[e.Name()] {
			left[number] = append(left[number], e.Name())
		}
	}
	for number, names := range left {
		slices.Sort(names)
		switch err := g.adoptOne(ctx, direction, number, names); {
		case errors.Is(err, store.ErrNotFound):
			g.o.Log.Warn("foreign_file", "directory", g.directory(direction), "name", number)
		case err != nil:
			return err
		}
	}
	return nil
}

func (g *Gate) adoptOne(ctx context.Context, direction, number string, names []string) error {
	return g.o.DB.Write(ctx, func(tx *store.Tx) error {
		session := number[:max(strings.LastIndexByte(number, '-'), 0)]
		at, err := tx.Session(session)
		if err != nil {
			return err
		}
		if known, err := tx.File(number); err == nil { // a further copy that the inspectors made of a file with a row
			for _, name := range names {
				_ = os.Remove(filepath.Join(g.directory(known.Direction), name))
			}
			return nil
		}
		switch first, err := entryAtFirst(tx.Snap, number); {
		case err != nil:
			return err
		case first.File != "": // it came before files had rows, and its entries say what became of it
			return fmt.Errorf("row of %s: %w", number, store.ErrNotFound)
		}
		var size int64
		for _, name := range names {
			if info, err := os.Lstat(filepath.Join(g.directory(direction), name)); err == nil {
				size = max(size, info.Size())
			}
		}
		_, login, _ := strings.Cut(at.Account, "/")
		p := Passage{Session: at.ID, Window: at.Window, Grant: at.Grant, Request: at.Request, System: at.System, Target: at.Target, Account: login, Vendor: at.Vendor, Person: at.Person}
		f := p.row(number, direction, "")
		f.Kept, f.Content, f.State, f.Why, f.Size = names, names[0], policy.FileHalted, whyStopped, size
		if err := tx.AddFile(f); err != nil {
			return fmt.Errorf("store file %s: %w", number, err)
		}
		body := payloadOf(f, at.ID)
		body.Why = whyStopped
		_, err = tx.Append(ledger.Draft{Kind: "file.stopped", Actor: timer, Subjects: []string{f.ID, f.Session, f.Person, f.Request, f.System}, Payload: body})
		return err
	})
}
