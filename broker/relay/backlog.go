package relay

import (
	"io"
	"sync"
	"sync/atomic"

	"sekimori/broker/wire"
	"sekimori/policy"
)

// The SSH library keeps what a peer has sent until the relay takes it, and lets each channel send 2 MiB before that.
// A packet of one byte costs it 48, so that a peer which sends such packets to a few channels that take nothing, because
// they are not decided yet, or paused, or their other end is slow, would fill 100 MB with each. The window cannot be
// made smaller. What is counted instead is the connection: what came off the wire and was not taken.
const (
	// backlogMost is how much may have come and not been taken before the connection is read no further. It is the windows of
	// seven channels: uploads beside each other that a pause holds up stay below.
	backlogMost = 16 << 20
	// backlogStep is how much is read between two looks.
	backlogStep = 128 << 10
)

// What a connection has sent beside the data that was taken. A packet has a frame, padding and a tag: at least leastFrame
// bytes. What is more than that, and the adjustments of windows that answer what goes the other way, is allowed for as a part
// of the bytes that pass. A peer cannot earn much by that: to hide a megabyte it must have thirty recorded.
const (
	leastFrame = 34
	frameParts = 64 // one byte in so many of the data taken
	replyParts = 32 // one byte in so many of the data sent; PuTTY answers each 8 kB with two packets
)

// backlog bounds what one connection may have sent that was not taken. A stream that is just being read holds nothing;
// for every other one, whatever came since it was last empty counts, less what the streams of the connection took
// since then.
type backlog struct {
	r       *Relay
	side    string
	conn    *wire.Conn    // nil: there is no limit
	taken   atomic.Int64  // with its overhead
	waiting atomic.Bool   // ask waits for changed
	changed chan struct{} // a stream is being read, or gone; capacity 1

	mu      sync.Mutex // guards streams
	streams map[*inflow]struct{}
}

func newBacklog(r *Relay, side string) *backlog {
	return &backlog{r: r, side: side, changed: make(chan struct{}, 1), streams: make(map[*inflow]struct{})}
}

func (b *backlog) govern(conn *wire.Conn) {
	b.conn = conn
	conn.Govern(b.ask)
}

// inflow is one stream of a channel as the relay reads it.
type inflow struct {
	b       *backlog
	src     io.Reader
	begun   bool         // it was read once
	reading atomic.Bool  // Read is under way: what is there is being taken
	empty   atomic.Int64 // bytes off the wire when it was last empty
	before  atomic.Int64 // backlog.taken at that moment
}

// open adds a stream, on which nothing has come.
func (b *backlog) open(src io.Reader) *inflow {
	f := &inflow{b: b, src: src}
	f.mark()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.streams[f] = struct{}{}
	return f
}

// close takes streams away whose channel is gone, and with it what they held.
func (b *backlog) close(streams ...*inflow) {
	b.mu.Lock()
	for _, f := range streams {
		delete(b.streams, f)
	}
	b.mu.Unlock()
	b.look()
}

func (f *inflow) mark() {
	if f.b.conn != nil {
		f.empty.Store(f.b.conn.BytesRead())
		f.before.Store(f.b.taken.Load())
	}
}

// Read implements io.Reader. Only one goroutine reads.
func (f *inflow) Read(p []byte) (int, error) {
	f.reading.Store(true)
	if f.b.waiting.Load() {
		f.b.look()
	}
	n, err := f.src.Read(p)
	f.b.taken.Add(int64(n + n/frameParts + leastFrame))
	if n < len(p) && f.begun { // the library gives all that there is; the gate at first what it had read ahead
		f.mark()
	}
	f.begun = true
	f.reading.Store(false)
	return n, err
}

// sent counts what went the other way.
func (b *backlog) sent(n int) { b.taken.Add(int64(n / replyParts)) }

// took counts a request or the opening of a channel that was taken.
func (b *backlog) took(kind string, payload []byte) {
	b.taken.Add(int64(len(kind) + len(payload) + leastFrame))
}

// look has ask look again.
func (b *backlog) look() {
	select {
	case b.changed <- struct{}{}:
	default:
	}
}

// held is how much may have come and not been taken, when read bytes came in all.
func (b *backlog) held(read int64) (most int64) {
	taken := b.taken.Load()
	b.mu.Lock()
	defer b.mu.Unlock()
	for f := range b.streams {
		if !f.reading.Load() {
			most = max(most, read-f.empty.Load()-(taken-f.before.Load()))
		}
	}
	return most
}

// ask is called by the connection's reader, which it holds up while too much is held. It gives the number of bytes at which
// it is to be asked again.
func (b *backlog) ask(read int64, ending <-chan struct{}) int64 {
	if b.held(read) <= backlogMost {
		return read + backlogStep
	}
	b.waiting.Store(true)
	defer b.waiting.Store(false)
	for b.held(read) > backlogMost && b.r.valve.open() {
		select {
		case <-b.changed:
		case <-ending:
			return read
		}
	}
	return read + backlogStep
}

// discardErrors takes what a client sends as standard error, which no client does: it goes nowhere, but the SSH library
// would keep it.
func (c *channel) discardErrors() {
	var b [64]byte
	for {
		n, err := c.near.Stderr().Read(b[:])
		if n > 0 {
			c.r.refused(refusal{channel: c.number(), side: clientSide, what: "extended data", feature: featureRequest, reason: policy.FeatureNotGranted})
		}
		if err != nil {
			return
		}
	}
}
