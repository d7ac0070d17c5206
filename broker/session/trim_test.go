package session

import (
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
