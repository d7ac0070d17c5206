package web

import (
	"slices"

	"sekimori/broker/act"
	"sekimori/broker/api"
	"sekimori/broker/view"
	"sekimori/policy"
)

// route is one row of the table. The table is the whole API, and a test walks it.
type route struct {
	method, path string
	callers      callers
	handle       func(*Server, *call) error
}

// routes is the whole table: the rows here and those that each part of the procedure adds in its own file.
func routes() []route {
	return slices.Concat(foundationRoutes(), actRoutes(), requestRoutes(), papersRoutes(), attendanceRoutes(), alarmRoutes(), credentialRoutes(), calendarRoutes(), extensionRoutes(), emergencyRoutes(), reportRoutes(), draftRoutes(), permitRoutes(), lateRoutes(), dayRoutes(), noticeRoutes(), reconcileRoutes(), fileRoutes(), searchRoutes(), sealingRoutes(), siemRoutes())
}

func foundationRoutes() []route {
	recordings := those(policy.Approver, policy.SecondApprover, policy.Attendant, policy.Auditor, policy.InformationSystems)
	sessions := staffOrDeputies(recordings.Roles...)
	registrars := those(policy.Administrator, policy.InformationSystems)
	return []route{
		// Signing in, and information open to all.
		{"GET", string(api.StatusPath), anyone(), (*Server).status},
		{"GET", string(api.NoticePath), anyone(), (*Server).notice},
		{"POST", string(api.EnrollBeginPath), anyone(), (*Server).enrollBegin},
		{"POST", string(api.EnrollFinishPath), anyone(), (*Server).enrollFinish},
		{"POST", string(api.LoginPath), anyone(), (*Server).login},
		{"POST", string(api.LogoutPath), everySignedIn(), (*Server).logout},
		{"GET", string(api.WhoAmIPath), everySignedIn(), (*Server).whoami},
		{"GET", string(api.NamesPath), everyStaff(), listed((*view.Views).PeopleNames)},

		// The registry.
		{"POST", string(api.ApplyPath), callers{bootstrap: true, Callers: act.Those(policy.Administrator)}, (*Server).apply},
		{"GET", string(api.Changes), registrars, listed((*view.Views).Changes)},
		{"POST", api.Changes.Pattern("no", "confirm"), those(policy.InformationSystems), (*Server).confirm},
		{"POST", api.Changes.Pattern("no", "drop"), registrars, (*Server).drop},
		{"GET", string(api.People), everyStaff(), listed((*view.Views).People)},
		{"GET", api.People.Pattern("id"), everyStaff(), one((*view.Views).Person)},
		{"POST", api.People.Pattern("id", "enroll-code"), registrars, (*Server).enrollCode},
		{"GET", string(api.Systems), everyStaff(), listed((*view.Views).Systems)},
		{"GET", api.Systems.Pattern("id"), everyStaff(), one((*view.Views).System)},
		{"GET", string(api.Lines), everyStaff(), listed((*view.Views).Lines)},
		{"GET", api.Lines.Pattern("id"), everyStaff(), one((*view.Views).Line)},
		{"GET", string(api.Targets), everyStaff(), listed((*view.Views).Targets)},
		{"GET", api.Targets.Pattern("id"), everyStaff(), one((*view.Views).Target)},
		{"GET", string(api.Accounts), everyStaff(), listed((*view.Views).Accounts)},
		{"GET", api.Accounts.Pattern("id..."), everyStaff(), one((*view.Views).Account)},
		{"POST", string(api.SecretsPath), those(policy.Administrator), (*Server).setSecret},

		// Sessions, recordings, reviews. Looking asks policy.Decide, which also refuses roles
		// and is ledgered; so this outer check admits many.
		{"GET", string(api.Sessions), sessions, (*Server).sessions},
		{"GET", api.Sessions.Pattern("id"), sessions, (*Server).session},
		{"GET", api.Sessions.Pattern("id", "watch"), everySignedIn(), (*Server).watch},
		{"GET", api.Sessions.Pattern("id", "summary"), everySignedIn(), (*Server).summary},
		{"GET", api.Sessions.Pattern("id", "proof"), everySignedIn(), (*Server).proof},
		{"GET", string(api.Recordings), recordings, (*Server).recordings},
		{"GET", api.Recordings.Pattern("id"), recordings, (*Server).recording},
		{"GET", api.Recordings.Pattern("id", "play"), everySignedIn(), (*Server).play},
		{"GET", api.Recordings.Pattern("id", "file"), everySignedIn(), (*Server).sealedFile},
		{"GET", api.Recordings.Pattern("id", "keys"), everySignedIn(), (*Server).sealedKeys},
		{"GET", api.Recordings.Pattern("id", "export"), everySignedIn(), (*Server).exportRecording},
		{"GET", api.Recordings.Pattern("id", "verify"), recordings, (*Server).verifyRecording},
		{"GET", string(api.Reviews), those(policy.Auditor, policy.Approver), (*Server).reviews},
		{"GET", string(api.QuestionsPath), everySignedIn(), listed((*view.Views).Questions)},
		{"GET", api.Reviews.Pattern("id"), those(policy.Auditor, policy.Approver), (*Server).review},
		{"GET", string(api.Findings), everySignedIn(), listed((*view.Views).Findings)},
		{"GET", api.Findings.Pattern("id"), everySignedIn(), one((*view.Views).Finding)},

		// Stops.
		{"GET", string(api.Freezes), everyStaff(), listed((*view.Views).Freezes)},
		{"GET", api.Freezes.Pattern("id"), everyStaff(), one((*view.Views).Freeze)},
		{"GET", api.Freezes.Pattern("id", "timeline"), everySignedIn(), (*Server).incidentTimeline},
		{"GET", api.Freezes.Pattern("id", "bundle"), everySignedIn(), (*Server).exportIncident},

		// The ledger. All staff may verify it.
		{"GET", string(api.LedgerPath), everySignedIn(), (*Server).entries},
		{"GET", api.LedgerEntries.Pattern("no"), everySignedIn(), (*Server).entry},
		{"GET", string(api.LedgerExportPath), everySignedIn(), (*Server).exportLedger},
		{"GET", string(api.Forms), everyStaff(), (*Server).forms},
		{"GET", api.Forms.Pattern("form"), everyStaff(), (*Server).formFile}, // which person reads which form is judged as for the thing itself
		{"GET", api.Years.Pattern("fy"), those(policy.Approver, policy.SecondApprover, policy.InformationSystems, policy.Auditor), (*Server).annual},
		{"GET", string(api.LedgerVerifyPath), everyStaff(), (*Server).verifyLedger},
		{"GET", string(api.CheckpointPath), everyStaff(), (*Server).checkpoint},
		{"GET", string(api.PolicyPath), everyStaff(), (*Server).ledgerPolicy},
	}
}

// Posts are the paths of the table that change something, for comparing the doors.
func Posts() []string {
	var out []string
	for _, r := range routes() {
		if r.method == "POST" {
			out = append(out, r.path)
		}
	}
	return out
}
