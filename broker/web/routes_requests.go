package web

import "sekimori/policy"

// requestRoutes are requests and what is decided on them. A deputy decides without a role of their own while the deputation
// holds; whether it does for this very request, the desk asks again.
func requestRoutes() []route {
	requesters := who{vendors: true, roles: []policy.Role{policy.Requester}}
	deciders := who{deputies: true, roles: []policy.Role{policy.Approver, policy.SecondApprover}}
	look := who{deputies: true, roles: []policy.Role{policy.Requester, policy.Approver, policy.SecondApprover, policy.Attendant, policy.Auditor, policy.InformationSystems}}
	all := look
	all.vendors = true
	return []route{
		{"POST", "/v1/requests", requesters, (*Server).submit},
		{"GET", "/v1/requests", all, (*Server).requests},
		{"GET", "/v1/requests/{no}", all, (*Server).request},
		{"GET", "/v1/requests/{no}/check", all, (*Server).checkRequest},
		{"GET", "/v1/requests/{no}/copy", requesters, (*Server).copyRequest},
		{"POST", "/v1/requests/{no}/edit", requesters, (*Server).edit},
		{"POST", "/v1/requests/{no}/take", those(policy.Requester), (*Server).take},
		{"POST", "/v1/requests/{no}/approve", deciders, (*Server).approve},
		{"POST", "/v1/requests/{no}/return", deciders, (*Server).returnRequest},
		{"POST", "/v1/requests/{no}/reject", deciders, (*Server).reject},
		{"POST", "/v1/requests/{no}/withdraw", requesters, (*Server).withdraw},
		{"POST", "/v1/requests/{no}/revoke", look, (*Server).revoke},
		{"POST", "/v1/requests/{no}/seen", those(policy.Approver), (*Server).seenRequest},
		{"GET", "/v1/windows", all, (*Server).windows},
		{"GET", "/v1/windows/{id}", all, (*Server).window},
		{"POST", "/v1/windows/{id}/cancel", look, (*Server).cancelWindow},

		{"GET", "/v1/deputies", everyStaff(), (*Server).deputies},
		{"POST", "/v1/deputies", those(policy.Approver), (*Server).setDeputy},
		{"POST", "/v1/deputies/{no}/clear", who{deputies: true, roles: []policy.Role{policy.Approver}}, (*Server).clearDeputy},
	}
}
