package session

import (
	"context"
	"runtime/debug"
	"testing"
	"testing/synctest"
	"time"
)

func TestMemoryIsGivenBackAfterABurstOfLogins(t *testing.T) {
	collections := func() int64 {
		var s debug.GCStats
		debug.ReadGCStats(&s)
		return s.NumGC
	}
	synctest.Test(t, func(t *testing.T) {
		var u trim
		defer u.end()
		left := func() int { u.mu.Lock(); defer u.mu.Unlock(); return u.changes }
		for range trimAfter - 1 {
			u.changed()
		}
		time.Sleep(time.Hour)
		if left() != trimAfter-1 {
			t.Error("few logins were taken for a burst")
		}
		for range 10 { // a burst goes on while less than trimQuiet passes
			u.changed()
			time.Sleep(trimQuiet - time.Millisecond)
		}
		if left() != trimAfter+9 {
			t.Error("memory was given back in the middle of a burst")
		}
		before := collections()
		time.Sleep(time.Second)
		synctest.Wait()
		if left() != 0 || collections() < before+3 {
			t.Errorf("%d changes left, %d collections", left(), collections()-before)
		}
	})
}

// On busy processors a collection takes seconds. The stop does not wait for one, and no further one begins.
func TestStopDoesNotWaitForMemoryToBeGivenBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t, time.Hour)
	under, release, given := make(chan struct{}), make(chan struct{}), make(chan struct{}, 3)
	w.sup.trim.give = func() {
		given <- struct{}{}
		if len(given) == 1 {
			close(under)
		}
		<-release
	}
	for range trimAfter {
		w.sup.trim.changed()
	}
	<-under
	if err := w.sup.Close(context.Background()); err != nil { // its limit is none; it hangs where it waits
		t.Errorf("the stop: %v", err)
	}
	close(release)
	w.sup.trim.run()
	if n := len(given); n != 1 {
		t.Errorf("%d collections began", n)
	}
}
