package policy

import (
	"fmt"
	"testing"
	"time"
)

// The things that each role sees, by section (its own, one for whose approver it decides, a foreign one) and, for people of a vendor,
// by vendor (its own, a subcontractor, a foreign one).
func TestWhatEachRoleSees(t *testing.T) {
	staff := func(section string, roles ...Role) Person {
		return Person{ID: "U-001", Kind: Staff, Section: section, Roles: roles}
	}
	outside := func(kind PersonKind) Person { return Person{ID: "E-001", Kind: kind, Vendor: "V-1"} }
	locked := staff("personnel", Auditor)
	locked.Locked = &Lock{By: "U-009", Since: time.Unix(1, 0)}
	owners := [6]Owner{
		{Section: "personnel", Vendor: "V-9"}, // the person's own section
		{Section: "tax", Vendor: "V-9"},       // of a section for whose approver the person decides
		{Section: "roads", Vendor: "V-9"},     // of another section
		{Section: "roads", Vendor: "V-1"},     // of another section, work of the person's own vendor
		{Section: "roads", Vendor: "V-2", Prime: "V-1"},
		{}, // nothing is known about it
	}
	const (
		own, deputy, foreign, vendor, sub, unknown = "o", "d", "f", "v", "s", "u"
		everything                                 = own + deputy + foreign + vendor + sub + unknown
	)
	names := [6]string{own, deputy, foreign, vendor, sub, unknown}
	rows := []struct {
		name                       string
		who                        Person
		requests, sessions, papers string
	}{
		{"requester", staff("personnel", Requester), own + deputy, own, everything},
		{"approver", staff("personnel", Approver), own + deputy, own, everything},
		{"attendant", staff("personnel", Attendant), own + deputy, own, everything},
		{"administrator", staff("personnel", Administrator), own + deputy, own, everything},
		{"staff without a role", staff("personnel"), own + deputy, own, everything},
		{"second approver", staff("personnel", SecondApprover), everything, everything, everything},
		{"information-systems", staff("personnel", InformationSystems), everything, everything, everything},
		{"auditor", staff("personnel", Auditor), everything, everything, everything},
		{"staff of no section", staff("", Approver), deputy, "", everything},
		{"locked auditor", locked, "", "", ""},
		{"engineer", outside(Engineer), vendor, "", vendor + sub},
		{"contact", outside(Contact), vendor, "", vendor + sub},
		{"engineer with the roles of staff", Person{ID: "E-001", Kind: Engineer, Section: "personnel", Vendor: "V-1", Roles: []Role{Auditor, InformationSystems}}, vendor, "", vendor + sub},
		{"engineer of no vendor", Person{ID: "E-001", Kind: Engineer}, "", "", ""},
		{"a person of no kind", Person{ID: "U-001", Section: "personnel", Vendor: "V-1", Roles: []Role{Auditor}}, "", "", ""},
	}
	for _, row := range rows {
		asDeputy := "" // of staff it is their sight of requests, which counts deputations as well
		if row.who.Kind == Staff {
			asDeputy = row.requests
		}
		for _, c := range []struct {
			kind  string
			sight Sight
			want  string
		}{
			{"requests", SeeRequests(row.who, []string{"tax"}), row.requests},
			{"records", SeeRecords(row.who), row.sessions},
			{"sessions", SeeSessions(row.who, nil), row.sessions},
			{"sessions, as a deputy", SeeSessions(row.who, []string{"tax"}), asDeputy},
			{"papers", SeePapers(row.who), row.papers},
		} {
			got := ""
			for i, o := range owners {
				if c.sight.Sees(o) {
					got += names[i]
				}
			}
			if got != c.want {
				t.Errorf("%s sees of %s %q, want %q", row.name, c.kind, got, c.want)
			}
			if c.sight.Nothing() != (c.want == "") {
				t.Errorf("%s, %s: nothing is %v", row.name, c.kind, c.sight.Nothing())
			}
		}
	}
}

// Those who answer for a paper open its copy, with a purpose.
func TestWhoOpensTheCopyOfAPaper(t *testing.T) {
	for _, kind := range []PersonKind{Staff, Engineer, Contact, ""} {
		for _, role := range []Role{"", Requester, Approver, SecondApprover, Attendant, Auditor, Administrator, InformationSystems} {
			for _, purpose := range []string{"", "curiosity", string(PeriodicReview)} {
				p := Person{ID: "U-001", Kind: kind, Section: "personnel", Vendor: "V-1", Roles: []Role{role}}
				want := Reason("")
				switch {
				case kind != Staff || role != Approver && role != SecondApprover && role != InformationSystems && role != Auditor:
					want = Forbidden
				case purpose != string(PeriodicReview):
					want = ViewPurposeRequired
				}
				if d := OpenPaper(p, purpose); d.Allow != (want == "") || d.Reason != want {
					t.Error(fmt.Sprintf("%q %q for %q:", kind, role, purpose), d.Allow, d.Reason)
				}
				p.Locked = &Lock{By: "U-002"}
				if d := OpenPaper(p, purpose); d.Allow {
					t.Error("a locked person opens a copy")
				}
			}
		}
	}
}

func TestOnlyTheAttendantSeesWhomToCall(t *testing.T) {
	for _, c := range []struct {
		person, attendant string
		want              bool
	}{{"U-001", "U-001", true}, {"U-001", "U-002", false}, {"U-001", "", false}, {"", "", false}} {
		if got := SeesCalls(Person{ID: c.person, Kind: Staff, Roles: []Role{InformationSystems}}, Window{Attendant: c.attendant}); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

func TestOnlyTheAttendantAtThePostSeesHeldCommands(t *testing.T) {
	for _, c := range []struct {
		person, attendant string
		state             WindowState
		want              bool
	}{{"U-001", "U-001", WindowPermitted, true}, {"U-001", "U-001", WindowClosed, false}, {"U-001", "U-002", WindowPermitted, false}, {"", "", WindowPermitted, false}} {
		if got := SeesHeld(Person{ID: c.person, Kind: Staff, Roles: []Role{InformationSystems}}, Window{Attendant: c.attendant, State: c.state}); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

func TestSeesWaiting(t *testing.T) {
	attendant, other := Person{ID: "U-1", Roles: []Role{Attendant}}, Person{ID: "U-2", Roles: []Role{Approver}}
	for _, c := range []struct {
		name string
		p    Person
		w    Window
		want bool
	}{
		{"its attendant", attendant, Window{Attendant: "U-1"}, true},
		{"another attendant, once it has one", attendant, Window{Attendant: "U-9"}, false},
		{"an attendant, before it has one", attendant, Window{}, true},
		{"an approver, before it has one", other, Window{}, false},
		{"no person", Person{}, Window{}, false},
	} {
		if got := SeesWaiting(c.p, c.w); got != c.want {
			t.Errorf("%s: %t", c.name, got)
		}
	}
}
