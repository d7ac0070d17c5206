package web

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"
)

// Why a stream ended before its end.
var (
	errShutOut   = errors.New("the caller's token opens nothing any more")
	errTakenAway = errors.New("the caller may not look at this any more")
)

// How long a part of what streams may take to be read. People read a recording page by page, or at the pace at which it was made; what
// is taken out goes into a file.
const (
	lookStall = time.Hour
	takeStall = 5 * time.Minute
)

// streaming starts an answer whose length is not known, and of which each part is read within stall. It may go on for as long as a session
// lasts, or as its reader takes: who is locked, signed out or enrolled anew meanwhile, or to whom policy does not show it any more, does not
// see on. Then the context of the call ends, writing fails, and the connection is cut. end must be called; it waits for what looks after that.
func (s *Server) streaming(c *call, contentType string, stall time.Duration) (end func()) {
	c.w.Header().Set("Content-Type", contentType)
	c.w.Header().Set("X-Accel-Buffering", "no")
	c.w.WriteHeader(http.StatusOK)
	c.w.written++ // from here on a fault can only cut the connection
	ctx, cancel := context.WithCancelCause(c.r.Context())
	c.r = c.r.WithContext(ctx)
	c.w.stall, c.w.ctx = stall, ctx
	var watch sync.WaitGroup
	watch.Go(func() {
		if why := s.showsUntil(ctx, c); why != nil {
			cancel(why)
			// Who does not read holds a write until it stalls; the kernel's deadlines go by the machine's own clock.
			_ = http.NewResponseController(c.w).SetWriteDeadline(time.Now()) // fails only where the connection is gone
		}
	})
	return func() {
		cancel(nil)
		watch.Wait()
	}
}

// showNow sends what was written so far of an answer that goes on when there is something to show. Nobody stalls until then: over HTTP/2 a
// deadline that passes in silence ends the stream as well. The next write sets it again.
func (c *call) showNow() error {
	err := http.NewResponseController(c.w).Flush()
	answerWithin(c.w, 0)
	return err
}

// seenAgain is how often a stream is asked for again where nothing is committed: the time of a token passes without a commit.
const seenAgain = 5 * time.Second

// showsUntil returns nil when ctx ends, and why as soon as the caller may not see on. It asks on each commit, not for each thing that is shown.
func (s *Server) showsUntil(ctx context.Context, c *call) error {
	changed, cancel := s.o.DB.Changed() // before the first look: no commit falls between
	defer cancel()
	again := time.NewTicker(seenAgain)
	defer again.Stop()
	for {
		why, err := s.shutOut(ctx, c)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil: // unknown, which denies
			s.o.Log.Error("stream_cut_unread", "error", err)
			return errShutOut
		case why != nil:
			return why
		}
		select {
		case <-changed:
		case <-again.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// shutOut tells why the caller may see no more of what was begun; nil: they may.
func (s *Server) shutOut(ctx context.Context, c *call) (why, err error) {
	opens, err := s.o.Registry.StillOpens(ctx, c.token)
	switch {
	case err != nil:
		return nil, err
	case !opens:
		return errShutOut, nil
	case c.look == nil:
		return nil, nil
	}
	_, d, err := s.ruled(ctx, *c.look)
	if err != nil || d.Allow {
		return nil, err
	}
	return errTakenAway, nil
}
