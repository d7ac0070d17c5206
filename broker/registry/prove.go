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

// Failures that lock out, and for how long. Failures lock the pair of person and address, and an address on which many
// failed; neither keeps out a person at another address. Guesses at one person from many addresses lock no one: what a
// wrong password guesses is lost on its pair alone. Only guesses at the code by those who already have the password, or
// the key, are bounded for all addresses together: after triesWide only one in slowFor is looked at, except from an
// address at which the person proved right before (Snap.ProvedFrom), and those who guess cannot have that.
const (
	triesPerson  = 5
	triesAddress = 20
	triesWide    = 50
	countFor     = 10 * time.Minute
	lockFor      = 10 * time.Minute
	slowFor      = 10 * time.Second
)

// counters are the keys that a try is counted under; an empty one is not counted.
type counters struct {
	own     string // after triesPerson locked: the caller's own, by token or by person and address
	guesses string // an alarm after triesWide: wrong passwords, from every address
	codes   string // slowed after triesWide: tries that had the password or the key, from every address
	address string // after triesAddress locked, for strangers
	source  string // noted once the try was right
	apart   bool   // the caller holds the person's token: what others failed at the address does not stop them
	known   bool   // the person proved right from this address before: neither do failures elsewhere
}

// counters of a try at a person. Callers with a token are counted apart, from every address together: a token is not guessed.
func (in proof) counters(id string) counters {
	c := counters{address: addressKey(in.source), source: addressKey(in.source)}
	switch {
	case in.token:
		c.own, c.apart = "fresh:"+id, true
	case in.password == nil:
		c.own, c.codes = "code:"+id+" "+c.address, "keycodes:"+id
		c.address = prefixed("key-", c.address) // what strangers fail there says nothing of who has a key
	default:
		c.own, c.guesses, c.codes = "pair:"+id+" "+c.address, "person:"+id, "codes:"+id
	}
	return c
}

func prefixed(prefix, key string) string {
	if key == "" {
		return ""
	}
	return prefix + key
}

// earlierFor is how long after its end a token still keeps room for who holds it.
const earlierFor = 180 * 24 * time.Hour

// holds counts callers apart from everybody else, wherever they are, who hold a token of the person's that was not revoked: others who
// guess at the same person from the same address cannot have it.
func (c *counters) holds(s *store.Snap, person, token string) error {
	if token == "" {
		return nil
	}
	hash := store.HashToken(token)
	t, err := s.Token(hash)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil
	case err != nil:
		return fmt.Errorf("read earlier token: %w", err)
	case t.Person == person && t.Revoked.IsZero() && s.Now.Before(t.Expires.Add(earlierFor)):
		c.own, c.known = "earlier:"+hex.EncodeToString(hash[:8]), true
	}
	return nil
}

// proof is what somebody offers to prove to be a person. Without a password only the code is proved.
type proof struct {
	name     string
	password *string
	code     string
	source   string
	via      string
	what     string // was proved, for the summary of failures
	token    bool   // the caller holds a valid token of the person's
	earlier  string // a token that the caller had before; opens nothing
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
	var c counters
	err := r.o.DB.Keep(ctx, store.KeepThrottle, func(k *store.KeepTx) error {
		s := k.Snap
		now = s.Now
		found, err := find(s, in.name)
		switch {
		case err == nil:
			p, known = found, true
			c = in.counters(p.ID)
		case errors.Is(err, store.ErrNotFound):
			c = in.counters("?" + stranger(in.name))
		default:
			return err
		}
		if known {
			if c.known, err = s.ProvedFrom(p.ID, c.source); err != nil {
				return fmt.Errorf("read proved sources: %w", err)
			}
			if err := c.holds(s, p.ID, in.earlier); err != nil {
				return err
			}
		}
		if denied, err = r.takeTry(k, c); err != nil || denied != nil {
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
		same, err := r.matches(ctx, encoded, *in.password, c.known || c.apart)
		if err != nil {
			return policy.Person{}, err
		}
		right = right && same
	}
	slow, err := r.takeGuess(ctx, &c, right)
	if err != nil {
		return policy.Person{}, err
	}
	if slow != nil && in.password == nil {
		return policy.Person{}, slow // the key is proved already: the answer tells nothing of a password
	}
	right = right && slow == nil
	step, same, off, err := r.codeStep(p.ID, factor, in, now)
	if err != nil {
		return policy.Person{}, err
	}
	used := false
	if right = right && same; right {
		switch err := r.o.DB.Keep(ctx, store.KeepCodeStep, func(k *store.KeepTx) error { return k.UseCodeStep(p.ID, step) }); {
		case errors.Is(err, store.ErrCodeUsed):
			right, used = false, true
		case err != nil:
			return policy.Person{}, fmt.Errorf("use one-time code: %w", err)
		}
	}
	if !right {
		err := r.failed(ctx, c, p, in)
		var denied *policy.Denied
		if (in.password == nil || in.token) && (used || off != 0) && errors.As(err, &denied) {
			err = &WrongCode{Used: used, Off: off, err: err}
		}
		return policy.Person{}, err
	}
	return p, r.forgive(ctx, c, p.ID)
}

// stranger stands for a name that nobody has: people type their password where the name belongs, and it
// must neither lie in the database nor in the log.
func stranger(name string) string {
	sum := sha256.Sum256([]byte(name))
	return hex.EncodeToString(sum[:8])
}

// codeStep compares a code with the person's second factor; a person without one takes as long. off is of a wrong code of somebody
// who proved the person's key, and of nobody else.
func (r *Registry) codeStep(person string, factor store.TOTP, in proof, now time.Time) (step int64, same bool, off time.Duration, err error) {
	secret := decoySecret
	if len(factor.Sealed) > 0 {
		plain, err := r.o.Keys.Unseal(totpPurpose(person), factor.Sealed)
		if err != nil {
			return 0, false, 0, fmt.Errorf("unseal second factor of %s: %w", person, err)
		}
		secret = string(plain)
	}
	if step, same, err = stepOf(secret, in.code, now); err != nil || len(factor.Sealed) == 0 {
		return step, false, 0, err
	}
	if !same && in.password == nil {
		off, err = offOf(secret, in.code, now)
	}
	return step, same, off, err
}

const decoySecret = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

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

// takeGuess counts the try for all addresses together, once the password was looked at: among the guesses at the password, or
// among those at the code that had it. c keeps the one it was. denied while codes are slowed and the caller is not known
// here. Both ways write once, so that the time taken does not tell a right password.
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

// failed locks out who has failed too often and gives the one error there is. The failure that locks gets
// an entry, and the one that makes guessing at a person slow for all an alarm.
func (r *Registry) failed(ctx context.Context, c counters, p policy.Person, in proof) error {
	locked, slowed, withPassword := "", false, false
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

// ledgerMany raises the alarm of repeated failures that lock nobody yet. withPassword: those who guess have the password.
func (r *Registry) ledgerMany(ctx context.Context, p policy.Person, in proof, failures int, withPassword bool) error {
	return r.o.DB.Write(ctx, func(tx *store.Tx) error {
		detail := map[string]any{"source": in.source, "via": in.via, "failures": failures}
		if withPassword {
			detail["password_known"] = true
		}
		return alarm(tx, store.AlarmFailures, p.ID, detail)
	})
}

// forgive forgets the failures of who proved right, and gives the try back at which all take part. What others failed at
// the same person, and an address, is not forgiven: one right answer must not pay for wrong ones. The address is noted: it
// keeps room for the person from now on. person: empty where nothing was proved.
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

// hash and matches take a place among those that hash at once.
func (r *Registry) hash(password string) string {
	r.hashes <- struct{}{}
	defer func() { <-r.hashes }()
	return r.o.Hash.hash(password)
}

// matches compares. Strangers wait for one of strangersAtOnce places first: however many they are, whoever was right from
// this address before, or has a token, finds a place.
func (r *Registry) matches(ctx context.Context, encoded, password string, known bool) (bool, error) {
	if !known {
		select {
		case r.strangers <- struct{}{}:
		case <-ctx.Done():
			return false, context.Cause(ctx)
		}
		defer func() { <-r.strangers }()
	}
	select {
	case r.hashes <- struct{}{}:
	case <-ctx.Done():
		return false, context.Cause(ctx)
	}
	defer func() { <-r.hashes }()
	return matches(encoded, password)
}
