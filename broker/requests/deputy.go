package requests

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"sekimori/broker/forms"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// longestDeputation bounds a deputation: who is away for longer is replaced in the registry.
const longestDeputation = 366 * 24 * time.Hour

// SetDeputy lets a deputy decide for an approver who is away, for a period and with a reason (代決). The approver may, and who
// approves in the same section. For and Deputy may be ids or logins. The deputy is on the staff of the section or an approver, and not
// who is away. The door has authenticated the setter afresh. Errors: *policy.Denied, *forms.Invalid.
func (d *Desk) SetDeputy(ctx context.Context, dep policy.Deputation, by ledger.Actor) (store.Deputation, error) {
	var out store.Deputation
	err := d.act(ctx, by, func(tx *store.Tx, p policy.Person) error {
		bad := &forms.Invalid{}
		problem := func(field, code, ja, en string) {
			bad.Problems = append(bad.Problems, forms.Problem{Field: field, Code: code, JA: ja, EN: en})
		}
		head, err := staffOf(tx.Snap, dep.For)
		if err != nil {
			return err
		}
		deputy, err := staffOf(tx.Snap, dep.Deputy)
		if err != nil {
			return err
		}
		if !deputises(p, head) {
			return forbidden(policy.Approver)
		}
		if !head.Has(policy.Approver) {
			problem("for", "not-an-approver", dep.For+" は承認者ではありません。", fmt.Sprintf("%q is no approver.", dep.For))
		}
		if deputy.ID == "" || deputy.ID == head.ID || deputy.Locked != nil || deputy.Section != head.Section && !deputy.Has(policy.Approver) {
			problem("deputy", "deputy-not-eligible", dep.Deputy+" は代決者になれません。所管課の職員か承認者を選んでください。",
				fmt.Sprintf("%q cannot be deputy: choose staff of the section or an approver.", dep.Deputy))
		}
		if err := enrolledByTwo(tx.Snap, deputy, problem); err != nil {
			return err
		}
		from, until := dep.From.UTC().Truncate(time.Millisecond), dep.Until.UTC().Truncate(time.Millisecond)
		if dep.From.IsZero() {
			from = tx.Now
		}
		switch {
		case dep.Until.IsZero() || !from.Before(until):
			problem("until", "end-before-start", "終了は開始より後にしてください。", "End must be after start.")
		case !tx.Now.Before(until):
			problem("until", "in-the-past", "この期間はもう過ぎています。", "The period lies in the past.")
		case until.Sub(from) > longestDeputation:
			problem("until", "too-long", "代決の期間は366日までです。", "A deputation lasts at most 366 days.")
		}
		if err := mustSay(dep.Reason); err != nil {
			var invalid *forms.Invalid
			if !errors.As(err, &invalid) {
				return err
			}
			bad.Problems = append(bad.Problems, invalid.Problems...)
		}
		if err := bad.OrNil(); err != nil {
			return err
		}
		out = store.Deputation{Deputation: policy.Deputation{For: head.ID, Deputy: deputy.ID, From: from, Until: until, Reason: dep.Reason, SetBy: p.ID},
			SetAt: tx.Now}
		if out.ID, err = tx.AddDeputation(out); err != nil {
			return fmt.Errorf("store deputation: %w", err)
		}
		return d.deputyEntry(tx, "deputy.set", by, out)
	})
	return out, err
}

// enrolledByTwo is the problem of a deputy whom one person alone enrolled: that person would decide in the approver's stead. Who has
// a role that is guarded was enrolled by two, or by a ledgered exemption.
func enrolledByTwo(s *store.Snap, deputy store.Person, problem func(field, code, ja, en string)) error {
	if deputy.ID == "" || deputy.Guarded() {
		return nil
	}
	ok, err := s.EnrolledByTwo(deputy.ID)
	if err != nil {
		return fmt.Errorf("enrolment of %s: %w", deputy.ID, err)
	}
	if !ok {
		problem("deputy", "enrolled-by-one",
			fmt.Sprintf("%s の登録は二人目が確認していません。情報システム課に、二人目が確認する登録コードを頼んでください(sekimori person enroll-code %s --by-two)。登録し直したあとで代決者にできます。", deputy.ID, deputy.ID),
			fmt.Sprintf("No second person confirmed how %s was enrolled. Ask the information-systems section for a code that a second person confirms (sekimori person enroll-code %s --by-two); after the new enrolment %s can be deputy.", deputy.ID, deputy.ID, deputy.ID))
	}
	return nil
}

// ClearDeputy ends a deputation before its time: who may set it may, and the deputy. Errors: *policy.Denied; store.ErrNotFound, also
// for one that was cleared.
func (d *Desk) ClearDeputy(ctx context.Context, id int64, by ledger.Actor) (store.Deputation, error) {
	var out store.Deputation
	err := d.act(ctx, by, func(tx *store.Tx, p policy.Person) error {
		dep, err := tx.Deputation(id)
		if err != nil {
			return fmt.Errorf("deputation %d: %w", id, err)
		}
		head, err := tx.Person(dep.For)
		if err != nil {
			return fmt.Errorf("person %q: %w", dep.For, err)
		}
		if p.ID != dep.Deputy && !deputises(p, head) {
			return forbidden(policy.Approver)
		}
		if err := tx.ClearDeputation(id, p.ID); err != nil {
			return fmt.Errorf("clear deputation %d: %w", id, err)
		}
		if out, err = tx.Deputation(id); err != nil {
			return fmt.Errorf("deputation %d: %w", id, err)
		}
		return d.deputyEntry(tx, "deputy.cleared", by, out)
	})
	return out, err
}

// Deputations lists deputations; who may see which is the door's to ask.
func (d *Desk) Deputations(ctx context.Context, f store.DeputationFilter) ([]store.Deputation, error) {
	var list []store.Deputation
	err := d.o.DB.Read(ctx, func(s *store.Snap) (err error) {
		list, err = s.Deputations(f)
		return err
	})
	return list, err
}

// deputises: who may say who decides for an approver.
func deputises(p policy.Person, head store.Person) bool {
	return p.Kind == policy.Staff && p.Has(policy.Approver) && p.Section != "" && p.Section == head.Section
}

// staffOf finds a member of staff; nobody at all is the zero value, which is fit for nothing.
func staffOf(s *store.Snap, ref string) (store.Person, error) {
	p, err := s.Person(ref)
	if errors.Is(err, store.ErrNotFound) || err == nil && p.Kind != policy.Staff {
		return store.Person{}, nil
	}
	if err != nil {
		return store.Person{}, fmt.Errorf("person %q: %w", ref, err)
	}
	return p, nil
}

func (d *Desk) deputyEntry(tx *store.Tx, kind string, by ledger.Actor, dep store.Deputation) error {
	_, err := tx.Append(ledger.Draft{Kind: kind, Actor: by, Subjects: []string{dep.For, dep.Deputy}, Payload: map[string]any{
		"deputation": strconv.FormatInt(dep.ID, 10), "for": dep.For, "deputy": dep.Deputy, "from": dep.From, "until": dep.Until, "reason": dep.Reason,
	}})
	if err != nil {
		return fmt.Errorf("ledger %s: %w", kind, err)
	}
	return nil
}
