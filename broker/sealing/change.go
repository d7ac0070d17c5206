package sealing

import (
	"context"
	"fmt"

	"sekimori/broker/act"
	"sekimori/broker/forms"
	"sekimori/broker/keys"
	"sekimori/broker/store"
	"sekimori/policy"
)

// Begin makes a new viewing key in the place of the one in use, and gives it. From its return on new recordings are sealed to both. Errors:
// *policy.Denied, *forms.Invalid.
func (k *Keeper) Begin(ctx context.Context, id string, in act.Said, by act.Caller) (store.ViewingKey, error) {
	var made keys.ViewingKey // once, although the transaction may run twice
	next, err := act.Run(ctx, k.o.Acts, OnKey, begin, id, by, func(tx *store.Tx, p act.Person, on onKey) (next store.ViewingKey, err error) {
		if err := forms.Reason(in.Reason, true); err != nil {
			return next, err
		}
		last := 0
		for _, one := range on.all {
			last = max(last, one.Number)
		}
		current := on.key
		if current.Recipient == "" { // the first change: the key of the installation has no row yet
			for _, one := range k.o.Ring.ViewingKeys() {
				if one.Number == current.Number {
					current.Recipient = one.Recipient
				}
			}
			if err := tx.PutViewingKey(current); err != nil {
				return next, fmt.Errorf("store viewing key: %w", err)
			}
		}
		// The file is durable before the row commits. If the row does not, the key opens nothing and its number is not used again.
		if made.Number <= last {
			if made, err = k.o.Ring.NewViewingKey(k.o.KeysDir, last); err != nil {
				return next, err
			}
		}
		next = store.ViewingKey{Number: made.Number, Recipient: made.Recipient, State: policy.ViewingKeyNext, Begun: tx.Now, BegunBy: p.ID}
		if err := tx.PutViewingKey(next); err != nil {
			return next, fmt.Errorf("store viewing key: %w", err)
		}
		return next, entry(tx, "keys.viewing-begun", p.By, []string{next.Name(), current.Name()}, described(next), map[string]any{"replaces": current.Name(), "reason": in.Reason})
	})
	return next, k.followed(ctx, err)
}

// Confirm makes the next key the only one for new recordings. The former one opens older recordings until they are disposed of.
// Errors: *policy.Denied.
func (k *Keeper) Confirm(ctx context.Context, id string, by act.Caller) error {
	err := act.Do(ctx, k.o.Acts, OnKey, confirm, id, by, func(tx *store.Tx, p act.Person, on onKey) error {
		former, err := on.current()
		if err != nil {
			return err
		}
		former.State, former.Settled, former.SettledBy = policy.ViewingKeyFormer, tx.Now, p.ID
		next := on.key
		next.State = policy.ViewingKeyCurrent
		for _, one := range []store.ViewingKey{former, next} { // in this order: only one key is in use at a time
			if err := tx.PutViewingKey(one); err != nil {
				return fmt.Errorf("store viewing key: %w", err)
			}
		}
		return entry(tx, "keys.viewing-confirmed", p.By, []string{next.Name(), former.Name()}, described(next), map[string]any{"replaces": former.Name(), "begun_by": next.BegunBy})
	})
	return k.followed(ctx, err)
}

// RollBack takes a change back before it is confirmed. Every recording made meanwhile opens with the key in use, so the withdrawn key is
// destroyed. Errors: *policy.Denied, *forms.Invalid.
func (k *Keeper) RollBack(ctx context.Context, id string, in act.Said, by act.Caller) error {
	err := act.Do(ctx, k.o.Acts, OnKey, rollBack, id, by, func(tx *store.Tx, p act.Person, on onKey) error {
		if err := forms.Reason(in.Reason, true); err != nil {
			return err
		}
		keeps, err := on.current()
		if err != nil {
			return err
		}
		gone := on.key
		gone.State, gone.Settled, gone.SettledBy = policy.ViewingKeyWithdrawn, tx.Now, p.ID
		if err := tx.PutViewingKey(gone); err != nil {
			return fmt.Errorf("store viewing key: %w", err)
		}
		return entry(tx, "keys.viewing-rolled-back", p.By, []string{gone.Name(), keeps.Name()}, described(gone), map[string]any{"keeps": keeps.Name(), "begun_by": gone.BegunBy, "reason": in.Reason})
	})
	if err = k.followed(ctx, err); err != nil {
		return err
	}
	if err := k.DestroyUnused(context.WithoutCancel(ctx)); err != nil {
		k.o.Log.Error("viewing_key_not_destroyed", "key", id, "error", err) // the chore tries again
	}
	return nil
}

// followed has the ring follow the rows after an act. Without it sessions would go on under the keys of before, which stay valid, so
// a failure is no error of the act that has committed.
func (k *Keeper) followed(ctx context.Context, err error) error {
	if err != nil {
		return err
	}
	if err := k.follow(context.WithoutCancel(ctx)); err != nil {
		k.o.Log.Error("viewing_keys_not_followed", "error", err)
	}
	return nil
}

// current is the key in use.
func (on onKey) current() (store.ViewingKey, error) {
	for _, one := range on.all {
		if one.State == policy.ViewingKeyCurrent {
			return one, nil
		}
	}
	return store.ViewingKey{}, fmt.Errorf("the viewing key in use: %w", store.ErrNotFound)
}
