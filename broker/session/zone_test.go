package session

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sekimori/policy"
)

// TestTheChangeOfDaylightSavingMovesNoEnd: where the clocks show an hour twice, and where they leave one out, a window of ten minutes
// lasts ten minutes. The recording lies in the month of the institution's clock.
func TestTheChangeOfDaylightSavingMovesNoEnd(t *testing.T) {
	t.Parallel()
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	for name, at := range map[string]time.Time{
		"shown twice": time.Date(2000, 10, 29, 5, 55, 0, 0, time.UTC), // 01:55, and ten minutes later 01:05
		"left out":    time.Date(2000, 4, 2, 6, 55, 0, 0, time.UTC),   // 01:55, and ten minutes later 03:05
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				time.Sleep(time.Until(at))
				w := newWorld(t, 10*time.Minute, func(o *Options) { o.Zone = zone })
				ends := w.start.Add(10 * time.Minute)
				v := w.admit(w.engineer(0))
				_, _, screen := v.shell()
				screen.await(t, "Started")
				if err := <-v.over; err != nil {
					t.Fatal(err)
				}
				v.gone()
				if late := v.endedAt.Sub(ends); late < 0 || late > cutWithin {
					t.Errorf("ended %s after the window", late)
				}
				if row, _ := v.stored("session.ended"); row.Reason != policy.WindowEnded || !strings.HasPrefix(row.Recording, w.start.In(zone).Format("2006/01")) {
					t.Errorf("ended as %s; recorded in %s", row.Reason, row.Recording)
				}
			})
		})
	}
}
