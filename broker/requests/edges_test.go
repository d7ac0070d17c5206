package requests_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"sekimori/broker/forms"
	"sekimori/broker/internal/townhall"
	"sekimori/broker/request"
	"sekimori/broker/requests"
	"sekimori/broker/store"
	"sekimori/policy"
)

// An approval counts until the millisecond before the start, in both stages, and not at it. The window's end is too late as well.
func TestApprovalAtTheVeryStartAndEnd(t *testing.T) {
	for _, c := range []struct {
		name   string
		after  time.Duration // from the submission, an hour before the start
		reason string
	}{
		{"1 ms before the start", time.Hour - time.Millisecond, ""},
		{"at the start", time.Hour, "window-over"},
		{"1 ms after the start", time.Hour + time.Millisecond, "window-over"},
		{"1 ms before the end", 150*time.Minute - time.Millisecond, "window-over"},
		{"at the end", 150 * time.Minute, "window-over"},
		{"1 ms after the end", 150*time.Minute + time.Millisecond, "window-over"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h, d := desk(t)
			f := hr()
			first := submit(t, d, f, "kato")
			h.Pass(c.after)
			_, err := d.Approve(t.Context(), first, requests.Approval{Because: townhall.Because()}, townhall.Caller("head"))
			want(t, "first stage", err, c.reason)
			if _, _, err := d.LapseDue(t.Context()); err != nil {
				t.Fatal(err)
			}
			lapsed := state(t, d, first) == policy.RequestLapsed
			if lapsed != (c.reason != "") {
				t.Errorf("it is %s", state(t, d, first))
			}
		})
		t.Run("second stage "+c.name, func(t *testing.T) {
			h, d := desk(t)
			no := submit(t, d, hr(), "kato")
			approve(t, d, no, "head")
			h.Pass(c.after)
			out, err := d.Approve(t.Context(), no, requests.Approval{Because: townhall.Because()}, townhall.Caller("deputy"))
			want(t, "second stage", err, c.reason)
			if made := len(out.Windows) == 1; made != (c.reason == "") {
				t.Errorf("windows %v", out.Windows)
			}
		})
	}
}

// The clock runs back before the start after a late decision. A lapsed request stays lapsed, and no act is earlier than the ledger's
// last entry.
func TestClockSetBackRevivesNothing(t *testing.T) {
	h, d := desk(t)
	no := submit(t, d, simple(), "kato")
	due := submit(t, d, hr(), "kato")
	h.Pass(time.Hour)
	if _, _, err := d.LapseDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.Pass(-30 * time.Minute)
	for _, late := range []string{no, due} {
		want(t, "approved on a clock that ran back", second(d.Approve(t.Context(), late, requests.Approval{Because: townhall.Because()}, townhall.Caller("head"))), "already-decided")
		if state(t, d, late) != policy.RequestLapsed {
			t.Errorf("%s is %s", late, state(t, d, late))
		}
	}
	// A start that the ledger has passed already is in the past.
	f := simple()
	f.Start, f.End = h.Now().Add(10*time.Minute), h.Now().Add(40*time.Minute)
	if _, err := d.Submit(t.Context(), f, townhall.Caller("kato")); !has(err, "too-soon") {
		t.Errorf("submitted for a time before the ledger's: %v", err)
	}
}

// A deputation that ended stays over when the clock is set back. One whose period a step forward skipped never began.
func TestDeputationOverAClockStep(t *testing.T) {
	h, d := desk(t)
	f := simple()
	f.Attendant = ""
	f.Start, f.End = h.Now().Add(48*time.Hour), h.Now().Add(49*time.Hour)
	no := submit(t, d, f, "kato")
	if _, err := d.SetDeputy(t.Context(), policy.Deputation{For: "head", Deputy: "ito", Until: h.Now().Add(time.Hour), Reason: "出張"}, townhall.Caller("head")); err != nil {
		t.Fatal(err)
	}
	h.Pass(24 * time.Hour)
	want(t, "after the step forward", second(d.Approve(t.Context(), no, requests.Approval{Because: townhall.Because()}, townhall.Caller("ito"))), "forbidden")
	h.Pass(-24 * time.Hour)
	want(t, "after the step back", second(d.Approve(t.Context(), no, requests.Approval{Because: townhall.Because()}, townhall.Caller("ito"))), "forbidden")
	if state(t, d, no) != policy.PendingFirst {
		t.Errorf("it is %s", state(t, d, no))
	}
}

// An extension granted around a step of the clock counts from the window's own end: the window never gets longer than granted.
func TestExtensionOverAClockStep(t *testing.T) {
	h, d := desk(t)
	_, w := granted(t, d)
	want(t, "post", post(h).Open(t.Context(), w, townhall.Caller("ito")), "")
	h.Pass(time.Hour)
	x, err := d.AskExtension(t.Context(), w, 15*time.Minute, "終わらない", townhall.Caller("E-0031"))
	if err != nil {
		t.Fatal(err)
	}
	h.Pass(-30 * time.Minute)
	got, err := d.GrantExtension(t.Context(), x.ID, "", townhall.Caller("head"))
	if err != nil || !got.NewEnd.Equal(x.Ends.Add(15*time.Minute)) || got.Decided.Before(x.AskedAt) {
		t.Errorf("%+v, %v", got, err)
	}
	h.Pass(24 * time.Hour)
	want(t, "asked after a step over the end", second(d.AskExtension(t.Context(), w, 15*time.Minute, "もう少し", townhall.Caller("E-0031"))), "window-over")
}

func TestARequestFor400Days(t *testing.T) {
	_, d := desk(t)
	for _, days := range []int{400, 4000, 40000, 106751} {
		f := simple()
		f.End = f.Start.AddDate(0, 0, days)
		if _, err := d.Submit(t.Context(), f, townhall.Caller("kato")); !has(err, "too-long") {
			t.Errorf("%d days: %v", days, err)
		}
	}
	f := simple()
	f.Start, f.End = time.Time{}, time.Time{}
	for name, lengths := range map[string][2]time.Duration{
		"a negative length":       {time.Hour, -time.Hour},
		"the longest length":      {time.Hour, math.MaxInt64},
		"the longest start":       {math.MaxInt64, time.Hour},
		"both":                    {math.MaxInt64, math.MaxInt64},
		"a negative start":        {-time.Hour, time.Hour},
		"the earliest":            {math.MinInt64, math.MinInt64},
		"less than a millisecond": {time.Hour, time.Microsecond},
	} {
		f.StartIn, f.Length = lengths[0], lengths[1]
		var bad *forms.Invalid
		if no, err := d.Submit(t.Context(), f, townhall.Caller("kato")); !errors.As(err, &bad) {
			t.Errorf("%s: %q, %v", name, no, err)
		}
	}
	f = simple()
	for name, year := range map[string]int{"the year 9999": 9999, "the year 292277": 292277, "the year 1": 1} {
		f.Start = time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)
		f.End = f.Start.Add(time.Hour)
		var bad *forms.Invalid
		if no, err := d.Submit(t.Context(), f, townhall.Caller("kato")); !errors.As(err, &bad) {
			t.Errorf("%s: %q, %v", name, no, err)
		}
	}
}

// Numbers follow the fiscal year of the institution's zone: they go on over 31 December and begin again after 31 March.
func TestNumbersOverTheYearsEnd(t *testing.T) {
	h, d := desk(t)
	prolonged(t, h)
	at := func(when time.Time) string {
		t.Helper()
		h.Pass(when.Sub(h.Now()))
		f := simple()
		f.Start, f.End = when.Add(time.Hour), when.Add(2*time.Hour)
		no, err := d.Submit(t.Context(), f, townhall.Caller("kato"))
		if err != nil {
			t.Fatal(err)
		}
		return no
	}
	day := func(y int, m time.Month, d, hour, minute int) time.Time {
		return time.Date(y, m, d, hour, minute, 0, 0, townhall.Zone)
	}
	got := []string{
		at(day(2026, 12, 31, 23, 30)), at(day(2027, 1, 1, 0, 0)), // a window across the year's end, and the first of the year
		at(day(2027, 3, 31, 23, 59)), at(day(2027, 4, 1, 0, 0)), at(day(2028, 2, 29, 23, 30)), at(day(2028, 4, 1, 0, 0)),
	}
	if !slices.Equal(got, []string{"R8-0001", "R8-0002", "R8-0003", "R9-0001", "R9-0002", "R10-0001"}) {
		t.Errorf("%v", got)
	}
}

func TestALeapDay(t *testing.T) {
	h, d := desk(t)
	prolonged(t, h)
	h.Pass(time.Date(2028, 2, 28, 12, 0, 0, 0, townhall.Zone).Sub(h.Now()))
	f := simple()
	f.Start, f.End = time.Date(2028, 2, 28, 23, 30, 0, 0, townhall.Zone), time.Date(2028, 2, 29, 0, 30, 0, 0, townhall.Zone)
	f.Recurrence = "FREQ=DAILY;COUNT=3"
	no := submit(t, d, f, "kato")
	out := approve(t, d, no, "head")
	shown, err := d.Show(t.Context(), no)
	if err != nil || len(out.Windows) != 3 {
		t.Fatalf("%v, %v", out, err)
	}
	for i, start := range []string{"2028-02-28 23:30", "2028-02-29 23:30", "2028-03-01 23:30"} {
		w := shown.Windows[i]
		if got := w.Start.In(townhall.Zone).Format("2006-01-02 15:04"); got != start || w.End.Sub(w.Start) != time.Hour {
			t.Errorf("window %d: %s, %s long", i+1, got, w.End.Sub(w.Start))
		}
	}
	text := "system: map\naccounts: [map-web/web]\nengineers: [sato]\nstart: 2027-02-29T10:00\nend: 2027-02-29T11:00\npurpose: x\nresponsible_party: reiji\nphone: 0000-11-1111\n"
	if _, err := request.Parse("leap.yaml", []byte(text), townhall.Zone); !has(err, "bad-time") {
		t.Errorf("29 February of no leap year: %v", err)
	}
}

// prolonged lets papers hold for years.
func prolonged(t *testing.T, h *townhall.Hall) {
	t.Helper()
	change(t, h, func(tx *store.Tx) error {
		v, err := tx.Vendor("V-012")
		v.ContractUntil = townhall.Start.AddDate(5, 0, 0)
		return errors.Join(err, tx.PutVendor(v), tx.AddPledge(store.Pledge{Person: "E-0031", FiledBy: "kato",
			Pledge: policy.Pledge{Signed: townhall.Start.AddDate(-1, 0, 0), Until: townhall.Start.AddDate(5, 0, 0)}}))
	})
}

// inZone is an institution in a zone whose days can have 23 and 25 hours.
func inZone(t *testing.T, name string) (*townhall.Hall, *requests.Desk, *time.Location) {
	t.Helper()
	zone, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	h := townhall.Found(t)
	prolonged(t, h)
	return h, requests.New(requests.Options{DB: h.DB, Acts: h.Runner(), Zone: zone}), zone
}

// Windows across both changes of the clock last as long as in real time; recurring ones keep the time of day.
func TestDaylightSavingInAnotherZone(t *testing.T) {
	for _, c := range []struct {
		zone   string
		change []time.Time // UTC, forward and back
	}{
		{"Europe/Berlin", []time.Time{time.Date(2027, 3, 28, 1, 0, 0, 0, time.UTC), time.Date(2027, 10, 31, 1, 0, 0, 0, time.UTC)}},
		{"America/New_York", []time.Time{time.Date(2027, 3, 14, 7, 0, 0, 0, time.UTC), time.Date(2027, 11, 7, 6, 0, 0, 0, time.UTC)}},
	} {
		for i, changes := range c.change {
			t.Run(fmt.Sprint(c.zone, " ", changes.Format(time.DateOnly)), func(t *testing.T) {
				h, d, zone := inZone(t, c.zone)
				h.Pass(changes.Add(-12 * time.Hour).Sub(h.Now()))
				local := func(t time.Time) string { return t.In(zone).Format("2006-01-02T15:04") }
				text := func(start, end string) string {
					return "system: map\naccounts: [map-web/web]\nengineers: [sato]\npurpose: x\nresponsible_party: reiji\nphone: 0000-11-1111\nstart: " + start + "\nend: " + end + "\n"
				}
				// An hour of real time around the change, as the wall clock shows it.
				f, err := request.Parse("form.yaml", []byte(text(local(changes.Add(-2*time.Hour)), "+1h")), zone)
				if err != nil {
					t.Fatal(err)
				}
				no := submit(t, d, f, "kato")
				out := approve(t, d, no, "head")
				w, err := d.Window(t.Context(), out.Windows[0])
				if err != nil || w.End.Sub(w.Start) != time.Hour || !w.Start.Equal(changes.Add(-2*time.Hour)) {
					t.Errorf("%v to %v, %v", w.Start, w.End, err)
				}
				// Across the change 90 minutes are real time, for any difference on the wall clock. Of the two equal hours no one guesses which is meant.
				from, until := changes.Add(-45*time.Minute), changes.Add(45*time.Minute)
				f, err = request.Parse("form.yaml", []byte(text(local(from), local(until))), zone)
				if i == 1 {
					if !has(err, "bad-time") {
						t.Errorf("times that come twice: %v", err)
					}
					f, err = request.Parse("form.yaml", []byte(text(from.In(zone).Format(time.RFC3339), until.In(zone).Format(time.RFC3339))), zone)
				}
				if err != nil || f.End.Sub(f.Start) != 90*time.Minute {
					t.Errorf("across the change: %v to %v, %v", f.Start, f.End, err)
				}
				// Every night at the same wall-clock time.
				night := changes.Add(10 * time.Hour).In(zone)
				night = time.Date(night.Year(), night.Month(), night.Day()-1, 20, 0, 0, 0, zone)
				f = simple()
				f.Start, f.End, f.Recurrence, f.Attendant = night, night.Add(time.Hour), "FREQ=DAILY;COUNT=3", ""
				no = submit(t, d, f, "kato")
				for n, id := range approve(t, d, no, "head").Windows {
					w, err := d.Window(t.Context(), id)
					if err != nil {
						t.Fatal(err)
					}
					if got := w.Start.In(zone); got.Hour() != 20 || got.Day() != night.AddDate(0, 0, n).Day() || w.End.Sub(w.Start) != time.Hour {
						t.Errorf("occurrence %d: %v, %s long", n+1, got, w.End.Sub(w.Start))
					}
				}
			})
		}
	}
}

// If the clock is put forward, an occurrence is shorter than the first. A condition that would leave it no time is refused; one that
// leaves it some makes a window.
func TestAnEarlierEndOnADayThatIsShorter(t *testing.T) {
	h, d, zone := inZone(t, "Europe/Berlin")
	h.Pass(time.Date(2027, 3, 20, 12, 0, 0, 0, zone).Sub(h.Now()))
	f := simple()
	f.Start, f.End = time.Date(2027, 3, 21, 1, 45, 0, 0, zone), time.Date(2027, 3, 21, 3, 15, 0, 0, zone)
	f.Recurrence, f.Attendant = "FREQ=WEEKLY;COUNT=3", ""
	no := submit(t, d, f, "kato")
	narrower := func(earlier time.Duration) error {
		_, err := d.Approve(t.Context(), no, requests.Approval{Because: townhall.Because(), Conditions: store.Conditions{End: f.End.Add(-earlier)}}, townhall.Caller("head"))
		return err
	}
	for _, earlier := range []time.Duration{time.Hour, 30 * time.Minute} { // half an hour is all that the second has
		if err := narrower(earlier); !has(err, "condition-leaves-nothing") {
			t.Errorf("%s earlier: %v", earlier, err)
		}
	}
	want(t, "29 minutes earlier", narrower(29*time.Minute), "")
	shown, err := d.Show(t.Context(), no)
	if err != nil || len(shown.Windows) != 3 {
		t.Fatalf("%+v, %v", shown.Windows, err)
	}
	for i, length := range []time.Duration{61 * time.Minute, time.Minute, 61 * time.Minute} {
		if w := shown.Windows[i]; w.End.Sub(w.Start) != length {
			t.Errorf("occurrence %d is %s long", i+1, w.End.Sub(w.Start))
		}
	}
}

// Opening hours follow the wall clock of the institution's zone, also on the day of the change.
func TestOpeningHoursOnTheDayOfTheChange(t *testing.T) {
	h, d, zone := inZone(t, "America/New_York")
	change(t, h, func(tx *store.Tx) error {
		var week policy.Week
		for day := range week {
			week[day] = policy.Hours{From: 9 * time.Hour, Until: 17 * time.Hour}
		}
		sys, err := tx.System("map")
		sys.SecondWhen = []policy.SecondRule{policy.SecondOutsideHours}
		return errors.Join(err, tx.PutSystem(sys), tx.PutInstitution(policy.Institution{Declared: true, Hours: week}))
	})
	for _, day := range []int{13, 14} { // a day of 24 hours, and the Sunday of the change
		for _, c := range []struct {
			hour, minute int
			second       bool
		}{{8, 59, true}, {9, 0, false}, {15, 30, false}, {15, 31, true}} {
			h.Pass(time.Date(2027, 3, day, 1, 0, 0, 0, zone).Sub(h.Now()))
			f := simple()
			f.Start = time.Date(2027, 3, day, c.hour, c.minute, 0, 0, zone)
			f.End, f.Attendant, f.ClausesTold, f.RecordingTold = f.Start.Add(90*time.Minute), "", true, true
			no := submit(t, d, f, "kato")
			got, err := d.Check(t.Context(), no)
			if err != nil {
				t.Fatal(err)
			}
			if slices.Contains(got.Second, policy.SecondOutsideHours) != c.second {
				t.Errorf("March %d, %02d:%02d: second approver because of %v", day, c.hour, c.minute, got.Second)
			}
			out := approve(t, d, no, "head")
			if (out.State == policy.PendingSecond) != c.second {
				t.Errorf("March %d, %02d:%02d: approved it is %s", day, c.hour, c.minute, out.State)
			}
		}
	}
}
