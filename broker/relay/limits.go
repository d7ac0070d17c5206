package relay

import (
	"sync"
	"time"
)

// Limits of one connection. An honest client or target comes near none of them.
const (
	maxChannels    = 200 // at once
	maxPayload     = 8 << 10
	maxCommand     = 128 << 10 // of an exec: Linux takes no longer argument
	maxEnv         = 64        // variables of a channel
	maxEnvName     = 64
	maxEnvValue    = 4 << 10
	maxTerm        = 64
	maxSignal      = 64      // the name of a signal that ended a command
	maxMessage     = 1 << 10 // what a target says about it
	maxLang        = 32
	maxNotices     = 16 // waiting for one terminal
	maxNoticeBytes = 4 << 10
)

// Refusals cost little, and honest programs cause many: a stale LocalForward that a browser or a script goes on using,
// for hours. What no honest program does is to cause them as fast as they are answered. The limit is therefore a rate.
const (
	refusalBurst = 4000 // at once
	refusalRate  = 20   // a second, for as long as it takes
)

// rate is how many of something may happen: most at once, and so many a second from then on.
type rate struct {
	mu   sync.Mutex // guards what follows
	used float64    // of the burst
	last time.Time
}

// take counts one and reports whether it is within the limit. A clock that runs back gives nothing back.
func (t *rate) take(now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if passed := now.Sub(t.last); passed > 0 {
		t.used = max(0, t.used-refusalRate*passed.Seconds())
		t.last = now
	}
	if t.used >= refusalBurst {
		return false
	}
	t.used++
	return true
}
