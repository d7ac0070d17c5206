package store

import (
	"context"
	"sync"
	"time"
)

// Published tells how the checkpoints outside stand: for `check` and the badge.
type Published struct {
	Configured bool      // somebody takes checkpoints at all
	Waiting    bool      // a newer checkpoint is not out yet
	At         time.Time // last success; zero: none since the store was opened
	Err        error     // last failure since then; nil after a success
}

// publishEvery is how long the next checkpoint waits after one was published. A login commits four times within that; each
// checkpoint holds all before it, and syncing one costs as much as the commit.
const publishEvery = 100 * time.Millisecond

// publisher hands checkpoints out, one at a time, the newest first. One goroutine, owned by the
// DB, waited for by stop.
type publisher struct {
	o      Options
	wake   chan struct{}
	cancel context.CancelFunc
	ending chan struct{} // closed by stop
	done   chan struct{}

	mu      sync.Mutex // guards what follows
	next    []byte
	state   Published
	closing bool
}

func startPublisher(o Options) *publisher {
	ctx, cancel := context.WithCancel(context.Background())
	p := &publisher{o: o, wake: make(chan struct{}, 1), cancel: cancel, ending: make(chan struct{}), done: make(chan struct{})}
	p.state.Configured = o.Publish != nil
	if o.Publish == nil {
		close(p.done)
		return p
	}
	go p.run(ctx)
	return p
}

// offer replaces the checkpoint that waits. Checkpoints come in the order of commits because
// only the holder of the one writing connection calls it.
func (p *publisher) offer(checkpoint []byte) {
	if p.o.Publish == nil {
		return
	}
	p.mu.Lock()
	p.next, p.state.Waiting = checkpoint, true
	p.mu.Unlock()
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

func (p *publisher) run(ctx context.Context) {
	defer close(p.done)
	for {
		<-p.wake
		p.mu.Lock()
		next, closing := p.next, p.closing
		p.next = nil
		p.mu.Unlock()
		if next != nil {
			p.publish(ctx, next)
		}
		if closing {
			return
		}
		select {
		case <-time.After(publishEvery):
		case <-p.ending:
		}
	}
}

func (p *publisher) publish(ctx context.Context, checkpoint []byte) {
	err := p.o.Publish(ctx, checkpoint)
	now := p.o.Clock()
	if err != nil {
		p.o.Log.Error("checkpoint not published", "error", err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.state.Err = err
	if err != nil {
		// Tried again with the next commit; a newer checkpoint contains this one.
		return
	}
	p.state.At = now
	p.state.Waiting = p.next != nil
}

// stopTimeout bounds how long a stalled destination may hold up shutdown.
const stopTimeout = 5 * time.Second

// stop lets the last checkpoint out, then ends the goroutine.
func (p *publisher) stop() {
	if p.o.Publish == nil {
		p.cancel()
		return
	}
	p.mu.Lock()
	if !p.closing {
		p.closing = true
		close(p.ending)
	}
	p.mu.Unlock()
	select {
	case p.wake <- struct{}{}:
	default:
	}
	t := time.AfterFunc(stopTimeout, p.cancel)
	<-p.done
	t.Stop()
	p.cancel()
}

// Published reports how the checkpoints outside the data directory stand.
func (db *DB) Published() Published {
	db.pub.mu.Lock()
	defer db.pub.mu.Unlock()
	return db.pub.state
}

// Republish offers the latest checkpoint again, for a caller who knows that the destination is
// back or wants one that just was configured to hold the present state.
func (db *DB) Republish(ctx context.Context) error {
	return db.Read(ctx, func(s *Snap) error {
		c, err := s.LatestCheckpoint()
		if err != nil {
			return err
		}
		db.pub.offer(c)
		return nil
	})
}
