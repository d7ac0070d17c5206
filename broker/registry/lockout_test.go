package registry_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"sekimori/broker/internal/townhall"
	"sekimori/broker/registry"
	"sekimori/broker/store"
)

func from(t *testing.T, h *townhall.Hall, address, password, code string) string {
	t.Helper()
	_, err := h.Registry.Login(t.Context(), registry.LoginInput{Person: "admin", Password: password, Code: code, Source: address, Via: "cli"})
	return townhall.Reason(err)
}

// A stranger who knows a login must not be able to keep its owner from signing in, approving or stopping work.
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

// Guesses at the password from many addresses are an alarm; they lock no one out and slow no one else.
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
	if got := from(t, h, "192.0.2.7", password, p.code(t, h)); got != "" {
		t.Errorf("the owner at that moment: %q", got)
	}
}

// Guesses at the code by callers who have the password, from many addresses, become slow. The owner gets in from every earlier
// address of theirs, and nothing tells the guessers that the password is right.
func TestAttackGuessCodesFromManyAddresses(t *testing.T) {
	h := townhall.Found(t)
	p, _ := enrol(t, h, h.Plan.Code)
	const home = "192.0.2.7"
	if got := from(t, h, home, password, p.code(t, h)); got != "" {
		t.Fatal(got)
	}
	h.Pass(30 * time.Second)
	for n := range 50 {
		if got := from(t, h, fmt.Sprint("198.51.100.", n/4), password, "000000"); got != "auth-failed" {
			t.Fatalf("guess %d: %q", n+1, got)
		}
	}
	var alarms []store.Alarm
	err := h.DB.Read(t.Context(), func(s *store.Snap) (err error) {
		alarms, err = s.Alarms(store.AlarmFilter{Desks: []string{store.CentralDesk}})
		return err
	})
	if err != nil || len(alarms) == 0 || alarms[0].Detail["password_known"] != true {
		t.Errorf("alarms: %+v, %v", alarms, err)
	}
	if got := from(t, h, "198.51.100.99", password, p.code(t, h)); got != "auth-failed" {
		t.Errorf("the right code from a strange address, looked at too soon: %q", got)
	}
	if got := from(t, h, home, password, p.code(t, h)); got != "" {
		t.Errorf("the owner at home: %q", got)
	}
	h.Pass(30 * time.Second)
	if got := from(t, h, "198.51.100.98", password, p.code(t, h)); got != "" {
		t.Errorf("the owner elsewhere, ten seconds after the last guess: %q", got)
	}
}

// 21 addresses poll once a second for nine minutes: the owner gets in each time, at home and at an address of which no one heard
// before, at the API and at the gate.
func TestAttackOwnerKeptOutByManyAddresses(t *testing.T) {
	for name, guess := range map[string]func(h *townhall.Hall, address string){
		"who guess the password": func(h *townhall.Hall, a string) { from(t, h, a, "間違った馬の電池とホチキス", "000000") },
		"who have the password":  func(h *townhall.Hall, a string) { from(t, h, a, password, "000000") },
		"who have a key":         func(h *townhall.Hall, a string) { _ = h.Registry.CheckCode(t.Context(), "admin", "000000", a) },
	} {
		t.Run(name, func(t *testing.T) {
			h := townhall.Found(t)
			p, _ := enrol(t, h, h.Plan.Code)
			if name != "who guess the password" { // then the owner's address alone tells them apart
				if got := from(t, h, "192.0.2.7", password, p.code(t, h)); got != "" {
					t.Fatal(got)
				}
				h.Pass(30 * time.Second)
			}
			in, tried := 0, 0
			for second := range 9 * 60 {
				for a := range 21 {
					guess(h, fmt.Sprint("198.51.100.", a))
				}
				home := "192.0.2.7"
				if name == "who guess the password" {
					home = fmt.Sprint("203.0.113.", second/30)
				}
				switch second % 60 {
				case 14:
					tried++
					if got := from(t, h, home, password, p.code(t, h)); got == "" {
						in++
					} else {
						t.Errorf("second %d: the owner at the API: %s", second, got)
					}
				case 44:
					tried++
					if err := h.Registry.CheckCode(t.Context(), "admin", p.code(t, h), home); err == nil {
						in++
					} else {
						t.Errorf("second %d: the owner at the gate: %v", second, err)
					}
				}
				h.Pass(time.Second)
			}
			if tried != 18 || in != tried {
				t.Errorf("the owner got in %d of %d times", in, tried)
			}
		})
	}
}

// Others behind the owner's own address fail until it is locked: the owner, known there, gets in.
func TestAttackOwnersAddressLocked(t *testing.T) {
	h := townhall.Found(t)
	p, _ := enrol(t, h, h.Plan.Code)
	const home = "192.0.2.7"
	if got := from(t, h, home, password, p.code(t, h)); got != "" {
		t.Fatal(got)
	}
	for n := range 20 {
		login := registry.LoginInput{Person: fmt.Sprint("nobody", n), Source: home, Via: "cli"}
		if _, err := h.Registry.Login(t.Context(), login); townhall.Reason(err) != "auth-failed" {
			t.Fatal(err)
		}
	}
	h.Pass(30 * time.Second)
	if got := from(t, h, home, password, p.code(t, h)); got != "" {
		t.Errorf("the owner at home: %q", got)
	}
}

// A stranger at the owner's own address guesses at the owner until the pair is locked. The holder of an earlier token, expired or not,
// gets in; a revoked token, or another person's, keeps no room.
func TestAttackOwnersPairLocked(t *testing.T) {
	h := townhall.Found(t)
	p, in := enrol(t, h, h.Plan.Code)
	const home = "192.0.2.7"
	h.Pass(9 * time.Hour) // the token has expired
	for range 5 {
		if got := from(t, h, home, "間違った馬の電池とホチキス", "000000"); got != "auth-failed" {
			t.Fatal(got)
		}
	}
	sign := func(earlier, password, code string) string {
		_, err := h.Registry.Login(t.Context(), registry.LoginInput{Person: "admin", Password: password, Code: code, Source: home, Via: "cli", Earlier: earlier})
		return townhall.Reason(err)
	}
	if got := sign("", password, p.code(t, h)); got != "too-many-failures" {
		t.Errorf("without the token: %q", got)
	}
	if got := sign("made-up", password, p.code(t, h)); got != "too-many-failures" {
		t.Errorf("with a token that never was: %q", got)
	}
	if got := sign(in.Token, password, p.code(t, h)); got != "" {
		t.Errorf("the owner: %q", got)
	}
	for range 5 { // a thief of the token has five guesses, as all have
		if got := sign(in.Token, "間違った馬の電池とホチキス", "000000"); got != "auth-failed" {
			t.Fatal(got)
		}
	}
	if got := sign(in.Token, password, p.code(t, h)); got != "too-many-failures" {
		t.Errorf("the sixth guess with the token: %q", got)
	}
	h.Pass(181 * 24 * time.Hour)
	for range 5 {
		from(t, h, home, "間違った馬の電池とホチキス", "000000")
	}
	if got := sign(in.Token, password, p.code(t, h)); got != "too-many-failures" {
		t.Errorf("half a year later: %q", got)
	}
}
