package policy_test

import (
	"testing"

	. "sekimori/policy"
)

func TestMayReadYear(t *testing.T) {
	for _, c := range []struct {
		p    Person
		want bool
	}{
		{Person{}, false}, {Person{Kind: Staff, Roles: []Role{Requester, Attendant, Administrator}}, false}, {Person{Kind: Contact, Roles: []Role{Auditor}}, false},
		{Person{Kind: Staff, Roles: []Role{Approver}}, true}, {Person{Kind: Staff, Roles: []Role{SecondApprover}}, true}, {Person{Kind: Staff, Roles: []Role{InformationSystems}}, true},
		{Person{Kind: Staff, Roles: []Role{Auditor}}, true}, {Person{Kind: Staff, Roles: []Role{Auditor}, Locked: &Lock{}}, false},
	} {
		if got := MayReadYear(c.p).Allow; got != c.want {
			t.Errorf("%+v: %v", c.p, got)
		}
	}
}
