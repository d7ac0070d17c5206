package files

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
)

// source is a file that grows, and counts the reads.
type source struct {
	mu    sync.Mutex
	b     []byte
	reads atomic.Int64
	fails error // of reads behind this file's half; nil: none
}

// ReadAt implements io.ReaderAt.
func (s *source) ReadAt(p []byte, at int64) (int, error) {
	s.reads.Add(1)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fails != nil && at+int64(len(p)) > int64(len(s.b)/2) {
		return 0, s.fails
	}
	return bytes.NewReader(s.b).ReadAt(p, at)
}

func filled(n int) *source {
	s := &source{b: make([]byte, n)}
	r := rand.New(rand.NewPCG(1, uint64(n)))
	for i := range s.b {
		s.b[i] = byte(r.Uint32())
	}
	return s
}

// Readers of any pieces, in any order and several at once, get the bytes of the file.
func TestReadAheadGivesWhatTheFileHas(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 1, window - 1, window, window + 1, 3*window + 12345} {
		s := filled(size)
		r := &readAhead{from: s}
		var askers sync.WaitGroup
		var next atomic.Int64 // as a client reads on: each worker takes the next piece
		for worker := range 8 {
			askers.Go(func() {
				random := rand.New(rand.NewPCG(uint64(worker), uint64(size)))
				for {
					piece := 1 + random.IntN(64<<10)
					at := next.Add(int64(piece)) - int64(piece)
					if worker == 7 && random.IntN(4) == 0 { // one looks elsewhere
						at = random.Int64N(int64(size) + 10)
					}
					p := make([]byte, piece)
					n, err := r.ReadAt(p, at)
					want := s.b[min(at, int64(size)):min(at+int64(piece), int64(size))]
					if !bytes.Equal(p[:n], want) || (n < piece) != errors.Is(err, io.EOF) {
						t.Errorf("size %d, %d at %d: %d bytes, %v", size, piece, at, n, err)
						return
					}
					if at > int64(size) {
						return
					}
				}
			})
		}
		askers.Wait()
		r.close()
		if n, err := r.ReadAt(make([]byte, 1), 0); n != min(size, 1) || err != nil && size > 0 {
			t.Errorf("size %d, closed: %d, %v", size, n, err)
		}
	}
}

// A file that is read on costs few reads; one that is read again, or grows, is read anew; an error is given where it is.
func TestReadAheadReadsFewTimesAndAnew(t *testing.T) {
	t.Parallel()
	s := filled(4*window + 100)
	r := &readAhead{from: s}
	defer r.close()
	whole := func() []byte {
		t.Helper()
		b, err := io.ReadAll(bufferless{io.NewSectionReader(r, 0, int64(len(s.b))+1000)})
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	if !bytes.Equal(whole(), s.b) {
		t.Error("another file")
	}
	if n := s.reads.Load(); n > 40 {
		t.Errorf("%d reads", n)
	}
	s.mu.Lock()
	s.b[len(s.b)-1]++
	s.b = append(s.b, "more"...)
	s.mu.Unlock()
	p := make([]byte, 104)
	if n, err := r.ReadAt(p, 4*window); n != 104 || err != nil && !errors.Is(err, io.EOF) || !bytes.Equal(p, s.b[4*window:]) {
		t.Errorf("after it has changed and grown: %d, %v", n, err)
	}
	broken := filled(4 * window)
	broken.fails = errors.New("a bad sector")
	ahead := &readAhead{from: broken}
	defer ahead.close()
	got, err := io.ReadAll(bufferless{io.NewSectionReader(ahead, 0, 4*window)})
	if !errors.Is(err, broken.fails) || !bytes.Equal(got, broken.b[:len(got)]) || len(got) < window {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

// Many open files hold the memory of few: those of one session, on however many channels, and those of all sessions.
func TestAttackManyFilesReadAhead(t *testing.T) {
	t.Parallel()
	g, err := Open(Options{Dir: t.TempDir(), Outbox: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ sessions, channels, most int }{{1, 20, mostAhead}, {20, 4, mostAheadOfAll}} {
		var all []*readAhead
		for range c.sessions {
			p := Passage{}
			p.Number()
			for range c.channels {
				s := filled(window)
				r := &readAhead{from: s, slots: g.slots(&p)}
				all = append(all, r)
				half := make([]byte, window/2)
				for at := 0; at < len(half); at += 32 << 10 {
					if _, err := r.ReadAt(half[at:at+32<<10], int64(at)); err != nil {
						t.Fatal(err)
					}
				}
				if !bytes.Equal(half, s.b[:window/2]) {
					t.Error("another file")
				}
			}
		}
		ahead := 0
		for _, r := range all {
			r.mu.Lock()
			if len(r.windows) > 0 {
				ahead++
			}
			r.mu.Unlock()
			r.close()
		}
		if ahead == 0 || ahead > c.most || len(g.ahead) > 0 {
			t.Errorf("%d sessions of %d channels: %d files were read ahead, %d slots are taken at the end", c.sessions, c.channels, ahead, len(g.ahead))
		}
	}
}

// bufferless reads in pieces of a client.
type bufferless struct{ r io.Reader }

// Read implements io.Reader.
func (b bufferless) Read(p []byte) (int, error) { return b.r.Read(p[:min(len(p), 32<<10)]) }
