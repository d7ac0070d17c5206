package policy_test

import (
	"slices"
	"testing"
	"time"

	. "sekimori/policy"
)

// burning is an emergency with the times it gets if it is opened now, with its section's head, a deputy, and second approvers.
func burning() Request {
	_, r := awaiting()
	r.Emergency, r.State, r.Requester, r.Proposer = true, EmergencyAsked, "U-001", ""
	r.Start, r.End, r.Attendant = early, early.Add(LongestEmergency), "U-010"
	r.Deputations = []Deputation{away("U-001", "U-005")}
	return r
}

// opening is the same request with the approval of the first, who stands for behalf; empty: for no one.
func opening(r Request, first, behalf string) Request {
	r.Approvals = append(slices.Clone(r.Approvals), Approval{By: first, OnBehalf: behalf, SetBy: behalf, Version: r.Version})
	return r
}

func somebody(id string) Person {
	roles := map[string][]Role{
		"U-001": {Approver}, "U-002": {SecondApprover}, "U-003": {Approver}, "U-004": {InformationSystems},
		"U-005": nil, "U-006": {Approver}, "U-010": {Attendant, Approver}, "U-020": {Requester}, "U-030": {Auditor, Administrator},
	}
	sections := map[string]string{"U-002": "is", "U-004": "is", "U-006": "tax"}
	p := Person{ID: id, Kind: Staff, Section: "personnel", Roles: roles[id]}
	if s := sections[id]; s != "" {
		p.Section = s
	}
	return p
}

func TestWhoOpensAnEmergency(t *testing.T) {
	rows := []struct {
		who, first string
		want       Reason
		behalf     string
	}{
		{"U-001", "", "", ""},
		{"U-002", "", "", ""},
		{"U-003", "", "", ""},
		{"U-004", "", "", ""},
		{"U-006", "", Forbidden, ""}, // another section's head
		{"U-010", "", Forbidden, ""}, // attends
		{"U-020", "", Forbidden, ""},
		{"U-030", "", Forbidden, ""},
		{"U-001", "U-001", SameSecondApprover, ""},
		{"U-002", "U-001", "", ""},
		{"U-003", "U-001", "", ""},
		{"U-004", "U-001", "", ""},
		{"U-005", "U-001", SameSecondApprover, ""}, // only in the stead of the first
		{"U-010", "U-001", Forbidden, ""},
		{"U-030", "U-001", Forbidden, ""},
	}
	for _, row := range rows {
		d := CanOpenEmergency(somebody(row.who), opening(burning(), row.first, ""), row.first, early)
		if d.Allow != (row.want == "") || d.Reason != row.want || d.OnBehalf != row.behalf {
			t.Errorf("%s after %q: allow=%v %q for %q", row.who, row.first, d.Allow, d.Reason, d.OnBehalf)
		}
	}
	// The deputy opens for the head. The deputy cannot open the head's own emergency, and a second deputy of the same head counts as
	// the same voice.
	r := burning()
	r.Requester = "U-020"
	if d := CanOpenEmergency(somebody("U-005"), r, "", early); !d.Allow || d.OnBehalf != "U-001" {
		t.Errorf("a deputy: %+v", d)
	}
	r = opening(r, "U-005", "U-001")
	if d := CanOpenEmergency(somebody("U-001"), r, "U-005", early); d.Reason != SameSecondApprover {
		t.Errorf("the head for whom the first spoke: %+v", d)
	}
	r.Deputations = append(r.Deputations, away("U-001", "U-007"))
	second := Person{ID: "U-007", Kind: Staff, Section: "personnel"}
	if d := CanOpenEmergency(second, r, "U-005", early); d.Allow {
		t.Errorf("two deputies of one head: %+v", d)
	}
	r.Deputations[1] = appointed("U-001", "U-003", "U-007") // by the head for whom the first spoke
	if d := CanOpenEmergency(second, r, "U-005", early); d.Allow {
		t.Errorf("the first's head chose the second: %+v", d)
	}
	r.Deputations[1] = appointed("U-005", "U-003", "U-007")
	if d := CanOpenEmergency(second, r, "U-005", early); d.Allow {
		t.Errorf("the first chose the second: %+v", d)
	}
	r.Deputations[1] = away("U-003", "U-007")
	if d := CanOpenEmergency(second, r, "U-005", early); !d.Allow || d.OnBehalf != "U-003" {
		t.Errorf("deputies of two heads: %+v", d)
	}
	if d := CanOpenEmergency(somebody("U-005"), burning(), "", early); d.Allow {
		t.Errorf("a deputy, for the head who asks: %+v", d)
	}
}

// The person for whom the first one spoke stays the same: a deputation that ended or was cleared since makes no second voice.
func TestOneVoiceOpensNoEmergencyTwice(t *testing.T) {
	r := burning()
	r.Requester, r.Deputations = "U-005", nil
	r = opening(r, "U-005", "U-001")
	if d := CanOpenEmergency(somebody("U-001"), r, "U-005", early); d.Allow || d.Reason != SameSecondApprover {
		t.Errorf("the head in whose stead it was opened: %+v", d)
	}
	r.Deputations = []Deputation{away("U-001", "U-007")}
	another := Person{ID: "U-007", Kind: Staff, Section: "personnel"}
	if d := CanOpenEmergency(another, r, "U-005", early); d.Allow {
		t.Errorf("the next deputy of that head: %+v", d)
	}
	r.Deputations = []Deputation{away("U-003", "U-007")}
	if d := CanOpenEmergency(another, r, "U-005", early); !d.Allow || d.OnBehalf != "U-003" {
		t.Errorf("a deputy of the other head: %+v", d)
	}
	r.Approvals[0].SetBy = "U-003" // the appointer of the first
	for _, p := range []Person{another, somebody("U-003")} {
		if d := CanOpenEmergency(p, r, "U-005", early); d.Allow {
			t.Errorf("%s, with the voice of who chose the first: %+v", p.ID, d)
		}
	}
}

// Approval.Stands rules on the approval of the first: the right with which it was given decides.
func TestTheWordOfTheFirstStands(t *testing.T) {
	head, second := somebody("U-001"), somebody("U-002")
	locked := head
	locked.Locked = &Lock{}
	kato := Person{ID: "U-005", Kind: Staff, Section: "personnel"}
	for _, row := range []struct {
		name            string
		giver, stoodFor Person
		behalf          string
		want            bool
	}{
		{"head", head, Person{}, "", true},
		{"second approver", second, Person{}, "", true},
		{"information systems", somebody("U-004"), Person{}, "", true},
		{"another section's head", somebody("U-006"), Person{}, "", false},
		{"locked", locked, Person{}, "", false},
		{"no approver any more", Person{ID: "U-001", Kind: Staff, Section: "personnel"}, Person{}, "", false},
		{"a deputy", kato, head, "U-001", true},
		{"a deputy of who is locked", kato, locked, "U-001", false},
		{"a deputy of who approves no more", kato, Person{ID: "U-001", Kind: Staff, Section: "personnel"}, "U-001", false},
		{"nobody known", Person{}, Person{}, "", false},
	} {
		by := row.giver.ID
		if got := (Approval{By: by, OnBehalf: row.behalf}).Stands(row.giver, row.stoodFor, "personnel"); got != row.want {
			t.Errorf("%s: %v", row.name, got)
		}
	}
}

func TestEmergencyRefused(t *testing.T) {
	rows := []struct {
		name   string
		change func(p *Person, r *Request)
		want   Reason
	}{
		{"locked", func(p *Person, r *Request) { p.Locked = &Lock{} }, Forbidden},
		{"of the vendor", func(p *Person, r *Request) { p.Vendor = "V-012" }, Forbidden},
		{"engineer", func(p *Person, r *Request) { p.Kind = Engineer }, Forbidden},
		{"nobody", func(p *Person, r *Request) { p.ID = "" }, Forbidden},
		{"works there", func(p *Person, r *Request) { r.Engineers = []string{"U-002"} }, SelfApproval},
		{"asked for it", func(p *Person, r *Request) { r.Requester = "U-002" }, SelfApproval},
		{"proposed it", func(p *Person, r *Request) { r.Proposer = "U-002" }, SelfApproval},
		{"requester unknown", func(p *Person, r *Request) { r.Requester = "" }, SelfApproval},
		{"an ordinary request", func(p *Person, r *Request) { r.Emergency = false }, AlreadyDecided},
		{"open already", func(p *Person, r *Request) { r.State = EmergencyOpen }, AlreadyDecided},
		{"two have opened it", func(p *Person, r *Request) { r.Openers = []string{"U-001", "U-003"} }, AlreadyDecided},
		{"another opened it", func(p *Person, r *Request) { r.Openers = []string{"U-003"} }, AlreadyDecided},
		{"the first's word counts no more", func(p *Person, r *Request) { r.Approvals[0].Void = true }, Forbidden},
		{"the first's word is not known", func(p *Person, r *Request) { r.Approvals = nil }, Forbidden},
		{"the first spoke of another version", func(p *Person, r *Request) { r.Approvals[0].Version-- }, Forbidden},
		{"the first approved a stage, which opens nothing", func(p *Person, r *Request) { r.Approvals[0].Stage = 1 }, Forbidden},
		{"the first stood for this person", func(p *Person, r *Request) { r.Approvals[0].OnBehalf = "U-002" }, SameSecondApprover},
		{"this person chose the first", func(p *Person, r *Request) { r.Approvals[0].OnBehalf, r.Approvals[0].SetBy = "U-001", "U-002" }, SameSecondApprover},
		{"frozen", func(p *Person, r *Request) { r.Frozen = true }, Frozen},
		{"no times", func(p *Person, r *Request) { r.Start = time.Time{} }, WindowOver},
		{"over", func(p *Person, r *Request) { r.End = early }, WindowOver},
		{"longer than two hours", func(p *Person, r *Request) { r.End = r.End.Add(1) }, FeatureNotGranted},
		{"root without a reason", func(p *Person, r *Request) { r.Root = true }, FeatureNotGranted},
		{"two hours", func(p *Person, r *Request) {}, ""},
		{"less", func(p *Person, r *Request) { r.End = r.End.Add(-1) }, ""},
		{"attendant not named yet", func(p *Person, r *Request) { r.Attendant = "" }, ""},
	}
	for _, row := range rows {
		p, r := somebody("U-002"), opening(burning(), "U-001", "")
		row.change(&p, &r)
		if d := CanOpenEmergency(p, r, "U-001", early); d.Allow != (row.want == "") || d.Reason != row.want {
			t.Errorf("%s: allow=%v %q, want %q", row.name, d.Allow, d.Reason, row.want)
		}
		if d := CanApprove(p, r, early.Add(-time.Hour)); d.Allow {
			t.Errorf("%s: approved like any request: %+v", row.name, d)
		}
	}
}

func TestWhoApprovesAfterwards(t *testing.T) {
	rows := []struct {
		who    string
		change func(p *Person, r *Request)
		want   Reason
		behalf string
	}{
		{"U-003", func(p *Person, r *Request) {}, "", ""},
		{"U-004", func(p *Person, r *Request) {}, "", ""},
		{"U-006", func(p *Person, r *Request) {}, Forbidden, ""},
		{"U-030", func(p *Person, r *Request) {}, Forbidden, ""},
		{"U-001", func(p *Person, r *Request) {}, SelfApproval, ""}, // opened it
		{"U-002", func(p *Person, r *Request) {}, SelfApproval, ""}, // opened it
		{"U-010", func(p *Person, r *Request) {}, SelfApproval, ""}, // attended
		{"U-003", func(p *Person, r *Request) { r.Requester = "U-003" }, SelfApproval, ""},
		{"U-003", func(p *Person, r *Request) { r.Attended = []string{"U-010", "U-003"} }, SelfApproval, ""}, // took over the post
		{"U-003", func(p *Person, r *Request) { r.Proposer = "U-003" }, SelfApproval, ""},
		{"U-003", func(p *Person, r *Request) { r.Approvals = []Approval{{By: "U-003"}} }, SelfApproval, ""},
		{"U-005", func(p *Person, r *Request) {}, Forbidden, ""}, // in the stead of one who opened it
		{"U-005", func(p *Person, r *Request) { r.Deputations = []Deputation{away("U-003", "U-005")} }, "", "U-003"},
		{"U-001", func(p *Person, r *Request) { // a deputy opened it for this head, who now looks at it
			r.Requester, r.Openers = "U-005", []string{"U-005", "U-002"}
			r.Approvals = []Approval{{By: "U-005", OnBehalf: "U-001"}, {By: "U-002"}}
		}, "", ""},
		{"U-003", func(p *Person, r *Request) { r.State = EmergencyOpen }, "", ""}, // over, and not yet moved
		{"U-003", func(p *Person, r *Request) { r.State, r.End = EmergencyOpen, early.Add(1) }, AlreadyDecided, ""},
		{"U-003", func(p *Person, r *Request) { r.State = RequestClosed }, AlreadyDecided, ""},
		{"U-003", func(p *Person, r *Request) { r.State = ReportDue }, AlreadyDecided, ""},
		{"U-003", func(p *Person, r *Request) { r.State = EmergencyAsked }, AlreadyDecided, ""},
		{"U-003", func(p *Person, r *Request) { r.Emergency = false }, AlreadyDecided, ""},
		{"U-003", func(p *Person, r *Request) { r.Openers = nil }, SelfApproval, ""}, // the openers are unknown
		{"U-003", func(p *Person, r *Request) { r.Frozen = true }, "", ""},
		{"U-003", func(p *Person, r *Request) { p.Locked = &Lock{} }, Forbidden, ""},
		{"U-003", func(p *Person, r *Request) { p.Vendor = "V-012" }, Forbidden, ""},
	}
	for i, row := range rows {
		p, r := somebody(row.who), burning()
		r.State, r.Openers = FollowUpDue, []string{"U-001", "U-002"}
		r.Start, r.End = early.Add(-2*time.Hour), early
		row.change(&p, &r)
		if d := CanApproveAfter(p, r, early); d.Allow != (row.want == "") || d.Reason != row.want || d.OnBehalf != row.behalf {
			t.Errorf("%d, %s: allow=%v %q for %q, want %q for %q", i, row.who, d.Allow, d.Reason, d.OnBehalf, row.want, row.behalf)
		}
	}
}
