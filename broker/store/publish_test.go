package store

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/go-hclog"
)

// The first of many checkpoints is published at once, the others together, and the newest before the publisher ends.
func TestCheckpointsInABurstArePublishedTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex // guards published
		var published []string
		out := func() []string {
			mu.Lock()
			defer mu.Unlock()
			return slices.Clone(published)
		}
		p := startPublisher(Options{Clock: time.Now, Log: hclog.NewNullLogger(), Publish: func(_ context.Context, c []byte) error {
			mu.Lock()
			defer mu.Unlock()
			published = append(published, string(c))
			return nil
		}})
		for _, c := range []string{"1", "2", "3"} {
			p.offer([]byte(c))
			synctest.Wait()
		}
		if !slices.Equal(out(), []string{"1"}) {
			t.Errorf("published at once: %q", out())
		}
		time.Sleep(publishEvery)
		synctest.Wait()
		if !slices.Equal(out(), []string{"1", "3"}) {
			t.Errorf("published after the pause: %q", out())
		}
		p.offer([]byte("4"))
		p.stop()
		if !slices.Equal(out(), []string{"1", "3", "4"}) {
			t.Errorf("published at the end: %q", out())
		}
		p.stop() // a second stop does nothing
	})
}
