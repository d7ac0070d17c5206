package hook

import "golang.org/x/sys/unix"

// exited returns a channel that is closed when a child has ended, before anyone reaps it: until then its number is no other process's.
func exited(pid int) <-chan struct{} {
	done := make(chan struct{})
	go func() {
		defer close(done)
		for unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil) == unix.EINTR {
		}
	}()
	return done
}
