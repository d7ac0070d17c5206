package policy_test

import (
	"slices"
	"testing"
	"time"

	. "sekimori/policy"
)

// away makes the deputy decide for an approver from a day before early to a day after it.
func away(approver, deputy string) Deputation {
	return Deputation{For: approver, Deputy: deputy, From: early.AddDate(0, 0, -1), Until: early.AddDate(0, 0, 1), Reason: "出張", SetBy: approver}
}

// appointed is away with another appointer.
func appointed(by, approver, deputy string) Deputation {
	d := away(approver, deputy)
	d.SetBy = by
	return d
}

func TestDeputies(t *testing.T) {
	rows := []struct {
		name   string
		change func(p *Person, r *Request)
		want   Reason
		behalf string
	}{
		{"for the head who is away", func(p *Person, r *Request) {}, "", "U-001"},
		{"nobody is away", func(p *Person, r *Request) { r.Deputations = nil }, Forbidden, ""},
		{"somebody else's deputy", func(p *Person, r *Request) { r.Deputations = []Deputation{away("U-001", "U-006")} }, Forbidden, ""},
		{"an approver in their own right", func(p *Person, r *Request) { p.Roles = []Role{Approver} }, "", ""},
		{"of two approvers, whatever their order", func(p *Person, r *Request) {
			r.Deputations = []Deputation{away("U-003", "U-005"), away("U-001", "U-005")}
		}, "", "U-001"},
		{"own request", func(p *Person, r *Request) { r.Requester = "U-005" }, SelfApproval, ""},
		{"own proposal", func(p *Person, r *Request) { r.Proposer = "U-005" }, SelfApproval, ""},
		{"own work", func(p *Person, r *Request) { r.Engineers = []string{"U-005"} }, SelfApproval, ""},
		{"the head's own request", func(p *Person, r *Request) { r.Requester = "U-001" }, SelfApproval, ""},
		{"the head's own request, but another approver is away too", func(p *Person, r *Request) {
			r.Requester = "U-001"
			r.Deputations = append(r.Deputations, away("U-003", "U-005"))
		}, "", "U-003"},
		{"the head attends", func(p *Person, r *Request) { r.Attendant = "U-001" }, Forbidden, ""},
		{"the head attends, the system allows", func(p *Person, r *Request) { r.Attendant, r.System.ApproverMayAttend = "U-001", true }, "", "U-001"},
		{"the deputy attends", func(p *Person, r *Request) { r.Attendant = "U-005" }, Forbidden, ""},
		{"deputy for oneself", func(p *Person, r *Request) { r.Deputations = []Deputation{away("U-005", "U-005")} }, Forbidden, ""},
		{"deputy for nobody", func(p *Person, r *Request) { r.Deputations = []Deputation{away("", "U-005")} }, Forbidden, ""},
		{"appointed by another approver", func(p *Person, r *Request) { r.Deputations = []Deputation{appointed("U-003", "U-001", "U-005")} }, "", "U-001"},
		{"appointed by who asks", func(p *Person, r *Request) { r.Deputations = []Deputation{appointed("U-020", "U-001", "U-005")} }, SelfApproval, ""},
		{"appointed by who proposed", func(p *Person, r *Request) { r.Deputations = []Deputation{appointed("C-001", "U-001", "U-005")} }, SelfApproval, ""},
		{"appointed by who works there", func(p *Person, r *Request) { r.Deputations = []Deputation{appointed("E-0031", "U-001", "U-005")} }, SelfApproval, ""},
		{"appointed by who asks, and by the head too", func(p *Person, r *Request) {
			r.Deputations = append(r.Deputations, appointed("U-020", "U-003", "U-005"))
		}, "", "U-001"},
		{"appointed by who attends", func(p *Person, r *Request) {
			r.Attendant, r.Deputations = "U-003", []Deputation{appointed("U-003", "U-001", "U-005")}
		}, Forbidden, ""},
		{"appointed by nobody knows whom", func(p *Person, r *Request) { r.Deputations = []Deputation{appointed("", "U-001", "U-005")} }, Forbidden, ""},
		{"locked", func(p *Person, r *Request) { p.Locked = &Lock{} }, Forbidden, ""},
		{"of the vendor", func(p *Person, r *Request) { p.Vendor = "V-012" }, Forbidden, ""},
		{"an engineer", func(p *Person, r *Request) { p.Kind = Engineer }, Forbidden, ""},
		{"no second stage", func(p *Person, r *Request) {
			r.State, r.Approvals = PendingSecond, []Approval{{Stage: 1, By: "U-001", Version: 2}}
		}, Forbidden, ""},
		{"decided already", func(p *Person, r *Request) { r.Approvals = []Approval{{Stage: 1, By: "U-003", Version: 2}} }, AlreadyDecided, ""},
		{"frozen", func(p *Person, r *Request) { r.Frozen = true }, Frozen, ""},
		{"an emergency", func(p *Person, r *Request) { r.Emergency = true }, AlreadyDecided, ""},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			_, r := awaiting()
			p := Person{ID: "U-005", Kind: Staff, Section: "personnel"}
			r.Deputations = []Deputation{away("U-001", "U-005")}
			row.change(&p, &r)
			for range 2 {
				d := CanApprove(p, r, early)
				if d.Allow != (row.want == "") || d.Reason != row.want || d.OnBehalf != row.behalf || d.Allow && d.Role != Approver {
					t.Errorf("got allow=%v %q for %q as %q, want %q for %q", d.Allow, d.Reason, d.OnBehalf, d.Role, row.want, row.behalf)
				}
				slices.Reverse(r.Deputations)
			}
		})
	}
}

// The period ends between opening the page and deciding.
func TestDeputationEdges(t *testing.T) {
	_, r := awaiting()
	p := Person{ID: "U-005", Kind: Staff, Section: "personnel"}
	r.Deputations = []Deputation{away("U-001", "U-005")}
	for by := time.Duration(-1); by <= 1; by++ {
		if d := CanApprove(p, r, r.Deputations[0].From.Add(by)); d.Allow != (by >= 0) {
			t.Errorf("begins %+d ns: %+v", by, d)
		}
		if d := CanApprove(p, r, r.Deputations[0].Until.Add(by)); d.Allow != (by < 0) {
			t.Errorf("ends %+d ns: %+v", by, d)
		}
	}
}

// No one approves twice, neither in person nor through a deputy.
func TestNobodyApprovesTwice(t *testing.T) {
	_, r := awaiting()
	r.State = PendingSecond
	r.Approvals = []Approval{{Stage: 1, By: "U-005", OnBehalf: "U-001", Version: 2}}
	for id, want := range map[string]Reason{"U-005": SameSecondApprover, "U-001": SameSecondApprover, "U-002": ""} {
		p := Person{ID: id, Kind: Staff, Section: "personnel", Roles: []Role{Approver, SecondApprover}}
		if d := CanApprove(p, r, early); d.Reason != want {
			t.Errorf("%s: %q, want %q", id, d.Reason, want)
		}
	}
	r.Approvals[0].SetBy = "U-002" // the appointer of the deputy chose the first approver
	if d := CanApprove(Person{ID: "U-002", Kind: Staff, Roles: []Role{SecondApprover}}, r, early); d.Reason != SameSecondApprover {
		t.Errorf("who chose the first approver: %+v", d)
	}
	r.Approvals[0].SetBy = "U-001"
	p := Person{ID: "U-002", Kind: Staff, Vendor: "V-012", Roles: []Role{Approver, SecondApprover}}
	if d := CanApprove(p, r, early); d.Reason != Forbidden {
		t.Errorf("an approver of the vendor: %+v", d)
	}
}

func TestSecondNeeded(t *testing.T) {
	sure := []SecondRule{SecondIndividualNumber, SecondRoot}
	asked := map[SecondRule]func(*Request){
		SecondPersonalData:     func(r *Request) { r.PersonalData = true },
		SecondIndividualNumber: func(r *Request) { r.IndividualNumber = true },
		SecondRoot:             func(r *Request) { r.Root = true },
		SecondFiles:            func(r *Request) { r.Files = FilesAllowed },
		SecondOutsideHours:     func(r *Request) { r.OutsideHours = true },
		SecondUrgent:           func(r *Request) { r.Urgent = true },
		SecondRecurring:        func(r *Request) { r.Recurring = true },
	}
	if len(asked) != len(SecondRules()) {
		t.Errorf("%d cases of %d rules", len(asked), len(SecondRules()))
	}
	for rule, change := range asked {
		for _, other := range append(SecondRules(), "") {
			_, r := awaiting()
			r.System.SecondWhen = []SecondRule{other}
			change(&r)
			want := []SecondRule(nil)
			if other == rule || slices.Contains(sure, rule) {
				want = []SecondRule{rule}
			}
			if got := SecondNeeded(r); !slices.Equal(got, want) {
				t.Errorf("%s where the system says %s: %v", rule, other, got)
			}
		}
		if rule.Label().JA == string(rule) {
			t.Errorf("%s has no words", rule)
		}
	}
	_, r := awaiting()
	if got := SecondNeeded(r); got != nil {
		t.Errorf("nothing asks for one: %v", got)
	}
	r.System.PersonalData, r.System.SecondWhen = true, []SecondRule{SecondPersonalData}
	if got := SecondNeeded(r); !slices.Equal(got, []SecondRule{SecondPersonalData}) {
		t.Errorf("a system with personal data: %v", got)
	}
	r.System.SecondStage = true
	if got := SecondNeeded(r); !slices.Equal(got, []SecondRule{SecondAlways, SecondPersonalData}) {
		t.Errorf("always: %v", got)
	}
}
