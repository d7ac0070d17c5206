package files

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"

	"sekimori/broker/inspect"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
	"sekimori/recordings"
)

// How the end of a delivery that the broker did not see was found out later; words of the ledger's format.
const (
	settledFound  = "found"  // the target has the file
	settledPart   = "part"   // the target has only the part that was being written
	settledUnlike = "unlike" // the target has neither the part nor the contents: they were changed since, or someone removed the part
)

var timer = ledger.Actor{Kind: "broker", Via: "timer"}

// begins commits that an approved file is being delivered to a place.
func (g *Gate) begins(ctx context.Context, h *handler, f store.File, place string) error {
	return g.o.DB.Write(ctx, func(tx *store.Tx) error {
		if err := mayGoOn(tx.Snap, f.ID); err != nil {
			return err
		}
		if err := tx.DeliverFile(f.ID, h.p.Session, []byte(place)); err != nil {
			return fmt.Errorf("deliver file %s: %w", f.ID, err)
		}
		body := payloadOf(f, h.p.Session)
		body.Place, _ = recordings.Legible([]byte(place))
		_, err := tx.Append(ledger.Draft{Kind: "file.delivering", Actor: h.p.Actor, Subjects: append([]string{f.ID}, h.p.Subjects...), Payload: body})
		return err
	})
}

// arrived writes that the target has the file. settled says how that was found out; empty: the broker saw it.
func (g *Gate) arrived(ctx context.Context, h *handler, f store.File, settled string) error {
	body := payloadOf(f, h.p.Session)
	body.Settled = settled
	return g.o.DB.Write(ctx, func(tx *store.Tx) error {
		// The target has the file, and the ledger says so even where it was ended in the moment before.
		if err := orSettled(tx, f, tx.EndFile(f.ID, policy.FileReleased, "", "", "")); err != nil {
			return err
		}
		_, err := tx.Append(ledger.Draft{Kind: "file.released", Actor: h.p.Actor, Subjects: append([]string{f.ID}, h.p.Subjects...), Payload: body})
		return err
	})
}

// tellArrived says to the engineer that a file is on the target.
func (h *handler) tellArrived(f store.File) {
	shown, _ := recordings.Legible(f.Path)
	h.p.say(policy.Text{JA: "関守: " + f.ID + " を接続先に引き渡しました: " + shown, EN: "Sekimori: " + f.ID + " was delivered to the target: " + shown})
}

// notDelivered writes that the target does not have an approved file. It stays approved, unless it was ended meanwhile.
func (g *Gate) notDelivered(ctx context.Context, f store.File, session string, subjects []string, why, detail string) error {
	body := aboutFile(f, map[string]any{"why": why, "detail": inspect.Words(detail)})
	body["session_id"] = session
	return g.o.DB.Write(ctx, func(tx *store.Tx) error {
		if err := orSettled(tx, f, tx.NoteFile(f.ID, why)); err != nil {
			return err
		}
		_, err := tx.Append(ledger.Draft{Kind: "file.not-delivered", Actor: timer, Subjects: append([]string{f.ID}, subjects...), Payload: body})
		return err
	})
}

// orSettled settles a file that was rejected or has expired on its way. Its state stays; the entry says what the target has.
func orSettled(tx *store.Tx, f store.File, err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return tx.SettleFile(f.ID)
	}
	return err
}

// doubt writes that the end of a delivery is not known.
func (g *Gate) doubt(ctx context.Context, by ledger.Actor, f store.File) error {
	return g.o.DB.Write(ctx, func(tx *store.Tx) error {
		switch err := tx.DoubtFile(f.ID, whyUnseen); {
		case errors.Is(err, store.ErrNotFound): // ended meanwhile
			return nil
		case err != nil:
			return err
		}
		return fileEntry(tx, "file.delivery-unseen", by, f, nil)
	})
}

// settle finds out what became of a delivery that the broker did not see end, because it stopped or lost the target. The rename takes the part
// away, so a part that is still there shows that the file has not got its name. Without a part, only equal contents show that it has: then
// the file is delivered. Contents that differ may be the engineer's later work, so nothing is written over them: the file is stopped, and
// people look.
func (h *handler) settle(f store.File) error {
	err := h.g.o.DB.Read(h.ctx, func(s *store.Snap) (err error) {
		f, err = s.File(f.ID) // another session may have seen its end before this one claimed it
		return err
	})
	if err != nil || f.Via == "" {
		return err
	}
	place := string(f.Place)
	part := partOf(place, f.ID)
	_, err = h.c.Lstat(part)
	switch {
	case err == nil:
		if err := h.undo(part, place); err != nil {
			return err
		}
		return h.settled(f, settledPart)
	case !errors.Is(err, os.ErrNotExist):
		return fmt.Errorf("look for the part: %w", err)
	}
	same, err := h.has(place, f)
	switch {
	case err != nil:
		return err
	case same:
		_ = h.c.Remove(part + ".old")
		return h.settled(f, settledFound)
	}
	return h.settled(f, settledUnlike)
}

// undo removes a part, and gives a file that was to be replaced its name back (replace).
func (h *handler) undo(part, place string) error {
	old := part + ".old"
	if _, err := h.c.Lstat(old); err == nil {
		if _, err := h.c.Lstat(place); errors.Is(err, os.ErrNotExist) {
			if err := h.c.Rename(old, place); err != nil {
				return fmt.Errorf("put the file that was there back: %w", err)
			}
		}
	}
	if err := h.c.Remove(part); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("remove the part: %w", err)
	}
	return nil
}

// has reports whether the target has the file's contents at the place. It opens nothing but a file of that length: the opening of a pipe that
// someone put there would wait for its other end.
func (h *handler) has(place string, f store.File) (bool, error) {
	info, err := h.c.Lstat(place)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("look back: %w", err)
	case !info.Mode().IsRegular() || info.Size() != f.Length:
		return false, nil
	}
	at, err := h.c.Open(place)
	if err != nil {
		return false, fmt.Errorf("read back: %w", err)
	}
	defer at.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, io.LimitReader(upToEnd{h.ctx, at}, f.Length+1)); err != nil {
		return false, fmt.Errorf("read back: %w", err)
	}
	return hex.EncodeToString(sum.Sum(nil)) == f.Digest(), nil
}

// upToEnd reads until a context ends.
type upToEnd struct {
	ctx context.Context
	io.Reader
}

// Read implements io.Reader.
func (u upToEnd) Read(p []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.Reader.Read(p)
}

// settled writes what the target told.
func (h *handler) settled(f store.File, found string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(h.ctx), entryLimit)
	defer cancel()
	if found == settledFound {
		err := h.g.arrived(ctx, h, f, found)
		if err == nil {
			h.tellArrived(f)
		}
		return err
	}
	why, approved := whyCut, false
	err := h.g.o.DB.Read(ctx, func(s *store.Snap) error {
		all, err := s.FileApprovals(f.ID)
		approved = len(all) > 0
		return err
	})
	if err != nil {
		return err
	}
	if found == settledPart && approved { // it is due again
		return h.g.notDelivered(ctx, f, h.p.Session, h.p.Subjects, why, found)
	}
	if found == settledUnlike {
		why = whyUnlike
	}
	h.tell(f, why)
	body := payloadOf(f, h.p.Session)
	body.Why, body.Settled = why, found
	return h.g.stops(ctx, &h.p, f, body)
}

// stops ends a file that has its row, with the entry about it.
func (g *Gate) stops(ctx context.Context, p *Passage, f store.File, body filePayload) error {
	return g.o.DB.Write(ctx, func(tx *store.Tx) error {
		if err := orSettled(tx, f, tx.EndFile(f.ID, policy.FileHalted, "", body.Why, "")); err != nil {
			return err
		}
		_, err := tx.Append(ledger.Draft{Kind: "file.stopped", Actor: p.Actor, Subjects: append([]string{f.ID}, p.Subjects...), Payload: body})
		return err
	})
}
