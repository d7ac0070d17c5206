package evidence

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"time"

	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/recordings"
)

// The pace of re-reading. A recording is due three weeks after it was last read, which leaves more than a week to get
// round to it within a month: at the rate below that is five terabytes.
const (
	dueAfter = 21 * 24 * time.Hour
	passes   = time.Hour // between two looks for what is due
	rate     = 8 << 20   // bytes a second, over all
	slice    = 1 << 20   // read between two rests
	page     = 256       // entries looked at in one snapshot
)

// Reread reads again, until ctx ends, every sealed recording that the ledger knows and that was not read for three weeks:
// one at a time, at a bounded rate, at the lowest priority for disk and processor that the system offers. A finding is an
// alarm. What was read leaves an entry recordings.reread, which says which and how many held; the next reading is due by that.
func (k *Keeper) Reread(ctx context.Context) {
	runtime.LockOSThread() // never unlocked: the thread's priority is lowered, and it ends with this goroutine
	if err := idlePriority(); err != nil {
		k.o.Log.Warn("rereading_at_normal_priority", "error", err)
	}
	tick := time.NewTicker(passes)
	defer tick.Stop()
	for {
		if err := k.pass(ctx, func(r io.Reader) io.Reader { return &slow{ctx: ctx, r: r} }); err != nil && ctx.Err() == nil {
			k.o.Log.Error("rereading_failed", "error", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// passed is what was read; the payload of recordings.reread.
type passed struct {
	Read   int        `json:"read"`
	Bytes  int64      `json:"bytes"`
	Bad    []string   `json:"bad"` // sessions
	Ledger int64      `json:"entries"`
	Ends   [][2]int64 `json:"ends"` // first and last entry session.ended of each stretch; every recording that one in between names was read

	began time.Time
}

// sealed is a recording as the ledger has it.
type sealed struct {
	session string
	entry   int64
	after   int64 // the end before it that names a recording; -1: none
}

// pass reads what is due. When it was read last, the entries of earlier passes say, which are signed.
func (k *Keeper) pass(ctx context.Context, pace func(io.Reader) io.Reader) error {
	err := k.findEnds(ctx)
	var fresh [][2]int64
	if err == nil {
		fresh, err = k.readLately(ctx)
	}
	if err != nil {
		return k.hidden(ctx, err)
	}
	sum, before := passed{Bad: []string{}, began: k.o.Clock()}, int64(-1)
	for rest := k.ends; len(rest) > 0; {
		n := min(page, len(rest))
		all, err := k.sealedBy(ctx, rest[:n], fresh, &before)
		if err != nil {
			return errors.Join(k.hidden(ctx, err), k.note(ctx, &sum))
		}
		for _, v := range all {
			size, bad, err := k.rereadOne(ctx, v, pace)
			if err != nil {
				return errors.Join(fmt.Errorf("reread %s: %w", v.session, err), k.note(ctx, &sum))
			}
			sum.take(v, size, bad)
			// Recordings that a crash forgets are read again: an hour's worth, or some hundred.
			if sum.Read >= page || k.o.Clock().Sub(sum.began) >= passes {
				if err := k.note(ctx, &sum); err != nil {
					return err
				}
			}
		}
		rest = rest[n:]
	}
	return k.note(ctx, &sum)
}

func (p *passed) take(v sealed, size int64, bad *BadError) {
	p.Read, p.Bytes = p.Read+1, p.Bytes+size
	if bad != nil {
		p.Bad = append(p.Bad, v.session)
	}
	if n := len(p.Ends); n > 0 && p.Ends[n-1][1] == v.after {
		p.Ends[n-1][1] = v.entry
		return
	}
	p.Ends = append(p.Ends, [2]int64{v.entry, v.entry})
}

// note writes what was read, and begins anew.
func (k *Keeper) note(ctx context.Context, sum *passed) error {
	if sum.Read == 0 || ctx.Err() != nil {
		return nil
	}
	err := k.o.DB.Write(ctx, func(tx *store.Tx) (err error) {
		if sum.Ledger, err = tx.LedgerSize(); err != nil {
			return err
		}
		_, err = tx.Append(ledger.Draft{Kind: kindReread, Actor: timer, Payload: sum})
		return err
	})
	*sum = passed{Bad: []string{}, began: k.o.Clock()}
	return err
}

const kindReread = "recordings.reread"

// hidden raises the alarm about a ledger that cannot be searched: an entry that cannot be read hides the recordings that it and its
// successors name.
func (k *Keeper) hidden(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		k.alarm(ctx, pinned{}, &BadError{Session: "ledger", Finding: Unproved, Entry: -1, Place: err})
	}
	return err
}

// findEnds searches what was appended for ends of sessions, by the headers: rows of sessions, the index and the column of kinds
// can be edited by hand.
func (k *Keeper) findEnds(ctx context.Context) error {
	for more := true; more; {
		err := k.o.DB.Read(ctx, func(s *store.Snap) error {
			size, err := s.LedgerSize()
			if err != nil {
				return err
			}
			to := min(k.scanned+searched, size)
			if to < k.scanned {
				return fmt.Errorf("%d entries, and there were %d", size, k.scanned)
			}
			found, err := s.ScanKind(k.scanned, to, "session.ended")
			if err != nil {
				return err
			}
			k.ends, k.scanned, more = append(k.ends, found...), to, to < size
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// readLately are the stretches that were read within dueAfter, by the entries about it that prove.
func (k *Keeper) readLately(ctx context.Context) (fresh [][2]int64, err error) {
	err = k.o.DB.Read(ctx, func(s *store.Snap) error {
		for e, err := range s.Entries(store.EntryFilter{Kind: kindReread, Newest: true}) {
			if err != nil {
				return err
			}
			if s.Now.Sub(e.Time) >= dueAfter {
				return nil
			}
			var said passed
			if e.Kind != kindReread || e.Actor.Kind != timer.Kind || e.Disposed() || json.Unmarshal(e.Payload, &said) != nil || s.Prove(e) != nil {
				continue // what it says is read again, which does no harm
			}
			fresh = append(fresh, said.Ends...)
		}
		return nil
	})
	return fresh, err
}

// sealedBy gives the recordings that ends name and that are due: neither read nor sealed lately. before is the last end, of those
// looked at, that names a recording.
func (k *Keeper) sealedBy(ctx context.Context, ends []int64, fresh [][2]int64, before *int64) (due []sealed, err error) {
	err = k.o.DB.Read(ctx, func(s *store.Snap) error {
		for _, i := range ends {
			e, err := s.Entry(i)
			if err != nil {
				return fmt.Errorf("entry %d: %w", i, err)
			}
			var said struct {
				Session   string             `json:"session_id"`
				Recording *recordings.Digest `json:"recording"`
			}
			if e.Disposed() || json.Unmarshal(e.Payload, &said) != nil || said.Recording == nil {
				continue
			}
			v := sealed{session: said.Session, entry: i, after: *before}
			*before = i
			read := slices.ContainsFunc(fresh, func(f [2]int64) bool { return f[0] <= i && i <= f[1] })
			if !read && s.Now.Sub(e.Time) >= dueAfter {
				due = append(due, v)
			}
		}
		return nil
	})
	return due, err
}

// rereadOne verifies one recording and notes that it did. An error is the caller's end, or the store's.
func (k *Keeper) rereadOne(ctx context.Context, v sealed, pace func(io.Reader) io.Reader) (int64, *BadError, error) {
	session := v.session
	r, err := k.opened(ctx, session, v.entry, pace)
	var bad *BadError
	switch {
	case errors.As(err, &bad):
	case errors.Is(err, ErrNone), errors.Is(err, store.ErrNotFound):
		// The ledger names a recording, and nothing of it is left.
		bad = &BadError{Session: session, Finding: Missing, Entry: -1}
		k.alarm(ctx, pinned{session: session}, bad)
	case err != nil:
		return 0, nil, err
	default:
		bad = r.Bad
		if err := r.Close(); err != nil {
			return 0, nil, err
		}
	}
	finding, size := "", int64(0)
	if bad != nil {
		finding = string(bad.Finding)
	}
	if r != nil {
		size = r.Digest.Size
	}
	return size, bad, k.o.DB.Keep(ctx, store.KeepRecordingCheck, func(t *store.KeepTx) error {
		return t.NoteRecordingCheck(session, finding)
	})
}

// slow bounds the rate at which a file is read.
type slow struct {
	ctx  context.Context
	r    io.Reader
	read int // since the last rest
}

func (s *slow) Read(b []byte) (int, error) {
	if s.read >= slice {
		rest := time.NewTimer(time.Second * time.Duration(s.read) / rate)
		defer rest.Stop()
		s.read = 0
		select {
		case <-rest.C:
		case <-s.ctx.Done():
			return 0, context.Cause(s.ctx)
		}
	}
	n, err := s.r.Read(b)
	s.read += n
	return n, err
}
