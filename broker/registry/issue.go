package registry

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// Enrolment codes (decisions): 128 bit, 72 hours, five tries.
const (
	codeLife  = 72 * time.Hour
	codeTries = 5
	codeBytes = 16
	beginLife = 30 * time.Minute
)

// Code is an enrolment code as it leaves the registry: shown once, stored hashed.
type Code = api.EnrollCode

// personChange is the body of a pending change that concerns one person's proof.
type personChange struct {
	Person string   `json:"person"`
	Hash   string   `json:"hash,omitempty"` // of an enrolment code, hex
	Keys   []string `json:"keys,omitempty"` // authorized_keys lines
}

// IssueCode makes an enrolment code for a person and ends the earlier ones. It needs an administrator or a member of the
// information-systems section. For an enrolled person the code is the way back (recovery): their section
// and the central desk are told. A code waits for a second person where its person has a role that approves or confirms, or decides
// for such a person. While the institution is being founded it does not wait: for a person who was never enrolled, for 72 hours, and
// afterwards as long as no one but the issuer could confirm. When the code comes into force, the person's credentials are suspended.
func (r *Registry) IssueCode(ctx context.Context, person string, by ledger.Actor) (Code, error) {
	return r.issueCode(ctx, person, false, by)
}

// IssueCodeByTwo is IssueCode with a code that always waits for a second person. It is for a person who is to get such a
// role, or become a deputy, later.
func (r *Registry) IssueCodeByTwo(ctx context.Context, person string, by ledger.Actor) (Code, error) {
	return r.issueCode(ctx, person, true, by)
}

func (r *Registry) issueCode(ctx context.Context, person string, byTwo bool, by ledger.Actor) (Code, error) {
	var code Code
	err := r.o.DB.Write(ctx, func(tx *store.Tx) error {
		if err := mayIssue(tx.Snap, by); err != nil {
			return err
		}
		p, err := find(tx.Snap, person)
		if err != nil {
			return err
		}
		deputises, err := tx.Deputations(store.DeputationFilter{Deputy: p.ID, Current: tx.Now, Limit: 1})
		if err != nil {
			return fmt.Errorf("read deputations of %s: %w", p.ID, err)
		}
		waits, exempt := byTwo, ""
		if guarded := p.Guarded() || len(deputises) > 0; guarded && !waits {
			if exempt, err = exemption(tx.Snap, p, by); err != nil {
				return err
			}
			waits = exempt == ""
		}
		if waits {
			code, err = r.issuePending(tx, p, by)
			return err
		}
		code, err = r.issue(tx, p, by, exempt)
		return err
	})
	return code, err
}

func mayIssue(s *store.Snap, by ledger.Actor) error {
	if _, err := staffWith(s, by, policy.Administrator); err == nil {
		return nil
	}
	_, err := staffWith(s, by, policy.InformationSystems)
	return err
}

// Enrolled reports whether a person, named by id or login, has credentials that a new code would suspend. Error:
// store.ErrNotFound.
func (r *Registry) Enrolled(ctx context.Context, person string) (bool, error) {
	enrolled := false
	err := r.o.DB.Read(ctx, func(s *store.Snap) error {
		p, err := find(s, person)
		if err != nil {
			return err
		}
		_, err = s.Password(p.ID)
		enrolled = err == nil
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		return err
	})
	return enrolled, err
}

// exemption gives the reason why no second person is asked; empty when one is.
func exemption(s *store.Snap, p policy.Person, by ledger.Actor) (string, error) {
	founded, err := s.Founded()
	if err != nil {
		return "", err
	}
	_, err = s.Password(p.ID)
	never := errors.Is(err, store.ErrNotFound)
	if err != nil && !never {
		return "", err
	}
	if !never {
		return "", nil
	}
	if s.Now.Before(founded.Add(store.FoundingPeriod)) {
		return "within 72 hours of the founding, for a person never enrolled", nil
	}
	colleagues, err := s.Persons(store.PersonFilter{Role: policy.InformationSystems})
	if err != nil {
		return "", err
	}
	for _, c := range colleagues {
		if c.ID == by.ID {
			continue
		}
		// Every person who was ever enrolled counts, locked or not: an administrator must not be able to make
		// the second person disappear.
		if _, err := s.Password(c.ID); err == nil {
			return "", nil
		} else if !errors.Is(err, store.ErrNotFound) {
			return "", err
		}
	}
	return "nobody else of the information-systems section is enrolled", nil
}

// issue stores a code that works at once.
func (r *Registry) issue(tx *store.Tx, p policy.Person, by ledger.Actor, exempt string) (Code, error) {
	text := newCode()
	if err := r.putCode(tx, p.ID, store.HashToken(normalCode(text)), by.ID); err != nil {
		return Code{}, err
	}
	payload := map[string]any{"person": p.ID, "until": tx.Now.Add(codeLife)}
	if exempt != "" {
		payload["exempt"] = exempt
	}
	if _, err := tx.Append(ledger.Draft{Kind: "enrolment.issued", Actor: by, Subjects: []string{p.ID}, Payload: payload}); err != nil {
		return Code{}, fmt.Errorf("ledger enrolment code: %w", err)
	}
	return Code{Text: text, Person: p.ID, Until: tx.Now.Add(codeLife)}, nil
}

// putCode stores a code and suspends the person's credentials: from now on only the code helps.
func (r *Registry) putCode(tx *store.Tx, person string, hash [32]byte, by string) error {
	if _, err := tx.Password(person); err == nil {
		if err := suspend(tx, person, "a new enrolment code"); err != nil {
			return err
		}
		if err := alarm(tx, store.AlarmReenrolment, person, map[string]any{"issued_by": by}); err != nil {
			return err
		}
	} else if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	e := store.Enrolment{Hash: hash, Person: person, By: by, Created: tx.Now, Expires: tx.Now.Add(codeLife), Tries: codeTries}
	if err := tx.AddEnrolment(e); err != nil {
		return fmt.Errorf("store enrolment code: %w", err)
	}
	return nil
}

// suspend ends tokens and remembered factors, suspends keys and the second factor, and drops the changes that were proposed with them.
// The password's row stays, with an unusable hash: it tells the registry that the person was enrolled before.
func suspend(tx *store.Tx, person, why string) error {
	for _, err := range []error{
		tx.RevokeTokens(person), tx.SuspendKeys(person), tx.PutPassword(person, suspended),
		tx.PutTOTP(store.TOTP{Person: person}), tx.EndPasskeys(person), tx.ForgetDirectoryAccounts(person), tx.ForgetFactors(store.FactorFilter{Person: person}),
		tx.ForgetProved(person),
	} {
		if err != nil {
			return fmt.Errorf("suspend credentials of %s: %w", person, err)
		}
	}
	if err := suspensionEntry(tx, person, []string{"password", "second factor", "passkeys", "tokens", "keys"}, why); err != nil {
		return err
	}
	return dropProposals(tx, person)
}

func suspensionEntry(tx *store.Tx, person string, what []string, why string) error {
	_, err := tx.Append(ledger.Draft{Kind: "enrolment.suspended", Actor: byTimer, Subjects: []string{person},
		Payload: map[string]any{"person": person, "what": what, "why": why}})
	if err != nil {
		return fmt.Errorf("ledger the suspension: %w", err)
	}
	return nil
}

var byTimer = ledger.Actor{Kind: "broker", Via: "timer"}

// dropProposals drops the pending changes that a person with suspended credentials proposed, and the keys that wait for that person.
// A thief may have held the credentials, and the thief's key or code must not come into force after the recovery.
func dropProposals(tx *store.Tx, person string) error {
	open, err := tx.PendingChanges(store.ChangePending)
	if err != nil {
		return fmt.Errorf("read pending changes: %w", err)
	}
	for _, c := range open {
		theirKeys := c.Kind == changeKeys && slices.Contains(subjectsOf(c), person)
		if c.By != person && !theirKeys {
			continue
		}
		if err := tx.SettleChange(c.No, store.ChangeDropped, byTimer.Kind); err != nil {
			return fmt.Errorf("drop %s: %w", changeName(c.No), err)
		}
		_, err := tx.Append(ledger.Draft{Kind: "registry.dropped", Actor: byTimer, Subjects: append([]string{changeName(c.No)}, subjectsOf(c)...),
			Payload: map[string]any{"change": changeName(c.No), "proposed_by": c.By, "reason": "the credentials of " + person + " were suspended"}})
		if err != nil {
			return fmt.Errorf("ledger the drop: %w", err)
		}
	}
	return nil
}

// suspended replaces a password's hash. No password matches it.
const suspended = "suspended"

func (r *Registry) issuePending(tx *store.Tx, p policy.Person, by ledger.Actor) (Code, error) {
	text := newCode()
	hash := store.HashToken(normalCode(text))
	body, err := json.Marshal(personChange{Person: p.ID, Hash: hex.EncodeToString(hash[:])})
	if err != nil {
		return Code{}, err
	}
	name, err := r.addChange(tx, ChangeEnrolment, body, by, []string{p.ID})
	return Code{Text: text, Person: p.ID, Until: tx.Now.Add(codeLife), Pending: name}, err
}

// confirmEnrolment puts the code into force and gives the id of its person.
func (r *Registry) confirmEnrolment(tx *store.Tx, c store.PendingChange) (person string, err error) {
	var e personChange
	if err := json.Unmarshal(c.Body, &e); err != nil {
		return "", fmt.Errorf("read change %s: %w", changeName(c.No), err)
	}
	var hash [32]byte
	if n, err := hex.Decode(hash[:], []byte(e.Hash)); err != nil || n != len(hash) {
		return "", fmt.Errorf("change %s holds no code", changeName(c.No))
	}
	return e.Person, r.putCode(tx, e.Person, hash, c.By)
}

func confirmKeys(tx *store.Tx, c store.PendingChange) error {
	var e personChange
	if err := json.Unmarshal(c.Body, &e); err != nil {
		return fmt.Errorf("read change %s: %w", changeName(c.No), err)
	}
	return activateKeys(tx, e.Person, e.Keys)
}

// newCode is 128 random bits in groups that can be read over the telephone.
func newCode() string {
	b := make([]byte, codeBytes)
	rand.Read(b) // never fails (crypto/rand)
	s := base32NoPad.EncodeToString(b)
	var groups []string
	for len(s) > 0 {
		n := min(5, len(s))
		groups = append(groups, s[:n])
		s = s[n:]
	}
	return strings.Join(groups, "-")
}

// normalCode brings a typed code into its stored form.
func normalCode(s string) string {
	s = strings.ToUpper(strings.TrimSpace(s))
	return strings.NewReplacer("-", "", " ", "", "0", "O", "1", "I", "8", "B").Replace(s)
}

func totpPurpose(person string) string { return "totp:" + person }
