package registry

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// tokenLife is the time for which a personal token is valid.
const tokenLife = 8 * time.Hour

// SignedIn is a fresh token. It is stored hashed: this is the only time it is seen.
type SignedIn struct {
	Token       string // empty after the enrolment of a person for whom a provider vouches: they sign in next
	Until       time.Time
	Person      policy.Person
	KeysPending string // after enrolment: the change that the person's keys wait for
}

// LoginInput is what signing in takes.
type LoginInput struct {
	Person   string // id or login
	Password string
	Code     string // one-time; or a passkey's answer (BeginAssertion), in Password too if it is to be both factors, or a voucher as Vouched says
	Source   string // address of the caller, for counting failures; empty where the door has none
	Label    string // the person's name for the place of the token
	Via      string // door
	Earlier  string // an earlier token of the person's, valid or expired; it only keeps room for its holder (see proof)
}

// Login gives a token for eight hours. Errors: *policy.Denied auth-failed, which is the same for every wrong part,
// and too-many-failures while person or address is locked out; *forms.Invalid for a label that is too long.
func (r *Registry) Login(ctx context.Context, in LoginInput) (SignedIn, error) {
	label, err := cleanLabel(in.Label) // before the proof uses a code up
	if err != nil {
		return SignedIn{}, err
	}
	p, err := r.prove(ctx, proof{name: in.Person, password: &in.Password, code: in.Code, source: in.Source, via: in.Via, what: "login", earlier: in.Earlier})
	if err != nil {
		return SignedIn{}, err
	}
	var out SignedIn
	err = r.o.DB.Write(ctx, func(tx *store.Tx) error {
		by := ledger.Actor{Kind: "person", ID: p.ID, Via: in.Via}
		if p.Person, err = tx.ActingPerson(by); err != nil {
			return err
		}
		out, err = r.signIn(tx, p, by, label)
		return err
	})
	return out, err
}

// Fresh proves again that the person is there. Approving, permitting, lifting and confirming need it. The caller has
// authenticated them by their token: failures of strangers do not stop them, only failures of such calls. source is as of
// LoginInput. Errors as of Login; auth-failed is a *WrongProof.
func (r *Registry) Fresh(ctx context.Context, person, password, code, source string) error {
	_, err := r.prove(ctx, proof{name: person, password: &password, code: code, source: source, via: "cli", what: "fresh", token: true})
	return err
}

// LockedOut tells whether Fresh looks at no proof of the person for now, because too many were wrong.
func (r *Registry) LockedOut(ctx context.Context, person string) (locked bool, err error) {
	err = r.o.DB.Read(ctx, func(s *store.Snap) error {
		denied, err := r.lockedOut(s, proof{token: true}.counters(person))
		locked = denied != nil
		return err
	})
	return locked, err
}

// CheckCode proves the second factor of a person whose key was proved, and uses the code up: a code counts once over all doors.
// A locked person's code is right too; policy then gives the lock as the reason. source is
// the caller's address, for counting failures. Errors as of Login, and
// *WrongProof, which is auth-failed, for a code that was used before or comes from a clock that is off.
func (r *Registry) CheckCode(ctx context.Context, person, code, source string) error {
	_, err := r.prove(ctx, proof{name: person, code: code, source: source, via: "ssh", what: "code"})
	return err
}

// signIn makes the token inside a transaction that proved the person.
func (r *Registry) signIn(tx *store.Tx, p proven, by ledger.Actor, label string) (SignedIn, error) {
	text := newToken()
	hash := store.HashToken(text)
	t := store.Token{Hash: hash, Person: p.ID, Label: label, Created: tx.Now, Expires: tx.Now.Add(tokenLife)}
	if err := tx.AddToken(t); err != nil {
		return SignedIn{}, fmt.Errorf("store token: %w", err)
	}
	_, err := tx.Append(ledger.Draft{Kind: "signin", Actor: by, Subjects: []string{p.ID},
		Payload: map[string]any{"token": tokenID(hash), "label": label, "until": t.Expires, "first": p.first, "second": p.second}})
	if err != nil {
		return SignedIn{}, fmt.Errorf("ledger sign-in: %w", err)
	}
	return SignedIn{Token: text, Until: t.Expires, Person: p.Person}, nil
}

// Principal is the holder of a token.
type Principal struct {
	Person  policy.Person
	TokenID string // names the token without opening anything
	Until   time.Time
	Idle    time.Duration // since the token was used before, to the minute
}

// Authenticate gives the holder of the token and notes its use. Error: auth-failed for a token that is wrong, expired or
// revoked, and for a person who was locked since.
func (r *Registry) Authenticate(ctx context.Context, token string) (Principal, error) {
	out, seen, now, err := r.holder(ctx, token)
	if err != nil {
		return Principal{}, err
	}
	if now.Sub(seen.LastUsed) >= time.Minute {
		if err := r.o.DB.Keep(ctx, store.KeepTokenUse, func(k *store.KeepTx) error { return k.TouchToken(seen.Hash) }); err != nil {
			return Principal{}, fmt.Errorf("note token use: %w", err)
		}
	}
	return out, nil
}

// Recognise is Authenticate for a call that is no use of the token, such as a page that refreshes itself.
func (r *Registry) Recognise(ctx context.Context, token string) (Principal, error) {
	out, _, _, err := r.holder(ctx, token)
	return out, err
}

// holder reads the holder of a token.
func (r *Registry) holder(ctx context.Context, token string) (out Principal, seen store.Token, now time.Time, err error) {
	hash := store.HashToken(token)
	err = r.o.DB.Read(ctx, func(s *store.Snap) error {
		t, err := s.Token(hash)
		if errors.Is(err, store.ErrNotFound) || err == nil && !t.Valid(s.Now) {
			return &policy.Denied{Reason: policy.AuthFailed}
		}
		if err != nil {
			return fmt.Errorf("read token: %w", err)
		}
		p, err := s.Person(t.Person)
		if err != nil {
			return fmt.Errorf("person of token: %w", err)
		}
		if p.Locked != nil {
			return &policy.Denied{Reason: policy.AuthFailed}
		}
		seen, now = t, s.Now
		last := t.LastUsed
		if last.Before(t.Created) {
			last = t.Created
		}
		out = Principal{Person: p.Person, TokenID: tokenID(hash), Until: t.Expires, Idle: s.Now.Sub(last)}
		return nil
	})
	return out, seen, now, err
}

// StillOpens reports whether a token, named as in Principal, is still valid, and neither its holder nor the holder's vendor is locked. A long
// act that began with the token asks again. The call does not count as a use of the token.
func (r *Registry) StillOpens(ctx context.Context, token string) (bool, error) {
	hash, err := tokenHash(token)
	if err != nil {
		return false, err
	}
	opens := false
	err = r.o.DB.Read(ctx, func(s *store.Snap) error {
		t, err := s.Token(hash)
		if err != nil {
			return fmt.Errorf("read token: %w", err)
		}
		p, err := s.Person(t.Person)
		if err != nil {
			return fmt.Errorf("person of token: %w", err)
		}
		if opens = t.Valid(s.Now) && p.Locked == nil; !opens || p.Vendor == "" {
			return nil
		}
		v, err := s.Vendor(p.Vendor)
		if err != nil {
			return fmt.Errorf("vendor of the token's person: %w", err)
		}
		opens = v.Locked == nil
		return nil
	})
	return opens, err
}

// Logout ends one of the caller's own tokens.
func (r *Registry) Logout(ctx context.Context, token string, by ledger.Actor) error {
	hash, err := tokenHash(token)
	if err != nil {
		return err
	}
	return r.o.DB.Write(ctx, func(tx *store.Tx) error {
		t, err := tx.Token(hash)
		if err != nil {
			return fmt.Errorf("token: %w", err)
		}
		if t.Person != by.ID {
			return &policy.Denied{Reason: policy.Forbidden, Args: map[string]string{"role": "staff"}}
		}
		if err := tx.RevokeToken(hash); err != nil {
			return fmt.Errorf("revoke token: %w", err)
		}
		_, err = tx.Append(ledger.Draft{Kind: "signout", Actor: by, Subjects: []string{by.ID}, Payload: map[string]any{"token": tokenID(hash)}})
		return err
	})
}

// RevokeTokens ends all tokens of a person. A person may end their own; an administrator or the
// information-systems section may end those of every person.
func (r *Registry) RevokeTokens(ctx context.Context, person, reason string, by ledger.Actor) error {
	reason, err := cleanText("reason", reason, longestReason)
	if err != nil {
		return err
	}
	return r.o.DB.Write(ctx, func(tx *store.Tx) error {
		p, err := find(tx.Snap, person)
		if err != nil {
			return err
		}
		if err := mayKeepCredentials(tx.Snap, p.ID, by); err != nil {
			return err
		}
		if err := tx.RevokeTokens(p.ID); err != nil {
			return fmt.Errorf("revoke tokens: %w", err)
		}
		_, err = tx.Append(ledger.Draft{Kind: "tokens.revoked", Actor: by, Subjects: []string{p.ID}, Payload: map[string]any{"reason": reason}})
		return err
	})
}

// tokenBytes of randomness in a token.
const tokenBytes = 32

func newToken() string {
	b := make([]byte, tokenBytes)
	rand.Read(b) // never fails (crypto/rand)
	return "sekimori_" + base64.RawURLEncoding.EncodeToString(b)
}

// tokenID is the hash: it names a token in the ledger and opens nothing.
func tokenID(hash [32]byte) string { return hex.EncodeToString(hash[:]) }

// tokenHash undoes tokenID. Error: store.ErrNotFound for an id that is malformed.
func tokenHash(id string) (hash [32]byte, err error) {
	if n, err := hex.Decode(hash[:], []byte(id)); err != nil || n != len(hash) {
		return hash, fmt.Errorf("token %q: %w", id, store.ErrNotFound)
	}
	return hash, nil
}
