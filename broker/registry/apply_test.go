package registry_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"sekimori/broker/forms"
	"sekimori/broker/internal/townhall"
	"sekimori/broker/registry"
	"sekimori/broker/store"
)

func parse(t *testing.T, text string) *registry.Document {
	t.Helper()
	doc, err := registry.Parse("registry.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func person(t *testing.T, h *townhall.Hall, id string) store.Person {
	t.Helper()
	var p store.Person
	err := h.DB.Read(t.Context(), func(s *store.Snap) (err error) {
		p, err = s.Person(id)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func action(p registry.Plan, kind, id string) (registry.Change, bool) {
	i := slices.IndexFunc(p.Changes, func(c registry.Change) bool { return c.Kind == kind && c.ID == id })
	if i < 0 {
		return registry.Change{}, false
	}
	return p.Changes[i], true
}

func TestFoundingIsExemptAndSaysSo(t *testing.T) {
	h := townhall.Open(t)
	text := townhall.Registry(t)
	dry, err := h.Registry.Apply(t.Context(), parse(t, text), townhall.By("admin"), true)
	if err != nil || !dry.DryRun || !dry.Founding || !dry.Differs() || dry.Code != "" {
		t.Fatalf("dry run: %+v, %v", dry, err)
	}
	if empty, err := h.Registry.Empty(t.Context()); !empty || err != nil {
		t.Fatalf("the dry run wrote: empty %v, %v", empty, err)
	}
	plan := h.Apply(t, text, "admin")
	if !plan.Founding || plan.Pending != "" || plan.Code == "" {
		t.Fatalf("plan %+v", plan)
	}
	if kinds := h.Kinds(t, "admin"); kinds[0] != "registry.founded" {
		t.Errorf("ledger begins with %v", kinds)
	}
	if p := person(t, h, "deputy"); !p.Has("information-systems") || !p.Has("second-approver") {
		t.Errorf("deputy's roles are %v", p.Roles)
	}
	sato := person(t, h, "E-0031")
	if got := sato.Pledge.Until.In(townhall.Zone).Format("2006-01-02T15:04"); got != "2027-04-01T00:00" {
		t.Errorf("the pledge's last day is inclusive, yet it ends %s", got)
	}
	if sato.Vendor != "V-012" {
		t.Errorf("the vendor's login was not resolved: %s", sato.Vendor)
	}
}

func TestApplyTwiceChangesNothing(t *testing.T) {
	h := townhall.Open(t)
	text := townhall.Registry(t)
	h.Apply(t, text, "admin")
	before := len(h.Kinds(t, ""))
	again := h.Apply(t, text, "admin")
	if again.Founding || again.Differs() || again.Pending != "" {
		t.Errorf("second apply: %+v", again)
	}
	if after := len(h.Kinds(t, "")); after != before {
		t.Errorf("%d entries for nothing", after-before)
	}
}

func TestApplyDeletesNothing(t *testing.T) {
	h := townhall.Open(t)
	text := townhall.Registry(t)
	h.Apply(t, text, "admin")
	without := strings.Split(text, "accounts:")[0]
	plan := h.Apply(t, without, "admin")
	c, ok := action(plan, "account", "map-web/web")
	if !ok || c.Action != registry.Absent {
		t.Errorf("the account left out: %+v", c)
	}
	if again := h.Apply(t, text, "admin"); again.Differs() {
		t.Errorf("the account was touched: %+v", again)
	}
}

func TestGuardedChangeWaitsForASecondPerson(t *testing.T) {
	h := townhall.Open(t)
	text := townhall.Registry(t)
	h.Apply(t, text, "admin")
	for _, c := range []struct{ name, old, new, kind, id string }{
		{"role", "roles: [attendant]", "roles: [attendant, approver]", "person", "ito"},
		{"role taken away", "roles: [auditor]", "roles: []", "person", "mori"},
		{"second stage", "second_stage: true, ", "", "system", "hr"},
		{"attendance", "attendance: on-call", "attendance: none", "system", "map"},
		{"root", "login: root, root: true", "login: toor", "account", "map-web/toor"},
		{"telephone of an engineer", "phone: 0000-11-1111", "phone: 0000-66-6666", "person", "E-0031"},
		{"host", "host: 127.0.0.1, port: 2200", "host: 127.0.0.2, port: 2200", "target", "hr-db"},
		{"legacy algorithms", "host: 127.0.0.1, port: 2200", "host: 127.0.0.1, legacy_algorithms: 2027年3月の更新まで, port: 2200", "target", "hr-db"},
	} {
		t.Run(c.name, func(t *testing.T) {
			changed := strings.Replace(text, c.old, c.new, 1)
			plan := h.Apply(t, changed, "admin")
			ch, _ := action(plan, c.kind, c.id)
			if plan.Pending == "" || !ch.Pending {
				t.Fatalf("applied at once: %+v", ch)
			}
			if again := h.Apply(t, changed, "admin"); again.Pending != plan.Pending {
				t.Errorf("the same file again makes %s beside %s", again.Pending, plan.Pending)
			}
			if got := townhall.Reason(confirm(t, h, plan.Pending, "admin")); got != "self-approval" {
				t.Errorf("confirmed by its proposer: %q", got)
			}
			if got := townhall.Reason(confirm(t, h, plan.Pending, "head")); got != "forbidden" {
				t.Errorf("confirmed by another section: %q", got)
			}
			if again := h.Apply(t, text, "admin"); again.Differs() {
				t.Errorf("it took force unconfirmed: %+v", again)
			}
			if err := h.Registry.Discard(t.Context(), plan.Pending, "試し", townhall.By("admin")); err != nil {
				t.Error(err)
			}
		})
	}
}

// People with a fresh proof approve a subcontractor's people. The administrator's file alone does not approve them, at
// once or by leaving out the prime contractor. Withdrawing the approval waits for no one.
func TestAttackApproveASubcontractByTheFile(t *testing.T) {
	h := townhall.Found(t)
	sub := func(prime string) string {
		return "vendors:\n  - {id: V-020, name: 再委託先, contract: {from: 2026-04-01, until: 2027-03-31}, qualified: true" + prime + "}\n"
	}
	apply := func(text string) (registry.Change, string) {
		plan := h.Apply(t, text, "admin")
		c, _ := action(plan, "vendor", "V-020")
		return c, plan.Pending
	}
	vendor := func() (v store.Vendor) {
		if err := h.DB.Read(t.Context(), func(s *store.Snap) (err error) {
			v, err = s.Vendor("V-020")
			return err
		}); err != nil {
			t.Fatal(err)
		}
		return v
	}
	approved := sub(", prime: V-012, prime_approved: true")
	c, no := apply(approved)
	if !c.Pending || no == "" {
		t.Fatalf("made with its approval at once: %+v", c)
	}
	if err := h.Registry.Discard(t.Context(), no, "試し", townhall.By("admin")); err != nil {
		t.Fatal(err)
	}
	if c, no = apply(sub(", prime: V-012")); c.Pending || no != "" {
		t.Fatalf("a subcontractor that nobody approved lets nobody in, and waits: %+v", c)
	}
	for name, text := range map[string]string{"approved": approved, "no subcontractor any more": sub(""), "somebody else's": sub(", prime: V-013")} {
		if c, no = apply(text); !c.Pending || no == "" {
			t.Errorf("%s at once: %+v", name, c)
		}
		if v := vendor(); v.PrimeApproved || v.Prime != "V-012" {
			t.Errorf("%s unconfirmed: %+v", name, v)
		}
	}
	_, no = apply(approved)
	if err := confirm(t, h, no, "deputy"); err != nil || !vendor().PrimeApproved {
		t.Fatalf("confirmed: %v, %+v", err, vendor())
	}
	if c, no = apply(sub(", prime: V-012")); c.Pending || no != "" || vendor().PrimeApproved {
		t.Errorf("taken away: %+v", c)
	}
}

// The applier and the ledger are told terms as written: an instant of another zone, a day later, would be read as another day.
func TestTermsAreToldInDays(t *testing.T) {
	h := townhall.Open(t)
	text := townhall.Registry(t)
	h.Apply(t, text, "admin")
	plan := h.Apply(t, strings.ReplaceAll(text, "until: 2027-03-31", "until: 2028-02-29"), "admin")
	for _, of := range []struct{ kind, id, field string }{{"vendor", "V-012", "contract.until"}, {"person", "E-0031", "pledge.until"}} {
		c, _ := action(plan, of.kind, of.id)
		if want := (registry.Field{Name: of.field, From: "2027-03-31", To: "2028-02-29"}); !slices.Contains(c.Fields, want) {
			t.Errorf("%s: %+v", of.id, c.Fields)
		}
	}
	err := h.DB.Read(t.Context(), func(s *store.Snap) error {
		last := ""
		for e, err := range s.Entries(store.EntryFilter{Kind: "registry.applied", Subject: "V-012"}) {
			if err != nil {
				return err
			}
			last = string(e.Payload)
		}
		if !strings.Contains(last, `"from":"2027-03-31"`) || !strings.Contains(last, `"to":"2028-02-29"`) {
			t.Errorf("the ledger tells %s", last)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestConfirm(t *testing.T) {
	h := townhall.Open(t)
	text := townhall.Registry(t)
	h.Apply(t, text, "admin")
	changed := strings.NewReplacer("roles: [attendant]", "roles: [attendant, approver]", "name: 別会社", "name: 新会社").Replace(text)
	plan := h.Apply(t, changed, "admin")
	if c, _ := action(plan, "vendor", "V-013"); c.Action != registry.Update || c.Pending {
		t.Errorf("the vendor's name waits: %+v", c)
	}
	if person(t, h, "ito").Has("approver") {
		t.Fatal("the role took force unconfirmed")
	}
	if err := confirm(t, h, plan.Pending, "deputy"); err != nil {
		t.Fatal(err)
	}
	if !person(t, h, "ito").Has("approver") {
		t.Error("the confirmed role is not there")
	}
	if again := h.Apply(t, changed, "admin"); again.Differs() {
		t.Errorf("after the confirmation: %+v", again)
	}
	if got := townhall.Reason(confirm(t, h, plan.Pending, "deputy")); got != "already-decided" {
		t.Errorf("confirmed twice: %q", got)
	}
	if got := townhall.Reason(confirm(t, h, "C-0099", "deputy")); !strings.Contains(got, "not found") {
		t.Errorf("a change that is not there: %q", got)
	}
}

// The confirmer has not written the file: a pending change is told field by field.
func TestPendingTellsWhatWaits(t *testing.T) {
	h := townhall.Open(t)
	text := townhall.Registry(t)
	h.Apply(t, text, "admin")
	plan := h.Apply(t, strings.NewReplacer("roles: [attendant]", "roles: [attendant, approver]", "name: 別会社", "name: 新会社", "targets:\n",
		"targets:\n  - {id: map-db, system: map, host: 192.0.2.7, port: 22, host_key: "+townhall.Key(t)+"}\n").Replace(text), "admin")
	list, err := h.Registry.Pending(t.Context())
	if err != nil || len(list) != 1 || list[0].No != plan.Pending || len(list[0].Changes) != 2 {
		t.Fatalf("%+v, %v", list, err)
	}
	role, made := list[0].Changes[0], list[0].Changes[1]
	if want := []registry.Field{{Name: "roles", From: "attendant", To: "approver attendant"}}; role.ID != "ito" || role.Action != registry.Update || !slices.Equal(role.Fields, want) {
		t.Errorf("the role: %+v", role)
	}
	if made.ID != "map-db" || made.Action != registry.Create || !slices.Contains(made.Fields, registry.Field{Name: "host", To: "192.0.2.7"}) || !made.Pending {
		t.Errorf("the target: %+v", made)
	}
}

func TestConfirmationOfWhatChangedMeanwhile(t *testing.T) {
	h := townhall.Open(t)
	text := townhall.Registry(t)
	h.Apply(t, text, "admin")
	one := h.Apply(t, strings.Replace(text, "attendance: on-call", "attendance: none", 1), "admin")
	two := h.Apply(t, strings.Replace(text, "max_window: 90m", "max_window: 80m", 1), "admin")
	if err := confirm(t, h, two.Pending, "deputy"); err != nil {
		t.Fatal(err)
	}
	if got := townhall.Reason(confirm(t, h, one.Pending, "deputy")); got != "stale-page" {
		t.Errorf("confirmed over a change: %q", got)
	}
	if list, err := h.Registry.Pending(t.Context()); err != nil || len(list) != 1 || list[0].No != one.Pending {
		t.Errorf("pending %v, %v", list, err)
	}
}

// A new account of a new target cannot come before the target.
func TestWhatNeedsAPendingObjectWaitsWithIt(t *testing.T) {
	h := townhall.Open(t)
	text := townhall.Registry(t)
	h.Apply(t, text, "admin")
	more := strings.Replace(text, "accounts:\n", "accounts:\n  - {target: tax-db, login: tax}\n", 1)
	more = strings.Replace(more, "targets:\n", "targets:\n  - {id: tax-db, system: tax, host: 127.0.0.1, port: 2202, host_key: "+townhall.Key(t)+"}\n", 1)
	more = strings.Replace(more, "systems:\n", "systems:\n  - {id: tax, name: 税, section: tax, line: none}\n", 1)
	more = strings.Replace(more, "sections:\n", "sections:\n  - {id: tax, name: 税務課}\n", 1)
	plan := h.Apply(t, more, "admin")
	if c, _ := action(plan, "section", "tax"); c.Pending || c.Action != registry.Create {
		t.Errorf("section %+v", c)
	}
	if err := confirm(t, h, plan.Pending, "deputy"); err != nil {
		t.Fatal(err)
	}
	if again := h.Apply(t, more, "admin"); again.Differs() {
		t.Errorf("not everything was written: %+v", again)
	}
}

func TestApplyRefuses(t *testing.T) {
	whole := townhall.Registry(t)
	for _, c := range []struct{ name, old, new, code string }{
		{"dangling section", "section: personnel, roles: [approver]", "section: nowhere, roles: [approver]", "dangling-reference"},
		{"dangling system", "system: hr,", "system: hrr,", "dangling-reference"},
		{"dangling vendor", "vendor: reiji", "vendor: reji", "dangling-reference"},
		{"nobody administers", "roles: [administrator]", "roles: []", "no-administrator"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := townhall.Open(t)
			doc := parse(t, strings.Replace(whole, c.old, c.new, 1))
			_, err := h.Registry.Apply(t.Context(), doc, townhall.By("admin"), false)
			p := problems(t, err)[0]
			if p.Code != c.code || p.Line == 0 {
				t.Errorf("problem %+v, want %s", p, c.code)
			}
			if kinds := h.Kinds(t, ""); len(kinds) != 0 {
				t.Errorf("written all the same: %v", kinds)
			}
		})
	}
	h := townhall.Open(t)
	if _, err := h.Registry.Apply(t.Context(), parse(t, whole), townhall.By("kato"), false); problems(t, err)[0].Code != "founder-unknown" {
		t.Errorf("founded by somebody who is no administrator: %v", err)
	}
	h.Apply(t, whole, "admin")
	if _, err := h.Registry.Apply(t.Context(), parse(t, whole), townhall.By("kato"), false); townhall.Reason(err) != "forbidden" {
		t.Errorf("applied by a requester: %v", err)
	}
	if _, err := h.Registry.Apply(t.Context(), parse(t, whole), townhall.By("nobody"), false); townhall.Reason(err) != "forbidden" {
		t.Errorf("applied by nobody: %v", err)
	}
}

// Stopping a prime contractor stops its subcontractors, one step away. It is itself no subcontractor, in one file or in two.
func TestAPrimeContractorIsNobodysSubcontractor(t *testing.T) {
	vendor := func(id, prime string) string {
		if prime != "" {
			prime = ", prime: " + prime
		}
		return "  - {id: " + id + ", name: 事業者, contract: {from: 2026-04-01, until: 2027-03-31}, qualified: true" + prime + "}\n"
	}
	for name, files := range map[string][]string{
		"in one file":             {vendor("V-020", "V-021") + vendor("V-021", "V-012") + vendor("V-012", "")},
		"below a subcontractor":   {vendor("V-021", "V-012"), vendor("V-020", "V-021")},
		"above a prime":           {vendor("V-020", "V-021") + vendor("V-021", ""), vendor("V-021", "V-012")},
		"the other way in a ring": {vendor("V-020", "V-012"), vendor("V-012", "V-020")},
	} {
		h := townhall.Found(t)
		last := len(files) - 1
		for _, text := range files[:last] {
			h.Apply(t, "vendors:\n"+text, "admin")
		}
		_, err := h.Registry.Apply(t.Context(), parse(t, "vendors:\n"+files[last]), townhall.By("admin"), false)
		if found := problems(t, err); found[0].Code != "prime-of-a-prime" || found[0].Line == 0 {
			t.Errorf("%s: %+v", name, found)
		}
	}
	h := townhall.Found(t)
	h.Apply(t, "vendors:\n"+vendor("V-020", "V-012")+vendor("V-021", "V-012"), "admin")

	// Nor in two steps of which the second comes while the first waits for its confirmation.
	h = townhall.Found(t)
	h.Apply(t, "vendors:\n"+vendor("V-021", ""), "admin")
	waits := h.Apply(t, "vendors:\n"+vendor("V-021", "V-012, prime_approved: true"), "admin").Pending
	h.Apply(t, "vendors:\n"+vendor("V-020", "V-021"), "admin")
	if err := confirm(t, h, waits, "deputy"); waits == "" || townhall.Reason(err) != "stale-page" {
		t.Errorf("%q confirmed: %v", waits, err)
	}
}

// The ledger's headers keep an id for ever: a new person gets a number, and an older person keeps their id.
func TestIDsOfNewPeopleAreNumbers(t *testing.T) {
	h := townhall.Found(t) // its people have names, as those of earlier versions may
	strict := registry.New(registry.Options{DB: h.DB, Keys: h.Keys, Zone: townhall.Zone})
	staff := func(line string) error {
		text := strings.Replace(townhall.Registry(t), "staff:\n", "staff:\n  - {"+line+"name: 新人, section: personnel, roles: [attendant]}\n", 1)
		doc, err := registry.Parse("registry.yaml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		_, err = strict.Apply(t.Context(), doc, townhall.By("admin"), true)
		return err
	}
	for _, line := range []string{"login: shinjin, ", "id: shinjin, login: shinjin, ", "id: U-shinjin, login: shinjin, ", "id: Suzuki, login: suzuki, "} {
		var invalid *forms.Invalid
		if err := staff(line); !errors.As(err, &invalid) || !invalid.Has("id-is-a-name") {
			t.Errorf("%s: %v", line, err)
		}
	}
	for _, line := range []string{"id: U-030, login: shinjin, ", "id: '4711', login: shinjin, "} {
		if err := staff(line); err != nil {
			t.Errorf("%s: %v", line, err)
		}
	}
}

// Login and id are often the same word. One that belongs to another person is one fault, and is said once.
func TestANameThatIsTakenIsSaidOnce(t *testing.T) {
	h := townhall.Open(t)
	h.Apply(t, townhall.Registry(t), "admin")
	doc := parse(t, "staff:\n  - {login: sato, name: 別人, section: personnel, roles: [requester]}\n")
	_, err := h.Registry.Apply(t.Context(), doc, townhall.By("admin"), true)
	var invalid *forms.Invalid
	if !errors.As(err, &invalid) {
		t.Fatal(err)
	}
	said := 0
	for _, p := range invalid.Problems {
		if p.Code == "login-taken" {
			said++
		}
	}
	if said != 1 {
		t.Errorf("said %d times: %v", said, err)
	}
}
