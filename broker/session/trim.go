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
	give func() // collects once and gives unused memory back; nil: the runtime's

	mu      sync.Mutex  // guards what follows
	timer   *time.Timer // fires trimQuiet after the last change; nil: none is awaited
	changes int         // sessions that began or ended since the last trim
	ended   bool
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

// run gives unused memory back. Each collection halves the stacks that are little used.
func (t *trim) run() {
	if !t.begin() {
		return
	}
	give := t.give
	if give == nil {
		give = debug.FreeOSMemory
	}
	for range 3 {
		if t.over() {
			return
		}
		give()
	}
}

func (t *trim) begin() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ended || t.changes < trimAfter {
		return false
	}
	t.changes = 0
	return true
}

func (t *trim) over() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.ended
}

// end stops trimming. It does not wait for a collection that is under way: on busy processors one takes seconds, and it
// touches nothing of the supervisor.
func (t *trim) end() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ended = true
	if t.timer != nil {
		t.timer.Stop()
	}
}
