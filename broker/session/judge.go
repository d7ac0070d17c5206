package session

import (
	"time"

	"sekimori/policy"
)

// judgeGrace is how much later than the supervisor a session judges itself, where the supervisor is held up by the store.
const judgeGrace = 500 * time.Millisecond

// timers end a session without the supervisor. Guarded by session.mu.
type timers struct {
	on       bool // watch has begun and has not ended
	turn     int  // counts the deadlines, so that one that was moved while it fired does not end the session
	deadline *time.Timer
	look     *time.Timer // judges on the facts known last
}

// judge ends the session, holds its input back or releases it, or moves its deadline, as policy.Recheck says. It keeps f, which
// the person's other sessions share; therefore no caller may change it afterwards.
func (l *session) judge(f *policy.Facts) {
	now := l.sup.o.Clock()
	l.mu.Lock()
	l.facts = f
	v := l.verdict(now)
	l.setTerms(f)
	if v.Keep {
		l.setPause(v.Pause, now)
		l.lookAgain(v.Next, now)
	}
	l.mu.Unlock()
	if !v.Keep {
		l.end(l.sup.causeIn(l.grant.Window.ID, Cause{Reason: v.Reason, Args: v.Args, Actor: broker}))
		return
	}
	l.setUntil(v.Until)
	l.inTime() // by the other clock it may be over although the wall clock was set back
}

// verdict rules on the facts known last. The caller holds mu.
func (l *session) verdict(now time.Time) policy.Verdict {
	if l.facts == nil {
		return policy.Verdict{Reason: policy.RecordingUnavailable} // unknown facts end the session
	}
	f := *l.facts
	f.Runtime.Lines = l.sup.lines() // as they are now, not as they were when the facts were read
	if rec := l.rec.Load(); rec != nil && rec.Failed() != nil {
		f.Runtime.Recorder = policy.RecorderFailed
	} else {
		f.Runtime.Recorder = policy.RecorderReady // low space turns newcomers away; a session goes on until a write fails
	}
	v := policy.Recheck(f, policy.Running{
		Session: l.a.ID, Person: l.a.Person.ID, Print: l.a.Fingerprint, Grant: l.grant.ID, Source: l.a.Source.Addr(),
		Target: l.target.ID, Account: l.login, LastInput: l.lastHeard(now), Paused: l.manual,
	}, now)
	if v.Keep && v.Pause == "" && l.manual {
		v.Pause = policy.PausedByAttendant
	}
	return v
}

// lastHeard is when the session was last in use (relay.Config.OnActivity). An engineer whose input is held back is not idle. The caller holds mu.
func (l *session) lastHeard(now time.Time) time.Time {
	if l.pause != "" {
		return now
	}
	return time.Unix(0, l.lastInput.Load())
}

// lookAgain notes when the verdict may change by itself. The supervisor looks then. The session looks itself a little
// later, on the facts it has, so that a blocked store prolongs no session. The caller holds mu.
func (l *session) lookAgain(next, now time.Time) {
	if l.timers.look != nil {
		l.timers.look.Stop()
		l.timers.look = nil
	}
	l.next.Store(0)
	if next.IsZero() {
		return
	}
	l.next.Store(next.UnixNano())
	if l.timers.on {
		l.timers.look = time.AfterFunc(max(next.Sub(now), 0)+judgeGrace, l.judgeKnown)
	}
}

// judgeKnown judges on the facts known last. It can only end or pause.
func (l *session) judgeKnown() {
	now := l.sup.o.Clock()
	l.mu.Lock()
	v := l.verdict(now)
	switch {
	case v.Keep && v.Pause != "":
		l.setPause(v.Pause, now)
		l.lookAgain(v.Next, now)
	case v.Keep:
		l.lookAgain(v.Next, now)
	}
	l.mu.Unlock()
	if !v.Keep {
		l.end(Cause{Reason: v.Reason, Args: v.Args, Actor: timer})
		return
	}
	l.inTime()
}

// arm starts the timers; the result stops them.
func (l *session) arm() (disarm func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.timers.on = true
	l.armDeadline()
	if next := l.next.Load(); next != 0 {
		l.lookAgain(time.Unix(0, next), l.sup.o.Clock())
	}
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.timers.on = false
		l.timers.turn++
		for _, t := range []*time.Timer{l.timers.deadline, l.timers.look} {
			if t != nil {
				t.Stop()
			}
		}
	}
}

// armDeadline sets the timer of the deadline in force. The timer is monotonic: it fires although the wall clock is set back,
// and then the session ends even if the wall clock claims there is time left. It ends the session by itself, because
// watch may be held up by a disk or a store that does not answer. The caller holds mu.
func (l *session) armDeadline() {
	if !l.timers.on {
		return
	}
	if l.timers.deadline != nil {
		l.timers.deadline.Stop()
	}
	l.timers.turn++
	turn := l.timers.turn
	l.timers.deadline = time.AfterFunc(l.deadline().Sub(l.sup.o.Clock()), func() { l.timeIsUp(turn) })
}

// timeIsUp ends the session at its deadline, unless that was moved at the same moment.
func (l *session) timeIsUp(turn int) {
	l.mu.Lock()
	if turn != l.timers.turn {
		l.mu.Unlock()
		return
	}
	c := l.causeOfDeadline()
	l.mu.Unlock()
	l.end(c)
}
