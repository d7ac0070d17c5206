package files

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"sync"

	"github.com/pkg/sftp"

	"sekimori/broker/inspect"
	"sekimori/broker/store"
	"sekimori/policy"
	"sekimori/recordings"
)

// Why a file was stopped; words of the ledger's format.
const (
	whyNotClean    = "not-clean"
	whyInterrupted = "interrupted"
	whyTerms       = "terms" // by the time of its delivery the terms no longer permit it
	whyDelivery    = "not-delivered"
	whyRoom        = "not-held"       // its contents could not be kept whole
	whyChanged     = "changed"        // its kept contents are not the approved ones
	whyUnseen      = "unseen"         // the end of its delivery was not seen; the target is asked in the next session
	whyCut         = "cut"            // its delivery broke off; the target does not have it
	whyStopped     = "broker-stopped" // the broker stopped while it came, or while it was fetched
	whyUnlike      = "unlike"         // the end of its delivery was not seen, and the target has other contents there
)

// upload is a file that arrives. It implements io.WriterAt and io.Closer for the library; Close is the end of the transfer.
type upload struct {
	h      *handler
	path   string // as the client gave it, made absolute
	number string
	b      *blocks
	stored bool // its row is written; used by Close alone

	mu      sync.Mutex // guards what follows
	broken  error      // the transfer did not end in order
	closed  bool
	copies  []*blocks
	copyNum int
}

// newUpload begins to hold a file. Without the flag to truncate, the target's file is what pieces are written over: a resumed transfer
// is inspected whole.
func (h *handler) newUpload(name string, truncate bool) (*upload, error) {
	number := h.p.nextNumber()
	b, err := h.g.newContent(policy.FilesIn, number, h.p.Terms().Limit)
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

// newContent makes a content, unless the disk is too full for further ones.
func (g *Gate) newContent(direction, name string, most uint64) (*blocks, error) {
	dir := g.directory(direction)
	room := func() error {
		if free, err := recordings.Space(dir); err == nil && g.o.MinFree > 0 && free < g.o.MinFree {
			return fmt.Errorf("%d bytes are free, fewer than the reserve", free)
		}
		return nil
	}
	if err := room(); err != nil {
		return nil, err
	}
	b, err := newBlocks(dir, name, g.o.Ring, most)
	if err == nil {
		b.room = room
	}
	return b, err
}

// until is a content that can be read until a context ends: the length of a sparse one has nothing to do with its bytes on the disk.
type until struct {
	inspect.Content
	ctx context.Context
}

// ReadAt implements io.ReaderAt.
func (u until) ReadAt(p []byte, at int64) (int, error) {
	if u.ctx.Err() != nil {
		return 0, context.Cause(u.ctx)
	}
	return u.Content.ReadAt(p, at)
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
	p := &u.h.p
	f := p.row(u.number, policy.FilesIn, u.path)
	f.Size, f.Length = u.b.Size(), u.b.Size()
	if err := u.b.flush(); err != nil {
		return u.stop(f, whyRoom, err)
	}
	var err error
	if f.SHA256, err = inspect.Sum(until{u.b, u.h.ctx}); err != nil {
		return u.stop(f, whyRoom, err)
	}
	if broken != nil {
		return u.stop(f, whyInterrupted, broken)
	}
	r, err := u.h.g.o.Chain.Inspect(u.h.ctx, inspect.Subject{Name: path.Base(u.path), Content: u.b, Scratch: u.scratch})
	if found, e := json.Marshal(r.Findings); e == nil && len(r.Findings) > 0 {
		f.Findings = found
	}
	if err != nil {
		return u.stop(f, whyRoom, err)
	}
	if r.Verdict != inspect.Clean && r.Verdict != inspect.Sanitised || r.Content == nil {
		detail := ""
		if n := len(r.Findings); n > 0 {
			detail = r.Findings[n-1].Engine + ": " + r.Findings[n-1].Detail
		}
		return u.stop(f, whyNotClean, errors.New(detail))
	}
	f.After = r.After
	u.keep(r.Content, &f)
	if p.Terms().In == policy.FileApprove {
		return u.hold(f)
	}
	return u.pass(f, r.Content)
}

// pass delivers an inspected file. Its row and an entry are committed before anything of it is on the target.
func (u *upload) pass(f store.File, c inspect.Content) error {
	g, p := u.h.g, &u.h.p
	g.claim(f.ID) // the number is this upload's own
	defer g.unclaim(f.ID)
	err := u.h.deliver(delivery{number: f.ID, path: u.path, c: c, digest: f.Digest(), begin: func(place string) error {
		f.State, f.Via, f.Place = policy.FileDelivering, p.Session, []byte(place)
		body := payloadOf(f, p.Session)
		body.Place, _ = recordings.Legible(f.Place)
		err := g.came("file.delivering", p, f, body)
		u.stored = err == nil
		return err
	}})
	ctx, cancel := context.WithTimeout(context.Background(), entryLimit)
	defer cancel()
	switch {
	case err == nil:
		if err := g.arrived(ctx, u.h, f, ""); err != nil {
			g.o.Log.Error("file_not_ledgered", "file", f.ID, "kind", "file.released", "error", err)
			return errors.New("the file was delivered, and the ledger did not take its entry")
		}
		return nil
	case errors.Is(err, errUnseen):
		g.o.Log.Warn("delivery_unseen", "file", f.ID, "error", errors.Join(err, g.doubt(ctx, p.Actor, f)))
		return &stoppedError{number: f.ID, why: whyUnseen}
	}
	return u.stop(f, whyNot(err), err)
}

// hold keeps a clean file until it is approved. The answer is an error, because the target does not have the file: a client that believed
// it delivered would go on with its work.
func (u *upload) hold(f store.File) error {
	f.State = policy.FileHeld
	if err := u.h.g.came("file.held", &u.h.p, f, payloadOf(f, u.h.p.Session)); err != nil {
		return errors.New("the file could not be held")
	}
	u.h.p.say(heldWords(f.ID))
	return waitingError{f.ID}
}

// whyNot is the word for a failed delivery.
func whyNot(err error) string {
	switch refused := (refusedError{}); {
	case errors.As(err, &refused), errors.Is(err, errOver):
		return whyTerms
	case isChanged(err):
		return whyChanged
	}
	return whyDelivery
}

// keep names the sanitised copy in the row; copies made on the way there, such as members of archives, are removed at the end.
func (u *upload) keep(c inspect.Content, f *store.File) {
	b, ok := c.(*blocks)
	if !ok || b == u.b {
		return
	}
	if err := b.flush(); err == nil {
		f.Kept, f.Content, f.Length = append(f.Kept, b.name), b.name, b.Size()
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

// stop writes the row and the entry about a file that is not delivered, and gives the answer to the client.
func (u *upload) stop(f store.File, why string, cause error) error {
	f.State, f.Why = policy.FileHalted, why
	body := payloadOf(f, u.h.p.Session)
	body.Why = why
	if cause != nil {
		body.Detail = inspect.Words(cause.Error())
	}
	if u.stored {
		ctx, cancel := context.WithTimeout(context.Background(), entryLimit)
		defer cancel()
		if err := u.h.g.stops(ctx, &u.h.p, f, body); err != nil {
			u.h.g.o.Log.Error("file_not_ledgered", "file", f.ID, "kind", "file.stopped", "error", err)
		}
	} else {
		_ = u.h.g.came("file.stopped", &u.h.p, f, body)
	}
	u.h.g.o.Log.Info("file_stopped", "file", u.number, "why", why)
	if why != whyInterrupted { // its client is gone, or breaks off on purpose
		w := stoppedWords[why]
		u.h.p.say(policy.Text{JA: "関守: [214] " + u.number + ": " + w.JA, EN: "Sekimori: [214] " + u.number + ": " + w.EN})
	}
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
	whyChanged:     {JA: "預かった中身が承認時と違うため、引き渡しません", EN: "not delivered: its kept contents differ from the approved ones"},
	whyUnseen:      {JA: "引渡しの終わりを確かめられませんでした。次の接続で接続先に確かめます", EN: "the end of its delivery was not seen; the target is asked in the next session"},
	whyStopped:     {JA: "受け取っている途中で関守が止まりました。もう一度送ってください", EN: "the broker stopped while it came; send it again"},
	whyCut:         {JA: "引渡しが途中で切れ、接続先にありません。もう一度送ってください(承認済みのものは、もう一度引き渡します)", EN: "its delivery broke off and the target does not have it; send it again (an approved file is delivered again)"},
	whyUnlike:      {JA: "引渡しの終わりを確かめられず、接続先の中身が違います。接続先を確かめ、要るなら送り直してください", EN: "the end of its delivery was not seen, and the target has other contents there; look at the target, and send it again if needed"},
}

func (e *stoppedError) Error() string {
	w := stoppedWords[e.why]
	return fmt.Sprintf("[214] %s: %s / %s", e.number, w.JA, w.EN)
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
	b.room = u.b.room
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

// WhyLabel says in words why a file was stopped, or is not delivered yet; zero for an unknown word.
func WhyLabel(why string) policy.Text { return stoppedWords[why] }
