package relay

import (
	"io"
	"sync"
	"sync/atomic"

	"sekimori/broker/wire"
	"sekimori/policy"
)

// The SSH library keeps a peer's data until the relay reads it, up to 2 MiB for each channel. A packet of one byte costs the
// library 48. A peer that sends such packets to a few channels that are not read (undecided, paused, or with a slow other
// end) would fill 100 MB with each. The window cannot be made smaller. So the relay counts per connection: the bytes received
// and not yet read.
const (
	// backlogMost bounds the unread bytes; beyond it the connection is not read. It equals the windows of seven channels, so
	// seven parallel uploads held up by a pause stay below it.
	backlogMost = 16 << 20
	// backlogStep is the number of bytes read between two checks.
	backlogStep = 128 << 10
)

// The wire also carries bytes that are not channel data. A packet has a frame, padding and a tag: at least leastFrame bytes.
// Further overhead, and the window adjustments that answer the other direction, are allowed as a fraction of the relayed
// bytes. A peer gains little by that: to hide a megabyte it must have thirty recorded.
const (
	leastFrame = 34
	frameParts = 64 // one byte per this many bytes of data read
	replyParts = 32 // one byte per this many bytes of data sent; PuTTY answers each 8 kB with two packets
)

// backlog bounds the unread bytes of one connection. A stream that is being read holds none. For every other stream it counts
// the bytes received since the stream was last empty, minus the bytes read from the connection's streams since then.
type backlog struct {
	r       *Relay
	side    string
	conn    *wire.Conn    // nil: there is no limit
	taken   atomic.Int64  // bytes read, with their overhead
	waiting atomic.Bool   // ask waits for changed
	changed chan struct{} // a stream is being read, or closed; capacity 1

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

// inflow is one stream of a channel, as the relay reads it.
type inflow struct {
	b       *backlog
	src     io.Reader
	begun   bool         // it was read at least once
	reading atomic.Bool  // a Read is under way, so waiting data is being read
	empty   atomic.Int64 // bytes off the wire when the stream was last empty
	before  atomic.Int64 // backlog.taken at that moment
}

// open adds a stream that has received nothing.
func (b *backlog) open(src io.Reader) *inflow {
	f := &inflow{b: b, src: src}
	f.mark()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.streams[f] = struct{}{}
	return f
}

// close removes the streams of a closed channel and their unread bytes.
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

// Read implements io.Reader. Only one goroutine may read.
func (f *inflow) Read(p []byte) (int, error) {
	f.reading.Store(true)
	if f.b.waiting.Load() {
		f.b.look()
	}
	n, err := f.src.Read(p)
	f.b.taken.Add(int64(n + n/frameParts + leastFrame))
	if n < len(p) && f.begun { // the library returns all waiting data; the gate's first read returns only data read ahead
		f.mark()
	}
	f.begun = true
	f.reading.Store(false)
	return n, err
}

// countSent counts bytes sent in the other direction.
func (b *backlog) countSent(n int) { b.taken.Add(int64(n / replyParts)) }

// countTaken counts a request or the opening of a channel that was read.
func (b *backlog) countTaken(kind string, payload []byte) {
	b.taken.Add(int64(len(kind) + len(payload) + leastFrame))
}

// look makes ask check again.
func (b *backlog) look() {
	select {
	case b.changed <- struct{}{}:
	default:
	}
}

// held bounds the unread bytes after read bytes have come in all.
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

// ask is called by the connection's reader, and holds it up while too much is unread. It returns the byte count at which it
// must be asked again.
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

// discardErrors reads and drops a client's standard error. No client sends any, but the SSH library would keep it.
func (c *channel) discardErrors() {
	var b [64]byte
	for {
		n, err := c.near.Stderr().Read(b[:])
		if n > 0 {
			c.r.refused(refusal{of: c, side: clientSide, what: "extended data", feature: featureRequest, reason: policy.FeatureNotGranted})
		}
		if err != nil {
			return
		}
	}
}
