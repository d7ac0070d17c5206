package api

import (
	"strings"
	"testing"
	"time"
)

// TestALaggingRecordingIsTold with the time since when, in both languages, and nothing is told of one that does not lag.
func TestALaggingRecordingIsTold(t *testing.T) {
	if got := (Session{State: "paused", Paused: time.Now()}).SayBehind(); !got.IsZero() {
		t.Errorf("of a person's pause: %+v", got)
	}
	got := Session{Behind: time.Date(2026, 11, 24, 9, 0, 2, 0, time.FixedZone("JST", 9*60*60))}.SayBehind()
	if !strings.Contains(got.JA, "操作記録の保存が遅れているため、09:00:02 から一時停止中です") || !strings.Contains(got.EN, "Paused since 09:00:02: the recording's disk is slow") {
		t.Errorf("%+v", got)
	}
}
