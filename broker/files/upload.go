package files

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"sync"

	"github.com/pkg/sftp"

	"sekimori/broker/inspect"
	"sekimori/policy"
	"sekimori/recordings"
)

// Why a file was stopped; words of the ledger's format.
const (
	whyNotClean    = "not-clean"
	whyInterrupted = "interrupted"
	whyTerms       = "terms" // by the time of its delivery the terms no longer permit it
	whyDelivery    = "not-delivered"
	whyRoom        = "not-held" // its contents could not be kept whole
)

// upload is a file that arrives. It implements io.WriterAt and io.Closer for the library; Close is the end of the transfer.
type upload struct {
	h      *handler
	path   string // as the client gave it, made absolute
	number string
	b      *blocks

	mu      sync.Mutex // guards what follows
	broken  error      // the transfer did not end in order
	closed  bool
	copies  []*blocks
	copyNum int
}

// newUpload begins to hold a file. Without the flag to truncate, the target's file is what pieces are written over: a resumed transfer
// is inspected whole.
func (h *handler) newUpload(name string, truncate bool) (*upload, error) {
	number := fmt.Sprintf("%s-%d", h.p.Session, h.p.numbered.Add(1))
	b, err := newBlocks(h.g.o.Dir, number, h.g.o.Ring, h.p.Terms().Limit)
	if err != nil {
		h.g.o.Log.Error("file_not_held", "file", number, "error", err)
		return nil, errors.New("the file cannot be held")
	}
	u := &upload{h: h, path: name, number: number, b: b}
	if !truncate {
		if err := u.begin(); err != nil {
			b.discard()
			return nil, err
		}
	}
	return u, nil
}

// begin copies the target's file, if there is one.
func (u *upload) begin() error {
	f, err := u.h.c.Open(u.path)
	if err != nil {
		return nil
	}
	defer f.Close()
	_, err = io.Copy(u.b, f)
	return err
}

// WriteAt implements io.WriterAt.
func (u *upload) WriteAt(p []byte, at int64) (int, error) {
	n, err := u.b.WriteAt(p, at)
	if err != nil {
		u.TransferError(err)
	}
	return n, err
}

// TransferError implements sftp.TransferError: the transfer broke off, or a piece could not be kept.
func (u *upload) TransferError(err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.broken == nil {
		u.broken = err
	}
}

// Close inspects and delivers. Its error is the client's answer.
func (u *upload) Close() error {
	u.mu.Lock()
	broken, closed := u.broken, u.closed
	u.closed = true
	u.mu.Unlock()
	if closed {
		return nil
	}
	defer u.end()
	body := filePayload{Session: u.h.p.Session, File: u.number, Direction: policy.FilesIn, Target: u.h.p.Target, Size: u.b.Size(), Sanitised: u.h.p.Sanitised, Kept: []string{u.number}, Findings: []inspect.Finding{}}
	body.Path, body.PathRaw = recordings.Legible([]byte(u.path))
	if err := u.b.flush(); err != nil {
		return u.stop(body, whyRoom, err)
	}
	var err error
	if body.Before, err = inspect.Sum(u.b); err != nil {
		return u.stop(body, whyRoom, err)
	}
	if broken != nil {
		return u.stop(body, whyInterrupted, broken)
	}
	r, err := u.h.g.o.Chain.Inspect(u.h.ctx, inspect.Subject{Name: path.Base(u.path), Content: u.b, Scratch: u.scratch})
	body.Findings = r.Findings
	if err != nil {
		return u.stop(body, whyRoom, err)
	}
	if r.Verdict != inspect.Clean && r.Verdict != inspect.Sanitised || r.Content == nil {
		detail := ""
		if n := len(r.Findings); n > 0 {
			detail = r.Findings[n-1].Engine + ": " + r.Findings[n-1].Detail
		}
		return u.stop(body, whyNotClean, errors.New(detail))
	}
	body.After = r.After
	u.keep(r.Content, &body)
	if why := u.deliver(r.Content); why != nil {
		kind := whyDelivery
		var refused refusedError
		if errors.As(why, &refused) {
			kind = whyTerms
		}
		return u.stop(body, kind, why)
	}
	if err := u.h.g.entry("file.released", u.h.p, body); err != nil {
		return errors.New("the file was delivered, and the ledger did not take its entry")
	}
	return nil
}

// keep names the sanitised copy in the entry; copies made on the way there, such as members of archives, are removed at the end.
func (u *upload) keep(c inspect.Content, body *filePayload) {
	b, ok := c.(*blocks)
	if !ok || b == u.b {
		return
	}
	if err := b.flush(); err == nil {
		body.Kept = append(body.Kept, b.name)
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	for i, other := range u.copies {
		if other == b {
			u.copies = append(u.copies[:i], u.copies[i+1:]...)
			break
		}
	}
}

// stop writes the entry about a file that is not delivered, and gives the answer to the client.
func (u *upload) stop(body filePayload, why string, cause error) error {
	body.Why = why
	if cause != nil {
		body.Detail = inspect.Words(cause.Error())
	}
	_ = u.h.g.entry("file.stopped", u.h.p, body)
	u.h.g.o.Log.Info("file_stopped", "file", u.number, "why", why)
	return &stoppedError{number: u.number, why: why}
}

// stoppedError is the client's answer: the file's number, by which people can ask.
type stoppedError struct{ number, why string }

var stoppedWords = map[string]policy.Text{
	whyNotClean:    {JA: "検査で止まりました", EN: "stopped by inspection"},
	whyInterrupted: {JA: "最後まで届きませんでした。もう一度送ってください", EN: "it did not arrive whole; send it again"},
	whyTerms:       {JA: "引き渡す時点で許可がありませんでした", EN: "not permitted by the time of its delivery"},
	whyDelivery:    {JA: "接続先に書けませんでした", EN: "the target did not take it"},
	whyRoom:        {JA: "預かれませんでした", EN: "it could not be kept"},
}

func (e *stoppedError) Error() string {
	w := stoppedWords[e.why]
	return fmt.Sprintf("[214] %s: %s / %s", e.number, w.JA, w.EN)
}

// deliver writes the content to a file of its own beside the path, then renames it: the target never sees a part under its name.
func (u *upload) deliver(c inspect.Content) error {
	h := u.h
	at, err := h.may(policy.FileWrite, u.path, true, uint64(c.Size()))
	if err != nil {
		return err
	}
	if u.h.ctx.Err() != nil {
		return context.Cause(u.h.ctx)
	}
	part := at + ".sekimori-" + u.number
	f, err := h.c.Create(part)
	if err != nil {
		return fmt.Errorf("create: %w", err)
	}
	_, err = f.ReadFrom(inspect.Reader(c))
	if closed := f.Close(); err == nil {
		err = closed
	}
	if info, e := h.c.Stat(part); err == nil && (e != nil || info.Size() != c.Size()) {
		err = errors.New("the target keeps another size")
	}
	if old, e := h.c.Stat(at); e == nil && err == nil { // a file that is replaced keeps its mode
		_ = h.c.Chmod(part, old.Mode().Perm())
	}
	if err == nil {
		if err = h.c.PosixRename(part, at); err != nil {
			_ = h.c.Remove(at)
			err = h.c.Rename(part, at)
		}
	}
	if err != nil {
		_ = h.c.Remove(part)
	}
	return err
}

// scratch makes a further content for the inspectors.
func (u *upload) scratch() (inspect.Scratch, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.copyNum++
	b, err := newBlocks(u.h.g.o.Dir, fmt.Sprintf("%s.%d", u.number, u.copyNum), u.h.g.o.Ring, 0)
	if err != nil {
		return nil, err
	}
	u.copies = append(u.copies, b)
	return b, nil
}

// end closes the contents, and removes what only the inspectors needed.
func (u *upload) end() {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, b := range u.copies {
		b.discard()
	}
	u.b.close()
}

// Content implements inspect.Scratch.
func (b *blocks) Content() (inspect.Content, error) { return b, nil }

var (
	_ inspect.Scratch    = (*blocks)(nil)
	_ sftp.TransferError = (*upload)(nil)
)
