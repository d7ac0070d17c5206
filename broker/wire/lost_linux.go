package wire

import (
	"net"
	"time"

	"golang.org/x/sys/unix"
)

// giveUpAfter sets TCP_USER_TIMEOUT (tcp(7)): the kernel ends a connection whose peer has acknowledged nothing, or kept its
// window shut, for that long.
func giveUpAfter(c *net.TCPConn, limit time.Duration) {
	if limit <= 0 {
		return
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return // closed already
	}
	_ = raw.Control(func(fd uintptr) {
		// A failure leaves the system's own limit; the session's liveness question does not depend on it.
		_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(limit.Milliseconds()))
	})
}
