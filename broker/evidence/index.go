package evidence

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"time"

	"filippo.io/age"

	"sekimori/recordings"
	"sekimori/recordings/index"
)

// Indexed is an opened index of a recording. Close it.
type Indexed struct {
	*index.Index
	file *os.File
}

// Close releases the file.
func (i *Indexed) Close() error { return i.file.Close() }

// ErrNoIndex means that a recording has no index: it is under way, does not hold, or is too large for one.
var ErrNoIndex = errors.New("the recording has no index")

// Index opens the recording's index. One that is missing, unfit, of another encoding or zone is made anew, from a complete reading of the recording
// that has the ledger's digest. v gives the encoding, the start in its zone, and the names of causes. Errors: ErrNoIndex (wrapped); *BadError, after its alarm.
func (r *Recording) Index(ctx context.Context, v recordings.View, identities ...age.Identity) (*Indexed, error) {
	if r.Live || r.Bad != nil {
		return nil, ErrNoIndex
	}
	i, err := r.openIndex(v, identities)
	if err == nil {
		return i, nil
	}
	if !errors.Is(err, index.ErrUnfit) && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if !errors.Is(err, fs.ErrNotExist) {
		r.k.o.Log.Warn("index_unfit", "session", r.Session, "error", err)
	}
	select {
	case r.k.indexing <- struct{}{}:
		defer func() { <-r.k.indexing }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if i, err := r.openIndex(v, identities); err == nil { // another caller made it meanwhile
		return i, nil
	}
	if err := r.makeIndex(ctx, v, identities); err != nil {
		return nil, err
	}
	return r.openIndex(v, identities)
}

func (r *Recording) recordingPath() string { return r.k.path(r.p.file) }

func (r *Recording) indexPath() string { return r.recordingPath() + index.Suffix }

// openIndex opens an index that fits.
func (r *Recording) openIndex(v recordings.View, identities []age.Identity) (*Indexed, error) {
	f, err := os.OpenFile(r.indexPath(), os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return nil, unfitUnlessMissing(err)
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%w: no regular file", index.ErrUnfit)
	}
	var rec *recordings.Reader
	if err == nil {
		rec, err = r.Reader(identities...)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	defer rec.Close()
	i, err := index.Open(f, info.Size(), rec, r.Digest.SHA256, v)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &Indexed{i, f}, nil
}

func unfitUnlessMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return fmt.Errorf("%w: %w", index.ErrUnfit, err)
}

// makeIndex reads the recording and writes its index under another name first. What a crash leaves there is written over.
func (r *Recording) makeIndex(ctx context.Context, v recordings.View, identities []age.Identity) (err error) {
	if r.k.o.Room != nil && !r.k.o.Room() {
		return fmt.Errorf("%w: the disk has no room to spare", ErrNoIndex)
	}
	rec, err := r.Reader(identities...)
	if err != nil {
		return fmt.Errorf("index of %s: %w", r.Session, err)
	}
	defer rec.Close()
	path := r.indexPath()
	unfinished := path + ".new"
	if err := os.Remove(unfinished); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("index of %s: %w", r.Session, err)
	}
	f, err := os.OpenFile(unfinished, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("index of %s: %w", r.Session, err)
	}
	err = index.Build(ctx, f, rec, r.Digest.SHA256, v)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(unfinished, path)
	}
	if err == nil {
		return r.dropIfGone(path)
	}
	if errors.Is(err, index.ErrTooLarge) {
		err = fmt.Errorf("%w: %w", ErrNoIndex, err)
	} else if _, ended := rec.End(); ended {
		err = errors.Join(r.Confirm(ctx, rec.Digest()), err)
	}
	return errors.Join(fmt.Errorf("index of %s: %w", r.Session, err), os.Remove(unfinished))
}

// dropIfGone removes the index of a recording that was disposed of while the index was made.
func (r *Recording) dropIfGone(path string) error {
	if _, err := os.Lstat(r.recordingPath()); !errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return errors.Join(fmt.Errorf("%w: the recording is gone", ErrNoIndex), os.Remove(path))
}

// Entry is the number of the ledger's entry that names the digest; -1: none.
func (r *Recording) Entry() int64 { return r.p.entry }

// Started is when the recording began, from its header.
func (r *Recording) Started(identities ...age.Identity) (time.Time, error) {
	rec, err := r.Reader(identities...)
	if err != nil {
		return time.Time{}, err
	}
	return rec.Header().Started, rec.Close()
}

// Seen is a recording's file as it was when it was verified.
type Seen struct {
	session string
	digest  recordings.Digest
	info    os.FileInfo
}

// Seen remembers the verified file for Again. It is nil for a recording that is under way or does not hold.
func (r *Recording) Seen() *Seen {
	info, err := r.file.Stat()
	if err != nil || r.Live || r.Bad != nil {
		return nil
	}
	return &Seen{r.Session, r.Digest, info}
}

// Again opens a recording for its index without reading it whole again: its file is the one that was verified, by its identity, size and time of
// change, and the ledger names the same digest. Otherwise it does what Open does. An index is bound to the digest, so that even a
// changed file of the same time shows nothing else through it.
func (k *Keeper) Again(ctx context.Context, seen *Seen) (*Recording, error) {
	p, err := k.pin(ctx, seen.session, -1)
	if err != nil || p.bad != nil || p.edited != nil || p.live || p.digest == nil || p.digest.SHA256 != seen.digest.SHA256 {
		return k.Open(ctx, seen.session)
	}
	f, err := k.open(p)
	if err != nil {
		return k.Open(ctx, seen.session)
	}
	info, err := f.Stat()
	if err != nil || !os.SameFile(info, seen.info) || info.Size() != seen.info.Size() || !info.ModTime().Equal(seen.info.ModTime()) {
		return k.opensAnew(ctx, seen.session, f)
	}
	return &Recording{Session: seen.session, Digest: *p.digest, k: k, p: p, file: f}, nil
}

func (k *Keeper) opensAnew(ctx context.Context, session string, f *os.File) (*Recording, error) {
	if err := f.Close(); err != nil {
		return nil, fmt.Errorf("read recording of %s: %w", session, err)
	}
	return k.Open(ctx, session)
}
