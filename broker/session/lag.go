package session

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"sekimori/broker/relay"
	"sekimori/policy"
	"sekimori/recordings"
)

const (
	lagPauses = 2 * time.Second  // a recording whose disk takes longer for a write or its sync stalls its session
	lagEnds   = 10 * time.Second // a session that is stalled for so long ends
)

// errLagging says that the disk did not make a recording durable in time.
var errLagging = errors.New("the disk does not make the recording durable")

// lag stalls a session whose recording does not become durable: bytes that pass meanwhile could be lost with the machine's power. The
// zero value is ready.
type lag struct {
	mu    sync.Mutex // guards the rest, and the order of the relay's calls
	slow  int        // syncs under way that take too long
	limit *time.Timer

	since atomic.Int64 // when slow rose above zero, in Unix nanoseconds; 0: it is zero
}

// lags is called by the recording (recordings.Options.Slow). Output and input stop at once, the engineer and staff are told, and the session ends where the disk
// does not catch up.
func (l *session) lags(slow bool) {
	g := &l.lag
	g.mu.Lock()
	defer g.mu.Unlock()
	was := g.slow > 0
	if slow {
		g.slow++
	} else {
		g.slow--
	}
	is := g.slow > 0
	if was == is {
		return
	}
	now, since := l.sup.o.Clock(), g.since.Load()
	if is {
		g.since.Store(now.UnixNano())
	} else {
		g.since.Store(0)
	}
	switch {
	case l.ctx.Err() != nil: // the session has ended: its end says why
		g.stop()
	case is:
		l.fallBehind(now)
	default:
		l.catchUp(now, now.Sub(time.Unix(0, since)))
	}
}

// fallBehind stalls the session. The caller holds lag.mu.
func (l *session) fallBehind(now time.Time) {
	l.lag.limit = time.AfterFunc(lagEnds, l.endBehind)
	if r := l.relay.Load(); r != nil {
		r.Stall(true)
	}
	l.log.Error("recording_lags", "behind", lagPauses)
	l.sup.notKept(fmt.Errorf("%w: session %s is paused after %s", errLagging, l.a.ID, lagPauses))
	l.sup.note(pauseNote{session: l.a.ID, kind: "session.paused", at: now, cause: policy.PausedBehind})
	l.hand(remark{kind: "paused", text: lagNotice(), mark: &mark{recordings.EventPause, recordings.Pause{Reason: string(policy.PausedBehind)}}})
}

// catchUp lets the session go on, which was stalled for took. A person's pause stays. The caller holds lag.mu.
func (l *session) catchUp(now time.Time, took time.Duration) {
	l.lag.stop()
	l.lastInput.Store(now.UnixNano()) // an engineer whose input was held back was not idle
	if r := l.relay.Load(); r != nil {
		r.Stall(false)
	}
	l.log.Warn("recording_caught_up", "paused_for", took)
	l.mark(recordings.EventResume, recordings.Pause{Reason: string(policy.PausedBehind)})
	l.sup.note(pauseNote{session: l.a.ID, kind: "session.resumed", at: now, cause: policy.PausedBehind})
	if l.paused() == "" {
		l.say("resumed", resumedNotice(l.deadline().Sub(now)))
	}
}

// endBehind ends the session. The recording fails first, so that only the goroutine whose write hangs in the kernel waits for the disk.
func (l *session) endBehind() {
	err := fmt.Errorf("%w: for %s", errLagging, lagPauses+lagEnds)
	if rec := l.rec.Load(); rec != nil {
		_ = rec.Fail(err)
	}
	l.end(l.recordingFailed(err))
}

// behindSince is the time since which the recording lags; zero: it does not.
func (l *session) behindSince() time.Time {
	if at := l.lag.since.Load(); at != 0 {
		return time.Unix(0, at).In(l.sup.o.Zone)
	}
	return time.Time{}
}

// stallNew stalls a relay that begins while the recording lags.
func (l *session) stallNew(r *relay.Relay) {
	l.lag.mu.Lock()
	defer l.lag.mu.Unlock()
	r.Stall(l.lag.slow > 0)
}

// lagOver stops the limit. It comes with the session's end.
func (l *session) lagOver() {
	l.lag.mu.Lock()
	defer l.lag.mu.Unlock()
	l.lag.stop()
}

// stop stops the limit. The caller holds mu.
func (g *lag) stop() {
	if g.limit != nil {
		g.limit.Stop()
	}
}
