package web

import (
	"sekimori/broker/api"
	"sekimori/policy"
)

// attendanceRoutes are the attendant's acts on a window, and the stops of one. Package attendance decides who may attend
// a given window.
func attendanceRoutes() []route {
	attendant := those(policy.Attendant)
	look := those(policy.Requester, policy.Approver, policy.SecondApprover, policy.Attendant, policy.Auditor, policy.InformationSystems)
	return []route{
		{"GET", api.Windows.Pattern("id", "attendance"), look, (*Server).attendance},
		// All may call it: attendance refuses another person's heartbeat, and ledgers that once and not each time.
		{"POST", api.Windows.Pattern("id", "present"), everySignedIn(), (*Server).present},
		{"GET", api.Windows.Pattern("id", "operations"), attendant, (*Server).operations},
	}
}
