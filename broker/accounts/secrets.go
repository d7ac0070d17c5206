package accounts

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sekimori/broker/ledger"
	"sekimori/broker/store"
)

// The steps of a change, as entries and alarms name them.
const (
	stepPlace  = "place"
	stepTry    = "try"
	stepRemove = "remove"
)

// Pauses between tries of a change that fails: doubled from the first to the last.
const (
	firstPause = time.Minute
	lastPause  = time.Hour
)

// NextSecret is the purpose under which the new secret of a change is sealed; oldSecret that of the old one. Both follow from the name
// of the secret.
func NextSecret(name string) string { return name + "/next" }
func oldSecret(name string) string  { return name + "/old" }

// kept is one secret that the broker keeps of an account: what opens its login, or the password of its database role.
type kept struct {
	name string // in the store
	kind store.CredentialKind
}

// keptOf are the secrets of an account that are changed by rule.
func keptOf(a store.Account) (all []kept) {
	if a.Credential != store.CredentialCertificate {
		all = append(all, kept{a.Secret, a.Credential})
	}
	if a.RolePassword {
		all = append(all, kept{roleSecret(a.ID), store.CredentialRole})
	}
	return all
}

// changing is the secret that a change is about, also where the account has it no longer by its present rules.
func changing(c store.SecretChange, a store.Account) kept {
	if c.Secret == roleSecret(a.ID) {
		return kept{c.Secret, store.CredentialRole}
	}
	return kept{c.Secret, a.Credential}
}

// ChangeSecrets changes the stored secrets that are due by the systems' rules, and goes on with changes that were interrupted. It is a
// chore. A change goes: the new secret is made and stored; it is set on the target; it opens the account by a real login, and becomes the
// account's secret; the old one is removed from the target and must no longer open it. Both are kept meanwhile, so that a change that
// breaks off at any point goes on with the next call.
func (s *Steward) ChangeSecrets(ctx context.Context) error {
	type dueChange struct {
		kept
		account, window string
	}
	var due []dueChange
	err := s.o.DB.Read(ctx, func(snap *store.Snap) error {
		changes, err := snap.SecretChanges()
		if err != nil {
			return err
		}
		all, err := snap.Accounts("")
		if err != nil {
			return err
		}
		byID := map[string]store.Account{}
		for _, a := range all {
			byID[a.ID] = a
		}
		under := map[string]bool{}
		for _, c := range changes {
			a, there := byID[c.Account]
			if under[c.Secret] = true; there && !snap.Now.Before(c.Again) {
				due = append(due, dueChange{changing(c, a), c.Account, c.Window})
			}
		}
		for _, a := range all {
			for _, k := range keptOf(a) {
				if under[k.name] {
					continue
				}
				window, err := dueAfter(snap, a, k)
				if err != nil {
					return err
				}
				if window != "" {
					due = append(due, dueChange{k, a.ID, window})
				}
			}
		}
		return nil
	})
	for _, d := range due {
		if ctx.Err() != nil {
			break
		}
		e := s.alone(ctx, d.account, "secret", func(ctx context.Context, v subject) error { return s.change(ctx, v, d.kept, d.window) })
		if errors.Is(e, errInUse) {
			continue
		}
		err = errors.Join(err, e)
	}
	return err
}

// dueAfter is the window after which a secret of an account has to be changed; empty: it has not.
func dueAfter(snap *store.Snap, a store.Account, k kept) (string, error) {
	t, err := snap.Target(a.Target)
	if err != nil {
		return "", err
	}
	y, err := snap.System(t.System)
	if err != nil || !y.ChangeSecrets {
		return "", err
	}
	set, err := snap.SecretSetAt(k.name)
	switch {
	case errors.Is(err, store.ErrNotFound) && k.kind == store.CredentialRole: // the program sets it without the one before
	case errors.Is(err, store.ErrNotFound):
		return "", nil // none was handed in yet
	case err != nil:
		return "", err
	}
	return snap.UsedSince(a.ID, set)
}

// change takes a change as far as it gets.
func (s *Steward) change(ctx context.Context, v subject, k kept, window string) error {
	c, resumed, err := s.begin(ctx, v, k, window)
	if err != nil {
		return fmt.Errorf("change the secret of %s: %w", v.account.ID, err)
	}
	now, other, err := s.both(ctx, k, c)
	if err != nil {
		return fmt.Errorf("change the secret of %s: %w", v.account.ID, err)
	}
	if c.State == store.SecretMade {
		// A broker that stopped after it had set the secret does not know so. A role's password can be set again.
		if !resumed || k.kind == store.CredentialRole || s.opens(ctx, v, k, other) != nil {
			if err := s.place(ctx, v, k, now, other); err != nil {
				return s.failed(ctx, v, k, c, stepPlace, err)
			}
		}
		c.State = store.SecretPlaced
		if err := s.moved(ctx, v, k, c, "secret.placed", nil); err != nil {
			return err
		}
	}
	if c.State == store.SecretPlaced {
		if err := s.opens(ctx, v, k, other); err != nil {
			// The target kept the old one after all, or someone set a role's password meanwhile.
			if k.kind == store.CredentialRole || s.opens(ctx, v, k, now) == nil {
				c.State = store.SecretMade
			}
			return s.failed(ctx, v, k, c, stepTry, err)
		}
		if c, err = s.proved(ctx, v, k, c, now, other); err != nil {
			return err
		}
		now, other = other, now
	}
	if err := s.removed(ctx, v, k, now, other); err != nil {
		return s.failed(ctx, v, k, c, stepRemove, err)
	}
	return s.moved(ctx, v, k, c, "secret.changed", func(tx *store.Tx) error { return tx.EndSecretChange(k.name) })
}

// begin reads the change, or makes one with a new secret.
func (s *Steward) begin(ctx context.Context, v subject, k kept, window string) (c store.SecretChange, resumed bool, err error) {
	var old []byte
	err = s.o.DB.Read(ctx, func(snap *store.Snap) error {
		if c, err = snap.SecretChange(k.name); err == nil {
			resumed = true
			return nil
		}
		if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		old, err = sealedNow(snap, k)
		return err
	})
	if err != nil || resumed {
		return c, resumed, err
	}
	plain, err := s.opened(k.name, old)
	if err != nil {
		return c, false, err
	}
	fresh, err := newSecret(k.kind, plain)
	if err != nil {
		return c, false, err
	}
	sealed, err := s.o.Ring.Seal(NextSecret(k.name), fresh)
	if err != nil {
		return c, false, err
	}
	c = store.SecretChange{Secret: k.name, Account: v.account.ID, Window: window, State: store.SecretMade, Sealed: sealed}
	err = s.o.DB.Write(ctx, func(tx *store.Tx) error {
		c.Since = tx.Now
		if err := tx.PutSecretChange(c); err != nil {
			return err
		}
		return s.entry(tx, "secret.changing", v, Use{Window: window}, map[string]any{"credential": string(k.kind)})
	})
	return c, false, err
}

// sealedNow is the stored secret. A role has none before its first change: only its database knows the password.
func sealedNow(snap *store.Snap, k kept) ([]byte, error) {
	sealed, err := snap.Secret(k.name)
	if k.kind == store.CredentialRole && errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	return sealed, err
}

// opened unseals a secret; nil for none.
func (s *Steward) opened(purpose string, sealed []byte) ([]byte, error) {
	if sealed == nil {
		return nil, nil
	}
	return s.o.Ring.Unseal(purpose, sealed)
}

// both opens the secret and the other one of its change. The older one is empty for a role's first change.
func (s *Steward) both(ctx context.Context, k kept, c store.SecretChange) (now, other []byte, err error) {
	var sealed []byte
	err = s.o.DB.Read(ctx, func(snap *store.Snap) (err error) {
		sealed, err = sealedNow(snap, k)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	if now, err = s.opened(k.name, sealed); err != nil {
		return nil, nil, err
	}
	other, err = s.o.Ring.Unseal(purposeOf(c), c.Sealed)
	return now, other, err
}

func purposeOf(c store.SecretChange) string {
	if c.State == store.SecretProved {
		return oldSecret(c.Secret)
	}
	return NextSecret(c.Secret)
}

// opens tries a real login with a secret.
func (s *Steward) opens(ctx context.Context, v subject, k kept, plain []byte) error {
	if k.kind == store.CredentialRole {
		return s.roleOpens(ctx, v, plain)
	}
	auth, err := proof(k.kind, plain)
	if err != nil {
		return err
	}
	return s.login(ctx, v.target, v.account.Login, auth)
}

// moved writes a step that was done.
func (s *Steward) moved(ctx context.Context, v subject, k kept, c store.SecretChange, kind string, further func(*store.Tx) error) error {
	c.Tries, c.Note, c.Again = 0, "", time.Time{}
	err := s.o.DB.Write(context.WithoutCancel(ctx), func(tx *store.Tx) error {
		if further == nil {
			further = func(tx *store.Tx) error { return tx.PutSecretChange(c) }
		}
		if err := further(tx); err != nil {
			return err
		}
		return s.entry(tx, kind, v, Use{Window: c.Window}, map[string]any{"credential": string(k.kind)})
	})
	if err != nil {
		return fmt.Errorf("change the secret of %s: %w", v.account.ID, err)
	}
	return nil
}

// proved makes the new secret the account's, and keeps the old one until it is removed from the target.
func (s *Steward) proved(ctx context.Context, v subject, k kept, c store.SecretChange, old, fresh []byte) (store.SecretChange, error) {
	sealed, err := s.o.Ring.Seal(k.name, fresh)
	if err != nil {
		return c, err
	}
	if c.Sealed, err = s.o.Ring.Seal(oldSecret(k.name), old); err != nil {
		return c, err
	}
	c.State = store.SecretProved
	return c, s.moved(ctx, v, k, c, "secret.proved", func(tx *store.Tx) error {
		return errors.Join(tx.PutSecret(k.name, sealed), tx.PutSecretChange(c))
	})
}

// removed removes the old secret from the target and tries that it opens the account no longer.
func (s *Steward) removed(ctx context.Context, v subject, k kept, now, old []byte) error {
	switch k.kind {
	case store.CredentialRole:
		return s.roleRefuses(ctx, v, now, old)
	case store.CredentialKey:
		if err := s.removeKey(ctx, v, k, now, old); err != nil {
			return err
		}
	}
	return refusal(s.opens(ctx, v, k, old))
}

var errOldOpens = errors.New("the old secret still opens the account")

// failed writes a step that failed, with the time of the next try, and raises an alarm.
func (s *Steward) failed(ctx context.Context, v subject, k kept, c store.SecretChange, step string, cause error) error {
	pause := lastPause
	if c.Tries < 6 {
		pause = firstPause << c.Tries
	}
	c.Tries, c.Note = c.Tries+1, step+": "+noteOf(cause)
	err := s.o.DB.Write(context.WithoutCancel(ctx), func(tx *store.Tx) error {
		c.Again = tx.Now.Add(pause)
		if err := tx.PutSecretChange(c); err != nil {
			return err
		}
		if err := s.entry(tx, "secret.change-failed", v, Use{Window: c.Window}, map[string]any{"credential": string(k.kind), "step": step, "error": noteOf(cause), "again": instant(c.Again)}); err != nil {
			return err
		}
		_, err := tx.RaiseAlarmOnce(store.Alarm{What: store.AlarmSecret, About: v.target.ID, Detail: map[string]any{
			"account": v.account.ID, "credential": string(k.kind), "step": step, "error": noteOf(cause),
		}}, alarmPause, []string{v.system.Section}, ledger.Actor{Kind: "broker", ID: "broker"})
		return err
	})
	return errors.Join(fmt.Errorf("change the secret of %s, %s: %w", v.account.ID, step, cause), err)
}
