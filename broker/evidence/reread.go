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

// The pace of re-reading. A recording is due three weeks after its last reading. That leaves more than a week to read it
// within a month; at the rate below that is enough for five terabytes.
const (
	dueAfter = 21 * 24 * time.Hour
	noted    = time.Hour // the longest reading without an entry about it
	rate     = 8 << 20   // bytes a second, in total
	slice    = 1 << 20   // bytes between two pauses
	page     = 256       // entries per snapshot
)

// Reread reads every sealed recording in the ledger that was not read for three weeks. It reads one at a time, at a bounded
// rate, on a thread of its own with the lowest priority for disk and processor that the system offers. It ends early with
// ctx. A finding raises an alarm. The readings are entered as recordings.reread, with their ranges and the faults found;
// those entries determine when the next reading is due.
func (k *Keeper) Reread(ctx context.Context) error {
	return k.idly(func() error { return k.pass(ctx, func(r io.Reader) io.Reader { return &slow{ctx: ctx, r: r} }) })
}

// idly runs a long reading at the lowest priority, and waits for it.
func (k *Keeper) idly(run func() error) error {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread's priority is lowered, and the thread ends with this goroutine
		if err := idlePriority(); err != nil {
			k.o.Log.Warn("reading_at_normal_priority", "error", err)
		}
		done <- run()
	}()
	return <-done
}

// passed sums up readings; it is the payload of recordings.reread.
type passed struct {
	Read   int        `json:"read"`
	Bytes  int64      `json:"bytes"`
	Bad    []string   `json:"bad"` // sessions
	Ledger int64      `json:"entries"`
	Ends   [][2]int64 `json:"ends"` // first and last session.ended entry of each range; every recording named by one in the range was read

	began time.Time
}

// sealed is a recording as the ledger names it.
type sealed struct {
	session string
	entry   int64
	after   int64 // the previous end that names a recording; -1: none
}

// pass reads the due recordings. The signed entries of earlier passes give the last readings.
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
			// A crash loses the note of at most an hour's readings, or some hundred; those are read again.
			if sum.Read >= page || k.o.Clock().Sub(sum.began) >= noted {
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

// note enters the readings, and starts a new sum.
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

// hidden raises the alarm about a ledger that cannot be searched: an unreadable entry hides its recording and those of later
// entries.
func (k *Keeper) hidden(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		k.alarm(ctx, pinned{}, &BadError{Session: "ledger", Finding: Unproved, Entry: -1, Place: err})
	}
	return err
}

// findEnds searches newly appended entries for ends of sessions, by their headers, because rows of sessions, the index and
// the column of kinds can be edited by hand.
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

// readLately returns the ranges read within dueAfter, from entries with a valid proof.
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
				continue // its recordings are read again, which does no harm
			}
			fresh = append(fresh, said.Ends...)
		}
		return nil
	})
	return fresh, err
}

// sealedBy returns the due recordings of ends: neither read nor sealed lately. before is the last examined end that names a
// recording.
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

// rereadOne verifies one recording. An error is the caller's end, or the store's.
func (k *Keeper) rereadOne(ctx context.Context, v sealed, pace func(io.Reader) io.Reader) (int64, *BadError, error) {
	session := v.session
	r, err := k.opened(ctx, session, v.entry, pace)
	var bad *BadError
	var gone *DisposedError
	switch {
	case errors.As(err, &bad):
	case errors.As(err, &gone): // nothing is left to be read; the ledger says why
	case errors.Is(err, ErrNone), errors.Is(err, store.ErrNotFound):
		// The ledger names a recording, but no trace of it is left.
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
	read int // since the last pause
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
