package session

import (
	"sync"
	"time"

	"sekimori/policy"
)

// clockTolerance is how far the wall clock may step back without a refusal:
// the size of NTP's ordinary corrections.
const clockTolerance = 2 * time.Second

// clockMonitor remembers the latest instant the wall clock ever showed. A clock that then shows
// less has run back, and a window that ended could open again: no one is admitted until it has
// caught up.
type clockMonitor struct {
	mu     sync.Mutex // guards latest
	latest time.Time
}

// observe takes a reading and reports whether it is plausible.
func (c *clockMonitor) observe(now time.Time) policy.ClockState {
	now = now.Round(0) // the wall clock only: the monotonic reading never runs back
	c.mu.Lock()
	defer c.mu.Unlock()
	if now.After(c.latest) {
		c.latest = now
	}
	if c.latest.Sub(now) > clockTolerance {
		return policy.ClockUntrusted
	}
	return policy.ClockTrusted
}
