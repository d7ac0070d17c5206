package testrun

import (
	"fmt"
	"syscall"
	"testing"
)

// ClosedPort gives a port of 127.0.0.1 where no one listens while the test runs. The port is held: one that was only free a moment ago may
// meanwhile belong to a listener of another test.
func ClosedPort(t testing.TB) int {
	t.Helper()
	port, fd, err := held()
	if err != nil {
		t.Fatalf("hold a port of 127.0.0.1: %v", err)
	}
	t.Cleanup(func() { syscall.Close(fd) })
	return port
}

// held binds a socket that does not listen.
func held() (port, fd int, err error) {
	if fd, err = syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0); err != nil {
		return 0, 0, err
	}
	if err = syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		return 0, 0, err
	}
	at, err := syscall.Getsockname(fd)
	if err != nil {
		return 0, 0, err
	}
	in, ok := at.(*syscall.SockaddrInet4)
	if !ok {
		return 0, 0, fmt.Errorf("an address of another family: %T", at)
	}
	return in.Port, fd, nil
}
