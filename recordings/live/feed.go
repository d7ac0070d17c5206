package live

import (
	"bytes"
	"context"
	"io"
	"maps"
	"slices"
	"sync"

	"sekimori/recordings"
)

const (
	defaultReplay = 64 << 10
	defaultBuffer = 256 << 10
	keptEvents    = 64 << 10 // bytes of events, which a flood of output must not push out of a replay
	frameCost     = 128      // bytes that a held frame counts besides its data, so that tiny frames are bounded too
	// bulkTail bounds the part of a frame that the replay keeps for a channel without a terminal: a bulk transfer must not
	// be copied whole when no watcher is there.
	bulkTail = 2 << 10
)

// Feed is the live view of one session's output.
type Feed struct {
	replay int

	mu       sync.Mutex        // guards the rest, and every Watcher's fields
	recent   queue             // of output; the queue owns the data and gives watchers copies
	events   queue             // the data is shared with watchers and never changed
	starts   map[uint32]*start // of each open channel; a replay needs its type however old it is
	started  int               // their size in bytes
	untold   int               // channels left out of starts for lack of room
	n        uint64            // counts the frames, so that a replay is in order
	spare    []byte            // a buffer to reuse
	watchers map[*Watcher]struct{}
	closed   bool
}

// queue holds frames in order, and counts their size.
type queue struct {
	frames []Frame
	head   int // index of the oldest; earlier places are free
	cost   int
}

func (q *queue) len() int { return len(q.frames) - q.head }

func (q *queue) push(f Frame) {
	if q.head > 0 && len(q.frames) == cap(q.frames) {
		n := copy(q.frames, q.frames[q.head:])
		clear(q.frames[n:])
		q.frames, q.head = q.frames[:n], 0
	}
	q.frames = append(q.frames, f)
	q.cost += frameCost + len(f.Data)
}

func (q *queue) pop() Frame {
	f := q.frames[q.head]
	q.frames[q.head] = Frame{}
	q.head++
	q.cost -= frameCost + len(f.Data)
	return f
}

// New returns a Feed that replays up to about replay bytes of recent output to
// each new watcher (0: 64 KiB).
func New(replay int) *Feed {
	if replay <= 0 {
		replay = defaultReplay
	}
	return &Feed{replay: replay, starts: map[uint32]*start{}, watchers: map[*Watcher]struct{}{}}
}

// Tap takes one frame; use it as recordings.Options.Tap. It never waits for a watcher. It drops every frame of the input.
func (f *Feed) Tap(fr recordings.Frame) {
	if fr.Input || fr.Stream == recordings.Stdin {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return
	}
	f.n++
	if fr.Event != "" {
		fr.Data = bytes.Clone(fr.Data)
		f.opening(Frame{Frame: fr, n: f.n})
		f.event(fr)
		for w := range f.watchers {
			w.offer(fr)
		}
		return
	}
	f.remember(fr)
	if len(f.watchers) == 0 {
		return
	}
	fr.Data = bytes.Clone(fr.Data) // one copy for all watchers
	for w := range f.watchers {
		w.offer(fr)
	}
}

// remember adds a frame to the replay, and drops old ones to make room. The caller holds mu.
func (f *Feed) remember(fr recordings.Frame) {
	lost := 0
	if s := f.starts[fr.Channel]; (s == nil || s.size.Event == "") && len(fr.Data) > bulkTail {
		lost = len(fr.Data) - bulkTail
		fr.Data = fr.Data[lost:]
	}
	for f.recent.len() > 0 && f.recent.cost+frameCost+len(fr.Data) > f.replay {
		if old := f.recent.pop().Data; cap(old) > cap(f.spare) {
			f.spare = old
		}
	}
	f.recent.push(Frame{Frame: f.keep(fr), Lost: int64(lost), n: f.n})
}

// event keeps an event for the replay.
func (f *Feed) event(fr recordings.Frame) {
	kept := Frame{Frame: fr, n: f.n}
	for f.events.len() > 0 && f.events.cost+frameCost+len(fr.Data) > keptEvents {
		f.events.pop()
	}
	f.events.push(kept)
}

// replayed returns a new watcher's first frames: the starts of the open channels, then events and output in order.
func (f *Feed) replayed() []Frame {
	events, output := f.events.frames[f.events.head:], f.recent.frames[f.recent.head:]
	var out []Frame
	if f.untold > 0 {
		out = append(out, f.untoldNotice())
	}
	channels := slices.Sorted(maps.Keys(f.starts))
	for _, n := range channels {
		for _, fr := range f.starts[n].frames {
			if len(events) == 0 || fr.n < events[0].n {
				out = append(out, fr)
			}
		}
	}
	for _, n := range channels {
		if size := f.starts[n].size; size.Event != "" {
			out = append(out, Frame{Frame: size})
		}
	}
	for len(events) > 0 || len(output) > 0 {
		if len(output) == 0 || len(events) > 0 && events[0].n < output[0].n {
			out, events = append(out, events[0]), events[1:]
			continue
		}
		fr := output[0]
		fr.Data = bytes.Clone(fr.Data) // the feed reuses its buffer
		out, output = append(out, fr), output[1:]
	}
	return out
}

// keep copies a frame for the replay into a reused buffer.
func (f *Feed) keep(fr recordings.Frame) recordings.Frame {
	data := fr.Data
	if cap(f.spare) >= len(data) && cap(f.spare) <= 2*len(data)+64 {
		fr.Data, f.spare = append(f.spare[:0], data...), nil
		return fr
	}
	fr.Data = bytes.Clone(data)
	return fr
}

// Watch adds a watcher that may lag by up to about buffer bytes (0: 256 KiB). The watcher first gets the sizes of the
// terminals and the recent output.
func (f *Feed) Watch(buffer int) *Watcher {
	if buffer <= 0 {
		buffer = defaultBuffer
	}
	w := &Watcher{feed: f, buffer: buffer, wake: make(chan struct{}, 1)}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, fr := range f.replayed() {
		w.queue.push(fr)
	}
	if f.closed {
		w.done = true
		return w
	}
	f.watchers[w] = struct{}{}
	return w
}

// Watchers returns the number of watchers; the engineer is told it.
func (f *Feed) Watchers() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.watchers)
}

// Close ends the feed: watchers read their queued frames, then io.EOF.
func (f *Feed) Close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	f.recent, f.events, f.starts = queue{}, queue{}, nil
	for w := range f.watchers {
		delete(f.watchers, w)
		w.done = true
		w.signal()
	}
}

// Frame is an output frame or event, with the loss before it. Its Data may be shared with other watchers: do not change it.
type Frame struct {
	recordings.Frame
	Lost int64 // bytes of output that this watcher missed just before this frame

	n uint64 // its place among all frames
}

// Watcher is one watcher's queue. It is for one goroutine, except Close.
type Watcher struct {
	feed   *Feed
	buffer int
	wake   chan struct{} // a change happened; one slot, so that Tap never waits
	queue  queue
	lost   int64
	done   bool // the session is over, or Close was called
}

// offer queues a frame, or counts it as lost. The newest frames are lost until there is room again, so that a slow watcher's
// output has no gap except there. The caller holds the feed's mu.
func (w *Watcher) offer(fr recordings.Frame) {
	room := w.buffer
	if fr.Event != "" {
		room += keptEvents // a flood of output must not displace events
	}
	if w.queue.cost+frameCost+len(fr.Data) > room && w.queue.len() > 0 {
		w.lost += int64(len(fr.Data))
		return
	}
	w.queue.push(Frame{Frame: fr, Lost: w.lost})
	w.lost = 0
	w.signal()
}

func (w *Watcher) signal() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// Next waits for the next frame. io.EOF: the session is over or Close was called.
func (w *Watcher) Next(ctx context.Context) (Frame, error) {
	for {
		w.feed.mu.Lock()
		if w.queue.len() > 0 {
			f := w.queue.pop()
			w.feed.mu.Unlock()
			return f, nil
		}
		if w.done {
			lost := w.lost
			w.lost = 0
			w.feed.mu.Unlock()
			if lost > 0 { // no frame follows that could carry the number
				return Frame{Frame: recordings.Frame{Channel: recordings.SessionChannel, Event: EventLost}, Lost: lost}, nil
			}
			return Frame{}, io.EOF
		}
		w.feed.mu.Unlock()
		select {
		case <-w.wake:
		case <-ctx.Done():
			return Frame{}, context.Cause(ctx)
		}
	}
}

// Ready gives the next frame if one is queued already.
func (w *Watcher) Ready() (Frame, bool) {
	w.feed.mu.Lock()
	defer w.feed.mu.Unlock()
	if w.queue.len() == 0 {
		return Frame{}, false
	}
	return w.queue.pop(), true
}

// EventLost is the kind of a frame that reports a loss with no output after it.
const EventLost = "lost"

// Close stops watching.
func (w *Watcher) Close() {
	w.feed.mu.Lock()
	defer w.feed.mu.Unlock()
	delete(w.feed.watchers, w)
	w.queue, w.lost, w.done = queue{}, 0, true
	w.signal()
}
