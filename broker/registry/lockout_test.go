package registry_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"sekimori/broker/internal/townhall"
	"sekimori/broker/registry"
)

func from(t *testing.T, h *townhall.Hall, address, password, code string) string {
	t.Helper()
	_, err := h.Registry.Login(t.Context(), registry.LoginInput{Person: "admin", Password: password, Code: code, Source: address, Via: "cli"})
	return townhall.Reason(err)
}

// Whoever knows a login must not be able to keep its owner from signing in, approving or stopping work.
func TestAttackKeepSomebodyOut(t *testing.T) {
	h := townhall.Found(t)
	p, _ := enrol(t, h, h.Plan.Code)
	const stranger, home = "198.51.100.9", "192.0.2.7"
	for n := range 5 {
		if got := from(t, h, stranger, "間違った馬の電池とホチキス", "000000"); got != "auth-failed" {
			t.Fatalf("guess %d: %q", n+1, got)
		}
	}
	if got := from(t, h, stranger, password, p.code(t, h)); got != "too-many-failures" {
		t.Errorf("the sixth guess from there: %q", got)
	}
	if got := from(t, h, home, password, p.code(t, h)); got != "" {
		t.Errorf("the owner at home: %q", got)
	}
	h.Pass(30 * time.Second)
	if err := h.Registry.CheckCode(t.Context(), "admin", p.code(t, h), home); err != nil {
		t.Errorf("the owner's code at the gate: %v", err)
	}
	for n := range 15 { // the address is locked for everybody
		login := registry.LoginInput{Person: fmt.Sprint("nobody", n), Source: stranger, Via: "cli"}
		if _, err := h.Registry.Login(t.Context(), login); townhall.Reason(err) != "auth-failed" {
			t.Fatal(err)
		}
	}
	h.Pass(30 * time.Second)
	if got := from(t, h, stranger, password, p.code(t, h)); got != "too-many-failures" {
		t.Errorf("the address: %q", got)
	}
	if err := h.Registry.Fresh(t.Context(), "admin", password, p.code(t, h), stranger); err != nil {
		t.Errorf("the owner, signed in, at the same address: %v", err)
	}
}

// Guesses from many addresses become slow, and are an alarm, but lock nobody out.
func TestAttackGuessFromManyAddresses(t *testing.T) {
	h := townhall.Found(t)
	p, _ := enrol(t, h, h.Plan.Code)
	before := len(h.Kinds(t, ""))
	for n := range 50 {
		if got := from(t, h, fmt.Sprint("198.51.100.", n/4), "間違った馬の電池とホチキス", "000000"); got != "auth-failed" {
			t.Fatalf("guess %d: %q", n+1, got)
		}
	}
	if got := h.Kinds(t, "")[before:]; !slices.Equal(got, []string{"alarm.raised"}) {
		t.Errorf("entries: %v", got)
	}
	h.Pass(10*time.Second - time.Millisecond)
	if got := from(t, h, "198.51.100.99", "間違った馬の電池とホチキス", "000000"); got != "too-many-failures" {
		t.Errorf("1 ms before ten seconds: %q", got)
	}
	h.Pass(time.Millisecond)
	if got := from(t, h, "198.51.100.99", "間違った馬の電池とホチキス", "000000"); got != "auth-failed" {
		t.Errorf("at ten seconds: %q", got)
	}
	if got := from(t, h, "198.51.100.98", "間違った馬の電池とホチキス", "000000"); got != "too-many-failures" {
		t.Errorf("another at the same moment: %q", got)
	}
	if err := h.Registry.Fresh(t.Context(), "admin", password, p.code(t, h), "192.0.2.7"); err != nil {
		t.Errorf("the owner, signed in: %v", err)
	}
	h.Pass(30 * time.Second)
	if got := from(t, h, "192.0.2.7", password, p.code(t, h)); got != "" {
		t.Errorf("the owner, ten seconds after the last guess: %q", got)
	}
}
