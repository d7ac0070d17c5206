package policy_test

import (
	"testing"

	. "sekimori/policy"
)

func TestEachLookHasOneRole(t *testing.T) {
	work := Subject{Session: "S-20261124-01", Attendants: []string{"U-1"}}
	for _, c := range []struct {
		id     string
		roles  []Role
		of     Subject
		deputy bool
		want   string
	}{
		{"U-1", []Role{Auditor, Attendant}, work, false, "attendant"},
		{"U-1", nil, work, false, "attendant"}, // the role ended since
		{"U-1", []Role{Auditor, Attendant}, Subject{}, false, "auditor"},
		{"U-2", []Role{InformationSystems, Auditor, Approver}, work, true, "auditor"},
		{"U-2", []Role{SecondApprover, Approver}, work, false, "approver"},
		{"U-2", []Role{Administrator, InformationSystems}, work, false, "information-systems"},
		{"U-2", []Role{Attendant, Administrator}, work, true, LookAsDeputy},
		{"U-2", []Role{Attendant, Administrator}, work, false, "administrator"},
		{"U-2", []Role{Attendant}, work, false, "attendant"},
		{"", nil, Subject{Attendants: []string{""}}, false, LookAsStaff},
	} {
		if got := LookRole(Person{ID: c.id, Kind: Staff, Roles: c.roles}, c.of, c.deputy); got != c.want {
			t.Errorf("%s %v of %q: %q, want %q", c.id, c.roles, c.of.Session, got, c.want)
		}
	}
}
