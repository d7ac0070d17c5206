package files

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"

	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// mostFetches bounds how often the fetching of one file may be begun: each try has its entries.
const mostFetches = 50

// Fetch is one fetching of a file from the outbox. It gives bytes until its end; End says whether the engineer has them.
//
// A file is fetched once: when one fetch has handed out everything from a place up to which earlier ones had come, and its client closed it in
// order. A fetch that breaks off leaves the file to be resumed or fetched anew. A file has one fetch at a time: a newer one breaks the older off.
type Fetch struct {
	File store.File
	d    *Desk
	by   ledger.Actor
	b    *blocks
	say  func(policy.Text) // to the engineer, beside the protocol; nil: they read nothing

	mu      sync.Mutex // guards what follows
	commits uint64     // of the store, when the right was looked at last
	pieces  []span     // handed out, merged, in order
	broken  bool
	over    bool // a newer fetch took its place
	changed bool // the kept contents were changed while they were sent
	ended   bool
}

type span struct{ from, to int64 }

// Fetch begins a fetch. The entry about it is committed when Fetch returns. Errors: *policy.Denied, which is ledgered; store.ErrNotFound, also
// for another engineer's file.
func (d *Desk) Fetch(ctx context.Context, id string, by ledger.Actor) (*Fetch, error) {
	f, err := d.mayFetch(ctx, id, by)
	if denied := (*policy.Denied)(nil); errors.As(err, &denied) {
		return nil, errors.Join(err, d.refused(ctx, "fetch file", id, denied, by))
	}
	if err != nil {
		return nil, err
	}
	b, err := d.g.verified(ctx, f)
	if denied := (*policy.Denied)(nil); errors.As(err, &denied) {
		return nil, errors.Join(err, d.refused(ctx, "fetch file", id, denied, by))
	}
	if err != nil {
		return nil, err
	}
	commits := d.db.Commits()
	err = d.db.Write(ctx, func(tx *store.Tx) error {
		if err := fetchable(tx.Snap, id, by, &f); err != nil {
			return err
		}
		if err := tx.FetchFile(id, true, 0); err != nil {
			return err
		}
		return fileEntry(tx, "file.fetch-begun", by, f, map[string]any{"sent": f.Sent})
	})
	if err != nil {
		b.close()
		return nil, err
	}
	got := &Fetch{File: f, d: d, by: by, b: b, commits: commits}
	d.g.fetches(got)
	return got, nil
}

// fetches makes this the only fetch of its file: an older one, which a lost connection may have left, is broken off. So a file cannot be had twice
// by two fetches at once.
func (g *Gate) fetches(f *Fetch) {
	g.mu.Lock()
	old := g.fetch[f.File.ID]
	g.fetch[f.File.ID] = f
	g.mu.Unlock()
	if old != nil {
		old.mu.Lock()
		defer old.mu.Unlock()
		old.over, old.broken = true, true
	}
}

// fetchEnds forgets a fetch.
func (g *Gate) fetchEnds(f *Fetch) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.fetch[f.File.ID] == f {
		delete(g.fetch, f.File.ID)
	}
}

func (d *Desk) mayFetch(ctx context.Context, id string, by ledger.Actor) (f store.File, err error) {
	err = d.db.Read(ctx, func(s *store.Snap) error { return fetchable(s, id, by, &f) })
	return f, err
}

// fetchable reads the file and asks the rule.
func fetchable(s *store.Snap, id string, by ledger.Actor, f *store.File) error {
	p, err := s.ActingPerson(by)
	if err != nil {
		return err
	}
	on, err := s.OnFile(id)
	if err != nil {
		return err
	}
	if on.File.Person != p.ID { // another's is as one that is not there
		return fmt.Errorf("file %q: %w", id, store.ErrNotFound)
	}
	*f = on.File
	if err := policy.MayFetchFile(p, on.Facts, s.Now).Err(); err != nil {
		return err
	}
	if on.File.Tries >= mostFetches {
		return &policy.Denied{Reason: policy.AlreadyDecided, Args: map[string]string{"request": id}}
	}
	return nil
}

// ReadAt implements io.ReaderAt. After each commit of the store the right is looked at again: a lock or a freeze ends a fetch under way.
func (f *Fetch) ReadAt(p []byte, at int64) (int, error) {
	if at < 0 { // the library passes an offset of 64 bits without a sign on as one with it
		return 0, os.ErrInvalid
	}
	if f.isOver() {
		return 0, errOver
	}
	if now := f.d.db.Commits(); f.stale(now) {
		if _, err := f.d.mayFetch(context.Background(), f.File.ID, f.by); err != nil {
			f.Broke()
			return 0, errOver
		}
		f.mu.Lock()
		f.commits = now
		f.mu.Unlock()
	}
	n, err := f.b.ReadAt(p, at)
	if isChanged(err) {
		f.foundChanged()
		return 0, err
	}
	if n > 0 {
		f.handed(at, at+int64(n))
	}
	return n, err
}

// foundChanged ends the fetch of contents that were changed since it began: no byte of what differs is handed out.
func (f *Fetch) foundChanged() {
	f.mu.Lock()
	first := !f.changed
	f.changed, f.broken = true, true
	f.mu.Unlock()
	if !first {
		return
	}
	f.d.g.o.Log.Error("kept_file_changed", "file", f.File.ID)
	f.d.g.alarm(f.File)
	if f.say != nil {
		f.say(saidOf(changedFile(f.File.ID)))
	}
}

var errOver = errors.New("the file can no longer be fetched")

func (f *Fetch) stale(now uint64) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.commits != now
}

// mostPieces bounds the pieces that do not touch. Clients ask for a few dozen at once, in order; one that asks for more gets bytes, and the
// fetch counts as broken off.
const mostPieces = 1024

// handed notes a piece.
func (f *Fetch) handed(from, to int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	at := slices.IndexFunc(f.pieces, func(s span) bool { return s.to >= from })
	if at < 0 {
		if len(f.pieces) >= mostPieces {
			f.broken = true
			return
		}
		f.pieces = append(f.pieces, span{from, to})
		return
	}
	for at < len(f.pieces) && f.pieces[at].from <= to {
		from, to = min(from, f.pieces[at].from), max(to, f.pieces[at].to)
		f.pieces = slices.Delete(f.pieces, at, at+1)
	}
	f.pieces = slices.Insert(f.pieces, at, span{from, to})
}

func (f *Fetch) isOver() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.over
}

// Broke notes that the transfer did not end in order.
func (f *Fetch) Broke() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.broken = true
}

// TransferError implements sftp.TransferError.
func (f *Fetch) TransferError(error) { f.Broke() }

// reached is how far from the beginning the engineer's copy may come, with the earlier fetches.
func (f *Fetch) reached() int64 {
	reached := f.File.Sent
	for _, s := range f.pieces {
		if s.from <= reached {
			reached = max(reached, s.to)
		}
	}
	return reached
}

// Close ends the fetch, with an entry: fetched, or broken off.
func (f *Fetch) Close() error {
	f.mu.Lock()
	ended, broken, changed, reached := f.ended, f.broken, f.changed, f.reached()
	f.ended = true
	f.mu.Unlock()
	if ended {
		return nil
	}
	f.b.close()
	f.d.g.fetchEnds(f)
	whole := !broken && reached >= f.File.Length
	ctx, cancel := context.WithTimeout(context.Background(), entryLimit)
	defer cancel()
	err := f.d.db.Write(ctx, func(tx *store.Tx) error {
		if whole {
			err := tx.EndFile(f.File.ID, policy.FileFetched, f.by.ID, "", "")
			if err == nil {
				return fileEntry(tx, "file.fetched", f.by, f.File, nil)
			}
			if !errors.Is(err, store.ErrNotFound) { // else rejected, or fetched by another connection meanwhile
				return err
			}
		}
		if err := tx.FetchFile(f.File.ID, false, reached); err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		more := map[string]any{"sent": reached}
		if changed {
			more["why"] = whyChanged
		}
		return fileEntry(tx, "file.fetch-broken", f.by, f.File, more)
	})
	if err != nil {
		f.d.g.o.Log.Error("fetch_not_ledgered", "file", f.File.ID, "error", err)
	}
	return err
}

var (
	_ io.ReaderAt = (*Fetch)(nil)
	_ io.Closer   = (*Fetch)(nil)
)
