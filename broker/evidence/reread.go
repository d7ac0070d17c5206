package evidence

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
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
// alarm. Every pass that read something leaves an entry recordings.reread, which says how many held.
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

// passed is what one pass found; the payload of recordings.reread.
type passed struct {
	Read   int      `json:"read"`
	Bytes  int64    `json:"bytes"`
	Bad    []string `json:"bad"` // sessions
	Ledger int64    `json:"entries"`
}

// pass reads what is due.
func (k *Keeper) pass(ctx context.Context, pace func(io.Reader) io.Reader) error {
	sum := passed{Bad: []string{}}
	for next := int64(0); ; {
		due, after, err := k.due(ctx, next)
		if err != nil {
			if ctx.Err() == nil { // an entry that cannot be read hides the recordings that it and its successors name
				k.alarm(ctx, pinned{}, &BadError{Session: "ledger", Finding: Unproved, Entry: -1, Place: err})
			}
			return err
		}
		for _, session := range due {
			n, bad, err := k.rereadOne(ctx, session, pace)
			if err != nil {
				return fmt.Errorf("reread %s: %w", session, err)
			}
			sum.Read, sum.Bytes = sum.Read+1, sum.Bytes+n
			if bad != nil {
				sum.Bad = append(sum.Bad, session)
			}
		}
		if after < 0 {
			break
		}
		next = after
	}
	if sum.Read == 0 {
		return nil
	}
	return k.o.DB.Write(ctx, func(tx *store.Tx) (err error) {
		if sum.Ledger, err = tx.LedgerSize(); err != nil {
			return err
		}
		_, err = tx.Append(ledger.Draft{Kind: "recordings.reread", Actor: timer, Payload: sum})
		return err
	})
}

// due gives the sessions with a recording among the ends from entry next on that were not read for dueAfter, and where to
// go on; -1: nowhere. It goes by the ledger and not by the rows of sessions, from which one can be deleted.
func (k *Keeper) due(ctx context.Context, next int64) (due []string, after int64, err error) {
	after = -1
	err = k.o.DB.Read(ctx, func(s *store.Snap) error {
		for e, err := range s.Entries(store.EntryFilter{Kind: "session.ended", From: next, Limit: page}) {
			if err != nil {
				return err
			}
			after = e.Index + 1
			var said struct {
				Session   string             `json:"session_id"`
				Recording *recordings.Digest `json:"recording"`
			}
			if e.Disposed() || json.Unmarshal(e.Payload, &said) != nil || said.Recording == nil {
				continue
			}
			last := e.Time
			switch c, err := s.RecordingCheck(said.Session); {
			case err == nil && !c.At.After(s.Now): // a time to come was not noted by the broker
				last = c.At
			case err != nil && !errors.Is(err, store.ErrNotFound):
				return err
			}
			if s.Now.Sub(last) >= dueAfter {
				due = append(due, said.Session)
			}
		}
		return nil
	})
	return due, after, err
}

// rereadOne verifies one recording and notes that it did. An error is the caller's end, or the store's.
func (k *Keeper) rereadOne(ctx context.Context, session string, pace func(io.Reader) io.Reader) (int64, *BadError, error) {
	r, err := k.opened(ctx, session, pace)
	var bad *BadError
	switch {
	case errors.As(err, &bad):
	case errors.Is(err, ErrNone), errors.Is(err, store.ErrNotFound):
		// The ledger names a recording of a session whose row is gone or says that there is none.
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
