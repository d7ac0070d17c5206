package evidence

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"filippo.io/age"

	"sekimori/broker/store"
	"sekimori/recordings"
	"sekimori/recordings/index"
)

// newest is the number of sessions that MakeIndexes looks at. The index of an older one is made when a person opens it.
const newest = 200

// Reading gives the way in which a session's recording, which began at started, is shown.
type Reading func(ctx context.Context, session string, started time.Time) (recordings.View, error)

// MakeIndexes makes the indexes of recordings of the newest sessions that have none, one at a time, at idle priority. view gives the way to read a
// session's text; it gets the recording's start. A recording that does not hold raises its alarm; it and one that can have no index are not tried again by this process.
// A recording that is gone is left to Reread.
func (k *Keeper) MakeIndexes(ctx context.Context, view Reading, identities ...age.Identity) error {
	var ended []store.Session
	err := k.o.DB.Read(ctx, func(s *store.Snap) error {
		for e, err := range s.Entries(store.EntryFilter{Kind: "session.ended", Newest: true, Limit: newest}) {
			if err != nil {
				return err
			}
			if len(e.Subjects) == 0 {
				continue
			}
			one, err := s.Session(e.Subjects[0])
			switch {
			case errors.Is(err, store.ErrNotFound) || err == nil && (one.Recording == "" || one.State != store.SessionEnded):
			case err != nil:
				return err
			default:
				ended = append(ended, one)
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("find recordings without an index: %w", err)
	}
	var failed error
	for _, one := range ended {
		if ctx.Err() != nil {
			return nil
		}
		if k.unindexable[one.ID] || !k.lacksIndex(one.Recording) {
			continue
		}
		err := k.idly(func() error { return k.indexOne(ctx, one.ID, view, identities) })
		if err != nil && ctx.Err() == nil {
			k.unindexable[one.ID] = true
			failed = errors.Join(failed, err)
		}
	}
	return failed
}

func (k *Keeper) lacksIndex(file string) bool {
	if _, err := os.Lstat(k.path(file)); err != nil {
		return false
	}
	_, err := os.Lstat(k.path(file) + index.Suffix)
	return err != nil
}

// indexOne makes one index. A finding was alarmed, and is no error of the chore.
func (k *Keeper) indexOne(ctx context.Context, session string, view Reading, identities []age.Identity) error {
	r, err := k.opened(ctx, session, -1, func(r io.Reader) io.Reader { return &slow{ctx: ctx, r: r} })
	var bad *BadError
	if errors.As(err, &bad) || errors.Is(err, ErrNone) {
		k.unindexable[session] = true
		return nil
	}
	if err != nil {
		return err
	}
	defer r.Close()
	started, err := r.Started(identities...)
	if err != nil {
		return err
	}
	v, err := view(ctx, session, started)
	if err != nil {
		return err
	}
	i, err := r.Index(ctx, v, identities...)
	if errors.Is(err, ErrNoIndex) || errors.As(err, &bad) {
		k.unindexable[session] = true
		return nil
	}
	if err != nil {
		return err
	}
	return i.Close()
}
