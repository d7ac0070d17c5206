package interlock

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"sekimori/broker/rules"
	"sekimori/broker/store"
	"sekimori/policy"
)

// byHand watches a line that people move, with one probe. Its row says that the office network is cut and the maintenance line on.
func byHand(t *testing.T, look func(context.Context) (policy.LineSide, error)) *line {
	t.Helper()
	s := New(Options{Every: quick, Stale: 2 * time.Second, Clock: func() time.Time { return at }, Look: func(ctx context.Context, _ rules.Probe) (policy.LineSide, error) { return look(ctx) }})
	sys := rules.System{System: policy.System{ID: "hr", Line: policy.LineByHand}, LineProbes: []string{"internal tcp 192.0.2.1:9"}}
	st := &state{system: sys, row: store.WindowLine{Window: "w", System: "hr", CutAt: at, OnAt: at}}
	l := s.newLine(st, []store.LineProbe{{System: "hr", Probe: sys.LineProbes[0], Up: at, Down: at}})
	go l.watch()
	t.Cleanup(func() { l.stop(); <-l.ended })
	return l
}

func (l *line) await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	limit := time.Now().Add(time.Minute)
	for tick := time.NewTicker(quick / 4); !holds(); <-tick.C {
		if time.Now().After(limit) {
			t.Fatalf("not within a minute: %s; the line is %+v", what, l.verdict())
		}
	}
}

func (l *line) is(state policy.LineState) func() bool {
	return func() bool { return l.verdict().State == state }
}

// wasLost tells whether the loss is noted for the store.
func (l *line) wasLost() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.isLost()
}

// TestALookThatDoesNotComeBackLosesTheLine: a line that became unknown because a look hung is lost, as one that a look shows to be joined.
// It is not separated again when the look comes back.
func TestALookThatDoesNotComeBackLosesTheLine(t *testing.T) {
	t.Parallel()
	var hangs atomic.Bool
	free := make(chan struct{})
	l := byHand(t, func(ctx context.Context) (policy.LineSide, error) {
		if hangs.Load() {
			select {
			case <-free:
			case <-ctx.Done():
			}
		}
		return policy.SideDown, nil
	})
	l.await(t, "the line is separated", l.is(policy.LineSeparated))
	hangs.Store(true)
	l.await(t, "the line is unknown", l.is(policy.LineUnknown))
	close(free)
	l.mu.Lock()
	rounds := l.rounds
	l.mu.Unlock()
	l.await(t, "looks come back", func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		return l.rounds >= rounds+2*downAfter
	})
	if l.is(policy.LineSeparated)() || !l.wasLost() {
		t.Errorf("lost %v, %+v", l.wasLost(), l.verdict())
	}
}

// TestAnOfficeNetworkThatCameBackWhileTheBrokerWasDownIsALoss: the first look of a new watch finds the office network up beside a line
// that is on.
func TestAnOfficeNetworkThatCameBackWhileTheBrokerWasDownIsALoss(t *testing.T) {
	var down atomic.Bool
	l := byHand(t, func(context.Context) (policy.LineSide, error) {
		if down.Load() {
			return policy.SideDown, nil
		}
		return policy.SideUp, nil
	})
	l.await(t, "the line is joined", l.is(policy.LineJoined))
	down.Store(true)
	l.await(t, "the probe sees it down", func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		return l.probes[0].saw == policy.SideDown
	})
	if l.is(policy.LineSeparated)() || !l.wasLost() {
		t.Errorf("lost %v, %+v", l.wasLost(), l.verdict())
	}
}
