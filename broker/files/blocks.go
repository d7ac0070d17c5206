package files

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"syscall"

	"sekimori/broker/keys"
)

// Contents lie sealed in segments of one length, each at its place, because clients send pieces in any order. The sealing purpose of a
// segment names the file and the segment. That a file is whole is shown by its hash in the ledger.
const (
	segment  = 64 << 10
	sealedTo = segment + 1 + 24 + 16 // version, nonce, tag
	inMemory = 32                    // segments that wait to be sealed
)

// blocks is one content on the disk. It implements inspect.Content and inspect.Scratch.
type blocks struct {
	ring *keys.Ring
	name string
	most uint64       // bytes; 0: no limit
	room func() error // asked now and then before bytes go to the disk; nil: there is room

	mu    sync.Mutex // guards what follows
	f     *os.File
	size  int64
	open  map[int64][]byte // segments in memory, by number
	order []int64          // of open, oldest first
	dirty map[int64]bool

	onDisk map[int64]bool // segments that were sealed once
	sealed int            // how often one was

	// Of kept contents: marks has a mark of each segment as it was first read. Once pinned, a segment with another mark is not given out.
	marks  []uint64
	pinned string // number of the file; empty: not pinned
}

// roomEvery is how many segments are sealed between two looks at the free space.
const roomEvery = 64

var errTooLarge = errors.New("the file is larger than permitted")

func newBlocks(dir, name string, ring *keys.Ring, most uint64) (*blocks, error) {
	f, err := os.OpenFile(dir+"/"+name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, fmt.Errorf("hold a file: %w", err)
	}
	return &blocks{ring: ring, name: name, most: most, f: f, open: make(map[int64][]byte), dirty: make(map[int64]bool), onDisk: make(map[int64]bool)}, nil
}

// openBlocks opens kept contents for reading. The caller knows their length and compares their hash.
func openBlocks(dir, name string, ring *keys.Ring, size int64) (*blocks, error) {
	f, err := os.OpenFile(dir+"/"+name, os.O_RDONLY|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return nil, fmt.Errorf("open kept contents: %w", err)
	}
	return &blocks{ring: ring, name: name, f: f, size: size, open: make(map[int64][]byte), dirty: make(map[int64]bool), onDisk: make(map[int64]bool),
		marks: make([]uint64, (size+segment-1)/segment)}, nil
}

// pin makes the contents unchangeable for their reader: all of them were read once, and compared with the file's digest. A file on the disk that
// changes from now on ends the reading before the first byte that differs.
func (b *blocks) pin(number string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.pinned = number
}

// marked notes or compares the mark of a segment as it lies on the disk: eight bytes of its nonce, which is drawn anew each time a segment is
// sealed; 0 for a hole. The seal holds that the segment is one of this file at this place, so that only an older one of its own could stand in
// for it. The caller holds mu.
func (b *blocks) marked(n int64, sealed []byte) error {
	if n >= int64(len(b.marks)) {
		return nil
	}
	var mark uint64
	if sealed != nil {
		mark = binary.BigEndian.Uint64(sealed[1:])
	}
	if b.pinned == "" {
		b.marks[n] = mark
	} else if b.marks[n] != mark {
		return changedFile(b.pinned)
	}
	return nil
}

// Size implements inspect.Content.
func (b *blocks) Size() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.size
}

// segmentAt gives a segment of plain bytes. The caller holds mu.
func (b *blocks) segmentAt(n int64) ([]byte, error) {
	if s := b.open[n]; s != nil {
		return s, nil
	}
	if len(b.order) == inMemory {
		if err := b.seal(b.order[0]); err != nil {
			return nil, err
		}
		delete(b.open, b.order[0])
		b.order = b.order[1:]
	}
	s := make([]byte, segment)
	sealed := make([]byte, sealedTo)
	switch got, err := b.f.ReadAt(sealed, n*sealedTo); {
	case err != nil && !errors.Is(err, io.EOF):
		return nil, err
	case got == 0 || err == nil && sealed[0] == 0: // never written: a hole
		if err := b.marked(n, nil); err != nil {
			return nil, err
		}
	case got < sealedTo:
		return nil, b.unsealed(io.ErrUnexpectedEOF)
	default:
		if err := b.marked(n, sealed); err != nil {
			return nil, err
		}
		plain, err := b.ring.Unseal(b.purpose(n), sealed)
		if err != nil {
			return nil, b.unsealed(err)
		}
		copy(s, plain)
	}
	b.open[n], b.order = s, append(b.order, n)
	return s, nil
}

// unsealed is the error of a segment that cannot be read: of pinned contents it was there, so they were changed.
func (b *blocks) unsealed(err error) error {
	if b.pinned != "" {
		return errors.Join(changedFile(b.pinned), err)
	}
	return err
}

func (b *blocks) purpose(n int64) string { return fmt.Sprintf("file/%s/%d", b.name, n) }

func (b *blocks) seal(n int64) error {
	if !b.dirty[n] {
		return nil
	}
	if !b.onDisk[n] && isZero(b.open[n]) { // it stays a hole: a sparse file takes no room
		delete(b.dirty, n)
		return nil
	}
	if b.sealed++; b.room != nil && b.sealed%roomEvery == 0 {
		if err := b.room(); err != nil {
			return err
		}
	}
	sealed, err := b.ring.Seal(b.purpose(n), b.open[n])
	if err == nil {
		_, err = b.f.WriteAt(sealed, n*sealedTo)
	}
	if err == nil {
		delete(b.dirty, n)
		b.onDisk[n] = true
	}
	return err
}

func isZero(p []byte) bool {
	for _, c := range p {
		if c != 0 {
			return false
		}
	}
	return true
}

// WriteAt implements io.WriterAt.
func (b *blocks) WriteAt(p []byte, at int64) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	end := at + int64(len(p))
	if at < 0 || end < at || b.most > 0 && uint64(end) > b.most {
		return 0, errTooLarge
	}
	for done := 0; done < len(p); {
		n, from := (at+int64(done))/segment, (at+int64(done))%segment
		s, err := b.segmentAt(n)
		if err != nil {
			return done, err
		}
		b.dirty[n] = true
		done += copy(s[from:], p[done:])
	}
	b.size = max(b.size, end)
	return len(p), nil
}

// ReadAt implements io.ReaderAt.
func (b *blocks) ReadAt(p []byte, at int64) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if at < 0 || at >= b.size {
		return 0, io.EOF
	}
	short := int64(len(p)) > b.size-at
	if short {
		p = p[:b.size-at]
	}
	for done := 0; done < len(p); {
		n, from := (at+int64(done))/segment, (at+int64(done))%segment
		s, err := b.segmentAt(n)
		if err != nil {
			return done, err
		}
		done += copy(p[done:], s[from:])
	}
	if short {
		return len(p), io.EOF
	}
	return len(p), nil
}

// Write adds to the end.
func (b *blocks) Write(p []byte) (int, error) { return b.WriteAt(p, b.Size()) }

// flush puts everything on the disk.
func (b *blocks) flush() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for n := range b.dirty {
		if err := b.seal(n); err != nil {
			return err
		}
	}
	return b.f.Sync()
}

func (b *blocks) close() { _ = b.f.Close() }

// discard removes the content.
func (b *blocks) discard() {
	b.close()
	_ = os.Remove(b.f.Name())
}
