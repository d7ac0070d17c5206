package testbed

import (
	"math/rand/v2"
	"net"
	"strconv"
	"testing"
	"time"
)

// FreeAddress is an address of loopback at which nothing listens, for a program that is told its address, and for a place where nothing
// answers. Its port lies below those that systems hand out by themselves, to connections and to listeners on port 0: while the caller waits,
// none of these takes it.
func FreeAddress(tb testing.TB) string {
	tb.Helper()
	const first, last = 12_000, 31_999
	for range 100 {
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(first+rand.IntN(last-first)))
		l, err := net.Listen("tcp", address)
		if err != nil {
			continue
		}
		if err := l.Close(); err != nil {
			tb.Fatal(err)
		}
		return address
	}
	tb.Fatal("no port of loopback is free")
	return ""
}

// FreePort is the port of a FreeAddress.
func FreePort(tb testing.TB) string {
	tb.Helper()
	_, port, err := net.SplitHostPort(FreeAddress(tb))
	if err != nil {
		tb.Fatal(err)
	}
	return port
}

// AwaitDoor waits until a program that was started accepts connections at a TCP address.
func AwaitDoor(tb testing.TB, address string) {
	tb.Helper()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	limit := time.NewTimer(20 * time.Second)
	defer limit.Stop()
	for {
		c, err := net.DialTimeout("tcp", address, time.Second)
		if err == nil {
			_ = c.Close()
			return
		}
		select {
		case <-again.C:
		case <-limit.C:
			tb.Fatalf("nothing listens at %s: %v", address, err)
		}
	}
}
