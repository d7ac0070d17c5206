package freeze

import (
	"context"
	"errors"
	"fmt"

	"sekimori/broker/act"
	"sekimori/broker/forms"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// LockPerson stops one person, named by id or login, from now on; sessions and tokens end. Any member of staff may; the reason may
// follow (NotePerson). A lock in force stays as it is: already-decided. Errors: *forms.Invalid own-lock, and last-to-release for a
// lock that would leave no one able to release.
func (f *Freezer) LockPerson(ctx context.Context, person, reason string, by act.Caller) error {
	return do(ctx, f, OnPerson, lockPerson, person, by, func(tx *store.Tx, p act.Person) error {
		target, err := tx.Person(person)
		if err != nil {
			return fmt.Errorf("person %q: %w", person, err)
		}
		if target.ID == p.ID {
			return forms.Wrong("person", "own-lock", "自分自身は利用停止にできません。", "nobody locks themselves")
		}
		if reason, err = reasonText(reason, false); err != nil {
			return err
		}
		if target.Locked == nil {
			if err := leavesReleasers(tx, target.Person); err != nil {
				return err
			}
		}
		sections, err := tx.SectionsAbout(target.ID)
		if err != nil {
			return err
		}
		for _, err := range []error{
			tx.LockPerson(target.ID, p.ID, reason), tx.RevokeTokens(target.ID), tx.ForgetFactors(store.FactorFilter{Person: target.ID}),
		} {
			if err != nil {
				return settled(err, target.ID)
			}
		}
		return locked(tx, store.LockOfPerson, target.ID, store.HoldScope{Person: target.ID}, sections, reason, p.By)
	})
}

// LockLeft locks an engineer who has left, as a contact of the vendor states, in the transaction of that statement. An earlier lock
// stays.
func LockLeft(tx *store.Tx, engineer store.Person, by ledger.Actor) error {
	if engineer.Locked != nil {
		return nil
	}
	const reason = "従事者の月次確認: 退職・異動 / roster statement: has left"
	sections, err := tx.SectionsAbout(engineer.ID)
	if err != nil {
		return err
	}
	for _, err := range []error{
		tx.LockPerson(engineer.ID, by.ID, reason), tx.RevokeTokens(engineer.ID), tx.ForgetFactors(store.FactorFilter{Person: engineer.ID}),
	} {
		if err != nil {
			return settled(err, engineer.ID)
		}
	}
	return locked(tx, store.LockOfPerson, engineer.ID, store.HoldScope{Person: engineer.ID}, sections, reason, by)
}

// leavesReleasers refuses a lock that would leave no one able to release.
func leavesReleasers(tx *store.Tx, target policy.Person) error {
	enrolled, err := tx.EnrolledStaff()
	if err != nil {
		return fmt.Errorf("read who could release: %w", err)
	}
	able := make([]policy.Person, 0, len(enrolled))
	for _, p := range enrolled {
		able = append(able, p.Person)
	}
	switch policy.LockLeaves(target, able) {
	case policy.LeavesNoSection:
		return forms.Wrong("person", "last-to-release",
			"情報システム課でサインインできる人がほかにいないため、利用停止にできません(だれも解除できなくなります)。急ぐときは「凍結」で接続を止めてください。",
			"nobody else of the information-systems section could sign in and release the lock; to stop sessions now use a freeze")
	case policy.LeavesTooFew:
		return forms.Wrong("person", "last-to-release",
			"解除に同意できる人が二人残らないため、利用停止にできません。急ぐときは「凍結」で接続を止めてください。",
			"fewer than two people would be left whose agreement releases a lock; to stop sessions now use a freeze")
	}
	return nil
}

// LockVendor stops a vendor, named by id or login, with all its people.
func (f *Freezer) LockVendor(ctx context.Context, vendor, reason string, by act.Caller) error {
	return do(ctx, f, OnVendor, lockVendor, vendor, by, func(tx *store.Tx, p act.Person) error {
		v, err := tx.Vendor(vendor)
		if err != nil {
			return fmt.Errorf("vendor %q: %w", vendor, err)
		}
		if reason, err = reasonText(reason, false); err != nil {
			return err
		}
		sections, err := tx.SectionsAboutVendor(v.ID)
		if err != nil {
			return err
		}
		for _, err := range []error{tx.LockVendor(v.ID, p.ID, reason), tx.ForgetFactors(store.FactorFilter{Vendor: v.ID})} {
			if err != nil {
				return settled(err, v.ID)
			}
		}
		return locked(tx, store.LockOfVendor, v.ID, store.HoldScope{Vendor: v.ID}, sections, reason, p.By)
	})
}

// locked adds the consequences of every lock: the entry, the held recordings, the alarm.
func locked(tx *store.Tx, kind store.LockKind, id string, scope store.HoldScope, sections []string, reason string, by ledger.Actor) error {
	row, err := tx.LockInForce(kind, id)
	if err != nil {
		return fmt.Errorf("read lock: %w", err)
	}
	payload := map[string]any{string(kind): id, "reason": reason}
	if err := entry(tx, string(kind)+".locked", by, []string{id}, payload); err != nil {
		return err
	}
	if err := hold(tx, scope, row.Cause(), reason, by); err != nil {
		return err
	}
	return alarm(tx, store.AlarmLock, id, sections, payload, by)
}

// UnlockPerson agrees to end a person's lock. The second agreement by another person ends it. One of the two is of the
// information-systems section, and neither is the locked person. The act asks each for the proof. Errors: *policy.Denied
// lift-needs-second as of Lift, already-decided if there is no lock.
func (f *Freezer) UnlockPerson(ctx context.Context, person, reason string, by act.Caller) error {
	return do(ctx, f, OnPerson, unlockPerson, person, by, func(tx *store.Tx, p act.Person) error {
		target, err := tx.Person(person)
		if err != nil {
			return fmt.Errorf("person %q: %w", person, err)
		}
		return unlock(tx, store.LockOfPerson, target.ID, p.Person, reason, p.By, func() error { return tx.UnlockPerson(target.ID, p.ID) })
	})
}

// UnlockVendor agrees to end a vendor's lock, as UnlockPerson.
func (f *Freezer) UnlockVendor(ctx context.Context, vendor, reason string, by act.Caller) error {
	return do(ctx, f, OnVendor, unlockVendor, vendor, by, func(tx *store.Tx, p act.Person) error {
		v, err := tx.Vendor(vendor)
		if err != nil {
			return fmt.Errorf("vendor %q: %w", vendor, err)
		}
		return unlock(tx, store.LockOfVendor, v.ID, p.Person, reason, p.By, func() error { return tx.UnlockVendor(v.ID, p.ID) })
	})
}

func unlock(tx *store.Tx, kind store.LockKind, id string, p policy.Person, reason string, by ledger.Actor, end func() error) error {
	reason, err := reasonText(reason, false)
	if err != nil {
		return err
	}
	row, err := tx.LockInForce(kind, id)
	if err != nil {
		return settled(err, id)
	}
	last, err := agreed(tx, row.Lifts, p, id, func() error { return tx.AddLockLift(row.Number, p.ID, reason) })
	if err != nil {
		return err
	}
	what := ".unlock-agreed"
	if last {
		what = ".unlocked"
		if err := end(); err != nil {
			return settled(err, id)
		}
	}
	return entry(tx, string(kind)+what, by, []string{id}, map[string]any{string(kind): id, "reason": reason})
}

// NotePerson adds the reason of a lock in force, or more of it. Any member of staff may. Error: already-decided if there is no lock.
func (f *Freezer) NotePerson(ctx context.Context, person, reason string, by act.Caller) error {
	return do(ctx, f, OnPerson, notePerson, person, by, func(tx *store.Tx, p act.Person) error {
		target, err := tx.Person(person)
		if err != nil {
			return fmt.Errorf("person %q: %w", person, err)
		}
		return note(tx, store.LockOfPerson, target.ID, reason, p.By)
	})
}

// NoteVendor is NotePerson for a vendor's lock.
func (f *Freezer) NoteVendor(ctx context.Context, vendor, reason string, by act.Caller) error {
	return do(ctx, f, OnVendor, noteVendor, vendor, by, func(tx *store.Tx, p act.Person) error {
		v, err := tx.Vendor(vendor)
		if err != nil {
			return fmt.Errorf("vendor %q: %w", vendor, err)
		}
		return note(tx, store.LockOfVendor, v.ID, reason, p.By)
	})
}

func note(tx *store.Tx, kind store.LockKind, id, reason string, by ledger.Actor) error {
	row, err := tx.LockInForce(kind, id)
	if err != nil {
		return settled(err, id)
	}
	whole, err := added(row.Reason, reason)
	if err != nil {
		return err
	}
	if err := tx.SetLockReason(row.Number, whole); err != nil {
		return fmt.Errorf("note on the lock of %s: %w", id, err)
	}
	return entry(tx, string(kind)+".lock-noted", by, []string{id}, map[string]any{string(kind): id, "reason": forms.Printable(reason)})
}

// settled turns "locked already" and "not locked" into a denial.
func settled(err error, id string) error {
	if errors.Is(err, store.ErrExists) || errors.Is(err, store.ErrNotFound) {
		return &policy.Denied{Reason: policy.AlreadyDecided, Args: map[string]string{"request": id}}
	}
	return fmt.Errorf("lock %s: %w", id, err)
}
