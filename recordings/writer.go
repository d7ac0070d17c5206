package recordings

import (
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"os"
	"path/filepath"
	"runtime/debug"
	"sync"
	"time"

	"filippo.io/age"
)

// Options configure a recording: its file system, its readers and its clock.
type Options struct {
	FS       FS                   // nil: OS()
	OutputTo []age.Recipient      // readers of the engineer's output; at least one
	InputTo  []age.Recipient      // readers of the engineer's input; at least one, with its identity kept offline
	Elapsed  func() time.Duration // monotonic time since Header.Started; required
	// Syncer makes the recording durable together with others. Nil: only calls of Sync and Close do. SyncFailed is told of a failed
	// sync, on a goroutine of its own; nil: the next record fails all the same.
	Syncer     *Syncer
	SyncFailed func(error)
	// Slow is told true once the disk takes longer than SlowAfter for a write and the Syncer's sync of it, and false when that sync
	// has succeeded after all. The caller holds data back meanwhile. It must not block. Nil: no one is told.
	Slow      func(slow bool)
	SlowAfter time.Duration
	Tap       func(Frame) // gets each frame once the kernel has it; must not block, keep the data or call the Writer
}

// Writer writes one recording. All methods are safe for concurrent use.
//
// Concurrent calls share one write: the first call writes everything gathered so far, and the others wait for it. No call
// waits for more data.
type Writer struct {
	path    string
	fs      FS
	file    File
	elapsed func() time.Duration
	tap     func(Frame)
	pre     *prelude

	syncer     *Syncer
	syncFailed func(error)
	slow       func(bool)
	slowAfter  time.Duration

	syncing chan struct{} // capacity 1; a token is in it during Sync and Close, so that neither closes the file under the other

	mu       sync.Mutex // guards everything down to cond's end
	cond     *sync.Cond // a batch was written
	pending  *batch     // nil: nothing gathered
	number   uint64     // number of the gathering batch, from 1
	done     uint64     // number of the last batch that the kernel has
	flushing bool       // a goroutine writes a batch; it alone touches the fields below
	closed   bool
	err      error // the first failure; never cleared
	last     uint64
	size     int64
	synced   int64 // bytes of the file that the disk has
	tail     tail  // newest segment that the kernel has
	due      bool  // the syncer knows of a write that no sync covers
	frames   uint64
	bytes    [2]int64 // output, input
	digest   Digest

	sides [2]side // owned by the flushing goroutine
	next  tail    // last segment of the batch that is being written
	chain hash.Hash
	index uint64
	aad   []byte
	nonce [12]byte
	sum   [sha256.Size]byte
}

// beginning is where a recording lies until its header is durable; then it gets its own name. A crash never leaves a
// recording without its whole header: one that is found without has been damaged.
func beginning(path string) string { return path + ".new" }

// Create starts a recording at path. path must not exist; its directory must. The header is durable when path appears. A
// failed Create removes its file.
func Create(path string, h Header, o Options) (*Writer, error) {
	if len(o.OutputTo) == 0 || len(o.InputTo) == 0 {
		return nil, fmt.Errorf("create recording: %w", ErrNoRecipients)
	}
	if o.Elapsed == nil {
		return nil, errors.New("create recording: no clock")
	}
	if h.Session == "" || h.Started.IsZero() {
		return nil, errors.New("create recording: a header names its session and says when that started")
	}
	if o.FS == nil {
		o.FS = OS()
	}
	h.Version = Version
	w := &Writer{
		path: path, fs: o.FS, elapsed: o.Elapsed, tap: o.Tap, syncer: o.Syncer, syncFailed: o.SyncFailed, slow: o.Slow, slowAfter: o.SlowAfter,
		syncing: make(chan struct{}, 1), pre: &prelude{header: h}, number: 1, chain: sha256.New(), aad: make([]byte, 0, 256),
	}
	w.cond = sync.NewCond(&w.mu)
	w.sides = [2]side{{typ: segOutput, least: leastOutput}, {typ: segInput, least: leastInput}}
	for i, to := range [][]age.Recipient{o.OutputTo, o.InputTo} {
		wrapped, aead, err := newFileKey(to)
		if err != nil {
			return nil, fmt.Errorf("create recording: seal the file key: %w", err)
		}
		w.sides[i].aead = aead
		if i == 0 {
			w.pre.outputKey = wrapped
		} else {
			w.pre.inpKey = wrapped
		}
	}
	b, err := w.pre.encode()
	if err != nil {
		return nil, fmt.Errorf("create recording: %w", err)
	}
	if w.file, err = w.fs.OpenFile(beginning(path), os.O_WRONLY|os.O_CREATE|os.O_EXCL|os.O_APPEND, 0o600); err != nil {
		return nil, fmt.Errorf("create recording: %w", err)
	}
	if err := w.begin(b); err != nil {
		// Nothing was relayed yet: a recording that never began is no evidence.
		return nil, errors.Join(fmt.Errorf("create recording: %w", err), w.file.Close(), w.fs.Remove(beginning(path)))
	}
	return w, nil
}

func (w *Writer) begin(prelude []byte) error {
	if err := writeAll(w.file, prelude); err != nil {
		return err
	}
	if err := w.file.Sync(); err != nil {
		return err
	}
	if err := w.fs.Link(beginning(w.path), w.path); err != nil {
		return err
	}
	err := w.fs.SyncDir(filepath.Dir(w.path))
	if err == nil {
		err = w.fs.Remove(beginning(w.path))
	}
	if err != nil {
		return errors.Join(err, w.fs.Remove(w.path))
	}
	w.chain.Write(prelude)
	w.size = int64(len(prelude))
	w.synced = w.size
	return nil
}

func newFileKey(to []age.Recipient) ([]byte, cipher.AEAD, error) {
	key := make([]byte, keyLen)
	defer clear(key)
	rand.Read(key) // never fails: crypto/rand ends the process instead
	wrapped, err := wrapKey(key, to)
	if err != nil {
		return nil, nil, err
	}
	aead, err := newAEAD(key)
	return wrapped, aead, err
}

// Data records bytes of one stream of a channel. The caller may relay p only after Data has returned nil: then the kernel has
// all of it. p is not kept. After the first failure every call returns it.
func (w *Writer) Data(channel uint32, s Stream, p []byte) error {
	var input int
	switch s {
	case Stdout, Stderr:
	case Stdin:
		input = 1
	default:
		return w.Fail(fmt.Errorf("record: %v is no stream of data", s))
	}
	if len(p) == 0 {
		return w.Failed()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(p) > 0 {
		n := min(len(p), maxChunk)
		w.room(n)
		if err := w.usable(); err != nil {
			return err
		}
		w.gather(input, byte(s), channel, "", p[:n])
		p = p[n:]
	}
	return w.settle()
}

// Event records an event that is readable with the output: requests, sizes, notices, ends. kind has 1 to 255 bytes; body is
// marshalled as JSON, nil means none. Use InputEvent for an event with typed input.
func (w *Writer) Event(channel uint32, kind string, body any) error {
	return w.event(0, channel, kind, body)
}

// Precede records an event that must stand before the caller's next record. When that call has returned, the kernel has this
// event too. It costs no separate write. It waits only if the gathering batch is full.
func (w *Writer) Precede(channel uint32, kind string, body any) error {
	b, err := w.marshal(kind, body)
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.gatherEvent(0, channel, kind, b)
}

// InputEvent records an event with typed input, sealed with the input.
func (w *Writer) InputEvent(channel uint32, kind string, body any) error {
	return w.event(1, channel, kind, body)
}

func (w *Writer) event(input int, channel uint32, kind string, body any) error {
	b, err := w.marshal(kind, body)
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.gatherEvent(input, channel, kind, b); err != nil {
		return err
	}
	return w.settle()
}

// marshal makes the body of an event, nil where there is none.
func (w *Writer) marshal(kind string, body any) (b []byte, err error) {
	if body != nil {
		if b, err = json.Marshal(body); err != nil {
			return nil, w.Fail(fmt.Errorf("record event %q: %w", kind, err))
		}
	}
	if len(kind) == 0 || len(kind) > 255 || len(b) > maxPlain-512 {
		return nil, w.Fail(fmt.Errorf("record event: kind of %d and body of %d bytes are out of range", len(kind), len(b)))
	}
	return b, nil
}

// gatherEvent adds an event to the batch. The caller holds mu.
func (w *Writer) gatherEvent(input int, channel uint32, kind string, b []byte) error {
	w.room(len(kind) + len(b))
	if err := w.usable(); err != nil {
		return err
	}
	w.gather(input, kindEvent, channel, kind, b)
	return nil
}

// room waits until the gathering batch can take n more bytes. The caller holds mu.
func (w *Writer) room(n int) {
	for w.err == nil && !w.closed && w.pending != nil && w.pending.plain()+n > groupMost {
		w.flushOrWait()
	}
}

// gather adds a frame to the batch. The caller holds mu.
func (w *Writer) gather(input int, kind byte, channel uint32, name string, data []byte) {
	if w.pending == nil {
		w.pending = batches.Get().(*batch)
	}
	// A clock that steps back must not make the recording's time run backwards.
	w.last = max(w.last, uint64(max(w.elapsed(), 0)/time.Microsecond))
	b := w.pending
	b.text[input] = putFrame(b.text[input], kind, channel, w.last, name, data)
	b.frames++
	if kind != kindEvent {
		b.bytes[input] += int64(len(data))
	}
}

// settle waits until the kernel has the gathering batch. The caller holds mu.
func (w *Writer) settle() error {
	for mine := w.number; w.done < mine; {
		if w.err != nil {
			return w.err
		}
		w.flushOrWait()
	}
	return nil
}

// flushOrWait writes the gathered batch, or waits for the goroutine that is writing one. The caller holds mu, which is
// released meanwhile.
func (w *Writer) flushOrWait() {
	if w.flushing {
		w.cond.Wait()
		return
	}
	b, number := w.pending, w.number
	w.pending, w.number, w.flushing = nil, number+1, true
	if w.syncer != nil && !w.due { // before the write: the syncer also notices a write that hangs
		w.due = true
		w.syncer.add(w)
	}
	w.mu.Unlock()

	n, err := w.writeTapped(b)

	w.mu.Lock()
	w.flushing = false
	if err != nil {
		w.fail(fmt.Errorf("write recording: %w", err))
	} else {
		w.done = number
		w.size += n
		w.tail = w.next
		w.frames += b.frames
		w.bytes[0] += b.bytes[0]
		w.bytes[1] += b.bytes[1]
	}
	b.reset()
	batches.Put(b)
	w.cond.Broadcast()
}

// writeTapped writes a batch and shows it to the tap. A panic of the tap counts as a failure of the recording. Else the batch
// would stay in flight, every caller would wait, and the recording could not be sealed.
func (w *Writer) writeTapped(b *batch) (n int64, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("fault: %v\n%s", p, debug.Stack())
		}
	}()
	if n, err = w.write(b); err == nil && w.tap != nil {
		b.each(w.tap)
	}
	return n, err
}

// usable returns the reason why nothing more can be recorded. The caller holds mu.
func (w *Writer) usable() error {
	if w.err != nil {
		return w.err
	}
	if w.closed {
		return ErrClosed
	}
	return nil
}

// fail keeps the first failure. The caller holds mu.
func (w *Writer) fail(err error) {
	if w.err == nil {
		w.err = err
	}
}

// Fail makes the recording fail with err, for a caller with a reason of its own, and returns the first failure.
func (w *Writer) Fail(err error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fail(err)
	w.cond.Broadcast()
	return w.err
}

// Failed returns the first failure, or nil while the recording is sound.
func (w *Writer) Failed() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}

// Size returns the bytes of the file so far.
func (w *Writer) Size() int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.size
}

// Sync makes everything recorded so far durable, and a write under way too; without news since the last Sync it does nothing. A failed
// Sync ends the recording, because the state of the disk is unknown then.
func (w *Writer) Sync() error {
	w.syncing <- struct{}{}
	defer func() { <-w.syncing }()
	w.mu.Lock()
	w.due = false // later writes wait for another sync
	for under := w.number - 1; w.flushing && w.done < under && w.err == nil; {
		w.cond.Wait()
	}
	err, size := w.usable(), w.size
	idle := size == w.synced
	w.mu.Unlock()
	if err != nil || idle {
		return err
	}
	if err := w.file.Sync(); err != nil {
		return w.Fail(fmt.Errorf("sync recording: %w", err))
	}
	w.mu.Lock()
	w.synced = size
	w.mu.Unlock()
	return nil
}
