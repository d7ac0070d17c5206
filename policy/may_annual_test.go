package policy_test

import (
	"testing"
	"time"

	. "sekimori/policy"
)

func TestMayReadYear(t *testing.T) {
	for _, c := range []struct {
		p    Person
		want bool
	}{
		{Person{}, false}, {Person{Kind: Staff, Roles: []Role{Requester, Attendant, Administrator}}, false}, {Person{Kind: Contact, Roles: []Role{Auditor}}, false},
		{Person{Kind: Staff, Roles: []Role{Approver}}, true}, {Person{Kind: Staff, Roles: []Role{SecondApprover}}, true}, {Person{Kind: Staff, Roles: []Role{InformationSystems}}, true},
		{Person{Kind: Staff, Roles: []Role{Auditor}}, true}, {Person{Kind: Staff, Roles: []Role{Auditor}, Locked: &Lock{}}, false},
	} {
		if got := MayReadYear(c.p).Allow; got != c.want {
			t.Errorf("%+v: %v", c.p, got)
		}
	}
}

func TestMayFinaliseYear(t *testing.T) {
	ends := time.Date(2027, 4, 1, 0, 0, 0, 0, time.UTC)
	person := func(id string, roles ...Role) Person { return Person{ID: id, Kind: Staff, Roles: roles} }
	second, section, auditor := person("U-1", SecondApprover), person("U-2", InformationSystems), person("U-3", Auditor)
	both := person("U-4", InformationSystems, Auditor)
	open := YearFacts{Year: "R8", Ends: ends}
	bySection, byAuditor, final := open, open, open
	bySection.AgreedBy, bySection.Office = "U-2", InformationSystems
	byAuditor.AgreedBy, byAuditor.Office = "U-3", Auditor
	final.Final = true
	for i, c := range []struct {
		p    Person
		f    YearFacts
		now  time.Time
		want Reason
	}{
		{second, open, ends, ""}, {section, open, ends, ""}, {auditor, open, ends, ""}, {auditor, open, ends.Add(1), ""},
		{auditor, open, ends.Add(-1), YearNotOver}, {auditor, YearFacts{}, ends, YearNotOver},
		{person("U-5", Approver, Administrator), open, ends, Forbidden}, {Person{}, open, ends, Forbidden}, {Person{ID: "E-1", Kind: Contact, Roles: []Role{Auditor}}, open, ends, Forbidden},
		{auditor, bySection, ends, ""}, {second, bySection, ends, OtherOfficeAgrees}, {section, bySection, ends, OtherOfficeAgrees},
		{section, byAuditor, ends, ""}, {second, byAuditor, ends, ""}, {auditor, byAuditor, ends, OtherOfficeAgrees}, {person("U-6", Auditor), byAuditor, ends, OtherOfficeAgrees},
		{both, bySection, ends, ""}, {both, byAuditor, ends, OtherOfficeAgrees}, {person("U-2", Auditor, InformationSystems), bySection, ends, OtherOfficeAgrees},
		{auditor, final, ends, AlreadyDecided}, {section, final, ends, AlreadyDecided},
	} {
		if got := MayFinaliseYear(c.p, c.f, c.now); got.Reason != c.want || got.Allow != (c.want == "") {
			t.Errorf("%d: %+v, want %q", i, got, c.want)
		}
	}
	if d := MayWithdrawYear(section, bySection, ends); !d.Allow {
		t.Error(d)
	}
	for _, f := range []YearFacts{{}, open, final} {
		if d := MayWithdrawYear(section, f, ends); d.Allow {
			t.Errorf("withdrawn without an agreement, or after both: %+v", f)
		}
	}
	if MayWithdrawYear(person("U-5", Approver), bySection, ends).Allow || MayCorrectYear(person("U-5", Approver), final, ends).Allow || !MayCorrectYear(auditor, final, ends).Allow {
		t.Error("offices")
	}
	if MayNoteOpinion(auditor, open, ends).Allow || !MayNoteOpinion(second, open, ends).Allow || !MayNoteOpinion(section, open, ends).Allow || MayNoteOpinion(Person{}, open, ends).Allow {
		t.Error("opinions")
	}
}
