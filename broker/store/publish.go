package store

import (
	"context"
	"sync"
	"time"
)

// Published is the state of the checkpoints outside, for `check` and the badge.
type Published struct {
	Configured bool      // Options.Publish is set
	Waiting    bool      // a newer checkpoint is not out yet
	At         time.Time // last success; zero: none since the store was opened
	Err        error     // last failure since then; nil after a success
	Checkpoint []byte    // the one that went out at At
}

// publishEvery is the pause between two published checkpoints. A login commits four times within it. Each checkpoint
// covers all before it, and syncing one costs as much as the commit.
const publishEvery = 100 * time.Millisecond

// publisher publishes checkpoints one at a time, always the newest. The DB owns its one goroutine;
// stop waits for it.
type publisher struct {
	o      Options
	wake   chan struct{}
	cancel context.CancelFunc
	ending chan struct{} // closed by stop
	done   chan struct{}

	mu      sync.Mutex // guards the fields below
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
		// The next commit tries again; its newer checkpoint covers this one.
		return
	}
	p.state.At, p.state.Checkpoint = now, checkpoint
	p.state.Waiting = p.next != nil
}

// stopTimeout bounds how long a stalled destination may hold up shutdown.
const stopTimeout = 5 * time.Second

// stop publishes the last checkpoint, then ends the goroutine.
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

// Published reports the state of the checkpoints outside the data directory.
func (db *DB) Published() Published {
	db.pub.mu.Lock()
	defer db.pub.mu.Unlock()
	return db.pub.state
}

// Republish publishes the latest checkpoint again, for a destination that is back or was just
// configured.
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
