package pages

import (
	"net/url"
	"regexp"
	"testing"

	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// All that a request asks for stands in the card, which each page shows from which somebody approves or opens it. Rights that a condition can
// take away can be ticked on the page.
func TestTheCardShowsAllThatARequestAsksFor(t *testing.T) {
	w := found(t)
	w.planned(policy.PendingFirst, policy.WindowScheduled)
	err := w.DB.Write(t.Context(), func(tx *store.Tx) error {
		r, err := tx.Request("R8-0001")
		if err != nil {
			return err
		}
		r.Body.Accounts, r.Body.ExtraRights, r.Body.ExtraReason = []string{"hr-db/hrmnt01"}, []string{"明細の更新"}, "修正"
		r.Body.ForcedCommand, r.Body.Forwards = "systemctl restart payroll", []string{"db:5432"}
		r.Body.Files, r.Body.FilesDetail, r.Body.FilePathsIn = policy.FilesAllowed, "patch.txt", []string{"/srv/in"}
		if err := tx.UpdateRequest(r); err != nil {
			return err
		}
		_, err = tx.Append(ledger.Draft{Kind: "test.changed", Actor: ledger.Actor{Kind: "broker", Via: "timer"}})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	b := w.as("head")
	rights := regexp.MustCompile(`(?s)<dt>どの権限で</dt>(.*?)</div>`)
	for _, path := range []string{"/requests/R8-0001", "/requests/R8-0001/decide"} {
		card := answer{body: rights.FindString(b.get(path).body)}
		card.has(t, "明細の更新", "systemctl restart payroll", "db:5432", "/srv/in")
	}
	b.get("/requests/R8-0001/decide").has(t, `name="condition_rights" value="明細の更新"`, `name="condition_rights" value="db:5432"`, `name="condition_no_files"`)
	done := b.post("/requests/R8-0001/decide", url.Values{"version": {"1"}, "verdict": {"conditional"}, "condition_rights": {"db:5432"}, "password": {password}, "code": {w.code("head")}})
	if done.holds("申請されていません") {
		t.Errorf("a forward cannot be taken away:\n%s", done.body)
	}
}
