package registry_test

import (
	"encoding/json"
	"strings"
	"testing"

	"sekimori/broker/internal/townhall"
	"sekimori/broker/registry"
	"sekimori/broker/store"
)

// The ledger keeps texts for ever: one call cannot fill it, and no text writes to its reader's terminal.
func TestAttackTextsForTheLedger(t *testing.T) {
	h, _, _ := stands(t)
	p, _ := enrol(t, h, issue(t, h, "E-0031", "admin").Text)
	code := issue(t, h, "head", "admin")
	keys, err := h.Registry.Keys(t.Context(), "E-0040", townhall.By("admin"))
	if err != nil || len(keys) == 0 {
		t.Fatal(keys, err)
	}
	signIn := func(label string) error {
		_, err := h.Registry.Login(t.Context(), registry.LoginInput{Person: p.person, Password: password, Code: p.code(t, h), Label: label, Source: "192.0.2.7", Via: "cli"})
		return err
	}
	enrolment := func(label string) error {
		issued := issue(t, h, "kato", "admin")
		e, err := h.Registry.BeginEnrol(t.Context(), issued.Text, "")
		if err != nil {
			t.Fatal(err)
		}
		once := pass{secret: e.Secret}.code(t, h)
		_, err = h.Registry.FinishEnrol(t.Context(), issued.Text, registry.EnrolInput{Password: password, Code: once, Label: label, Via: "cli"})
		return err
	}
	for _, act := range []struct {
		what string
		do   func(text string) error
	}{
		{"label of a sign-in", signIn},
		{"label of an enrolment", enrolment},
		{"reason of a key's end", func(s string) error {
			return h.Registry.RevokeKey(t.Context(), "E-0040", keys[0].Fingerprint, s, townhall.By("admin"))
		}},
		{"reason of a drop", func(s string) error { return h.Registry.Discard(t.Context(), code.Pending, s, townhall.By("deputy")) }},
		{"reason of the tokens' end", func(s string) error { return h.Registry.RevokeTokens(t.Context(), "E-0031", s, townhall.By("admin")) }},
	} {
		if err := act.do(strings.Repeat("あ", 1001)); !invalidCode(err, "too-long") {
			t.Errorf("%s, too long: %v", act.what, err)
		}
		// The same code of the second factor counts: the refusal used nothing up.
		if err := act.do("\u001b]0;x\u0007\u009b31m\u202e x"); err != nil {
			t.Errorf("%s, with what cannot be shown: %v", act.what, err)
		}
	}
	err = h.DB.Read(t.Context(), func(s *store.Snap) error {
		for e, err := range s.Entries(store.EntryFilter{}) {
			if err != nil {
				return err
			}
			var payload map[string]any
			if err := json.Unmarshal(e.Payload, &payload); err != nil {
				return err
			}
			for _, name := range []string{"label", "reason"} {
				if text, _ := payload[name].(string); strings.ContainsAny(text, "\u001b\u0007\u009b\u202e") {
					t.Errorf("%s says %q", e.Kind, text)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
