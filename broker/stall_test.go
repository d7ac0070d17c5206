package broker_test

import (
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// stallable is a client's connection that can stop reading while TCP stays open, as a client does
// whose terminal was suspended, or that means harm.
type stallable struct {
	net.Conn
	stalled atomic.Bool
	once    sync.Once
	closed  chan struct{}
}

// Read implements net.Conn.
func (c *stallable) Read(p []byte) (int, error) {
	if c.stalled.Load() {
		<-c.closed
		return 0, net.ErrClosed
	}
	return c.Conn.Read(p)
}

// Close implements net.Conn.
func (c *stallable) Close() error {
	c.once.Do(func() { close(c.closed) })
	return c.Conn.Close()
}

// hungUp waits until the peer has closed the connection and says when, without reading anything.
func (c *stallable) hungUp(limit time.Duration) (time.Time, bool) {
	raw, err := c.Conn.(syscall.Conn).SyscallConn()
	if err != nil {
		return time.Time{}, false
	}
	var at time.Time
	over := time.Now().Add(limit)
	for at.IsZero() && time.Now().Before(over) {
		err := raw.Control(func(fd uintptr) {
			// No events asked for: an error or a hang-up is always reported, data is not.
			fds := []unix.PollFd{{Fd: int32(fd)}}
			if n, err := unix.Poll(fds, 100); err == nil && n > 0 && fds[0].Revents&(unix.POLLERR|unix.POLLHUP) != 0 {
				at = time.Now()
			}
		})
		if err != nil {
			return time.Time{}, false
		}
	}
	return at, !at.IsZero()
}
