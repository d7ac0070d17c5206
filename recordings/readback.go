package recordings

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// tail is the newest segment of a recording that is being written.
type tail struct {
	at    int64 // offset in the file
	size  int   // bytes with head and check; 0: there is none
	index uint64
	side  int
	check [checkLen]byte
}

// ErrNotAsWritten says that the newest segment of a recording cannot be read back as it was written.
var ErrNotAsWritten = errors.New("the recording's file does not hold what was written")

// ReadBack reads the newest segment through the recording's name and opens it, so that a disk that loses writes, and a file that was
// cut, replaced or removed, are noticed while the session goes on. It may run beside all other calls. A recording without a segment, or
// one that is closed, has nothing to read back. Errors: ErrNotAsWritten, and those of the file system.
func (w *Writer) ReadBack() error {
	w.mu.Lock()
	t, over := w.tail, w.closed
	w.mu.Unlock()
	if over || t.size == 0 {
		return nil
	}
	err := w.readBack(t)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed { // the file may have been sealed, or disposed of, meanwhile
		return nil
	}
	return err
}

func (w *Writer) readBack(t tail) (err error) {
	f, err := w.fs.OpenFile(w.path, os.O_RDONLY, 0)
	if err != nil {
		return fmt.Errorf("read back recording: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if _, err := f.Seek(t.at, io.SeekStart); err != nil {
		return fmt.Errorf("read back recording: %w", err)
	}
	b := make([]byte, t.size)
	switch _, err := io.ReadFull(f, b); {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%w: it ends before %d bytes", ErrNotAsWritten, t.at+int64(t.size))
	case err != nil:
		return fmt.Errorf("read back recording: %w", err)
	}
	var nonce [12]byte
	putNonce(nonce[:], t.index)
	body, check := b[headLen:t.size-checkLen], b[t.size-checkLen:]
	_, err = w.sides[t.side].aead.Open(nil, nonce[:], body, w.pre.aad(nil, t.at, b[:headLen]))
	if err != nil || [checkLen]byte(check) != t.check {
		return fmt.Errorf("%w: the segment at %d is another", ErrNotAsWritten, t.at)
	}
	return nil
}
