package relay

import (
	"sync"
	"time"
)

// resizeEvery is the shortest interval between two recorded and relayed sizes. Dragging a window's corner sends dozens a
// second; only the last one matters.
const resizeEvery = 50 * time.Millisecond

// resizer relays sizes at a bounded rate.
type resizer struct {
	mu      sync.Mutex
	timer   *time.Timer  // runs for resizeEvery after a relayed size
	busy    bool         // timer runs
	pending *sizePayload // arrived while timer runs
	stopped bool
}

// to relays a size, now or after the interval.
func (z *resizer) to(c *channel, s sizePayload) {
	z.mu.Lock()
	if z.stopped {
		z.mu.Unlock()
		return
	}
	if z.busy {
		z.pending = &s
		z.mu.Unlock()
		return
	}
	z.busy = true
	z.mu.Unlock()
	z.pass(c, s)
}

// pass relays one size, or keeps it while the relay is stalled, and starts the interval after it.
func (z *resizer) pass(c *channel, s sizePayload) {
	passed := c.r.valve.enterFlowing()
	if passed {
		if rec, ok := c.record(s.message()); ok {
			_, _ = send(c.far, rec, false)
		}
		c.r.valve.leave()
	}
	z.mu.Lock()
	defer z.mu.Unlock()
	if !passed && z.pending == nil { // the relay is stalled: the size waits for the next turn, and no later request for the size
		z.pending = &s
	}
	if z.stopped {
		return
	}
	if z.timer == nil {
		z.timer = time.AfterFunc(resizeEvery, func() { defer c.r.catch(); z.next(c) })
		return
	}
	z.timer.Reset(resizeEvery)
}

// next relays the size that arrived during the interval, or ends it.
func (z *resizer) next(c *channel) {
	z.mu.Lock()
	if z.stopped || z.pending == nil {
		z.busy = false
		z.mu.Unlock()
		return
	}
	s := *z.pending
	z.pending = nil
	z.mu.Unlock()
	z.pass(c, s)
}

// stop ends the resizer; a waiting size is dropped with the channel.
func (z *resizer) stop() {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.stopped = true
	if z.timer != nil {
		z.timer.Stop()
	}
}
