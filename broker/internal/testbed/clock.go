package testbed

import (
	"sync/atomic"
	"time"
)

// Clock is a wall clock that can be set: the real one (inside testing/synctest the bubble's)
// plus an offset. Timers are not affected, as when somebody sets the clock of a machine.
type Clock struct{ offset atomic.Int64 }

// Now returns the time of this clock, without a monotonic reading.
func (c *Clock) Now() time.Time {
	return time.Now().Round(0).Add(time.Duration(c.offset.Load()))
}

// Step sets the clock forward by d, or back where d is negative.
func (c *Clock) Step(d time.Duration) { c.offset.Add(int64(d)) }
