package registry

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"time"

	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// Failures that lock a person or an address out, and for how long. An address may stand for many people,
// so it gets more tries.
const (
	triesPerson  = 5
	triesAddress = 20
	countFor     = 10 * time.Minute
	lockFor      = 10 * time.Minute
)

// proof is what somebody offers to prove to be a person. Without a password only the code is proved.
type proof struct {
	name     string
	password *string
	code     string
	source   string
	via      string
	what     string // was proved, for the summary of failures
}

// addressKey is what failures of a source are counted under; empty where the door has none. Of IPv6 it is the /64 that one
// subscriber holds whole: otherwise every guess could come from another address.
func addressKey(source string) string {
	if source == "" {
		return ""
	}
	if a, err := netip.ParseAddr(source); err == nil {
		if a = a.Unmap().WithZone(""); a.Is6() {
			p, _ := a.Prefix(64) // an address has one
			return "addr:" + p.String()
		}
		source = a.String()
	}
	return "addr:" + source
}

// prove checks a proof. Every failure looks the same and takes the same work, whether or not the person
// exists; every failure is counted, and counted before it is known to be one: of many guesses at the same
// moment no more than the permitted number is looked at. A code is used up only by a proof that is right
// throughout.
func (r *Registry) prove(ctx context.Context, in proof) (policy.Person, error) {
	var (
		p       policy.Person
		known   bool
		encoded = r.decoy
		factor  store.TOTP
		now     time.Time
		denied  error
	)
	person, address := "", addressKey(in.source)
	err := r.o.DB.Keep(ctx, store.KeepThrottle, func(k *store.KeepTx) error {
		s := k.Snap
		now = s.Now
		found, err := find(s, in.name)
		switch {
		case err == nil:
			p, known = found, true
			person = "person:" + p.ID
		case errors.Is(err, store.ErrNotFound):
			person = "person:?" + stranger(in.name)
		default:
			return err
		}
		if denied, err = r.takeTry(k, person, address); err != nil || denied != nil {
			return err
		}
		if !known {
			return nil
		}
		if encoded, err = s.Password(p.ID); errors.Is(err, store.ErrNotFound) || encoded == suspended {
			encoded = r.decoy
		} else if err != nil {
			return fmt.Errorf("read password: %w", err)
		}
		if factor, err = s.TOTP(p.ID); err != nil && !errors.Is(err, store.ErrNotFound) {
			return fmt.Errorf("read second factor: %w", err)
		}
		return nil
	})
	if err != nil {
		return policy.Person{}, err
	}
	if denied != nil {
		return policy.Person{}, denied
	}
	// A second factor alone opens nothing: what a lock forbids is for policy.Decide to say, with its reason.
	right := known && (p.Locked == nil || in.password == nil)
	if in.password != nil {
		same, err := r.matches(ctx, encoded, *in.password)
		if err != nil {
			return policy.Person{}, err
		}
		right = right && same
	}
	step, same, err := r.codeStep(p.ID, factor, in.code, now)
	if err != nil {
		return policy.Person{}, err
	}
	if right = right && same; right {
		switch err := r.o.DB.Keep(ctx, store.KeepCodeStep, func(k *store.KeepTx) error { return k.UseCodeStep(p.ID, step) }); {
		case errors.Is(err, store.ErrCodeUsed):
			right = false
		case err != nil:
			return policy.Person{}, fmt.Errorf("use one-time code: %w", err)
		}
	}
	if !right {
		return policy.Person{}, r.failed(ctx, person, address, p, in)
	}
	return p, r.forgive(ctx, person)
}

// stranger stands for a name that nobody has: people type their password where the name belongs, and it
// must neither lie in the database nor in the log.
func stranger(name string) string {
	sum := sha256.Sum256([]byte(name))
	return hex.EncodeToString(sum[:8])
}

// codeStep compares a code with the person's second factor; a person without one takes as long.
func (r *Registry) codeStep(person string, factor store.TOTP, code string, now time.Time) (int64, bool, error) {
	secret := decoySecret
	if len(factor.Sealed) > 0 {
		plain, err := r.o.Keys.Unseal(totpPurpose(person), factor.Sealed)
		if err != nil {
			return 0, false, fmt.Errorf("unseal second factor of %s: %w", person, err)
		}
		secret = string(plain)
	}
	step, same, err := stepOf(secret, code, now)
	return step, same && len(factor.Sealed) > 0, err
}

const decoySecret = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

// takeTry counts a try at the person before it is looked at; forgive gives it back. denied is
// too-many-failures while person or address is locked out, and when all tries are taken by others at this moment.
func (r *Registry) takeTry(k *store.KeepTx, person, address string) (denied, err error) {
	if denied, err = r.lockedOut(k.Snap, person, address); err != nil || denied != nil {
		return denied, err
	}
	if person != "" {
		_, err = count(k, person)
	}
	return nil, err
}

// lockedOut is too-many-failures, or nothing.
func (r *Registry) lockedOut(s *store.Snap, person, address string) (denied, err error) {
	for _, key := range []string{person, address} {
		if key == "" {
			continue
		}
		t, err := s.Throttle(key)
		if err != nil {
			return nil, fmt.Errorf("read failures: %w", err)
		}
		until := t.LockedUntil
		if taken := key == person && t.Count >= triesPerson; taken && until.IsZero() {
			until = t.Since.Add(countFor) // as many are being looked at, or were broken off
		}
		if s.Now.Before(until) {
			return &policy.Denied{Reason: policy.TooManyFailures, Args: map[string]string{
				"n": strconv.Itoa(t.Count), "time": until.In(r.o.Zone).Format("2006-01-02 15:04"),
			}}, nil
		}
	}
	return nil, nil
}

// addressMay refuses an address that is locked out.
func (r *Registry) addressMay(ctx context.Context, source string) error {
	var denied error
	err := r.o.DB.Read(ctx, func(s *store.Snap) (err error) {
		denied, err = r.lockedOut(s, "", addressKey(source))
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
	return r.failed(ctx, "", addressKey(source), p, proof{source: source, via: "cli", what: "enrolment"})
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

// failed locks out who has failed too often and gives the one error there is. The failure that locks gets
// an entry.
func (r *Registry) failed(ctx context.Context, person, address string, p policy.Person, in proof) error {
	locked := ""
	var now time.Time
	err := r.o.DB.Keep(ctx, store.KeepThrottle, func(k *store.KeepTx) error {
		now = k.Now
		lock := func(t store.Throttle, most int) error {
			if t.Count < most || k.Now.Before(t.LockedUntil) {
				return nil
			}
			t.LockedUntil, locked = k.Now.Add(lockFor), t.Key
			return k.PutThrottle(t)
		}
		// What has run out goes here, so that the table cannot grow beyond the failures of one such time.
		if err := k.DropThrottles(k.Now.Add(-countFor)); err != nil {
			return err
		}
		if person != "" {
			t, err := k.Throttle(person) // counted when the try was taken
			if err == nil {
				err = lock(t, triesPerson)
			}
			if err != nil {
				return err
			}
		}
		if address == "" {
			return nil
		}
		t, err := count(k, address)
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
	case many:
		err = r.ledgerMany(ctx, p, in)
	}
	if err != nil {
		return err
	}
	return &policy.Denied{Reason: policy.AuthFailed}
}

// ledgerLock writes the one entry of a lock-out. It is the broker's act: nobody proved to be anybody.
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

// ledgerMany raises the alarm of repeated failures that lock nobody yet.
func (r *Registry) ledgerMany(ctx context.Context, p policy.Person, in proof) error {
	return r.o.DB.Write(ctx, func(tx *store.Tx) error {
		return alarm(tx, store.AlarmFailures, p.ID, map[string]any{"source": in.source, "via": in.via, "failures": alarmAfter})
	})
}

// forgive forgets a person's failures after a right proof. An address is not forgiven: one right answer
// must not pay for wrong ones about other people.
func (r *Registry) forgive(ctx context.Context, person string) error {
	err := r.o.DB.Keep(ctx, store.KeepThrottle, func(k *store.KeepTx) error { return k.PutThrottle(store.Throttle{Key: person}) })
	if err != nil {
		return fmt.Errorf("forget failures: %w", err)
	}
	return nil
}

// hash and matches take a place among those that hash at once.
func (r *Registry) hash(password string) string {
	r.hashes <- struct{}{}
	defer func() { <-r.hashes }()
	return r.o.Hash.hash(password)
}

func (r *Registry) matches(ctx context.Context, encoded, password string) (bool, error) {
	select {
	case r.hashes <- struct{}{}:
	case <-ctx.Done():
		return false, context.Cause(ctx)
	}
	defer func() { <-r.hashes }()
	return matches(encoded, password)
}
