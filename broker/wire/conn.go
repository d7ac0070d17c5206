package wire

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// ErrAborted is what reads and writes return after Abort.
var ErrAborted = errors.New("wire: connection aborted")

// ErrNotAllowed is returned by writes after the function given to Allow has returned false.
var ErrNotAllowed = errors.New("wire: writing is not allowed any more")

// Options configure a Conn. The broker uses the zero value.
type Options struct {
	// QuickAcks is the number of reads and writes after Wrap that ask the kernel to acknowledge at once, until QuickAck asks
	// for more. 0: 64. Negative: none.
	QuickAcks int
	// Lost is the time after which a peer that acknowledges nothing, or has no room, is given up (TCP_USER_TIMEOUT of RFC
	// 5482). 0: the system's own limits, about a quarter of an hour.
	Lost time.Duration
	// Linger is the time that Close grants for sending the queue. 0: 200 ms.
	Linger time.Duration
}

const (
	// inlineMax is the largest write that goes to the kernel in the writer's own goroutine. A keystroke or its echo is below
	// 100 bytes; a packet of a bulk transfer is 32 KiB.
	inlineMax = 2 << 10
	// inlineBurst bounds the inline writes since the last read. A dialogue writes once or twice per read; a flood of small
	// packets is better gathered.
	inlineBurst = 4
	// defaultQuickAcks covers key exchange, authentication and the first channel.
	defaultQuickAcks = 64
	defaultLinger    = 200 * time.Millisecond
)

// Conn is a net.Conn that gathers writes. Every method may be called from any goroutine.
type Conn struct {
	inner  net.Conn
	tcp    *net.TCPConn // nil if inner is not a TCP connection
	linger time.Duration
	quick  quickAck
	burst  atomic.Int32 // inline writes since the last read
	allow  atomic.Pointer[func() bool]
	send   func()        // sendLoop as a value, so that starting it allocates nothing
	gone   chan struct{} // closed when a read has failed: the peer or we have closed
	read   atomic.Int64  // bytes read so far
	until  atomic.Int64  // when read reaches it, governor is asked
	govern atomic.Pointer[Governor]
	held   atomic.Bool   // the governor is holding the reader up
	ending chan struct{} // closed by Close and Abort

	goneOnce sync.Once

	mu      sync.Mutex  // guards what follows
	changed sync.Cond   // signalled when the queue shrinks, sending stops, or an error occurs
	queue   *block      // waiting bytes; nil: none
	sending bool        // a goroutine is writing to inner
	err     error       // first write error, returned by every later write
	closed  bool        // Close or Abort was called; ending is closed then
	reaper  *time.Timer // ends a Close that cannot flush
}

// Wrap takes over c: afterwards only the Conn may read, write or close it.
func Wrap(c net.Conn, o Options) *Conn {
	w := &Conn{inner: c, linger: o.Linger, gone: make(chan struct{}), ending: make(chan struct{})}
	if w.linger == 0 {
		w.linger = defaultLinger
	}
	w.changed.L = &w.mu
	w.send = w.sendLoop
	if tcp, ok := c.(*net.TCPConn); ok {
		w.tcp = tcp
		// An error here means that the connection is dead; the first read returns that.
		_ = tcp.SetNoDelay(true)
		w.quick.attach(tcp)
		giveUpAfter(tcp, o.Lost)
	}
	if o.QuickAcks == 0 {
		o.QuickAcks = defaultQuickAcks
	}
	w.QuickAck(o.QuickAcks)
	return w
}

// QuickAck asks the kernel to acknowledge at once during the next n reads and writes, instead of waiting for data to send
// along. Otherwise a peer that holds back a small packet until the previous one is acknowledged (OpenSSH without a terminal
// does) would wait 40 ms.
func (c *Conn) QuickAck(n int) {
	if c.tcp != nil {
		c.quick.left.Store(int32(n))
	}
}

// Allow makes Conn ask may before each write to the kernel, in the writer's goroutine and without a lock held. False drops
// the queue and fails every later write. may must be quick.
func (c *Conn) Allow(may func() bool) { c.allow.Store(&may) }

// put hands p to the kernel if that is allowed.
func (c *Conn) put(p []byte) (int, error) {
	if may := c.allow.Load(); may != nil && !(*may)() {
		return 0, ErrNotAllowed
	}
	n, err := c.inner.Write(p)
	c.quick.arm()
	return n, err
}

// Governor is called by the reader before it reads on, with the number of bytes read so far. It may block the reader until
// ending is closed. It returns the byte count at which it must be called again.
type Governor func(read int64, ending <-chan struct{}) (until int64)

// Govern sets the governor, from the next read on.
func (c *Conn) Govern(g Governor) { c.govern.Store(&g) }

// Held reports whether the governor is blocking the reader.
func (c *Conn) Held() bool { return c.held.Load() }

// BytesRead is the number of bytes read so far.
func (c *Conn) BytesRead() int64 { return c.read.Load() }

// Read reads from the connection.
func (c *Conn) Read(p []byte) (int, error) {
	if g := c.govern.Load(); g != nil {
		if read := c.read.Load(); read >= c.until.Load() {
			c.held.Store(true)
			c.until.Store((*g)(read, c.ending))
			c.held.Store(false)
		}
	}
	n, err := c.inner.Read(p)
	c.read.Add(int64(n))
	c.burst.Store(0)
	c.quick.arm()
	if err != nil && !isTimeout(err) {
		c.goneOnce.Do(func() { close(c.gone) })
	}
	if err != nil && c.isClosed() {
		err = net.ErrClosed
	}
	return n, err
}

// Write queues p, or writes it at once if the queue is empty and p is small. It blocks while the queue is full. An error may
// belong to an earlier write; nothing goes out after it.
func (c *Conn) Write(p []byte) (int, error) {
	c.mu.Lock()
	if err := c.refusal(); err != nil {
		c.mu.Unlock()
		return 0, err
	}
	if c.queue == nil && !c.sending && len(p) <= inlineMax && c.burst.Load() < inlineBurst {
		return c.writeInline(p)
	}
	n := 0
	for {
		if c.queue == nil {
			c.queue = newBlock()
		}
		n += c.queue.add(p[n:])
		if !c.sending {
			c.sending = true
			go c.send()
		}
		if n == len(p) {
			c.mu.Unlock()
			return n, nil
		}
		c.changed.Wait()
		if err := c.refusal(); err != nil {
			c.mu.Unlock()
			return n, err
		}
	}
}

// writeInline writes p to the connection itself. The caller holds mu; writeInline releases it.
func (c *Conn) writeInline(p []byte) (int, error) {
	c.burst.Add(1)
	c.sending = true
	c.mu.Unlock()
	n, err := c.put(p)
	c.mu.Lock()
	if err != nil {
		c.fail(err)
		err = c.err
	}
	if c.queue != nil {
		go c.send() // another writer queued meanwhile; sending stays true
		c.mu.Unlock()
		return n, err
	}
	c.stopSending()
	return n, err
}

// sendLoop writes until the queue is empty. At most one runs, started by a writer.
func (c *Conn) sendLoop() {
	c.mu.Lock()
	for c.queue != nil {
		b := c.queue
		c.queue = nil
		c.changed.Broadcast() // there is room again while this block goes out
		c.mu.Unlock()
		_, err := c.put(b.bytes())
		b.free()
		c.mu.Lock()
		if err != nil {
			c.fail(err)
		}
	}
	c.stopSending()
}

// stopSending ends the sending, and lets a Close go on that waited for it. The caller holds mu; stopSending releases it.
func (c *Conn) stopSending() {
	c.sending = false
	c.changed.Broadcast()
	reaper := c.reaper
	c.reaper = nil
	c.mu.Unlock()
	if reaper != nil && reaper.Stop() {
		_ = c.inner.Close()
	}
}

// fail keeps the first error and drops the queue. mu is held.
func (c *Conn) fail(err error) {
	if c.err == nil {
		c.err = err
	}
	if c.queue != nil {
		c.queue.free()
		c.queue = nil
	}
	c.changed.Broadcast()
}

// refusal returns the reason why a write cannot be accepted. mu is held.
func (c *Conn) refusal() error {
	switch {
	case c.err != nil:
		return c.err
	case c.closed:
		return net.ErrClosed
	}
	return nil
}

// end notes that the connection was closed. mu is held.
func (c *Conn) end() {
	if !c.closed {
		c.closed = true
		close(c.ending)
	}
}

func (c *Conn) isClosed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closed
}

// Close ends the connection without waiting. Reads and writes fail at once. The queue has Options.Linger to go out; then the
// connection is closed in any case.
func (c *Conn) Close() error {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return nil
	}
	c.end()
	c.changed.Broadcast()
	if !c.sending {
		c.mu.Unlock()
		return c.inner.Close()
	}
	c.reaper = time.AfterFunc(c.linger, c.Abort)
	c.mu.Unlock()
	// A reader must not block while the queue goes out. If the queue is out already, inner is closed.
	if err := c.inner.SetReadDeadline(time.Unix(1, 0)); !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}

// Abort drops the queue, resets the connection and closes it. It never waits for the peer. It may be called at any time, also
// after Close.
func (c *Conn) Abort() {
	c.mu.Lock()
	c.end()
	c.fail(ErrAborted)
	c.mu.Unlock()
	if c.tcp != nil {
		_ = c.tcp.SetLinger(0) // fails only if the connection is closed already
	}
	_ = c.inner.Close()
}

// Drain waits until everything written so far is in the kernel. It returns the write error if there was one, or the cause of
// ctx's end.
func (c *Conn) Drain(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() {
		c.mu.Lock()
		c.changed.Broadcast()
		c.mu.Unlock()
	})
	defer stop()
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.err == nil && (c.sending || c.queue != nil) {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		c.changed.Wait()
	}
	return c.err
}

// CloseAfterFlush ends the connection in order: the queue goes out, then our half is closed, then the peer has until ctx ends
// to read and to close its own half. A goroutine must keep reading the connection meanwhile, as the SSH library does: with
// unread input an immediate close would reset the connection, and the peer might lose our last bytes. It returns an error if
// the queue could not be sent.
func (c *Conn) CloseAfterFlush(ctx context.Context) error {
	err := c.Drain(ctx)
	if half, ok := c.inner.(interface{ CloseWrite() error }); ok && err == nil {
		if half.CloseWrite() == nil {
			select {
			case <-c.gone:
			case <-ctx.Done():
			}
		}
	}
	c.Abort()
	return err
}

// LocalAddr returns the connection's own address.
func (c *Conn) LocalAddr() net.Addr { return c.inner.LocalAddr() }

// RemoteAddr returns the peer's address.
func (c *Conn) RemoteAddr() net.Addr { return c.inner.RemoteAddr() }

// Kernel gives the addresses under which this machine's kernel has the connection; false: it is no TCP connection of this
// machine, though its addresses may look like those of one.
func (c *Conn) Kernel() (local, remote netip.AddrPort, ok bool) {
	if c.tcp == nil {
		return local, remote, false
	}
	from, ok := c.tcp.LocalAddr().(*net.TCPAddr)
	to, ok2 := c.tcp.RemoteAddr().(*net.TCPAddr)
	if !ok || !ok2 {
		return local, remote, false
	}
	return from.AddrPort(), to.AddrPort(), true
}

// SetDeadline sets the instant at which reads and writes fail. A failed write is final.
func (c *Conn) SetDeadline(t time.Time) error { return c.inner.SetDeadline(t) }

// SetReadDeadline sets the instant at which reads fail.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.inner.SetReadDeadline(t) }

// SetWriteDeadline sets the instant at which writes fail; a failed write is final.
func (c *Conn) SetWriteDeadline(t time.Time) error { return c.inner.SetWriteDeadline(t) }

func isTimeout(err error) bool {
	var t net.Error
	return errors.As(err, &t) && t.Timeout()
}
