package session

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// waits are the pieces of work that a stop waits for. Each has a name, so that a stop that runs out of time says what held it up.
type waits struct {
	mu   sync.Mutex // guards list and the steps in it
	list map[*wait]struct{}
}

// wait is one piece of work under way.
type wait struct {
	of         *waits
	what, step string
}

// begin notes that work has begun. over must follow.
func (w *waits) begin(what string) *wait {
	v := &wait{of: w, what: what}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.list == nil {
		w.list = map[*wait]struct{}{}
	}
	w.list[v] = struct{}{}
	return v
}

// at names the step of the work that is under way. Without a wait it does nothing.
func (v *wait) at(step string) {
	if v == nil {
		return
	}
	v.of.mu.Lock()
	defer v.of.mu.Unlock()
	v.step = step
}

func (v *wait) over() {
	v.of.mu.Lock()
	defer v.of.mu.Unlock()
	delete(v.of.list, v)
}

// mostWaits bounds the names in one error.
const mostWaits = 8

// String names the work under way.
func (w *waits) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	names := make([]string, 0, len(w.list))
	for v := range w.list {
		name := v.what
		if v.step != "" {
			name += ", step: " + v.step
		}
		names = append(names, name)
	}
	if len(names) == 0 {
		return "nothing"
	}
	slices.Sort(names)
	if n := len(names); n > mostWaits {
		names = append(names[:mostWaits], fmt.Sprintf("and %d more", n-mostWaits))
	}
	return strings.Join(names, "; ")
}

// until waits for done or the end of ctx. Where both have come, done counts.
func until(ctx context.Context, done <-chan struct{}) bool {
	select {
	case <-done:
		return true
	case <-ctx.Done():
	}
	select {
	case <-done:
		return true
	default:
		return false
	}
}

// within runs work that may hang in the disk or the store, whatever its own context says. It returns the work's error, or the
// cause of ctx's end while the work goes on. A panic of the work becomes the caller's while the caller waits.
func within(ctx context.Context, work func() error) error {
	var err error
	var panicked any
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() { panicked = recover() }()
		err = work()
	}()
	if !until(ctx, done) {
		return context.Cause(ctx)
	}
	if panicked != nil {
		panic(panicked)
	}
	return err
}
