package session

import (
	"time"

	"golang.org/x/sys/unix"
)

// sinceBoot is the time since the machine was booted, the time that it slept included (clock_gettime(2), CLOCK_BOOTTIME).
// It allocates nothing.
func sinceBoot() time.Duration {
	var t unix.Timespec
	if unix.ClockGettime(unix.CLOCK_BOOTTIME, &t) != nil {
		return time.Duration(1<<63 - 1) // not known: every deadline is over
	}
	return time.Duration(t.Nano())
}
