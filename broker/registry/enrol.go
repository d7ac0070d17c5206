package registry

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"sekimori/broker/forms"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// Enrolment codes (decisions): 128 bit, 72 hours, five tries.
const (
	codeLife   = 72 * time.Hour
	codeTries  = 5
	codeBytes  = 16
	beginLife  = 30 * time.Minute
	foundation = 72 * time.Hour // how long the first document's people are enrolled without a second person
)

// Code is an enrolment code as it leaves the registry: shown once, stored hashed.
type Code struct {
	Text    string    `json:"code"`
	Person  string    `json:"person"`
	Until   time.Time `json:"expires_at"`
	Pending string    `json:"pending,omitempty"` // of no use before this change is confirmed
}

// personChange is the body of a pending change that concerns one person's proof.
type personChange struct {
	Person string   `json:"person"`
	Hash   string   `json:"hash,omitempty"` // of an enrolment code, hex
	Keys   []string `json:"keys,omitempty"` // authorized_keys lines
}

// IssueCode makes an enrolment code for a person, ending the earlier ones. It needs an administrator. A code for a
// person with any role that approves or confirms waits for a second person, except while the
// institution is being founded: for 72 hours for those of the first document who were never enrolled,
// and for anybody never enrolled as long as nobody but the issuer could confirm. When it takes force, credentials that
// the person had are suspended.
func (r *Registry) IssueCode(ctx context.Context, person string, by ledger.Actor) (Code, error) {
	var code Code
	err := r.o.DB.Write(ctx, func(tx *store.Tx) error {
		if _, err := staffWith(tx.Snap, by, policy.Administrator); err != nil {
			return err
		}
		p, err := find(tx.Snap, person)
		if err != nil {
			return err
		}
		exempt := ""
		if guardedPerson(p) {
			if exempt, err = exemption(tx.Snap, p, by); err != nil {
				return err
			}
			if exempt == "" {
				code, err = r.issuePending(tx, p, by)
				return err
			}
		}
		code, err = r.issue(tx, p, by, exempt)
		return err
	})
	return code, err
}

// guardedPerson: whose enrolment needs a second person — everybody of whom some act needs two.
func guardedPerson(p policy.Person) bool {
	for _, role := range []policy.Role{policy.Approver, policy.SecondApprover, policy.InformationSystems, policy.Administrator, policy.Auditor} {
		if p.Has(role) {
			return true
		}
	}
	return false
}

// exemption says why no second person is asked, or nothing when one is.
func exemption(s *store.Snap, p policy.Person, by ledger.Actor) (string, error) {
	founded, err := foundedAt(s)
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
	if s.Now.Before(founded.Add(foundation)) {
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
		// Who was ever enrolled counts, locked or not: an administrator must not be able to make
		// the second person disappear.
		if _, err := s.Password(c.ID); err == nil {
			return "", nil
		} else if !errors.Is(err, store.ErrNotFound) {
			return "", err
		}
	}
	return "nobody else of the information-systems section is enrolled", nil
}

func foundedAt(s *store.Snap) (time.Time, error) {
	for e, err := range s.Entries(store.EntryFilter{Kind: "registry.founded", Limit: 1}) {
		return e.Time, err
	}
	return time.Time{}, nil
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

// putCode stores a code and suspends what the person had: from now on only the code helps.
func (r *Registry) putCode(tx *store.Tx, person string, hash [32]byte, by string) error {
	if _, err := tx.Password(person); err == nil {
		if err := suspend(tx, person); err != nil {
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

// suspend ends tokens and remembered factors, suspends keys and the second factor. The password's row
// stays, as an unusable one: it is how the registry remembers that the person was enrolled before.
func suspend(tx *store.Tx, person string) error {
	for _, err := range []error{
		tx.RevokeTokens(person), tx.SuspendKeys(person), tx.PutPassword(person, suspended),
		tx.PutTOTP(store.TOTP{Person: person}), tx.ForgetFactors(store.FactorFilter{Person: person}),
	} {
		if err != nil {
			return fmt.Errorf("suspend credentials of %s: %w", person, err)
		}
	}
	_, err := tx.Append(ledger.Draft{Kind: "enrolment.suspended", Actor: ledger.Actor{Kind: "broker", Via: "timer"}, Subjects: []string{person},
		Payload: map[string]any{"person": person, "what": []string{"password", "second factor", "tokens", "keys"}}})
	return err
}

// suspended stands where a password's hash was. No password matches it.
const suspended = "suspended"

func (r *Registry) issuePending(tx *store.Tx, p policy.Person, by ledger.Actor) (Code, error) {
	text := newCode()
	hash := store.HashToken(normalCode(text))
	body, err := json.Marshal(personChange{Person: p.ID, Hash: hex.EncodeToString(hash[:])})
	if err != nil {
		return Code{}, err
	}
	name, err := r.addChange(tx, changeEnrolment, body, by, []string{p.ID})
	return Code{Text: text, Person: p.ID, Until: tx.Now.Add(codeLife), Pending: name}, err
}

func (r *Registry) confirmEnrolment(tx *store.Tx, c store.PendingChange) error {
	var e personChange
	if err := json.Unmarshal(c.Body, &e); err != nil {
		return fmt.Errorf("read change %s: %w", changeName(c.No), err)
	}
	var hash [32]byte
	if n, err := hex.Decode(hash[:], []byte(e.Hash)); err != nil || n != len(hash) {
		return fmt.Errorf("change %s holds no code", changeName(c.No))
	}
	return r.putCode(tx, e.Person, hash, c.By)
}

func confirmKeys(tx *store.Tx, c store.PendingChange) error {
	var e personChange
	if err := json.Unmarshal(c.Body, &e); err != nil {
		return fmt.Errorf("read change %s: %w", changeName(c.No), err)
	}
	return activateKeys(tx, e.Person, e.Keys)
}

// Enrolment is what a person needs to finish enrolling: the second factor, shown once.
type Enrolment struct {
	Person policy.Person
	Secret string // base32, for an authenticator app
	URL    string // otpauth://, the same for a QR code
	Until  time.Time
}

// BeginEnrol shows a code's person a fresh second factor. Beginning again replaces it. Error:
// auth-failed for every code that does not work, whatever the cause.
func (r *Registry) BeginEnrol(ctx context.Context, code string) (Enrolment, error) {
	hash := store.HashToken(normalCode(code))
	var p policy.Person
	var now, expires time.Time
	err := r.o.DB.Read(ctx, func(s *store.Snap) error {
		e, err := validCode(s, hash)
		if err != nil {
			return err
		}
		now, expires = s.Now, e.Expires
		p, err = find(s, e.Person)
		return err
	})
	if err != nil {
		return Enrolment{}, err
	}
	b := beginning{secret: newSecret(), until: now.Add(beginLife)}
	if b.until.After(expires) {
		b.until = expires
	}
	r.mu.Lock()
	for h, old := range r.begun {
		if !now.Before(old.until) {
			delete(r.begun, h)
		}
	}
	r.begun[hash] = b
	r.mu.Unlock()
	return Enrolment{Person: p, Secret: b.secret, URL: keyURL(r.o.Issuer, p.Login, b.secret), Until: b.until}, nil
}

func validCode(s *store.Snap, hash [32]byte) (store.Enrolment, error) {
	e, err := s.Enrolment(hash)
	if errors.Is(err, store.ErrNotFound) {
		return e, &policy.Denied{Reason: policy.AuthFailed}
	}
	if err != nil {
		return e, fmt.Errorf("read enrolment code: %w", err)
	}
	if !e.Valid(s.Now) {
		return e, &policy.Denied{Reason: policy.AuthFailed}
	}
	return e, nil
}

// EnrolInput is what a person answers.
type EnrolInput struct {
	Password string
	Code     string   // of the second factor just shown
	Keys     []string // authorized_keys lines; may be empty
	Label    string   // what the person calls the place of the token
	Via      string   // door
}

// FinishEnrol sets password and second factor, registers keys and signs the person in. A
// wrong one-time code costs one of the code's five tries; a password or key that is refused costs none.
// Keys work at once while the institution is being founded and wait for a second person after. Errors:
// *policy.Denied auth-failed, *forms.Invalid.
func (r *Registry) FinishEnrol(ctx context.Context, code string, in EnrolInput) (SignedIn, error) {
	hash := store.HashToken(normalCode(code))
	r.mu.Lock()
	b, begun := r.begun[hash]
	r.mu.Unlock()
	var p policy.Person
	var now time.Time
	err := r.o.DB.Read(ctx, func(s *store.Snap) error {
		e, err := validCode(s, hash)
		if err != nil {
			return err
		}
		now = s.Now
		p, err = find(s, e.Person)
		return err
	})
	if err != nil {
		return SignedIn{}, err
	}
	if !begun || !now.Before(b.until) {
		return SignedIn{}, &forms.Invalid{Problems: []forms.Problem{{Field: "code", Code: "enrolment-not-begun",
			JA: "登録を初めからやり直してください。", EN: "begin the enrolment again"}}}
	}
	lines, err := checkEnrol(in, p)
	if err != nil {
		return SignedIn{}, err
	}
	step, ok, err := stepOf(b.secret, in.Code, now)
	if err != nil {
		return SignedIn{}, err
	}
	if !ok {
		err := r.o.DB.Keep(ctx, store.KeepEnrolmentTry, func(k *store.KeepTx) error { return k.SpendEnrolmentTry(hash) })
		if err != nil {
			return SignedIn{}, fmt.Errorf("count the try: %w", err)
		}
		return SignedIn{}, &policy.Denied{Reason: policy.AuthFailed}
	}
	sealed, err := r.o.Keys.Seal(totpPurpose(p.ID), []byte(b.secret))
	if err != nil {
		return SignedIn{}, fmt.Errorf("seal second factor: %w", err)
	}
	encoded := r.hash(in.Password)
	var out SignedIn
	err = r.o.DB.Write(ctx, func(tx *store.Tx) error {
		out, err = r.enrolled(tx, p, hash, encoded, store.TOTP{Person: p.ID, Sealed: sealed, LastStep: step}, lines, in)
		return err
	})
	if err != nil {
		return SignedIn{}, err
	}
	r.mu.Lock()
	delete(r.begun, hash)
	r.mu.Unlock()
	return out, nil
}

// checkEnrol checks password and keys.
func checkEnrol(in EnrolInput, p policy.Person) ([]string, error) {
	bad := &forms.Invalid{}
	if code, ja, en := passwordProblem(in.Password, p.Login); code != "" {
		bad.Problems = append(bad.Problems, forms.Problem{Field: "password", Code: code, JA: ja, EN: en})
	}
	var lines []string
	for i, k := range in.Keys {
		line, _, err := ParseKey(k)
		if err != nil {
			bad.Problems = append(bad.Problems, forms.Problem{Field: fmt.Sprintf("keys[%d]", i), Code: "bad-key",
				JA: "SSHの公開鍵として使えません: " + err.Error(), EN: "not usable as a public key: " + err.Error()})
			continue
		}
		lines = append(lines, line)
	}
	return lines, bad.OrNil()
}

// enrolled writes everything in one transaction; the code is used up in it, so that it works once.
func (r *Registry) enrolled(tx *store.Tx, p policy.Person, hash [32]byte, encoded string, factor store.TOTP, lines []string, in EnrolInput) (SignedIn, error) {
	if err := tx.UseEnrolment(hash); errors.Is(err, store.ErrNotFound) {
		return SignedIn{}, &policy.Denied{Reason: policy.AuthFailed}
	} else if err != nil {
		return SignedIn{}, fmt.Errorf("use enrolment code: %w", err)
	}
	if err := tx.PutPassword(p.ID, encoded); err != nil {
		return SignedIn{}, fmt.Errorf("store password: %w", err)
	}
	if err := tx.PutTOTP(factor); err != nil {
		return SignedIn{}, fmt.Errorf("store second factor: %w", err)
	}
	by := ledger.Actor{Kind: "person", ID: p.ID, Via: in.Via}
	pending, err := r.enrolKeys(tx, p, lines, by)
	if err != nil {
		return SignedIn{}, err
	}
	if _, err := tx.Append(ledger.Draft{Kind: "enrolment.finished", Actor: by, Subjects: []string{p.ID},
		Payload: map[string]any{"person": p.ID, "keys": fingerprints(lines), "keys_pending": pending}}); err != nil {
		return SignedIn{}, fmt.Errorf("ledger enrolment: %w", err)
	}
	out, err := r.signIn(tx, p, by, in.Label)
	out.KeysPending = pending
	return out, err
}

// enrolKeys registers keys given at enrolment.
func (r *Registry) enrolKeys(tx *store.Tx, p policy.Person, lines []string, by ledger.Actor) (pending string, err error) {
	if len(lines) == 0 {
		return "", nil
	}
	for _, line := range lines {
		_, print, _ := ParseKey(line)
		owner, _, err := tx.PersonByKey(print)
		if err == nil && owner.ID != p.ID {
			return "", &forms.Invalid{Problems: []forms.Problem{{Field: "keys", Code: "key-shared",
				JA: "この鍵は別の人の鍵として登録されています。", EN: "the key is registered for somebody else"}}}
		}
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return "", err
		}
	}
	founded, err := foundedAt(tx.Snap)
	if err != nil {
		return "", err
	}
	if tx.Now.Before(founded.Add(foundation)) {
		return "", activateKeys(tx, p.ID, lines)
	}
	body, err := json.Marshal(personChange{Person: p.ID, Keys: lines})
	if err != nil {
		return "", err
	}
	return r.addChange(tx, changeKeys, body, by, []string{p.ID})
}

func fingerprints(lines []string) []string {
	prints := []string{}
	for _, l := range lines {
		if _, print, err := ParseKey(l); err == nil {
			prints = append(prints, print)
		}
	}
	return prints
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

// normalCode undoes how a code was typed.
func normalCode(s string) string {
	s = strings.ToUpper(strings.TrimSpace(s))
	return strings.NewReplacer("-", "", " ", "", "0", "O", "1", "I", "8", "B").Replace(s)
}

func totpPurpose(person string) string { return "totp:" + person }
