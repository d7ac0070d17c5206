package registry

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"sekimori/broker/field"
	"sekimori/broker/forms"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
	"sekimori/policy/text"
)

// Sheet is one thing of the registry as a form: the fields that can be changed one by one, and what they say now.
type Sheet struct {
	Kind   string
	ID     string
	Fields []field.Flag
	Values map[string][]string
	Guards map[string]bool // fields of which a change waits for a second person
}

// Draw gives the form of a stored thing: a person, a system, a target or an account. Properties without a field, such as keys, a pledge or a
// checklist, stay as they are. Errors: store.ErrNotFound.
func (r *Registry) Draw(ctx context.Context, kind, id string) (sheet Sheet, err error) {
	err = r.o.DB.Read(ctx, func(s *store.Snap) error {
		sheet = Sheet{Kind: kind, ID: id}
		switch kind {
		case kindPerson:
			e, table, err := personSheet(s, id)
			if err != nil {
				return err
			}
			return fill(&sheet, table, &e)
		case kindSystem:
			v, err := s.System(id)
			if err != nil {
				return fmt.Errorf("system %q: %w", id, err)
			}
			return fill(&sheet, systemRows, &v)
		case kindTarget:
			v, err := s.Target(id)
			if err != nil {
				return fmt.Errorf("target %q: %w", id, err)
			}
			return fill(&sheet, targets.fields, &v)
		case kindAccount:
			v, err := s.Account(id)
			if err != nil {
				return fmt.Errorf("account %q: %w", id, err)
			}
			return fill(&sheet, accountRows, &v)
		}
		return fmt.Errorf("kind %q: %w", kind, store.ErrNotFound)
	})
	return sheet, err
}

// The rows that a form can say.
var (
	systemRows  = rulesWithout("checklist")
	accountRows = accounts.fields.Without("target", "login")
	staffRows   = ofStaff.Without("login", "kind")
	vendorRows  = ofEngineers.Without("login", "kind", "keys", "pledge", "vendor")
)

func rulesWithout(keys ...string) field.Table[store.System] { return systems.fields.Without(keys...) }

// personSheet reads a person for the form. The role of the information-systems section follows from the section: no form says it.
func personSheet(s *store.Snap, id string) (PersonEntry, field.Table[PersonEntry], error) {
	p, err := s.Person(id)
	if err != nil {
		return PersonEntry{}, nil, fmt.Errorf("person %q: %w", id, err)
	}
	p.Locked, p.Pledge, p.Declared, p.Filed = nil, policy.Pledge{}, policy.Pledge{}, policy.Pledge{}
	p.Roles = slices.DeleteFunc(slices.Clone(p.Roles), func(r policy.Role) bool { return r == policy.InformationSystems })
	e := PersonEntry{personRow: personRow{Person: p}}
	if p.Kind == policy.Staff {
		return e, staffRows, nil
	}
	return e, vendorRows, nil
}

// fill puts fields and values into a sheet.
func fill[T any](sheet *Sheet, table field.Table[T], t *T) error {
	values, err := typed(table, t)
	if err != nil {
		return err
	}
	sheet.Fields, sheet.Values, sheet.Guards = table.Flags(), values, map[string]bool{}
	for _, row := range table.Inputs() {
		sheet.Guards[row.Key] = row.Guarded(t)
	}
	return nil
}

// typed gives the values of a thing as a person would type them.
func typed[T any](table field.Table[T], t *T) (map[string][]string, error) {
	b, err := table.Shown(t)
	if err != nil {
		return nil, err
	}
	var members map[string]any
	if err := json.Unmarshal(b, &members); err != nil {
		return nil, fmt.Errorf("read what is shown: %w", err)
	}
	values := map[string][]string{}
	for key, v := range members {
		switch v := v.(type) {
		case string:
			values[key] = []string{v}
		case bool:
			if v {
				values[key] = []string{"true"}
			}
		case float64:
			values[key] = []string{fmt.Sprint(int64(v))}
		case []any:
			for _, one := range v {
				values[key] = append(values[key], fmt.Sprint(one))
			}
		}
	}
	return values, nil
}

// Redraw changes a stored thing to what a form says, as a registry file with this one entry would: what one person alone may change
// changes at once, the rest waits for a second person. With dryRun it only tells what would change. The caller is an administrator.
// Errors: *policy.Denied, *forms.Invalid, store.ErrNotFound.
func (r *Registry) Redraw(ctx context.Context, kind, id string, values map[string][]string, by ledger.Actor, dryRun bool) (Plan, error) {
	doc := &Document{Name: kind + " " + id, places: map[string]forms.Value{}, informationSystems: map[string]bool{}}
	err := r.o.DB.Read(ctx, func(s *store.Snap) error {
		if _, err := staffWith(s, by, policy.Administrator); err != nil {
			return err
		}
		switch kind {
		case kindPerson:
			e, table, err := personSheet(s, id)
			if err != nil {
				return err
			}
			if err := redraw(r, doc, table, &e, values); err != nil {
				return err
			}
			doc.People = append(doc.People, e)
		case kindSystem:
			v, err := s.System(id)
			if err != nil {
				return fmt.Errorf("system %q: %w", id, err)
			}
			if err := redraw(r, doc, systemRows, &v, values); err != nil {
				return err
			}
			doc.Systems = append(doc.Systems, SystemEntry{System: v})
		case kindTarget:
			v, err := s.Target(id)
			if err != nil {
				return fmt.Errorf("target %q: %w", id, err)
			}
			if err := redraw(r, doc, targets.fields, &v, values); err != nil {
				return err
			}
			doc.Targets = append(doc.Targets, v)
		case kindAccount:
			v, err := s.Account(id)
			if err != nil {
				return fmt.Errorf("account %q: %w", id, err)
			}
			if err := redraw(r, doc, accountRows, &v, values); err != nil {
				return err
			}
			doc.Accounts = append(doc.Accounts, v)
		default:
			return fmt.Errorf("kind %q: %w", kind, store.ErrNotFound)
		}
		return nil
	})
	if err != nil {
		return Plan{}, err
	}
	plan, err := r.Apply(ctx, doc, by, dryRun)
	// The file names one thing: that the others are not in it says nothing.
	plan.Changes = slices.DeleteFunc(plan.Changes, func(c Change) bool { return c.Kind != kind || c.ID != id })
	return plan, err
}

// redraw takes the form's values into the thing, checks it, and notes what it refers to. Error: *forms.Invalid.
func redraw[T any](r *Registry, doc *Document, table field.Table[T], t *T, values map[string][]string) error {
	doc.Name = strings.TrimSpace(doc.Name)
	said := maps.Clone(values)
	for _, f := range table.Flags() { // an empty input says nothing, as a key left out of the file does
		said[f.Key] = slices.DeleteFunc(slices.Clone(said[f.Key]), func(v string) bool { return strings.TrimSpace(v) == "" })
	}
	given, err := table.Given(said, r.o.Zone)
	if err != nil {
		return err
	}
	bad := &forms.Invalid{Name: doc.Name}
	for _, f := range table.Flags() {
		if f.Needed && len(said[f.Key]) == 0 {
			code, told := table.Missing("")
			bad.Problems = append(bad.Problems, forms.Problem{Field: f.Key, Code: code, JA: told.JA, EN: told.EN})
		}
	}
	for _, row := range table.Inputs() {
		row.Take(t, &given)
		if kind, name := row.Reference(t); kind != "" && name != "" {
			doc.references = append(doc.references, reference{kind, name, forms.Given().Nothing(row.Key)})
		}
	}
	table.Check(t, func(key, code string, told text.Text) {
		bad.Problems = append(bad.Problems, forms.Problem{Field: key, Code: code, JA: told.JA, EN: told.EN})
	})
	return bad.OrNil()
}

// FieldLabel is the name of a field of a kind for people; parts of a field, as changes name them, have the field's name.
func FieldLabel(kind, name string) (text.Text, bool) {
	key, _, _ := strings.Cut(name, ".")
	switch kind {
	case kindPerson:
		return labelIn(people.fields, key)
	case kindSystem:
		return labelIn(systems.fields, key)
	case kindTarget:
		return labelIn(targets.fields, key)
	case kindAccount:
		return labelIn(accounts.fields, key)
	case kindVendor:
		return labelIn(vendors.fields, key)
	case kindSection:
		return labelIn(sections.fields, key)
	}
	return text.Text{}, false
}

func labelIn[T any](table field.Table[T], key string) (text.Text, bool) {
	row, ok := table.Row(key)
	return row.Label, ok
}
