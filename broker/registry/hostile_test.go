package registry_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"sekimori/broker/internal/townhall"
	"sekimori/broker/registry"
	"sekimori/broker/store"
	"sekimori/policy"
)

// The holder of a network of IPv6 addresses has as many addresses as guesses.
func TestAttackEveryGuessFromAnotherAddressOfOneNetwork(t *testing.T) {
	h := townhall.Found(t)
	p, _ := enrol(t, h, h.Plan.Code)
	try := func(person, code, source string) string {
		_, err := h.Registry.Login(t.Context(), registry.LoginInput{Person: person, Password: password, Code: code, Source: source, Via: "cli"})
		return townhall.Reason(err)
	}
	for i := range 20 {
		try(string(rune('a'+i))+"-nobody", "000000", fmt.Sprintf("2001:db8:0:7::%x", i+1))
	}
	if got := try(p.person, p.code(t, h), "2001:db8:0:7:ffff::1"); got != "too-many-failures" {
		t.Errorf("from the same network: %q", got)
	}
	if got := try(p.person, p.code(t, h), "2001:db8:0:8::1"); got != "" {
		t.Errorf("from another: %q", got)
	}
}

// A deputy approves: an administrator who took over their sign-in would approve alone.
func TestAttackCodeForADeputy(t *testing.T) {
	h := townhall.Found(t)
	enrol(t, h, h.Plan.Code)
	enrol(t, h, issue(t, h, "kato", "admin").Text)
	h.Pass(73 * time.Hour)
	deputise := func(until time.Time) {
		t.Helper()
		err := h.DB.Write(t.Context(), func(tx *store.Tx) error {
			_, err := tx.AddDeputation(store.Deputation{Deputation: policy.Deputation{SetBy: "head", For: "head", Deputy: "kato", From: h.Now(), Until: until, Reason: "出張"}})
			_, written := tx.Append(townhall.Draft("deputy.set"))
			return errors.Join(err, written)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if c := issue(t, h, "kato", "admin"); c.Pending != "" {
		t.Error("a requester's code waits")
	}
	deputise(h.Now().Add(time.Hour))
	if c := issue(t, h, "kato", "admin"); c.Pending == "" {
		t.Error("the code of somebody who approves for the head waits for nobody")
	}
	h.Pass(time.Hour)
	if c := issue(t, h, "kato", "admin"); c.Pending != "" {
		t.Error("it waits after the deputation")
	}
}
