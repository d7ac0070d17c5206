package wire

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"sekimori/broker/internal/testbed"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// tcp returns a wrapped end of a loopback connection and the plain other end.
func tcp(tb testing.TB, o Options) (*Conn, *net.TCPConn) {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer l.Close()
	a, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		tb.Fatal(err)
	}
	b, err := l.Accept()
	if err != nil {
		tb.Fatal(err)
	}
	c := Wrap(a, o)
	tb.Cleanup(func() { c.Abort(); b.Close() })
	return c, b.(*net.TCPConn)
}

func TestEveryByteArrivesInOrder(t *testing.T) {
	for name, size := range map[string]int{"keystrokes": 36, "terminal text": 1500, "bulk": 33000, "larger than the queue": 3*blockSize + 7} {
		t.Run(name, func(t *testing.T) {
			c, peer := tcp(t, Options{})
			data := make([]byte, max(2<<20, size)/size*size)
			rand.Read(data)
			var got []byte
			var reading sync.WaitGroup
			reading.Go(func() { got, _ = io.ReadAll(peer) })
			for p := data; len(p) > 0; p = p[size:] {
				if n, err := c.Write(p[:size]); n != size || err != nil {
					t.Fatalf("%d, %v", n, err)
				}
			}
			if err := c.Close(); err != nil {
				t.Fatal(err)
			}
			reading.Wait()
			if !bytes.Equal(got, data) {
				t.Errorf("%d bytes of %d arrived, or others", len(got), len(data))
			}
		})
	}
}

func TestConcurrentWritesStayWhole(t *testing.T) {
	c, peer := tcp(t, Options{})
	const each = 500
	var writing, reading sync.WaitGroup
	counts := map[byte]int{}
	reading.Go(func() {
		line := make([]byte, 100)
		for {
			if _, err := io.ReadFull(peer, line); err != nil {
				return
			}
			if bytes.Count(line, line[:1]) != len(line) {
				t.Errorf("a write was torn: %q", line)
				return
			}
			counts[line[0]]++
		}
	})
	for _, letter := range []byte("abcd") {
		writing.Go(func() {
			for range each {
				c.Write(bytes.Repeat([]byte{letter}, 100))
			}
		})
	}
	writing.Wait()
	c.Close()
	reading.Wait()
	for letter, n := range counts {
		if n != each {
			t.Errorf("%d of %c", n, letter)
		}
	}
}

// fill writes until the peer's buffers, the kernel's and the queue are full. It returns the result of the blocked write.
func fill(c *Conn) <-chan error {
	end := make(chan error, 1)
	go func() {
		p := make([]byte, 64<<10)
		for {
			if _, err := c.Write(p); err != nil {
				end <- err
				return
			}
		}
	}()
	return end
}

func TestAbortEndsAConnectionWhosePeerNeverReads(t *testing.T) {
	c, peer := tcp(t, Options{})
	end := fill(c)
	full := func() bool { c.mu.Lock(); defer c.mu.Unlock(); return c.queue != nil && c.queue.used == blockSize }
	for !full() {
		select {
		case err := <-end:
			t.Fatal(err)
		case <-time.After(time.Millisecond):
		}
	}
	c.Abort()
	select {
	case err := <-end:
		if !errors.Is(err, ErrAborted) {
			t.Errorf("the waiting write ended with %v", err)
		}
	case <-time.After(time.Minute): // the peer would never have released it
		t.Fatal("the write waits on")
	}
	if _, err := c.Write([]byte("x")); !errors.Is(err, ErrAborted) {
		t.Errorf("a write after it: %v", err)
	}
	if _, err := io.Copy(io.Discard, peer); err == nil {
		t.Error("the peer saw an orderly end: the queue went out after all")
	}
}

func TestCloseDoesNotWaitForThePeer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, _ := testbed.Pipe()
		c := Wrap(near, Options{})
		end := fill(c)
		reading := make(chan error, 1)
		go func() { _, err := c.Read(make([]byte, 1)); reading <- err }()
		synctest.Wait()
		begun := time.Now()
		c.Close()
		if took := time.Since(begun); took != 0 {
			t.Errorf("Close took %v", took)
		}
		if err := <-reading; !errors.Is(err, net.ErrClosed) {
			t.Errorf("the reader ended with %v", err)
		}
		if err := <-end; err == nil {
			t.Error("the writer goes on")
		}
		time.Sleep(defaultLinger)
		synctest.Wait()
		if _, err := near.Write([]byte("x")); err == nil {
			t.Error("the connection is still open after the linger time")
		}
	})
}

func TestCloseAfterFlushDeliversThoughInputIsUnread(t *testing.T) {
	c, peer := tcp(t, Options{})
	peer.Write(bytes.Repeat([]byte("typed "), 1000))
	go io.Copy(io.Discard, c) // like the SSH library's reader
	c.Write(make([]byte, 100<<10))
	c.Write([]byte("[201] the end"))
	got := make(chan []byte)
	go func() { b, _ := io.ReadAll(peer); peer.Close(); got <- b }()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := c.CloseAfterFlush(ctx); err != nil {
		t.Fatal(err)
	}
	if b := <-got; !bytes.HasSuffix(b, []byte("[201] the end")) {
		t.Errorf("%d bytes came", len(b))
	}
}

func TestDrainEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, _ := testbed.Pipe()
		c := Wrap(near, Options{})
		end := fill(c)
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := c.Drain(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
		c.Abort()
		<-end
	})
}

func TestWriteErrorsComeBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := testbed.Pipe()
		c := Wrap(near, Options{})
		far.Close()
		if _, err := c.Write(make([]byte, 10<<10)); err != nil {
			t.Fatalf("a queued write fails later, not now: %v", err)
		}
		synctest.Wait()
		for range 2 {
			if _, err := c.Write([]byte("x")); !errors.Is(err, io.ErrClosedPipe) {
				t.Errorf("%v", err)
			}
		}
		c.Close()
	})
}

func TestIdleConnectionHoldsNoBuffer(t *testing.T) {
	c, peer := tcp(t, Options{})
	go io.Copy(io.Discard, peer)
	for range 100 {
		c.Write(make([]byte, 30<<10))
	}
	if err := c.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.queue != nil || c.sending {
		t.Error("a block is held, or a goroutine waits")
	}
}

func TestWritesAllocateNothing(t *testing.T) {
	for name, size := range map[string]int{"inline": 100, "queued": 30 << 10} {
		c, peer := tcp(t, Options{QuickAcks: 1 << 20})
		go io.Copy(io.Discard, peer)
		p := make([]byte, size)
		for range 100 {
			c.Write(p)
		}
		if got := testing.AllocsPerRun(500, func() { c.Write(p) }); got > 0.1 {
			t.Errorf("%s: %v allocations a write", name, got)
		}
	}
}

// The queue is dropped, not sent late, when writing is no longer allowed.
func TestNothingLeavesTheQueueOnceItMayNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := testbed.Pipe()
		c := Wrap(a, Options{})
		defer b.Close()
		defer c.Abort()
		var over atomic.Bool
		c.Allow(func() bool { return !over.Load() })
		if _, err := c.Write([]byte("early")); err != nil {
			t.Fatal(err)
		}
		// The peer reads nothing, so the queue fills behind a running write.
		written := make(chan struct{})
		go func() {
			defer close(written)
			for {
				if _, err := c.Write(bytes.Repeat([]byte("late"), 8<<10)); err != nil {
					return
				}
			}
		}()
		synctest.Wait()
		over.Store(true)
		begun := make([]byte, 1)
		if _, err := io.ReadFull(b, begun); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		rest := make(chan int)
		go func() { n, _ := io.Copy(io.Discard, b); rest <- int(n) }()
		<-written
		if _, err := c.Write([]byte("x")); !errors.Is(err, ErrNotAllowed) {
			t.Errorf("a later write: %v", err)
		}
		c.Abort()
		if n := <-rest; n > blockSize+len("early") {
			t.Errorf("%d bytes went out after the end; one write of at most %d was under way", n, blockSize)
		}
	})
}

// The kernel gives up a peer that accepts nothing, and the reader gets the error.
func TestPeerThatTakesNothingIsGivenUp(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("TCP_USER_TIMEOUT is Linux's")
	}
	c, _ := tcp(t, Options{Lost: 700 * time.Millisecond})
	read := make(chan error, 1)
	go func() {
		_, err := c.Read(make([]byte, 1))
		read <- err
	}()
	begun := time.Now()
	go func() {
		for p := make([]byte, 64<<10); ; {
			if _, err := c.Write(p); err != nil {
				return
			}
		}
	}()
	select {
	case err := <-read:
		if err == nil {
			t.Error("something was read")
		}
		t.Logf("given up after %s", time.Since(begun))
	case <-time.After(30 * time.Second):
		t.Fatal("the peer's window was shut for 30 s and the connection goes on")
	}
}
