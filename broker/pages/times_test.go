package pages

import (
	"testing"
	"time"
)

// Times are said twice: wareki with the zone and the length for people, ISO for machines.
func TestTimesOnPages(t *testing.T) {
	jst := time.FixedZone("JST", 9*3600)
	at := time.Date(2026, 11, 24, 1, 0, 0, 0, time.UTC)
	s := span(at, at.Add(90*time.Minute), jst)
	if s.Text.JA != "令和8年11月24日(火)10:00〜11:30 JST(90分)" || s.From != "2026-11-24T10:00:00+09:00" || s.Near != "2026-11-24 10:00" {
		t.Errorf("%+v", s)
	}
	if s.Text.EN != "Tue 24 Nov 2026 (Reiwa 8) 10:00–11:30 JST (90 min)" {
		t.Errorf("%s", s.Text.EN)
	}
	if got := span(at, at.Add(time.Minute+time.Second), jst).Text.JA; got != "令和8年11月24日(火)10:00〜10:01 JST(2分)" {
		t.Errorf("begun minutes count, as in the ledger: %s", got)
	}
	late := at.Add(12 * time.Hour)
	if got := span(late, late.Add(3*time.Hour), jst).Text.JA; got != "令和8年11月24日(火)22:00〜翌01:00 JST(180分)" {
		t.Error(got)
	}
	if got := hours(late, late.Add(2*time.Hour), jst).JA; got != "22:00-翌00:00" {
		t.Error(got)
	}
	if got := moment(at, jst); got.Text.JA != "令和8年11月24日(火)10:00 JST" || got.ISO != s.From {
		t.Errorf("%+v", got)
	}
	if (moment(time.Time{}, jst) != Moment{}) || (span(time.Time{}, at, jst) != Span{}) {
		t.Error("no time is no text")
	}
}
