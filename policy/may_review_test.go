package policy

import (
	"testing"
	"time"
)

func auditorNamed(id string) Person { return Person{ID: id, Kind: Staff, Roles: []Role{Auditor}} }

// TestAnAuditorWithoutAPartInTheWorkIsNamed: the fewest open reviews decide, then those of the year, then the id; whoever had a part, has
// another role, or is locked is passed over.
func TestAnAuditorWithoutAPartInTheWorkIsNamed(t *testing.T) {
	t.Parallel()
	work := Subject{Session: "R8-0001-1", Requester: "U-1", Approvers: []string{"U-2"}, Attendants: []string{"U-3"}, Answered: []string{"U-4"}}
	locked := auditorNamed("U-5")
	locked.Locked = &Lock{By: "U-9"}
	attendant := Person{ID: "U-6", Kind: Staff, Roles: []Role{Attendant}}
	parties := []Person{auditorNamed("U-1"), auditorNamed("U-2"), auditorNamed("U-3"), auditorNamed("U-4"), locked, attendant}
	some := append(parties, auditorNamed("U-8"), auditorNamed("U-7"))
	for _, c := range []struct {
		name   string
		people []Person
		work   Subject
		loads  map[string]AuditorLoad
		want   string
	}{
		{"no one is left", parties, work, nil, ""},
		{"no one at all", nil, work, nil, ""},
		{"the lowest id", some, work, nil, "U-7"},
		{"the fewest open", some, work, map[string]AuditorLoad{"U-7": {Open: 1, All: 1}, "U-8": {All: 40}}, "U-8"},
		{"the fewest of the year", some, work, map[string]AuditorLoad{"U-7": {Open: 1, All: 9}, "U-8": {Open: 1, All: 8}}, "U-8"},
		{"the approvers are unknown", some, Subject{Session: "R8-0001-1", Requester: "U-1"}, nil, ""},
		{"the requester is unknown", some, Subject{Session: "R8-0001-1", Approvers: []string{"U-2"}}, nil, ""},
	} {
		if got := NameAuditor(c.people, c.work, c.loads, time.Time{}); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestOnlyTheNamedAuditorHandsAReviewOver(t *testing.T) {
	t.Parallel()
	work := Subject{Session: "R8-0001-1", Requester: "U-1", Approvers: []string{"U-2"}, Attendants: []string{"U-3"}}
	locked := auditorNamed("U-7")
	locked.Locked = &Lock{By: "U-9"}
	for _, c := range []struct {
		name    string
		p       Person
		auditor string
		signed  bool
		want    Reason
	}{
		{"the named auditor", auditorNamed("U-7"), "U-7", false, ""},
		{"the named auditor who attended later", auditorNamed("U-3"), "U-3", false, ""},
		{"another auditor", auditorNamed("U-8"), "U-7", false, Forbidden},
		{"no one is named", auditorNamed("U-7"), "", false, Forbidden},
		{"no person", Person{Kind: Staff, Roles: []Role{Auditor}}, "", false, Forbidden},
		{"an auditor no longer", Person{ID: "U-7", Kind: Staff, Roles: []Role{Approver}}, "U-7", false, Forbidden},
		{"an engineer", Person{ID: "U-7", Kind: Engineer, Roles: []Role{Auditor}}, "U-7", false, Forbidden},
		{"a locked auditor", locked, "U-7", false, Forbidden},
		{"after the signature", auditorNamed("U-7"), "U-7", true, AlreadyDecided},
	} {
		if d := MayHandOverReview(c.p, work, c.auditor, c.signed, time.Time{}); d.Reason != c.want || d.Allow != (c.want == "") {
			t.Errorf("%s: %+v", c.name, d)
		}
	}
}
