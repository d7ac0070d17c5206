package store

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/go-hclog"
)

// The first of many checkpoints goes out at once, the others together, and the newest before the publisher ends.
func TestCheckpointsInABurstArePublishedTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out []string
		p := startPublisher(Options{Clock: time.Now, Log: hclog.NewNullLogger(), Publish: func(_ context.Context, c []byte) error {
			out = append(out, string(c))
			return nil
		}})
		for _, c := range []string{"1", "2", "3"} {
			p.offer([]byte(c))
			synctest.Wait()
		}
		if !slices.Equal(out, []string{"1"}) {
			t.Errorf("published at once: %q", out)
		}
		time.Sleep(publishEvery)
		synctest.Wait()
		if !slices.Equal(out, []string{"1", "3"}) {
			t.Errorf("published after the pause: %q", out)
		}
		p.offer([]byte("4"))
		p.stop()
		if !slices.Equal(out, []string{"1", "3", "4"}) {
			t.Errorf("published at the end: %q", out)
		}
		p.stop() // a second time does nothing
	})
}
