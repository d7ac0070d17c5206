package requests_test

import (
	"testing"
	"time"

	"sekimori/broker/internal/townhall"
	"sekimori/broker/registry"
	"sekimori/policy"
)

// enrolWith enrols with a code that must work, and moves on to the next one-time code.
func enrolWith(t *testing.T, h *townhall.Hall, code string) {
	t.Helper()
	e, err := h.Registry.BeginEnrol(t.Context(), code, "")
	if err != nil {
		t.Fatal(err)
	}
	once, err := registry.CodeAt(e.Secret, h.Now())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Registry.FinishEnrol(t.Context(), code, registry.EnrolInput{Password: "正しい馬の電池とホチキス", Code: once, Via: "cli"}); err != nil {
		t.Fatal(err)
	}
	h.Pass(time.Minute)
}

// The administrator alone enrols a colleague of the head, and keeps the credentials. The head makes the colleague deputy: the
// administrator would approve.
func TestAttackDeputyWhomOnePersonEnrolled(t *testing.T) {
	h, d := desk(t)
	code := func(person string, byTwo bool) registry.Code {
		t.Helper()
		issue := h.Registry.IssueCode
		if byTwo {
			issue = h.Registry.IssueCodeByTwo
		}
		c, err := issue(t.Context(), person, townhall.By("admin"))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	deputise := func(person string) error {
		_, err := d.SetDeputy(t.Context(), policy.Deputation{For: "head", Deputy: person, From: h.Now().Add(time.Hour), Until: h.Now().Add(24 * time.Hour), Reason: "出張"},
			townhall.Caller("head"))
		return err
	}
	enrolWith(t, h, h.Plan.Code)
	enrolWith(t, h, code("deputy", false).Text)
	enrolWith(t, h, code("ito", false).Text)
	h.Pass(96 * time.Hour)
	want(t, "whom the founding enrolled", deputise("ito"), "")
	if c := code("ito", false); c.Pending == "" {
		t.Error("before the deputation begins, a code for the deputy waits for nobody")
	}

	alone := code("kato", false)
	if err := deputise("kato"); !has(err, "enrolled-by-one") {
		t.Errorf("with a code that was not used yet: %v", err)
	}
	enrolWith(t, h, alone.Text)
	if err := deputise("kato"); !has(err, "enrolled-by-one") {
		t.Errorf("enrolled by one person: %v", err)
	}
	two := code("kato", true)
	if two.Pending == "" {
		t.Fatal("a code by two waits for nobody")
	}
	if err := deputise("kato"); !has(err, "enrolled-by-one") {
		t.Errorf("before the second person confirmed: %v", err)
	}
	if _, err := h.Registry.Confirm(t.Context(), two.Pending, townhall.By("deputy")); err != nil {
		t.Fatal(err)
	}
	enrolWith(t, h, two.Text)
	want(t, "enrolled by two", deputise("kato"), "")
}
