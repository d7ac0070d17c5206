package policy_test

import (
	"testing"
	"time"

	. "sekimori/policy"
)

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Skipf("no time zones on this machine: %v", err)
	}
	return z
}

// around is open around the clock, every day.
func around() Week {
	var w Week
	for i := range w {
		w[i] = Hours{0, 24 * time.Hour}
	}
	return w
}

// Office hours are what the wall clock says, also on the days on which it is changed.
func TestOutsideOnDaysOfChange(t *testing.T) {
	berlin, saoPaulo, beirut := zone(t, "Europe/Berlin"), zone(t, "America/Sao_Paulo"), zone(t, "Asia/Beirut")
	at := func(z *time.Location, y int, m time.Month, d, h, min int) time.Time {
		return time.Date(y, m, d, h, min, 0, 0, z)
	}
	days := officeHours()
	days[time.Sunday] = days[time.Monday] // the clock changes on Sundays
	rows := []struct {
		name       string
		zone       *time.Location
		hours      Week
		start, end time.Time
		want       bool
	}{
		{"no hours declared", jst, Week{}, at(jst, 2026, 11, 22, 3, 0), at(jst, 2026, 11, 23, 3, 0), false},
		{"summer time begins, within", berlin, days, at(berlin, 2026, 3, 29, 8, 30), at(berlin, 2026, 3, 29, 17, 15), false},
		{"summer time begins, before", berlin, days, at(berlin, 2026, 3, 29, 8, 30).Add(-1), at(berlin, 2026, 3, 29, 17, 15), true},
		{"summer time begins, after", berlin, days, at(berlin, 2026, 3, 29, 8, 30), at(berlin, 2026, 3, 29, 17, 15).Add(1), true},
		{"summer time ends, within", berlin, days, at(berlin, 2026, 10, 25, 8, 30), at(berlin, 2026, 10, 25, 17, 15), false},
		{"summer time ends, before", berlin, days, at(berlin, 2026, 10, 25, 8, 30).Add(-1), at(berlin, 2026, 10, 25, 9, 0), true},
		{"around the clock, over the change", berlin, around(), at(berlin, 2026, 3, 28, 12, 0), at(berlin, 2026, 3, 30, 12, 0), false},
		{"around the clock, no midnight", saoPaulo, around(), at(saoPaulo, 2018, 11, 3, 12, 0), at(saoPaulo, 2018, 11, 5, 12, 0), false},
		{"around the clock, midnight twice", saoPaulo, around(), at(saoPaulo, 2018, 2, 16, 12, 0), at(saoPaulo, 2018, 2, 19, 12, 0), false},
		{"around the clock, no midnight in Beirut", beirut, around(), at(beirut, 2026, 3, 28, 12, 0), at(beirut, 2026, 3, 30, 12, 0), false},
		{"over midnight on ordinary days", jst, officeHours(), at(jst, 2026, 11, 24, 16, 0), at(jst, 2026, 11, 25, 9, 0), true},
		{"a Saturday", jst, officeHours(), at(jst, 2026, 11, 28, 10, 0), at(jst, 2026, 11, 28, 11, 0), true},
		{"around the clock, over the year", jst, around(), at(jst, 2026, 12, 31, 22, 0), at(jst, 2027, 1, 1, 1, 0), false},
		{"around the clock, 29 February", jst, around(), at(jst, 2028, 2, 28, 22, 0), at(jst, 2028, 3, 1, 1, 0), false},
		{"four hundred days", jst, around(), at(jst, 2026, 11, 24, 10, 0), at(jst, 2026, 11, 24, 10, 0).AddDate(0, 0, 400), false},
		{"nothing at all", jst, officeHours(), at(jst, 2026, 11, 28, 10, 0), at(jst, 2026, 11, 28, 10, 0), false},
	}
	for _, row := range rows {
		c := Calendar{Zone: row.zone, Hours: row.hours}
		if got := c.Outside(row.start, row.end); got != row.want {
			t.Errorf("%s: %v", row.name, got)
		}
		if got := c.Outside(row.start.UTC(), row.end.UTC()); got != row.want {
			t.Errorf("%s, the same instants in another zone: %v", row.name, got)
		}
	}
	// A holiday shuts a day that is open around the clock, for its whole length.
	c := Calendar{Zone: jst, Hours: around(), Holidays: map[Date]string{"2027-01-01": "元日"}}
	newYear := at(jst, 2027, 1, 1, 0, 0)
	for by := time.Duration(-1); by <= 1; by++ {
		if got := c.Outside(newYear.Add(-time.Hour), newYear.Add(by)); got != (by > 0) {
			t.Errorf("until the new year %+d ns: %v", by, got)
		}
		if got := c.Outside(newYear.Add(24*time.Hour+by), newYear.Add(30*time.Hour)); got != (by < 0) {
			t.Errorf("from the second day %+d ns: %v", by, got)
		}
	}
}

// A follow-up is due at the end of the next day on which the institution works.
func TestNextOpenDay(t *testing.T) {
	berlin, saoPaulo := zone(t, "Europe/Berlin"), zone(t, "America/Sao_Paulo")
	closed := map[Date]string{"2026-11-23": "勤労感謝の日", "2026-12-29": "年末", "2026-12-30": "年末", "2026-12-31": "年末",
		"2027-01-01": "元日", "2027-01-02": "年始", "2027-01-03": "年始"}
	rows := []struct {
		name string
		zone *time.Location
		from time.Time
		want string // the first instant of the day after
	}{
		{"Tuesday", jst, time.Date(2026, 11, 24, 9, 0, 0, 0, jst), "2026-11-26T00:00:00+09:00"},
		{"Friday before a long weekend", jst, time.Date(2026, 11, 20, 23, 59, 59, 999999999, jst), "2026-11-25T00:00:00+09:00"},
		{"over the year", jst, time.Date(2026, 12, 28, 18, 0, 0, 0, jst), "2027-01-05T00:00:00+09:00"},
		{"31 December", jst, time.Date(2026, 12, 31, 12, 0, 0, 0, jst), "2027-01-05T00:00:00+09:00"},
		{"28 February of a leap year", jst, time.Date(2028, 2, 28, 12, 0, 0, 0, jst), "2028-03-01T00:00:00+09:00"},
		{"28 February of another", jst, time.Date(2027, 2, 28, 12, 0, 0, 0, jst), "2027-03-02T00:00:00+09:00"},
		{"before the change of the clock", berlin, time.Date(2026, 3, 27, 12, 0, 0, 0, berlin), "2026-03-31T00:00:00+02:00"},
		{"no midnight on the way", saoPaulo, time.Date(2018, 11, 2, 12, 0, 0, 0, saoPaulo), "2018-11-06T00:00:00-02:00"},
	}
	for _, row := range rows {
		c := Calendar{Zone: row.zone, Holidays: closed}
		if got := c.NextOpenDay(row.from).Format(time.RFC3339Nano); got != row.want {
			t.Errorf("%s: %s, want %s", row.name, got, row.want)
		}
	}
	// The end of a day without a midnight is still its first instant.
	sundays := Week{time.Saturday: {8 * time.Hour, 17 * time.Hour}}
	got := Calendar{Zone: saoPaulo, Hours: sundays}.NextOpenDay(time.Date(2018, 11, 2, 12, 0, 0, 0, saoPaulo))
	if want := "2018-11-04T01:00:00-02:00"; got.Format(time.RFC3339Nano) != want {
		t.Errorf("the end of the Saturday: %s, want %s", got.Format(time.RFC3339Nano), want)
	}
	// A calendar that never opens still gives an answer, a month on.
	never := Calendar{Zone: jst, Hours: Week{time.Monday: {17 * time.Hour, 9 * time.Hour}}}
	if got := never.NextOpenDay(early); got.Before(early.AddDate(0, 0, 31)) || got.After(early.AddDate(0, 0, 34)) {
		t.Errorf("never open: %v", got)
	}
	if got := DateOf(time.Date(2026, 11, 23, 15, 0, 0, 0, time.UTC), nil); got != "2026-11-24" {
		t.Errorf("without a zone it is Japan: %s", got)
	}
}

func TestNoWorkIn(t *testing.T) {
	c := Calendar{NoWork: []NoWork{
		{System: "hr", From: end, Until: end.Add(time.Hour), Reason: "給与支給日"},
		{From: start.AddDate(0, 0, 7), Until: end.AddDate(0, 0, 7), Reason: "選挙"},
		{System: "hr", From: start.AddDate(0, 0, 6), Until: end.AddDate(0, 0, 7), Reason: "年度末"},
	}}
	for by := time.Duration(-1); by <= 1; by++ {
		if _, found := c.NoWorkIn("hr", start, end.Add(by)); found != (by > 0) {
			t.Errorf("its start %+d ns: %v", by, found)
		}
		if _, found := c.NoWorkIn("hr", end.Add(time.Hour+by), end.Add(2*time.Hour)); found != (by < 0) {
			t.Errorf("its end %+d ns: %v", by, found)
		}
	}
	if _, found := c.NoWorkIn("tax", end, end.Add(time.Hour)); found {
		t.Error("another system's payday")
	}
	if n, found := c.NoWorkIn("tax", start.AddDate(0, 0, 7), end.AddDate(0, 0, 7)); !found || n.Reason != "選挙" {
		t.Errorf("an election is everybody's: %v", n)
	}
	if n, _ := c.NoWorkIn("hr", start, end.AddDate(0, 1, 0)); n.Reason != "給与支給日" {
		t.Errorf("the first of several: %v", n)
	}
}
