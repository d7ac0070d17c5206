package calendar_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sekimori/broker/calendar"
	"sekimori/policy"
)

// The official list of the Cabinet Office (国民の祝日について) for 2026 and 2027, with substitutes and the citizens' holiday of 2026.
// The computed days agree with it exactly.
const official = `
2026-01-01 元日
2026-01-12 成人の日
2026-02-11 建国記念の日
2026-02-23 天皇誕生日
2026-03-20 春分の日
2026-04-29 昭和の日
2026-05-03 憲法記念日
2026-05-04 みどりの日
2026-05-05 こどもの日
2026-05-06 振替休日
2026-07-20 海の日
2026-08-11 山の日
2026-09-21 敬老の日
2026-09-22 国民の休日
2026-09-23 秋分の日
2026-10-12 スポーツの日
2026-11-03 文化の日
2026-11-23 勤労感謝の日
2027-01-01 元日
2027-01-11 成人の日
2027-02-11 建国記念の日
2027-02-23 天皇誕生日
2027-03-21 春分の日
2027-03-22 振替休日
2027-04-29 昭和の日
2027-05-03 憲法記念日
2027-05-04 みどりの日
2027-05-05 こどもの日
2027-07-19 海の日
2027-08-11 山の日
2027-09-20 敬老の日
2027-09-23 秋分の日
2027-10-11 スポーツの日
2027-11-03 文化の日
2027-11-23 勤労感謝の日
`

func TestPublicHolidaysAgreeWithTheOfficialList(t *testing.T) {
	var got []string
	for _, year := range []int{2026, 2027} {
		days := calendar.Public(year)
		for _, d := range slices.Sorted(maps.Keys(days)) {
			if days[d].EN == "" {
				t.Errorf("%s has no English name", d)
			}
			got = append(got, fmt.Sprintf("%s %s", d, days[d].JA))
		}
	}
	if want := strings.TrimSpace(official); strings.Join(got, "\n") != want {
		t.Errorf("computed:\n%s\nofficial:\n%s", strings.Join(got, "\n"), want)
	}
}

// TestDaysThatFollowFromTheLaw: days that the library's fixed distances miss.
func TestDaysThatFollowFromTheLaw(t *testing.T) {
	for _, c := range []struct{ day, name string }{
		{"2009-09-22", "国民の休日"}, // between two holidays
		{"2015-05-06", "振替休日"},  // 3 May on a Sunday, past two more holidays
		{"2037-09-22", "国民の休日"}, // a year beyond the library's list
		{"2043-09-22", "国民の休日"},
		{"2028-01-02", ""}, // a Sunday after a holiday on a Saturday gives no day off
		{"2026-05-02", ""},
		{"2026-05-07", ""},
	} {
		day, err := time.Parse(time.DateOnly, c.day)
		if err != nil {
			t.Fatal(err)
		}
		if got := calendar.Public(day.Year())[policy.Date(c.day)].JA; got != c.name {
			t.Errorf("%s is %q, want %q", c.day, got, c.name)
		}
	}
}

// TestHolidaysAreComputedByManyAtOnce: the library's equinox function writes into its argument. The race detector checks that
// it never gets a shared one.
func TestHolidaysAreComputedByManyAtOnce(t *testing.T) {
	var all sync.WaitGroup
	for year := range 8 {
		all.Go(func() {
			for range 20 {
				if n := len(calendar.Public(2024 + year)); n < 16 {
					t.Errorf("%d has %d holidays", 2024+year, n)
				}
			}
		})
	}
	all.Wait()
}

func TestTheInstitutionsListOverrides(t *testing.T) {
	tokyo := zone(t, "Asia/Tokyo")
	at := func(s string) time.Time { return local(t, tokyo, s) }
	office := policy.Hours{From: 8*time.Hour + 30*time.Minute, Until: 17*time.Hour + 15*time.Minute}
	i := policy.Institution{Declared: true, Hours: policy.Week{time.Monday: office, time.Tuesday: office, time.Wednesday: office, time.Thursday: office, time.Friday: office}}
	payday := policy.NoWork{System: "hr", From: at("2026-11-25T10:00"), Until: at("2026-11-25T15:00"), Reason: "給与支給日"}
	c := calendar.Of(i, []calendar.Override{{Date: "2026-12-29", Name: "年末年始"}, {Date: "2026-11-23", Name: "窓口開庁", Open: true}},
		[]policy.NoWork{payday}, tokyo, at("2026-11-01T00:00"), at("2026-12-31T00:00"))

	for _, d := range []struct {
		day  string
		open bool
	}{
		{"2026-11-03T12:00", false}, // a public holiday
		{"2026-11-23T12:00", true},  // the institution works on it
		{"2026-12-29T12:00", false}, // the institution's own holiday
		{"2026-12-28T12:00", true},
		{"2026-11-28T12:00", false}, // Saturday: no hours
		{"2027-01-01T00:00", false}, // the next year is included
		{"2025-12-31T23:59", true},  // and the previous one; a Wednesday
		{"2026-01-01T00:00", false},
	} {
		if got := c.Open(at(d.day)); got != d.open {
			t.Errorf("%s open: %v", d.day, got)
		}
	}
	for _, d := range []struct {
		from, until string
		outside     bool
	}{
		{"2026-11-24T08:30", "2026-11-24T17:15", false},
		{"2026-11-24T08:29:59.999999999", "2026-11-24T17:15", true},
		{"2026-11-24T08:30", "2026-11-24T17:15:00.000000001", true},
		{"2026-11-03T10:00", "2026-11-03T11:00", true},
		{"2026-11-23T10:00", "2026-11-23T11:00", false},
		{"2026-11-24T16:00", "2026-11-25T09:00", true}, // over night
	} {
		if got := c.Outside(at(d.from), at(d.until)); got != d.outside {
			t.Errorf("%s to %s outside: %v", d.from, d.until, got)
		}
	}
	// The day after 22 November is a holiday on which the institution works.
	if got := c.NextOpenDay(at("2026-11-22T10:00")); !got.Equal(at("2026-11-24T00:00")) {
		t.Errorf("due %s", got)
	}
	// A no-work time is half open.
	for _, d := range []struct {
		system, from, until string
		found               bool
	}{
		{"hr", "2026-11-25T09:00", "2026-11-25T10:00", false},
		{"hr", "2026-11-25T09:00", "2026-11-25T10:00:00.000000001", true},
		{"hr", "2026-11-25T15:00", "2026-11-25T16:00", false},
		{"hr", "2026-11-25T14:59:59.999999999", "2026-11-25T16:00", true},
		{"shomu", "2026-11-25T11:00", "2026-11-25T12:00", false},
	} {
		if _, found := c.NoWorkIn(d.system, at(d.from), at(d.until)); found != d.found {
			t.Errorf("%+v found: %v", d, found)
		}
	}
}

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func local(t *testing.T, z *time.Location, s string) time.Time {
	t.Helper()
	for _, form := range []string{"2006-01-02T15:04", "2006-01-02T15:04:05.999999999"} {
		if v, err := time.ParseInLocation(form, s, z); err == nil {
			return v
		}
	}
	t.Fatalf("%q is no time", s)
	return time.Time{}
}
