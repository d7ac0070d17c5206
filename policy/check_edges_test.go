package policy_test

import (
	"slices"
	"testing"
	"time"

	. "sekimori/policy"
)

// The thresholds of the table, a nanosecond around each. at and after are the item's states then; now is the time of the question.
func TestCheckEdges(t *testing.T) {
	rows := []struct {
		name              string
		code              string
		now               time.Time
		change            func(a *Application, by time.Duration)
		before, at, after ItemState
	}{
		{"thirty days of a pledge are left", ItemPledge, early, func(a *Application, by time.Duration) {
			a.Engineers[0].Pledge.Until = early.Add(30*24*time.Hour + by)
		}, ItemCaution, ItemCaution, ItemMet},
		{"the pledge ends with the window", ItemPledge, early, func(a *Application, by time.Duration) {
			late(a, 60)
			a.Engineers[0].Pledge.Until = a.Request.End.Add(by)
		}, ItemUnmet, ItemMet, ItemMet},
		{"the pledge begins with the window", ItemPledge, early, func(a *Application, by time.Duration) {
			a.Engineers[0].Pledge.Signed = start.Add(by)
		}, ItemMet, ItemMet, ItemUnmet},
		{"sixty days of a certificate are left", ItemCertification, early, func(a *Application, by time.Duration) {
			a.Vendor.Certifications[0].Until = early.Add(60*24*time.Hour + by)
		}, ItemCaution, ItemCaution, ItemMet},
		{"the certificate ends now", ItemCertification, early, func(a *Application, by time.Duration) {
			a.Vendor.Certifications[0].Until = early.Add(by)
		}, ItemUnmet, ItemUnmet, ItemUnmet},
		{"the certificate ends with the window", ItemCertification, early, func(a *Application, by time.Duration) {
			late(a, 90)
			a.Vendor.Certifications[0].Until = a.Request.End.Add(by)
		}, ItemUnmet, ItemMet, ItemMet},
		{"the certificate begins with the window", ItemCertification, early, func(a *Application, by time.Duration) {
			a.Vendor.Certifications[0].From = start.Add(by)
		}, ItemMet, ItemMet, ItemUnmet},
		{"the certificate begins now, in the window", ItemCertification, mid, func(a *Application, by time.Duration) {
			a.Vendor.Certifications[0].From = mid.Add(by)
		}, ItemMet, ItemMet, ItemUnmet},
		{"the prime's certificate ends with the window", ItemCertification, early, func(a *Application, by time.Duration) {
			late(a, 90)
			underPrime(a)
			a.Prime.Certifications[0].Until = a.Request.End.Add(by)
		}, ItemUnmet, ItemMet, ItemMet},
		{"the special clauses end with the window", ItemContract, early, func(a *Application, by time.Duration) {
			a.Vendor.SpecialClauses = []Span{{End: end.Add(by)}}
		}, ItemUnmet, ItemMet, ItemMet},
		{"the next special clauses follow", ItemContract, early, func(a *Application, by time.Duration) {
			a.Vendor.SpecialClauses = []Span{{Start: mid.Add(by)}, {End: mid}}
		}, ItemMet, ItemMet, ItemUnmet},
		{"the next approval of the subcontract follows", ItemSubcontract, early, func(a *Application, by time.Duration) {
			a.Vendor.Prime, a.Vendor.PrimeApproved, a.Vendor.Subcontract = "V-001", true, []Span{{End: mid}, {Start: mid.Add(by), End: end}}
		}, ItemCaution, ItemCaution, ItemUnmet},
		{"the pledge begins now, in the window", ItemPledge, mid, func(a *Application, by time.Duration) {
			a.Engineers[0].Pledge.Signed = mid.Add(by)
		}, ItemMet, ItemMet, ItemUnmet},
		{"the next certificate follows", ItemCertification, early, func(a *Application, by time.Duration) {
			a.Vendor.Certifications[0].Until = start
			a.Vendor.Certifications = append(a.Vendor.Certifications, Certification{Name: "isms", From: start.Add(by), Until: start.AddDate(1, 0, 0)})
		}, ItemMet, ItemMet, ItemUnmet},
		{"the contract ends with the window", ItemContract, early, func(a *Application, by time.Duration) {
			a.Vendor.ContractUntil = end.Add(by)
		}, ItemUnmet, ItemMet, ItemMet},
		{"the contract begins with the window", ItemContract, early, func(a *Application, by time.Duration) {
			a.Vendor.ContractFrom = start.Add(by)
		}, ItemMet, ItemMet, ItemUnmet},
		{"the fiscal year begins", ItemContract, time.Date(2026, 4, 1, 0, 0, 0, 0, jst), func(a *Application, by time.Duration) {
			a.Vendor.AuditReports = []AuditReport{{FiscalYear: 2024}} // the table's now moves below
		}, ItemMet, ItemCaution, ItemCaution},
		{"the subcontract ends with the window", ItemSubcontract, early, func(a *Application, by time.Duration) {
			a.Vendor.Prime, a.Vendor.PrimeApproved, a.Vendor.Subcontract = "V-001", true, []Span{{End: end.Add(by)}}
		}, ItemUnmet, ItemCaution, ItemCaution},
		{"a day old backup", ItemBackup, early, func(a *Application, by time.Duration) {
			a.Backup.At = early.Add(-24*time.Hour + by)
		}, ItemUnmet, ItemMet, ItemMet},
		{"a backup from the future", ItemBackup, early, func(a *Application, by time.Duration) { a.Backup.At = early.Add(by) }, ItemMet, ItemMet, ItemUnmet},
		{"office hours begin", ItemSchedule, early, func(a *Application, by time.Duration) {
			a.Request.Start = time.Date(2026, 11, 24, 8, 30, 0, 0, jst).Add(by)
		}, ItemCaution, ItemMet, ItemMet},
		{"office hours end", ItemSchedule, early, func(a *Application, by time.Duration) {
			a.Request.End = time.Date(2026, 11, 24, 17, 15, 0, 0, jst).Add(by)
		}, ItemMet, ItemMet, ItemCaution},
		{"a no-work time begins at the end", ItemSchedule, early, func(a *Application, by time.Duration) {
			a.Calendar.NoWork = []NoWork{{From: end.Add(by), Until: end.AddDate(0, 0, 1)}}
		}, ItemUnmet, ItemMet, ItemMet},
		{"an emergency ends now", ItemSchedule, early, func(a *Application, by time.Duration) {
			u := owed()
			u.Ended = early.Add(by)
			a.FollowUps = []FollowUp{u}
		}, ItemUnmet, ItemUnmet, ItemMet},
	}
	for _, row := range rows {
		for by, want := range map[time.Duration]ItemState{-1: row.before, 0: row.at, 1: row.after} {
			a := applied()
			row.change(&a, by)
			now := row.now
			if row.name == "the fiscal year begins" {
				now = now.Add(by)
			}
			if item := itemOf(a, row.code, now); item.State != want {
				t.Errorf("%s %+d ns: %s (%s), want %s", row.name, by, item.State, item.Cause.EN, want)
			}
		}
	}
}

func TestSpaceForThirtyDays(t *testing.T) {
	for days, want := range map[int]ItemState{29: ItemCaution, 30: ItemMet, 31: ItemMet} {
		a := applied()
		a.SpaceDays = days
		if item := itemOf(a, ItemSchedule, early); item.State != want {
			t.Errorf("%d days: %s", days, item.State)
		}
	}
}

// Before the start the office network is connected as usual; from the start on it must not be.
func TestLineCountsFromTheStart(t *testing.T) {
	for state, want := range map[LineState]ItemState{LineSeparated: ItemMet, LineJoined: ItemUnmet, LineUnknown: ItemUnmet, "broken": ItemUnmet} {
		for by := time.Duration(-1); by <= 1; by++ {
			a := applied()
			a.Request.System.Line = LineInterlocked
			a.Runtime.Lines = map[string]Line{a.Request.System.ID: {State: state, How: LineDriven, Sensor: true, Tested: start, TestOK: true}}
			now := want
			if by < 0 {
				now = ItemCaution
			}
			item := itemOf(a, ItemLine, start.Add(by))
			if item.State != now || item.State == ItemUnmet && item.Reason != InterlockNotReady {
				t.Errorf("%q %+d ns: %s %q", state, by, item.State, item.Reason)
			}
		}
	}
	a := applied()
	a.Request.System.Line = ""
	if item := itemOf(a, ItemLine, mid); item.State != ItemUnmet {
		t.Errorf("a rule that is not known: %s", item.State)
	}
	a.Runtime.Recorder = RecorderUnknown
	if item := itemOf(a, ItemSchedule, mid); item.Reason != RecordingUnavailable {
		t.Errorf("a recorder that is not known, in the window: %s %q", item.State, item.Reason)
	}
}

// Every occurrence of a recurring window counts.
func TestEveryOccurrenceCounts(t *testing.T) {
	weeks := func(a *Application) {
		for i := range 5 {
			a.Occurrences = append(a.Occurrences, Span{start.AddDate(0, 0, 7*i), end.AddDate(0, 0, 7*i)})
		}
	}
	for i := range 5 {
		at := start.AddDate(0, 0, 7*i)
		for name, row := range map[string]struct {
			code   string
			change func(a *Application)
			want   ItemState
		}{
			"pledge": {ItemPledge, func(a *Application) { a.Engineers[0].Pledge.Until = at.Add(time.Minute) }, ItemUnmet},
			"contract": {ItemContract, func(a *Application) {
				a.Vendor.ContractUntil = at.Add(time.Minute)
			}, ItemUnmet},
			"subcontract": {ItemSubcontract, func(a *Application) {
				a.Vendor.Prime, a.Vendor.PrimeApproved, a.Vendor.Subcontract = "V-001", true, []Span{{End: at.Add(time.Minute)}}
			}, ItemUnmet},
			"no-work day": {ItemSchedule, func(a *Application) {
				a.Calendar.NoWork = []NoWork{{From: at, Until: at.Add(1)}}
			}, ItemUnmet},
			"holiday":  {ItemSchedule, func(a *Application) { a.Calendar.Holidays[DateOf(at, jst)] = "休日" }, ItemCaution},
			"as usual": {ItemSchedule, func(a *Application) {}, ItemMet},
			"times":    {ItemSchedule, func(a *Application) { a.Occurrences[i].End = at }, ItemUnmet},
		} {
			a := applied()
			weeks(&a)
			slices.Reverse(a.Occurrences) // their order is the caller's
			if name == "times" {
				slices.Reverse(a.Occurrences)
			}
			row.change(&a)
			if item := itemOf(a, row.code, early); item.State != row.want {
				t.Errorf("%s, occurrence %d: %s (%s), want %s", name, i+1, item.State, item.Cause.EN, row.want)
			}
		}
	}
}

func TestBlocks(t *testing.T) {
	codes := func(items []CheckItem) string {
		s := ""
		for _, i := range items {
			s += i.Code + " "
		}
		return s
	}
	a := applied()
	a.AttendedBefore = false                              // a caution
	a.Backup = nil                                        // unmet, overridable
	a.OverdueReviews, a.FollowUps = 1, []FollowUp{owed()} // unmet twice, overridable
	items := Check(a, early)
	rows := []struct {
		because map[string]string
		want    string
		codes   []string // put on the window at the approval
	}{
		{nil, "backup attendant schedule ", nil},
		{map[string]string{"attendant": "経験者が同席"}, "backup schedule ", nil},
		{map[string]string{"attendant": " \u3000\n", "backup": "\t"}, "backup attendant schedule ", nil},
		{map[string]string{"attendant": "経験者が同席", "backup": "開始前に取る", "schedule": "急ぐ"}, "", []string{"follow-up", "reviews"}},
		{map[string]string{"attendant": "経験者が同席", "backup": "開始前に取る", "reviews": "急ぐ"}, "schedule ", nil},
		{map[string]string{"attendant": "経験者が同席", "backup": "開始前に取る", "reviews": "急ぐ", "follow-up": "提出済み"}, "", []string{"follow-up", "reviews"}},
	}
	for i, row := range rows {
		if got := codes(Blocks(items, row.because)); got != row.want {
			t.Errorf("%d: blocks %q, want %q", i, got, row.want)
		}
		if got := Overrides(items, row.because, false); !slices.Equal(got, row.codes) {
			t.Errorf("%d: overrides %v, want %v", i, got, row.codes)
		}
	}
	if got := Overrides(items, map[string]string{"backup": "取れない"}, true); !slices.Equal(got, []string{"backup"}) {
		t.Errorf("at the opening: %v", got)
	}
	if got := codes(Stops(items, nil)); got != "backup schedule " {
		t.Errorf("stops without overrides: %q", got)
	}
	if got := codes(Stops(items, []string{"backup", "reviews"})); got != "schedule " {
		t.Errorf("stops with one of two: %q", got)
	}
	if got := codes(Stops(items, []string{"backup", "reviews", "follow-up"})); got != "" {
		t.Errorf("stops with all: %q", got)
	}

	// A fault that cannot be overridden stays, and keeps the overridable ones beside it.
	a.Overlap = "R8-0127"
	a.Calendar.Holidays["2026-11-24"] = "休日"
	items = Check(a, early)
	all := map[string]string{"schedule": "急ぐ", "backup": "急ぐ", "attendant": "急ぐ", "reviews": "急ぐ", "follow-up": "急ぐ"}
	if got := codes(Blocks(items, all)); got != "schedule " {
		t.Errorf("with an overlap: %q", got)
	}
	if got := codes(Stops(items, []string{"backup", "reviews", "follow-up"})); got != "schedule " {
		t.Errorf("with an overlap: stops %q", got)
	}
	// A caution beside an overridden fault needs the item's own reason.
	a.Overlap = ""
	delete(all, "schedule")
	if got := codes(Blocks(Check(a, early), all)); got != "schedule " {
		t.Errorf("with a caution beside: %q", got)
	}
	all["schedule"] = "急ぐ"
	if got := codes(Blocks(Check(a, early), all)); got != "" {
		t.Errorf("with a reason for the whole: %q", got)
	}
	if got := Blocks([]CheckItem{{Code: ItemLine}}, map[string]string{ItemLine: "x"}); len(got) != 1 || got[0].Err() == nil {
		t.Errorf("an item without a state: %v", got)
	}
}
