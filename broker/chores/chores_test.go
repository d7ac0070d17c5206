package chores

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/go-hclog"
)

// notes are the instants of the runs, counted from the start.
type notes struct {
	mu    sync.Mutex
	began time.Time
	ran   map[string][]time.Duration
}

func (n *notes) note(name string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.ran[name] = append(n.ran[name], time.Since(n.began))
}

func (n *notes) want(t *testing.T, name string, at ...time.Duration) {
	t.Helper()
	n.mu.Lock()
	defer n.mu.Unlock()
	if !slices.Equal(n.ran[name], at) {
		t.Errorf("%s ran at %v, want %v", name, n.ran[name], at)
	}
}

// started runs chores until the test stops them, and waits for all of them.
func started(t *testing.T, list func(*notes) []Chore) (n *notes, said *bytes.Buffer, stop func()) {
	t.Helper()
	n, said = &notes{began: time.Now(), ran: map[string][]time.Duration{}}, &bytes.Buffer{}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		Run(ctx, hclog.New(&hclog.LoggerOptions{Output: said, Level: hclog.Error, TimeFormat: time.TimeOnly}), list(n))
	}()
	return n, said, func() { cancel(); <-done }
}

func TestEachChoreRunsAtItsOwnPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, said, stop := started(t, func(n *notes) []Chore {
			return []Chore{
				{Name: "often", Every: 2 * time.Second, Run: func(context.Context) error { n.note("often"); return nil }},
				{Name: "seldom", Every: 5 * time.Second, Run: func(context.Context) error { n.note("seldom"); return nil }},
			}
		})
		time.Sleep(7 * time.Second)
		stop()
		n.want(t, "often", 0, 2*time.Second, 4*time.Second, 6*time.Second)
		n.want(t, "seldom", 0, 5*time.Second)
		if said.Len() > 0 {
			t.Errorf("logged: %s", said)
		}
	})
}

func TestAFailingChoreIsNamedAndTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, said, stop := started(t, func(n *notes) []Chore {
			return []Chore{
				{Name: "broken", Every: time.Second, Run: func(context.Context) error { n.note("broken"); return errors.New("no space left") }},
				{Name: "whole", Every: time.Second, Run: func(context.Context) error { n.note("whole"); return nil }},
			}
		})
		time.Sleep(1500 * time.Millisecond)
		stop()
		n.want(t, "broken", 0, time.Second)
		n.want(t, "whole", 0, time.Second)
		if strings.Count(said.String(), `chore_failed: chore=broken error="no space left"`) != 2 || strings.Contains(said.String(), "whole") {
			t.Errorf("logged: %s", said)
		}
	})
}

// A panic of one chore ends neither the process nor the chore, nor any other one.
func TestAttackPanicOfAChore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, said, stop := started(t, func(n *notes) []Chore {
			return []Chore{
				{Name: "broken", Every: time.Second, Run: func(context.Context) error { n.note("broken"); panic("index out of range") },
					Last: func(context.Context) error { n.note("last"); panic("once more") }},
				{Name: "whole", Every: time.Second, Run: func(context.Context) error { n.note("whole"); return nil }},
			}
		})
		time.Sleep(1500 * time.Millisecond)
		stop()
		n.want(t, "broken", 0, time.Second)
		n.want(t, "whole", 0, time.Second)
		n.want(t, "last", 1500*time.Millisecond)
		got := said.String()
		if strings.Count(got, `chore_panicked: chore=broken panic="index out of range"`) != 2 || strings.Count(got, `panic="once more"`) != 1 ||
			!strings.Contains(got, "chores_test.go") || strings.Contains(got, "whole") {
			t.Errorf("logged: %s", got)
		}
	})
}

func TestASlowChoreStarvesNoOtherAndDoesNotPileUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, _, stop := started(t, func(n *notes) []Chore {
			return []Chore{
				{Name: "slow", Every: time.Second, Run: func(context.Context) error { n.note("slow"); time.Sleep(3500 * time.Millisecond); return nil }},
				{Name: "quick", Every: time.Second, Run: func(context.Context) error { n.note("quick"); return nil }},
			}
		})
		time.Sleep(5500 * time.Millisecond)
		stop()
		n.want(t, "quick", 0, time.Second, 2*time.Second, 3*time.Second, 4*time.Second, 5*time.Second)
		n.want(t, "slow", 0, 3500*time.Millisecond) // one missed run follows at once, the others are skipped
	})
}

// The stop cancels a running chore and waits for it and for the last run of each; none runs afterwards.
func TestTheStopWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, said, stop := started(t, func(n *notes) []Chore {
			return []Chore{
				{Name: "under way", Every: time.Minute, Run: func(ctx context.Context) error {
					<-ctx.Done()
					time.Sleep(time.Second)
					n.note("under way")
					return ctx.Err() // cancelled: no failure
				}},
				{Name: "sum", Every: time.Minute, Run: func(context.Context) error { n.note("sum"); return nil }, Last: func(ctx context.Context) error {
					n.note("last")
					return ctx.Err()
				}},
				{Name: "bad end", Every: time.Minute, Run: func(context.Context) error { return nil }, Last: func(context.Context) error { return errors.New("lost") }},
			}
		})
		time.Sleep(5 * time.Second)
		stop()
		if took := time.Since(n.began); took != 6*time.Second {
			t.Errorf("stopped after %s", took)
		}
		time.Sleep(time.Hour)
		n.want(t, "under way", 6*time.Second)
		n.want(t, "sum", 0)
		n.want(t, "last", 5*time.Second)
		if got := said.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, `last_chore_failed: chore="bad end" error=lost`) {
			t.Errorf("logged: %s", got)
		}
	})
}
