package files

import (
	"io"
	"slices"
	"sync"
)

// Clients ask for pieces of 32 KiB, a few at once. Each would be a question to the target of its own, and its answer would wait for the way there
// and back. So a file that is read on is read ahead in windows. A window is let go once as many bytes as it holds were handed out, and the
// bytes behind its end are read anew, so that a client which reads a file again and again sees it change and grow.
const (
	window      = 1 << 20
	readOn      = 8 // pieces that followed one another until a file counts as read on; a smaller one is read as it is asked for
	depth       = 2 // windows that are read beyond the one that is handed out
	mostWindows = depth + 2

	// Files that are read ahead at a time, of one session and of all. Each holds mostWindows of memory. Further ones are read as they are asked for.
	mostAhead      = 4
	mostAheadOfAll = 64
)

// windowBuffers holds the unused buffers; they belong to no file.
var windowBuffers = sync.Pool{New: func() any { return new([window]byte) }}

// readAhead reads a file of the target in windows while it is read on. Other reads go to the file.
type readAhead struct {
	from  io.ReaderAt
	slots []chan struct{} // one of each is taken; none: no bound

	mu      sync.Mutex // guards what follows
	windows []*aWindow // in order, at most mostWindows
	upTo    int64      // number behind that of the newest window; 0: there was none
	next    int64      // end of the last piece that went to the file
	runs    int        // how many pieces followed one another
	slot    bool       // it has one
	ended   bool
	reading sync.WaitGroup
}

// aWindow is a part of the file. n and what b holds are valid once done is closed.
type aWindow struct {
	number int64
	done   chan struct{}
	b      *[window]byte
	n      int

	// Guarded by the mutex of readAhead.
	users  int
	handed int // bytes
	gone   bool
}

// ReadAt implements io.ReaderAt.
func (r *readAhead) ReadAt(p []byte, at int64) (n int, err error) {
	for n < len(p) {
		here := at + int64(n)
		w := r.take(here, len(p)-n)
		if w == nil {
			more, err := r.from.ReadAt(p[n:], here)
			return n + more, err
		}
		<-w.done
		got := copy(p[n:], w.b[min(int(here%window), w.n):w.n])
		n += got
		r.give(w, got)
		if got == 0 { // the window ends before: the file may have grown since
			more, err := r.from.ReadAt(p[n:], here)
			return n + more, err
		}
	}
	return n, nil
}

// take gives the window with a place, and has the next one read; nil: the piece there goes to the file.
func (r *readAhead) take(at int64, size int) *aWindow {
	number := at / window
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended {
		return nil
	}
	for _, w := range r.windows {
		if w.number == number {
			r.further(number)
			w.users++
			return w
		}
	}
	if at == r.next {
		r.runs++
	} else if at < r.next || at > r.next+window { // elsewhere; questions under way may come in another order
		r.runs = 0
	}
	r.next = at + int64(size)
	if r.upTo > 0 && number == r.upTo || r.runs >= readOn {
		if number != r.upTo {
			r.dropAll()
		}
		if r.runs = 0; !r.room() {
			return nil
		}
		w := r.read(number)
		w.users++
		r.further(number)
		return w
	}
	return nil
}

// further has the windows behind one read, unless the file is known to end before them. The caller holds mu.
func (r *readAhead) further(number int64) {
	for r.upTo <= number+depth && (len(r.windows) == 0 || !r.windows[len(r.windows)-1].isShort()) {
		r.read(r.upTo)
	}
}

// room takes a slot of each kind, or none. The caller holds mu.
func (r *readAhead) room() bool {
	if r.slot {
		return true
	}
	for i, c := range r.slots {
		select {
		case c <- struct{}{}:
		default:
			free(r.slots[:i])
			return false
		}
	}
	r.slot = true
	return true
}

func free(slots []chan struct{}) {
	for _, c := range slots {
		<-c
	}
}

// isShort reports whether the window is known to reach the end of the file. The caller holds mu.
func (w *aWindow) isShort() bool {
	select {
	case <-w.done:
		return w.n < window
	default:
		return false
	}
}

// read begins to read a window. The caller holds mu.
func (r *readAhead) read(number int64) *aWindow {
	w := &aWindow{number: number, done: make(chan struct{}), b: windowBuffers.Get().(*[window]byte), users: 1}
	if r.windows = append(r.windows, w); len(r.windows) > mostWindows {
		r.drop(r.windows[0])
		r.windows = append(r.windows[:0], r.windows[1:]...)
	}
	r.upTo = number + 1
	r.reading.Go(func() {
		w.n, _ = r.from.ReadAt(w.b[:], number*window) // an error shows where the rest is read anew
		close(w.done)
		r.give(w, 0)
	})
	return w
}

// give ends the use of a window, of which so many bytes were handed out.
func (r *readAhead) give(w *aWindow, handed int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	w.users--
	if w.handed += handed; handed > 0 && w.handed >= w.n {
		r.windows = slices.DeleteFunc(r.windows, func(one *aWindow) bool { return one == w })
		w.gone = true
	}
	r.recycle(w)
}

// drop gives the window's buffer back once it is not used any more. The caller holds mu.
func (r *readAhead) drop(w *aWindow) {
	w.gone = true
	r.recycle(w)
}

func (r *readAhead) recycle(w *aWindow) {
	if w.gone && w.users == 0 && w.b != nil {
		windowBuffers.Put(w.b)
		w.b = nil
	}
}

// close waits for what is being read.
func (r *readAhead) close() {
	r.mu.Lock()
	r.ended = true
	r.mu.Unlock()
	r.reading.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.dropAll()
	if r.slot {
		r.slot = false
		free(r.slots)
	}
}

// dropAll drops the windows. The caller holds mu.
func (r *readAhead) dropAll() {
	for _, w := range r.windows {
		r.drop(w)
	}
	r.windows = nil
}
