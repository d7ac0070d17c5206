package registry_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"sekimori/broker/internal/testbed/authenticator"
	"sekimori/broker/internal/townhall"
	"sekimori/broker/registry"
	"sekimori/broker/store"
)

const gate = "https://gate.city.example:8443"

// withPasskeys gives the hall's registry another setting.
func withPasskeys(h *townhall.Hall, use registry.PasskeyUse) {
	o := h.Options()
	o.Passkeys = registry.PasskeyOptions{Use: use, Domain: "gate.city.example"}
	h.Registry = registry.New(o)
}

// keyOf registers a passkey of the person.
func keyOf(t *testing.T, h *townhall.Hall, person string) *authenticator.Key {
	t.Helper()
	k := &authenticator.Key{Origin: gate}
	options, err := h.Registry.BeginPasskey(t.Context(), gate, townhall.By(person))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Registry.FinishPasskey(t.Context(), k.Make(t, options), "鍵束", townhall.By(person)); err != nil {
		t.Fatal(err)
	}
	return k
}

func ask(t *testing.T, h *townhall.Hall) []byte {
	t.Helper()
	options, err := h.Registry.BeginAssertion(t.Context(), gate)
	if err != nil {
		t.Fatal(err)
	}
	return options
}

func enter(t *testing.T, h *townhall.Hall, person, password, code string) string {
	t.Helper()
	in, err := h.Registry.Login(t.Context(), registry.LoginInput{Person: person, Password: password, Code: code, Source: "192.0.2.7", Via: "web"})
	if err == nil && in.Token == "" {
		t.Error("signed in without a token")
	}
	return townhall.Reason(err)
}

func TestPasskeyAsSecondFactor(t *testing.T) {
	h := townhall.Found(t)
	withPasskeys(h, registry.PasskeysSecond)
	p, _ := enrol(t, h, h.Plan.Code)
	k := keyOf(t, h, p.person)
	if got := enter(t, h, p.person, password, k.Show(t, ask(t, h))); got != "" {
		t.Errorf("password and passkey: %s", got)
	}
	k.Unproved = true
	if got := enter(t, h, p.person, password, k.Show(t, ask(t, h))); got != "" {
		t.Errorf("password and a passkey that checked no user: %s", got)
	}
	k.Unproved = false
	if got := enter(t, h, p.person, "間違った馬の電池とホチキス", k.Show(t, ask(t, h))); got != "auth-failed" {
		t.Errorf("a wrong password: %q", got)
	}
	alone := k.Show(t, ask(t, h))
	if got := enter(t, h, "", alone, alone); got != "auth-failed" {
		t.Errorf("the passkey alone, where it is only the second factor: %q", got)
	}
	if err := h.Registry.Fresh(t.Context(), p.person, password, k.Show(t, ask(t, h)), ""); err != nil {
		t.Errorf("a fresh proof: %v", err)
	}
	if kinds := h.Kinds(t, p.person); !slices.Contains(kinds, "passkey.added") {
		t.Errorf("entries %v", kinds)
	}
	// The one-time code still works: a further factor takes nothing away.
	if _, reason := login(t, h, p, password, p.code(t, h)); reason != "" {
		t.Errorf("the code: %s", reason)
	}
}

func TestPasskeyAsOnlyFactor(t *testing.T) {
	h := townhall.Found(t)
	withPasskeys(h, registry.PasskeysOnly)
	p, _ := enrol(t, h, h.Plan.Code)
	k := keyOf(t, h, p.person)
	for _, name := range []string{"", p.person} {
		alone := k.Show(t, ask(t, h))
		if got := enter(t, h, name, alone, alone); got != "" {
			t.Errorf("named %q: %s", name, got)
		}
		if got := enter(t, h, name, alone, alone); got != "auth-failed" {
			t.Errorf("the same answer again: %q", got)
		}
	}
	k.Unproved = true
	alone := k.Show(t, ask(t, h))
	if got := enter(t, h, "", alone, alone); got != "auth-failed" {
		t.Errorf("a key that was only touched is one factor: %q", got)
	}
	k.Unproved = false
	if alone = k.Show(t, ask(t, h)); h.Registry.Fresh(t.Context(), p.person, alone, alone, "") != nil {
		t.Error("it is no fresh proof")
	}
	h.Lock(t, p.person)
	alone = k.Show(t, ask(t, h))
	if got := enter(t, h, "", alone, alone); got != "auth-failed" {
		t.Errorf("a locked person: %q", got)
	}
}

func TestAttacksWithPasskeys(t *testing.T) {
	h := townhall.Found(t)
	withPasskeys(h, registry.PasskeysOnly)
	p, _ := enrol(t, h, h.Plan.Code)
	victim, _ := enrol(t, h, issue(t, h, "kato", "admin").Text)
	k, theirs := keyOf(t, h, p.person), keyOf(t, h, victim.person)
	for attack, answer := range map[string]func() string{
		"another person's key": func() string { return k.Show(t, ask(t, h)) },
		"a key that says it is the victim's": func() string {
			thief := k.Copy()
			thief.Claim(victim.person)
			return thief.Show(t, ask(t, h))
		},
		"a page that looks like ours": func() string {
			phished := theirs.Copy()
			phished.Origin = "https://gate.city.example.evil.test"
			return phished.Show(t, ask(t, h))
		},
		"the same host without TLS": func() string {
			plain := theirs.Copy()
			plain.Origin = "http://gate.city.example:8443"
			return plain.Show(t, ask(t, h))
		},
		"another page's challenge": func() string {
			other := theirs.Copy()
			other.Origin = "https://gate.city.example:9443"
			return other.Show(t, ask(t, h))
		},
		"a challenge of one's own": func() string {
			return theirs.Show(t, []byte(`{"challenge":"`+strings.Repeat("A", 54)+`","rpId":"gate.city.example"}`))
		},
		"a challenge too old": func() string {
			options := ask(t, h)
			h.Pass(5 * time.Minute)
			return theirs.Show(t, options)
		},
		"no JSON":       func() string { return "{" },
		"much":          func() string { return "{" + strings.Repeat(" ", 1<<20) + "}" },
		"nothing in it": func() string { return "{}" },
	} {
		a := answer()
		if got := enter(t, h, victim.person, a, a); got != "auth-failed" {
			t.Errorf("%s: %q", attack, got)
		}
		if got := enter(t, h, victim.person, password, a); got != "auth-failed" {
			t.Errorf("%s, with the victim's password: %q", attack, got)
		}
		h.Pass(11 * time.Minute) // the lock of guesses
	}
}

// A copy of a key counts its uses too: the count of one of the two goes back.
func TestAttackCopiedPasskey(t *testing.T) {
	h := townhall.Found(t)
	withPasskeys(h, registry.PasskeysOnly)
	p, _ := enrol(t, h, h.Plan.Code)
	k := &authenticator.Key{Origin: gate, Counts: true}
	options, err := h.Registry.BeginPasskey(t.Context(), gate, townhall.By(p.person))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Registry.FinishPasskey(t.Context(), k.Make(t, options), "", townhall.By(p.person)); err != nil {
		t.Fatal(err)
	}
	stolen := k.Copy()
	for range 2 {
		if alone := k.Show(t, ask(t, h)); enter(t, h, "", alone, alone) != "" {
			t.Fatal("the owner is refused")
		}
	}
	alone := stolen.Show(t, ask(t, h))
	if got := enter(t, h, "", alone, alone); got != "auth-failed" {
		t.Errorf("the copy: %q", got)
	}
	if kinds := h.Kinds(t, p.person); !slices.Contains(kinds, "alarm.raised") {
		t.Errorf("no alarm: %v", kinds)
	}
}

func TestAPasskeyIsRegisteredOnceByItsPerson(t *testing.T) {
	h := townhall.Found(t)
	withPasskeys(h, registry.PasskeysSecond)
	p, _ := enrol(t, h, h.Plan.Code)
	k := &authenticator.Key{Origin: gate}
	if _, err := h.Registry.FinishPasskey(t.Context(), "{}", "", townhall.By(p.person)); problem(err) != "enrolment-not-begun" {
		t.Errorf("without a beginning: %v", err)
	}
	options, err := h.Registry.BeginPasskey(t.Context(), gate, townhall.By(p.person))
	if err != nil {
		t.Fatal(err)
	}
	made := k.Make(t, options)
	if _, err := h.Registry.FinishPasskey(t.Context(), made, strings.Repeat("長", 201), townhall.By(p.person)); err == nil {
		t.Error("a label without an end was taken")
	}
	if _, err := h.Registry.FinishPasskey(t.Context(), made, "", townhall.By(p.person)); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Registry.FinishPasskey(t.Context(), made, "", townhall.By(p.person)); problem(err) != "enrolment-not-begun" {
		t.Errorf("the same answer again: %v", err)
	}
	late, err := h.Registry.BeginPasskey(t.Context(), gate, townhall.By(p.person))
	if err != nil {
		t.Fatal(err)
	}
	h.Pass(30 * time.Minute)
	if _, err := h.Registry.FinishPasskey(t.Context(), (&authenticator.Key{Origin: gate}).Make(t, late), "", townhall.By(p.person)); problem(err) != "enrolment-not-begun" {
		t.Errorf("too late: %v", err)
	}
	for _, origin := range []string{"http://gate.city.example", "https://192.0.2.1", "https://other.example", "", "://"} {
		if h.Registry.PasskeysAt(origin) {
			t.Errorf("passkeys at %q", origin)
		}
		if _, err := h.Registry.BeginPasskey(t.Context(), origin, townhall.By(p.person)); problem(err) != "passkeys-not-here" {
			t.Errorf("a passkey for %q: %v", origin, err)
		}
	}
}

func TestAnEndedPasskeyAndANewEnrolment(t *testing.T) {
	h := townhall.Found(t)
	withPasskeys(h, registry.PasskeysOnly)
	p, in := enrol(t, h, h.Plan.Code)
	lost, kept := keyOf(t, h, p.person), keyOf(t, h, p.person)
	list, err := h.Registry.Passkeys(t.Context(), p.person, townhall.By(p.person))
	if err != nil || len(list) != 2 || list[0].Label != "鍵束" {
		t.Fatalf("%+v, %v", list, err)
	}
	alone := lost.Show(t, ask(t, h))
	thief, err := h.Registry.Login(t.Context(), registry.LoginInput{Password: alone, Code: alone, Via: "web"})
	if err != nil {
		t.Fatal(err)
	}
	who, err := h.Registry.Authenticate(t.Context(), in.Token)
	if err != nil {
		t.Fatal(err)
	}
	var id string
	err = h.DB.Read(t.Context(), func(s *store.Snap) error {
		for _, one := range list {
			v, err := s.Passkey(one.ID)
			if err != nil {
				return err
			}
			if !v.LastUsed.IsZero() {
				id = v.ID
			}
		}
		return nil
	})
	if err != nil || id == "" {
		t.Fatalf("the used one: %q, %v", id, err)
	}
	if err := h.Registry.EndPasskey(t.Context(), p.person, id, "紛失", who.TokenID, townhall.By(p.person)); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Registry.Authenticate(t.Context(), thief.Token); townhall.Reason(err) != "auth-failed" {
		t.Errorf("what the lost passkey opened stays open: %v", err)
	}
	if _, err := h.Registry.Authenticate(t.Context(), in.Token); err != nil {
		t.Errorf("the person's own token ended: %v", err)
	}
	alone = lost.Show(t, ask(t, h))
	if got := enter(t, h, "", alone, alone); got != "auth-failed" {
		t.Errorf("an ended passkey: %q", got)
	}
	if err := h.Registry.EndPasskey(t.Context(), "kato", id, "x", "", townhall.By(p.person)); err == nil {
		t.Error("another person's passkey was ended under the wrong name")
	}
	if err := h.Registry.EndPasskey(t.Context(), p.person, id, "x", "", townhall.By("kato")); townhall.Reason(err) != "forbidden" {
		t.Errorf("a colleague ends it: %v", err)
	}
	h.Pass(time.Minute)
	issue(t, h, p.person, "admin") // waits for a second person, and is confirmed
	if err := confirm(t, h, "C-0001", "deputy"); err != nil {
		t.Fatal(err)
	}
	alone = kept.Show(t, ask(t, h))
	if got := enter(t, h, "", alone, alone); got != "auth-failed" {
		t.Errorf("a passkey after the new enrolment code: %q", got)
	}
}
