package policy_test

import (
	"testing"
	"time"

	. "sekimori/policy"
)

func TestCanApprove(t *testing.T) {
	second := func(p *Person, r *Request) {
		*p = Person{ID: "U-002", Kind: Staff, Section: "is", Roles: []Role{SecondApprover}}
		r.State, r.System.SecondStage = PendingSecond, true
		r.Approvals = []Approval{{Stage: 1, By: "U-001", Version: 2}}
	}
	rows := []struct {
		name   string
		change func(p *Person, r *Request)
		want   Reason // empty: allowed
	}{
		{"first stage", func(p *Person, r *Request) {}, ""},
		{"second stage", second, ""},
		{"second stage by the information-systems section", func(p *Person, r *Request) {
			second(p, r)
			p.Roles = []Role{InformationSystems}
		}, ""},
		{"nobody", func(p *Person, r *Request) { p.ID = "" }, Forbidden},
		{"engineer", func(p *Person, r *Request) { p.Kind = Engineer }, Forbidden},
		{"vendor contact", func(p *Person, r *Request) { p.Kind = Contact }, Forbidden},
		{"locked", func(p *Person, r *Request) { p.Locked = &Lock{} }, Forbidden},
		{"no role", func(p *Person, r *Request) { p.Roles = nil }, Forbidden},
		{"administrator", func(p *Person, r *Request) { p.Roles = []Role{Administrator} }, Forbidden},
		{"auditor", func(p *Person, r *Request) { p.Roles = []Role{Auditor} }, Forbidden},
		{"another section", func(p *Person, r *Request) { p.Section = "tax" }, Forbidden},
		{"no section on either side", func(p *Person, r *Request) { p.Section, r.System.Section = "", "" }, Forbidden},
		{"second approver on the first stage", func(p *Person, r *Request) { p.Roles = []Role{SecondApprover} }, Forbidden},
		{"head on the second stage", func(p *Person, r *Request) { second(p, r); p.Roles = []Role{Approver} }, Forbidden},
		{"own request", func(p *Person, r *Request) { r.Requester = p.ID }, SelfApproval},
		{"own proposal", func(p *Person, r *Request) { r.Proposer = p.ID }, SelfApproval},
		{"own work", func(p *Person, r *Request) { r.Engineers = append(r.Engineers, p.ID) }, SelfApproval},
		{"requester unknown", func(p *Person, r *Request) { r.Requester = "" }, SelfApproval},
		{"same person twice", func(p *Person, r *Request) {
			second(p, r)
			r.Approvals[0].By = p.ID
		}, SameSecondApprover},
		{"first approval is of an older version", func(p *Person, r *Request) {
			second(p, r)
			r.Approvals[0].Version = 1
		}, RequestChanged},
		{"second stage without a first", func(p *Person, r *Request) { second(p, r); r.Approvals = nil }, RequestChanged},
		{"second stage on a first approval that is void", func(p *Person, r *Request) { second(p, r); r.Approvals[0].Void = true }, Forbidden},
		{"first stage again, after one that is void", func(p *Person, r *Request) {
			who := *p
			second(p, r)
			*p, r.Approvals[0].By, r.Approvals[0].Void = who, "U-003", true
		}, ""},
		{"second stage, the first taken again after a void one", func(p *Person, r *Request) {
			second(p, r)
			r.Approvals = append([]Approval{{Stage: 1, By: "U-003", Version: 2, Void: true}}, r.Approvals...)
		}, ""},
		{"first stage decided", func(p *Person, r *Request) { r.Approvals = []Approval{{Stage: 1, By: "U-003", Version: 2}} }, AlreadyDecided},
		{"draft", func(p *Person, r *Request) { r.State = RequestDraft }, AlreadyDecided},
		{"proposed", func(p *Person, r *Request) { r.State = RequestProposed }, AlreadyDecided},
		{"approved", func(p *Person, r *Request) { r.State = RequestApproved }, AlreadyDecided},
		{"rejected", func(p *Person, r *Request) { r.State = RequestRejected }, AlreadyDecided},
		{"state unknown", func(p *Person, r *Request) { r.State = "" }, AlreadyDecided},
		{"attends oneself", func(p *Person, r *Request) { r.Attendant = p.ID }, Forbidden},
		{"attends oneself, the system allows", func(p *Person, r *Request) { r.Attendant, r.System.ApproverMayAttend = p.ID, true }, ""},
		{"frozen", func(p *Person, r *Request) { r.Frozen = true }, Frozen},
		{"no start", func(p *Person, r *Request) { r.Start = time.Time{} }, WindowOver},
		{"ends before it starts", func(p *Person, r *Request) { r.End = r.Start }, WindowOver},
		{"root without a reason", func(p *Person, r *Request) { r.Root, r.System.SecondStage = true, true }, FeatureNotGranted},
		{"root with an empty reason", func(p *Person, r *Request) {
			r.Root, r.RootReason, r.System.SecondStage = true, " \n", true
		}, FeatureNotGranted},
		{"root, to be followed by a second stage", func(p *Person, r *Request) { r.Root, r.RootReason = true, "版の更新" }, ""},
		{"root with both", func(p *Person, r *Request) { r.Root, r.RootReason, r.System.SecondStage = true, "版の更新", true }, ""},
		{"root, second stage", func(p *Person, r *Request) { second(p, r); r.Root, r.RootReason = true, "版の更新" }, ""},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			p, r := awaiting()
			row.change(&p, &r)
			d := CanApprove(p, r, mid.AddDate(0, 0, -1))
			if d.Allow != (row.want == "") || d.Reason != row.want {
				t.Errorf("got allow=%v %q, want %q", d.Allow, d.Reason, row.want)
			}
		})
	}
}

func TestCanApproveUntilTheStart(t *testing.T) {
	p, r := awaiting()
	for offset := time.Duration(-1); offset <= 1; offset++ {
		d := CanApprove(p, r, start.Add(offset))
		if d.Allow != (offset < 0) || !d.Allow && d.Reason != WindowOver {
			t.Errorf("%+d ns: %+v", offset, d)
		}
	}
}

func TestAnApprovalStandsWhileItsGiverCouldGiveIt(t *testing.T) {
	head := Person{ID: "U-001", Kind: Staff, Section: "hr", Roles: []Role{Approver}}
	deputy := Person{ID: "U-003", Kind: Staff, Section: "hr"}
	is := Person{ID: "U-002", Kind: Staff, Section: "is", Roles: []Role{SecondApprover}}
	own, stead := Approval{Stage: 1, By: "U-001"}, Approval{Stage: 1, By: "U-003", OnBehalf: "U-001"}
	locked := func(p Person) Person { p.Locked = &Lock{}; return p }
	without := func(p Person) Person { p.Roles = nil; return p }
	moved := func(p Person) Person { p.Section = "tax"; return p }
	for name, row := range map[string]struct {
		made            Approval
		giver, stoodFor Person
		want            bool
	}{
		"by the head":                     {own, head, Person{}, true},
		"the head is locked":              {own, locked(head), Person{}, false},
		"the head lost the role":          {own, without(head), Person{}, false},
		"the head moved":                  {own, moved(head), Person{}, false},
		"nobody known":                    {own, Person{}, Person{}, false},
		"by a deputy":                     {stead, deputy, head, true},
		"the deputy is locked":            {stead, locked(deputy), head, false},
		"whom they stood for is locked":   {stead, deputy, locked(head), false},
		"whom they stood for moved":       {stead, deputy, moved(head), false},
		"whom they stood for is unknown":  {stead, deputy, Person{}, false},
		"the second":                      {Approval{Stage: 2, By: "U-002"}, is, Person{}, true},
		"the second without the role now": {Approval{Stage: 2, By: "U-002"}, without(is), Person{}, false},
	} {
		if got := row.made.Stands(row.giver, row.stoodFor, "hr"); got != row.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
