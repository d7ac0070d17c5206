package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"sekimori/broker/field"
	"sekimori/broker/forms"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
	"sekimori/policy/text"
)

// Addition is a kind of thing that a form can add to the registry.
type Addition string

// The kinds that a form can add. A vendor comes by the registry's file: its contract is entered there.
const (
	NewStaff    Addition = "staff"
	NewEngineer Addition = "engineer"
	NewContact  Addition = "contact"
	NewSystem   Addition = "system"
	NewTarget   Addition = "target"
	NewAccount  Addition = "account"
)

// Kind is the kind of object that is made.
func (n Addition) Kind() string {
	switch n {
	case NewSystem, NewTarget, NewAccount:
		return string(n)
	}
	return kindPerson
}

// ofVendor tells whether it is a person of a vendor: the section that owns the system may propose these.
func (n Addition) ofVendor() bool { return n == NewEngineer || n == NewContact }

// idRow asks for the id of a new thing: no row of the registry does, because the id never changes.
func idRow[T any](at func(*T) *string) field.Field[T] {
	return field.Text("id", "番号", "Id", at).Must().Like(idForm, "bad-id", "識別子は英数字と . _ - の32字までです。", "an id is up to 32 letters, digits and . _ -")
}

// The rows of the forms of new things.
var (
	newStaff  = append(field.Table[PersonEntry]{idRow(func(p *PersonEntry) *string { return &p.ID })}, ofStaff.Without("kind")...)
	newVendor = append(field.Table[PersonEntry]{idRow(func(p *PersonEntry) *string { return &p.ID })}, ofEngineers.Without("kind", "keys", "pledge")...)
	newSystem = append(field.Table[store.System]{idRow(func(s *store.System) *string { return &s.ID })}, systemRows...)
	newTarget = append(field.Table[store.Target]{idRow(func(t *store.Target) *string { return &t.ID })}, targets.fields...)
	newLogin  = append(field.Table[store.Account]{
		field.Text("target", "接続先", "Target", func(a *store.Account) *string { return &a.Target }).Must().Refers(kindTarget),
		field.Text("login", "ログイン名", "Login", func(a *store.Account) *string { return &a.Login }).Must().
			Like(accountForm, "bad-login", "使えない文字があるか、長すぎます。", "it has characters that cannot be used here, or is too long"),
	}, accountRows...)
)

// Blank is the form of a new thing. Error: store.ErrNotFound for an unknown kind.
func (r *Registry) Blank(n Addition) (sheet Sheet, err error) {
	sheet = Sheet{Kind: n.Kind()}
	switch n {
	case NewStaff:
		err = fill(&sheet, newStaff, &PersonEntry{personRow: personRow{Person: store.Person{Person: policy.Person{Kind: policy.Staff}}}})
	case NewEngineer, NewContact:
		err = fill(&sheet, newVendor, &PersonEntry{personRow: personRow{Person: store.Person{Person: policy.Person{Kind: n.person()}}}})
		for i := range sheet.Fields {
			sheet.Fields[i].Needed = sheet.Fields[i].Needed || n == NewEngineer && sheet.Fields[i].Key == "phone"
		}
	case NewSystem:
		err = fill(&sheet, newSystem, &store.System{})
	case NewTarget:
		err = fill(&sheet, newTarget, &store.Target{Target: policy.Target{Port: 22}})
	case NewAccount:
		err = fill(&sheet, newLogin, &store.Account{Credential: store.CredentialCertificate})
	default:
		return sheet, fmt.Errorf("kind %q: %w", n, store.ErrNotFound)
	}
	clear(sheet.Guards) // all of it waits for a second person
	return sheet, err
}

func (n Addition) person() policy.PersonKind {
	switch n {
	case NewEngineer:
		return policy.Engineer
	case NewContact:
		return policy.Contact
	}
	return policy.Staff
}

// Enter proposes a new thing. Whatever it is, it waits for a second person of the information-systems section: the page has no file that two
// people could have read. With dryRun it only tells what it would be. Errors: *policy.Denied, *forms.Invalid, store.ErrNotFound.
func (r *Registry) Enter(ctx context.Context, n Addition, values map[string][]string, by ledger.Actor, dryRun bool) (Plan, error) {
	doc := &Document{Name: string(n), places: map[string]forms.Value{}, informationSystems: map[string]bool{}, waits: true, may: policy.MayProposeChange}
	if n.ofVendor() {
		doc.may = policy.MayProposeVendorPerson
	}
	id, err := r.enter(ctx, doc, n, values, by)
	if err != nil {
		return Plan{}, err
	}
	plan, err := r.Apply(ctx, doc, by, dryRun)
	if err != nil {
		return Plan{}, err
	}
	var own []Change
	for _, c := range plan.Changes {
		if c.Kind == n.Kind() && c.ID == id {
			own = append(own, c)
		}
	}
	plan.Changes = own
	return plan, nil
}

// enter fills the document with the new thing, and gives its id.
func (r *Registry) enter(ctx context.Context, doc *Document, n Addition, values map[string][]string, by ledger.Actor) (id string, err error) {
	err = r.o.DB.Read(ctx, func(s *store.Snap) error {
		if err := doc.mayApply(s, by); err != nil {
			return err
		}
		var taken error
		switch n {
		case NewStaff, NewEngineer, NewContact:
			e := PersonEntry{}
			e.Kind = n.person()
			table := newVendor
			if n == NewStaff {
				table = newStaff
			}
			err := redraw(r, doc, table, &e, values)
			if err == nil && n == NewEngineer && e.Phone == "" {
				err = lacking("phone") // the identity check calls back on it
			}
			if err != nil {
				return err
			}
			id, doc.People = e.ID, append(doc.People, e)
			_, taken = s.Person(id)
		case NewSystem:
			var v store.System
			if err := redraw(r, doc, newSystem, &v, values); err != nil {
				return err
			}
			id, doc.Systems = v.ID, append(doc.Systems, SystemEntry{System: v})
			_, taken = s.System(id)
		case NewTarget:
			var v store.Target
			if err := redraw(r, doc, newTarget, &v, values); err != nil {
				return err
			}
			id, doc.Targets = v.ID, append(doc.Targets, v)
			_, taken = s.Target(id)
		case NewAccount:
			var v store.Account
			if err := redraw(r, doc, newLogin, &v, values); err != nil {
				return err
			}
			if v.ID = v.Target + "/" + v.Login; v.Login == "root" && !v.Root {
				return &forms.Invalid{Name: doc.Name, Problems: []forms.Problem{{Field: "root", Code: "root-undeclared", JA: "root は管理者権限です。そう選んでください。", EN: "the account root has administrator rights: say so"}}}
			}
			if v.Credential != store.CredentialCertificate {
				v.Secret = secretName(v.ID)
			}
			id, doc.Accounts = v.ID, append(doc.Accounts, v)
			_, taken = s.Account(id)
		default:
			return fmt.Errorf("kind %q: %w", n, store.ErrNotFound)
		}
		at := "id"
		if n == NewAccount {
			at = "login"
		}
		doc.places[place(n.Kind(), id)] = forms.Given().Nothing(at)
		switch {
		case taken == nil:
			return &forms.Invalid{Name: doc.Name, Problems: []forms.Problem{{Field: at, Code: "duplicate-id", JA: id + " はすでに登録されています。", EN: id + " is registered already"}}}
		case !errors.Is(taken, store.ErrNotFound):
			return fmt.Errorf("look for %s: %w", id, taken)
		}
		return nil
	})
	return id, err
}

func lacking(key string) error {
	return &forms.Invalid{Problems: []forms.Problem{{Field: key, Code: "missing", JA: "必ず書いてください。", EN: "must be given"}}}
}

// mayApply asks whether the actor may apply the document: an administrator, or for what a form adds the rule of the form.
func (d *Document) mayApply(s *store.Snap, by ledger.Actor) error {
	if d.may == nil {
		_, err := staffWith(s, by, policy.Administrator)
		return err
	}
	p, err := s.ActingPerson(by)
	if err != nil {
		return err
	}
	if !d.may(p) {
		return policy.MayRegister(p, policy.Administrator).Err()
	}
	return nil
}

// vendorPeopleOnly tells whether a pending change only adds people of vendors, without keys: the sections propose these.
func vendorPeopleOnly(body json.RawMessage) bool {
	var list []proposal
	if json.Unmarshal(body, &list) != nil || len(list) == 0 {
		return false
	}
	for _, p := range list {
		if p.Base != "" || p.Kind != kindPerson || p.Person == nil || p.Person.Vendor == "" || p.Person.Section != "" || len(p.Person.Roles) > 0 || len(p.Person.Keys) > 0 {
			return false
		}
	}
	return true
}

// Label names a kind of new thing for people.
func (n Addition) Label() text.Text {
	return map[Addition]text.Text{
		NewStaff: text.Of("職員", "staff"), NewEngineer: text.Of("保守要員", "engineer"), NewContact: text.Of("保守事業者窓口", "vendor contact"),
		NewSystem: text.Of("対象システム", "system"), NewTarget: text.Of("接続先", "target"), NewAccount: text.Of("作業用アカウント", "account"),
	}[n]
}
