package session

import (
	"errors"
	"time"

	"sekimori/broker/relay"
	"sekimori/policy"
)

// watch waits for the end of a running session: its deadline, an idle engineer, a verdict of the
// supervisor, a closed side, or a failed recording. It shows the warnings on the way. It waits for a disk that does not answer only until
// the session ends.
func (l *session) watch(r *relay.Relay, over <-chan error) Cause {
	clock := l.sup.o.Clock
	warned := map[time.Duration]bool{}
	l.skipWarnings(warned, clock())
	l.show(r, remark{kind: "started", text: startNotice(l.hour(clock()), l.hour(l.deadline()), l.deadline().Sub(clock()), l.watchers.known())})

	defer l.arm()()
	remind := time.NewTimer(l.nextReminder(warned, clock()))
	defer remind.Stop()
	tick := time.NewTicker(l.sup.o.Answer)
	defer tick.Stop()
	var client answer
	for {
		select {
		case <-l.ctx.Done():
			return l.cause()
		case err := <-over:
			return l.causeOfRelay(err)
		case <-tick.C:
			if l.listen(r, &client) {
				return l.lostClient()
			}
			continue
		case <-l.moved:
			clear(warned)
			l.skipWarnings(warned, clock())
		case <-l.marks.wake:
			if err := within(l.ctx, l.writeMarks); err != nil && l.ctx.Err() == nil {
				return l.recordingFailed(err)
			}
		case v := <-l.tell:
			l.show(r, v)
		case <-remind.C:
			l.remind(r, warned, clock())
		}
		remind.Reset(l.nextReminder(warned, clock()))
	}
}

// skipWarnings marks the warnings whose time had passed already.
func (l *session) skipWarnings(warned map[time.Duration]bool, now time.Time) {
	for _, w := range warnings {
		if l.deadline().Sub(now) < w.before {
			warned[w.before] = true
		}
	}
}

// remind shows the warnings that are due, and judges an engineer who has been idle for too long.
func (l *session) remind(r *relay.Relay, warned map[time.Duration]bool, now time.Time) {
	for _, w := range warnings {
		if !warned[w.before] && l.deadline().Sub(now) <= w.before {
			warned[w.before] = true
			l.show(r, remark{kind: "warning", text: w.text(l.hour(l.deadline()), l.a.Person.Login, l.sup.o.GateName)})
		}
	}
	limit, idle := l.idleLimit(), now.Sub(l.lastUse(now))
	switch {
	case idle >= limit:
		f, err := l.sup.Facts(l.ctx, l.a.Person.ID)
		if err != nil {
			f = policy.Facts{}
		}
		l.judge(&f)
	case idle >= limit-idleWarning && limit > idleWarning:
		if !warned[idleWarning+1] {
			warned[idleWarning+1] = true // a key of its own beside the window's five minutes
			l.show(r, remark{kind: "idle", text: idleNotice(limit - idle)})
		}
	default:
		delete(warned, idleWarning+1)
	}
}

// nextReminder is how long until remind has something to do.
func (l *session) nextReminder(warned map[time.Duration]bool, now time.Time) time.Duration {
	next := 10 * time.Second // input since the last look may have moved the idle limit
	for _, w := range warnings {
		if !warned[w.before] {
			next = min(next, l.deadline().Sub(now)-w.before)
		}
	}
	last := l.lastUse(now)
	if d := last.Add(l.idleLimit()).Sub(now); d > 0 {
		next = min(next, d)
	} else {
		next = min(next, time.Second) // judged idle already, and kept: look again soon
	}
	return max(next, 10*time.Millisecond)
}

func (l *session) idleLimit() time.Duration { return policy.IdleLimit(l.system) }

// lastUse is when the session was last in use, for the idle limit.
func (l *session) lastUse(now time.Time) time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lastHeard(now)
}

// hour is a time of day as notices show it.
func (l *session) hour(t time.Time) string { return t.In(l.sup.o.Zone).Format("15:04") }

func (l *session) causeOfRelay(err error) Cause {
	var failed *relay.RecordingError
	var abuse *relay.AbuseError
	var fault *relay.FaultError
	switch {
	case l.ctx.Err() != nil:
		return l.cause()
	case errors.As(err, &failed):
		return l.recordingFailed(failed)
	case errors.As(err, &abuse):
		l.log.Warn("protocol_abuse", "error", err)
		return Cause{Reason: policy.ProtocolAbuse, Actor: broker, Note: abuse.Error()}
	case errors.As(err, &fault):
		return Cause{Reason: policy.BrokerCrashed, Actor: broker, Note: "fault of the relay"}
	case errors.Is(err, relay.ErrTargetGone):
		return Cause{Reason: policy.TargetLost, Args: map[string]string{"target": l.target.ID}, Actor: broker}
	case err == nil:
		return Cause{Reason: policy.EndedByEngineer, Actor: broker}
	}
	return Cause{Reason: policy.ClientLost, Actor: broker}
}
