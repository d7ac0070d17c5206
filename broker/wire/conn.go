package wire

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// ErrAborted is what reads and writes return after Abort.
var ErrAborted = errors.New("wire: connection aborted")

// ErrNotAllowed is what writes return once the function given to Allow has said no.
var ErrNotAllowed = errors.New("wire: writing is not allowed any more")

// Options changes how a Conn behaves. The zero value is what the broker uses.
type Options struct {
	// QuickAcks is how many reads and writes after Wrap ask the kernel to acknowledge at once,
	// until QuickAck asks for more. 0: 64. Negative: none.
	QuickAcks int
	// Lost is after how long a peer that acknowledges nothing, or makes no room, is given up (TCP_USER_TIMEOUT of RFC 5482).
	// 0: the system's own limits, about a quarter of an hour.
	Lost time.Duration
	// Linger is how long Close lets what waits in the queue go out. 0: 200 ms.
	Linger time.Duration
}

const (
	// inlineMax is the largest write that may go to the kernel in the writer's own goroutine.
	// A keystroke or its echo is below 100 bytes; a packet of a bulk transfer is 32 KiB.
	inlineMax = 2 << 10
	// inlineBurst is how many writes may go inline since something was last read. A dialogue
	// writes once or twice for what it reads; a flood of small packets is better gathered.
	inlineBurst = 4
	// defaultQuickAcks covers key exchange, authentication and the first channel.
	defaultQuickAcks = 64
	defaultLinger    = 200 * time.Millisecond
)

// Conn is a net.Conn that gathers writes. Every method may be called from any goroutine.
type Conn struct {
	inner  net.Conn
	tcp    *net.TCPConn // nil where inner is no TCP connection
	linger time.Duration
	quick  quickAck
	burst  atomic.Int32 // inline writes since the last read
	allow  atomic.Pointer[func() bool]
	send   func()        // sendLoop as a value, so that starting it allocates nothing
	gone   chan struct{} // closed when a read has failed: the peer has closed, or we have
	read   atomic.Int64  // bytes read so far
	until  atomic.Int64  // when read has got there, governor is asked
	govern atomic.Pointer[Governor]
	held   atomic.Bool   // the governor is asked now
	ending chan struct{} // closed by Close and Abort

	goneOnce sync.Once

	mu      sync.Mutex  // guards what follows
	changed sync.Cond   // signalled when the queue shrinks, sending stops, an error comes up
	queue   *block      // what waits; nil when nothing does
	sending bool        // a goroutine is writing to inner
	err     error       // first write error, given to every later write
	closed  bool        // Close or Abort was called; ending is closed then
	reaper  *time.Timer // ends a Close that cannot flush
}

// Wrap takes over c: from now on only the Conn may read, write or close it.
func Wrap(c net.Conn, o Options) *Conn {
	w := &Conn{inner: c, linger: o.Linger, gone: make(chan struct{}), ending: make(chan struct{})}
	if w.linger == 0 {
		w.linger = defaultLinger
	}
	w.changed.L = &w.mu
	w.send = w.sendLoop
	if tcp, ok := c.(*net.TCPConn); ok {
		w.tcp = tcp
		// An error here means that the connection is dead, which the first read will say.
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

// QuickAck asks the kernel to acknowledge at once during the next n reads and writes, instead
// of waiting for data to send along. A peer that holds back a small packet until the one
// before it is acknowledged (OpenSSH without a terminal does) would otherwise wait 40 ms.
func (c *Conn) QuickAck(n int) {
	if c.tcp != nil {
		c.quick.left.Store(int32(n))
	}
}

// Allow has may asked before each write to the kernel, in the writer's goroutine and without a lock held. False drops
// what waits and fails every later write. It must be quick.
func (c *Conn) Allow(may func() bool) { c.allow.Store(&may) }

// put hands p to the kernel, where that is allowed.
func (c *Conn) put(p []byte) (int, error) {
	if may := c.allow.Load(); may != nil && !(*may)() {
		return 0, ErrNotAllowed
	}
	n, err := c.inner.Write(p)
	c.quick.arm()
	return n, err
}

// Governor is asked by the reader before it reads on, when read bytes have been read in all. It may hold the reader up, until
// ending is closed. It gives the number of bytes at which it wants to be asked again.
type Governor func(read int64, ending <-chan struct{}) (until int64)

// Govern has g asked from the next read on.
func (c *Conn) Govern(g Governor) { c.govern.Store(&g) }

// Held reports whether the governor holds the reader up now.
func (c *Conn) Held() bool { return c.held.Load() }

// BytesRead is how many bytes have been read so far.
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

// Write queues p, or writes it at once where nothing waits and p is small. It waits while the
// queue is full. An error may belong to an earlier write; nothing goes out after it.
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

// writeInline writes p to the connection itself. It is entered with mu held and leaves without.
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
		go c.send() // somebody queued meanwhile; sending stays true
		c.mu.Unlock()
		return n, err
	}
	c.stopSending()
	return n, err
}

// sendLoop writes what waits until nothing does. There is at most one, started by a writer.
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

// stopSending ends a spell of writing, and with it a Close that waited for it. It is entered
// with mu held and leaves without.
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

// fail keeps the first error and drops what waits. mu is held.
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

// refusal says why a write cannot be taken. mu is held.
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

// Close ends the connection without waiting: reads and writes fail from now on, what is still
// queued has Options.Linger to go out, then the connection is closed whatever it does.
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
	// A reader must not stay behind while the queue goes out; where it is out already, inner is closed.
	if err := c.inner.SetReadDeadline(time.Unix(1, 0)); !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}

// Abort throws away what waits, resets the connection and closes it. It never waits for the
// peer. It may be called at any time, also after Close.
func (c *Conn) Abort() {
	c.mu.Lock()
	c.end()
	c.fail(ErrAborted)
	c.mu.Unlock()
	if c.tcp != nil {
		_ = c.tcp.SetLinger(0) // fails only where the connection is closed already
	}
	_ = c.inner.Close()
}

// Drain waits until everything written so far is in the kernel's hands. It returns the write
// error where there was one, or the cause of ctx's end.
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

// CloseAfterFlush ends the connection in order: what waits goes out, then our half is closed,
// then the peer has until ctx ends to read and to close its own. Somebody must be reading the
// connection meanwhile, as the SSH library does. Closing at once instead would make the kernel
// reset the connection where input is still unread, and the peer might lose our last words.
// It returns an error where what waited could not be sent.
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

// SetDeadline sets the instant at which reads and writes fail. A write that fails fails for good.
func (c *Conn) SetDeadline(t time.Time) error { return c.inner.SetDeadline(t) }

// SetReadDeadline sets the instant at which reads fail.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.inner.SetReadDeadline(t) }

// SetWriteDeadline sets the instant at which writes fail, for good.
func (c *Conn) SetWriteDeadline(t time.Time) error { return c.inner.SetWriteDeadline(t) }

func isTimeout(err error) bool {
	var t net.Error
	return errors.As(err, &t) && t.Timeout()
}
