package relay

import (
	"io"
	"sync"
	"time"

	"sekimori/recordings"
)

// A copy reads into a small buffer while little passes, so that an idle session costs little memory. It borrows a large
// buffer once the small one was full.
const (
	smallInput  = 1 << 10
	smallOutput = 4 << 10 // a terminal's device returns at most this at once
	smallErrors = 512
	largeBuffer = 64 << 10
	// largeUntil: a smaller read returns the large buffer.
	largeUntil = 16 << 10
	// Many small pieces cost more than few large ones. After floodAfter bytes of output without input, a pump with small
	// reads waits gatherFor before it reads on. An echo follows a key and so never waits. A read of less than floodLeast
	// ends the flood.
	floodAfter = 64 << 10
	floodLeast = 1 << 10
	gatherFor  = time.Millisecond
	// piece is the largest packet given to the SSH library at once. The valve is asked before each.
	piece = 32 << 10
)

// large holds the unused large buffers; they belong to no session.
var large = sync.Pool{New: func() any { return new([largeBuffer]byte) }}

// pump copies one stream of one channel through the recorder.
type pump struct {
	c      *channel
	stream recordings.Stream
	count  func(n int)
	write  func(p []byte) error // relays one piece
	wait   func(time.Duration)  // time.Sleep; tests replace it

	// inspect inspects b and passes permitted bytes to handOn; nil: all bytes are relayed unchanged.
	inspect func(b []byte, hand func([]byte) bool) bool
	handOn  func([]byte) bool // hand, bound once; set where inspect is

	masking *masking    // nil: output passes as it is
	watched *inputLines // of input: the live rules look at it; nil: they do not
}

// run copies from src until it ends, the valve is closed or a write fails.
func (p *pump) run(src io.Reader, small []byte) {
	buf := small
	var big *[largeBuffer]byte
	defer func() {
		if big != nil {
			large.Put(big)
		}
	}()
	for {
		n, err := src.Read(buf)
		if n > 0 && !p.pass(buf[:n]) {
			return
		}
		if err != nil {
			return // io.EOF, the library's only error: the stream or the connection ended
		}
		flood := p.isFlood(n)
		switch {
		case big == nil && (flood || n == len(buf)):
			big = large.Get().(*[largeBuffer]byte)
			buf = big[:]
		case big != nil && n < largeUntil && !flood:
			large.Put(big)
			big, buf = nil, small
		}
		if flood && n < largeUntil {
			p.wait(gatherFor)
		}
	}
}

// isFlood counts n bytes of output. It reports whether the output since the last input is so large that no person waits for
// the next piece.
func (p *pump) isFlood(n int) bool {
	if p.stream == recordings.Stdin {
		return false
	}
	if n < floodLeast {
		p.c.unasked.Store(0)
		return false
	}
	return p.c.unasked.Add(int64(n)) > floodAfter
}

// pass records and relays b, through the inspector if there is one. It reports whether the copy may go on.
func (p *pump) pass(b []byte) bool {
	v := &p.c.r.valve
	if p.stream == recordings.Stdin {
		p.c.inputState.Store(inputPassing)
		defer p.c.inputState.Store(inputSilent)
		if !v.awaitInput() {
			return false
		}
		p.c.unasked.Store(0)
		p.c.r.active()
	}
	if !v.open() {
		return false
	}
	if p.inspect != nil {
		return p.inspect(b, p.handOn)
	}
	if p.masking != nil {
		return p.masking.pass(b)
	}
	if p.watched != nil {
		return p.watched.pass(b)
	}
	return p.forward(b)
}

// forward records b and relays it. Everything relayed is in the recording; a piece stopped by the valve is there as well. The
// valve is asked again before each piece, because recording may take time.
func (p *pump) forward(b []byte) bool {
	v := &p.c.r.valve
	input := p.stream == recordings.Stdin
	if err := p.c.r.cfg.Recorder.Data(p.c.id, p.stream, b); err != nil {
		p.c.r.fail(&RecordingError{Err: err})
		return false
	}
	for len(b) > 0 {
		if input && !v.enterInput() || !input && !v.enter() {
			return false
		}
		n := min(len(b), piece)
		err := p.write(b[:n])
		v.leave()
		if err != nil {
			return false // the channel was closed; its other goroutines handle the rest
		}
		p.count(n)
		if p.stream != recordings.Stdin && !p.c.shell {
			p.c.r.active()
		}
		b = b[n:]
	}
	return true
}

// copyInput copies the engineer's input to the target.
func (c *channel) copyInput() {
	p := pump{c: c, wait: time.Sleep, stream: recordings.Stdin, count: func(n int) { c.input.Add(int64(n)); c.r.fromTarget.countSent(n) },
		write: func(b []byte) error { _, err := c.far.Write(b); return err }}
	if c.inspect != nil {
		p.inspect, p.handOn = c.inspect.input, p.forward
	}
	if p.watched = c.watched; p.watched != nil {
		p.watched.forward = p.forward
	}
	p.run(c.fromNear, make([]byte, smallInput))
	if p.watched != nil {
		p.watched.end()
	}
	c.inputState.Store(inputEnded)
	if c.closed.Load() {
		return // the target ended first
	}
	if !c.r.valve.awaitInput() || !c.event(recordings.EventEOF, recordings.StreamEnd{Stream: recordings.Stdin.String()}) ||
		!c.r.valve.enterInput() {
		return
	}
	defer c.r.valve.leave()
	_ = c.far.CloseWrite()
}

// copyOutput copies the target's output to the engineer.
func (c *channel) copyOutput() {
	p := pump{c: c, wait: time.Sleep, stream: recordings.Stdout, count: func(n int) { c.output.Add(int64(n)); c.r.fromClient.countSent(n) },
		write: func(b []byte) error { _, err := c.near.Write(b); return err }}
	if c.term != nil {
		p.write = c.term.write
	}
	if w := c.watched; w != nil {
		pass := p.write
		p.write = func(b []byte) error { w.output(b); return pass(b) }
	}
	if c.inspect != nil {
		p.inspect, p.handOn = c.inspect.output, p.forward
	}
	c.mask(&p)
	p.run(c.fromFar, make([]byte, smallOutput))
	if p.masking != nil {
		p.masking.flush()
	}
}

// copyErrors copies the target's stderr to the engineer.
func (c *channel) copyErrors() {
	p := pump{c: c, wait: time.Sleep, stream: recordings.Stderr, count: func(n int) { c.errors.Add(int64(n)); c.r.fromClient.countSent(n) },
		write: c.writeErrors}
	c.mask(&p)
	p.run(c.fromFarErrors, make([]byte, smallErrors))
	if p.masking != nil {
		p.masking.flush()
	}
}
