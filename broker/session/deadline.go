package session

import (
	"sync/atomic"
	"time"

	"sekimori/policy"
)

// bootFresh is for how long, by the wall clock, one reading of the clock that counts suspension holds. Asking the
// kernel for it is a system call (Go calls only the other two clocks without one), so a flood asks at most this often.
// A machine that slept shows it by the wall clock at once, because the kernel sets that before any process runs again.
const bootFresh = 200 * time.Microsecond

// deadline is the instant from which no byte passes. It uses two clocks: the wall clock, which may be set, and the time
// since boot, which cannot be set and counts the machine's sleep. A timer does neither.
type deadline struct {
	until time.Time
	wall  int64         // the same, unix nanoseconds
	boot  time.Duration // the same, since boot
	asked atomic.Int64  // wall clock at the last reading of the other, while that left time; unix nanoseconds
}

func (s *Supervisor) newDeadline(until time.Time) *deadline {
	return &deadline{until: until, wall: until.UnixNano(), boot: s.o.SinceBoot() + until.Sub(s.o.Clock().Round(0))}
}

// over reports whether the deadline has come by either clock. It runs before each piece of data, so it must be quick.
func (d *deadline) over(s *Supervisor) bool {
	now := s.o.Clock().UnixNano()
	if now >= d.wall {
		return true
	}
	if since := now - d.asked.Load(); since >= 0 && since < int64(bootFresh) {
		return false
	}
	if s.o.SinceBoot() >= d.boot {
		return true
	}
	d.asked.Store(now)
	return false
}

// inTime reports whether data may pass, and ends the session where its time is over. No data may pass before there is a
// deadline.
func (l *session) inTime() bool {
	d := l.term.Load()
	return d != nil && (!d.over(l.sup) || l.expire())
}

// expire ends the session where its deadline is over, and reports whether it was moved meanwhile instead.
func (l *session) expire() (moved bool) {
	l.mu.Lock()
	if d := l.term.Load(); d != nil && !d.over(l.sup) {
		l.mu.Unlock()
		return true
	}
	c := l.causeOfDeadline()
	l.mu.Unlock()
	l.end(c)
	return false
}

// causeOfDeadline is the cause of the end at the deadline: the window, or an expired paper. The caller holds mu.
func (l *session) causeOfDeadline() Cause {
	end := l.deadline()
	c := Cause{Reason: policy.WindowEnded, Args: map[string]string{"time": l.hour(end)}, Actor: timer}
	now := l.sup.o.Clock()
	if now.Before(end) {
		now = end // the wall clock was set back
	}
	if l.facts != nil {
		if v := l.verdict(now); !v.Keep && v.Reason == policy.Lapsed {
			c.Reason, c.Args = v.Reason, v.Args
		}
	}
	return c
}

// deadline is the instant in force; zero before there is one.
func (l *session) deadline() time.Time {
	if d := l.term.Load(); d != nil {
		return d.until
	}
	return time.Time{}
}

// setUntil moves the deadline. An unmoved deadline keeps its instant on the other clock too, however the wall clock
// was set meanwhile.
func (l *session) setUntil(t time.Time) {
	if d := l.term.Load(); d != nil && d.until.Equal(t) {
		return
	}
	l.term.Store(l.sup.newDeadline(t))
	l.mu.Lock()
	l.armDeadline()
	l.mu.Unlock()
	select {
	case l.moved <- struct{}{}:
	default:
	}
}
