package pages

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"sekimori/broker/view"
	"sekimori/policy"
)

// partStall is how long a browser may take for one part of a long answer.
const partStall = time.Minute

// lasting is the body of an answer that is longer than a page: an export, the picture of a recording, a copy, a file. Each part of it has a
// time in which the browser must take it. A person who is meanwhile locked, signed out or enrolled anew, or whom policy no longer lets look,
// is cut off, also in the middle of a part.
type lasting struct {
	w     http.ResponseWriter
	conn  *http.ResponseController
	ctx   context.Context // over: nothing more is sent
	by    time.Time       // for the whole; zero: no bound
	stop  context.CancelCauseFunc
	watch sync.WaitGroup
}

// lasting begins such an answer. look is the look that policy allowed; nil: the sign-in alone counts. within bounds the whole answer; 0: no
// bound. The caller calls end before it returns.
func (v *visit) lasting(look *policy.Attempt, within time.Duration) *lasting {
	l := &lasting{w: v.w, conn: http.NewResponseController(v.w)}
	if within > 0 {
		l.by = time.Now().Add(within) // the kernel's deadlines go by the machine's own clock
	}
	l.ctx, l.stop = context.WithCancelCause(v.r.Context())
	l.watch.Go(func() {
		why := v.p.o.Views.ShownUntil(l.ctx, v.token, look)
		if why == nil {
			return
		}
		if !errors.Is(why, view.ErrShutOut) && !errors.Is(why, view.ErrTakenAway) { // an unknown answer denies
			v.p.o.Log.Error("answer_cut_unread", "person", v.person.ID, "error", why)
		}
		l.stop(why)
		_ = l.conn.SetWriteDeadline(time.Now()) // fails only where the connection is gone; a writer without deadlines is a test's
	})
	return l
}

// Write sends a part. The cause is looked at after the deadline is set: an end that comes later ends the deadline itself.
func (l *lasting) Write(b []byte) (int, error) {
	next := time.Now().Add(partStall)
	if !l.by.IsZero() && next.After(l.by) {
		next = l.by
	}
	if err := l.conn.SetWriteDeadline(next); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return 0, err
	}
	if why := context.Cause(l.ctx); why != nil {
		return 0, why
	}
	return l.w.Write(b)
}

// end waits for the watching.
func (l *lasting) end() {
	l.stop(nil)
	l.watch.Wait()
}

// allowedLook is a look of the person's that policy allowed, for asking again.
func (v *visit) allowedLook(a policy.Attempt) *policy.Attempt {
	a.Person, a.Key, a.Factor = v.person.ID, true, true
	return &a
}
