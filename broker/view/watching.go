package view

import (
	"context"
	"errors"
	"time"

	"sekimori/broker/store"
	"sekimori/policy"
	"sekimori/recordings"
	"sekimori/recordings/live"
)

// Watching is one person's look at a live session, from its entry in the ledger to the entry about its end. It is for one goroutine.
type Watching struct {
	Session string
	Created time.Time      // when the session was admitted
	Look    policy.Attempt // the look that policy allowed; ShownUntil checks it again

	v      *Views
	by     Reader
	why    Why
	frames *live.Watcher
	leave  func()
}

// Watch begins to watch a live session. The entry about the look is committed before Watch returns, and the engineer is told how many
// people watch. The caller must call End. Errors: *policy.Denied, ledgered; store.ErrNotFound, store.ErrNotLive.
func (v *Views) Watch(ctx context.Context, by Reader, id string, why Why) (*Watching, error) {
	w := &Watching{Session: id, Look: policy.Attempt{Act: policy.ActWatch, Session: id, Purpose: why.Purpose}, v: v, by: by, why: why}
	if _, err := v.May(ctx, by, w.Look, "session"); err != nil {
		return nil, err
	}
	w.Look.Person, w.Look.Key, w.Look.Factor = by.ID, true, true
	var err error
	if err = v.o.DB.Read(ctx, func(s *store.Snap) error {
		row, err := s.Session(id)
		w.Created = row.Created
		return err
	}); err != nil {
		return nil, err
	}
	// Joining first shows whether there is anything to watch; nothing is given out before the entry.
	if w.frames, w.leave, err = v.o.Sessions.Watch(id); err != nil {
		return nil, err
	}
	if err := v.Looked(ctx, by, "session.watched", []string{id, by.ID}, why.Payload(nil)); err != nil {
		w.leave()
		return nil, err
	}
	return w, nil
}

// Next waits for the next frame. io.EOF: the session is over.
func (w *Watching) Next(ctx context.Context) (live.Frame, error) { return w.frames.Next(ctx) }

// Ready gives the next frame if there is one already.
func (w *Watching) Ready() (live.Frame, bool) { return w.frames.Ready() }

// End stops the watching and ledgers that, also where the watcher has gone and ctx is over. The engineer is told.
func (w *Watching) End(ctx context.Context) error {
	w.leave()
	return w.v.Looked(context.WithoutCancel(ctx), w.by, "session.watch-ended", []string{w.Session, w.by.ID}, w.why.Payload(nil))
}

// Encoding is the encoding of the output of a session's target.
func (v *Views) Encoding(ctx context.Context, session string) (recordings.Encoding, error) {
	var name string
	err := v.o.DB.Read(ctx, func(s *store.Snap) error {
		r, err := s.Session(session)
		if err != nil {
			return err
		}
		t, err := s.Target(r.Target)
		if errors.Is(err, store.ErrNotFound) { // the target is no longer in the registry
			return nil
		}
		name = t.Encoding
		return err
	})
	if err != nil || name == "" {
		return recordings.UTF8, err
	}
	return recordings.ParseEncoding(name)
}
