package web

import (
	"sekimori/broker/api"
	"sekimori/broker/view"
	"sekimori/policy"
)

// papersRoutes are the routes of vendors and their papers. For a look at a copy the keeper checks the role and
// ledgers refusals, so this outer check admits many there.
func papersRoutes() []route {
	keep := those(policy.Requester, policy.Approver, policy.SecondApprover, policy.Auditor, policy.InformationSystems)
	file := staffOrVendors(keep.Roles...)
	return []route{
		{"GET", string(api.Vendors), everyStaff(), listed((*view.Views).Vendors)},
		{"GET", api.Vendors.Pattern("id"), everyStaff(), one((*view.Views).VendorPage)},
		{"POST", string(api.Papers), file, (*Server).filePaper},
		{"GET", string(api.Papers), file, (*Server).papers},
		{"GET", string(api.PapersDuePath), file, (*Server).papersDue},
		{"GET", api.Papers.Pattern("id"), file, one((*view.Views).Paper)},
		{"GET", api.Papers.Pattern("id", "copy"), everySignedIn(), (*Server).paperCopy},
		{"GET", api.Papers.Pattern("id", "verify"), keep, (*Server).verifyPaper},
	}
}
