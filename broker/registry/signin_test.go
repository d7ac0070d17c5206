package registry_test

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sekimori/broker/internal/townhall"
	"sekimori/broker/ledger"
	"sekimori/broker/registry"
	"sekimori/broker/store"
)

func TestCodeReplay(t *testing.T) {
	h := townhall.Found(t)
	p, _ := enrol(t, h, h.Plan.Code)
	code := p.code(t, h)
	if err := h.Registry.CheckCode(t.Context(), "admin", code, "192.0.2.7"); err != nil {
		t.Fatal(err)
	}
	if err := h.Registry.CheckCode(t.Context(), "admin", code, "192.0.2.7"); townhall.Reason(err) != "auth-failed" {
		t.Errorf("the gate took a code twice: %v", err)
	}
	if _, reason := login(t, h, p, password, code); reason != "auth-failed" {
		t.Errorf("a code used at the gate signs in: %q", reason)
	}
	h.Pass(30 * time.Second)
	next := p.code(t, h)
	var wg sync.WaitGroup
	results := make([]error, 3)
	for i := range results {
		wg.Go(func() { results[i] = h.Registry.CheckCode(t.Context(), "admin", next, "192.0.2.7") })
	}
	wg.Wait()
	worked := 0
	for _, err := range results {
		if err == nil {
			worked++
		}
	}
	if worked != 1 {
		t.Errorf("one code was taken %d times at the same moment", worked)
	}
}

func TestCodeSkew(t *testing.T) {
	h := townhall.Found(t)
	p, _ := enrol(t, h, h.Plan.Code)
	h.Pass(10 * time.Minute)
	for _, c := range []struct {
		off  time.Duration
		want string
	}{{-60 * time.Second, "auth-failed"}, {-30 * time.Second, ""}, {30 * time.Second, ""}, {60 * time.Second, "auth-failed"}} {
		code, err := registry.CodeAt(p.secret, h.Now().Add(c.off))
		if err != nil {
			t.Fatal(err)
		}
		if got := townhall.Reason(h.Registry.CheckCode(t.Context(), "admin", code, "192.0.2.7")); got != c.want {
			t.Errorf("a code %v off: %q, want %q", c.off, got, c.want)
		}
	}
}

func TestSignInFailuresLookAlike(t *testing.T) {
	h := townhall.Found(t)
	p, _ := enrol(t, h, h.Plan.Code)
	for _, c := range []struct {
		name, person, password, code string
	}{
		{"wrong password", "admin", "間違った馬の電池とホチキス", p.code(t, h)},
		{"wrong code", "admin", password, "000000"},
		{"nobody", "nobody", password, p.code(t, h)},
		{"not enrolled", "head", password, p.code(t, h)},
		{"empty", "admin", "", ""},
	} {
		_, err := h.Registry.Login(t.Context(), registry.LoginInput{Person: c.person, Password: c.password, Code: c.code, Via: "cli"})
		if err == nil || err.Error() != "refused: auth-failed" {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	// A wrong password has not used the code up.
	if _, reason := login(t, h, p, password, p.code(t, h)); reason != "" {
		t.Errorf("the right proof after wrong ones: %s", reason)
	}
}

func TestBruteForceLocksForAWhile(t *testing.T) {
	for _, who := range []string{"admin", "nobody"} {
		h := townhall.Found(t)
		p, _ := enrol(t, h, h.Plan.Code)
		before := len(h.Kinds(t, ""))
		for range 5 {
			if err := h.Registry.Fresh(t.Context(), who, "間違った馬の電池とホチキス", "000000", ""); townhall.Reason(err) != "auth-failed" {
				t.Fatalf("%s: %v", who, err)
			}
		}
		if err := h.Registry.Fresh(t.Context(), who, password, p.code(t, h), ""); townhall.Reason(err) != "too-many-failures" {
			t.Errorf("%s after five failures: %v", who, err)
		}
		if entries := h.Kinds(t, "")[before:]; !slices.Equal(entries, []string{"signin.locked", "alarm.raised"}) {
			t.Errorf("%s: entries %v", who, entries)
		}
		h.Pass(10*time.Minute - time.Millisecond)
		if err := h.Registry.Fresh(t.Context(), who, password, p.code(t, h), ""); townhall.Reason(err) != "too-many-failures" {
			t.Errorf("%s 1 ms before the lock ends: %v", who, err)
		}
		h.Pass(time.Millisecond)
		want := map[string]string{"admin": "", "nobody": "auth-failed"}[who]
		if err := h.Registry.Fresh(t.Context(), who, password, p.code(t, h), ""); townhall.Reason(err) != want {
			t.Errorf("%s after the lock: %v", who, err)
		}
	}
}

// Guesses that come at the same moment must not all be looked at before the first of them counts.
func TestBruteForceAtTheSameMoment(t *testing.T) {
	h := townhall.Found(t)
	enrol(t, h, h.Plan.Code)
	const guesses = 40
	said := make(chan string, guesses)
	for range guesses {
		go func() { said <- townhall.Reason(h.Registry.CheckCode(t.Context(), "admin", "000000", "192.0.2.7")) }()
	}
	heard := map[string]int{}
	for range guesses {
		heard[<-said]++
	}
	if heard["auth-failed"] > 5 || heard["auth-failed"]+heard["too-many-failures"] != guesses {
		t.Errorf("of %d guesses: %v", guesses, heard)
	}
}

// People type their password where the name belongs.
func TestAPasswordTypedAsTheNameIsKeptNowhere(t *testing.T) {
	h := townhall.Found(t)
	for range 5 {
		login(t, h, pass{person: password}, "", "")
	}
	if _, reason := login(t, h, pass{person: password}, "", ""); reason != "too-many-failures" {
		t.Errorf("the name is not counted: %v", reason)
	}
	err := h.DB.Read(t.Context(), func(s *store.Snap) error {
		c, err := s.Throttle("person:?" + password)
		if err == nil && c.Count != 0 {
			t.Errorf("kept as typed, %d times", c.Count)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A scan must not grow the table of failures for ever.
func TestFailuresThatHaveRunOutAreForgotten(t *testing.T) {
	h := townhall.Found(t)
	failures := func(counter string) (n int) {
		t.Helper()
		err := h.DB.Read(t.Context(), func(s *store.Snap) error {
			c, err := s.Throttle(counter)
			n = c.Count
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	login(t, h, pass{person: "head"}, "", "")
	if n := failures("person:head"); n != 1 {
		t.Fatalf("%d failures counted", n)
	}
	h.Pass(10 * time.Minute)
	login(t, h, pass{person: "ito"}, "", "")
	if n := failures("person:head"); n != 1 {
		t.Errorf("forgotten at ten minutes: %d", n)
	}
	h.Pass(time.Millisecond)
	login(t, h, pass{person: "kato"}, "", "")
	if n := failures("person:head"); n != 0 {
		t.Errorf("still kept: %d", n)
	}
}

func TestOneAddressGuessingAtManyPeople(t *testing.T) {
	h := townhall.Found(t)
	p, _ := enrol(t, h, h.Plan.Code)
	for i := range 20 {
		name := string(rune('a'+i)) + "-nobody"
		login(t, h, pass{person: name}, password, "000000")
	}
	if _, reason := login(t, h, p, password, p.code(t, h)); reason != "too-many-failures" {
		t.Errorf("the address is not locked: %q", reason)
	}
	if err := h.Registry.Fresh(t.Context(), "admin", password, p.code(t, h), ""); err != nil {
		t.Errorf("the person is locked for another's guesses: %v", err)
	}
}

// TestLockedPersonsCodeIsRight: whether the lock forbids anything, and why, is for the decision to say.
func TestLockedPersonsCodeIsRight(t *testing.T) {
	h := townhall.Found(t)
	p, _ := enrol(t, h, h.Plan.Code)
	err := h.DB.Write(t.Context(), func(tx *store.Tx) error {
		if err := tx.LockPerson("admin", "admin", "退職"); err != nil {
			return err
		}
		_, err := tx.Append(ledger.Draft{Kind: "person.locked", Actor: townhall.By("admin"), Subjects: []string{"admin"}})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Registry.CheckCode(t.Context(), "admin", p.code(t, h), "192.0.2.7"); err != nil {
		t.Errorf("the right code of a locked person: %v", err)
	}
	if _, reason := login(t, h, p, password, p.code(t, h)); reason != "auth-failed" {
		t.Errorf("a locked person signed in: %q", reason)
	}
}

func TestOneAddressGuessingCodesAtTheGate(t *testing.T) {
	h := townhall.Found(t)
	p, _ := enrol(t, h, h.Plan.Code)
	for i := range 20 {
		name := string(rune('a'+i)) + "-nobody"
		_ = h.Registry.CheckCode(t.Context(), name, "000000", "192.0.2.7")
	}
	if err := h.Registry.CheckCode(t.Context(), "admin", p.code(t, h), "192.0.2.7"); townhall.Reason(err) != "too-many-failures" {
		t.Errorf("the address is not locked: %v", err)
	}
	if err := h.Registry.CheckCode(t.Context(), "admin", p.code(t, h), "192.0.2.8"); err != nil {
		t.Errorf("another address: %v", err)
	}
}

func TestWrongAndExpiredTokens(t *testing.T) {
	h := townhall.Found(t)
	_, in := enrol(t, h, h.Plan.Code) // a minute has passed since
	check := func(token, want string) {
		t.Helper()
		if _, err := h.Registry.Authenticate(t.Context(), token); townhall.Reason(err) != want {
			t.Errorf("%v, want %q", err, want)
		}
	}
	check(in.Token, "")
	check(in.Token+"x", "auth-failed")
	check("", "auth-failed")
	who, err := h.Registry.Authenticate(t.Context(), in.Token)
	if err != nil {
		t.Fatal(err)
	}
	opens := func(want bool) {
		t.Helper()
		if opens, err := h.Registry.StillOpens(t.Context(), who.TokenID); err != nil || opens != want {
			t.Errorf("opens: %v, %v", opens, err)
		}
	}
	h.Pass(8*time.Hour - time.Minute - time.Millisecond)
	check(in.Token, "")
	opens(true)
	h.Pass(time.Millisecond)
	check(in.Token, "auth-failed")
	opens(false)
	if opens, err := h.Registry.StillOpens(t.Context(), strings.Repeat("00", 32)); opens || err == nil {
		t.Errorf("a token that is not there opens: %v, %v", opens, err)
	}
}

func TestRevokedTokens(t *testing.T) {
	h := townhall.Found(t)
	p, in := enrol(t, h, h.Plan.Code)
	who, err := h.Registry.Authenticate(t.Context(), in.Token)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Registry.Logout(t.Context(), who.TokenID, townhall.By("head")); townhall.Reason(err) != "forbidden" {
		t.Errorf("somebody else signed the person out: %v", err)
	}
	if err := h.Registry.Logout(t.Context(), who.TokenID, townhall.By("admin")); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Registry.Authenticate(t.Context(), in.Token); townhall.Reason(err) != "auth-failed" {
		t.Errorf("after the sign-out: %v", err)
	}
	again, reason := login(t, h, p, password, p.code(t, h))
	if reason != "" {
		t.Fatal(reason)
	}
	if err := h.Registry.RevokeTokens(t.Context(), "admin", "端末の紛失", townhall.By("kato")); townhall.Reason(err) != "forbidden" {
		t.Errorf("revoked by a requester: %v", err)
	}
	if err := h.Registry.RevokeTokens(t.Context(), "admin", "端末の紛失", townhall.By("deputy")); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Registry.Authenticate(t.Context(), again.Token); townhall.Reason(err) != "auth-failed" {
		t.Errorf("after the revocation: %v", err)
	}
}

func TestAccountSecret(t *testing.T) {
	h := townhall.Open(t)
	text := townhall.Registry(t) + "  - {target: map-web, login: old, credential: password}\n"
	h.Apply(t, text, "admin")
	if err := h.Registry.SetAccountSecret(t.Context(), "map-web/old", []byte("秘密"), townhall.By("kato")); townhall.Reason(err) != "forbidden" {
		t.Errorf("set by a requester: %v", err)
	}
	if err := h.Registry.SetAccountSecret(t.Context(), "map-web/old", []byte("秘密"), townhall.By("admin")); err != nil {
		t.Fatal(err)
	}
	opens := func(want string) {
		t.Helper()
		err := h.DB.Read(t.Context(), func(s *store.Snap) error {
			a, err := s.Account("map-web/old")
			if err != nil {
				return err
			}
			sealed, err := s.Secret(a.Secret)
			if err != nil {
				return err
			}
			plain, err := h.Keys.Unseal(a.Secret, sealed)
			if string(plain) != want {
				t.Errorf("kept as %q, want %q", plain, want)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
	opens("秘密")
	// An editor and echo end a file in a line break, which no password has.
	if err := h.Registry.SetAccountSecret(t.Context(), "map-web/old", []byte(" neu \r\n"), townhall.By("admin")); err != nil {
		t.Fatal(err)
	}
	opens(" neu ")
	for _, empty := range []string{"", "\n"} {
		if err := h.Registry.SetAccountSecret(t.Context(), "map-web/old", []byte(empty), townhall.By("admin")); problems(t, err)[0].Code != "secret-empty" {
			t.Errorf("an empty password: %v", err)
		}
	}
	if err := h.Registry.SetAccountSecret(t.Context(), "map-web/web", []byte("x"), townhall.By("admin")); problems(t, err)[0].Code != "no-secret" {
		t.Errorf("a secret for a certificate: %v", err)
	}
}

// A holder of a person's token is told what was wrong with the proof. To others every failure is the same.
func TestAWrongProofIsExplainedToWhoIsSignedIn(t *testing.T) {
	h := townhall.Found(t)
	p, _ := enrol(t, h, h.Plan.Code)
	h.Pass(time.Minute)
	code := p.code(t, h)
	for _, c := range []struct {
		name, password, code string
		want                 registry.WrongProof
	}{
		{"password", "a horse that is none", code, registry.WrongProof{Password: true}},
		{"code", password, "000000", registry.WrongProof{}},
		{"used code", password, code, registry.WrongProof{Used: true}},
	} {
		if c.want.Used {
			if err := h.Registry.Fresh(t.Context(), "admin", password, code, ""); err != nil {
				t.Fatal(err) // the wrong proofs before did not use it up
			}
		}
		err := h.Registry.Fresh(t.Context(), "admin", c.password, c.code, "")
		var wrong *registry.WrongProof
		if !errors.As(err, &wrong) || wrong.Password != c.want.Password || wrong.Used != c.want.Used || townhall.Reason(err) != "auth-failed" {
			t.Errorf("%s: %+v, %v", c.name, wrong, err)
		}
		_, err = h.Registry.Login(t.Context(), registry.LoginInput{Person: "admin", Password: c.password, Code: c.code})
		if errors.As(err, &wrong) || townhall.Reason(err) != "auth-failed" {
			t.Errorf("%s, not signed in: %v", c.name, err)
		}
	}
}

// A lock of the vendor ends what its people are reading, as a lock of the person does: a fetch from the outbox went on to its end.
func TestAttackALongReadOfALockedVendor(t *testing.T) {
	t.Parallel()
	h := townhall.Found(t)
	enrol(t, h, h.Plan.Code)
	_, in := enrol(t, h, issue(t, h, "sato", "admin").Text)
	who, err := h.Registry.Authenticate(t.Context(), in.Token)
	if err != nil {
		t.Fatal(err)
	}
	if opens, err := h.Registry.StillOpens(t.Context(), who.TokenID); err != nil || !opens {
		t.Fatalf("before the lock: %v, %v", opens, err)
	}
	if err := h.DB.Write(t.Context(), func(tx *store.Tx) error {
		_, err := tx.Append(ledger.Draft{Kind: "vendor.locked", Actor: townhall.By("deputy"), Subjects: []string{"V-012"}})
		return errors.Join(err, tx.LockVendor("V-012", "deputy", "調査"))
	}); err != nil {
		t.Fatal(err)
	}
	if opens, err := h.Registry.StillOpens(t.Context(), who.TokenID); err != nil || opens {
		t.Errorf("after the lock: %v, %v", opens, err)
	}
}
