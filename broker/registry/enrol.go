package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"sekimori/broker/forms"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// Enrolment holds the second factor that a person needs to finish enrolling. It is shown once.
type Enrolment struct {
	Person policy.Person
	Secret string // base32, for an authenticator app
	URL    string // otpauth://, the same for a QR code
	Until  time.Time
	// Directory says which password FinishEnrol asks for: a new one, the directory's, or none.
	Directory Directory
}

// BeginEnrol gives the person of a code a fresh second factor. Beginning again replaces it. source is as of LoginInput.
// Errors: *policy.Denied auth-failed, the same for every code that does not work; too-many-failures
// while the address is locked out.
func (r *Registry) BeginEnrol(ctx context.Context, code, source string) (Enrolment, error) {
	hash := store.HashToken(normalCode(code))
	if err := r.addressMay(ctx, source); err != nil {
		return Enrolment{}, err
	}
	var p store.Person
	var now, expires time.Time
	err := r.o.DB.Read(ctx, func(s *store.Snap) error {
		e, err := validCode(s, hash)
		if err != nil {
			return err
		}
		now, expires = s.Now, e.Expires
		p, err = s.Person(e.Person)
		return err
	})
	if err != nil {
		return Enrolment{}, r.wrongCode(ctx, err, policy.Person{}, source)
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
	return Enrolment{Person: p.Person, Secret: b.secret, URL: keyURL(r.o.Issuer, p.Login, b.secret), Until: b.until, Directory: r.directoryOf(p)}, nil
}

// ShownEnrol gives once more the second factor that BeginEnrol gave, for a form that is shown again. Errors as of BeginEnrol, and
// *forms.Invalid enrolment-not-begun.
func (r *Registry) ShownEnrol(ctx context.Context, code, source string) (Enrolment, error) {
	hash := store.HashToken(normalCode(code))
	if err := r.addressMay(ctx, source); err != nil {
		return Enrolment{}, err
	}
	var p store.Person
	var now time.Time
	err := r.o.DB.Read(ctx, func(s *store.Snap) error {
		e, err := validCode(s, hash)
		if err != nil {
			return err
		}
		now = s.Now
		p, err = s.Person(e.Person)
		return err
	})
	if err != nil {
		return Enrolment{}, r.wrongCode(ctx, err, policy.Person{}, source)
	}
	r.mu.Lock()
	b, begun := r.begun[hash]
	r.mu.Unlock()
	if !begun || !now.Before(b.until) {
		return Enrolment{}, notBegun()
	}
	return Enrolment{Person: p.Person, Secret: b.secret, URL: keyURL(r.o.Issuer, p.Login, b.secret), Until: b.until, Directory: r.directoryOf(p)}, nil
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

// EnrolInput is the person's input for FinishEnrol.
type EnrolInput struct {
	Password string   // a new one, or the directory's (Enrolment.Directory)
	Code     string   // of the second factor just shown
	Keys     []string // authorized_keys lines; may be empty
	Label    string   // the person's name for the place of the token
	Via      string   // door
	Source   string   // as of LoginInput
}

// FinishEnrol sets password and second factor, registers keys and signs the person in. A
// wrong one-time code costs one of the code's five tries, and counts against the address as a wrong enrolment code does; so does a
// wrong password of the directory. A refused new password or key costs no try. A person for whom a provider vouches is not signed in:
// the provider has not vouched yet. While the institution is being founded, keys work at once; later they wait for a second person.
// Errors: *policy.Denied auth-failed, as *WrongProof for a wrong password or a code of a clock that is off; *forms.Invalid.
func (r *Registry) FinishEnrol(ctx context.Context, code string, in EnrolInput) (SignedIn, error) {
	label, err := cleanLabel(in.Label)
	if err != nil {
		return SignedIn{}, err
	}
	in.Label = label
	hash := store.HashToken(normalCode(code))
	r.mu.Lock()
	b, begun := r.begun[hash]
	r.mu.Unlock()
	if err := r.addressMay(ctx, in.Source); err != nil {
		return SignedIn{}, err
	}
	var p store.Person
	var now time.Time
	err = r.o.DB.Read(ctx, func(s *store.Snap) error {
		e, err := validCode(s, hash)
		if err != nil {
			return err
		}
		now = s.Now
		p, err = s.Person(e.Person)
		return err
	})
	if err != nil {
		return SignedIn{}, r.wrongCode(ctx, err, policy.Person{}, in.Source)
	}
	if !begun || !now.Before(b.until) {
		return SignedIn{}, notBegun()
	}
	way := r.directoryOf(p)
	lines, err := checkEnrol(in, p.Person, way)
	if err != nil {
		return SignedIn{}, err
	}
	step, ok, err := r.step(b.secret, in.Code, now)
	if err != nil {
		return SignedIn{}, err
	}
	var told WrongProof
	if !ok {
		if told.Off, err = offOf(b.secret, in.Code, now); err != nil {
			return SignedIn{}, err
		}
	}
	var word vouch
	if ok && way == AtLDAP {
		if word, err = r.askLDAP(ctx, p, in.Password); err != nil {
			return SignedIn{}, err
		}
		if word.right {
			if word.right, err = r.account(ctx, p.Person, word); err != nil {
				return SignedIn{}, err
			}
		}
		ok, told.Password, told.Down = word.right, !word.right && !word.down, word.down
	}
	if told.Down { // the person did nothing wrong
		told.err = &policy.Denied{Reason: policy.AuthFailed}
		return SignedIn{}, &told
	}
	if !ok {
		err := r.o.DB.Keep(ctx, store.KeepEnrolmentTry, func(k *store.KeepTx) error { return k.SpendEnrolmentTry(hash) })
		if err != nil {
			return SignedIn{}, fmt.Errorf("count the try: %w", err)
		}
		told.err = r.wrongCode(ctx, &policy.Denied{Reason: policy.AuthFailed}, p.Person, in.Source)
		if told.Off == 0 && !told.Password {
			return SignedIn{}, told.err
		}
		return SignedIn{}, &told
	}
	sealed, err := r.o.Keys.Seal(totpPurpose(p.ID), []byte(b.secret))
	if err != nil {
		return SignedIn{}, fmt.Errorf("seal second factor: %w", err)
	}
	encoded := atDirectory
	if way == NoDirectory {
		encoded = r.hash(in.Password)
	}
	var out SignedIn
	err = r.o.DB.Write(ctx, func(tx *store.Tx) error {
		out, err = r.enrolled(tx, p.Person, way, hash, encoded, store.TOTP{Person: p.ID, Sealed: sealed, LastStep: step}, lines, in)
		return err
	})
	if err != nil {
		return SignedIn{}, err
	}
	r.mu.Lock()
	delete(r.begun, hash)
	r.mu.Unlock()
	return out, r.forgive(ctx, counters{source: addressKey(in.Source)}, p.ID)
}

// checkEnrol checks password and keys.
func checkEnrol(in EnrolInput, p policy.Person, way Directory) ([]string, error) {
	bad := &forms.Invalid{}
	if code, ja, en := passwordProblem(in.Password, p.Login); code != "" && way == NoDirectory {
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

// enrolled writes everything in one transaction. The transaction uses the code up, so that the code works once.
func (r *Registry) enrolled(tx *store.Tx, p policy.Person, way Directory, hash [32]byte, encoded string, factor store.TOTP, lines []string, in EnrolInput) (SignedIn, error) {
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
	if _, err := tx.ActingPerson(by); err != nil {
		return SignedIn{}, err // a lock holds against a code that was issued before it
	}
	pending, err := r.enrolKeys(tx, p, lines, by)
	if err != nil {
		return SignedIn{}, err
	}
	if _, err := tx.Append(ledger.Draft{Kind: "enrolment.finished", Actor: by, Subjects: []string{p.ID},
		Payload: map[string]any{"person": p.ID, "keys": fingerprints(lines), "keys_pending": pending}}); err != nil {
		return SignedIn{}, fmt.Errorf("ledger enrolment: %w", err)
	}
	how := proven{p, "password", "code"}
	switch way {
	case AtLDAP:
		how.first = "directory"
	case AtOIDC:
		return SignedIn{Person: p, KeysPending: pending}, nil
	}
	out, err := r.signIn(tx, how, by, in.Label)
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
	founded, err := tx.Founded()
	if err != nil {
		return "", err
	}
	if tx.Now.Before(founded.Add(store.FoundingPeriod)) {
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
