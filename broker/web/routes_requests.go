package web

import (
	"sekimori/broker/api"
	"sekimori/policy"
)

// requestRoutes are the routes of requests and decisions. A deputy may decide without a role of their own while the deputation
// holds; package requests checks it for the given request.
func requestRoutes() []route {
	requesters := staffOrVendors(policy.Requester)
	look := staffOrDeputies(policy.Requester, policy.Approver, policy.SecondApprover, policy.Attendant, policy.Auditor, policy.InformationSystems)
	all := look
	all.Vendors = true
	return []route{
		{"POST", string(api.Requests), requesters, (*Server).submit},
		{"GET", string(api.Requests), all, (*Server).requests},
		{"GET", api.Requests.Pattern("no"), all, (*Server).request},
		{"GET", api.Requests.Pattern("no", "check"), all, (*Server).checkRequest},
		{"GET", api.Requests.Pattern("no", "copy"), requesters, (*Server).copyRequest},
		{"POST", api.Requests.Pattern("no", "edit"), requesters, (*Server).edit},
		{"GET", string(api.Windows), all, (*Server).windows},
		{"GET", api.Windows.Pattern("id"), all, (*Server).window},

		{"GET", string(api.Deputies), everyStaff(), (*Server).deputies},
	}
}
