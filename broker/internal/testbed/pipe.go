package testbed

import (
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// pipeBuffer is how much one direction of a pipe holds before its writer waits, in bytes.
const pipeBuffer = 64 << 10

// Pipe returns the two ends of a connection in memory. It buffers as a socket does, so that
// both sides may write before either reads, and knows deadlines, Close and CloseWrite. Waiting
// on it counts as durably blocked inside testing/synctest.
func Pipe() (a, b *PipeConn) {
	ab, ba := newLane(), newLane()
	return &PipeConn{in: ba, out: ab, local: pipeA, remote: pipeB}, &PipeConn{in: ab, out: ba, local: pipeB, remote: pipeA}
}

// PipeConn is one end of a pipe.
type PipeConn struct {
	in, out       *lane
	local, remote net.Addr
}

// The ends have addresses, because certificates name the broker's.
var pipeA, pipeB net.Addr = &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1}, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 2}

// Read implements net.Conn.
func (c *PipeConn) Read(p []byte) (int, error) { return c.in.read(p) }

// Write implements net.Conn.
func (c *PipeConn) Write(p []byte) (int, error) { return c.out.write(p) }

// Close closes both directions. The peer may still read what was written.
func (c *PipeConn) Close() error {
	c.in.abandon()
	c.out.finish()
	return nil
}

// CloseWrite ends this side's writing; the peer reads what was written and then io.EOF.
func (c *PipeConn) CloseWrite() error { c.out.finish(); return nil }

// LocalAddr implements net.Conn.
func (c *PipeConn) LocalAddr() net.Addr { return c.local }

// RemoteAddr implements net.Conn.
func (c *PipeConn) RemoteAddr() net.Addr { return c.remote }

// SetDeadline implements net.Conn.
func (c *PipeConn) SetDeadline(t time.Time) error {
	_ = c.SetReadDeadline(t)
	return c.SetWriteDeadline(t)
}

// SetReadDeadline implements net.Conn.
func (c *PipeConn) SetReadDeadline(t time.Time) error {
	c.in.setDeadline(&c.in.readUntil, t)
	return nil
}

// SetWriteDeadline implements net.Conn.
func (c *PipeConn) SetWriteDeadline(t time.Time) error {
	c.out.setDeadline(&c.out.writeUntil, t)
	return nil
}

// lane is one direction.
type lane struct {
	mu         sync.Mutex // guards the rest
	changed    sync.Cond
	buf        []byte
	finished   bool // the writer is done
	abandoned  bool // the reader is done
	readUntil  deadline
	writeUntil deadline
}

type deadline struct {
	timer   *time.Timer
	set     int // counts settings, so that an old timer changes nothing
	expired bool
}

func newLane() *lane {
	l := &lane{}
	l.changed.L = &l.mu
	return l
}

func (l *lane) read(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for {
		switch {
		case l.abandoned:
			return 0, net.ErrClosed
		case l.readUntil.expired:
			return 0, os.ErrDeadlineExceeded
		case len(p) == 0:
			return 0, nil
		case len(l.buf) > 0:
			n := copy(p, l.buf)
			l.buf = l.buf[:copy(l.buf, l.buf[n:])]
			l.changed.Broadcast()
			return n, nil
		case l.finished:
			return 0, io.EOF
		}
		l.changed.Wait()
	}
}

func (l *lane) write(p []byte) (n int, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for {
		switch {
		case l.finished:
			return n, net.ErrClosed
		case l.abandoned:
			return n, io.ErrClosedPipe
		case l.writeUntil.expired:
			return n, os.ErrDeadlineExceeded
		case len(p) == 0:
			return n, nil
		}
		if room := pipeBuffer - len(l.buf); room > 0 {
			k := min(room, len(p))
			l.buf = append(l.buf, p[:k]...)
			n, p = n+k, p[k:]
			l.changed.Broadcast()
			continue
		}
		l.changed.Wait()
	}
}

func (l *lane) finish() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.finished = true
	l.writeUntil.clear()
	l.changed.Broadcast()
}

func (l *lane) abandon() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.abandoned, l.buf = true, nil
	l.readUntil.clear()
	l.changed.Broadcast()
}

func (l *lane) setDeadline(d *deadline, t time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	d.clear()
	d.expired = false
	if t.IsZero() {
		l.changed.Broadcast()
		return
	}
	wait := time.Until(t)
	if wait <= 0 {
		d.expired = true
		l.changed.Broadcast()
		return
	}
	set := d.set
	d.timer = time.AfterFunc(wait, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if d.set == set {
			d.expired = true
			l.changed.Broadcast()
		}
	})
}

func (d *deadline) clear() {
	d.set++
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
}
