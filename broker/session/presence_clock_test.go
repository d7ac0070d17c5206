package session

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"sekimori/policy"
)

// The clock runs back over heartbeats: a heartbeat later than now does not count, and no session goes on by such a clock.
func TestClockSetBackDoesNotStandForTheAttendant(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, time.Hour, often)
		w.attended()
		v := w.admit(w.engineer(0))
		_, in, screen := v.shell()
		screen.await(t, "Started")
		for range 20 {
			time.Sleep(15 * time.Second)
			w.heard()
			if !echoed(t, in, screen, fmt.Sprint("beat ", time.Now().UnixMilli())) {
				t.Fatal("paused although heard of")
			}
		}
		w.clock.Step(-4 * time.Minute) // the window has begun all the same
		began := time.Now()
		<-v.over
		if took := v.endedAt.Sub(began); took > 3*time.Second+cutWithin {
			t.Errorf("it took %s to notice", took)
		}
		if row, _ := v.stored("session.ended"); row.Reason != policy.ClockNotTrusted {
			t.Errorf("ended as %s", row.Reason)
		}
		w.clock.Step(4 * time.Minute)
	})
}

// A step forward over the attendant's patience: their presence is unknown, so the work ends as if they were absent.
func TestClockSetForwardOverTheAttendantsPatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, time.Hour, often)
		w.attended()
		v := w.admit(w.engineer(0))
		_, _, screen := v.shell()
		screen.await(t, "Started")
		began := time.Now()
		w.clock.Step(10 * time.Minute)
		<-v.over
		if took := v.endedAt.Sub(began); took > 5*time.Second+cutWithin {
			t.Errorf("it took %s to notice", took)
		}
		if row, _ := v.stored("session.ended"); row.Reason != policy.AttendantLost {
			t.Errorf("ended as %s", row.Reason)
		}
	})
}
