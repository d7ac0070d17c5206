package web

import "sekimori/policy"

// attendanceRoutes are what attendants do with a window, and who may stop one. Who may attend this very window is the
// post's to say.
func attendanceRoutes() []route {
	attendant := those(policy.Attendant)
	stoppers := those(policy.Approver, policy.SecondApprover, policy.Attendant, policy.Auditor, policy.InformationSystems)
	heads := those(policy.Approver, policy.SecondApprover)
	look := those(policy.Requester, policy.Approver, policy.SecondApprover, policy.Attendant, policy.Auditor, policy.InformationSystems)
	return []route{
		{"GET", "/v1/windows/{id}/attendance", look, (*Server).attendance},
		{"POST", "/v1/windows/{id}/open", attendant, (*Server).openWindow},
		{"POST", "/v1/windows/{id}/close", stoppers, (*Server).closeWindow},
		{"POST", "/v1/windows/{id}/cut", stoppers, (*Server).cutWindow},
		{"POST", "/v1/windows/{id}/identity", attendant, (*Server).identity},
		{"POST", "/v1/windows/{id}/permit", attendant, (*Server).permit},
		{"POST", "/v1/windows/{id}/unpermit", stoppers, (*Server).unpermit},
		{"POST", "/v1/windows/{id}/tick", attendant, (*Server).tick},
		{"POST", "/v1/windows/{id}/backup", attendant, (*Server).backup},
		{"POST", "/v1/windows/{id}/override", heads, (*Server).override},
		// Wide, because a heartbeat of somebody else is the post's to refuse, once in the ledger and not each time.
		{"POST", "/v1/windows/{id}/present", everySignedIn(), (*Server).present},
		{"GET", "/v1/windows/{id}/operations", attendant, (*Server).operations},
		{"POST", "/v1/windows/{id}/handover", those(policy.Attendant, policy.Approver), (*Server).handover},
		{"POST", "/v1/windows/{id}/take", attendant, (*Server).takeOver},
		{"POST", "/v1/sessions/{id}/pause", everySignedIn(), (*Server).pauseSession},
		{"POST", "/v1/sessions/{id}/resume", everySignedIn(), (*Server).resumeSession},
	}
}
