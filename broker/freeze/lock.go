package freeze

import (
	"context"
	"errors"
	"fmt"

	"sekimori/broker/forms"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// LockPerson stops one person, named by id or login, from now on; sessions and tokens end. Any staff who may
// freeze may lock. A lock in force stays as it is: already-decided.
func (f *Freezer) LockPerson(ctx context.Context, person, reason string, by ledger.Actor) error {
	return f.lock(ctx, by, stoppers, func(tx *store.Tx, p policy.Person) error {
		target, err := tx.Person(person)
		if err != nil {
			return fmt.Errorf("person %q: %w", person, err)
		}
		if target.ID == p.ID {
			return invalid("person", "own-lock", "自分自身は利用停止にできません。", "nobody locks themselves")
		}
		reason = forms.Printable(reason)
		for _, err := range []error{
			tx.LockPerson(target.ID, p.ID, reason), tx.RevokeTokens(target.ID), tx.ForgetFactors(store.FactorFilter{Person: target.ID}),
		} {
			if err != nil {
				return settled(err, target.ID)
			}
		}
		return entry(tx, "person.locked", by, []string{target.ID}, map[string]any{"person": target.ID, "reason": reason})
	})
}

// UnlockPerson ends a person's lock. One person of the information-systems section suffices, who is not the locked one.
func (f *Freezer) UnlockPerson(ctx context.Context, person, reason string, by ledger.Actor) error {
	return f.lock(ctx, by, []policy.Role{policy.InformationSystems}, func(tx *store.Tx, p policy.Person) error {
		target, err := tx.Person(person)
		if err != nil {
			return fmt.Errorf("person %q: %w", person, err)
		}
		if err := tx.UnlockPerson(target.ID, p.ID); err != nil {
			return settled(err, target.ID)
		}
		return entry(tx, "person.unlocked", by, []string{target.ID}, map[string]any{"person": target.ID, "reason": forms.Printable(reason)})
	})
}

// LockVendor stops a vendor, named by id or login, with all its people.
func (f *Freezer) LockVendor(ctx context.Context, vendor, reason string, by ledger.Actor) error {
	return f.lock(ctx, by, stoppers, func(tx *store.Tx, p policy.Person) error {
		v, err := tx.Vendor(vendor)
		if err != nil {
			return fmt.Errorf("vendor %q: %w", vendor, err)
		}
		reason = forms.Printable(reason)
		for _, err := range []error{tx.LockVendor(v.ID, p.ID, reason), tx.ForgetFactors(store.FactorFilter{Vendor: v.ID})} {
			if err != nil {
				return settled(err, v.ID)
			}
		}
		return entry(tx, "vendor.locked", by, []string{v.ID}, map[string]any{"vendor": v.ID, "reason": reason})
	})
}

// UnlockVendor ends a vendor's lock. One person of the information-systems section suffices.
func (f *Freezer) UnlockVendor(ctx context.Context, vendor, reason string, by ledger.Actor) error {
	return f.lock(ctx, by, []policy.Role{policy.InformationSystems}, func(tx *store.Tx, p policy.Person) error {
		v, err := tx.Vendor(vendor)
		if err != nil {
			return fmt.Errorf("vendor %q: %w", vendor, err)
		}
		if err := tx.UnlockVendor(v.ID, p.ID); err != nil {
			return settled(err, v.ID)
		}
		return entry(tx, "vendor.unlocked", by, []string{v.ID}, map[string]any{"vendor": v.ID, "reason": forms.Printable(reason)})
	})
}

func (f *Freezer) lock(ctx context.Context, by ledger.Actor, roles []policy.Role, fn func(*store.Tx, policy.Person) error) error {
	return f.o.DB.Write(ctx, func(tx *store.Tx) error {
		p, err := tx.ActingPerson(by)
		if err != nil {
			return err
		}
		if !holds(p, roles) {
			return forbidden(roles[0])
		}
		return fn(tx, p)
	})
}

// settled: locked already, or not locked at all.
func settled(err error, id string) error {
	if errors.Is(err, store.ErrExists) || errors.Is(err, store.ErrNotFound) {
		return &policy.Denied{Reason: policy.AlreadyDecided, Args: map[string]string{"request": id}}
	}
	return fmt.Errorf("lock %s: %w", id, err)
}
