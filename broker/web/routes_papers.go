package web

import "sekimori/policy"

// papersRoutes are vendors and what they have on file. Looking at a copy asks the keeper, who also refuses the roles and
// ledgers it; the outer wall is therefore wide there.
func papersRoutes() []route {
	keep := those(policy.Requester, policy.Approver, policy.SecondApprover, policy.Auditor, policy.InformationSystems)
	file := who{vendors: true, roles: keep.roles}
	return []route{
		{"GET", "/v1/vendors", everyStaff(), (*Server).vendors},
		{"GET", "/v1/vendors/{id}", everyStaff(), (*Server).vendor},
		{"POST", "/v1/vendors/{id}/subcontract", those(policy.Approver, policy.SecondApprover, policy.InformationSystems), (*Server).approveSubcontract},
		{"POST", "/v1/papers", file, (*Server).filePaper},
		{"GET", "/v1/papers", file, (*Server).papers},
		{"GET", "/v1/papers/due", file, (*Server).papersDue},
		{"GET", "/v1/papers/{id}", file, (*Server).paper},
		{"GET", "/v1/papers/{id}/copy", everySignedIn(), (*Server).paperCopy},
		{"GET", "/v1/papers/{id}/verify", keep, (*Server).verifyPaper},
		{"POST", "/v1/papers/{id}/accept", keep, (*Server).acceptPaper},
		{"POST", "/v1/papers/{id}/withdraw", file, (*Server).withdrawPaper},
	}
}
