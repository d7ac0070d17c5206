package recordings

import (
	"errors"
	"sync"
	"time"
)

// mostSyncs bounds the syncs under way at a time. A file system commits concurrent syncs together, and a sync that hangs takes one
// place only.
const mostSyncs = 32

// Syncer makes many recordings durable in groups: the begin of the first write that no sync covers sets a round, and half of the promised time
// later every recording with such a write is synced once, however many writes it had. A recording at rest costs nothing. The zero
// Syncer is not usable. It is safe for concurrent use.
type Syncer struct {
	within time.Duration
	places chan struct{}

	mu  sync.Mutex // guards due
	due []*Writer  // with writes that no sync covers; nil: no round is set
}

// NewSyncer makes a syncer: the sync of a write begins within this time, half of which is left for the disk.
func NewSyncer(within time.Duration) *Syncer {
	return &Syncer{within: within, places: make(chan struct{}, mostSyncs)}
}

// add takes a writer into the next round. It does not block.
func (s *Syncer) add(w *Writer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.due == nil {
		time.AfterFunc(s.within/2, s.round)
	}
	s.due = append(s.due, w)
}

// round syncs the writers that are due. It waits for none of them: a writer comes back only once its sync has begun, so that there
// is at most one goroutine for each, and Close of the writer waits for it.
func (s *Syncer) round() {
	s.mu.Lock()
	due := s.due
	s.due = nil
	s.mu.Unlock()
	for _, w := range due {
		over := w.watchSync() // before a place is free: waiting for one is as slow as the disk
		go func() {
			s.places <- struct{}{}
			defer func() { <-s.places }()
			err := w.Sync()
			if err != nil && !errors.Is(err, ErrClosed) && w.syncFailed != nil {
				w.syncFailed(err)
			}
			over(err == nil)
		}()
	}
}

// watchSync tells Slow of a sync that takes too long, or of the write that it waits for. over must follow, with the success of the sync; after
// a failure Slow is told nothing more, so that no one lets data pass again.
func (w *Writer) watchSync() (over func(ok bool)) {
	if w.slow == nil {
		return func(bool) {}
	}
	var mu sync.Mutex // guards told and ended; keeps the two calls in order
	told, ended := false, false
	limit := time.AfterFunc(w.slowAfter, func() {
		mu.Lock()
		defer mu.Unlock()
		if !ended {
			told = true
			w.slow(true)
		}
	})
	return func(ok bool) {
		limit.Stop()
		mu.Lock()
		defer mu.Unlock()
		ended = true
		if told && ok {
			w.slow(false)
		}
	}
}
