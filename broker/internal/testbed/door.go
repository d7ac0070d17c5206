package testbed

import (
	"net"
	"testing"
	"time"
)

// AwaitDoor waits until a program that was started accepts connections at a TCP address.
func AwaitDoor(tb testing.TB, address string) {
	tb.Helper()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	limit := time.NewTimer(2 * time.Minute)
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
