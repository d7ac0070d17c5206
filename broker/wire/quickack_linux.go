package wire

import (
	"net"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"
)

// quickAck re-arms TCP_QUICKACK. The kernel falls back to delayed acknowledgement by itself, so the option must be set again
// after each operation (tcp(7)).
type quickAck struct {
	left atomic.Int32 // operations left
	raw  syscall.RawConn
	set  func(fd uintptr) // a field, so that arming allocates nothing
}

func (q *quickAck) attach(c *net.TCPConn) {
	raw, err := c.SyscallConn()
	if err != nil {
		return // closed already; arm does nothing then
	}
	q.raw = raw
	q.set = func(fd uintptr) {
		// A failure costs at most 40 ms; fatal errors appear in the connection's own calls.
		_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_QUICKACK, 1)
	}
}

func (q *quickAck) arm() {
	if q.left.Load() <= 0 || q.raw == nil {
		return
	}
	q.left.Add(-1)
	_ = q.raw.Control(q.set)
}
