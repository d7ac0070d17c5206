package pages

import (
	"errors"
	"testing"

	"sekimori/broker/internal/townhall"
	"sekimori/broker/store"
)

// TestTheConsoleShowsHowTheEndWasVerified: what was left, what changed on the target and what failed stand on the session's console and card.
func TestTheConsoleShowsHowTheEndWasVerified(t *testing.T) {
	w := found(t)
	s := w.worked()
	ito := w.as("ito")
	ito.get("/sessions/"+s.ID+"/live").has(t, "検証できません: 接続先に残った処理、作業用アカウント")
	err := w.DB.Write(t.Context(), func(tx *store.Tx) error {
		_, err := tx.Append(townhall.Draft("test.written"))
		return errors.Join(err, tx.PutEndProof(store.EndProof{Session: s.ID, State: store.ProofFailed, Findings: []store.Finding{
			{What: "account", State: store.ProofVerified, Detail: "locked, expired, no groups"},
			{What: "leftovers", State: store.ProofFailed, Names: []string{"left: process 368: mosh-server new <i>"}},
		}}), tx.PutInventory(store.Inventory{Target: "hr-db", Window: s.Window, Phase: store.InventoryAfter, Differences: []store.Difference{{Item: store.Item{Kind: "cron", Owner: "maint", What: "planted"}}}}))
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range []string{"/sessions/" + s.ID + "/live", "/sessions/" + s.ID} {
		ito.get(page).has(t, "終了の検証", store.ProofFailed.Label().JA, "残った処理", "mosh-server new &lt;i&gt;", "作業用アカウント")
	}
	ito.get("/sessions/"+s.ID+"/live").has(t, "接続先の変化(後) hr-db", "planted")
	ito.get("/sessions/"+s.ID+"/live?lang=en").has(t, "End verified", "leftovers", "Target after, hr-db")
}
