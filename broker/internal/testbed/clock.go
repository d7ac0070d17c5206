package testbed

import (
	"fmt"
	"os"
	"sync/atomic"
	"time"
)

// Clock is a wall clock that can be set: the real one (inside testing/synctest the bubble's)
// plus an offset. Timers are not affected, as when the clock of a machine is set. The zero value
// is for bubbles, whose date is always the same, and for tests that only measure spans; elsewhere NewClock chooses the date.
type Clock struct{ offset, slept atomic.Int64 }

// At is the instant at which clocks of tests begin, so that no test depends on the hour, the date or the zone of the
// machine: SEKIMORI_STORY_AT (RFC 3339), or a Tuesday morning in Japan.
func At() time.Time {
	at := time.Date(2026, 11, 24, 10, 0, 0, 0, time.FixedZone("JST", 9*60*60))
	if text := os.Getenv("SEKIMORI_STORY_AT"); text != "" {
		var err error
		if at, err = time.Parse(time.RFC3339, text); err != nil {
			panic(fmt.Sprintf("SEKIMORI_STORY_AT: %v", err)) // the tests were started wrongly
		}
	}
	return at
}

// NewClock is a clock that shows At now and goes on with the machine's.
func NewClock() *Clock { return Ahead(At().Sub(time.Now().Round(0))) }

// Ahead is a clock ahead of the machine's by d.
func Ahead(d time.Duration) *Clock {
	c := &Clock{}
	c.Step(d)
	return c
}

// Ahead is how far the clock is ahead of the machine's: for another process that shares it.
func (c *Clock) Ahead() time.Duration { return time.Duration(c.offset.Load()) }

// Now returns the time of this clock, without a monotonic reading.
func (c *Clock) Now() time.Time {
	return time.Now().Round(0).Add(time.Duration(c.offset.Load()))
}

// Step sets the clock forward by d, or back where d is negative.
func (c *Clock) Step(d time.Duration) { c.offset.Add(int64(d)) }

// SinceBoot is the reading of a clock that cannot be set and that counts the time a machine slept.
func (c *Clock) SinceBoot() time.Duration {
	return time.Duration(time.Now().UnixNano() + c.slept.Load())
}

// Suspend makes the machine sleep for d: the wall clock and SinceBoot go on meanwhile, timers do not.
func (c *Clock) Suspend(d time.Duration) {
	c.slept.Add(int64(d))
	c.Step(d)
}
