package registry

import (
	"strings"
	"testing"
	"time"

	"sekimori/broker/field"
	"sekimori/broker/internal/fieldtest"
	"sekimori/broker/store"
	"sekimori/policy"
)

func TestEveryFieldHasItsRow(t *testing.T) {
	fieldtest.Holds(t, sections.fields, "ID")
	fieldtest.Holds(t, vendors.fields, "ID", "Locked", "PrimeDeclared", "Certifications", "AuditReports", "SpecialClauses", "Subcontract", "Roster")
	fieldtest.Holds(t, people.fields, "ID", "Locked", "Pledge", "Declared", "Filed")
	fieldtest.Holds(t, systems.fields, "ID")
	fieldtest.Holds(t, targets.fields, "ID")
	fieldtest.Holds(t, accounts.fields, "ID", "Target", "Login", "Secret")
	fieldtest.Holds(t, institutions.fields)
}

// open names the rows that one person alone may change.
func open[T any](k kindOf[T], t T) string {
	var keys []string
	for _, row := range k.fields {
		if !row.Guarded(&t) {
			keys = append(keys, row.Key)
		}
	}
	return strings.Join(keys, " ")
}

// TestWhatOnePersonMayChange: everything else needs two, so a row that is unguarded by accident fails here.
func TestWhatOnePersonMayChange(t *testing.T) {
	engineer, staff := PersonEntry{}, PersonEntry{}
	engineer.Kind, staff.Kind = policy.Engineer, policy.Staff
	for _, c := range []struct{ kind, got, want string }{
		{"section", open(sections, store.Section{}), "name phone head email"},
		{"vendor", open(vendors, VendorEntry{}), "login name phone email contract prime prime_approved qualified unmet"},
		{"engineer", open(people, engineer), "name title email lang pledge"},
		{"staff", open(people, staff), "name title email lang phone pledge"},
		{"system", open(systems, store.System{}), "name note phone"},
		{"target", open(targets, store.Target{}), "note encoding"},
		{"account", open(accounts, store.Account{}), "note"},
		{"institution", open(institutions, policy.Institution{}), ""},
	} {
		if c.got != c.want {
			t.Errorf("%s: one person may change %q, want %q", c.kind, c.got, c.want)
		}
	}
}

// TestAttackRuleThatSwitchesItselfOff: a row that is unguarded in some cases takes two people for the change that makes it so.
func TestAttackRuleThatSwitchesItselfOff(t *testing.T) {
	fields := field.Table[store.Target]{field.Bool("drill", "訓練", "Drill", func(t *store.Target) *bool { return &t.Drill }).
		UnguardedIf(func(t *store.Target) bool { return !t.Drill })}
	on, off := store.Target{}, store.Target{}
	on.Drill = true
	for _, c := range [][2]store.Target{{on, off}, {off, on}} {
		apart := func(*store.Target) {}
		if changed, guarded := compare(fields.Compared(c[0], apart), fields.Compared(c[1], apart)); len(changed) != 1 || !guarded {
			t.Errorf("from %t to %t: %+v, guarded %t", c[0].Drill, c[1].Drill, changed, guarded)
		}
	}
}

// TestForgottenRowTakesTwoPeople: a field that no row declares is compared still, and a change of it waits.
func TestForgottenRowTakesTwoPeople(t *testing.T) {
	forgetful := kindOf[store.Target]{fields: targets.fields.Without("drill"), apart: targets.apart}
	was, is := store.Target{}, store.Target{}
	was.ID, is.ID, is.Drill = "hr-db", "hr-db", true
	changed, guarded := compare(forgetful.compared(was), forgetful.compared(is))
	if len(changed) != 1 || changed[0].Name != field.Undeclared || !guarded {
		t.Errorf("%+v, guarded: %v", changed, guarded)
	}
	if _, guarded := compare(targets.compared(was), targets.compared(was)); guarded {
		t.Error("nothing changed")
	}
}

// TestOnlyWhatTheFileSaysIsCompared: papers on file, locks and ids are no part of a comparison.
func TestOnlyWhatTheFileSaysIsCompared(t *testing.T) {
	v := store.Vendor{Vendor: policy.Vendor{ID: "V-1", Locked: &policy.Lock{}, Certifications: []policy.Certification{{}}, AuditReports: []policy.AuditReport{{}}, SpecialClauses: []policy.Span{{}}, Subcontract: []policy.Span{{}}, Roster: time.Unix(1, 0)}, PrimeDeclared: true}
	p := personRow{Person: store.Person{Person: policy.Person{ID: "E-1", Kind: policy.Engineer, Locked: &policy.Lock{}, Pledge: policy.Pledge{Copy: true}}}}
	for _, o := range []object{{Kind: kindVendor, Vendor: &v}, {Kind: kindPerson, Person: &p}, {Kind: kindAccount, Account: &store.Account{Secret: "x"}}} {
		for _, property := range o.properties() {
			if property.Name == field.Undeclared {
				t.Errorf("%s: %s", o.Kind, property.Value)
			}
		}
	}
}
