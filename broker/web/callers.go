package web

import (
	"sekimori/broker/act"
	"sekimori/policy"
)

// callers says who may call a route at all. The zero value denies. The packages behind it decide what a person
// may do with the route: this is an outer check, not the rule.
type callers struct {
	open      bool // no token: enrolment, sign-in, state of the broker, the notice
	bootstrap bool // no token while the registry is empty, for root and the broker's own account
	act.Callers
}

func anyone() callers        { return callers{open: true} }
func everySignedIn() callers { return callers{Callers: act.Everyone()} }
func everyStaff() callers    { return callers{Callers: act.Staff()} }

func those(roles ...policy.Role) callers { return callers{Callers: act.Those(roles...)} }

// staffOrVendors admits staff with one of the roles, and people of vendors.
func staffOrVendors(roles ...policy.Role) callers {
	return callers{Callers: act.Callers{Vendors: true, Roles: roles}}
}

// staffOrDeputies admits staff with one of the roles, and people who now decide for an approver.
func staffOrDeputies(roles ...policy.Role) callers {
	return callers{Callers: act.Callers{Deputies: true, Roles: roles}}
}
