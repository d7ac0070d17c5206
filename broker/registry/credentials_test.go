package registry_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"sekimori/broker/forms"
	"sekimori/broker/internal/townhall"
	"sekimori/broker/registry"
	"sekimori/broker/store"
)

func problem(err error) string {
	var bad *forms.Invalid
	if errors.As(err, &bad) {
		return bad.Problems[0].Code
	}
	return townhall.Reason(err)
}

// securityKeys are FIDO2 keys of both kinds in authorized_keys form.
func securityKeys(t *testing.T, application string) (ed, ec string) {
	t.Helper()
	public, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	point, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := point.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	line := func(kind string, blob []byte) string { return kind + " " + base64.StdEncoding.EncodeToString(blob) }
	return line(ssh.KeyAlgoSKED25519, ssh.Marshal(struct {
			Name        string
			Key         []byte
			Application string
		}{ssh.KeyAlgoSKED25519, public, application})),
		line(ssh.KeyAlgoSKECDSA256, ssh.Marshal(struct {
			Name, Curve string
			Key         []byte
			Application string
		}{ssh.KeyAlgoSKECDSA256, "nistp256", raw, application}))
}

func TestSecurityKeysAreTakenWithoutOptions(t *testing.T) {
	ed, ec := securityKeys(t, "ssh:")
	for _, line := range []string{ed, ec, ed + " sato@laptop"} {
		got, print, err := registry.ParseKey(line)
		if err != nil || !strings.HasPrefix(line, got) || !strings.HasPrefix(print, "SHA256:") {
			t.Errorf("%q: %q, %q, %v", line, got, print, err)
		}
		for _, option := range []string{"no-touch-required", "verify-required", `no-touch-required,command="true"`} {
			if _, _, err := registry.ParseKey(option + " " + line); err == nil {
				t.Errorf("%s was taken", option)
			}
		}
	}
	other, _ := securityKeys(t, "https://elsewhere.example")
	if _, _, err := registry.ParseKey(other); err == nil {
		t.Error("a key made for a web page was taken")
	}
}

func TestAKeyAddedAfterTheFoundingWaitsForASecondPerson(t *testing.T) {
	h := townhall.Found(t)
	enrol(t, h, h.Plan.Code)
	enrol(t, h, issue(t, h, "sato", "admin").Text)
	line, _ := securityKeys(t, "ssh:")
	h.Pass(73 * time.Hour)
	print, pending, err := h.Registry.AddKey(t.Context(), "sato", line, townhall.By("E-0031"))
	if err != nil || pending == "" {
		t.Fatalf("%q, %v", pending, err)
	}
	if _, err := h.Registry.KeyOwner(t.Context(), print); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("it works before it is confirmed: %v", err)
	}
	if got := problem(confirm(t, h, pending, "E-0031")); got != "self-approval" {
		t.Errorf("confirmed by who asked: %q", got)
	}
	if err := confirm(t, h, pending, "deputy"); err != nil {
		t.Fatal(err)
	}
	if owner, err := h.Registry.KeyOwner(t.Context(), print); err != nil || owner.ID != "E-0031" {
		t.Errorf("%s, %v", owner.ID, err)
	}
	for _, c := range []struct{ by, person, key, want string }{
		{"E-0031", "sato", line, "key-known"}, {"E-0040", "kimura", line, "key-shared"}, {"E-0040", "sato", line, "forbidden"},
		{"head", "sato", line, "forbidden"}, {"admin", "sato", "ssh-ed25519 nonsense", "bad-key"}, {"E-0031", "sato", "no-touch-required " + line, "bad-key"},
	} {
		if _, _, err := h.Registry.AddKey(t.Context(), c.person, c.key, townhall.By(c.by)); problem(err) != c.want {
			t.Errorf("%s for %s: %q, want %q", c.by, c.person, problem(err), c.want)
		}
	}
	for by, want := range map[string]string{"E-0031": "", "E-0040": "forbidden", "head": "forbidden", "admin": "", "deputy": ""} {
		if keys, err := h.Registry.Keys(t.Context(), "sato", townhall.By(by)); problem(err) != want || want == "" && len(keys) != 2 {
			t.Errorf("keys shown to %s: %d, %v", by, len(keys), err)
		}
	}
	if err := h.Registry.RevokeKey(t.Context(), "sato", print, "紛失", townhall.By("E-0031")); err != nil {
		t.Error(err)
	}
	if _, err := h.Registry.KeyOwner(t.Context(), print); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("revoked, and works: %v", err)
	}
}

func TestChangingThePasswordEndsTokensElsewhere(t *testing.T) {
	h := townhall.Found(t)
	p, in := enrol(t, h, h.Plan.Code)
	other, reason := login(t, h, p, password, p.code(t, h))
	if reason != "" {
		t.Fatal(reason)
	}
	me, err := h.Registry.Authenticate(t.Context(), in.Token)
	if err != nil {
		t.Fatal(err)
	}
	change := func(to string) string {
		return problem(h.Registry.ChangePassword(t.Context(), to, me.TokenID, townhall.By(p.person)))
	}
	for to, want := range map[string]string{"短い": "password-too-short", password: "password-unchanged"} {
		if got := change(to); got != want {
			t.Errorf("%q: %q, want %q", to, got, want)
		}
	}
	const next = "べつの馬の電池とホチキスです"
	if got := change(next); got != "" {
		t.Fatal(got)
	}
	if _, err := h.Registry.Authenticate(t.Context(), in.Token); err != nil {
		t.Errorf("the caller's own token: %v", err)
	}
	if _, err := h.Registry.Authenticate(t.Context(), other.Token); problem(err) != "auth-failed" {
		t.Errorf("the other token: %v", err)
	}
	h.Pass(time.Minute)
	if _, reason := login(t, h, p, password, p.code(t, h)); reason != "auth-failed" {
		t.Errorf("the old password: %s", reason)
	}
	if _, reason := login(t, h, p, next, p.code(t, h)); reason != "" {
		t.Errorf("the new one: %s", reason)
	}
	if kinds := h.Kinds(t, p.person); !slices.Contains(kinds, "password.changed") {
		t.Errorf("the ledger tells %v", kinds)
	}
}

func TestTheOldFactorIsValidUntilTheNewOneIsProved(t *testing.T) {
	h := townhall.Found(t)
	p, in := enrol(t, h, h.Plan.Code)
	me, err := h.Registry.Authenticate(t.Context(), in.Token)
	if err != nil {
		t.Fatal(err)
	}
	by := townhall.By(p.person)
	finish := func(code string) string {
		return problem(h.Registry.FinishFactor(t.Context(), registry.FactorProof{Code: code, Token: me.TokenID, Source: "192.0.2.7"}, by))
	}
	if got := finish("000000"); got != "enrolment-not-begun" {
		t.Errorf("not begun: %q", got)
	}
	e, err := h.Registry.BeginFactor(t.Context(), by)
	if err != nil {
		t.Fatal(err)
	}
	fresh := pass{person: p.person, secret: e.Secret}
	if got := finish(p.code(t, h)); got != "auth-failed" {
		t.Errorf("proved with the old factor: %q", got)
	}
	if _, reason := login(t, h, fresh, password, fresh.code(t, h)); reason != "auth-failed" {
		t.Errorf("the new factor before it is proved: %s", reason)
	}
	if _, reason := login(t, h, p, password, p.code(t, h)); reason != "" {
		t.Errorf("the old one meanwhile: %s", reason)
	}
	h.Pass(time.Minute)
	used := fresh.code(t, h)
	if got := finish(used); got != "" {
		t.Fatal(got)
	}
	if _, reason := login(t, h, fresh, password, used); reason != "auth-failed" {
		t.Errorf("the code that proved it counts twice: %s", reason)
	}
	h.Pass(time.Minute)
	if _, reason := login(t, h, p, password, p.code(t, h)); reason != "auth-failed" {
		t.Errorf("the old factor after: %s", reason)
	}
	if _, reason := login(t, h, fresh, password, fresh.code(t, h)); reason != "" {
		t.Errorf("the new one after: %s", reason)
	}
	if got := finish(fresh.code(t, h)); got != "enrolment-not-begun" {
		t.Errorf("finished twice: %q", got)
	}
	// A renewal that was begun ends after a while.
	for _, c := range []struct {
		after time.Duration
		want  string
	}{{30*time.Minute - time.Millisecond, ""}, {30 * time.Minute, "enrolment-not-begun"}} {
		e, err := h.Registry.BeginFactor(t.Context(), by)
		if err != nil {
			t.Fatal(err)
		}
		h.Pass(c.after)
		if got := finish(pass{p.person, e.Secret}.code(t, h)); got != c.want {
			t.Errorf("after %v: %q, want %q", c.after, got, c.want)
		}
	}
}

// Guessing the code of a new factor is guessing: it locks the person, as at any door.
func TestAttackGuessTheNewFactor(t *testing.T) {
	h := townhall.Found(t)
	p, _ := enrol(t, h, h.Plan.Code)
	if _, err := h.Registry.BeginFactor(t.Context(), townhall.By(p.person)); err != nil {
		t.Fatal(err)
	}
	guess := func() string {
		return problem(h.Registry.FinishFactor(t.Context(), registry.FactorProof{Code: "000000", Token: strings.Repeat("0", 64), Source: "192.0.2.7"}, townhall.By(p.person)))
	}
	for range 5 {
		if got := guess(); got != "auth-failed" {
			t.Fatal(got)
		}
	}
	if got := guess(); got != "too-many-failures" {
		t.Errorf("the sixth guess: %q", got)
	}
}

// Guessing enrolment codes locks the address, at both steps, and is an alarm.
func TestAttackGuessEnrolmentCodes(t *testing.T) {
	h := townhall.Found(t)
	before := len(h.Kinds(t, ""))
	for i := range 20 {
		var err error
		if guess := fmt.Sprintf("AAAAA-BBBBB-%05d", i); i%2 == 0 {
			_, err = h.Registry.BeginEnrol(t.Context(), guess, "192.0.2.7")
		} else {
			_, err = h.Registry.FinishEnrol(t.Context(), guess, registry.EnrolInput{Source: "192.0.2.7", Via: "cli"})
		}
		if problem(err) != "auth-failed" {
			t.Fatalf("guess %d: %v", i, err)
		}
	}
	if _, err := h.Registry.BeginEnrol(t.Context(), h.Plan.Code, "192.0.2.7"); problem(err) != "too-many-failures" {
		t.Errorf("a right code from the same address: %v", err)
	}
	if _, err := h.Registry.FinishEnrol(t.Context(), h.Plan.Code, registry.EnrolInput{Source: "192.0.2.7"}); problem(err) != "too-many-failures" {
		t.Errorf("the second step: %v", err)
	}
	if _, err := h.Registry.BeginEnrol(t.Context(), h.Plan.Code, "192.0.2.8"); err != nil {
		t.Errorf("from elsewhere: %v", err)
	}
	// Five failures are an alarm, and so is the lock.
	if got := h.Kinds(t, "")[before:]; !slices.Equal(got, []string{"alarm.raised", "signin.locked", "alarm.raised"}) {
		t.Errorf("the ledger tells %v", got)
	}
	h.Pass(10*time.Minute - time.Millisecond)
	if _, err := h.Registry.BeginEnrol(t.Context(), h.Plan.Code, "192.0.2.7"); problem(err) != "too-many-failures" {
		t.Errorf("1 ms before the lock ends: %v", err)
	}
	h.Pass(time.Millisecond)
	if _, err := h.Registry.BeginEnrol(t.Context(), h.Plan.Code, "192.0.2.7"); err != nil {
		t.Errorf("after it: %v", err)
	}
}

// Failed sign-ins at the API cost the ledger one entry per address and ten minutes.
func TestFailuresAreSummedUp(t *testing.T) {
	h := townhall.Found(t)
	for i := range 12 {
		in := registry.LoginInput{Person: fmt.Sprintf("nobody%d", i), Password: "x", Code: "1", Source: []string{"192.0.2.7", "192.0.2.8"}[i%2], Via: "cli"}
		if _, err := h.Registry.Login(t.Context(), in); problem(err) != "auth-failed" {
			t.Fatal(err)
		}
		if err := h.Registry.CheckCode(t.Context(), fmt.Sprintf("nobody%d", i), "1", "192.0.2.9"); problem(err) != "auth-failed" {
			t.Fatal(err)
		}
	}
	count := func() (n int) {
		for _, k := range h.Kinds(t, "") {
			if k == "signin.failures" {
				n++
			}
		}
		return n
	}
	flush := func(all bool) {
		if err := h.Registry.LedgerFailures(t.Context(), all); err != nil {
			t.Fatal(err)
		}
	}
	h.Pass(10*time.Minute - time.Millisecond)
	if flush(false); count() != 0 {
		t.Errorf("%d entries before the ten minutes are over", count())
	}
	h.Pass(time.Millisecond)
	// The gate sums up failures over SSH.
	if flush(false); count() != 2 {
		t.Errorf("%d entries, want one per address", count())
	}
	if flush(true); count() != 2 {
		t.Errorf("%d entries after nothing more", count())
	}
	var said string
	err := h.DB.Read(t.Context(), func(s *store.Snap) error {
		for e, err := range s.Entries(store.EntryFilter{Kind: "signin.failures"}) {
			if err != nil {
				return err
			}
			if len(e.Subjects) != 0 { // an address stands in the payload, which can be disposed of
				t.Errorf("the header names %v", e.Subjects)
			}
			if strings.Contains(string(e.Payload), `"source":"192.0.2.7"`) {
				said = string(e.Payload)
			}
		}
		return nil
	})
	if err != nil || !strings.Contains(said, `"count":6`) || !strings.Contains(said, `"login":6`) {
		t.Errorf("%s, %v", said, err)
	}
}

// The way back for a person who lost everything: the information-systems section issues a code, the person's credentials stop, and both
// desks are told.
func TestRecoveryByTheInformationSystemsSection(t *testing.T) {
	h := townhall.Found(t)
	enrol(t, h, h.Plan.Code)
	p, in := enrol(t, h, issue(t, h, "kato", "deputy").Text)
	if _, err := h.Registry.IssueCode(t.Context(), "kato", townhall.By("head")); problem(err) != "forbidden" {
		t.Errorf("by another section: %v", err)
	}
	c := issue(t, h, "kato", "deputy")
	if _, err := h.Registry.Authenticate(t.Context(), in.Token); problem(err) != "auth-failed" {
		t.Errorf("the old token: %v", err)
	}
	if _, reason := login(t, h, p, password, p.code(t, h)); reason != "auth-failed" {
		t.Errorf("the old proof: %s", reason)
	}
	if err := h.Registry.ChangePassword(t.Context(), password+"です", strings.Repeat("0", 64), townhall.By(p.person)); problem(err) != "auth-failed" {
		t.Errorf("a password set while suspended: %v", err)
	}
	if _, err := h.Registry.BeginFactor(t.Context(), townhall.By(p.person)); problem(err) != "auth-failed" {
		t.Errorf("a factor renewed while suspended: %v", err)
	}
	enrol(t, h, c.Text)
	var alarms []store.Alarm
	err := h.DB.Read(t.Context(), func(s *store.Snap) (err error) {
		alarms, err = s.Alarms(store.AlarmFilter{Desks: []string{store.SectionDesk("personnel")}, Open: true})
		return err
	})
	if err != nil || len(alarms) != 1 || alarms[0].What != store.AlarmReenrolment || alarms[0].About != p.person || len(alarms[0].Desks) != 2 {
		t.Errorf("%+v, %v", alarms, err)
	}
}

func TestRevokingTokensOfSomebodyElse(t *testing.T) {
	h := townhall.Found(t)
	enrol(t, h, h.Plan.Code)
	p, in := enrol(t, h, issue(t, h, "kato", "admin").Text)
	for _, c := range []struct{ by, want string }{{"head", "forbidden"}, {"E-0031", "forbidden"}, {"deputy", ""}} {
		if got := problem(h.Registry.RevokeTokens(t.Context(), "kato", "端末の紛失", townhall.By(c.by))); got != c.want {
			t.Errorf("%s: %q", c.by, got)
		}
	}
	if _, err := h.Registry.Authenticate(t.Context(), in.Token); problem(err) != "auth-failed" {
		t.Errorf("the token: %v", err)
	}
	again, reason := login(t, h, p, password, p.code(t, h))
	if reason != "" {
		t.Fatal(reason)
	}
	if err := h.Registry.RevokeTokens(t.Context(), "kato", "", townhall.By(p.person)); err != nil {
		t.Error(err)
	}
	if _, err := h.Registry.Authenticate(t.Context(), again.Token); problem(err) != "auth-failed" {
		t.Errorf("one's own: %v", err)
	}
}

// Signatures without a touch raise one alarm in a while and accuse no one.
func TestNobodyPresentIsOneAlarmInTenMinutes(t *testing.T) {
	h := townhall.Found(t)
	for _, pass := range []time.Duration{0, time.Second, 10*time.Minute - time.Second, 0} {
		h.Pass(pass)
		if err := h.Registry.NobodyPresent(t.Context(), "E-0031", "SHA256:x", "192.0.2.7"); err != nil {
			t.Fatal(err)
		}
	}
	if got := h.Kinds(t, "E-0031"); !slices.Equal(got[len(got)-2:], []string{"alarm.raised", "alarm.raised"}) || strings.Count(strings.Join(got, " "), "alarm.raised") != 2 {
		t.Errorf("the ledger tells %v", got)
	}
}
