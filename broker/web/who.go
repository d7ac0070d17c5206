package web

import (
	"slices"
	"strings"

	"sekimori/policy"
)

// who says who may call a route at all. The zero value lets nobody in. What a person may do with
// what the route shows is decided behind it: this is the outer wall, not the rule.
type who struct {
	open      bool // no token: enrolment, sign-in, state of the broker, the notice
	bootstrap bool // no token while the registry is empty, for root and the broker's own account
	signedIn  bool // everybody with a token
	vendors   bool // engineers and vendor contacts
	deputies  bool // staff who decide for somebody just now
	roles     []policy.Role
}

func anyone() who        { return who{open: true} }
func everySignedIn() who { return who{signedIn: true} }
func everyStaff() who    { return who{roles: allRoles()} }

func those(roles ...policy.Role) who { return who{roles: roles} }

func allRoles() []policy.Role {
	return []policy.Role{
		policy.Requester, policy.Approver, policy.SecondApprover, policy.Attendant,
		policy.Auditor, policy.Administrator, policy.InformationSystems,
	}
}

func (w who) allows(p policy.Person) bool {
	switch p.Kind {
	case policy.Staff:
		return w.signedIn || slices.ContainsFunc(w.roles, p.Has)
	case policy.Engineer, policy.Contact:
		return w.signedIn || w.vendors
	}
	return false
}

// String names the roles for a refusal.
func (w who) String() string {
	var names []string
	for _, r := range w.roles {
		names = append(names, string(r))
	}
	return strings.Join(names, ", ")
}

// everywhere tells whether the person sees every section: the information-systems section and
// auditors do, everybody else their own.
func everywhere(p policy.Person) bool {
	return p.Kind == policy.Staff && (p.Has(policy.InformationSystems) || p.Has(policy.SecondApprover) || p.Has(policy.Auditor))
}
