package relay

import (
	"sync"
	"time"
)

// resizeEvery bounds how often a terminal's size is recorded and passed on. A window drawn by
// its corner sends dozens a second; only the last one counts.
const resizeEvery = 50 * time.Millisecond

// resizer passes sizes on at a bounded rate.
type resizer struct {
	mu      sync.Mutex
	timer   *time.Timer  // runs for resizeEvery after a size was passed on
	busy    bool         // timer runs
	pending *sizePayload // came meanwhile
	stopped bool
}

// to passes a size on, now or soon.
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

// pass hands one size on and starts the pause after it.
func (z *resizer) pass(c *channel, s sizePayload) {
	if c.r.valve.enter() {
		if rec, ok := c.record(s.message()); ok {
			_, _ = send(c.far, rec, false)
		}
		c.r.valve.leave()
	}
	z.mu.Lock()
	defer z.mu.Unlock()
	if z.stopped {
		return
	}
	if z.timer == nil {
		z.timer = time.AfterFunc(resizeEvery, func() { defer c.r.catch(); z.next(c) })
		return
	}
	z.timer.Reset(resizeEvery)
}

// next passes on what came during the pause, or ends it.
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

// stop ends it; a size that waits is dropped with the channel.
func (z *resizer) stop() {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.stopped = true
	if z.timer != nil {
		z.timer.Stop()
	}
}
