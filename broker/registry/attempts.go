package registry

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// takeTry counts a try at the person before it is looked at; forgive gives it back. denied is
// too-many-failures while one of the counters is locked, and when all tries are taken by others at this moment.
func (r *Registry) takeTry(k *store.KeepTx, c counters) (denied, err error) {
	if denied, err = r.lockedOut(k.Snap, c); err != nil || denied != nil {
		return denied, err
	}
	if c.own == "" {
		return nil, nil
	}
	_, err = count(k, c.own)
	return nil, err
}

// takeGuess counts the try for all addresses together, after the password was checked. It counts a wrong password, or
// a guess at the code with the right password; c keeps the counter that it was. denied while codes are slowed and the caller is not
// known here. Both ways write once, so that the time taken does not tell a right password.
func (r *Registry) takeGuess(ctx context.Context, c *counters, right bool) (denied, err error) {
	key := c.guesses
	if right {
		c.guesses, key = "", c.codes
	} else {
		c.codes = ""
	}
	if key == "" {
		return nil, nil
	}
	err = r.o.DB.Keep(ctx, store.KeepThrottle, func(k *store.KeepTx) error {
		denied = nil
		t, err := k.Throttle(key)
		if err != nil {
			return fmt.Errorf("read failures: %w", err)
		}
		if key == c.codes && !c.known && k.Now.Before(t.LockedUntil) {
			denied = tooMany(t.Count, t.LockedUntil, r.o.Zone)
			return k.PutThrottle(t)
		}
		if t, err = count(k, key); err != nil {
			return err
		}
		if key == c.codes && !c.known && t.Count > triesWide { // this one may, the next not at once
			t.LockedUntil = k.Now.Add(slowFor)
			return k.PutThrottle(t)
		}
		return nil
	})
	return denied, err
}

func tooMany(n int, until time.Time, zone *time.Location) error {
	return &policy.Denied{Reason: policy.TooManyFailures, Args: map[string]string{
		"n": strconv.Itoa(n), "time": until.In(zone).Format("2006-01-02 15:04"),
	}}
}

// lockedOut is too-many-failures, or nothing.
func (r *Registry) lockedOut(s *store.Snap, c counters) (denied, err error) {
	for key, most := range map[string]int{c.own: triesPerson, c.address: triesAddress} {
		if key == "" || key == c.address && (c.apart || c.known) {
			continue
		}
		t, err := s.Throttle(key)
		if err != nil {
			return nil, fmt.Errorf("read failures: %w", err)
		}
		until := t.LockedUntil
		if taken := key != c.address && t.Count >= most; taken && until.IsZero() {
			until = t.Since.Add(countFor) // as many are being looked at, or were broken off
		}
		if s.Now.Before(until) {
			return tooMany(t.Count, until, r.o.Zone), nil
		}
	}
	return nil, nil
}

// addressMay refuses an address that is locked out.
func (r *Registry) addressMay(ctx context.Context, source string) error {
	var denied error
	err := r.o.DB.Read(ctx, func(s *store.Snap) (err error) {
		denied, err = r.lockedOut(s, counters{address: addressKey(source)})
		return err
	})
	if err != nil {
		return err
	}
	return denied
}

// wrongCode counts a wrong enrolment code against the address; other errors pass.
func (r *Registry) wrongCode(ctx context.Context, err error, p policy.Person, source string) error {
	var refused *policy.Denied
	if !errors.As(err, &refused) {
		return err
	}
	return r.failed(ctx, counters{address: addressKey(source)}, p, proof{source: source, via: "cli", what: "enrolment"})
}

// count adds one to a counter, beginning anew after a while.
func count(k *store.KeepTx, key string) (store.Throttle, error) {
	t, err := k.Throttle(key)
	if err != nil {
		return t, fmt.Errorf("read failures: %w", err)
	}
	if t.Count == 0 || k.Now.Sub(t.Since) >= countFor {
		t = store.Throttle{Since: k.Now}
	}
	t.Key = key
	t.Count++
	return t, k.PutThrottle(t)
}

// failed locks out a caller after too many failures and gives the one error there is. The failure that locks gets
// an entry. The failure that makes guessing at a person slow for all raises an alarm.
func (r *Registry) failed(ctx context.Context, c counters, p policy.Person, in proof) error {
	locked, slowed, withPassword := "", false, false
	var now time.Time
	err := r.o.DB.Keep(ctx, store.KeepThrottle, func(k *store.KeepTx) error {
		now, locked, slowed, withPassword = k.Now, "", false, false
		lock := func(t store.Throttle, most int) error {
			if t.Count < most || k.Now.Before(t.LockedUntil) {
				return nil
			}
			t.LockedUntil, locked = k.Now.Add(lockFor), t.Key
			return k.PutThrottle(t)
		}
		// Expired counters go here, so that the table does not grow beyond the failures of one such time.
		if err := k.DropThrottles(k.Now.Add(-countFor)); err != nil {
			return err
		}
		if c.own != "" {
			t, err := k.Throttle(c.own) // counted when the try was taken
			if err == nil {
				err = lock(t, triesPerson)
			}
			if err != nil {
				return err
			}
		}
		for _, key := range []string{c.guesses, c.codes} { // one of them, or none
			if key == "" {
				continue
			}
			t, err := k.Throttle(key)
			if many := err == nil && t.Count >= triesWide && t.LockedUntil.IsZero(); many {
				slowed, withPassword = true, key == c.codes && in.password != nil
				t.LockedUntil = k.Now.Add(slowFor)
				err = k.PutThrottle(t)
			}
			if err != nil {
				return err
			}
		}
		if c.address == "" {
			return nil
		}
		t, err := count(k, c.address)
		if err != nil {
			return err
		}
		return lock(t, triesAddress)
	})
	if err != nil {
		return fmt.Errorf("count the failure: %w", err)
	}
	many := in.source != "" && r.tally.add(in.source, in.via, in.what, now)
	switch {
	case locked != "":
		r.o.Log.Warn("sign_in_locked", "counter", locked)
		err = r.ledgerLock(ctx, p, in)
	case many && !slowed:
		err = r.ledgerMany(ctx, p, in, alarmAfter, false)
	}
	if err == nil && slowed {
		err = r.ledgerMany(ctx, p, in, triesWide, withPassword)
	}
	if err != nil {
		return err
	}
	return &policy.Denied{Reason: policy.AuthFailed}
}

// ledgerLock writes the one entry of a lock-out. The broker is its actor: no person was proved.
func (r *Registry) ledgerLock(ctx context.Context, p policy.Person, in proof) error {
	return r.o.DB.Write(ctx, func(tx *store.Tx) error {
		subjects := []string{}
		if p.ID != "" {
			subjects = append(subjects, p.ID)
		}
		_, err := tx.Append(ledger.Draft{Kind: "signin.locked", Actor: ledger.Actor{Kind: "broker", Via: "timer"}, Subjects: subjects,
			Payload: map[string]any{"reason": policy.TooManyFailures, "number": policy.TooManyFailures.Number(),
				"source": in.source, "via": in.via, "until": tx.Now.Add(lockFor)}})
		if err != nil {
			return fmt.Errorf("ledger lock-out: %w", err)
		}
		return alarm(tx, store.AlarmLockedOut, p.ID, map[string]any{"source": in.source, "via": in.via, "until": tx.Now.Add(lockFor)})
	})
}

// ledgerMany raises the alarm of repeated failures that lock no one yet. withPassword: the guessers have the password.
func (r *Registry) ledgerMany(ctx context.Context, p policy.Person, in proof, failures int, withPassword bool) error {
	return r.o.DB.Write(ctx, func(tx *store.Tx) error {
		detail := map[string]any{"source": in.source, "via": in.via, "failures": failures}
		if withPassword {
			detail["password_known"] = true
		}
		return alarm(tx, store.AlarmFailures, p.ID, detail)
	})
}

// forgive forgets the failures of the caller who proved right, and gives back the try in the shared counters. Others' failures
// at the same person and the address stay: one right answer must not pay for wrong ones. The address is noted: it
// keeps room for the person from now on. person is empty where no person was proved.
func (r *Registry) forgive(ctx context.Context, c counters, person string) error {
	err := r.o.DB.Keep(ctx, store.KeepThrottle, func(k *store.KeepTx) error {
		if c.codes != "" {
			t, err := k.Throttle(c.codes)
			if err == nil && t.Count > 0 {
				t.Count--
				err = k.PutThrottle(t)
			}
			if err != nil {
				return err
			}
		}
		if person != "" && c.source != "" {
			if err := k.NoteProved(person, c.source); err != nil {
				return fmt.Errorf("note proved source: %w", err)
			}
		}
		if c.own == "" {
			return nil
		}
		return k.PutThrottle(store.Throttle{Key: c.own})
	})
	if err != nil {
		return fmt.Errorf("forget failures: %w", err)
	}
	if person != "" && c.source != "" && r.o.Proved != nil {
		r.o.Proved(c.source)
	}
	return nil
}
