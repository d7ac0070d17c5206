//go:build !linux

package hook

import (
	"time"

	"golang.org/x/sys/unix"
)

// exited returns a channel that is closed when a child has ended. Without waitid it looks at the child's process group, which has no
// other member that a signal could reach once the leader is a zombie.
func exited(pid int) <-chan struct{} {
	done := make(chan struct{})
	go func() {
		defer close(done)
		for unix.Kill(-pid, 0) == nil {
			time.Sleep(10 * time.Millisecond)
		}
	}()
	return done
}
