package web

import "sekimori/policy"

// attendanceRoutes are what attendants do with a window, and who may stop one. Who may attend this very window is the
// post's to say.
func attendanceRoutes() []route {
	attendant := those(policy.Attendant)
	stoppers := those(policy.Approver, policy.SecondApprover, policy.Attendant, policy.Auditor, policy.InformationSystems)
	return []route{
		{"POST", "/v1/windows/{id}/open", attendant, (*Server).openWindow},
		{"POST", "/v1/windows/{id}/close", stoppers, (*Server).closeWindow},
		{"POST", "/v1/windows/{id}/cut", stoppers, (*Server).cutWindow},
		{"POST", "/v1/windows/{id}/identity", attendant, (*Server).identity},
		{"POST", "/v1/windows/{id}/permit", attendant, (*Server).permit},
	}
}
