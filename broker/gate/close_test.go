package gate

import (
	"context"
	"errors"
	"testing"
	"time"
)

// A connection whose goroutine does not end must not hold up the stop of the broker for longer than it was given.
func TestCloseReturnsThoughAConnectionDoesNotEnd(t *testing.T) {
	w := newWorld(t)
	w.gate.callers.Add(1) // one that is stuck
	defer w.gate.callers.Done()
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	closed := make(chan error, 1)
	go func() { closed <- w.gate.Close(ctx) }()
	select {
	case err := <-closed:
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("closed with %v", err)
		}
	case <-time.After(time.Minute):
		t.Error("the stop waits on")
	}
}
