package roster

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"sekimori/broker/act"
	"sekimori/broker/api"
	"sekimori/broker/field"
	"sekimori/broker/forms"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// Options are the arguments of New. DB, Acts and Lock are required.
type Options struct {
	DB   *store.DB
	Acts *act.Runner
	Zone *time.Location // of the institution; nil: UTC
	// Lock stops an engineer who has left, in the transaction of the statement (freeze.LockLeft).
	Lock func(tx *store.Tx, engineer store.Person, by ledger.Actor) error
}

// Book is safe for concurrent use.
type Book struct{ o Options }

// New makes a book on an open store.
func New(o Options) *Book {
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	return &Book{o}
}

// statement is the table of a statement.
var statement = field.Table[api.RosterBody]{
	field.List("engineers", "従事している保守要員", "Engineers who work for the vendor", func(b *api.RosterBody) *[]string { return &b.Engineers }),
	field.List("left", "退職・異動した保守要員(利用停止になります)", "Engineers who have left (they are locked)", func(b *api.RosterBody) *[]string { return &b.Left }),
	field.Text("note", "備考", "Note", func(b *api.RosterBody) *string { return &b.Note }).Most(1000),
}

// OnVendor holds the facts of the act.
type facts struct{ vendor store.Vendor }

var confirm = act.Act[facts]{
	Spec: act.Spec{Name: "roster", Path: api.Vendors.Pattern("id", "roster"), Command: "roster confirm", Operands: "VENDOR",
		JA: "従事者を確認する(保守事業者の窓口、毎月)", EN: "confirm who works for the vendor (its contact, every month)",
		Fields: statement, Callers: act.Callers{Vendors: true}, Shows: act.ShowsRoster},
	May: func(p policy.Person, f facts, _ time.Time) policy.Decision {
		return policy.MayConfirmRoster(p, f.vendor.Vendor)
	},
}

// OnVendor is a vendor with the act on its statement.
var OnVendor = act.Subject[facts]{Load: load, Acts: []act.Act[facts]{confirm}}

// Acts are the acts that doors mount.
func Acts() []act.Mount[*Book] { return []act.Mount[*Book]{act.With(confirm.Spec, (*Book).Confirm)} }

func load(s *store.Snap, id string) (facts, error) {
	v, err := s.Vendor(id)
	if err != nil {
		return facts{}, fmt.Errorf("vendor %q: %w", id, err)
	}
	return facts{v}, nil
}

// Engineers are the engineers whom the next statement must name: those of the vendor who are not locked.
func Engineers(s *store.Snap, vendor string) ([]store.Person, error) {
	all, err := s.Persons(store.PersonFilter{Kind: policy.Engineer, Vendor: vendor})
	return slices.DeleteFunc(all, func(p store.Person) bool { return p.Locked != nil }), err
}

// Confirm takes a statement. It must name every engineer of the vendor who is not locked, either as staying or as left. Errors:
// *policy.Denied, *forms.Invalid, store.ErrNotFound.
func (b *Book) Confirm(ctx context.Context, vendor string, in api.RosterBody, by act.Caller) error {
	return act.Do(ctx, b.o.Acts, OnVendor, confirm, vendor, by, func(tx *store.Tx, p act.Person, f facts) error {
		present, err := Engineers(tx.Snap, f.vendor.ID)
		if err != nil {
			return fmt.Errorf("read engineers: %w", err)
		}
		staying, left, err := sorted(present, in)
		if err != nil {
			return err
		}
		r := store.Roster{Vendor: f.vendor.ID, By: p.ID, Staying: ids(staying), Left: ids(left), Note: strings.TrimSpace(in.Note)}
		if err := tx.AddRoster(r); err != nil {
			return fmt.Errorf("store statement: %w", err)
		}
		payload := map[string]any{"vendor": r.Vendor, "staying": r.Staying, "left": r.Left, "note": r.Note}
		subjects := append([]string{r.Vendor, p.ID}, r.Left...)
		if _, err := tx.Append(ledger.Draft{Kind: "roster.confirmed", Actor: p.By, Subjects: subjects, Payload: payload}); err != nil {
			return fmt.Errorf("ledger roster.confirmed: %w", err)
		}
		for _, gone := range left {
			if err := b.o.Lock(tx, gone, p.By); err != nil {
				return fmt.Errorf("lock %s, who has left: %w", gone.ID, err)
			}
		}
		return nil
	})
}

// sorted finds the named people. Each engineer must be named once.
func sorted(present []store.Person, in api.RosterBody) (staying, left []store.Person, err error) {
	wrong := &forms.Invalid{}
	problem := func(field, code, ja, en string) {
		wrong.Problems = append(wrong.Problems, forms.Problem{Field: field, Code: code, JA: ja, EN: en})
	}
	named := map[string]bool{}
	find := func(field string, refs []string, into *[]store.Person) {
		for _, ref := range refs {
			at := slices.IndexFunc(present, func(p store.Person) bool { return p.ID == ref || p.Login == ref })
			switch {
			case at < 0:
				problem(field, "not-an-engineer", ref+" はこの事業者の利用できる保守要員ではありません。", fmt.Sprintf("%q is no engineer of this vendor, or is locked.", ref))
			case named[present[at].ID]:
				problem(field, "named-twice", ref+" が二度あります。", fmt.Sprintf("%q is named twice.", ref))
			default:
				named[present[at].ID] = true
				*into = append(*into, present[at])
			}
		}
	}
	find("engineers", in.Engineers, &staying)
	find("left", in.Left, &left)
	for _, p := range present {
		if !named[p.ID] {
			problem("engineers", "roster-incomplete", p.Name+"("+p.ID+")が従事しているか、退職・異動したかを選んでください。",
				fmt.Sprintf("Say of %s (%s) whether they stay or have left.", p.Name, p.ID))
		}
	}
	return staying, left, wrong.OrNil()
}

func ids(people []store.Person) []string {
	out := make([]string, 0, len(people))
	for _, p := range people {
		out = append(out, p.ID)
	}
	slices.Sort(out)
	return out
}
