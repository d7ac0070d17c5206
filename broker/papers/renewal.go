package papers

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"sekimori/broker/act"
	"sekimori/broker/api"
	"sekimori/broker/field"
	"sekimori/broker/forms"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// AskRenewalName is the name of the act in a list of offers.
const AskRenewalName = "ask-renewal"

var askRenewal = vendorAct{Spec: act.Spec{Name: AskRenewalName, Path: api.Vendors.Pattern("id", "ask-renewal"), Command: "vendor ask-renewal", Operands: "ID",
	Fields: renewals, Callers: act.Those(policy.Requester, policy.SecondApprover, policy.InformationSystems),
	JA: "期限が近いか、足りない書類の更新を保守事業者の窓口に依頼する", EN: "ask the vendor's contact to renew papers that end soon or are missing"}, May: mayAskRenewal, Ready: renewable}

// RenewalBody is the body of asking for one.
type RenewalBody struct {
	Engineer string `json:"engineer,omitempty"`
	Note     string `json:"note,omitempty"`
}

var renewals = field.Table[RenewalBody]{
	field.Text("engineer", "保守要員の番号(空なら、事業者とその全員の書類)", "the engineer's id; empty: all papers of the vendor and its people", func(b *RenewalBody) *string { return &b.Engineer }),
	field.Text("note", "窓口へのことば(書かなくてもよい)", "words for the contact; may be empty", func(b *RenewalBody) *string { return &b.Note }),
}

// Renewal is a paper that a vendor must renew soon, and when staff last asked for it.
type Renewal struct {
	Item
	Wanted time.Time // zero: never
}

// due tells whether the item ends within so many days, or already stops a person.
func (i Item) due(days int) bool {
	return !i.Until.IsZero() && i.Days <= days && i.Days >= 0 || i.State == Expired && i.Asked
}

// renewalKey names the item in what was asked for. Missing certifications differ by their names only.
func (i Item) renewalKey() string {
	if i.Paper == "" && i.Name != "" {
		return i.key() + " " + i.Name
	}
	return i.key()
}

// Renewals lists the papers of a vendor and its engineers that are due within Soon days, the soonest first. engineer narrows it to the
// papers of one; empty: all.
func (k *Keeper) Renewals(s *store.Snap, vendor, engineer string) ([]Renewal, error) {
	a, err := k.aboutOne(s, vendor)
	if err != nil {
		return nil, err
	}
	return k.renewals(s, a, engineer)
}

func (k *Keeper) renewals(s *store.Snap, a about, engineer string) ([]Renewal, error) {
	var items []Item
	if engineer == "" {
		items = k.ofVendor(a, s.Now)
	}
	for _, e := range a.engineers {
		if engineer == "" || engineer == e.ID {
			items = append(items, k.ofEngineer(a, e, s.Now)...)
		}
	}
	var out []Renewal
	for _, i := range items {
		if !i.due(Soon) {
			continue
		}
		r, err := wanted(s, i)
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	slices.SortStableFunc(out, func(a, b Renewal) int { return a.Until.Compare(b.Until) })
	return out, nil
}

// wanted is an item with the moment at which it was last asked for.
func wanted(s *store.Snap, i Item) (Renewal, error) {
	given, err := s.Renewal(i.renewalKey(), i.Until)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return Renewal{}, fmt.Errorf("read when a renewal was asked for: %w", err)
	}
	return Renewal{i, given.Asked}, nil
}

// notToday leaves the papers that were not asked for on the present day.
func notToday(s *store.Snap, all []Renewal) []Renewal {
	today := func(t time.Time) string { return t.In(s.Zone()).Format(time.DateOnly) }
	return slices.DeleteFunc(slices.Clone(all), func(r Renewal) bool { return !r.Wanted.IsZero() && today(r.Wanted) == today(s.Now) })
}

// notAgain refuses to ask where nothing is due, or all of it was asked for on the present day.
func notAgain(s *store.Snap, all []Renewal) error {
	switch {
	case len(all) == 0:
		return forms.Wrong("", "nothing-ends", fmt.Sprintf("期限が%d日以内の書類も、足りない書類もありません。", Soon), fmt.Sprintf("no paper ends within %d days, and none is missing", Soon))
	case len(notToday(s, all)) == 0:
		return forms.Wrong("", "asked-today", "同じ書類の更新は今日すでに依頼しました。急ぐときは窓口に電話してください。", "the same papers were asked for today already: phone the contact if it is urgent")
	}
	return nil
}

// renewable tells whether anything can be asked for.
func renewable(s *store.Snap, _ policy.Person, on onVendor) error {
	all, err := (&Keeper{o: Options{Zone: s.Zone()}}).Renewals(s, on.vendor.ID, "")
	if err != nil {
		return err
	}
	return notAgain(s, all)
}

func mayAskRenewal(p policy.Person, on onVendor, _ time.Time) policy.Decision {
	return policy.MayAskRenewal(p, slices.Contains(on.sections, p.Section))
}

// AskRenewal asks the vendor's contact to renew what ends soon, has ended or is missing. The same paper is not asked for twice on a day.
// It gives what was asked for. Errors: *policy.Denied, *forms.Invalid, store.ErrNotFound.
func (k *Keeper) AskRenewal(ctx context.Context, vendor string, in RenewalBody, by act.Caller) (out []Renewal, err error) {
	return act.Run(ctx, k.o.Acts, OnVendor, askRenewal, vendor, by, func(tx *store.Tx, acting act.Person, on onVendor) ([]Renewal, error) {
		if err := textFrom("note", in.Note, longestNote, false); err != nil {
			return nil, err
		}
		if in.Engineer != "" {
			p, err := tx.Person(in.Engineer)
			if err != nil && !errors.Is(err, store.ErrNotFound) {
				return nil, fmt.Errorf("read engineer: %w", err)
			}
			if err != nil || p.Vendor != on.vendor.ID || p.Kind != policy.Engineer {
				return nil, forms.Wrong("engineer", "unknown-engineer", "この事業者にその番号の保守要員はいません。", "the vendor has no engineer of that id")
			}
			in.Engineer = p.ID
		}
		all, err := k.Renewals(tx.Snap, on.vendor.ID, in.Engineer)
		if err != nil {
			return nil, err
		}
		if err := notAgain(tx.Snap, all); err != nil {
			return nil, err
		}
		asked := notToday(tx.Snap, all)
		return asked, k.asked(tx, on.vendor, asked, in, by.Actor)
	})
}

// asked notes the papers and writes the entry.
func (k *Keeper) asked(tx *store.Tx, v store.Vendor, all []Renewal, in RenewalBody, by ledger.Actor) error {
	items, subjects := []map[string]any{}, []string{v.ID, by.ID}
	for n, r := range all {
		if err := tx.AskRenewal(r.renewalKey(), r.Until, by.ID); err != nil {
			return fmt.Errorf("note a renewal: %w", err)
		}
		all[n].Wanted = tx.Now
		one := map[string]any{"item": r.Kind, "stops": r.Asked}
		if !r.Until.IsZero() {
			one["until"], one["days"] = r.Until, r.Days
		}
		for name, value := range map[string]string{"paper": r.Paper, "person": r.Person, "name": r.Name} {
			if value != "" {
				one[name] = value
			}
		}
		for _, id := range []string{r.Paper, r.Person} {
			if id != "" && !slices.Contains(subjects, id) {
				subjects = append(subjects, id)
			}
		}
		items = append(items, one)
	}
	payload := map[string]any{"vendor": v.ID, "items": items}
	if in.Note != "" {
		payload["note"] = in.Note
	}
	if _, err := tx.Append(ledger.Draft{Kind: "renewal.asked", Actor: by, Subjects: subjects, Payload: payload}); err != nil {
		return fmt.Errorf("ledger renewal.asked: %w", err)
	}
	return nil
}
