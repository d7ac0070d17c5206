package registry_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"sekimori/broker/forms"
	"sekimori/broker/internal/townhall"
	"sekimori/broker/ledger"
	"sekimori/broker/registry"
	"sekimori/broker/store"
)

const password = "正しい馬の電池とホチキス"

// pass is a person's proof in these tests.
type pass struct {
	person, secret string
}

// code is the person's one-time code now.
func (p pass) code(t *testing.T, h *townhall.Hall) string {
	t.Helper()
	c, err := registry.CodeAt(p.secret, h.Now())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// enrol enrols with a code that must work.
func enrol(t *testing.T, h *townhall.Hall, code string, keys ...string) (pass, registry.SignedIn) {
	t.Helper()
	e, err := h.Registry.BeginEnrol(t.Context(), code, "")
	if err != nil {
		t.Fatal(err)
	}
	p := pass{person: e.Person.ID, secret: e.Secret}
	in, err := h.Registry.FinishEnrol(t.Context(), code, registry.EnrolInput{Password: password, Code: p.code(t, h), Keys: keys, Via: "cli"})
	if err != nil {
		t.Fatal(err)
	}
	h.Pass(time.Minute) // the next code is another
	return p, in
}

func issue(t *testing.T, h *townhall.Hall, person, by string) registry.Code {
	t.Helper()
	c, err := h.Registry.IssueCode(t.Context(), person, townhall.By(by))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func confirm(t *testing.T, h *townhall.Hall, no, by string) error {
	t.Helper()
	_, err := h.Registry.Confirm(t.Context(), no, townhall.By(by))
	return err
}

func login(t *testing.T, h *townhall.Hall, p pass, password, code string) (registry.SignedIn, string) {
	t.Helper()
	in, err := h.Registry.Login(t.Context(), registry.LoginInput{Person: p.person, Password: password, Code: code, Source: "192.0.2.7", Via: "cli"})
	return in, townhall.Reason(err)
}

func TestEnrolmentCodeWorksOnce(t *testing.T) {
	h := townhall.Found(t)
	p, in := enrol(t, h, h.Plan.Code)
	if who, err := h.Registry.Authenticate(t.Context(), in.Token); err != nil || who.Person.ID != "admin" {
		t.Fatalf("token of the enrolment: %+v, %v", who, err)
	}
	if _, err := h.Registry.BeginEnrol(t.Context(), h.Plan.Code, ""); townhall.Reason(err) != "auth-failed" {
		t.Errorf("the code works twice: %v", err)
	}
	if _, reason := login(t, h, p, password, p.code(t, h)); reason != "" {
		t.Errorf("sign-in after enrolment: %s", reason)
	}
}

func TestEnrolmentCodeAtTheSameMoment(t *testing.T) {
	h := townhall.Found(t)
	e, err := h.Registry.BeginEnrol(t.Context(), strings.ToLower(h.Plan.Code), "") // typed by hand
	if err != nil {
		t.Fatal(err)
	}
	code := pass{secret: e.Secret}.code(t, h)
	var wg sync.WaitGroup
	results := make([]error, 4)
	for i := range results {
		wg.Go(func() {
			_, results[i] = h.Registry.FinishEnrol(t.Context(), h.Plan.Code, registry.EnrolInput{Password: password, Code: code, Via: "cli"})
		})
	}
	wg.Wait()
	worked := 0
	for _, err := range results {
		if err == nil {
			worked++
		}
	}
	if worked != 1 {
		t.Errorf("%d of 4 enrolled with one code: %v", worked, results)
	}
}

func TestEnrolmentCodeExpires(t *testing.T) {
	h := townhall.Found(t)
	h.Pass(72*time.Hour - time.Millisecond)
	if _, err := h.Registry.BeginEnrol(t.Context(), h.Plan.Code, ""); err != nil {
		t.Errorf("1 ms before: %v", err)
	}
	h.Pass(time.Millisecond)
	if _, err := h.Registry.BeginEnrol(t.Context(), h.Plan.Code, ""); townhall.Reason(err) != "auth-failed" {
		t.Errorf("at 72 h: %v", err)
	}
}

func TestEnrolmentCodeHasFiveTries(t *testing.T) {
	h := townhall.Found(t)
	e, err := h.Registry.BeginEnrol(t.Context(), h.Plan.Code, "")
	if err != nil {
		t.Fatal(err)
	}
	right := pass{secret: e.Secret}.code(t, h)
	wrong := "000000"
	if wrong == right {
		wrong = "111111"
	}
	_, err = h.Registry.FinishEnrol(t.Context(), h.Plan.Code, registry.EnrolInput{Password: "short", Code: right})
	var bad *forms.Invalid
	if !errors.As(err, &bad) || !bad.Has("password-too-short") {
		t.Fatalf("a short password: %v", err)
	}
	for range 5 {
		_, err := h.Registry.FinishEnrol(t.Context(), h.Plan.Code, registry.EnrolInput{Password: password, Code: wrong})
		if townhall.Reason(err) != "auth-failed" {
			t.Fatalf("a wrong one-time code: %v", err)
		}
	}
	_, err = h.Registry.FinishEnrol(t.Context(), h.Plan.Code, registry.EnrolInput{Password: password, Code: right})
	if townhall.Reason(err) != "auth-failed" {
		t.Errorf("a sixth try: %v", err)
	}
}

func TestEnrolmentOfApproversNeedsASecondPerson(t *testing.T) {
	h := townhall.Found(t)
	enrol(t, h, h.Plan.Code)
	deputy := issue(t, h, "deputy", "admin")
	if deputy.Pending != "" {
		t.Fatal("the founding's people wait")
	}
	enrol(t, h, deputy.Text)
	head := issue(t, h, "head", "admin")
	enrol(t, h, head.Text)
	h.Pass(72 * time.Hour)

	again := issue(t, h, "head", "admin")
	if again.Pending == "" {
		t.Fatal("an approver's re-enrolment took force at once")
	}
	if _, err := h.Registry.BeginEnrol(t.Context(), again.Text, ""); townhall.Reason(err) != "auth-failed" {
		t.Errorf("the pending code works: %v", err)
	}
	if got := townhall.Reason(confirm(t, h, again.Pending, "admin")); got != "self-approval" {
		t.Errorf("confirmed by its issuer: %q", got)
	}
	if err := confirm(t, h, again.Pending, "deputy"); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Registry.BeginEnrol(t.Context(), again.Text, ""); err != nil {
		t.Errorf("the confirmed code: %v", err)
	}
	if kato := issue(t, h, "kato", "admin"); kato.Pending != "" {
		t.Error("a requester's first enrolment waits")
	}
	if _, err := h.Registry.IssueCode(t.Context(), "kato", townhall.By("kato")); townhall.Reason(err) != "forbidden" {
		t.Errorf("a requester issued a code: %v", err)
	}
}

func TestReEnrolmentSuspendsWhatWasThere(t *testing.T) {
	h := townhall.Found(t)
	enrol(t, h, h.Plan.Code)
	p, in := enrol(t, h, issue(t, h, "sato", "admin").Text)
	var prints []string
	keys := func(state store.KeyState) int {
		n := 0
		err := h.DB.Read(t.Context(), func(s *store.Snap) error {
			list, err := s.Keys("E-0031")
			for _, k := range list {
				prints = append(prints, k.Fingerprint)
				if k.State == state {
					n++
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if keys(store.KeyActive) != 1 {
		t.Fatal("sato has no active key")
	}
	if owner, err := h.Registry.KeyOwner(t.Context(), prints[0]); err != nil || owner.ID != "E-0031" {
		t.Fatalf("owner %v, %v", owner.ID, err)
	}
	issue(t, h, "sato", "admin")
	if _, err := h.Registry.Authenticate(t.Context(), in.Token); townhall.Reason(err) != "auth-failed" {
		t.Errorf("the old token: %v", err)
	}
	if _, reason := login(t, h, p, password, p.code(t, h)); reason != "auth-failed" {
		t.Errorf("the old password: %s", reason)
	}
	if err := h.Registry.CheckCode(t.Context(), "E-0031", p.code(t, h), "192.0.2.7"); townhall.Reason(err) != "auth-failed" {
		t.Errorf("the old second factor: %v", err)
	}
	if keys(store.KeySuspended) != 1 {
		t.Error("the key was not suspended")
	}
	if _, err := h.Registry.KeyOwner(t.Context(), prints[0]); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the suspended key still opens: %v", err)
	}
}

func TestKeysAtEnrolment(t *testing.T) {
	h := townhall.Found(t)
	enrol(t, h, h.Plan.Code)
	enrol(t, h, issue(t, h, "deputy", "admin").Text)
	key := townhall.Key(t)
	_, print, err := registry.ParseKey(key)
	if err != nil {
		t.Fatal(err)
	}
	h.Pass(72 * time.Hour) // the founding is over
	_, in := enrol(t, h, issue(t, h, "sato", "admin").Text, key+" sato@laptop")
	if in.KeysPending == "" {
		t.Fatal("a key took force on one administrator's word")
	}
	if _, err := h.Registry.KeyOwner(t.Context(), print); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the pending key opens: %v", err)
	}
	if err := confirm(t, h, in.KeysPending, "deputy"); err != nil {
		t.Fatal(err)
	}
	if owner, err := h.Registry.KeyOwner(t.Context(), print); err != nil || owner.ID != "E-0031" {
		t.Errorf("owner %v, %v", owner.ID, err)
	}
	if err := h.Registry.RevokeKey(t.Context(), "sato", print, "紛失", townhall.By("E-0031")); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Registry.KeyOwner(t.Context(), print); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the revoked key opens: %v", err)
	}
}

func TestOneKeyProposedByTwo(t *testing.T) {
	h := townhall.Found(t)
	enrol(t, h, h.Plan.Code)
	enrol(t, h, issue(t, h, "deputy", "admin").Text)
	h.Pass(72 * time.Hour)
	key := townhall.Key(t)
	_, first := enrol(t, h, issue(t, h, "sato", "admin").Text, key)
	_, second := enrol(t, h, issue(t, h, "kimura", "admin").Text, key)
	if err := confirm(t, h, first.KeysPending, "deputy"); err != nil {
		t.Fatal(err)
	}
	if err := confirm(t, h, second.KeysPending, "deputy"); townhall.Reason(err) != "stale-page" {
		t.Errorf("a key that is somebody else's by now: %v", err)
	}
}

func TestALockHoldsAgainstACodeIssuedBefore(t *testing.T) {
	h := townhall.Found(t)
	code := issue(t, h, "kato", "admin")
	e, err := h.Registry.BeginEnrol(t.Context(), code.Text, "")
	if err != nil {
		t.Fatal(err)
	}
	err = h.DB.Write(t.Context(), func(tx *store.Tx) error {
		if err := tx.LockPerson("kato", "admin", "退職"); err != nil {
			return err
		}
		_, err := tx.Append(ledger.Draft{Kind: "person.locked", Actor: townhall.By("admin"), Subjects: []string{"kato"}})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	now := pass{person: "kato", secret: e.Secret}.code(t, h)
	_, err = h.Registry.FinishEnrol(t.Context(), code.Text, registry.EnrolInput{Password: password, Code: now, Via: "cli"})
	if townhall.Reason(err) != "engineer-locked" {
		t.Errorf("enrolled while locked: %v", err)
	}
	err = h.DB.Read(t.Context(), func(s *store.Snap) error {
		_, err := s.Password("kato")
		return err
	})
	if !errors.Is(err, store.ErrNotFound) {
		t.Errorf("something was written: %v", err)
	}
}
