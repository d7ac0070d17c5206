package pages

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// A hundred pictures share one rate, also at the first frame, so that a flood of output leaves the processors to the session; a single line comes
// at once, and a picture that is closed does not wait.
func TestPicturesShareOneRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, one := range []struct {
			pictures, frames, bytes int
			want                    time.Duration
		}{
			{100, 1, 80, 0},
			{100, 50, 80, 0},
			{1, 12, 32 << 10, 0}, // 50 ms of the rate
			{1, 256, 32 << 10, time.Second - pictureCredit},
			{100, 1, 32 << 10, 100*32*time.Second/(pictureRate>>10) - pictureCredit},
			{100, 4, 32 << 10, 4*100*32*time.Second/(pictureRate>>10) - pictureCredit},
		} {
			p, began := pace{c: &pictures{all: one.pictures}}, time.Now()
			for range one.frames {
				if err := p.take(t.Context(), one.bytes); err != nil {
					t.Fatal(err)
				}
			}
			if got := time.Since(began); got != one.want {
				t.Errorf("%d pictures, %d frames of %d bytes: %s, want %s", one.pictures, one.frames, one.bytes, got, one.want)
			}
		}
		p := pace{c: &pictures{all: 100}}
		closed, cancel := context.WithCancel(t.Context())
		cancel()
		for _, bytes := range []int{0, 1 << 20} {
			if err := p.take(closed, bytes); !errors.Is(err, context.Canceled) {
				t.Errorf("a closed picture takes %d bytes: %v", bytes, err)
			}
		}
		p = pace{c: &pictures{all: 100}}
		if err := p.take(t.Context(), 1<<20); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		began := time.Now()
		if err := p.take(t.Context(), 80); err != nil || time.Since(began) != 0 {
			t.Errorf("after a silent hour a line waits %s: %v", time.Since(began), err)
		}
	})
}
