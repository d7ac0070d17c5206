package files

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/pkg/sftp"

	"sekimori/broker/inspect"
	"sekimori/broker/store"
	"sekimori/policy"
	"sekimori/recordings"
)

// delivery is one file on its way to the target.
type delivery struct {
	number string
	path   string
	c      inspect.Content
	digest string // SHA-256 that the written bytes must have
	// begin commits that the delivery begins, and to which place; nothing of it is on the target before. A broker that stops in the middle
	// finds it at its next start.
	begin func(place string) error
	still func() error // asked before the rename whether the file may go on; nil: it may
}

// errUnseen: the delivery has begun, and what became of it is not known. settle asks the target later.
var errUnseen = errors.New("the end of the delivery was not seen")

// partOf is the name of a file that is not whole yet, beside its place.
func partOf(place, number string) string { return place + ".sekimori-" + number }

// deliver writes the content to a file of its own beside the path, then renames it: the target never sees a part under its name.
func (h *handler) deliver(d delivery) error {
	at, err := h.may(policy.FileWrite, d.path, true, uint64(d.c.Size()))
	if err != nil {
		return err
	}
	if h.ctx.Err() != nil {
		return context.Cause(h.ctx)
	}
	if err := d.begin(at); err != nil {
		return err
	}
	part := partOf(at, d.number)
	f, err := h.c.Create(part)
	if err != nil {
		if answered(err) {
			return fmt.Errorf("create: %w", err)
		}
		return errors.Join(errUnseen, err)
	}
	sum := sha256.New()
	_, err = f.ReadFrom(io.TeeReader(inspect.Reader(d.c), sum))
	if err == nil && hex.EncodeToString(sum.Sum(nil)) != d.digest {
		err = changedFile(d.number)
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if info, e := h.c.Stat(part); err == nil && (e != nil || info.Size() != d.c.Size()) {
		err = errors.New("the target keeps another size")
	}
	if old, e := h.c.Stat(at); e == nil && err == nil { // a file that is replaced keeps its mode
		_ = h.c.Chmod(part, old.Mode().Perm())
	}
	if err == nil && d.still != nil {
		err = d.still()
	}
	renaming := err == nil
	if renaming {
		err = h.replace(part, at)
	}
	if err == nil {
		return nil
	}
	switch e := h.c.Remove(part); {
	case e == nil:
	case errors.Is(e, os.ErrNotExist) && !renaming:
	default: // the connection is lost, or the part has its name in spite of the error
		err = errors.Join(errUnseen, err)
	}
	return err
}

// answered reports whether an error is the target's answer. Any other leaves open what the target did.
func answered(err error) bool {
	status := (*sftp.StatusError)(nil)
	return errors.As(err, &status) || errors.Is(err, os.ErrNotExist) || errors.Is(err, os.ErrPermission) || errors.Is(err, os.ErrExist)
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

// work is an act under way on a file.
type work int

const (
	delivering work = iota + 1
	placing         // it is being given its name on the target
)

func (g *Gate) claim(id string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.busy[id] != 0 {
		return false
	}
	g.busy[id] = delivering
	return true
}

func (g *Gate) unclaim(id string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.busy, id)
}

// due are the approved files for this engineer, account and target.
func (g *Gate) due(ctx context.Context, p *Passage) ([]store.File, error) {
	return g.theirs(ctx, p, store.FileFilter{States: []policy.FileState{policy.FileApproved}}, func(s *store.Snap, f store.File) error { return mayGoOn(s, f.ID) })
}

// unseen are the files for this engineer, account and target whose delivery the broker did not see end. Some were rejected or expired since.
func (g *Gate) unseen(ctx context.Context, p *Passage) ([]store.File, error) {
	return g.theirs(ctx, p, store.FileFilter{Unseen: true}, func(*store.Snap, store.File) error { return nil })
}

// theirs are the files of a filter for this engineer, account and target that may.
func (g *Gate) theirs(ctx context.Context, p *Passage, filter store.FileFilter, may func(*store.Snap, store.File) error) (found []store.File, err error) {
	filter.Person, filter.Target = p.Person, p.Target
	err = g.o.DB.Read(ctx, func(s *store.Snap) error {
		found = nil
		all, err := s.Files(filter)
		for _, f := range all {
			if err != nil || f.Direction != policy.FilesIn || f.Account != p.Account {
				continue
			}
			switch e := may(s, f); {
			case e == nil:
				found = append(found, f)
			case !errors.Is(e, errOver):
				err = e
			}
		}
		return err
	})
	return found, err
}

func (g *Gate) deliverNow(ctx context.Context, p *Passage, open func() (io.ReadWriteCloser, error)) error {
	unseen, err := g.unseen(ctx, p)
	if err != nil {
		return err
	}
	due, err := g.due(ctx, p)
	if err != nil || len(due)+len(unseen) == 0 {
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
	each := func(all []store.File, do func(store.File) error) {
		for _, one := range all {
			if !g.claim(one.ID) { // another session of the engineer does it
				continue
			}
			if e := do(one); e != nil {
				err = errors.Join(err, fmt.Errorf("%s: %w", one.ID, e))
			}
			g.unclaim(one.ID)
		}
	}
	each(unseen, func(f store.File) error { return h.settle(f) })
	if len(unseen) > 0 { // what has not arrived is due again
		again, e := g.due(ctx, p)
		due, err = again, errors.Join(err, e)
	}
	each(due, func(f store.File) error { return g.deliverOne(ctx, h, f) })
	return err
}

// stillDue is errOver where a file may not be delivered any more.
func (g *Gate) stillDue(ctx context.Context, id string) error {
	return g.o.DB.Read(ctx, func(s *store.Snap) error { return mayGoOn(s, id) })
}

func mayGoOn(s *store.Snap, id string) error {
	on, err := s.OnFile(id)
	if err == nil && !policy.MayDeliverFile(on.Facts, s.Now) {
		err = errOver
	}
	return err
}

// place is stillDue for the moment before the rename. From here on until unclaim the file is not rejected: either the rejection is committed
// and seen here, or it sees the mark.
func (g *Gate) place(ctx context.Context, id string) error {
	return g.o.DB.Write(ctx, func(tx *store.Tx) error {
		err := mayGoOn(tx.Snap, id)
		if err == nil {
			g.mu.Lock()
			g.busy[id] = placing
			g.mu.Unlock()
		}
		return err
	})
}

// isPlacing reports whether the file is being given its name on the target.
func (g *Gate) isPlacing(id string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.busy[id] == placing
}

func overIsFine(err error) error {
	if errors.Is(err, errOver) {
		return nil
	}
	return err
}

// deliverOne delivers a file whose contents are as they were approved, and writes state and entry. A failure is noted: one before anything is
// on the target once for each cause, others each time.
func (g *Gate) deliverOne(ctx context.Context, h *handler, f store.File) error {
	if err := g.stillDue(ctx, f.ID); err != nil { // meanwhile rejected, frozen, expired, or delivered by another session
		return overIsFine(err)
	}
	begun := false
	begin := func(place string) error {
		err := g.begins(ctx, h, f, place)
		begun = err == nil
		return err
	}
	b, err := g.verified(ctx, f)
	if err == nil {
		defer b.close()
		err = h.deliver(delivery{number: f.ID, path: string(f.Path), c: b, digest: f.Digest(), begin: begin, still: func() error { return g.place(ctx, f.ID) }})
	}
	if errors.Is(err, errOver) && !begun {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), entryLimit)
	defer cancel()
	switch {
	case err == nil:
		if err = g.arrived(ctx, h, f, ""); err == nil {
			h.tellArrived(f)
		}
		return err
	case errors.Is(err, errUnseen):
		return errors.Join(err, g.doubt(ctx, h.p.Actor, f))
	}
	why := whyNot(err)
	if why == f.Why && !begun {
		return err
	}
	h.tell(f, why)
	return errors.Join(err, g.notDelivered(ctx, f, h.p.Session, h.p.Subjects, why, err.Error()))
}

// tell says to the engineer why a file is not delivered.
func (h *handler) tell(f store.File, why string) {
	shown, _ := recordings.Legible(f.Path)
	w := stoppedWords[why]
	h.p.say(policy.Text{JA: "関守: " + f.ID + " " + shown + ": " + w.JA, EN: "Sekimori: " + f.ID + " " + shown + ": " + w.EN})
}
