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

// NextSecret is the purpose under which the new secret of a change is sealed; oldSecret that of the old one.
func NextSecret(a store.Account) string { return a.Secret + "/next" }
func oldSecret(a store.Account) string  { return a.Secret + "/old" }

// ChangeSecrets changes the stored secrets that are due by the systems' rules, and goes on with changes that were interrupted. It is a
// chore. A change goes: the new secret is made and stored; it is set on the target; it opens the account by a real login, and becomes the
// account's secret; the old one is removed from the target and must no longer open it. Both are kept meanwhile, so that a change that
// breaks off at any point goes on with the next call.
func (s *Steward) ChangeSecrets(ctx context.Context) error {
	due := map[string]string{} // window by account
	err := s.o.DB.Read(ctx, func(snap *store.Snap) error {
		changes, err := snap.SecretChanges()
		if err != nil {
			return err
		}
		under := map[string]bool{}
		for _, c := range changes {
			if under[c.Account] = true; !snap.Now.Before(c.Again) {
				due[c.Account] = c.Window
			}
		}
		all, err := snap.Accounts("")
		if err != nil {
			return err
		}
		for _, a := range all {
			if a.Credential == store.CredentialCertificate || under[a.ID] {
				continue
			}
			window, err := dueAfter(snap, a)
			if err != nil {
				return err
			}
			if window != "" {
				due[a.ID] = window
			}
		}
		return nil
	})
	for account, window := range due {
		if ctx.Err() != nil {
			break
		}
		e := s.alone(ctx, account, "secret", func(ctx context.Context, v subject) error { return s.change(ctx, v, window) })
		if errors.Is(e, errInUse) {
			continue
		}
		err = errors.Join(err, e)
	}
	return err
}

// dueAfter is the window after which the secret of an account has to be changed; empty: it has not.
func dueAfter(snap *store.Snap, a store.Account) (string, error) {
	t, err := snap.Target(a.Target)
	if err != nil {
		return "", err
	}
	y, err := snap.System(t.System)
	if err != nil || !y.ChangeSecrets {
		return "", err
	}
	set, err := snap.SecretSetAt(a.Secret)
	if errors.Is(err, store.ErrNotFound) {
		return "", nil // none was handed in yet
	}
	if err != nil {
		return "", err
	}
	return snap.UsedSince(a.ID, set)
}

// change takes a change as far as it gets.
func (s *Steward) change(ctx context.Context, v subject, window string) error {
	c, resumed, err := s.begin(ctx, v, window)
	if err != nil {
		return fmt.Errorf("change the secret of %s: %w", v.account.ID, err)
	}
	now, other, err := s.both(ctx, v.account, c)
	if err != nil {
		return fmt.Errorf("change the secret of %s: %w", v.account.ID, err)
	}
	if c.State == store.SecretMade {
		// A broker that stopped after it had set the secret does not know so.
		if !resumed || s.opens(ctx, v, other) != nil {
			if err := s.place(ctx, v, now, other); err != nil {
				return s.failed(ctx, v, c, stepPlace, err)
			}
		}
		c.State = store.SecretPlaced
		if err := s.moved(ctx, v, c, "secret.placed", nil); err != nil {
			return err
		}
	}
	if c.State == store.SecretPlaced {
		if err := s.opens(ctx, v, other); err != nil {
			if s.opens(ctx, v, now) == nil { // the target kept the old one after all
				c.State = store.SecretMade
			}
			return s.failed(ctx, v, c, stepTry, err)
		}
		if c, err = s.proved(ctx, v, c, now, other); err != nil {
			return err
		}
		now, other = other, now
	}
	if err := s.removed(ctx, v, now, other); err != nil {
		return s.failed(ctx, v, c, stepRemove, err)
	}
	return s.moved(ctx, v, c, "secret.changed", func(tx *store.Tx) error { return tx.EndSecretChange(v.account.ID) })
}

// begin reads the change, or makes one with a new secret.
func (s *Steward) begin(ctx context.Context, v subject, window string) (c store.SecretChange, resumed bool, err error) {
	var old []byte
	err = s.o.DB.Read(ctx, func(snap *store.Snap) error {
		if c, err = snap.SecretChange(v.account.ID); err == nil {
			resumed = true
			return nil
		}
		if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		old, err = snap.Secret(v.account.Secret)
		return err
	})
	if err != nil || resumed {
		return c, resumed, err
	}
	plain, err := s.o.Ring.Unseal(v.account.Secret, old)
	if err != nil {
		return c, false, err
	}
	fresh, err := newSecret(v.account.Credential, plain)
	if err != nil {
		return c, false, err
	}
	sealed, err := s.o.Ring.Seal(NextSecret(v.account), fresh)
	if err != nil {
		return c, false, err
	}
	c = store.SecretChange{Account: v.account.ID, Window: window, State: store.SecretMade, Sealed: sealed}
	err = s.o.DB.Write(ctx, func(tx *store.Tx) error {
		c.Since = tx.Now
		if err := tx.PutSecretChange(c); err != nil {
			return err
		}
		return s.entry(tx, "secret.changing", v, Use{Window: window}, map[string]any{"credential": string(v.account.Credential)})
	})
	return c, false, err
}

// both opens the account's secret and the other one of its change.
func (s *Steward) both(ctx context.Context, a store.Account, c store.SecretChange) (now, other []byte, err error) {
	var sealed []byte
	err = s.o.DB.Read(ctx, func(snap *store.Snap) (err error) {
		sealed, err = snap.Secret(a.Secret)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	if now, err = s.o.Ring.Unseal(a.Secret, sealed); err != nil {
		return nil, nil, err
	}
	other, err = s.o.Ring.Unseal(purposeOf(a, c), c.Sealed)
	return now, other, err
}

func purposeOf(a store.Account, c store.SecretChange) string {
	if c.State == store.SecretProved {
		return oldSecret(a)
	}
	return NextSecret(a)
}

// opens tries a real login with a secret.
func (s *Steward) opens(ctx context.Context, v subject, plain []byte) error {
	auth, err := proof(v.account.Credential, plain)
	if err != nil {
		return err
	}
	return s.login(ctx, v.target, v.account.Login, auth)
}

// moved writes a step that was done.
func (s *Steward) moved(ctx context.Context, v subject, c store.SecretChange, kind string, further func(*store.Tx) error) error {
	c.Tries, c.Note, c.Again = 0, "", time.Time{}
	err := s.o.DB.Write(context.WithoutCancel(ctx), func(tx *store.Tx) error {
		if further == nil {
			further = func(tx *store.Tx) error { return tx.PutSecretChange(c) }
		}
		if err := further(tx); err != nil {
			return err
		}
		return s.entry(tx, kind, v, Use{Window: c.Window}, map[string]any{"credential": string(v.account.Credential)})
	})
	if err != nil {
		return fmt.Errorf("change the secret of %s: %w", v.account.ID, err)
	}
	return nil
}

// proved makes the new secret the account's, and keeps the old one until it is removed from the target.
func (s *Steward) proved(ctx context.Context, v subject, c store.SecretChange, old, fresh []byte) (store.SecretChange, error) {
	sealed, err := s.o.Ring.Seal(v.account.Secret, fresh)
	if err != nil {
		return c, err
	}
	if c.Sealed, err = s.o.Ring.Seal(oldSecret(v.account), old); err != nil {
		return c, err
	}
	c.State = store.SecretProved
	return c, s.moved(ctx, v, c, "secret.proved", func(tx *store.Tx) error {
		return errors.Join(tx.PutSecret(v.account.Secret, sealed), tx.PutSecretChange(c))
	})
}

// removed removes the old secret from the target and tries that it opens the account no longer.
func (s *Steward) removed(ctx context.Context, v subject, now, old []byte) error {
	if v.account.Credential == store.CredentialKey {
		if err := s.removeKey(ctx, v, now, old); err != nil {
			return err
		}
	}
	return refusal(s.opens(ctx, v, old))
}

var errOldOpens = errors.New("the old secret still opens the account")

// failed writes a step that failed, with the time of the next try, and raises an alarm.
func (s *Steward) failed(ctx context.Context, v subject, c store.SecretChange, step string, cause error) error {
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
		if err := s.entry(tx, "secret.change-failed", v, Use{Window: c.Window}, map[string]any{"step": step, "error": noteOf(cause), "again": instant(c.Again)}); err != nil {
			return err
		}
		_, err := tx.RaiseAlarmOnce(store.Alarm{What: store.AlarmSecret, About: v.target.ID, Detail: map[string]any{
			"account": v.account.ID, "step": step, "error": noteOf(cause),
		}}, alarmPause, []string{v.system.Section}, ledger.Actor{Kind: "broker", ID: "broker"})
		return err
	})
	return errors.Join(fmt.Errorf("change the secret of %s, %s: %w", v.account.ID, step, cause), err)
}
