package demo

import (
	"context"
	"errors"
	"sync"
	"time"

	"sekimori/broker/interlock"
	"sekimori/policy"
)

// line is the line of the demonstration. No network is moved: its two sides are two variables.
type line struct {
	now func() time.Time // the machine's: a lease does not end because the demonstration skips time

	mu     sync.Mutex // guards what follows
	office bool       // the office network is up
	until  time.Time  // the end of the maintenance line's lease; zero: off
}

var errJoined = errors.New("the other side is up")

// on tells whether the lease runs. The caller holds mu.
func (l *line) on() bool { return l.now().Before(l.until) }

// Look implements interlock.Driver.
func (l *line) Look(context.Context) (interlock.Reading, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	side := map[bool]policy.LineSide{true: policy.SideUp, false: policy.SideDown}
	return interlock.Reading{Internal: side[l.office], Maintenance: side[l.on()]}, nil
}

// Do implements interlock.Driver. It refuses to join the sides, whatever it is told.
func (l *line) Do(_ context.Context, step interlock.Step, lease time.Duration) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case step == interlock.On && l.office, step == interlock.Restore && l.on():
		return errJoined
	case step == interlock.Cut:
		l.office = false
	case step == interlock.Restore:
		l.office = true
	case step == interlock.On:
		l.until = l.now().Add(lease)
	case step == interlock.Off:
		l.until = time.Time{}
	}
	return nil
}
