package web

import (
	"context"
	"net/http"
	"sync"
	"time"

	"sekimori/broker/view"
)

// How long the reading of one part of a stream may take. People read a recording page by page, or at its original pace; an export
// goes into a file.
const (
	lookStall = time.Hour
	takeStall = 5 * time.Minute
)

// streaming starts an answer of unknown length, each part of which must be read within stall. It may last as long as a session, or as its
// reader takes. A caller who is meanwhile locked, signed out or enrolled anew, or whom policy no longer lets see it, is cut off: the
// call's context ends, writing fails, and the connection is cut. The caller must call end, which waits for the checking goroutine.
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
			// A reader who does not read holds a write until it stalls; the kernel's deadlines use the machine's own clock.
			_ = http.NewResponseController(c.w).SetWriteDeadline(time.Now()) // fails only where the connection is gone
		}
	})
	return func() {
		cancel(nil)
		watch.Wait()
	}
}

// showNow sends the bytes written so far of an answer whose next part may take time. Until then there is no deadline: over HTTP/2 a
// deadline that passes in silence ends the stream. The next write sets it again.
func (c *call) showNow() error {
	err := http.NewResponseController(c.w).Flush()
	answerWithin(c.w, 0)
	return err
}

// showsUntil returns nil when ctx ends, and the cause as soon as the caller may no longer look.
func (s *Server) showsUntil(ctx context.Context, c *call) error {
	err := s.o.Views.ShownUntil(ctx, c.token, c.look)
	if err != nil && err != view.ErrShutOut && err != view.ErrTakenAway { // an unknown answer denies
		s.o.Log.Error("stream_cut_unread", "error", err)
	}
	return err
}
