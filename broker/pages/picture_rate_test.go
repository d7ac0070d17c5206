package pages

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// A hundred pictures share one rate, so that a flood of output leaves the processors to the session; a single line comes at once, and a picture that
// is closed does not wait.
func TestPicturesShareOneRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rested := func(ctx context.Context, open, bytes int) time.Duration {
			c := &pictures{all: open}
			began := time.Now()
			c.rest(ctx, bytes)
			return time.Since(began)
		}
		for _, one := range []struct {
			pictures, bytes int
			want            time.Duration
		}{
			{100, 80, 0},
			{1, 64 << 10, 64 * time.Second / (pictureRate >> 10)},
			{100, 64 << 10, 100 * 64 * time.Second / (pictureRate >> 10)},
		} {
			if got := rested(t.Context(), one.pictures, one.bytes); got != one.want {
				t.Errorf("%d pictures, %d bytes: %s, want %s", one.pictures, one.bytes, got, one.want)
			}
		}
		closed, cancel := context.WithCancel(t.Context())
		cancel()
		if got := rested(closed, 100, 64<<10); got != 0 {
			t.Errorf("a closed picture waits %s", got)
		}
	})
}
