package session

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"
)

// States of TCP connections in the kernel's tables (include/net/tcp_states.h) over which no byte passes any more.
const (
	tcpTimeWait = 6
	tcpClose    = 7
	tcpListen   = 10 // a lookup of a closed connection finds the listener of its port
)

// connectionOpen asks the kernel whether it still has a TCP connection of this process's network: sock_diag(7), one exact lookup.
func connectionOpen(local, remote netip.AddrPort) (bool, error) {
	local, remote = netip.AddrPortFrom(local.Addr().Unmap(), local.Port()), netip.AddrPortFrom(remote.Addr().Unmap(), remote.Port())
	if !local.IsValid() || !remote.IsValid() || local.Addr().Is4() != remote.Addr().Is4() {
		return false, fmt.Errorf("%s and %s are no connection", local, remote)
	}
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_SOCK_DIAG)
	if err != nil {
		return false, fmt.Errorf("ask the kernel: %w", err)
	}
	defer unix.Close(fd)
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 1}); err != nil {
		return false, fmt.Errorf("ask the kernel: %w", err)
	}
	if err := unix.Sendto(fd, lookup(local, remote), 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return false, fmt.Errorf("ask the kernel: %w", err)
	}
	answer := make([]byte, 4096)
	n, _, err := unix.Recvfrom(fd, answer, 0)
	if err != nil {
		return false, fmt.Errorf("ask the kernel: %w", err)
	}
	return stateOf(answer[:n])
}

// lookup is a request for one connection: a netlink header and struct inet_diag_req_v2.
func lookup(local, remote netip.AddrPort) []byte {
	const size = 16 + 56
	b := make([]byte, size)
	binary.NativeEndian.PutUint32(b[0:], size)
	binary.NativeEndian.PutUint16(b[4:], 20) // SOCK_DIAG_BY_FAMILY
	binary.NativeEndian.PutUint16(b[6:], unix.NLM_F_REQUEST)
	r := b[16:]
	r[0], r[1] = unix.AF_INET6, unix.IPPROTO_TCP
	if local.Addr().Is4() {
		r[0] = unix.AF_INET
	}
	binary.NativeEndian.PutUint32(r[4:], 0xffffffff) // all states
	binary.BigEndian.PutUint16(r[8:], local.Port())
	binary.BigEndian.PutUint16(r[10:], remote.Port())
	copy(r[12:28], local.Addr().AsSlice())
	copy(r[28:44], remote.Addr().AsSlice())
	binary.NativeEndian.PutUint64(r[48:], 0xffffffffffffffff) // INET_DIAG_NOCOOKIE
	return b
}

// stateOf reads the kernel's answer: an error message, or struct inet_diag_msg.
func stateOf(b []byte) (bool, error) {
	if len(b) < 20 {
		return false, errors.New("ask the kernel: a short answer")
	}
	switch kind := binary.NativeEndian.Uint16(b[4:]); kind {
	case unix.NLMSG_ERROR:
		switch errno := unix.Errno(-int32(binary.NativeEndian.Uint32(b[16:]))); errno {
		case unix.ENOENT:
			return false, nil
		default:
			return false, fmt.Errorf("ask the kernel: %w", errno)
		}
	case 20:
		state := b[17]
		return state != tcpTimeWait && state != tcpClose && state != tcpListen, nil
	default:
		return false, fmt.Errorf("ask the kernel: an answer of kind %d", kind)
	}
}
