package policy_test

import (
	"testing"

	. "sekimori/policy"
)

// The attendant answers for the work. While the attendant is locked no one is let in and no one goes on, under every rule of
// attendance; another person at the post lets the work go on.
func TestNobodyWorksOnTheWordOfSomebodyLocked(t *testing.T) {
	for _, rule := range []AttendanceMode{"", AttendanceRequired, AttendanceOnCall, AttendanceNone} {
		for _, identity := range []bool{false, true} {
			for _, row := range []struct {
				name      string
				attendant string
				locked    []string
				works     bool
			}{
				{"nobody locked", "U-010", nil, true},
				{"another locked", "U-010", []string{"U-009", "U-011"}, true},
				{"locked", "U-010", []string{"U-010"}, false},
				{"locked with others", "U-010", []string{"U-009", "U-010", "U-011"}, false},
				{"handed over since", "U-011", []string{"U-010"}, true},
				{"handed over to somebody who is locked since", "U-011", []string{"U-010", "U-011"}, false},
				{"nobody at the post", "", []string{"", "U-010"}, rule == AttendanceNone},
			} {
				f, a := admitted()
				_, r := running()
				setSystem(&f, func(s *System) { s.Attendance, s.IdentityCheck = rule, identity })
				f.Grants[0].Window.Attendant, f.LockedStaff = row.attendant, row.locked
				d, v := Decide(f, a, mid), Recheck(f, r, mid)
				if d.Allow != row.works || v.Keep != row.works {
					t.Errorf("%q, identity %v, %s: allow=%v %q, keep=%v %q", rule, identity, row.name, d.Allow, d.Reason, v.Keep, v.Reason)
				}
				if !row.works && (d.Reason != AttendantAbsent || !d.Wait || v.Reason != AttendantLost) {
					t.Errorf("%q, identity %v, %s: %q wait=%v, %q", rule, identity, row.name, d.Reason, d.Wait, v.Reason)
				}
			}
		}
	}
}

// The check item before the work says the same, whether or not the rule requires an attendant.
func TestTheItemNamesALockedAttendantUnderEveryRule(t *testing.T) {
	for _, rule := range []AttendanceMode{AttendanceRequired, AttendanceOnCall, AttendanceNone} {
		a := applied()
		a.Request.System.Attendance = rule
		a.Attendant.Locked = &Lock{}
		if i := itemOf(a, ItemAttendant, early); i.State != ItemUnmet || i.Reason != AttendantAbsent || i.Overridable {
			t.Errorf("%s: %s %q (%s)", rule, i.State, i.Reason, i.Cause.EN)
		}
	}
}
