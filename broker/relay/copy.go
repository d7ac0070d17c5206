package relay

import (
	"io"
	"sync"
	"time"

	"sekimori/recordings"
)

// A copy reads into a few bytes while little passes, so that an idle session costs next to
// nothing, and borrows a large buffer once those were full.
const (
	smallInput  = 1 << 10
	smallOutput = 4 << 10 // a terminal's device gives no more at a time
	smallErrors = 512
	largeBuffer = 64 << 10
	// largeUntil: a read that fills less gives the large buffer back.
	largeUntil = 16 << 10
	// Many small pieces cost more than few large ones. After floodAfter bytes of output since the
	// engineer last sent anything, a pump whose reads stay small lets output gather for gatherFor
	// before it reads on. An echo follows a key and so never waits. A read of less than floodLeast
	// shows that the flood is over.
	floodAfter = 64 << 10
	floodLeast = 1 << 10
	gatherFor  = time.Millisecond
	// piece is how much is handed to the SSH library at once: the largest packet. The valve is
	// asked before each.
	piece = 32 << 10
)

// large holds the large buffers that nobody is using; they belong to no session.
var large = sync.Pool{New: func() any { return new([largeBuffer]byte) }}

// pump copies one stream of one channel through the recorder.
type pump struct {
	c      *channel
	stream recordings.Stream
	count  func(n int)
	write  func(p []byte) error // hands one piece on
	wait   func(time.Duration)  // time.Sleep; a test has its own

	// inspect reads along and gives what may go on to handOn; nil: everything goes on as it came.
	inspect func(b []byte, hand func([]byte) bool) bool
	handOn  func([]byte) bool // hand, bound once; set where inspect is
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
			return // io.EOF, the only error the library gives: the stream or the connection ended
		}
		flood := p.flooding(n)
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

// flooding counts n bytes of output and reports whether so much came since the engineer's last input
// that nobody can be waiting for the next piece.
func (p *pump) flooding(n int) bool {
	if p.stream == recordings.Stdin {
		return false
	}
	if n < floodLeast {
		p.c.unasked.Store(0)
		return false
	}
	return p.c.unasked.Add(int64(n)) > floodAfter
}

// pass records b and hands it on, past the inspector where there is one. It reports whether the
// copy may go on.
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
	return p.hand(b)
}

// hand records b and hands it on. What is recorded contains what is relayed: a piece that the
// valve stops is in the recording all the same. The valve is asked again before each piece, because the
// recorder may have taken its time.
func (p *pump) hand(b []byte) bool {
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
			return false // the channel was closed; its other goroutines see to the rest
		}
		p.count(n)
		if p.stream != recordings.Stdin && !p.c.shell {
			p.c.r.active()
		}
		b = b[n:]
	}
	return true
}

// copyInput copies what the engineer types or sends to the target.
func (c *channel) copyInput() {
	p := pump{c: c, wait: time.Sleep, stream: recordings.Stdin, count: func(n int) { c.input.Add(int64(n)); c.r.fromTarget.sent(n) },
		write: func(b []byte) error { _, err := c.far.Write(b); return err }}
	if c.inspect != nil {
		p.inspect, p.handOn = c.inspect.input, p.hand
	}
	p.run(c.fromNear, make([]byte, smallInput))
	c.inputState.Store(inputEnded)
	if c.closed.Load() {
		return // the target was the first to end
	}
	if !c.r.valve.awaitInput() || !c.r.event(c.id, recordings.EventEOF, recordings.StreamEnd{Stream: recordings.Stdin.String()}) ||
		!c.r.valve.enterInput() {
		return
	}
	defer c.r.valve.leave()
	_ = c.far.CloseWrite()
}

// copyOutput copies what the target prints to the engineer.
func (c *channel) copyOutput() {
	p := pump{c: c, wait: time.Sleep, stream: recordings.Stdout, count: func(n int) { c.output.Add(int64(n)); c.r.fromClient.sent(n) },
		write: func(b []byte) error { _, err := c.near.Write(b); return err }}
	if c.term != nil {
		p.write = c.term.write
	}
	if c.inspect != nil {
		p.inspect, p.handOn = c.inspect.output, p.hand
	}
	p.run(c.fromFar, make([]byte, smallOutput))
}

// copyErrors copies what the target prints on stderr to the engineer.
func (c *channel) copyErrors() {
	near := c.near.Stderr()
	p := pump{c: c, wait: time.Sleep, stream: recordings.Stderr, count: func(n int) { c.errors.Add(int64(n)); c.r.fromClient.sent(n) },
		write: func(b []byte) error {
			c.errOut.Lock()
			defer c.errOut.Unlock()
			_, err := near.Write(b)
			return err
		}}
	p.run(c.fromFarErrors, make([]byte, smallErrors))
}
