package chores

import (
	"context"
	"runtime/debug"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
)

// Chore is a task that repeats.
type Chore struct {
	Name  string        // for the log
	Every time.Duration // from one run to the next; a long run skips the runs it has missed
	Run   func(ctx context.Context) error
	Last  func(ctx context.Context) error // runs once when the broker stops, in place of a further run; nil: nothing
}

// Run runs each chore at once and then at its pace until ctx ends, and returns when the last of them has stopped. Each chore has a
// goroutine of its own: a slow one delays no other, and no chore runs twice at a time. A failure or a panic is logged with
// the chore's name, and the chore runs again in its turn. Last gets a context that has not ended.
func Run(ctx context.Context, log hclog.Logger, list []Chore) {
	var running sync.WaitGroup
	for _, c := range list {
		running.Go(func() { c.run(ctx, log) })
	}
	running.Wait()
}

func (c Chore) run(ctx context.Context, log hclog.Logger) {
	tick := time.NewTicker(c.Every)
	defer tick.Stop()
	for ctx.Err() == nil {
		if err := c.guarded(ctx, log, c.Run); err != nil && ctx.Err() == nil {
			log.Error("chore_failed", "chore", c.Name, "error", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
	if c.Last == nil {
		return
	}
	if err := c.guarded(context.WithoutCancel(ctx), log, c.Last); err != nil {
		log.Error("last_chore_failed", "chore", c.Name, "error", err)
	}
}

// guarded runs one task. A panic is logged with its stack and ends this run only: the sessions of the broker go on.
func (c Chore) guarded(ctx context.Context, log hclog.Logger, task func(context.Context) error) error {
	defer func() {
		if p := recover(); p != nil {
			log.Error("chore_panicked", "chore", c.Name, "panic", p, "stack", string(debug.Stack()))
		}
	}()
	return task(ctx)
}
