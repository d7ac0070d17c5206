package web

import (
	"slices"

	"sekimori/policy"
)

// route is one row of the table. Everything that the API does stands here, and a test walks it.
type route struct {
	method, path string
	who          who
	handle       func(*Server, *call) error
}

// routes is the table: the foundation's, and what each part of the procedure adds in a file of its own.
func routes() []route {
	return slices.Concat(foundationRoutes(), requestRoutes(), papersRoutes(), attendanceRoutes(), stopRoutes(), credentialRoutes(), calendarRoutes(), extensionRoutes(), emergencyRoutes(), reportRoutes())
}

func foundationRoutes() []route {
	sessions := those(policy.Approver, policy.SecondApprover, policy.Attendant, policy.Auditor, policy.InformationSystems)
	registrars := those(policy.Administrator, policy.InformationSystems)
	return []route{
		// Signing in, and what everybody may know.
		{"GET", "/v1/status", anyone(), (*Server).status},
		{"GET", "/v1/notice", anyone(), (*Server).notice},
		{"POST", "/v1/enroll/begin", anyone(), (*Server).enrollBegin},
		{"POST", "/v1/enroll/finish", anyone(), (*Server).enrollFinish},
		{"POST", "/v1/login", anyone(), (*Server).login},
		{"POST", "/v1/logout", everySignedIn(), (*Server).logout},
		{"GET", "/v1/whoami", everySignedIn(), (*Server).whoami},

		// The registry.
		{"POST", "/v1/apply", who{bootstrap: true, roles: []policy.Role{policy.Administrator}}, (*Server).apply},
		{"GET", "/v1/changes", registrars, (*Server).changes},
		{"POST", "/v1/changes/{no}/confirm", those(policy.InformationSystems), (*Server).confirm},
		{"POST", "/v1/changes/{no}/drop", registrars, (*Server).drop},
		{"POST", "/v1/vendors/{id}/lock", everyStaff(), (*Server).lockVendor},
		{"POST", "/v1/vendors/{id}/unlock", releasers(), (*Server).unlockVendor},
		{"GET", "/v1/people", everyStaff(), (*Server).people},
		{"GET", "/v1/people/{id}", everyStaff(), (*Server).personByID},
		{"POST", "/v1/people/{id}/lock", everyStaff(), (*Server).lockPerson},
		{"POST", "/v1/people/{id}/unlock", releasers(), (*Server).unlockPerson},
		{"POST", "/v1/people/{id}/enroll-code", registrars, (*Server).enrollCode},
		{"GET", "/v1/systems", everyStaff(), (*Server).systems},
		{"GET", "/v1/systems/{id}", everyStaff(), (*Server).system},
		{"GET", "/v1/targets", everyStaff(), (*Server).targets},
		{"GET", "/v1/targets/{id}", everyStaff(), (*Server).target},
		{"GET", "/v1/accounts", everyStaff(), (*Server).accounts},
		{"GET", "/v1/accounts/{id...}", everyStaff(), (*Server).account},
		{"POST", "/v1/secrets", those(policy.Administrator), (*Server).setSecret},

		// Sessions, recordings, reviews. Looking asks policy.Decide, which also refuses the roles
		// and is ledgered; the outer wall is therefore wide.
		{"GET", "/v1/sessions", sessions, (*Server).sessions},
		{"GET", "/v1/sessions/{id}", sessions, (*Server).session},
		{"POST", "/v1/sessions/{id}/end", everySignedIn(), (*Server).endSession},
		{"GET", "/v1/sessions/{id}/watch", everySignedIn(), (*Server).watch},
		{"GET", "/v1/recordings", sessions, (*Server).recordings},
		{"GET", "/v1/recordings/{id}", sessions, (*Server).recording},
		{"GET", "/v1/recordings/{id}/play", everySignedIn(), (*Server).play},
		{"GET", "/v1/recordings/{id}/file", everySignedIn(), (*Server).sealedFile},
		{"GET", "/v1/recordings/{id}/export", everySignedIn(), (*Server).exportRecording},
		{"GET", "/v1/recordings/{id}/verify", sessions, (*Server).verifyRecording},
		{"GET", "/v1/reviews", those(policy.Auditor, policy.Approver), (*Server).reviews},
		{"GET", "/v1/reviews/{id}", those(policy.Auditor, policy.Approver), (*Server).review},
		{"POST", "/v1/reviews/{id}/sign", everySignedIn(), (*Server).signReview},

		// Stops.
		{"GET", "/v1/freezes", everyStaff(), (*Server).freezes},
		{"POST", "/v1/freezes", everyStaff(), (*Server).freezeOn},
		{"POST", "/v1/freezes/{id}/lift", everyStaff(), (*Server).lift},

		// The ledger. Everybody on the staff may verify it.
		{"GET", "/v1/ledger", everySignedIn(), (*Server).entries},
		{"GET", "/v1/ledger/entries/{no}", everySignedIn(), (*Server).entry},
		{"GET", "/v1/ledger/export", everySignedIn(), (*Server).exportLedger},
		{"GET", "/v1/ledger/verify", everyStaff(), (*Server).verifyLedger},
		{"GET", "/v1/ledger/checkpoint", everyStaff(), (*Server).checkpoint},
	}
}
