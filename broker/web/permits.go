package web

import (
	"sekimori/broker/act"
	"sekimori/broker/api"
	"sekimori/broker/view"
	"sekimori/policy"
)

// permitRoutes are the looks at standing permits and at the vendors' statements. policy.SeePermits and SeePapers say which of them a person sees.
func permitRoutes() []route {
	all := callers{Callers: act.Callers{Vendors: true, Deputies: true, Roles: []policy.Role{policy.Requester, policy.Approver, policy.SecondApprover, policy.Attendant, policy.Auditor, policy.InformationSystems, policy.PermitOfficer}}}
	return []route{
		{"GET", string(api.Permits), all, listed((*view.Views).Permits)},
		{"GET", api.Permits.Pattern("id"), all, one((*view.Views).Permit)},
		{"GET", api.Vendors.Pattern("id", "roster"), everySignedIn(), one((*view.Views).Roster)},
	}
}
