package session

import (
	"runtime/debug"
	"sync"
	"sync/atomic"
)

// trimAfter is how many sessions must have begun or ended before memory is given back.
const trimAfter = 32

// trim gives memory back after a burst of logins. A login makes some hundred KiB of garbage and lets the stacks of the
// connection's goroutines grow in the key exchange; the runtime would keep both for minutes at a broker where nothing else happens.
type trim struct {
	changes atomic.Int64 // sessions that began or ended since the last trim
	seen    int64        // changes at the last look
	running atomic.Bool
	work    sync.WaitGroup // the trim under way
}

// look is called every few seconds by the supervisor. It trims once a burst is over, in a goroutine of its own, because the
// runtime holds its caller up meanwhile.
func (t *trim) look() {
	n := t.changes.Load()
	quiet := n == t.seen
	t.seen = n
	if n < trimAfter || !quiet || t.running.Swap(true) {
		return
	}
	t.changes.Store(0)
	t.seen = 0
	t.work.Go(func() {
		defer t.running.Store(false)
		// Each collection halves the stacks of which little is in use.
		for range 3 {
			debug.FreeOSMemory()
		}
	})
}
