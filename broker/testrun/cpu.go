package testrun

import (
	"syscall"
	"time"
)

// CPU is the processor time that this process has used. A test that bounds the cost of a computation measures it by this clock: the
// machine's own goes on while other processes have the processors.
func CPU() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err) // the arguments are right
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
