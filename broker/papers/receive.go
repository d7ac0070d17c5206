package papers

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"os"
	"path/filepath"

	"sekimori/broker/forms"
	"sekimori/broker/store"
)

// kept is a copy that lies sealed and durable under its own name, before a paper refers to it.
type kept struct {
	name      string
	mediaType string
	size      int64
	sha256    string
}

// intake counts, hashes and bounds the incoming bytes.
type intake struct {
	ctx      context.Context
	from     io.Reader
	declared int64 // bytes that the sender announced; negative: unknown
	n        int64
	sum      hash.Hash
	head     []byte // enough to tell the media type
	err      error  // any error but io.EOF, returned again by each Read
}

// sniffed is how much of a file tells its media type.
const sniffed = 512

// Read implements io.Reader.
func (i *intake) Read(p []byte) (int, error) {
	if i.err != nil {
		return 0, i.err
	}
	if err := i.ctx.Err(); err != nil {
		i.err = context.Cause(i.ctx)
		return 0, i.err
	}
	n, err := i.from.Read(p)
	i.n += int64(n)
	i.sum.Write(p[:n])
	if room := sniffed - len(i.head); room > 0 {
		i.head = append(i.head, p[:min(n, room)]...)
	}
	switch {
	case i.n > MaxSize:
		i.err = tooLarge(max(i.n, i.declared))
	case err != nil && !errors.Is(err, io.EOF):
		i.err = &BrokenOffError{Got: i.n, Declared: i.declared, cause: err}
	case err != nil && i.declared >= 0 && i.n != i.declared:
		i.err = &BrokenOffError{Got: i.n, Declared: i.declared}
	}
	if i.err != nil {
		return 0, i.err
	}
	return n, err
}

// BrokenOffError: a copy did not arrive whole. Nothing of it was kept.
type BrokenOffError struct {
	Got, Declared int64 // bytes; Declared is negative where the sender announced none
	cause         error
}

func (e *BrokenOffError) Error() string {
	return fmt.Sprintf("the copy broke off after %d bytes", e.Got)
}

func (e *BrokenOffError) Unwrap() error { return e.cause }

func tooLarge(size int64) error {
	return forms.Wrong("file", "file-too-large",
		fmt.Sprintf("ファイルが大きすぎます(%s、上限 %s)。", mib(size), mib(MaxSize)),
		fmt.Sprintf("the file is too large: %s, at most %s", mib(size), mib(MaxSize)))
}

func mib(n int64) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }

// receive seals an incoming copy into a file of its own. On an error nothing is left of it.
func (k *Keeper) receive(ctx context.Context, from io.Reader, declared int64) (_ kept, err error) {
	if declared > MaxSize {
		return kept{}, tooLarge(declared)
	}
	expected := declared
	if expected < 0 {
		expected = MaxSize
	}
	release, err := k.room(expected)
	if err != nil {
		return kept{}, err
	}
	defer release()
	stem, err := newName()
	if err != nil {
		return kept{}, err
	}
	in := &intake{ctx: ctx, from: from, declared: declared, sum: sha256.New()}
	name, part := stem+received, k.path(stem+receiving)
	f, err := k.o.FS.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return kept{}, fmt.Errorf("receive a copy: %w", err)
	}
	at := part
	defer func() {
		if err != nil {
			err = errors.Join(err, k.discard(at))
		}
	}()
	err = sealTo(f, k.o.Ring, name, in)
	if err == nil && in.n == 0 {
		err = forms.Wrong("file", "file-empty", "ファイルが空です。", "the file is empty")
	}
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		if err = k.o.FS.Rename(part, k.path(name)); err == nil {
			at = k.path(name)
			err = k.o.FS.SyncDir(k.o.Dir)
		}
	}
	if err != nil {
		return kept{}, fmt.Errorf("receive a copy: %w", err)
	}
	return kept{name: name, mediaType: http.DetectContentType(in.head), size: in.n, sha256: hex.EncodeToString(in.sum.Sum(nil))}, nil
}

func (k *Keeper) discard(path string) error {
	if err := k.o.FS.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		k.o.Log.Warn("unfiled_copy_stays", "file", filepath.Base(path), "error", err) // until the next start
		return fmt.Errorf("discard a copy: %w", err)
	}
	return nil
}

// discardUnfiled removes a copy after the commit of its paper failed, unless the paper was committed after all.
func (k *Keeper) discardUnfiled(ctx context.Context, name string) error {
	var known map[string]bool
	err := k.o.DB.Read(context.WithoutCancel(ctx), func(s *store.Snap) (err error) {
		known, err = s.PaperFiles()
		return err
	})
	if err != nil || known[name] {
		return err // the next start removes files without a paper
	}
	return k.discard(k.path(name))
}
