package policy

import (
	"testing"
	"time"
)

func TestARecordingStaysUntilItsTimeIsOver(t *testing.T) {
	now := time.Date(2026, 11, 24, 1, 0, 0, 0, time.UTC)
	const keep = 365 * 24 * time.Hour
	ended := now.Add(-keep)
	over := RecordingFacts{Over: true, Ended: ended, Keep: keep, Reviewed: true}
	with := func(change func(*RecordingFacts)) RecordingFacts { r := over; change(&r); return r }
	for name, c := range map[string]struct {
		facts RecordingFacts
		want  Stays
	}{
		"the zero value":      {RecordingFacts{}, StaysLive},
		"its last nanosecond": {with(func(r *RecordingFacts) { r.Ended = ended.Add(1) }), StaysInTime},
		"its time is over":    {over, StaysNot},
		"long over":           {with(func(r *RecordingFacts) { r.Ended = ended.Add(-1) }), StaysNot},
		"kept for ever":       {with(func(r *RecordingFacts) { r.Keep = 0 }), StaysInTime},
		"no known end":        {with(func(r *RecordingFacts) { r.Ended = time.Time{} }), StaysInTime},
		"held":                {with(func(r *RecordingFacts) { r.Held = true }), StaysHeld},
		"an open review":      {with(func(r *RecordingFacts) { r.Reviewed = false }), StaysUnreviewed},
		"under way":           {with(func(r *RecordingFacts) { r.Over = false }), StaysLive},
		"disposed of":         {with(func(r *RecordingFacts) { r.Disposed, r.Held = true, true }), StaysGone},
	} {
		if got := c.facts.Stays(now); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	if own, standard := (System{KeepRecordingsDays: 90}).KeepsRecordings(keep), (System{}).KeepsRecordings(keep); own != 90*24*time.Hour || standard != keep {
		t.Errorf("%v, %v", own, standard)
	}
	if files := (System{KeepRecordingsDays: 90}).KeepsFiles(keep); files != 90*24*time.Hour {
		t.Errorf("files are kept %v, recordings 90 days", files)
	}
}

func TestWhoMayPurge(t *testing.T) {
	for role, want := range map[Role]bool{Auditor: true, InformationSystems: true, Approver: false, Attendant: false, Administrator: false, SecondApprover: false} {
		if d := MayPurge(Person{ID: "U", Kind: Staff, Roles: []Role{role}}); d.Allow != want {
			t.Errorf("%s: %v", role, d.Allow)
		}
	}
	if MayPurge(Person{}).Allow {
		t.Error("the zero person may")
	}
}
