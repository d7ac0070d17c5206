package session

import (
	"runtime/debug"
	"sync"
	"time"
)

const (
	// trimAfter is how many sessions must have begun or ended before memory is given back.
	trimAfter = 32
	// trimQuiet is how long none may have begun or ended since: a burst is over then.
	trimQuiet = time.Second
)

// trim gives memory back after a burst of logins. A login makes some hundred KiB of garbage and lets the stacks of the
// connection's goroutines grow in the key exchange; the runtime would keep both for minutes at a broker where nothing else happens.
type trim struct {
	mu      sync.Mutex  // guards what follows
	timer   *time.Timer // fires trimQuiet after the last change; nil: none is awaited
	changes int         // sessions that began or ended since the last trim
	ended   bool
	work    sync.WaitGroup // the trim under way
}

// changed counts a session that began or ended.
func (t *trim) changed() {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch t.changes++; {
	case t.changes < trimAfter || t.ended:
	case t.timer == nil:
		t.timer = time.AfterFunc(trimQuiet, t.run)
	default:
		t.timer.Reset(trimQuiet)
	}
}

// run gives back what is not in use. Each collection halves the stacks of which little is in use.
func (t *trim) run() {
	t.mu.Lock()
	if t.ended || t.changes < trimAfter {
		t.mu.Unlock()
		return
	}
	t.changes = 0
	t.work.Add(1)
	t.mu.Unlock()
	defer t.work.Done()
	for range 3 {
		debug.FreeOSMemory()
	}
}

// end stops trimming and waits for a trim that is under way.
func (t *trim) end() {
	t.mu.Lock()
	t.ended = true
	if t.timer != nil {
		t.timer.Stop()
	}
	t.mu.Unlock()
	t.work.Wait()
}
