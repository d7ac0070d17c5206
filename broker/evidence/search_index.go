package evidence

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"sekimori/broker/store"
	"sekimori/recordings"
)

// tryAgain is the time after which a recording that could not be indexed is tried again.
const tryAgain = 24 * time.Hour

// IndexSealed adds the text of sealed recordings to the index for searches, newest first, and takes out what has no recording any longer. A
// recording is compared with the ledger before it is read, and once more after; one that does not hold is not indexed, and has its alarm.
// Live sessions are left alone: their recordings are not sealed. It reads at the lowest priority and at a bounded rate, and ends early with
// ctx.
func (k *Keeper) IndexSealed(ctx context.Context) error {
	if k.o.Index == nil {
		return nil
	}
	return k.idly(func() error { return k.indexSealed(ctx, func(r io.Reader) io.Reader { return &slow{ctx: ctx, r: r} }) })
}

// Unindexable is the number of sealed recordings that could not be indexed when that was last tried.
func (k *Keeper) Unindexable() int { return int(k.failed.Load()) }

func (k *Keeper) indexSealed(ctx context.Context, pace func(io.Reader) io.Reader) error {
	if err := k.forgetGone(ctx); err != nil {
		return err
	}
	behind := store.SealedPlace{}
	for {
		list, err := k.sealedBehind(ctx, behind)
		if err != nil || len(list) == 0 {
			return err
		}
		for _, s := range list {
			if k.o.Room != nil && !k.o.Room() {
				return nil // recordings and the ledger need what is left
			}
			if err := k.indexText(ctx, s, pace); err != nil {
				return err
			}
		}
		behind = placeOf(list[len(list)-1])
	}
}

func placeOf(s store.Session) store.SealedPlace {
	return store.SealedPlace{Created: s.Created, ID: s.ID}
}

func (k *Keeper) sealedBehind(ctx context.Context, behind store.SealedPlace) (list []store.Session, err error) {
	err = k.o.DB.Read(ctx, func(s *store.Snap) (err error) {
		list, err = s.Sealed(store.SessionFilter{Limit: page}, behind)
		return err
	})
	return list, err
}

// indexText indexes a session that is not indexed. An error is the caller's end, or the store's.
func (k *Keeper) indexText(ctx context.Context, s store.Session, pace func(io.Reader) io.Reader) error {
	if k.o.Index.Holds(s.ID) {
		return nil
	}
	if at, tried := k.unindexed[s.ID]; tried && k.o.Clock().Sub(at) < tryAgain {
		return nil
	}
	err := k.addText(ctx, s, pace)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	defer func() { k.failed.Store(int64(len(k.unindexed))) }()
	if err != nil {
		k.unindexed[s.ID] = k.o.Clock()
		k.o.Log.Warn("recording_not_indexed", "session", s.ID, "error", err)
		return nil
	}
	delete(k.unindexed, s.ID)
	return nil
}

func (k *Keeper) addText(ctx context.Context, s store.Session, pace func(io.Reader) io.Reader) error {
	held, r, v, err := k.sealedOutput(ctx, s, pace)
	if err != nil {
		return err
	}
	defer held.Close()
	defer r.Close()
	built, err := k.o.Index.Build(ctx, s.ID, recordings.TextLines(ctx, r, v))
	if err != nil {
		return err
	}
	if gone := k.disposedNow(ctx, held.p); gone != nil { // its text was removed before this was put there
		return errors.Join(gone, k.o.Index.Forget(s.ID))
	}
	if built.Cut { // the rest was not read, so there is no digest of the whole: the file was compared before
		k.o.Log.Info("recording_indexed_in_part", "session", s.ID, "bytes", built.Bytes)
		return nil
	}
	if err := held.Confirm(ctx, r.Digest()); err != nil {
		return errors.Join(err, k.o.Index.Forget(s.ID))
	}
	return nil
}

// encoding is that of a target's output; UTF-8 where the target is no longer in the registry.
func (k *Keeper) encoding(ctx context.Context, target string) (e recordings.Encoding, err error) {
	err = k.o.DB.Read(ctx, func(s *store.Snap) error {
		t, err := s.Target(target)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err == nil {
			e, err = recordings.ParseEncoding(t.Encoding)
		}
		return err
	})
	return e, err
}

// forgetGone takes sessions out of the index whose recording is no longer on the disk.
func (k *Keeper) forgetGone(ctx context.Context) error {
	for _, id := range k.o.Index.Sessions() {
		var row store.Session
		err := k.o.DB.Read(ctx, func(s *store.Snap) (err error) { row, err = s.Session(id); return err })
		if err == nil && row.Recording != "" {
			_, err = os.Lstat(filepath.Join(k.o.Dir, filepath.FromSlash(filepath.Clean("/"+row.Recording))))
		}
		switch {
		case errors.Is(err, fs.ErrNotExist), errors.Is(err, store.ErrNotFound), err == nil && row.Recording == "":
			if err := k.o.Index.Forget(id); err != nil {
				return err
			}
		case err != nil:
			return fmt.Errorf("recording of %s: %w", id, err)
		}
	}
	return nil
}
