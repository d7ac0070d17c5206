package view_test

import (
	"database/sql"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/broker/view"
	"sekimori/policy"
)

// said are the payloads of entries of a kind, the oldest first.
func (a *archive) said(kind string) (all []map[string]any) {
	a.t.Helper()
	if err := a.DB.Read(a.t.Context(), func(s *store.Snap) error {
		for e, err := range s.Entries(store.EntryFilter{Kind: kind}) {
			p := map[string]any{"actor": e.Actor.ID}
			if err != nil || json.Unmarshal(e.Payload, &p) != nil {
				a.t.Fatalf("%v: %s", err, e.Payload)
			}
			all = append(all, p)
		}
		return nil
	}); err != nil {
		a.t.Fatal(err)
	}
	return all
}

// The entry of a look has the role of the person who looked, beside the caller's members.
func TestALookSaysTheRole(t *testing.T) {
	a := work(t)
	a.play("mori", "ja")
	a.play("head", "ja")
	got := a.said("recording.viewed")
	if len(got) != 2 || got[0]["role"] != "auditor" || got[1]["role"] != string(policy.Approver) || got[0]["purpose"] != "periodic-review" {
		t.Errorf("%v", got)
	}
	if _, err := a.views.Entries(t.Context(), a.reader("head"), view.EntriesAsked{}, 5); err != nil {
		t.Fatal(err)
	}
	if got := a.said("ledger.listed"); len(got) != 1 || got[0]["role"] != string(policy.Approver) || got[0]["limit"] != 5.0 {
		t.Errorf("%v", got)
	}
}

// The ledger is verified once a day without being asked, and each verification has an entry with its result. A restart does not verify again.
func TestTheLedgerIsVerifiedDaily(t *testing.T) {
	a := work(t)
	run := func(v *view.Views, want int) {
		t.Helper()
		if err := v.VerifyAsked(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := a.said(ledger.KindVerified); len(got) != want {
			t.Errorf("%d verifications, want %d", len(got), want)
		}
	}
	a.Pass(23 * time.Hour)
	run(a.views, 0)
	a.Pass(time.Hour)
	run(a.views, 1)
	run(a.views, 1)
	run(a.viewsWith(nil), 1)
	a.views.AskVerify()
	run(a.views, 2)
	a.Pass(24*time.Hour - time.Millisecond)
	run(a.views, 2)
	a.Pass(time.Millisecond)
	run(a.viewsWith(nil), 3)
	for _, p := range a.said(ledger.KindVerified) {
		if p["result"] != ledger.Holds || p["entries"].(float64) < 1 || p["place"] != nil {
			t.Errorf("%v", p)
		}
	}
}

// A ledger that was edited by hand has its verification entered as a mismatch, with the place.
func TestAMismatchIsEntered(t *testing.T) {
	a := work(t)
	byHand, err := sql.Open("sqlite", filepath.Join(filepath.Dir(a.KeysDir), "sekimori.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer byHand.Close()
	var was []byte
	if err := byHand.QueryRow(`SELECT payload FROM ledger_entries WHERE idx = 3`).Scan(&was); err != nil {
		t.Fatal(err)
	}
	put := func(payload []byte) {
		if _, err := byHand.Exec(`UPDATE ledger_entries SET payload = ? WHERE idx = 3`, payload); err != nil {
			t.Fatal(err)
		}
	}
	put([]byte(`{"kind":"x"}`))
	defer put(was) // the hall verifies its ledger at the end
	a.views.AskVerify()
	if err := a.views.VerifyAsked(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := a.said(ledger.KindVerified)
	if len(got) != 1 {
		t.Fatalf("%d entries", len(got))
	}
	if place, _ := got[0]["place"].(string); got[0]["result"] != ledger.Mismatch || !strings.Contains(place, "entry 3") {
		t.Errorf("%v", got)
	}
}
