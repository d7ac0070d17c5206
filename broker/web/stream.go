package web

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"
)

// errShutOut is why a stream ended whose caller's token opens nothing any more.
var errShutOut = errors.New("the caller's token opens nothing any more")

// streaming starts an answer whose length is not known. It may go on for as long as a session lasts, or as its reader takes: who is locked,
// signed out or enrolled anew meanwhile does not see on. Then the context of the call ends, writing fails, and the connection is cut.
// end must be called; it waits for what looks after that.
func (s *Server) streaming(c *call, contentType string) (end func()) {
	c.w.Header().Set("Content-Type", contentType)
	c.w.Header().Set("X-Accel-Buffering", "no")
	c.w.WriteHeader(http.StatusOK)
	c.w.written++ // from here on a fault can only cut the connection
	ctx, cancel := context.WithCancelCause(c.r.Context())
	c.r = c.r.WithContext(ctx)
	var watch sync.WaitGroup
	watch.Go(func() {
		if !s.opensUntil(ctx, c.token) {
			cancel(errShutOut)
			// Who does not read holds a write for ever; the kernel's deadlines go by the machine's own clock.
			_ = http.NewResponseController(c.w).SetWriteDeadline(time.Now()) // fails only where the connection is gone
		}
	})
	return func() {
		cancel(nil)
		watch.Wait()
	}
}

// opensUntil returns true when ctx ends, and false as soon as the token opens nothing any more. What cannot be read is unknown, and denies.
func (s *Server) opensUntil(ctx context.Context, token string) bool {
	changed, cancel := s.o.DB.Changed() // before the first look: no commit falls between
	defer cancel()
	for {
		opens, err := s.o.Registry.StillOpens(ctx, token)
		switch {
		case ctx.Err() != nil:
			return true
		case err != nil:
			s.o.Log.Error("stream_cut_unread", "error", err)
			return false
		case !opens:
			return false
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return true
		}
	}
}
