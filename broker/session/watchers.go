package session

import (
	"context"
	"sync"
	"time"
)

// watchersRest is for how long a smaller number of watchers is kept back: a page that is loaded again leaves and comes back, and the
// engineer need not read of it. A larger number is told at once.
const watchersRest = 5 * time.Second

// watchers counts the people who watch a session.
type watchers struct {
	mu   sync.Mutex // guards the rest; held while the engineer is told, so that the numbers come in order
	now  int
	told int // the number that the engineer knows
}

func (w *watchers) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

// known gives the number for a notice that tells it.
func (w *watchers) known() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.told = w.now
	return w.now
}

// watched counts one person more and tells the engineer; the function that comes back counts them out.
func (l *session) watched() (stop func()) {
	w := &l.watchers
	w.mu.Lock()
	w.now++
	w.mu.Unlock()
	l.tellWatchers()
	return func() {
		w.mu.Lock()
		w.now--
		w.mu.Unlock()
		time.AfterFunc(watchersRest, l.tellWatchers)
	}
}

// tellWatchers tells the engineer how many watch, where they do not know. A session that is over tells nothing.
func (l *session) tellWatchers() {
	r, w := l.relay.Load(), &l.watchers
	if r == nil {
		return // the notice of the start tells it
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.now == w.told {
		return
	}
	w.told = w.now
	left := l.deadline().Sub(l.sup.o.Clock())
	r.Notify("watchers", watchersNotice(left, w.now).marked(l.grant.Window.Drill).in(l.a.Lang))
}

// Settled waits until the sessions of that number, or of the window of that number, whose end was begun are over, or ctx is. An end takes a
// moment: the engineer is told, and the recording is sealed. A page that is drawn before would show work that goes on.
func (s *Supervisor) Settled(ctx context.Context, id string) {
	for _, l := range s.sessions() {
		if (l.a.ID == id || l.grant.Window.ID == id) && l.ctx.Err() != nil {
			select {
			case <-l.over:
			case <-ctx.Done():
			}
		}
	}
}
