package attendance_test

import (
	"errors"
	"testing"
	"time"

	"sekimori/broker/attendance"
	"sekimori/broker/forms"
	"sekimori/broker/internal/townhall"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
)

// shown writes what the gate does when it shows an engineer a number.
func shown(t *testing.T, h *townhall.Hall, window, person, digits string) {
	t.Helper()
	err := h.DB.Write(t.Context(), func(tx *store.Tx) error {
		_, err := tx.Append(ledger.Draft{Kind: "window.identity-number", Actor: ledger.Actor{Kind: "broker", Via: "ssh"},
			Subjects: []string{window, person}, Payload: map[string]string{"session_id": "S-1", "person": person, "window": window, "digits": digits}})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	h.Pass(time.Second)
}

// What the gate showed to an engineer before the attendant took the post is of no use for the
// check, and of several engineers the attendant says whom the answer is about.
func TestIdentityChecksSinceThePostWasTaken(t *testing.T) {
	h, d, post := desk(t)
	no := submit(t, d, hr(), "kato")
	approve(t, d, no, "head")
	w := approve(t, d, no, "deputy").Windows[0]
	h.Pass(time.Hour)
	identity := func(digits, person string) error {
		return post.Identity(t.Context(), w, attendance.IdentityAnswer{Digits: digits, Person: person}, townhall.By("ito"))
	}
	problem := func(err error, code string) {
		t.Helper()
		var bad *forms.Invalid
		if !errors.As(err, &bad) || !bad.Has(code) {
			t.Errorf("%v, want %s", err, code)
		}
	}
	shown(t, h, w, "E-0031", "111")
	want(t, "open", post.Open(t.Context(), w, townhall.By("ito")), "")
	h.Pass(time.Second)
	problem(identity("111", ""), "nobody-waits")
	shown(t, h, w, "E-0031", "222")
	shown(t, h, w, "E-0032", "333")
	shown(t, h, w, "E-0031", "444")
	problem(identity("444", ""), "name-engineer")
	want(t, "another's digits", identity("333", "sato"), "identity-failed")
	shown(t, h, w, "E-0031", "555")
	want(t, "an older number", identity("444", "sato"), "identity-failed")
	shown(t, h, w, "E-0031", "666")
	want(t, "the digits", identity("666", "sato"), "")
	problem(post.Permit(t.Context(), w, townhall.By("ito")), "identity-first") // the other waits still
	want(t, "nobody answers", identity("", ""), "")
	want(t, "permit", post.Permit(t.Context(), w, townhall.By("ito")), "")
	all, err := post.IdentityChecks(t.Context(), w)
	if err != nil || len(all) != 2 || all[0].Person != "E-0031" || !all[0].Matched || all[1].Person != "E-0032" || !all[1].Failed {
		t.Errorf("%+v, %v", all, err)
	}
}
