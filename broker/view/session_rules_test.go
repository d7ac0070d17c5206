package view

import (
	"encoding/json"
	"strconv"
	"testing"

	"sekimori/broker/internal/townhall"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
)

// A session with more ruled commands than its page reads does not look as if these were all.
func TestAttackMoreRuledCommandsThanThePageReads(t *testing.T) {
	t.Parallel()
	h := townhall.Found(t)
	const session = "S-20261124-01"
	add := func(n int) {
		t.Helper()
		err := h.DB.Write(t.Context(), func(tx *store.Tx) error {
			for i := range n {
				if _, err := tx.Append(ledger.Draft{Kind: "session.rule-applied", Actor: townhall.By("sato"), Subjects: []string{session},
					Payload: json.RawMessage(`{"session_id":"` + session + `","effect":"warn","rule":"warn ` + strconv.Itoa(i) + `","on":"line"}`)}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	views := New(Options{DB: h.DB})
	want := func(n int, more bool) {
		t.Helper()
		err := h.DB.Read(t.Context(), func(s *store.Snap) error {
			all, cut, err := views.ruledCommands(s, session)
			if len(all) != n || cut != more {
				t.Errorf("%d commands, more %t; want %d, %t", len(all), cut, n, more)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	add(mostRuled)
	want(mostRuled, false)
	add(1)
	want(mostRuled, true)
}
