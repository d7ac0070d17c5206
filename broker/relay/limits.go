package relay

import (
	"sync"
	"time"
)

// Limits of one connection. An honest client or target comes nowhere near them.
const (
	maxChannels    = 200 // at once
	maxPayload     = 8 << 10
	maxCommand     = 128 << 10 // of an exec: Linux accepts no longer argument
	maxEnv         = 64        // of variables per channel
	maxEnvName     = 64
	maxEnvValue    = 4 << 10
	maxTerm        = 64
	maxSignal      = 64      // the name of a signal that ended a command
	maxMessage     = 1 << 10 // the target's message about it
	maxLang        = 32
	maxNotices     = 16 // waiting for one terminal
	maxNoticeBytes = 4 << 10
)

// A refusal costs little, and honest programs cause many: a browser or a script may use a stale LocalForward for hours. But
// an honest program never causes them as fast as they are answered. So the limit is a rate.
const (
	refusalBurst = 4000 // at once
	refusalRate  = 20   // per second, without time limit
)

// rate allows a burst at once, and then a number per second.
type rate struct {
	mu   sync.Mutex // guards what follows
	used float64    // of the burst
	last time.Time
}

// take counts one event and reports whether it is within the limit. A clock that runs back earns nothing.
func (t *rate) take(now time.Time) bool { return t.within(now, refusalBurst) }

// within is take with a burst of its own.
func (t *rate) within(now time.Time, burst float64) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if passed := now.Sub(t.last); passed > 0 {
		t.used = max(0, t.used-refusalRate*passed.Seconds())
		t.last = now
	}
	if t.used >= burst {
		return false
	}
	t.used++
	return true
}
