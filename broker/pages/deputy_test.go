package pages

import (
	"net/http"
	"testing"
	"time"

	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// A deputy opens the sessions and the ledger as the head does while the deputation runs, and not from its end on. The menu leads there
// meanwhile.
func TestADeputyOpensSessionsAndTheLedger(t *testing.T) {
	w := found(t)
	s := w.worked()
	until := w.Now().Add(time.Hour)
	pages := []string{"/sessions", "/sessions/" + s.ID, "/ledger", "/ledger/entries", "/ledger/1"}
	opens := func(when string, want int) {
		t.Helper()
		b := w.as("kato")
		for _, page := range pages {
			if a := b.get(page); a.status != want {
				t.Errorf("%s: %s: %d, want %d", when, page, a.status, want)
			}
		}
		if leads := b.get("/today").holds(`href="/ledger"`); leads != (want == http.StatusOK) {
			t.Errorf("%s: the menu leads to the ledger: %v", when, leads)
		}
	}
	opens("before", http.StatusForbidden)
	err := w.DB.Write(t.Context(), func(tx *store.Tx) error {
		if _, err := tx.AddDeputation(store.Deputation{Deputation: policy.Deputation{For: "head", Deputy: "kato", From: tx.Now, Until: until, Reason: "出張", SetBy: "head"}}); err != nil {
			return err
		}
		_, err := tx.Append(ledger.Draft{Kind: "test.away", Actor: ledger.Actor{Kind: "broker", Via: "timer"}})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	opens("as deputy", http.StatusOK)
	b := w.as("kato")
	b.get("/ledger").has(t, "すべての記載を表示")
	b.get("/sessions").has(t, s.ID)
	if a := b.get("/reviews"); a.status != http.StatusForbidden {
		t.Errorf("the reviews: %d", a.status)
	}
	w.Pass(until.Sub(w.Now()))
	opens("at its end", http.StatusForbidden)
}
