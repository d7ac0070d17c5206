package files

import (
	"errors"
	"io"

	"sekimori/broker/inspect"
	"sekimori/broker/store"
	"sekimori/policy"
)

// waitingError is the client's answer about a file that is kept until it is approved.
type waitingError struct{ number string }

func (e waitingError) Error() string {
	return policy.Message(policy.FileWaiting, map[string]string{"file": e.number}, "ja") + " / " + policy.Message(policy.FileWaiting, map[string]string{"file": e.number}, "en")
}

func heldWords(number string) policy.Text {
	return policy.Text{
		JA: "関守: [140] " + number + ": 検査で問題はなく、承認を待っています。承認されると接続先へ引き渡します。送り直さないでください",
		EN: "Sekimori: [140] " + number + ": found clean, awaits an approval. It is delivered to the target once approved; do not send it again",
	}
}

func takenWords(number string) policy.Text {
	return policy.Text{
		JA: "関守: [140] " + number + ": 持出し箱に入れました。二人の承認のあと、一度だけ受け取れます: sftp ID@gate:/outbox",
		EN: "Sekimori: [140] " + number + ": put into the outbox. After two approvals it can be fetched once: sftp ID@gate:/outbox",
	}
}

// errTake is the client's answer where a file cannot be put into the outbox.
var errTake = errors.New("the file cannot be put into the outbox")

// take copies the target's file into the outbox, where it waits for two approvals. Its answer is always an error: the engineer gets no byte
// now. The same contents of the same path, asked for again, stay one file.
func (h *handler) take(at string) error {
	p := &h.p
	from, err := h.c.Open(at)
	if err != nil {
		return err
	}
	defer from.Close()
	info, err := from.Stat()
	switch {
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return refusedError{policy.RefusedUnread}
	}
	if _, err := h.may(policy.FileRead, at, true, uint64(max(info.Size(), 0))); err != nil {
		return err
	}
	number := p.nextNumber()
	b, err := h.g.newContent(policy.FilesOut, number, p.Terms().Limit)
	if err != nil {
		h.g.o.Log.Error("file_not_held", "file", number, "error", err)
		return errTake
	}
	f := p.row(number, policy.FilesOut, at)
	_, err = io.Copy(takes{h, b}, from)
	if err == nil {
		err = b.flush()
	}
	if err == nil {
		f.SHA256, err = inspect.Sum(until{b, h.ctx})
	}
	f.Size, f.Length, f.State = b.Size(), b.Size(), policy.FileWaitFirst
	if err != nil {
		b.discard()
		h.g.o.Log.Warn("file_not_taken", "file", number, "error", err)
		if errors.Is(err, errTooLarge) {
			return refusedError{policy.RefusedSize}
		}
		return errTake
	}
	if again := h.waitsAlready(f); again != "" {
		b.discard()
		p.say(takenWords(again))
		return waitingError{again}
	}
	b.close()
	if err := h.g.came("file.taken", p, f, payloadOf(f, p.Session)); err != nil {
		b.discard()
		return errTake
	}
	p.say(takenWords(number))
	return waitingError{number}
}

// waitsAlready gives the number of an open file with the same contents from the same place, taken in the same window.
func (h *handler) waitsAlready(f store.File) (number string) {
	_ = h.g.o.DB.Read(h.ctx, func(s *store.Snap) error {
		all, err := s.Files(store.FileFilter{Person: f.Person, Window: f.Window, Target: f.Target,
			States: []policy.FileState{policy.FileWaitFirst, policy.FileWaitSecond, policy.FileApproved}})
		for _, one := range all {
			if one.Direction == policy.FilesOut && one.SHA256 == f.SHA256 && string(one.Path) == string(f.Path) {
				number = one.ID
			}
		}
		return err
	})
	return number
}

// takes stops a copy when its session ends.
type takes struct {
	h *handler
	b *blocks
}

// Write implements io.Writer.
func (t takes) Write(p []byte) (int, error) {
	if t.h.ctx.Err() != nil {
		return 0, errTake
	}
	return t.b.Write(p)
}
