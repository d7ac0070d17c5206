package policy

import (
	"testing"
	"time"
)

// An attendant from before a handover may still stop the work and note observations; only the present one lets it go on.
func TestWhoMayDoWhatWithASession(t *testing.T) {
	f := SessionFacts{Attendant: "now", Subject: Subject{Session: "S-1", Section: "jinji", Approvers: []string{"decided"}, Attendants: []string{"before", "now"}}}
	people := map[string]Person{
		"before": {Roles: []Role{Attendant}}, "now": {Roles: []Role{Attendant}}, "attendant": {Section: "jinji", Roles: []Role{Attendant}},
		"head": {Section: "jinji", Roles: []Role{Approver}}, "decided": {Section: "zaisei", Roles: []Role{SecondApprover}}, "foreign": {Section: "zaisei", Roles: []Role{Approver}},
		"systems": {Roles: []Role{InformationSystems}}, "auditor": {Roles: []Role{Auditor}}, "administrator": {Roles: []Role{Administrator}},
	}
	for name, one := range map[string]struct {
		rule func(Person, SessionFacts, time.Time) Decision
		may  map[string]bool
	}{
		"end":      {MayEnd, map[string]bool{"before": true, "now": true, "head": true, "decided": true, "systems": true}},
		"resume":   {MayResume, map[string]bool{"now": true, "head": true, "decided": true, "systems": true}},
		"had post": {HadPost, map[string]bool{"before": true, "now": true}},
		"message":  {MayMessage, map[string]bool{"now": true}},
	} {
		for id, p := range people {
			p.ID, p.Kind = id, Staff
			if d := one.rule(p, f, time.Time{}); d.Allow != one.may[id] || !d.Allow && d.Reason != Forbidden {
				t.Errorf("%s by %s: %+v", name, id, d)
			}
			p.Locked = &Lock{}
			if name != "had post" && name != "message" && one.rule(p, f, time.Time{}).Allow {
				t.Errorf("%s by %s, who is locked", name, id)
			}
		}
	}
	for _, kind := range []PersonKind{Engineer, Contact} {
		if MayEnd(Person{ID: "now", Kind: kind}, f, time.Time{}).Allow {
			t.Errorf("end by an %s", kind)
		}
	}
}
