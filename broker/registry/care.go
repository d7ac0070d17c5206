package registry

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sekimori/broker/forms"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// keeper lets a person act on their own credentials, and an administrator or the information-systems section on
// anybody's. Error: *policy.Denied.
func keeper(s *store.Snap, person string, by ledger.Actor) error {
	if person == by.ID {
		_, err := s.ActingPerson(by)
		return err
	}
	if _, err := staffWith(s, by, policy.Administrator); err == nil {
		return nil
	}
	_, err := staffWith(s, by, policy.InformationSystems)
	return err
}

// Keys lists a person's keys in every state: one's own, or anybody's as of AddKey.
func (r *Registry) Keys(ctx context.Context, person string, by ledger.Actor) ([]store.Key, error) {
	var keys []store.Key
	err := r.o.DB.Read(ctx, func(s *store.Snap) error {
		p, err := find(s, person)
		if err != nil {
			return err
		}
		if err := keeper(s, p.ID, by); err != nil {
			return err
		}
		keys, err = s.Keys(p.ID)
		return err
	})
	return keys, err
}

// AddKey registers a further key: one's own, or anybody's by an administrator or the information-systems section. The
// door has authenticated the actor afresh. pending is the change that the key waits for; empty while the
// institution is being founded. Errors: *policy.Denied, *forms.Invalid bad-key, key-shared and key-known.
func (r *Registry) AddKey(ctx context.Context, person, text string, by ledger.Actor) (fingerprint, pending string, err error) {
	line, print, err := ParseKey(text)
	if err != nil {
		return "", "", badKey("key", err)
	}
	err = r.o.DB.Write(ctx, func(tx *store.Tx) error {
		p, err := find(tx.Snap, person)
		if err != nil {
			return err
		}
		if err := keeper(tx.Snap, p.ID, by); err != nil {
			return err
		}
		have, err := tx.Keys(p.ID)
		if err != nil {
			return fmt.Errorf("read keys: %w", err)
		}
		for _, k := range have {
			if k.Fingerprint == print && k.State == store.KeyActive {
				return &forms.Invalid{Problems: []forms.Problem{{Field: "key", Code: "key-known",
					JA: "この鍵はすでに登録されています。", EN: "the key is registered already"}}}
			}
		}
		if pending, err = r.enrolKeys(tx, p, []string{line}, by); err != nil || pending != "" {
			return err
		}
		_, err = tx.Append(ledger.Draft{Kind: "key.added", Actor: by, Subjects: []string{p.ID}, Payload: map[string]any{"fingerprint": print}})
		return err
	})
	return print, pending, err
}

func badKey(field string, err error) error {
	return &forms.Invalid{Problems: []forms.Problem{{Field: field, Code: "bad-key",
		JA: "SSHの公開鍵として使えません: " + err.Error(), EN: "not usable as a public key: " + err.Error()}}}
}

// CheckPassword says what is wrong with a new password, before anything is used up to set it. Error: *forms.Invalid.
func (r *Registry) CheckPassword(password, login string) error {
	if code, ja, en := passwordProblem(password, login); code != "" {
		return &forms.Invalid{Problems: []forms.Problem{{Field: "password", Code: code, JA: ja, EN: en}}}
	}
	return nil
}

// ChangePassword sets one's own password. The door has proved the old one, afresh. Every token of the person but the one
// named ends. Errors: *policy.Denied, *forms.Invalid.
func (r *Registry) ChangePassword(ctx context.Context, password, token string, by ledger.Actor) error {
	p, err := r.Find(ctx, by.ID)
	if err != nil {
		return err
	}
	if err := r.CheckPassword(password, p.Login); err != nil {
		return err
	}
	old := ""
	err = r.o.DB.Read(ctx, func(s *store.Snap) (err error) {
		old, err = s.Password(p.ID)
		return err
	})
	if err != nil {
		return fmt.Errorf("read password: %w", err)
	}
	if old != suspended {
		same, err := r.matches(ctx, old, password, true)
		if err != nil {
			return err
		}
		if same {
			return &forms.Invalid{Problems: []forms.Problem{{Field: "password", Code: "password-unchanged",
				JA: "いまと同じパスワードです。", EN: "it is the present password"}}}
		}
	}
	encoded := r.hash(password)
	return r.o.DB.Write(ctx, func(tx *store.Tx) error {
		if _, err := tx.ActingPerson(by); err != nil {
			return err
		}
		if err := stillEnrolled(tx.Snap, p.ID); err != nil {
			return err
		}
		if err := tx.PutPassword(p.ID, encoded); err != nil {
			return fmt.Errorf("store password: %w", err)
		}
		return renewed(tx, "password.changed", p.ID, token, by)
	})
}

// stillEnrolled refuses somebody whose credentials were suspended meanwhile: for them only the new enrolment code helps.
func stillEnrolled(s *store.Snap, person string) error {
	if encoded, err := s.Password(person); err != nil || encoded == suspended {
		return &policy.Denied{Reason: policy.AuthFailed}
	}
	return nil
}

// renewed ends what the old credential opened, and writes the entry.
func renewed(tx *store.Tx, kind, person, token string, by ledger.Actor) error {
	hash, err := tokenHash(token)
	if err != nil {
		return err
	}
	if err := tx.RevokeOtherTokens(person, hash); err != nil {
		return fmt.Errorf("revoke tokens: %w", err)
	}
	if err := tx.ForgetFactors(store.FactorFilter{Person: person}); err != nil {
		return fmt.Errorf("forget remembered factors: %w", err)
	}
	if _, err := tx.Append(ledger.Draft{Kind: kind, Actor: by, Subjects: []string{person}, Payload: map[string]any{"person": person, "kept_token": token}}); err != nil {
		return fmt.Errorf("ledger %s: %w", kind, err)
	}
	return nil
}

// BeginFactor shows a person a fresh second factor of their own. The door has proved the old one, which stays
// valid until FinishFactor. Beginning again replaces it.
func (r *Registry) BeginFactor(ctx context.Context, by ledger.Actor) (Enrolment, error) {
	var p policy.Person
	var now time.Time
	err := r.o.DB.Read(ctx, func(s *store.Snap) (err error) {
		now = s.Now
		if p, err = s.ActingPerson(by); err != nil {
			return err
		}
		return stillEnrolled(s, p.ID)
	})
	if err != nil {
		return Enrolment{}, err
	}
	b := beginning{secret: newSecret(), until: now.Add(beginLife)}
	r.mu.Lock()
	r.renewing[p.ID] = b
	r.mu.Unlock()
	return Enrolment{Person: p, Secret: b.secret, URL: keyURL(r.o.Issuer, p.Login, b.secret), Until: b.until}, nil
}

// FactorProof proves that the person has the new second factor.
type FactorProof struct {
	Code   string
	Token  string // name of the caller's own token, which stays; every other ends
	Source string // as of LoginInput
}

// FinishFactor puts the new second factor into the place of the old one. A wrong code counts as a failure of the person's.
// Errors: *policy.Denied auth-failed and too-many-failures, *forms.Invalid enrolment-not-begun.
func (r *Registry) FinishFactor(ctx context.Context, in FactorProof, by ledger.Actor) error {
	r.mu.Lock()
	b, begun := r.renewing[by.ID]
	r.mu.Unlock()
	c := proof{source: in.Source, token: true}.counters(by.ID)
	var p policy.Person
	var now time.Time
	var denied error
	err := r.o.DB.Keep(ctx, store.KeepThrottle, func(k *store.KeepTx) (err error) {
		now = k.Now
		if p, err = k.ActingPerson(by); err != nil {
			return err
		}
		denied, err = r.takeTry(k, c)
		return err
	})
	if err != nil {
		return err
	}
	if denied != nil {
		return denied
	}
	if !begun || !now.Before(b.until) {
		return errors.Join(r.forgive(ctx, c, ""), notBegun())
	}
	step, ok, err := stepOf(b.secret, in.Code, now)
	if err != nil {
		return err
	}
	if !ok {
		return r.failed(ctx, c, p, proof{source: in.Source, via: by.Via, what: "factor"})
	}
	sealed, err := r.o.Keys.Seal(totpPurpose(p.ID), []byte(b.secret))
	if err != nil {
		return fmt.Errorf("seal second factor: %w", err)
	}
	err = r.o.DB.Write(ctx, func(tx *store.Tx) error {
		if _, err := tx.ActingPerson(by); err != nil {
			return err
		}
		if err := stillEnrolled(tx.Snap, p.ID); err != nil {
			return err
		}
		if err := tx.PutTOTP(store.TOTP{Person: p.ID, Sealed: sealed, LastStep: step}); err != nil {
			return fmt.Errorf("store second factor: %w", err)
		}
		return renewed(tx, "factor.renewed", p.ID, in.Token, by)
	})
	if err != nil {
		return err
	}
	r.mu.Lock()
	delete(r.renewing, p.ID)
	r.mu.Unlock()
	return r.forgive(ctx, c, p.ID)
}

func notBegun() error {
	return &forms.Invalid{Problems: []forms.Problem{{Field: "code", Code: "enrolment-not-begun",
		JA: "登録を初めからやり直してください。", EN: "begin the enrolment again"}}}
}
