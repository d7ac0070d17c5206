package live

import (
	"context"
	"io"

	"sekimori/recordings"
)

// Feed is the live view of one session.
type Feed struct{}

// New returns a Feed that replays up to about replay bytes of recent output to
// each new watcher (0: 64 KiB).
func New(replay int) *Feed { return &Feed{} }

// Tap takes one frame; it is made for recordings.Options.Tap and never blocks.
func (f *Feed) Tap(fr recordings.Frame) {}

// Watch adds a watcher that may lag by up to buffer bytes (0: 256 KiB).
func (f *Feed) Watch(buffer int) *Watcher { return &Watcher{} }

// Watchers returns how many watch now.
func (f *Feed) Watchers() int { return 0 }

// Close ends the feed: watchers read what they still have, then io.EOF.
func (f *Feed) Close() {}

// Watcher is one who watches.
type Watcher struct{}

// Frame is an output frame or event, with what was lost before it.
type Frame struct {
	recordings.Frame
	Lost int64 // bytes of output that this watcher missed just before this frame
}

// Next waits for the next frame. io.EOF: the session is over.
func (w *Watcher) Next(ctx context.Context) (Frame, error) { return Frame{}, io.EOF }

// Close stops watching.
func (w *Watcher) Close() {}
