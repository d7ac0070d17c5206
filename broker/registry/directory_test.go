package registry_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/directory"
	"sekimori/broker/internal/testbed/directories"
	"sekimori/broker/internal/townhall"
	"sekimori/broker/registry"
	"sekimori/broker/store"
)

const atCity = "パスワード of the directory"

// directoryHall is a hall in which head and kato sign in through the directory, kato under another name there.
func directoryHall(t *testing.T) *townhall.Hall {
	t.Helper()
	h := townhall.Open(t)
	file := strings.NewReplacer("{login: head,", "{login: head, sign_in: directory,", "{login: kato,", "{login: kato, sign_in: directory, directory_name: kato.h,").Replace(townhall.Registry(t))
	h.Plan = h.Apply(t, file, "admin")
	return h
}

func withLDAP(t *testing.T, h *townhall.Hall, s *directories.Slapd) {
	t.Helper()
	l, err := directory.NewLDAP(directory.LDAPOptions{
		URL: s.URL, Base: directories.Base, Filter: "(uid={name})", BindDN: directories.BindDN, BindPassword: directories.BindPassword, Clock: h.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	o := h.Options()
	o.LDAP, o.Passkeys = l, registry.PasskeyOptions{Use: registry.PasskeysOnly, Domain: "gate.city.example"}
	h.Registry = registry.New(o)
}

// enrolAt enrols a person of the directory.
func enrolAt(t *testing.T, h *townhall.Hall, person, password string) (pass, error) {
	t.Helper()
	code := issue(t, h, person, "admin").Text
	e, err := h.Registry.BeginEnrol(t.Context(), code, "")
	if err != nil {
		t.Fatal(err)
	}
	if e.Directory == registry.NoDirectory {
		t.Errorf("%s is asked for a new password", person)
	}
	p := pass{person: e.Person.ID, secret: e.Secret}
	_, err = h.Registry.FinishEnrol(t.Context(), code, registry.EnrolInput{Password: password, Code: p.code(t, h), Via: "web"})
	h.Pass(time.Minute)
	return p, err
}

func TestPeopleOfTheDirectory(t *testing.T) {
	s := directories.StartSlapd(t, map[string]string{"head": atCity, "kato.h": atCity, "admin": atCity})
	h := directoryHall(t)
	admin, _ := enrol(t, h, h.Plan.Code)
	withLDAP(t, h, s)
	if _, err := enrolAt(t, h, "head", password); townhall.Reason(err) != "auth-failed" {
		t.Errorf("enrolled with a password that is not the directory's: %v", err)
	}
	head, err := enrolAt(t, h, "head", atCity)
	if err != nil {
		t.Fatal(err)
	}
	kato, err := enrolAt(t, h, "kato", atCity)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []pass{head, kato} {
		if _, reason := login(t, h, p, atCity, p.code(t, h)); reason != "" {
			t.Errorf("%s: %s", p.person, reason)
		}
		h.Pass(time.Minute)
		if err := h.Registry.Fresh(t.Context(), p.person, atCity, p.code(t, h), ""); err != nil {
			t.Errorf("%s, fresh: %v", p.person, err)
		}
		h.Pass(time.Minute)
		if _, reason := login(t, h, p, atCity, "000000"); reason != "auth-failed" {
			t.Errorf("%s without the second factor, which stays ours: %q", p.person, reason)
		}
		if _, reason := login(t, h, p, password, p.code(t, h)); reason != "auth-failed" {
			t.Errorf("%s with another password: %q", p.person, reason)
		}
		if _, reason := login(t, h, p, "", p.code(t, h)); reason != "auth-failed" {
			t.Errorf("%s with no password, an anonymous bind: %q", p.person, reason)
		}
		if kinds := h.Kinds(t, p.person); !slices.Contains(kinds, "directory.linked") {
			t.Errorf("%s: entries %v", p.person, kinds)
		}
	}
	// A local person's password is never sent to the directory, which knows the same name.
	if _, reason := login(t, h, admin, atCity, admin.code(t, h)); reason != "auth-failed" {
		t.Errorf("a local person signs in with the directory's password: %q", reason)
	}
	if err := h.Registry.ChangePassword(t.Context(), password+"2", "", townhall.By("head")); problem(err) != "password-of-directory" {
		t.Errorf("a password of the directory was changed here: %v", err)
	}
	// A passkey alone is no sign-in for a person of the directory: it alone knows who has left. It is a fresh proof of one who signed in.
	k := keyOf(t, h, "head")
	alone := k.Show(t, ask(t, h))
	if got := enter(t, h, "", alone, alone); got != "auth-failed" {
		t.Errorf("a passkey alone: %q", got)
	}
	if alone = k.Show(t, ask(t, h)); h.Registry.Fresh(t.Context(), "head", alone, alone, "") != nil {
		t.Error("a passkey alone is no fresh proof")
	}
	if got := enter(t, h, "head", atCity, k.Show(t, ask(t, h))); got != "" {
		t.Errorf("the directory's password and a passkey: %s", got)
	}
}

func TestTheDirectoryIsDown(t *testing.T) {
	s := directories.StartSlapd(t, map[string]string{"head": atCity})
	h := directoryHall(t)
	admin, _ := enrol(t, h, h.Plan.Code)
	withLDAP(t, h, s)
	head, err := enrolAt(t, h, "head", atCity)
	if err != nil {
		t.Fatal(err)
	}
	in, reason := login(t, h, head, atCity, head.code(t, h))
	if reason != "" {
		t.Fatal(reason)
	}
	h.Pass(time.Minute)
	s.Stop()
	var wrong *registry.WrongProof
	_, err = h.Registry.Login(t.Context(), registry.LoginInput{Person: "head", Password: atCity, Code: head.code(t, h), Via: "web"})
	if townhall.Reason(err) != "auth-failed" || !errors.As(err, &wrong) || !wrong.Down {
		t.Errorf("a person of the directory: %v", err)
	}
	// Every failure is told in the same sentence, so it does not betray the owner of the password.
	_, err = h.Registry.Login(t.Context(), registry.LoginInput{Person: "nobody", Password: atCity, Code: "000000", Via: "web"})
	if !errors.As(err, &wrong) || !wrong.Down {
		t.Errorf("a stranger: %v", err)
	}
	if _, reason := login(t, h, admin, password, admin.code(t, h)); reason != "" {
		t.Errorf("a local person is kept out: %s", reason)
	}
	// A person who is signed in stays signed in, and can stop work.
	if _, err := h.Registry.Authenticate(t.Context(), in.Token); err != nil {
		t.Errorf("the sign-in of before ended: %v", err)
	}
	if !h.Registry.Ways().Down {
		t.Error("the sign-in page does not know")
	}
	code := issue(t, h, "kato", "admin").Text
	e, err := h.Registry.BeginEnrol(t.Context(), code, "")
	if err != nil {
		t.Fatal(err)
	}
	for range 7 { // costs none of the five tries
		_, err = h.Registry.FinishEnrol(t.Context(), code, registry.EnrolInput{Password: atCity, Code: pass{"kato", e.Secret}.code(t, h), Via: "web"})
		if !errors.As(err, &wrong) || !wrong.Down {
			t.Fatalf("an enrolment: %v", err)
		}
	}
	s.Start(t)
	h.Pass(time.Minute)
	if _, reason := login(t, h, head, atCity, head.code(t, h)); reason != "" || h.Registry.Ways().Down {
		t.Errorf("after it came back: %s", reason)
	}
}

// Somebody else gets the name at the directory, after the person left. They have the name and its password, and are not the person.
func TestAttackNameGivenAnew(t *testing.T) {
	h := directoryHall(t)
	enrol(t, h, h.Plan.Code)
	withLDAP(t, h, directories.StartSlapd(t, map[string]string{"head": atCity}))
	head, err := enrolAt(t, h, "head", atCity)
	if err != nil {
		t.Fatal(err)
	}
	withLDAP(t, h, directories.StartSlapd(t, map[string]string{"head": atCity})) // another entry of the same name
	if _, reason := login(t, h, head, atCity, head.code(t, h)); reason != "auth-failed" {
		t.Errorf("another account of the name: %q", reason)
	}
	if kinds := h.Kinds(t, "head"); !slices.Contains(kinds, "alarm.raised") {
		t.Errorf("no alarm: %v", kinds)
	}
	h.Pass(time.Minute)
	if err := confirm(t, h, issue(t, h, "head", "admin").Pending, "deputy"); err != nil { // the head approves: it takes two
		t.Fatal(err)
	}
	err = h.DB.Read(t.Context(), func(s *store.Snap) error {
		_, err := s.DirectoryAccount("head", "ldap")
		return err
	})
	if !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a new enrolment keeps the account of before: %v", err)
	}
}

func TestMovingASignInTakesTwoAndEndsWhatWas(t *testing.T) {
	h := townhall.Found(t)
	admin, _ := enrol(t, h, h.Plan.Code)
	enrol(t, h, issue(t, h, "deputy", "admin").Text)
	ito, in := enrol(t, h, issue(t, h, "ito", "admin").Text)
	h.Pass(73 * time.Hour)
	withLDAP(t, h, directories.StartSlapd(t, map[string]string{"ito": atCity}))
	move := func(how string) string {
		plan := h.Apply(t, "staff:\n  - {login: ito, name: 立会者, section: personnel, roles: [attendant], "+how+"}\n", admin.person)
		if len(plan.Pending) == 0 {
			t.Fatalf("moved by one person: %+v", plan)
		}
		if err := confirm(t, h, plan.Pending, "deputy"); err != nil {
			t.Fatal(err)
		}
		return plan.Pending
	}
	move("sign_in: directory")
	if _, err := h.Registry.Authenticate(t.Context(), in.Token); townhall.Reason(err) != "auth-failed" {
		t.Errorf("the token of before: %v", err)
	}
	if _, reason := login(t, h, ito, password, ito.code(t, h)); reason != "auth-failed" {
		t.Errorf("the password of before: %q", reason)
	}
	if _, reason := login(t, h, ito, atCity, ito.code(t, h)); reason != "" {
		t.Errorf("the directory's password with the second factor of before: %s", reason)
	}
	h.Pass(time.Minute)
	move("sign_in: local")
	for _, p := range []string{password, atCity} {
		if _, reason := login(t, h, ito, p, ito.code(t, h)); reason != "auth-failed" {
			t.Errorf("back from the directory, with a password of before: %q", reason)
		}
	}
}

const back = "http://localhost/signin/provider/back"

func withProvider(t *testing.T, h *townhall.Hall, p *directories.Provider, trusted ...string) {
	t.Helper()
	d, err := directory.NewOIDC(directory.OIDCOptions{Issuer: p.Issuer, ClientID: p.ClientID, ClientSecret: p.ClientSeed, FactorValues: trusted, Clock: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	o := h.Options()
	o.OIDC = d
	h.Registry = registry.New(o)
}

// through signs a person in at the provider.
func through(t *testing.T, h *townhall.Hall, p *directories.Provider, name, person string) (registry.Vouched, error) {
	t.Helper()
	address, kept, err := h.Registry.BeginProvider(t.Context(), back, person, "/requests")
	if err != nil {
		t.Fatal(err)
	}
	q := p.SignIn(t, address, name, atCity).Query()
	return h.Registry.FinishProvider(t.Context(), kept, q.Get("state"), q.Get("code"), "192.0.2.9", person)
}

func TestPeopleOfAProvider(t *testing.T) {
	p := directories.StartProvider(t, back, map[string]string{"head": atCity, "kato.h": atCity, "admin": atCity, "ito": atCity})
	h := directoryHall(t)
	enrol(t, h, h.Plan.Code)
	withProvider(t, h, p)
	code := issue(t, h, "head", "admin").Text
	e, err := h.Registry.BeginEnrol(t.Context(), code, "")
	if err != nil || e.Directory != registry.AtOIDC {
		t.Fatalf("%+v, %v", e, err)
	}
	head := pass{"head", e.Secret}
	in, err := h.Registry.FinishEnrol(t.Context(), code, registry.EnrolInput{Code: head.code(t, h), Via: "web"})
	if err != nil || in.Token != "" {
		t.Fatalf("the provider has not vouched yet: %+v, %v", in, err)
	}
	h.Pass(time.Minute)
	v, err := through(t, h, p, "head", "")
	if err != nil || v.Person.ID != "head" || v.Second {
		t.Fatalf("%+v, %v", v, err)
	}
	if got := enter(t, h, "head", v.Voucher, v.Voucher); got != "auth-failed" {
		t.Errorf("without a second factor: %q", got)
	}
	if got := enter(t, h, "kato", v.Voucher, head.code(t, h)); got != "auth-failed" {
		t.Errorf("for another person: %q", got)
	}
	if got := enter(t, h, "head", v.Voucher, head.code(t, h)); got != "" {
		t.Errorf("with the person's own second factor: %s", got)
	}
	h.Pass(time.Minute)
	if got := enter(t, h, "head", v.Voucher, head.code(t, h)); got != "auth-failed" {
		t.Errorf("a voucher used twice: %q", got)
	}
	// A fresh proof: the provider asked the person again.
	v, err = through(t, h, p, "head", "head")
	if err != nil || !v.Proves || v.Back != "/requests" {
		t.Fatalf("%+v, %v", v, err)
	}
	if err := h.Registry.Fresh(t.Context(), "head", v.Voucher, head.code(t, h), ""); err != nil {
		t.Errorf("a fresh proof: %v", err)
	}
	for name, who := range map[string][2]string{
		"a local person, whom the provider knows too": {"admin", ""},
		"a local person who was never enrolled":       {"ito", ""},
		"proves for another person than is signed in": {"kato.h", "head"},
		"a person of the directory, never enrolled":   {"kato.h", ""},
	} {
		v, err := through(t, h, p, who[0], who[1])
		if err == nil { // the voucher of a person who never enrolled opens nothing
			if got := enter(t, h, v.Person.ID, v.Voucher, "000000"); got != "auth-failed" {
				t.Errorf("%s: %q", name, got)
			}
			continue
		}
		if townhall.Reason(err) != "auth-failed" {
			t.Errorf("%s: %v", name, err)
		}
	}
	h.Pass(time.Minute)
	if v, err = through(t, h, p, "head", ""); err != nil {
		t.Fatal(err)
	}
	h.Pass(5 * time.Minute)
	if got := enter(t, h, "head", v.Voucher, head.code(t, h)); got != "auth-failed" {
		t.Errorf("a voucher that is too old: %q", got)
	}
	for attack, kept := range map[string]string{"nothing kept": "", "made up": strings.Repeat("A", 80)} {
		if _, err := h.Registry.FinishProvider(t.Context(), kept, "x", "y", "192.0.2.9", ""); townhall.Reason(err) != "auth-failed" {
			t.Errorf("%s: %v", attack, err)
		}
	}
}

func TestTheProvidersSecondFactorWhereTrusted(t *testing.T) {
	p := directories.StartProvider(t, back, map[string]string{"head": atCity})
	h := directoryHall(t)
	enrol(t, h, h.Plan.Code)
	withProvider(t, h, p, "pwd") // the provider of the test states amr=pwd
	code := issue(t, h, "head", "admin").Text
	e, err := h.Registry.BeginEnrol(t.Context(), code, "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Registry.FinishEnrol(t.Context(), code, registry.EnrolInput{Code: pass{"head", e.Secret}.code(t, h), Via: "web"}); err != nil {
		t.Fatal(err)
	}
	v, err := through(t, h, p, "head", "")
	if err != nil || !v.Second {
		t.Fatalf("%+v, %v", v, err)
	}
	if got := enter(t, h, "head", v.Voucher, v.Voucher); got != "" {
		t.Errorf("the trusted claim: %s", got)
	}
	h.Lock(t, "head")
	if v, err = through(t, h, p, "head", ""); err == nil {
		if got := enter(t, h, "head", v.Voucher, v.Voucher); got != "auth-failed" {
			t.Errorf("a locked person: %q", got)
		}
	}
}

// The clock of the telephone: told to who knows the password, and a fast one only when a second code says the same.
func TestTheTelephonesClockIsOff(t *testing.T) {
	h := townhall.Found(t)
	p, _ := enrol(t, h, h.Plan.Code)
	h.Pass(time.Hour)
	at := func(off time.Duration) string {
		c, err := registry.CodeAt(p.secret, h.Now().Add(off))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	off := func(password, code string) time.Duration {
		_, err := h.Registry.Login(t.Context(), registry.LoginInput{Person: p.person, Password: password, Code: code, Via: "web"})
		if townhall.Reason(err) != "auth-failed" {
			t.Fatalf("%v", err)
		}
		var wrong *registry.WrongProof
		if errors.As(err, &wrong) {
			return wrong.Off
		}
		return 0
	}
	if got := off(password, at(-10*time.Minute)); got != -10*time.Minute {
		t.Errorf("a slow clock: %v", got)
	}
	if got := off("間違った馬の電池とホチキス", at(-10*time.Minute)); got != 0 {
		t.Errorf("told without the password: %v", got)
	}
	if got := off(password, at(5*time.Minute)); got != 0 {
		t.Errorf("a fast clock, told a guesser that the code will be right: %v", got)
	}
	if got := off(password, at(20*time.Minute)); got != 0 {
		t.Errorf("guesses that fit different clocks: %v", got)
	}
	h.Pass(11 * time.Minute)
	off(password, at(5*time.Minute))
	h.Pass(30 * time.Second)
	if got := off(password, at(5*time.Minute)); got != 5*time.Minute {
		t.Errorf("a fast clock that says it twice: %v", got)
	}
	if _, reason := login(t, h, p, password, at(0)); reason != "" {
		t.Errorf("the right code afterwards: %s", reason)
	}
}

// A file with people of the directory is taken where the configuration names none, with a warning that says who cannot sign in.
func TestApplyWarnsOfPeopleWithoutADirectory(t *testing.T) {
	t.Parallel()
	h := townhall.Found(t)
	apply := func(text string) api.Plan {
		t.Helper()
		doc, err := registry.Parse("staff.yaml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		plan, err := h.Registry.Apply(t.Context(), doc, townhall.By("admin"), true)
		if err != nil {
			t.Fatal(err)
		}
		return plan
	}
	if w := apply("staff:\n  - {login: kato, name: 担当, section: personnel, roles: [requester]}\n").Warnings; len(w) != 0 {
		t.Errorf("without people of the directory: %+v", w)
	}
	w := apply("staff:\n  - {login: kato, name: 担当, section: personnel, roles: [requester], sign_in: directory}\n").Warnings
	if len(w) != 1 || !strings.Contains(w[0].JA, "kato") || !strings.Contains(w[0].EN, "cannot sign in: kato;") {
		t.Errorf("%+v", w)
	}
	many := "staff:\n"
	for i := range 25 {
		many += fmt.Sprintf("  - {login: staff%02d, name: 職員, section: personnel, roles: [requester], sign_in: directory}\n", i)
	}
	if w = apply(many).Warnings; len(w) != 1 || !strings.Contains(w[0].JA, "ほか15人") || !strings.Contains(w[0].EN, "and 15 more") {
		t.Errorf("%+v", w)
	}
}
