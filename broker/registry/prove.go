package registry

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"time"

	"sekimori/broker/store"
	"sekimori/policy"
)

// Failures that lock out, and for how long. Failures lock the pair of person and address, and an address with many
// failures. Neither lock stops a person at another address. Guesses at one person from many addresses lock no one: a
// wrong password counts against its pair alone. Callers who already have the password or the key may guess at the code;
// these guesses are bounded over all addresses: after triesWide only one in slowFor is looked at. An
// address at which the person proved right before (Snap.ProvedFrom) is exempt, and a guesser cannot have such an address.
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
	apart   bool   // the caller holds the person's token: failures of others at the address do not stop them
	known   bool   // the person proved right from this address before: failures elsewhere do not stop them
}

// counters of a try at a person. Callers with a token are counted apart, from every address together: a token is not guessed.
func (in proof) counters(id string) counters {
	c := counters{address: addressKey(in.source), source: addressKey(in.source)}
	switch {
	case in.token:
		c.own, c.apart = "fresh:"+id, true
	case in.password == nil:
		c.own, c.codes = "code:"+id+" "+c.address, "keycodes:"+id
		c.address = prefixed("key-", c.address) // strangers' failures there do not tell whether a person has a key
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

// earlierFor is the time after its end for which a token still keeps room for its holder.
const earlierFor = 180 * 24 * time.Hour

// holds gives a holder of an unrevoked token of the person's counters of their own, at every address. Others who guess
// at the same person from the same address cannot have such a token.
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

// proof is the proof that a caller offers of being a person. Without a password only the code is checked.
type proof struct {
	name     string
	password *string
	code     string
	source   string
	via      string
	what     string // kind of proof, for the summary of failures
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

// proven is a person who proved right, and with what.
type proven struct {
	policy.Person
	first, second string // as the entry about the sign-in says it
}

// prove checks a proof. Every failure looks the same and takes the same work, whether or not the person
// exists. Every try is counted before it is checked: of many guesses at the same
// moment, only the permitted number is checked. Only a proof that is right
// throughout uses up a code.
func (r *Registry) prove(ctx context.Context, in proof) (proven, error) {
	var (
		p       store.Person
		known   bool
		encoded = r.decoy
		factor  store.TOTP
		kept    store.Passkey
		shown   = assertionOf(in.code) // nil: the code is one
		now     time.Time
		denied  error
	)
	var c counters
	err := r.o.DB.Keep(ctx, store.KeepThrottle, func(k *store.KeepTx) (err error) {
		s := k.Snap
		now = s.Now
		name := in.name
		if shown != nil {
			if kept, err = s.Passkey(shown.id); err != nil && !errors.Is(err, store.ErrNotFound) {
				return fmt.Errorf("read passkey: %w", err)
			}
			if name == "" && kept.Ended.IsZero() {
				name = kept.Person // a passkey knows whose it is
			}
		}
		found, err := s.Person(name)
		switch {
		case err == nil:
			p, known = found, true
			c = in.counters(p.ID)
		case errors.Is(err, store.ErrNotFound):
			c = in.counters("?" + stranger(in.name))
		default:
			return fmt.Errorf("person %q: %w", name, err)
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
		return proven{}, err
	}
	if denied != nil {
		return proven{}, denied
	}
	var signed, verified bool // by the passkey
	if shown != nil {
		if signed, verified, err = r.passkeyRight(shown, kept, p.Person, now); err != nil {
			return proven{}, err
		}
	}
	// A second factor alone opens nothing: policy.Decide says what a lock forbids, with its reason.
	right := known && (p.Locked == nil || in.password == nil)
	mistyped := false // the password
	how := proven{Person: p.Person, second: "code"}
	voucher, vouched := voucher{}, false
	var word vouch
	switch {
	case in.password == nil:
	case shown != nil && *in.password == in.code: // the passkey alone
		// A person of the directory who is signed in was vouched for today.
		alone := r.o.Passkeys.Use == PasskeysOnly && verified && (in.token || p.SignIn != store.SignInDirectory) && encoded != r.decoy
		right, how.first = right && signed && alone, "passkey"
	default:
		if voucher, vouched = r.voucherOf(p.ID, *in.password, in.token, now); vouched && p.SignIn == store.SignInDirectory && encoded == atDirectory {
			word, how.first = voucher.vouch, "provider"
			break
		}
		vouched, how.first = false, "password"
		if p.SignIn == store.SignInDirectory {
			how.first = "directory"
		}
		if word, err = r.firstFactor(ctx, p, encoded, *in.password, c.known || c.apart); err != nil {
			return proven{}, err
		}
	}
	if how.first != "" && how.first != "passkey" {
		right, mistyped = right && word.right, right && !word.right && !word.down
	}
	slow, err := r.takeGuess(ctx, &c, right)
	if err != nil {
		return proven{}, err
	}
	if slow != nil && in.password == nil {
		return proven{}, slow // the key is proved already: the answer tells nothing of a password
	}
	right = right && slow == nil
	provenFirst := right
	var step int64
	var same bool
	var off time.Duration
	switch {
	case shown != nil:
		same, how.second = signed, "passkey"
	case vouched && voucher.second && in.code == *in.password:
		same, how.second = true, "provider"
	default:
		if step, same, off, err = r.codeStep(p.ID, factor, in, now); err != nil {
			return proven{}, err
		}
	}
	if off = r.clockOff(p.ID, off, provenFirst && !same, in.password == nil, now); off != 0 && !provenFirst {
		off = 0
	}
	used := false
	if right = right && same; right {
		if right, used, err = r.useFactor(ctx, how.second, p.Person, shown, step, now); err != nil {
			return proven{}, err
		}
	}
	if right && word.subject != "" {
		if right, err = r.account(ctx, p.Person, word); err != nil {
			return proven{}, err
		}
	}
	if !right {
		return proven{}, r.wrong(ctx, c, p.Person, in, WrongProof{
			Password: mistyped, Used: used, Passkey: shown != nil, Off: off, Down: word.down || in.password != nil && r.Ways().Down,
		})
	}
	if vouched {
		r.spendVoucher(*in.password)
	}
	return how, r.forgive(ctx, c, p.ID)
}

// useFactor uses the second factor up: a code's step, a passkey's challenge. used: it was used before.
func (r *Registry) useFactor(ctx context.Context, second string, p policy.Person, shown *assertion, step int64, now time.Time) (right, used bool, err error) {
	switch second {
	case "provider":
		return true, false, nil
	case "passkey":
		if !r.spend(shown.parsed.Response.CollectedClientData.Challenge, now) {
			return false, true, nil
		}
		err = r.o.DB.Keep(ctx, store.KeepPasskeyUse, func(k *store.KeepTx) error {
			return k.UsePasskey(shown.id, shown.parsed.Response.AuthenticatorData.Counter)
		})
		if errors.Is(err, store.ErrCodeUsed) {
			return false, false, r.o.DB.Write(ctx, func(tx *store.Tx) error {
				return alarm(tx, store.AlarmPasskeyCopied, p.ID, map[string]any{"passkey": shown.id})
			})
		}
	default:
		err = r.o.DB.Keep(ctx, store.KeepCodeStep, func(k *store.KeepTx) error { return k.UseCodeStep(p.ID, step) })
		if errors.Is(err, store.ErrCodeUsed) {
			return false, true, nil
		}
	}
	if err != nil {
		return false, false, fmt.Errorf("use second factor: %w", err)
	}
	return true, false, nil
}

// wrong counts a wrong proof and gives its error. To strangers it says what is true of everyone, and to a caller who knows the password
// that their clock is off; the rest only to the holder of a token or key.
func (r *Registry) wrong(ctx context.Context, c counters, p policy.Person, in proof, told WrongProof) error {
	err := r.failed(ctx, c, p, in)
	var denied *policy.Denied
	if !errors.As(err, &denied) {
		return err
	}
	switch {
	case in.token:
	case in.password == nil:
		told.Passkey, told.Down = false, false
	default:
		told = WrongProof{Off: told.Off, Down: told.Down}
	}
	if told == (WrongProof{}) && !in.token {
		return err
	}
	told.err = err
	return &told
}

// fastClock is a clock that seems to be fast, by a code that is not yet valid.
type fastClock struct {
	off time.Duration
	at  time.Time
}

// clockOff gives by how much the person's clock is off, where it may be told. That a code will be valid later would help a guesser with
// the password: of a fast clock it is told when a second code says the same. The gate keeps its own count.
func (r *Registry) clockOff(person string, off time.Duration, wrong, gate bool, now time.Time) time.Duration {
	if off <= 0 || gate || !wrong {
		return off
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	maps.DeleteFunc(r.fast, func(_ string, f fastClock) bool { return now.Sub(f.at).Abs() > time.Hour })
	before, seen := r.fast[person]
	r.fast[person] = fastClock{off, now}
	if seen && (before.off-off).Abs() <= codeStep {
		return off
	}
	return 0
}

// stranger replaces an unknown name: people type their password into the name's field, and it
// must be neither in the database nor in the log.
func stranger(name string) string {
	sum := sha256.Sum256([]byte(name))
	return hex.EncodeToString(sum[:8])
}

// codeStep compares a code with the person's second factor; a person without one takes the same time. off is set for a code that a clock
// within an hour made.
func (r *Registry) codeStep(person string, factor store.TOTP, in proof, now time.Time) (step int64, same bool, off time.Duration, err error) {
	secret := decoySecret
	if len(factor.Sealed) > 0 {
		plain, err := r.o.Keys.Unseal(totpPurpose(person), factor.Sealed)
		if err != nil {
			return 0, false, 0, fmt.Errorf("unseal second factor of %s: %w", person, err)
		}
		secret = string(plain)
	}
	if step, same, err = r.step(secret, in.code, now); err != nil {
		return 0, false, 0, err
	}
	off, err = offOf(secret, in.code, now)
	if same {
		off = 0
	}
	if len(factor.Sealed) == 0 {
		return 0, false, 0, err
	}
	return step, same, off, err
}

const decoySecret = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
