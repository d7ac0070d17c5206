package policy_test

import (
	"testing"
	"time"

	. "sekimori/policy"
)

// The statement of a vendor is due after 30 days and stops new windows after 60, both to the nanosecond.
func TestRosterTerm(t *testing.T) {
	from := time.Date(2026, 11, 1, 0, 0, 0, 0, jst)
	i := Institution{Declared: true, RosterFrom: "2026-11-01"}
	for name, row := range map[string]struct {
		vendor Vendor
		since  time.Time
	}{
		"never":                 {Vendor{}, from},
		"confirmed":             {Vendor{Roster: from.AddDate(0, 0, 10)}, from.AddDate(0, 0, 10)},
		"confirmed long before": {Vendor{Roster: from.AddDate(-1, 0, 0)}, from},
		"contract begins later": {Vendor{ContractFrom: from.AddDate(0, 1, 0)}, from.AddDate(0, 1, 0)},
	} {
		term, asked := RosterTermOf(&row.vendor, &i, jst)
		if !asked {
			t.Fatal(name)
		}
		for after, want := range map[time.Duration]RosterState{30*24*time.Hour - 1: RosterInTime, 30 * 24 * time.Hour: RosterLate, 60*24*time.Hour - 1: RosterLate, 60 * 24 * time.Hour: RosterStops} {
			if got := term.At(row.since.Add(after)); got != want {
				t.Errorf("%s after %v: %s", name, after, got)
			}
		}
	}
	if _, asked := RosterTermOf(&Vendor{}, &Institution{Declared: true}, jst); asked {
		t.Error("asked for without the rule")
	}
	broken := Institution{Declared: true, RosterFrom: "soon"}
	if term, _ := RosterTermOf(&Vendor{}, &broken, jst); term.At(from) != RosterStops {
		t.Error("a damaged day must not switch the rule off")
	}
}

func TestRosterInItemAndAtTheDoor(t *testing.T) {
	a := applied()
	a.Institution.RosterFrom = "2025-01-01"
	a.Vendor.Roster = early.Add(-30*24*time.Hour + 1)
	if item := itemOf(a, ItemContract, early); item.State != ItemMet {
		t.Errorf("in time: %+v", item)
	}
	a.Vendor.Roster = early.Add(-30 * 24 * time.Hour)
	if item := itemOf(a, ItemContract, early); item.State != ItemCaution {
		t.Errorf("at 30 days: %+v", item)
	}
	a.Vendor.Roster = early.Add(-60 * 24 * time.Hour)
	if item := itemOf(a, ItemContract, early); item.State != ItemUnmet || item.Reason != RosterOverdue || item.Args["date"] == "" {
		t.Errorf("at 60 days: %+v", item)
	}
	f, at := admitted()
	f.Institution, f.Vendor.Roster = Institution{Declared: true, RosterFrom: "2025-01-01"}, mid.Add(-60*24*time.Hour)
	if d := Decide(f, at, mid); !d.Allow {
		t.Errorf("a window that was permitted before is not new: %+v", d)
	}
	f.Grants[0].Window.State = WindowAttended
	if d := Decide(f, at, mid.Add(-1)); d.Reason != AttendantAbsent {
		t.Errorf("in time: %+v", d)
	}
	if d := Decide(f, at, mid); d.Reason != RosterOverdue || d.Wait || d.Args["date"] == "" {
		t.Errorf("at 60 days: %+v", d)
	}
	for kind, allow := range map[PersonKind]bool{Contact: true, Engineer: false, Staff: false} {
		if d := MayConfirmRoster(Person{ID: "C-1", Kind: kind, Vendor: "V-012"}, Vendor{ID: "V-012"}); d.Allow != allow {
			t.Errorf("%s: %+v", kind, d)
		}
	}
	if MayConfirmRoster(Person{ID: "C-1", Kind: Contact, Vendor: "V-099"}, Vendor{ID: "V-012"}).Allow {
		t.Error("another vendor's contact")
	}
}
