package policy

import (
	"testing"
	"time"
)

func TestFindingsAreSeenByTheirRoles(t *testing.T) {
	t.Parallel()
	mine, other := Owner{Section: "S-1", Vendor: "V-1"}, Owner{Section: "S-2", Vendor: "V-1"}
	in := func(roles ...Role) Person { return Person{ID: "U-1", Kind: Staff, Section: "S-1", Roles: roles} }
	locked := in(Auditor)
	locked.Locked = &Lock{By: "U-9"}
	for _, c := range []struct {
		name        string
		p           Person
		mine, other bool
	}{
		{"auditor", in(Auditor), true, true}, {"IS section", in(InformationSystems), true, true}, {"second approver", in(SecondApprover), true, true},
		{"head", in(Approver), true, false},
		{"attendant", in(Attendant), false, false}, {"requester", in(Requester), false, false}, {"administrator", in(Administrator), false, false}, {"no role", in(), false, false},
		{"locked auditor", locked, false, false}, {"engineer", Person{ID: "E-1", Kind: Engineer, Vendor: "V-1", Roles: []Role{Auditor}}, false, false}, {"no one", Person{}, false, false},
	} {
		sight := SeeFindings(c.p)
		if sight.Sees(mine) != c.mine || sight.Sees(other) != c.other {
			t.Errorf("%s sees %v %v", c.name, sight.Sees(mine), sight.Sees(other))
		}
	}
}

// TestEachRuleOfAFindingRefuses: the owner answers, an auditor without a part in the work closes; no one does both.
func TestEachRuleOfAFindingRefuses(t *testing.T) {
	t.Parallel()
	work := Subject{Session: "R8-0001-1", Requester: "U-1", Approvers: []string{"U-2"}, Attendants: []string{"U-3"}, Answered: []string{"U-4"}}
	open := QuestionFacts{Review: "F-001", To: Addressee{Vendor: "V-1"}, By: "U-7", Open: true}
	closed := open
	closed.Open = false
	engineer, contact := Person{ID: "E-1", Kind: Engineer, Vendor: "V-1"}, Person{ID: "C-1", Kind: Contact, Vendor: "V-1"}
	other := Person{ID: "E-2", Kind: Engineer, Vendor: "V-2"}
	for _, c := range []struct {
		name          string
		p             Person
		f             QuestionFacts
		answer, close Reason
	}{
		{"an engineer of the vendor", engineer, open, "", Forbidden}, {"its contact", contact, open, "", Forbidden}, {"another vendor", other, open, Forbidden, Forbidden},
		{"after it was closed", engineer, closed, AlreadyDecided, Forbidden},
		{"the auditor who opened it", auditorNamed("U-7"), open, Forbidden, ""}, {"another auditor", auditorNamed("U-8"), open, Forbidden, ""},
		{"an auditor after it was closed", auditorNamed("U-8"), closed, Forbidden, AlreadyDecided},
		{"the requester", auditorNamed("U-1"), open, Forbidden, AuditorConflict}, {"the approver", auditorNamed("U-2"), open, Forbidden, AuditorConflict},
		{"the attendant", auditorNamed("U-3"), open, Forbidden, AuditorConflict}, {"an auditor who answered", auditorNamed("U-4"), open, Forbidden, AuditorConflict},
		{"the head", Person{ID: "U-5", Kind: Staff, Roles: []Role{Approver}}, open, Forbidden, Forbidden},
	} {
		if d := MayAnswerFinding(c.p, c.f, time.Time{}); d.Reason != c.answer || d.Allow != (c.answer == "") {
			t.Errorf("%s answers: %+v", c.name, d)
		}
		if d := MayCloseFinding(c.p, work, c.f, time.Time{}); d.Reason != c.close || d.Allow != (c.close == "") {
			t.Errorf("%s closes: %+v", c.name, d)
		}
	}
}

// TestAttackTheOwnersSectionClosesTheOwnFinding: an auditor of the section that a finding asks does not close it, although a colleague answered. The one who
// opened it is no owner, and a party to the work's files closes none.
func TestAttackTheOwnersSectionClosesTheOwnFinding(t *testing.T) {
	t.Parallel()
	work := Subject{Session: "R8-0001-1", Requester: "U-1", Approvers: []string{"U-2"}, Parties: []string{"U-6"}, Answered: []string{"U-4"}}
	f := QuestionFacts{Review: "F-001", To: Addressee{Section: "joho"}, By: "U-7", Open: true}
	in := func(id, section string) Person { p := auditorNamed(id); p.Section = section; return p }
	for name, c := range map[string]struct {
		p    Person
		want Reason
	}{
		"of the section": {in("U-8", "joho"), AuditorConflict}, "of another": {in("U-8", "kansa"), ""}, "of none": {in("U-8", ""), ""}, "who opened it": {in("U-7", "joho"), ""},
		"who let a file through": {in("U-6", "kansa"), AuditorConflict},
	} {
		if d := MayCloseFinding(c.p, work, f, time.Time{}); d.Reason != c.want || d.Allow != (c.want == "") {
			t.Errorf("an auditor %s: %+v", name, d)
		}
	}
	if d := MaySignReview(in("U-6", "kansa"), work, "", time.Time{}); d.Reason != AuditorConflict {
		t.Errorf("signs the review: %+v", d)
	}
}
