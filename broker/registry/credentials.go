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

// mayKeepCredentials permits a person to act on their own credentials, and an administrator or the information-systems section to act
// on those of every person. Error: *policy.Denied.
func mayKeepCredentials(s *store.Snap, person string, by ledger.Actor) error {
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

// Keys lists a person's keys in every state. AddKey says for which persons the actor may ask.
func (r *Registry) Keys(ctx context.Context, person string, by ledger.Actor) ([]store.Key, error) {
	var keys []store.Key
	err := r.o.DB.Read(ctx, func(s *store.Snap) error {
		p, err := find(s, person)
		if err != nil {
			return err
		}
		if err := mayKeepCredentials(s, p.ID, by); err != nil {
			return err
		}
		keys, err = s.Keys(p.ID)
		return err
	})
	return keys, err
}

// AddKey registers a further key. A person may add their own; an administrator or the information-systems section may add one for
// every person. The caller has authenticated the actor afresh. pending is the change that the key waits for; it is empty while the
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
		if err := mayKeepCredentials(tx.Snap, p.ID, by); err != nil {
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

// CheckPassword checks a new password before setting it uses up a code. Error: *forms.Invalid, which says what is wrong.
func (r *Registry) CheckPassword(password, login string) error {
	if code, ja, en := passwordProblem(password, login); code != "" {
		return &forms.Invalid{Problems: []forms.Problem{{Field: "password", Code: code, JA: ja, EN: en}}}
	}
	return nil
}

// ChangePassword sets the caller's own password. The caller has proved the old one, afresh. It ends every token of the person except
// the one named. Errors: *policy.Denied, *forms.Invalid.
func (r *Registry) ChangePassword(ctx context.Context, password, token string, by ledger.Actor) error {
	p, old := store.Person{}, ""
	err := r.o.DB.Read(ctx, func(s *store.Snap) (err error) {
		if p, err = s.Person(by.ID); err != nil {
			return err
		}
		old, err = s.Password(p.ID)
		return err
	})
	if err != nil {
		return fmt.Errorf("read password: %w", err)
	}
	if p.SignIn == store.SignInDirectory || old == atDirectory {
		return &forms.Invalid{Problems: []forms.Problem{{Field: "password", Code: "password-of-directory",
			JA: "あなたのパスワードは機関の認証基盤のものです。そちらで変更してください。", EN: "your password is the directory's: change it there"}}}
	}
	if err := r.CheckPassword(password, p.Login); err != nil {
		return err
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
		return credentialRenewed(tx, "password.changed", p.ID, token, by)
	})
}

// stillEnrolled refuses a person whose credentials were suspended meanwhile: only the new enrolment code helps them.
func stillEnrolled(s *store.Snap, person string) error {
	if encoded, err := s.Password(person); err != nil || encoded == suspended {
		return &policy.Denied{Reason: policy.AuthFailed}
	}
	return nil
}

// credentialRenewed ends the tokens that the old credential opened, and writes the entry.
func credentialRenewed(tx *store.Tx, kind, person, token string, by ledger.Actor) error {
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

// ShownFactor gives once more the second factor that BeginFactor gave, for a form that is shown again. Error: *forms.Invalid
// enrolment-not-begun.
func (r *Registry) ShownFactor(ctx context.Context, by ledger.Actor) (Enrolment, error) {
	var p policy.Person
	var now time.Time
	err := r.o.DB.Read(ctx, func(s *store.Snap) (err error) {
		now = s.Now
		p, err = s.ActingPerson(by)
		return err
	})
	if err != nil {
		return Enrolment{}, err
	}
	r.mu.Lock()
	b, begun := r.renewing[p.ID]
	r.mu.Unlock()
	if !begun || !now.Before(b.until) {
		return Enrolment{}, notBegun()
	}
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
	step, ok, err := r.step(b.secret, in.Code, now)
	if err != nil {
		return err
	}
	if !ok {
		off, err := offOf(b.secret, in.Code, now)
		if err != nil {
			return err
		}
		return r.wrong(ctx, c, p, proof{source: in.Source, via: by.Via, what: "factor", token: true}, WrongProof{Off: off})
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
		return credentialRenewed(tx, "factor.renewed", p.ID, in.Token, by)
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
