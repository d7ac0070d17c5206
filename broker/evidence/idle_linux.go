package evidence

import (
	"fmt"
	"syscall"
)

// idlePriority limits the calling thread to idle time of disk and processor: the idle class of ioprio_set(2), and the lowest
// niceness. Both belong to the thread.
func idlePriority() error {
	const (
		thisThread = 0
		ofProcess  = 1       // IOPRIO_WHO_PROCESS, which means a thread
		idle       = 3 << 13 // IOPRIO_CLASS_IDLE
	)
	if _, _, errno := syscall.Syscall(syscall.SYS_IOPRIO_SET, ofProcess, thisThread, idle); errno != 0 {
		return fmt.Errorf("idle class of the disk: %w", errno)
	}
	if err := syscall.Setpriority(syscall.PRIO_PROCESS, thisThread, 19); err != nil {
		return fmt.Errorf("niceness: %w", err)
	}
	return nil
}
