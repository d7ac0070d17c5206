package policy

import (
	"testing"
	"time"
)

// Work from paper is entered by one person of the owning section and confirmed by another; no one confirms their own.
func TestLateEntries(t *testing.T) {
	hr := System{ID: "hr", Section: "personnel"}
	person := func(id, section string, roles ...Role) Person {
		return Person{ID: id, Kind: Staff, Section: section, Roles: roles}
	}
	clerk, head, is := person("U-1", "personnel", Requester), person("U-2", "personnel", Approver), person("U-3", "is", SecondApprover)
	locked := head
	locked.Locked = &Lock{}
	in := func(state LateState, by string) LateFacts {
		return LateFacts{ID: "LE-0001", State: state, EnteredBy: by, System: hr}
	}
	may := func(rule func(Person, LateFacts, time.Time) Decision, p Person, f LateFacts) Decision {
		return rule(p, f, time.Time{})
	}
	for name, c := range map[string]struct {
		got  Decision
		want Reason
	}{
		"the section enters":              {MayEnterLate(clerk, hr), ""},
		"its attendant enters":            {MayEnterLate(person("U-4", "personnel", Attendant), hr), ""},
		"another section enters":          {MayEnterLate(person("U-5", "tax", Requester), hr), Forbidden},
		"an auditor enters":               {MayEnterLate(person("U-6", "personnel", Auditor), hr), Forbidden},
		"an engineer enters":              {MayEnterLate(Person{ID: "E-1", Kind: Engineer, Section: "personnel", Roles: []Role{Requester}}, hr), Forbidden},
		"of no section":                   {MayEnterLateAtAll(person("U-7", "", Requester)), Forbidden},
		"the head confirms":               {may(MayConfirmLate, head, in(LateEntered, "U-1")), ""},
		"the IS section confirms":         {may(MayConfirmLate, is, in(LateEntered, "U-1")), ""},
		"the head confirms their own":     {may(MayConfirmLate, head, in(LateEntered, "U-2")), OwnLateEntry},
		"entered by no one":               {may(MayConfirmLate, head, in(LateEntered, "")), OwnLateEntry},
		"a requester confirms":            {may(MayConfirmLate, person("U-8", "personnel", Requester), in(LateEntered, "U-1")), Forbidden},
		"another section's head confirms": {may(MayConfirmLate, person("U-9", "tax", Approver), in(LateEntered, "U-1")), Forbidden},
		"a locked head confirms":          {may(MayConfirmLate, locked, in(LateEntered, "U-1")), Forbidden},
		"confirmed twice":                 {may(MayConfirmLate, head, in(LateConfirmed, "U-1")), AlreadyDecided},
		"a rejected one is confirmed":     {may(MayConfirmLate, head, in(LateRejected, "U-1")), AlreadyDecided},
		"the clerk takes it back":         {may(MayRejectLate, clerk, in(LateEntered, "U-1")), ""},
		"the IS section rejects":          {may(MayRejectLate, is, in(LateEntered, "U-1")), ""},
		"another section rejects":         {may(MayRejectLate, person("U-5", "tax", Approver), in(LateEntered, "U-1")), Forbidden},
		"a confirmed one is rejected":     {may(MayRejectLate, head, in(LateConfirmed, "U-1")), AlreadyDecided},
		"an unknown state":                {may(MayConfirmLate, head, in("", "U-1")), AlreadyDecided},
	} {
		if c.got.Reason != c.want || c.got.Allow != (c.want == "") {
			t.Errorf("%s: %+v, want %q", name, c.got, c.want)
		}
	}
}
