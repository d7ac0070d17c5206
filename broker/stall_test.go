package broker_test

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// stallable is a client's connection that can stop reading while TCP stays open: a suspended terminal
// does that, and a hostile client.
type stallable struct {
	net.Conn
	stalled atomic.Bool
	once    sync.Once
	closed  chan struct{}
	heard   atomic.Int64 // when the last byte came, in nanoseconds since 1970; 0: none did
}

// Read implements net.Conn.
func (c *stallable) Read(p []byte) (int, error) {
	if c.stalled.Load() {
		<-c.closed
		return 0, net.ErrClosed
	}
	n, err := c.Conn.Read(p)
	if n > 0 {
		c.heard.Store(time.Now().UnixNano())
	}
	return n, err
}

// Close implements net.Conn.
func (c *stallable) Close() error {
	c.once.Do(func() { close(c.closed) })
	return c.Conn.Close()
}

// legs counts the broker's sockets of engineers that are not closed, as its kernel has them. It asks
// on the broker's side: a peer whose buffers are full may not even receive the reset.
func legs(t testing.TB, addr string) int {
	t.Helper()
	all, _ := sockets(t, addr)
	return all
}

// sockets counts the sockets of a listener that are not closed, and among them those with bytes that the peer has not taken.
func sockets(t testing.TB, addr string) (all, unsent int) {
	t.Helper()
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("/proc/net/tcp")
	if err != nil {
		t.Skipf("nobody to ask about sockets here: %v", err)
	}
	const listening, waiting = "0A", "06" // TIME_WAIT holds no connection
	local := fmt.Sprintf(":%04X", number)
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		if len(f) < 5 || !strings.HasSuffix(f[1], local) || f[3] == listening || f[3] == waiting {
			continue
		}
		all++
		if !strings.HasPrefix(f[4], "00000000:") {
			unsent++
		}
	}
	return all, unsent
}
