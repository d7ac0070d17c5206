package files

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"github.com/pkg/sftp"

	"sekimori/broker/inspect"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
	"sekimori/recordings"
)

// deliver writes the content to a file of its own beside the path, then renames it: the target never sees a part under its name. Where a
// digest is given, the written bytes must have it. still is asked before the rename whether the file may go on; nil: it may.
func (h *handler) deliver(number, path string, c inspect.Content, digest string, still func() error) error {
	at, err := h.may(policy.FileWrite, path, true, uint64(c.Size()))
	if err != nil {
		return err
	}
	if h.ctx.Err() != nil {
		return context.Cause(h.ctx)
	}
	part := at + ".sekimori-" + number
	f, err := h.c.Create(part)
	if err != nil {
		return fmt.Errorf("create: %w", err)
	}
	sum := sha256.New()
	_, err = f.ReadFrom(io.TeeReader(inspect.Reader(c), sum))
	if err == nil && digest != "" && hex.EncodeToString(sum.Sum(nil)) != digest {
		err = &policy.Denied{Reason: policy.FileChanged, Args: map[string]string{"file": number}}
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if info, e := h.c.Stat(part); err == nil && (e != nil || info.Size() != c.Size()) {
		err = errors.New("the target keeps another size")
	}
	if old, e := h.c.Stat(at); e == nil && err == nil { // a file that is replaced keeps its mode
		_ = h.c.Chmod(part, old.Mode().Perm())
	}
	if err == nil && still != nil {
		err = still()
	}
	if err == nil {
		err = h.replace(part, at)
	}
	if err != nil {
		_ = h.c.Remove(part)
	}
	return err
}

// replace gives a finished part its name. A target that cannot replace a file at once keeps the old one under another name until the new
// one has its own.
func (h *handler) replace(part, at string) error {
	err := h.c.PosixRename(part, at)
	if status := (*sftp.StatusError)(nil); !errors.As(err, &status) || status.FxCode() != sftp.ErrSSHFxOpUnsupported {
		return err
	}
	old := part + ".old"
	had := h.c.Rename(at, old) == nil
	if err := h.c.Rename(part, at); err != nil {
		if had {
			err = errors.Join(err, h.c.Rename(old, at))
		}
		return err
	}
	if had {
		_ = h.c.Remove(old) // the new file is there; an old one that stays has its own name
	}
	return nil
}

// Deliver hands files that were approved to the target, through a live session of their engineer, until ctx ends. open opens the target's
// SFTP server. The terms are those of that session: a file that they do not permit is kept, and its row says why.
func (g *Gate) Deliver(ctx context.Context, p Passage, open func() (io.ReadWriteCloser, error)) {
	wake := make(chan struct{}, 1)
	g.mu.Lock()
	g.wakes[wake] = struct{}{}
	g.mu.Unlock()
	defer func() {
		g.mu.Lock()
		delete(g.wakes, wake)
		g.mu.Unlock()
	}()
	for {
		if err := g.deliverNow(ctx, &p, open); err != nil && ctx.Err() == nil {
			g.o.Log.Warn("files_not_delivered", "session", p.Session, "error", err)
		}
		select {
		case <-wake:
		case <-ctx.Done():
			return
		}
	}
}

// wake lets the live sessions look for approved files.
func (g *Gate) wake() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for c := range g.wakes {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}

func (g *Gate) claim(id string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.busy[id] {
		return false
	}
	g.busy[id] = true
	return true
}

func (g *Gate) unclaim(id string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.busy, id)
}

// due are the approved files for this engineer, account and target.
func (g *Gate) due(ctx context.Context, p *Passage) (due []store.OnFile, err error) {
	err = g.o.DB.Read(ctx, func(s *store.Snap) error {
		due = nil
		all, err := s.Files(store.FileFilter{Person: p.Person, Target: p.Target, States: []policy.FileState{policy.FileApproved}})
		for _, f := range all {
			if err != nil || f.Direction != policy.FilesIn || f.Account != p.Account {
				continue
			}
			o, e := s.OnFile(f.ID)
			if e == nil && policy.MayDeliverFile(o.Facts, s.Now) {
				due = append(due, o)
			}
			err = errors.Join(err, e)
		}
		return err
	})
	return due, err
}

func (g *Gate) deliverNow(ctx context.Context, p *Passage, open func() (io.ReadWriteCloser, error)) error {
	due, err := g.due(ctx, p)
	if err != nil || len(due) == 0 {
		return err
	}
	ch, err := open()
	if err != nil {
		return err
	}
	defer ch.Close()
	c, err := sftp.NewClientPipe(ch, ch)
	if err != nil {
		return err
	}
	defer c.Close()
	h := &handler{g: g, c: c, p: *p, ctx: ctx}
	for _, one := range due {
		if !g.claim(one.File.ID) { // another session of the engineer delivers it
			continue
		}
		defer g.unclaim(one.File.ID)
		if e := g.deliverOne(ctx, h, one.File); e != nil {
			err = errors.Join(err, fmt.Errorf("%s: %w", one.File.ID, e))
		}
	}
	return err
}

// stillDue is errOver where a file may not be delivered any more.
func (g *Gate) stillDue(ctx context.Context, id string) error {
	return g.o.DB.Read(ctx, func(s *store.Snap) error {
		on, err := s.OnFile(id)
		if err == nil && !policy.MayDeliverFile(on.Facts, s.Now) {
			err = errOver
		}
		return err
	})
}

func overIsFine(err error) error {
	if errors.Is(err, errOver) {
		return nil
	}
	return err
}

// deliverOne delivers a file whose contents are as they were approved, and writes state and entry. A failure is noted, once for each cause.
func (g *Gate) deliverOne(ctx context.Context, h *handler, f store.File) error {
	still := func() error { return g.stillDue(ctx, f.ID) }
	if err := still(); err != nil { // meanwhile rejected, frozen, expired, or delivered by another session
		return overIsFine(err)
	}
	b, err := g.verified(ctx, f)
	if err == nil {
		defer b.close()
		err = h.deliver(f.ID, string(f.Path), b, f.Digest(), still)
	}
	if errors.Is(err, errOver) {
		return nil
	}
	shown, _ := recordings.Legible(f.Path)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), entryLimit)
	defer cancel()
	subjects := append([]string{f.ID}, h.p.Subjects...)
	if err != nil {
		why := whyNot(err)
		if changed := (*policy.Denied)(nil); errors.As(err, &changed) {
			why = whyChanged
		}
		if why == f.Why {
			return err
		}
		body := aboutFile(f, map[string]any{"why": why, "detail": inspect.Words(err.Error())})
		body["session_id"] = h.p.Session
		noted := g.o.DB.Write(ctx, func(tx *store.Tx) error {
			if err := tx.NoteFile(f.ID, why); err != nil {
				return err
			}
			_, err := tx.Append(ledger.Draft{Kind: "file.not-delivered", Actor: ledger.Actor{Kind: "broker", Via: "timer"}, Subjects: subjects, Payload: body})
			return err
		})
		w := stoppedWords[why]
		h.p.say(policy.Text{JA: "関守: " + f.ID + " " + shown + ": " + w.JA, EN: "Sekimori: " + f.ID + " " + shown + ": " + w.EN})
		return errors.Join(err, noted)
	}
	err = g.o.DB.Write(ctx, func(tx *store.Tx) error {
		// The target has the file, and the ledger says so even where a person rejected it in the moment before.
		if err := tx.EndFile(f.ID, policy.FileReleased, "", "", ""); err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		_, err := tx.Append(ledger.Draft{Kind: "file.released", Actor: h.p.Actor, Subjects: subjects, Payload: payloadOf(f, h.p.Session)})
		return err
	})
	if err == nil {
		h.p.say(policy.Text{JA: "関守: " + f.ID + " を接続先に引き渡しました: " + shown, EN: "Sekimori: " + f.ID + " was delivered to the target: " + shown})
	}
	return err
}
