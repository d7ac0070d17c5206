package view

import (
	"testing"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/session"
)

// TestALaggingRecordingPausesItsSession as people see it, and leaves a person's pause, a session that opens and one that has ended as they are.
func TestALaggingRecordingPausesItsSession(t *testing.T) {
	zone := time.FixedZone("JST", 9*60*60)
	since := time.Date(2026, 11, 24, 0, 0, 2, 0, time.UTC)
	for _, c := range []struct {
		is     api.Session
		behind time.Time
		state  string
		told   bool
	}{
		{api.Session{State: "active"}, since, "paused", true},
		{api.Session{State: "active"}, time.Time{}, "active", false},
		{api.Session{State: "paused", Paused: since, PausedBy: "U-001"}, since, "paused", true},
		{api.Session{State: "paused", Paused: since, PausedBy: "U-001"}, time.Time{}, "paused", false},
		{api.Session{State: "opening"}, since, "opening", true},
		{api.Session{State: "ended-early", EndCause: "recording-failed"}, since, "ended-early", false},
	} {
		got := c.is
		living(&got, session.Info{Behind: c.behind}, zone)
		if got.State != c.state || got.Behind.IsZero() == c.told || got.PausedBy != c.is.PausedBy || !got.Paused.Equal(c.is.Paused) {
			t.Errorf("%+v, behind %v: %+v", c.is, c.behind, got)
		}
		if c.told && got.Behind.Format("15:04:05") != "09:00:02" {
			t.Errorf("since %s", got.Behind)
		}
	}
}
