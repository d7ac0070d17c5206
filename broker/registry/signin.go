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

// tokenLife is how long a personal token opens anything.
const tokenLife = 8 * time.Hour

// SignedIn is a fresh token. It is stored hashed: this is the only time it is seen.
type SignedIn struct {
	Token       string
	Until       time.Time
	Person      policy.Person
	KeysPending string // after enrolment: the change that the person's keys wait for
}

// LoginInput is what signing in takes.
type LoginInput struct {
	Person   string // id or login
	Password string
	Code     string // one-time
	Source   string // address of the caller, for counting failures; empty where the door has none
	Label    string // what the person calls the place of the token
	Via      string // door
	Earlier  string // a token of the person's from before, expired or not; it opens nothing, and keeps room for who holds it
}

// Login gives a token for eight hours. Errors: *policy.Denied — auth-failed, the same whatever was
// wrong, and too-many-failures while person or address is locked out; *forms.Invalid for a label that is too long.
func (r *Registry) Login(ctx context.Context, in LoginInput) (SignedIn, error) {
	label, err := placed(in.Label) // before the proof uses a code up
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
		if p, err = tx.ActingPerson(by); err != nil {
			return err
		}
		out, err = r.signIn(tx, p, by, label)
		return err
	})
	return out, err
}

// Fresh proves once more that the person is there: before approving, permitting, lifting, confirming. The caller has
// authenticated them by their token: failures of strangers do not stop them, only those of such calls. source is as of
// LoginInput. Errors as of Login.
func (r *Registry) Fresh(ctx context.Context, person, password, code, source string) error {
	_, err := r.prove(ctx, proof{name: person, password: &password, code: code, source: source, via: "cli", what: "fresh", token: true})
	return err
}

// CheckCode proves the second factor of a person whose key was proved and uses the code up: a code counts once, whatever door it
// was given at. It is right for somebody who is locked too, who is then told so by the decision. source is
// the caller's address, for counting failures. Errors as of Login, and
// *WrongCode, which is auth-failed, for a code that was used before or is of a clock that is off.
func (r *Registry) CheckCode(ctx context.Context, person, code, source string) error {
	_, err := r.prove(ctx, proof{name: person, code: code, source: source, via: "ssh", what: "code"})
	return err
}

// signIn makes the token inside a transaction that proved the person.
func (r *Registry) signIn(tx *store.Tx, p policy.Person, by ledger.Actor, label string) (SignedIn, error) {
	text := newToken()
	hash := store.HashToken(text)
	t := store.Token{Hash: hash, Person: p.ID, Label: label, Created: tx.Now, Expires: tx.Now.Add(tokenLife)}
	if err := tx.AddToken(t); err != nil {
		return SignedIn{}, fmt.Errorf("store token: %w", err)
	}
	_, err := tx.Append(ledger.Draft{Kind: "signin", Actor: by, Subjects: []string{p.ID},
		Payload: map[string]any{"token": tokenID(hash), "label": label, "until": t.Expires}})
	if err != nil {
		return SignedIn{}, fmt.Errorf("ledger sign-in: %w", err)
	}
	return SignedIn{Token: text, Until: t.Expires, Person: p}, nil
}

// Principal is who holds a token.
type Principal struct {
	Person  policy.Person
	TokenID string // names the token without opening anything
	Until   time.Time
}

// Authenticate tells who holds the token. Error: auth-failed for a token that is wrong, expired or
// revoked, and for a person who was locked since.
func (r *Registry) Authenticate(ctx context.Context, token string) (Principal, error) {
	hash := store.HashToken(token)
	var out Principal
	var seen store.Token
	var now time.Time
	err := r.o.DB.Read(ctx, func(s *store.Snap) error {
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
		out = Principal{Person: p.Person, TokenID: tokenID(hash), Until: t.Expires}
		return nil
	})
	if err != nil {
		return Principal{}, err
	}
	if now.Sub(seen.LastUsed) >= time.Minute {
		if err := r.o.DB.Keep(ctx, store.KeepTokenUse, func(k *store.KeepTx) error { return k.TouchToken(hash) }); err != nil {
			return Principal{}, fmt.Errorf("note token use: %w", err)
		}
	}
	return out, nil
}

// StillOpens tells whether a token, named as in Principal, opens something at this moment: what was begun with it and goes on for long asks
// again. It does not count as a use of the token.
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
		opens = t.Valid(s.Now) && p.Locked == nil
		return nil
	})
	return opens, err
}

// Logout ends one token of the caller's own.
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

// RevokeTokens ends all tokens of a person: one's own, or anybody's by an administrator or the
// information-systems section.
func (r *Registry) RevokeTokens(ctx context.Context, person, reason string, by ledger.Actor) error {
	reason, err := said("reason", reason, longestReason)
	if err != nil {
		return err
	}
	return r.o.DB.Write(ctx, func(tx *store.Tx) error {
		p, err := find(tx.Snap, person)
		if err != nil {
			return err
		}
		if err := keeper(tx.Snap, p.ID, by); err != nil {
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

// tokenHash undoes tokenID. Error: store.ErrNotFound for what is none.
func tokenHash(id string) (hash [32]byte, err error) {
	if n, err := hex.Decode(hash[:], []byte(id)); err != nil || n != len(hash) {
		return hash, fmt.Errorf("token %q: %w", id, store.ErrNotFound)
	}
	return hash, nil
}
