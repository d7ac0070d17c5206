package registry

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/directory"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
	"sekimori/policy/text"
)

// atDirectory stands in the place of the hash of a person of the directory: they are enrolled, and no password here matches.
const atDirectory = "directory"

// Directory says how the first factor of a person is checked.
type Directory string

// The ways.
const (
	NoDirectory Directory = ""     // a password here
	AtLDAP      Directory = "ldap" // the password of the directory
	AtOIDC      Directory = "oidc" // the provider's page
)

// directoryOf is the way of a person. Where the institution has both, the password form and the provider's page both work; the
// password is what a form asks for.
func (r *Registry) directoryOf(p store.Person) Directory {
	switch {
	case p.SignIn != store.SignInDirectory:
		return NoDirectory
	case r.o.LDAP != nil || r.o.OIDC == nil:
		return AtLDAP
	}
	return AtOIDC
}

// withoutDirectory warns of people who sign in at the directory while the broker is set up with none: they cannot sign in.
func (r *Registry) withoutDirectory(people []PersonEntry) []api.BothLanguages {
	if r.o.LDAP != nil || r.o.OIDC != nil {
		return nil
	}
	var ids []string
	for _, p := range people {
		if p.SignIn == store.SignInDirectory {
			ids = append(ids, p.ID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	said := NoDirectoryFor(ids)
	return []api.BothLanguages{{JA: said.JA, EN: said.EN}}
}

// mostNamed is how many people a warning names.
const mostNamed = 10

// NoDirectoryFor is the warning that these people cannot sign in, because the configuration names no directory.
func NoDirectoryFor(ids []string) text.Text {
	named, more := ids, text.Text{}
	if len(ids) > mostNamed {
		named, more = ids[:mostNamed], text.Of(fmt.Sprintf("ほか%d人", len(ids)-mostNamed), fmt.Sprintf(" and %d more", len(ids)-mostNamed))
	}
	return text.Of("sign_in: directory の人がサインインできません: "+strings.Join(named, "、")+more.JA+"。設定の sign_in に LDAP か OpenID Connect がありません",
		"people with sign_in: directory cannot sign in: "+strings.Join(named, ", ")+more.EN+"; the configuration has neither LDAP nor OpenID Connect under sign_in")
}

// DirectoryOf is the way of a person, named by id. Error: store.ErrNotFound.
func (r *Registry) DirectoryOf(ctx context.Context, person string) (Directory, error) {
	var p store.Person
	err := r.o.DB.Read(ctx, func(s *store.Snap) (err error) {
		p, err = s.Person(person)
		return err
	})
	return r.directoryOf(p), err
}

// Ways tells how people may sign in.
type Ways struct {
	Password bool // of the directory: the form's password may be the directory's
	Provider bool // there is a provider's page
	Down     bool // a directory cannot be reached at the moment
}

// Ways tells how people may sign in at the moment.
func (r *Registry) Ways() Ways {
	w := Ways{Password: r.o.LDAP != nil, Provider: r.o.OIDC != nil}
	w.Down = r.o.LDAP != nil && r.o.LDAP.Down() || r.o.OIDC != nil && r.o.OIDC.Down()
	return w
}

// vouch is the directory's word about a person: its source, and its own name of the account.
type vouch struct {
	source, subject string
	right           bool
	down            bool
}

// askLDAP asks the directory about a person's password.
func (r *Registry) askLDAP(ctx context.Context, p store.Person, password string) (vouch, error) {
	if r.o.LDAP == nil {
		return vouch{}, nil
	}
	id, err := r.o.LDAP.Check(ctx, p.NameAtDirectory(), password)
	switch {
	case err == nil:
		return vouch{source: "ldap", subject: id.Subject, right: true}, nil
	case errors.Is(err, directory.ErrWrong):
		return vouch{}, nil
	case errors.Is(err, directory.ErrDown):
		if ctx.Err() != nil {
			return vouch{}, context.Cause(ctx)
		}
		r.o.Log.Warn("directory_down", "error", err)
		return vouch{down: true}, nil
	}
	return vouch{}, err
}

// firstFactor checks a password: the broker's own hash, or for a person of the directory the directory's word. Both cost the time of
// a hash, so that the time does not tell who is whose.
func (r *Registry) firstFactor(ctx context.Context, p store.Person, encoded, password string, known bool) (vouch, error) {
	asks := p.SignIn == store.SignInDirectory && encoded == atDirectory
	compare := encoded
	if p.SignIn == store.SignInDirectory || encoded == atDirectory {
		compare = r.decoy
	}
	type answer struct {
		vouch
		error
	}
	told := make(chan answer, 1)
	go func() { // ends with ctx, or by the limits of the conversation
		var a answer
		if asks {
			a.vouch, a.error = r.askLDAP(ctx, p, password)
		}
		told <- a
	}()
	same, err := r.matches(ctx, compare, password, known)
	a := <-told
	if err == nil {
		err = a.error
	}
	if !asks {
		a.vouch = vouch{right: same}
	}
	return a.vouch, err
}

// accountIs tells whether the directory vouched with the account that the person had before, or had none.
func accountIs(s *store.Snap, person string, v vouch) (is, first bool, err error) {
	if v.subject == "" {
		return true, false, nil
	}
	have, err := s.DirectoryAccount(person, v.source)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return true, true, nil
	case err != nil:
		return false, false, fmt.Errorf("read directory account: %w", err)
	}
	return have.Subject == v.subject, false, nil
}

// account compares the account with the person's, and notes it at the first sign-in. ok is false for another account: somebody else has
// the name at the directory now.
func (r *Registry) account(ctx context.Context, p policy.Person, v vouch) (ok bool, err error) {
	first := false
	err = r.o.DB.Read(ctx, func(s *store.Snap) (err error) {
		ok, first, err = accountIs(s, p.ID, v)
		return err
	})
	if err != nil || ok && !first {
		return ok, err
	}
	err = r.o.DB.Write(ctx, func(tx *store.Tx) error {
		if ok {
			err := noteAccount(tx, p.ID, v)
			if !errors.Is(err, store.ErrExists) {
				return err
			}
			ok = false // it is another person's
		}
		return alarm(tx, store.AlarmOtherAccount, p.ID, map[string]any{"directory": v.source})
	})
	return ok, err
}

// noteAccount stores the account, with its entry. Error: store.ErrExists.
func noteAccount(tx *store.Tx, person string, v vouch) error {
	if err := tx.AddDirectoryAccount(store.DirectoryAccount{Person: person, Source: v.source, Subject: v.subject}); err != nil {
		return fmt.Errorf("note directory account: %w", err)
	}
	_, err := tx.Append(ledger.Draft{Kind: "directory.linked", Actor: ledger.Actor{Kind: "broker", Via: "timer"}, Subjects: []string{person},
		Payload: map[string]any{"person": person, "directory": v.source, "account": v.subject}})
	return err
}

// voucher stands in the place of a password where the provider vouched. It is a person's, works for minutes and once.
type voucher struct {
	person string
	vouch
	second bool // the provider's second factor counts
	fresh  bool // the provider has asked the person again: only then it proves that a signed-in person is there
	until  time.Time
}

const (
	voucherMark = "sekimori-voucher_"
	voucherLife = 5 * time.Minute
)

// voucherOf gives the voucher that a password is; it must be the person's. fresh: one of a sign-in is none, because a provider that remembers
// the browser gives it without asking anybody.
func (r *Registry) voucherOf(person, password string, fresh bool, now time.Time) (voucher, bool) {
	if person == "" || !strings.HasPrefix(password, voucherMark) {
		return voucher{}, false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	v, ok := r.vouchers[store.HashToken(password)]
	return v, ok && v.person == person && now.Before(v.until) && (v.fresh || !fresh)
}

func (r *Registry) spendVoucher(password string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.vouchers, store.HashToken(password))
}

// talk is a conversation with the provider as the browser keeps it meanwhile, sealed.
type talk struct {
	directory.Conversation
	At   time.Time `json:"at"`
	For  string    `json:"for,omitempty"` // the person who proves again; empty: a sign-in
	Back string    `json:"back,omitempty"`
}

// ErrNoProvider: the institution has no OpenID Connect provider.
var ErrNoProvider = errors.New("there is no provider")

// BeginProvider begins a sign-in at the provider: address is where the browser goes, kept is what it keeps until it comes back to
// redirect. person is set for a signed-in person who proves again, and back is where they go on. Error: directory.ErrDown.
func (r *Registry) BeginProvider(ctx context.Context, redirect, person, back string) (address, kept string, err error) {
	if r.o.OIDC == nil {
		return "", "", ErrNoProvider
	}
	address, c, err := r.o.OIDC.Begin(ctx, redirect, person != "")
	if err != nil {
		return "", "", err
	}
	var now time.Time
	if err := r.o.DB.Read(ctx, func(s *store.Snap) error { now = s.Now; return nil }); err != nil {
		return "", "", fmt.Errorf("clock: %w", err)
	}
	plain, err := json.Marshal(talk{c, now, person, back})
	if err != nil {
		return "", "", err
	}
	box, err := r.box()
	if err != nil {
		return "", "", err
	}
	nonce := make([]byte, box.NonceSize())
	rand.Read(nonce) // never fails (crypto/rand)
	return address, base64.RawURLEncoding.EncodeToString(box.Seal(nonce, nonce, plain, []byte("provider"))), nil
}

func (r *Registry) box() (cipher.AEAD, error) {
	block, err := aes.NewCipher(r.door[:])
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

func (r *Registry) opened(kept string) (t talk, err error) {
	box, err := r.box()
	if err != nil {
		return t, err
	}
	b, err := base64.RawURLEncoding.DecodeString(kept)
	if err != nil || len(b) < box.NonceSize() {
		return t, directory.ErrWrong
	}
	plain, err := box.Open(nil, b[:box.NonceSize()], b[box.NonceSize():], []byte("provider"))
	if err != nil {
		return t, directory.ErrWrong
	}
	return t, json.Unmarshal(plain, &t)
}

// Vouched is the provider's word about a person of the registry.
type Vouched struct {
	Person  policy.Person
	Voucher string // in the place of the password, and of the code too where Second
	Second  bool   // the provider's second factor counts; otherwise the person shows their own
	Proves  bool   // a signed-in person proved again
	Back    string
}

// talkLife is the time that a person has at the provider.
const talkLife = 15 * time.Minute

// FinishProvider takes the person who comes back from the provider. by is the signed-in person where there is one. Every word that is
// not about exactly one person of the directory is auth-failed. Errors: *policy.Denied auth-failed and too-many-failures, directory.ErrDown.
func (r *Registry) FinishProvider(ctx context.Context, kept, state, code, source, by string) (Vouched, error) {
	if r.o.OIDC == nil {
		return Vouched{}, ErrNoProvider
	}
	if err := r.addressMay(ctx, source); err != nil {
		return Vouched{}, err
	}
	t, err := r.opened(kept)
	var id directory.Identity
	if err == nil {
		id, err = r.o.OIDC.Finish(ctx, t.Conversation, state, code)
	}
	if errors.Is(err, directory.ErrDown) {
		return Vouched{}, err
	}
	var p policy.Person
	var now time.Time
	known := false
	read := r.o.DB.Read(ctx, func(s *store.Snap) error {
		now = s.Now
		if err != nil {
			return nil
		}
		people, err := s.Persons(store.PersonFilter{Kind: policy.Staff})
		for _, one := range people {
			if one.SignIn == store.SignInDirectory && one.NameAtDirectory() == id.Name {
				known, p = p.ID == "", one.Person // of two with one name, neither
			}
		}
		return err
	})
	if read != nil {
		return Vouched{}, read
	}
	late := now.Sub(t.At).Abs() > talkLife
	if err != nil || !known || late || t.For != "" && (t.For != p.ID || by != p.ID) {
		if err != nil && !errors.Is(err, directory.ErrWrong) {
			return Vouched{}, err
		}
		r.o.Log.Info("provider_refused", "error", err)
		return Vouched{}, r.failed(ctx, counters{address: addressKey(source)}, policy.Person{}, proof{source: source, via: "web", what: "login"})
	}
	out := Vouched{Person: p, Voucher: voucherMark + strings.TrimPrefix(newToken(), "sekimori_"), Second: id.SecondFactor, Proves: t.For != "", Back: t.Back}
	r.mu.Lock()
	defer r.mu.Unlock()
	maps.DeleteFunc(r.vouchers, func(_ [32]byte, v voucher) bool { return !now.Before(v.until) || v.person == p.ID })
	r.vouchers[store.HashToken(out.Voucher)] = voucher{p.ID, vouch{source: "oidc", subject: id.Subject, right: true}, id.SecondFactor, out.Proves, now.Add(voucherLife)}
	return out, nil
}
