package requests_test

import (
	"testing"
	"time"

	"sekimori/broker/internal/townhall"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
)

// What the gate showed to an engineer before the attendant took the post is of no use for the
// check: the attendant sees the newest number of each since then.
func TestIdentityNumbersSinceThePostWasTaken(t *testing.T) {
	h, d := desk(t)
	_, w := granted(t, d)
	h.Pass(time.Hour)
	shown := func(person, digits string) {
		t.Helper()
		err := h.DB.Write(t.Context(), func(tx *store.Tx) error {
			_, err := tx.Append(ledger.Draft{Kind: "window.identity-number", Actor: ledger.Actor{Kind: "broker", Via: "ssh"},
				Subjects: []string{w, person}, Payload: map[string]string{"session_id": "S-1", "person": person, "window": w, "digits": digits}})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		h.Pass(time.Second)
	}
	shown("sato", "111")
	want(t, "open", d.Open(t.Context(), w, townhall.By("ito")), "")
	h.Pass(time.Second)
	if got, err := d.IdentityNumbers(t.Context(), w); err != nil || len(got) != 0 {
		t.Fatalf("before anybody waits: %+v, %v", got, err)
	}
	shown("sato", "222")
	shown("mori", "333")
	shown("sato", "444")
	got, err := d.IdentityNumbers(t.Context(), w)
	if err != nil || len(got) != 2 || got[0].Digits != "333" || got[1].Digits != "444" || got[1].Person != "sato" || got[1].Session != "S-1" {
		t.Fatalf("%+v, %v", got, err)
	}
}
