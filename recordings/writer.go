package recordings

import (
	"errors"
	"time"

	"filippo.io/age"
)

// Options say where a recording goes and who can open it.
type Options struct {
	FS       FS                   // nil: OS()
	OutputTo []age.Recipient      // who can read what the engineer saw; at least one
	InputTo  []age.Recipient      // who can read what the engineer typed; at least one, offline
	Elapsed  func() time.Duration // monotonic time since Header.Started; required
	Tap      func(Frame)          // sees each frame once it is with the kernel; must not block, keep the data or call the Writer
}

// Writer writes one recording.
type Writer struct{}

var errNotYet = errors.New("not yet")

// Create starts a recording at path, which must not exist, in a directory that
// does. When it returns, the header is durable.
func Create(path string, h Header, o Options) (*Writer, error) { return nil, errNotYet }

// Data records bytes of one stream of a channel.
func (w *Writer) Data(channel uint32, s Stream, p []byte) error { return errNotYet }

// Event records something that is no data, readable with the output; body is marshalled as JSON.
func (w *Writer) Event(channel uint32, kind string, body any) error { return errNotYet }

// InputEvent records an event that carries input, sealed with the input.
func (w *Writer) InputEvent(channel uint32, kind string, body any) error { return errNotYet }

// Sync makes durable what was recorded so far.
func (w *Writer) Sync() error { return errNotYet }

// Failed returns the first error, or nil while the recording is sound.
func (w *Writer) Failed() error { return errNotYet }

// Size returns the bytes written to the file so far.
func (w *Writer) Size() int64 { return 0 }

// Close writes the end, makes the file durable and returns its digest.
// After a failure it keeps what was whole, seals it as Seal would, and returns the digest of that together with the first error.
func (w *Writer) Close(end End) (Digest, error) { return Digest{}, errNotYet }

// Seal gives a recording that a crash left without an end its end, without any key.
// fsys nil: OS().
func Seal(path string, fsys FS, end End) (Digest, error) { return Digest{}, errNotYet }
