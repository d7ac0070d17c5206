package requests

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"sekimori/broker/act"
	"sekimori/broker/forms"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// longestDeputation bounds a deputation. An approver who is away for longer is replaced in the registry.
const longestDeputation = 366 * 24 * time.Hour

// SetDeputy lets a deputy decide for an approver who is away, for a period and with a reason (代決). The approver and the section's
// other approvers may set it. For and Deputy may be ids or logins. The deputy is another person, on the staff of the section or an
// approver. It asks for the proof each time. Errors: *policy.Denied, *forms.Invalid.
func (d *Desk) SetDeputy(ctx context.Context, dep policy.Deputation, by act.Caller) (store.Deputation, error) {
	return act.Run(ctx, d.o.Acts, NewDeputy, setDeputy, "", by, func(tx *store.Tx, p act.Person, _ struct{}) (out store.Deputation, err error) {
		bad := &forms.Invalid{}
		problem := func(field, code, ja, en string) {
			bad.Problems = append(bad.Problems, forms.Problem{Field: field, Code: code, JA: ja, EN: en})
		}
		head, err := staffOf(tx.Snap, dep.For)
		if err != nil {
			return out, err
		}
		deputy, err := staffOf(tx.Snap, dep.Deputy)
		if err != nil {
			return out, err
		}
		if err := policy.MayDeputise(p.Person, head.Person).Err(); err != nil {
			return out, err
		}
		if !policy.Heads(head.Person) {
			problem("for", "not-an-approver", dep.For+" は承認者ではありません。", fmt.Sprintf("%q is no approver.", dep.For))
		}
		if !policy.FitDeputy(head.Person, deputy.Person) {
			problem("deputy", "deputy-not-eligible", dep.Deputy+" は代決者になれません。所管課の職員か承認者を選んでください。",
				fmt.Sprintf("%q cannot be deputy: choose staff of the section or an approver.", dep.Deputy))
		}
		if err := enrolledByTwo(tx.Snap, deputy, problem); err != nil {
			return out, err
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
		if err := forms.Reason(dep.Reason, true); err != nil {
			var invalid *forms.Invalid
			if !errors.As(err, &invalid) {
				return out, err
			}
			bad.Problems = append(bad.Problems, invalid.Problems...)
		}
		if err := bad.OrNil(); err != nil {
			return out, err
		}
		out = store.Deputation{Deputation: policy.Deputation{For: head.ID, Deputy: deputy.ID, From: from, Until: until, Reason: dep.Reason, SetBy: p.ID},
			SetAt: tx.Now}
		if out.ID, err = tx.AddDeputation(out); err != nil {
			return out, fmt.Errorf("store deputation: %w", err)
		}
		return out, d.deputyEntry(tx, "deputy.set", p.By, out)
	})
}

// enrolledByTwo reports a deputy whom one person alone enrolled: that person could decide in the approver's stead. People with a
// guarded role were enrolled by two, or by a ledgered exemption.
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

// onDeputation is a deputation and its approver.
type onDeputation struct {
	store.Deputation
	away store.Person
}

func loadDeputation(s *store.Snap, no string) (on onDeputation, err error) {
	id, err := strconv.ParseInt(no, 10, 64)
	if err != nil {
		return on, fmt.Errorf("deputation %q: %w", no, store.ErrNotFound)
	}
	if on.Deputation, err = s.Deputation(id); err != nil {
		return on, fmt.Errorf("deputation %d: %w", id, err)
	}
	if on.away, err = s.Person(on.For); err != nil {
		return on, fmt.Errorf("person %q: %w", on.For, err)
	}
	return on, nil
}

func mayClear(p policy.Person, on onDeputation, _ time.Time) policy.Decision {
	return policy.MayClearDeputy(p, on.Deputation.Deputation, on.away.Person)
}

// ClearDeputy ends a deputation early. Those who may set it may, and the deputy. Errors: *policy.Denied; store.ErrNotFound, also for a
// cleared one.
func (d *Desk) ClearDeputy(ctx context.Context, id int64, by act.Caller) (store.Deputation, error) {
	return act.Run(ctx, d.o.Acts, OnDeputation, clearDeputy, strconv.FormatInt(id, 10), by, func(tx *store.Tx, p act.Person, on onDeputation) (out store.Deputation, err error) {
		if err := tx.ClearDeputation(id, p.ID); err != nil {
			return out, fmt.Errorf("clear deputation %d: %w", id, err)
		}
		if out, err = tx.Deputation(id); err != nil {
			return out, fmt.Errorf("deputation %d: %w", id, err)
		}
		return out, d.deputyEntry(tx, "deputy.cleared", p.By, out)
	})
}

// Deputations lists deputations. The door decides who may see them.
func (d *Desk) Deputations(ctx context.Context, f store.DeputationFilter) ([]store.Deputation, error) {
	var list []store.Deputation
	err := d.o.DB.Read(ctx, func(s *store.Snap) (err error) {
		list, err = s.Deputations(f)
		return err
	})
	return list, err
}

// staffOf finds a member of staff. A reference to no one gives the zero value, which is fit for nothing.
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
