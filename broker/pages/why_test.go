package pages

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// TestAnExplanationIsNeverCut: pages used to cut an explanation after 400 characters, in the ledger too. The whole of it is entered, a longer one is refused,
// and a reason of a thousand characters stands whole on the timeline of an incident.
func TestAnExplanationIsNeverCut(t *testing.T) {
	t.Parallel()
	w := found(t)
	b := w.as("mori")
	last := func() (payload string) {
		err := w.DB.Read(t.Context(), func(s *store.Snap) error {
			for e, err := range s.Entries(store.EntryFilter{Kind: "ledger.exported", Newest: true, Limit: 1}) {
				if err != nil {
					return err
				}
				payload = string(e.Payload)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return payload
	}
	in := url.Values{"purpose": {"periodic-review"}, "explanation": {strings.Repeat("長", 399) + "終"}}
	if a := b.post("/ledger/export", in); a.status != http.StatusOK || !strings.Contains(last(), in.Get("explanation")) {
		t.Errorf("%d %.200s; the entry: %.200s", a.status, a.body, last())
	}
	in.Set("explanation", strings.Repeat("長", 401))
	if a := b.post("/ledger/export", in); a.status != http.StatusBadRequest || !a.holds("400字まで") || strings.Contains(last(), "長長…") {
		t.Errorf("%d %.200s", a.status, a.body)
	}
	reason := strings.Repeat("凍", 999) + "終"
	w.put(func(tx *store.Tx) error {
		_, err := tx.Append(ledger.Draft{Kind: "freeze.on", Actor: ledger.Actor{Kind: "person", ID: "ito", Via: "web"}, Subjects: []string{"I-001", "hr"},
			Payload: map[string]any{"incident": "I-001", "scope": "system", "subject": "hr", "reason": reason}})
		if err != nil {
			return err
		}
		return tx.AddFreeze(policy.Freeze{ID: "I-001", Scope: policy.FreezeSystem, Subject: "hr", By: "ito", Since: tx.Now, Reason: reason})
	})
	if a := b.get("/incidents/I-001/timeline"); !a.holds(reason) {
		t.Errorf("%d: the reason is not whole: %.300s", a.status, a.body)
	}
}
