package policy_test

import (
	"testing"

	. "sekimori/policy"
)

// The acts of staff on a session of system "hr" (section personnel), requested by U-020, approved by U-001 and U-002, attended by
// U-010. An empty reason means allowed.
func TestActsOfStaff(t *testing.T) {
	staff := func(id, section string, roles ...Role) Person {
		return Person{ID: id, Kind: Staff, Section: section, Roles: roles}
	}
	engineer := Person{ID: "E-0031", Kind: Engineer, Vendor: "V-012"}
	contact := Person{ID: "C-001", Kind: Contact, Vendor: "V-012"}
	locked := staff("U-030", "audit", Auditor)
	locked.Locked = &Lock{}
	attendant := staff("U-010", "personnel", Attendant)
	rows := []struct {
		name string
		who  Person
		// watch, end, play, export, read the ledger, export it, review
		want [7]Reason
	}{
		{"head of section", staff("U-001", "personnel", Approver),
			[7]Reason{"", "", "", ExportAuditorOnly, "", ExportAuditorOnly, Forbidden}},
		{"head of another section", staff("U-009", "tax", Approver),
			[7]Reason{Forbidden, Forbidden, Forbidden, ExportAuditorOnly, "", ExportAuditorOnly, Forbidden}},
		{"second approver who decided", staff("U-002", "is", SecondApprover),
			[7]Reason{"", "", "", ExportAuditorOnly, "", ExportAuditorOnly, Forbidden}},
		{"information systems", staff("U-003", "is", InformationSystems),
			[7]Reason{"", "", Forbidden, ExportAuditorOnly, "", ExportAuditorOnly, Forbidden}},
		{"attendant", attendant,
			[7]Reason{"", "", "", ExportAuditorOnly, Forbidden, ExportAuditorOnly, Forbidden}},
		{"attendant of another session", staff("U-011", "personnel", Attendant),
			[7]Reason{Forbidden, Forbidden, Forbidden, ExportAuditorOnly, Forbidden, ExportAuditorOnly, Forbidden}},
		{"auditor", staff("U-030", "audit", Auditor),
			[7]Reason{Forbidden, Forbidden, "", "", "", "", ""}},
		{"administrator", staff("U-040", "is", Administrator),
			[7]Reason{Forbidden, Forbidden, Forbidden, ExportAuditorOnly, "", ExportAuditorOnly, Forbidden}},
		{"requester", staff("U-020", "personnel", Requester),
			[7]Reason{Forbidden, Forbidden, Forbidden, ExportAuditorOnly, Forbidden, ExportAuditorOnly, Forbidden}},
		{"auditor who requested", staff("U-020", "personnel", Auditor),
			[7]Reason{Forbidden, Forbidden, "", "", "", "", AuditorConflict}},
		{"auditor who approved", staff("U-001", "personnel", Auditor),
			[7]Reason{Forbidden, Forbidden, "", "", "", "", AuditorConflict}},
		{"auditor who attended", staff("U-010", "personnel", Auditor),
			[7]Reason{"", "", "", "", "", "", AuditorConflict}},
		{"locked auditor", locked,
			[7]Reason{Forbidden, Forbidden, Forbidden, Forbidden, Forbidden, Forbidden, Forbidden}},
		{"engineer", engineer,
			[7]Reason{Forbidden, Forbidden, Forbidden, Forbidden, Forbidden, Forbidden, Forbidden}},
		{"vendor contact", contact,
			[7]Reason{Forbidden, Forbidden, Forbidden, Forbidden, Forbidden, Forbidden, Forbidden}},
		{"no section", staff("U-050", "", Approver, SecondApprover),
			[7]Reason{Forbidden, Forbidden, Forbidden, ExportAuditorOnly, "", ExportAuditorOnly, Forbidden}},
	}
	acts := [7]Act{ActWatch, ActEnd, ActPlay, ActExport, ActLedgerRead, ActLedgerExport, ActReview}
	subject := Subject{Session: "S-20261124-01", System: "hr", Section: "personnel", Requester: "U-020",
		Approvers: []string{"U-001", "U-002"}, Attendants: []string{"U-010"}}
	for _, row := range rows {
		for i, act := range acts {
			f := Facts{Person: row.who, Subject: &subject}
			a := Attempt{Act: act, Person: row.who.ID, Key: true, Factor: true, Purpose: string(PeriodicReview)}
			d := Decide(f, a, mid)
			if d.Allow != (row.want[i] == "") || d.Reason != row.want[i] {
				t.Errorf("%s, %s: allow=%v %q, want %q", row.name, act, d.Allow, d.Reason, row.want[i])
			}
			if act == ActConnect || !d.Allow {
				continue
			}
			// An allowed act needs a proven person, and a look needs a purpose.
			a.Factor = false
			if d := Decide(f, a, mid); d.Allow || d.Reason != AuthFailed {
				t.Errorf("%s, %s without the second factor: %+v", row.name, act, d)
			}
			a.Factor, a.Purpose = true, " \t"
			needs := act != ActEnd && act != ActLedgerRead && act != ActReview
			if d := Decide(f, a, mid); d.Allow == needs || needs && d.Reason != ViewPurposeRequired {
				t.Errorf("%s, %s without a purpose: %+v", row.name, act, d)
			}
		}
	}
}

// An incident's bundle has recordings and the whole ledger: the auditor alone takes it out, with a purpose.
func TestOnlyAnAuditorExportsAnIncident(t *testing.T) {
	for _, role := range []Role{Requester, Approver, SecondApprover, Attendant, Auditor, Administrator, InformationSystems} {
		p := Person{ID: "U-001", Kind: Staff, Section: "personnel", Roles: []Role{role}}
		a := Attempt{Act: ActIncidentExport, Person: p.ID, Key: true, Factor: true, Purpose: string(IncidentInquiry)}
		if d := Decide(Facts{Person: p}, a, mid); d.Allow != (role == Auditor) || !d.Allow && d.Reason != ExportAuditorOnly {
			t.Errorf("%s: %+v", role, d)
		}
		p.Locked = &Lock{By: "U-002"}
		if d := Decide(Facts{Person: p}, a, mid); d.Allow {
			t.Errorf("%s, locked: %+v", role, d)
		}
	}
}

// Only an auditor opens a recording that does not hold against the ledger, and only with a purpose. No other role may.
func TestOnlyAnAuditorOpensWhatDoesNotHold(t *testing.T) {
	subject := Subject{Session: "S-20261124-01", System: "hr", Section: "personnel", Requester: "U-020", Approvers: []string{"U-001"}, Attendants: []string{"U-010"}}
	for _, role := range []Role{Requester, Approver, SecondApprover, Attendant, Auditor, Administrator, InformationSystems} {
		p := Person{ID: "U-001", Kind: Staff, Section: "personnel", Roles: []Role{role}}
		a := Attempt{Act: ActOpenDamaged, Person: p.ID, Key: true, Factor: true, Purpose: string(PeriodicReview)}
		d := Decide(Facts{Person: p, Subject: &subject}, a, mid)
		if d.Allow != (role == Auditor) || !d.Allow && d.Reason != Forbidden {
			t.Errorf("%s: %+v", role, d)
		}
		a.Purpose = ""
		if d := Decide(Facts{Person: p, Subject: &subject}, a, mid); d.Allow {
			t.Errorf("%s without a purpose: %+v", role, d)
		}
	}
}

func TestActsOnAnUnknownSession(t *testing.T) {
	p := Person{ID: "U-030", Kind: Staff, Section: "audit", Roles: []Role{Auditor, Approver, InformationSystems}}
	for _, subject := range []*Subject{nil, {}} {
		for _, act := range []Act{ActWatch, ActEnd, ActPlay, ActExport, ActOpenDamaged, ActReview, "unheard-of"} {
			a := Attempt{Act: act, Person: p.ID, Key: true, Factor: true, Purpose: string(PeriodicReview)}
			if d := Decide(Facts{Person: p, Subject: subject}, a, mid); d.Allow || d.Reason != Forbidden {
				t.Errorf("%s: %+v", act, d)
			}
		}
	}
	a := Attempt{Act: ActReview, Person: p.ID, Key: true, Factor: true}
	f := Facts{Person: p, Subject: &Subject{Session: "S-20261124-01"}}
	if d := Decide(f, a, mid); d.Reason != AuditorConflict {
		t.Errorf("review of a session whose parties are unknown: %+v", d)
	}
}

// A deputy reads the ledger and watches the sessions of the section, as the approver does; the cut, the recordings and the export stay with
// the roles.
func TestADeputyReadsAndWatches(t *testing.T) {
	subject := Subject{Session: "S-20261124-01", System: "hr", Section: "personnel", Requester: "U-020", Approvers: []string{"U-001"}, Attendants: []string{"U-010"}}
	deputy := Person{ID: "U-006", Kind: Staff, Section: "personnel"}
	engineer := Person{ID: "E-0031", Kind: Engineer, Vendor: "V-012"}
	for _, c := range []struct {
		name    string
		who     Person
		section string
		act     Act
		may     bool
	}{
		{"deputy", deputy, "personnel", ActLedgerRead, true},
		{"deputy", deputy, "personnel", ActWatch, true},
		{"deputy", deputy, "personnel", ActEnd, false},
		{"deputy", deputy, "personnel", ActPlay, false},
		{"deputy", deputy, "personnel", ActExport, false},
		{"deputy", deputy, "personnel", ActLedgerExport, false},
		{"deputy", deputy, "personnel", ActIncidentExport, false},
		{"deputy", deputy, "personnel", ActReview, false},
		{"of another section", deputy, "tax", ActWatch, false},
		{"engineer", engineer, "personnel", ActLedgerRead, false},
		{"engineer", engineer, "personnel", ActWatch, false},
	} {
		f := Facts{Person: c.who, Subject: &subject, StandsInFor: []string{c.section}}
		if d := Decide(f, Attempt{Act: c.act, Person: c.who.ID, Key: true, Factor: true, Purpose: string(PeriodicReview)}, mid); d.Allow != c.may {
			t.Errorf("%s, %s: %+v", c.name, c.act, d)
		}
	}
	unknown := subject
	unknown.Section = ""
	if d := Decide(Facts{Person: deputy, Subject: &unknown, StandsInFor: []string{""}}, Attempt{Act: ActWatch, Person: deputy.ID, Key: true, Factor: true, Purpose: string(PeriodicReview)}, mid); d.Allow {
		t.Error("a session of no known section is watched")
	}
	for _, c := range []struct {
		who  Person
		own  bool
		want []string
	}{{deputy, false, []string{"personnel", "personnel"}}, {Person{ID: "U-010", Kind: Staff, Section: "personnel", Roles: []Role{Attendant}}, false, []string{"personnel", "personnel"}}, {engineer, false, nil}} {
		if s, own := SeeLedger(c.who, []string{"personnel"}); own != c.own || len(s.Sections) != len(c.want) || s.All {
			t.Errorf("%s: %+v %v", c.who.ID, s, own)
		}
	}
	if s, own := SeeLedger(Person{ID: "U-010", Kind: Staff, Section: "personnel", Roles: []Role{Attendant}}, nil); !own || s.Nothing() {
		t.Errorf("an attendant who is no deputy: %+v %v", s, own)
	}
}

// People who may play a recording may search. A search has a purpose, and needs no session: what it shows of each session is asked for each.
func TestWhoSearchesRecordings(t *testing.T) {
	for _, role := range []Role{Requester, Approver, SecondApprover, Attendant, Auditor, Administrator, InformationSystems} {
		p := Person{ID: "U-001", Kind: Staff, Section: "personnel", Roles: []Role{role}}
		a := Attempt{Act: ActSearch, Person: p.ID, Key: true, Factor: true, Purpose: string(PeriodicReview)}
		d := Decide(Facts{Person: p}, a, mid)
		if d.Allow != (role != Requester && role != Administrator) || !d.Allow && d.Reason != Forbidden {
			t.Errorf("%s: %+v", role, d)
		}
		a.Purpose = string(Attendance)
		if d := Decide(Facts{Person: p}, a, mid); d.Allow {
			t.Errorf("%s for a purpose of watching: %+v", role, d)
		}
		a.Purpose, p.Locked = string(PeriodicReview), &Lock{}
		if d := Decide(Facts{Person: p}, a, mid); d.Allow {
			t.Errorf("locked %s: %+v", role, d)
		}
		p.Locked, p.Kind, p.Vendor = nil, Engineer, "V-012"
		if d := Decide(Facts{Person: p}, a, mid); d.Allow {
			t.Errorf("an engineer with the role %s: %+v", role, d)
		}
	}
}
