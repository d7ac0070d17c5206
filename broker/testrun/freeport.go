package testrun

import (
	"math/rand/v2"
	"net"
	"strconv"
	"testing"
)

// FreeAddress is an address of 127.0.0.1 for a program that is started with it. Its port lies below those that systems hand out by themselves,
// to connections and to listeners on port 0: none of these takes it before the program does. ClosedPort is for a place where no one answers.
func FreeAddress(t testing.TB) string {
	t.Helper()
	const first, last = 12_000, 31_999
	for range 100 {
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(first+rand.IntN(last-first)))
		l, err := net.Listen("tcp", address)
		if err != nil {
			continue
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		return address
	}
	t.Fatal("no port of 127.0.0.1 is free")
	return ""
}

// FreePort is the port of a FreeAddress.
func FreePort(t testing.TB) string {
	t.Helper()
	_, port, err := net.SplitHostPort(FreeAddress(t))
	if err != nil {
		t.Fatal(err)
	}
	return port
}
