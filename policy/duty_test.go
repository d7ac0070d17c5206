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
		{staff(), false, []Duty{DutyAnswer, DutyCorrect}},
		{staff(), true, []Duty{DutyDecideFirst, DutyAnswer, DutyCorrect}},
		{staff(Approver), false, []Duty{DutyDecideFirst, DutySeen, DutyAnswer, DutyCorrect}},
		{staff(SecondApprover), false, []Duty{DutyDecideSecond, DutyAnswer, DutyCorrect}},
		{staff(Attendant, Requester), false, []Duty{DutyAttend, DutyReport, DutyAnswer, DutyCorrect}},
		{staff(Auditor), false, []Duty{DutyReview, DutyAnswer, DutyCorrect}},
		{staff(Administrator), false, []Duty{DutyAnswer, DutyCorrect, DutyRoom}},
		{staff(InformationSystems), false, []Duty{DutyAnswer, DutyCorrect, DutyRoom}},
	} {
		if got := Duties(one.person, one.deciding); !slices.Equal(got, one.want) {
			t.Errorf("%v, deciding %v: %v", one.person.Roles, one.deciding, got)
		}
	}
}
