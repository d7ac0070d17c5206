package web

import (
	"slices"
	"testing"
	"time"

	"sekimori/broker/accounts"
	"sekimori/broker/act"
	"sekimori/broker/announcement"
	"sekimori/broker/annual"
	"sekimori/broker/attendance"
	"sekimori/broker/confirmation"
	"sekimori/broker/correction"
	"sekimori/broker/files"
	"sekimori/broker/freeze"
	"sekimori/broker/interlock"
	"sekimori/broker/lateentry"
	"sekimori/broker/papers"
	"sekimori/broker/permits"
	"sekimori/broker/reconcile"
	"sekimori/broker/reports"
	"sekimori/broker/requests"
	"sekimori/broker/review"
	"sekimori/broker/roster"
	"sekimori/broker/sealing"
	"sekimori/policy"
)

// ownRoutes are acts that are offered and have a route of their own.
var ownRoutes = map[string]string{
	"request submit --edit": "its body is a form",
}

// TestEveryActIsWhole: an act that is mounted is offered, and the other way round; it has its rule and its callers.
func TestEveryActIsWhole(t *testing.T) {
	offered := map[string]string{}
	ofSubject(t, offered, requests.OnRequest.Acts)
	ofSubject(t, offered, requests.OnDraft.Acts)
	ofSubject(t, offered, slices.Concat(requests.OnWindow.Acts, attendance.OnWindow.Acts, interlock.OnWindow.Acts))
	ofSubject(t, offered, interlock.OnSystem.Acts)
	ofSubject(t, offered, accounts.OnTarget.Acts)
	ofSubject(t, offered, requests.OnExtension.Acts)
	ofSubject(t, offered, reports.OnWindow.Acts)
	ofSubject(t, offered, attendance.OnSession.Acts)
	ofSubject(t, offered, freeze.Anew.Acts)
	ofSubject(t, offered, freeze.OnFreeze.Acts)
	ofSubject(t, offered, slices.Concat(freeze.OnPerson.Acts, freeze.OnVendor.Acts))
	ofSubject(t, offered, freeze.OnRecording.Acts)
	ofSubject(t, offered, review.OnReview.Acts)
	ofSubject(t, offered, review.OnFinding.Acts)
	ofSubject(t, offered, confirmation.OnDay(time.UTC).Acts)
	ofSubject(t, offered, correction.OnEntry.Acts)
	ofSubject(t, offered, announcement.OnChange.Acts)
	ofSubject(t, offered, annual.OnYear.Acts)
	ofSubject(t, offered, files.OnFile.Acts)
	ofSubject(t, offered, permits.OnNone.Acts)
	ofSubject(t, offered, sealing.OnKey.Acts)
	ofSubject(t, offered, sealing.OnNone.Acts)
	ofSubject(t, offered, sealing.OnAccess.Acts)
	ofSubject(t, offered, permits.OnPermit.Acts)
	ofSubject(t, offered, lateentry.OnNone.Acts)
	ofSubject(t, offered, lateentry.OnEntry.Acts)
	ofSubject(t, offered, reconcile.OnTarget.Acts)
	ofSubject(t, offered, reconcile.OnLogin.Acts)
	ofSubject(t, offered, roster.OnVendor.Acts)
	ofSubject(t, offered, papers.OnPaper.Acts)
	ofSubject(t, offered, papers.OnVendor.Acts)
	ofSubject(t, offered, reports.OnReport.Acts)
	ofSubject(t, offered, requests.OnDeputation.Acts)
	ofSubject(t, offered, requests.NewDeputy.Acts)
	mounted := slices.Concat(act.Specs(reconcile.Acts()), act.Specs(requests.Acts()), act.Specs(attendance.Acts()), act.Specs(freeze.Acts()), act.Specs(review.Acts()), act.Specs(permits.Acts()), act.Specs(roster.Acts()),
		act.Specs(papers.Acts()), act.Specs(reports.Acts()), act.Specs(confirmation.Acts()), act.Specs(correction.Acts()), act.Specs(announcement.Acts()), act.Specs(annual.Acts()), act.Specs(interlock.Acts()), act.Specs(accounts.Acts()), act.Specs(files.Acts()), act.Specs(sealing.Acts()), act.Specs(lateentry.Acts()))
	for _, s := range mounted {
		if _, ok := offered[s.Route()]; !ok {
			t.Errorf("%s is mounted twice, or stands in no Subject's Acts: nobody is offered it", s.Route())
		}
		delete(offered, s.Route())
	}
	for route, command := range offered {
		if ownRoutes[command] == "" {
			t.Errorf("%s is offered and no Acts() mounts it", route)
		}
	}
	if len(offered) != len(ownRoutes) {
		t.Errorf("acts with a route of their own: %v, want %v", offered, ownRoutes)
	}
	if len(mounted) != len(actRoutes()) {
		t.Errorf("%d acts are asked here and %d mounted: name the new package", len(mounted), len(actRoutes()))
	}
}

// ofSubject notes the acts by route, with their commands.
func ofSubject[F any](t *testing.T, offered map[string]string, acts []act.Act[F]) {
	t.Helper()
	for _, a := range acts {
		if a.May == nil {
			t.Errorf("%s has no rule: every caller may", a.Route())
		}
		if c := a.Callers; !c.Everyone && !c.Vendors && !c.Deputies && len(c.Roles) == 0 {
			t.Errorf("%s names no callers: it refuses everyone", a.Route())
		}
		offered[a.Route()] = a.Command
	}
}

// TestAttackActWithoutCallers: an act that forgets its callers refuses everyone.
func TestAttackActWithoutCallers(t *testing.T) {
	all := []policy.Role{policy.Requester, policy.Approver, policy.SecondApprover, policy.Attendant, policy.Auditor, policy.Administrator, policy.InformationSystems}
	for _, kind := range []policy.PersonKind{policy.Staff, policy.Engineer, policy.Contact} {
		if (act.Callers{}).Allow(policy.Person{ID: "U-1", Kind: kind, Roles: all}) {
			t.Errorf("%s may call an act without callers", kind)
		}
	}
}
