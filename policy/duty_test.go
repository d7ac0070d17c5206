package policy

import (
	"slices"
	"testing"
)

func TestDutiesOfRoles(t *testing.T) {
	staff := func(roles ...Role) Person { return Person{ID: "U-001", Kind: Staff, Roles: roles} }
	locked := staff(Approver)
	locked.Locked = &Lock{}
	for _, one := range []struct {
		person   Person
		deciding bool
		want     []Duty
	}{
		{Person{}, true, nil},
		{Person{ID: "E-0031", Kind: Engineer}, true, nil},
		{locked, true, nil},
		{staff(), false, []Duty{DutyAnswer}},
		{staff(), true, []Duty{DutyDecideFirst, DutyAnswer}},
		{staff(Approver), false, []Duty{DutyDecideFirst, DutySeen, DutyAnswer}},
		{staff(SecondApprover), false, []Duty{DutyDecideSecond, DutyAnswer}},
		{staff(Attendant, Requester), false, []Duty{DutyAttend, DutyReport, DutyAnswer}},
		{staff(Auditor), false, []Duty{DutyReview, DutyAnswer}},
		{staff(Administrator), false, []Duty{DutyAnswer}},
	} {
		if got := Duties(one.person, one.deciding); !slices.Equal(got, one.want) {
			t.Errorf("%v, deciding %v: %v", one.person.Roles, one.deciding, got)
		}
	}
}
