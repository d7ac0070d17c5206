package papers

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"sekimori/broker/internal/townhall"
	"sekimori/broker/registry"
	"sekimori/broker/store"
	"sekimori/policy"
)

// A lapse closes the gate at the instant, not a millisecond before, for each kind of needed paper.
func TestLapseAtTheInstant(t *testing.T) {
	for name, c := range map[string]struct {
		ask    policy.Institution
		file   func(o *office) store.Paper
		person string
		want   string
	}{
		"pledge with its copy": {policy.Institution{PledgeCopy: true}, func(o *office) store.Paper {
			return o.filed(o.pledge(), []byte("x"), "kato")
		}, "sato", "pledge-missing"},
		"certification": {policy.Institution{Certifications: []string{"isms"}}, func(o *office) store.Paper {
			return o.filed(Filing{Kind: store.PaperCertification, Vendor: "reiji", Name: "isms", From: o.today(-1), Until: o.today(30)}, nil, "kato")
		}, "sato", "qualification-unmet"},
		"special clauses": {policy.Institution{SpecialClauses: true}, func(o *office) store.Paper {
			return o.filed(Filing{Kind: store.PaperSpecialClauses, Vendor: "reiji", Until: o.today(30), Size: -1}, []byte("x"), "kato")
		}, "sato", "vendor-locked"},
		"subcontract": {policy.Institution{}, func(o *office) store.Paper {
			p, err := o.ApproveSubcontract(o.tb.Context(), "V-014", o.today(30), "端末更改", townhall.Caller("head"))
			if err != nil {
				o.tb.Fatal(err)
			}
			return p
		}, "hirano", "qualification-unmet"},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t)
			o.ask(c.ask)
			if got := o.told(c.person); got != c.want {
				t.Fatalf("with nothing on file: %s", got)
			}
			p := c.file(o)
			if got := o.told(c.person); got != "no-grant" {
				t.Fatalf("on file: %s", got)
			}
			for _, at := range []struct {
				when time.Duration
				want string
			}{{-time.Millisecond, "no-grant"}, {0, c.want}, {time.Millisecond, c.want}, {24 * time.Hour, c.want}} {
				o.passTo(p.Until.Add(at.when))
				if got := o.told(c.person); got != at.want {
					t.Errorf("%s after its end: %s, want %s", at.when, got, at.want)
				}
			}
		})
	}
}

// If the institution declares nothing, the dates of the registry file count, as before.
func TestNothingDeclared(t *testing.T) {
	o := newOffice(t)
	if got := o.told("sato"); got != "no-grant" {
		t.Error(got)
	}
	if f := o.facts("sato"); f.Person.Pledge.Copy {
		t.Error("a pledge of the registry file has a copy")
	}
	// A copy of a shorter pledge takes nothing away; one of a longer pledge adds time.
	short := o.filed(o.pledge(), []byte("x"), "kato")
	declared := o.facts("sato").Person.Pledge.Until
	if !declared.After(short.Until) {
		t.Errorf("the pledge in force ends %s", declared)
	}
	f := o.pledge()
	f.Until = o.today(300)
	long := o.filed(f, []byte("x"), "kato")
	if got := o.facts("sato").Person.Pledge; !got.Until.Equal(long.Until) || !got.Copy {
		t.Errorf("%+v", got)
	}
	// Applying the same file again changes no filed paper.
	o.Apply(t, more, "admin")
	if got := o.facts("sato").Person.Pledge; !got.Until.Equal(long.Until) {
		t.Errorf("after applying again: %+v", got)
	}
}

// From the first approval here on, the acts count, also a withdrawal, and not the registry file.
func TestSubcontractApproval(t *testing.T) {
	o := newOffice(t)
	for by, want := range map[string]string{"kato": "forbidden", "ito": "forbidden", "E-0090": "forbidden", "head": "", "deputy": "", "admin": ""} {
		_, err := o.ApproveSubcontract(t.Context(), "V-014", o.today(10), "端末更改", townhall.Caller(by))
		o.want(by, err, want)
	}
	for name, c := range map[string]struct {
		vendor string
		days   int
		reason string
		want   string
	}{
		"no subcontractor": {"reiji", 10, "x", "no-subcontractor"}, "no reason": {"V-014", 10, "", "reason-required"},
		"until yesterday": {"V-014", -1, "x", "already-over"}, "for ever": {"V-014", 366 * 21, "x", "too-long"},
	} {
		_, err := o.ApproveSubcontract(t.Context(), c.vendor, o.today(c.days), c.reason, townhall.Caller("head"))
		o.want(name, err, c.want)
	}
	var approvals []store.Paper
	err := o.DB.Read(t.Context(), func(s *store.Snap) (err error) {
		approvals, err = s.Papers(store.PaperFilter{Kind: store.PaperSubcontract})
		return err
	})
	if err != nil || len(approvals) != 3 {
		t.Fatalf("%d approvals, %v", len(approvals), err)
	}
	for i, p := range approvals {
		if got := o.told("hirano"); got != "no-grant" {
			t.Errorf("with %d approvals: %s", len(approvals)-i, got)
		}
		_, err := o.Withdraw(t.Context(), p.ID, "再委託の取りやめ", townhall.Caller("kato"))
		o.want("by a requester", err, "forbidden")
		if _, err := o.Withdraw(t.Context(), p.ID, "再委託の取りやめ", townhall.Caller("head")); err != nil {
			t.Fatal(err)
		}
	}
	if got := o.told("hirano"); got != "qualification-unmet" {
		t.Errorf("with every approval withdrawn: %s", got)
	}
	// The file says approved, the acts say withdrawn: the acts count.
	plan := o.Apply(t, strings.Replace(more, "prime: V-012", "prime: V-012\n    prime_approved: true", 1), "admin")
	if _, err := o.Registry.Confirm(t.Context(), plan.Pending, townhall.By("deputy")); err != nil {
		t.Fatal(err)
	}
	if got := o.told("hirano"); got != "qualification-unmet" {
		t.Errorf("after the file approved: %s", got)
	}
	if plan := o.Apply(t, strings.Replace(more, "prime: V-012", "prime: V-012\n    prime_approved: true", 1), "admin"); slices.ContainsFunc(plan.Changes, func(c registry.Change) bool { return c.Action == "update" }) {
		t.Errorf("applying the same file again changes %+v", plan.Changes)
	}
}

// Warnings at 60, 30 and 7 days and at the end: one entry each, also after a restart, and addressed.
func TestWarnings(t *testing.T) {
	o := newOffice(t)
	p := o.filed(Filing{Kind: store.PaperCertification, Vendor: "reiji", Name: "isms", From: o.today(-1), Until: o.today(70)}, nil, "kato")
	warned := func() (list []string) {
		for _, kind := range []string{"paper.expiring", "paper.expired"} {
			for _, e := range o.entries(kind) {
				if strings.Contains(e, p.ID) {
					list = append(list, e)
				}
			}
		}
		return list
	}
	due := func(k *Keeper) {
		t.Helper()
		if _, err := k.Due(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	due(o.Keeper)
	if got := warned(); len(got) != 0 {
		t.Fatalf("70 days before: %v", got)
	}
	last := p.Until.Add(-time.Nanosecond).In(townhall.Zone)
	midnight := func(days int) time.Time {
		y, m, d := last.Date()
		return time.Date(y, m, d-days, 0, 0, 0, 0, townhall.Zone)
	}
	for i, days := range []int{60, 30, 7} {
		o.passTo(midnight(days).Add(-time.Millisecond))
		due(o.Keeper)
		if got := warned(); len(got) != i {
			t.Errorf("%d days and a millisecond before: %d warnings", days, len(got))
		}
		o.passTo(midnight(days))
		due(o.Keeper)
		due(o.Keeper)
		due(o.keeper()) // a restart
		got := warned()
		if len(got) != i+1 {
			t.Fatalf("%d days before: %d warnings", days, len(got))
		}
		if e := got[i]; !strings.Contains(e, fmt.Sprintf(`"days":%d`, days)) || !strings.Contains(e, `"contacts":["E-0090"]`) || !strings.Contains(e, `"information_systems":true`) {
			t.Errorf("%d days before: %s", days, e)
		}
	}
	o.passTo(p.Until.Add(-time.Millisecond))
	due(o.Keeper)
	if got := warned(); len(got) != 3 {
		t.Errorf("a millisecond before the end: %d", len(got))
	}
	o.passTo(p.Until)
	due(o.Keeper)
	due(o.keeper())
	if got := warned(); len(got) != 4 {
		t.Errorf("at the end: %d", len(got))
	}
}

// A broker that was off gives the nearest warning only, and none for an end that a renewal covers.
func TestWarningsMissedAndCovered(t *testing.T) {
	o := newOffice(t)
	p := o.filed(Filing{Kind: store.PaperCertification, Vendor: "reiji", Name: "isms", From: o.today(-1), Until: o.today(70)}, nil, "kato")
	o.passTo(p.Until.Add(-5 * 24 * time.Hour))
	if _, err := o.Due(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := o.entries("paper.expiring"); len(got) != 1 || !strings.Contains(got[0], `"threshold":7`) {
		t.Errorf("%v", got)
	}
	next := o.filed(Filing{Kind: store.PaperCertification, Vendor: "reiji", Name: "isms", From: o.today(3), Until: o.today(400)}, nil, "kato")
	o.passTo(p.Until)
	if _, err := o.Due(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, e := range o.entries("paper.expired") {
		if strings.Contains(e, p.ID) {
			t.Errorf("covered by %s: %s", next.ID, e)
		}
	}
}

// The contract and the pledges of the registry file get warnings too, and again when their end moves.
func TestWarningsOfWhatTheFileDeclares(t *testing.T) {
	o := newOffice(t)
	o.passTo(time.Date(2027, 3, 10, 0, 0, 0, 0, townhall.Zone)) // 21 days before 31 March
	if _, err := o.Due(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := strings.Join(o.entries("paper.expiring"), "\n")
	for _, want := range []string{`"item":"contract","stops":true`, `"item":"pledge","person":"E-0031"`} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in\n%s", want, got)
		}
	}
	before := len(o.entries("paper.expiring"))
	o.Apply(t, strings.Replace(more, "pledge: {signed: 2026-04-01, until: 2027-03-31}", "pledge: {signed: 2026-04-01, until: 2027-04-05}", 1), "admin")
	o.Pass(lookAgain)
	if _, err := o.Due(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := o.entries("paper.expiring"); len(got) != before+1 || !strings.Contains(got[before], "E-0041") {
		t.Errorf("%d new warnings", len(got)-before)
	}
}

// The states on the page: screens §6.
func TestStates(t *testing.T) {
	o := newOffice(t)
	o.ask(policy.Institution{Certifications: []string{"isms", "privacy-mark"}, PledgeCopy: true, SpecialClauses: true})
	if p := o.page("reiji"); p.Standing.State != Expired || p.Standing.Item.Kind != store.PaperCertification || len(p.Items) != 4 {
		t.Errorf("with nothing on file: %+v", p.Standing)
	}
	file := func(name string, days int) {
		o.filed(Filing{Kind: store.PaperCertification, Vendor: "reiji", Name: name, From: o.today(-1), Until: o.today(days)}, nil, "kato")
	}
	file("isms", 61)
	file("privacy-mark", 400)
	o.filed(Filing{Kind: store.PaperSpecialClauses, Vendor: "reiji", Name: "第2版", Size: -1}, []byte("x"), "kato")
	o.filed(o.pledge(), []byte("x"), "kato")
	if p := o.page("reiji"); p.Standing.State != Allowed || p.Engineers[0].Standing.State != Allowed || p.Engineers[0].Keys != 1 {
		t.Errorf("all there: %+v, %+v", p.Standing, p.Engineers)
	}
	o.Pass(24 * time.Hour)
	if p := o.page("reiji"); p.Standing.State != Expiring || p.Standing.Item.Days != 60 || p.Standing.Item.Name != "isms" {
		t.Errorf("60 days before: %+v", p.Standing)
	}
	o.Pass(60 * 24 * time.Hour)
	if p := o.page("reiji"); p.Standing.State != Expiring || p.Standing.Item.Days != 0 {
		t.Errorf("on the last day: %+v", p.Standing)
	}
	o.Pass(24 * time.Hour)
	p := o.page("reiji")
	if p.Standing.State != Expired || p.Standing.Item.Name != "isms" || p.Standing.Item.Days >= 0 {
		t.Errorf("a day later: %+v", p.Standing)
	}
	if p.Engineers[0].Standing.State != Expiring {
		t.Errorf("39 days before the pledge ends: %+v", p.Engineers[0].Standing)
	}
	lines, err := o.Vendors(t.Context())
	if err != nil || len(lines) != 3 || lines[0].Standing != p.Standing {
		t.Errorf("%+v, %v", lines, err)
	}
	ends, err := o.Ends(t.Context(), "V-012", 60)
	if err != nil || len(ends) < 2 || ends[0].Name != "isms" {
		t.Errorf("%+v, %v", ends, err)
	}
	if sub := o.page("V-014"); sub.Standing.State != Expired || sub.Prime.ID != "V-012" {
		t.Errorf("an unapproved subcontractor: %+v", sub.Standing)
	}
	if p.Subcontractors[0].ID != "V-014" {
		t.Errorf("%+v", p.Subcontractors)
	}
}
