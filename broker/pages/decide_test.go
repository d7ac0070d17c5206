package pages

import (
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"testing"

	"sekimori/broker/internal/townhall"
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
		r.Body.ResponsibleParty, r.Body.Attendant, r.Body.RecordingTold, r.Body.ClausesTold = "V-012", "ito", true, true
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
	form := url.Values{"version": {"1"}, "verdict": {"conditional"}, "condition_rights": {"db:5432"}, "password": {"right"}, "code": {"000000"}}
	for item, reason := range townhall.Because() {
		form.Set("because."+item, reason)
	}
	if done := b.post("/requests/R8-0001/decide", form); done.status != http.StatusSeeOther {
		t.Errorf("a forward cannot be taken away: %d\n%s", done.status, done.body)
	}
}

// The listed commands of a request are check boxes in their own words. A ticked one is kept with a mistake, goes into the decision, and
// is not offered to the second approver.
func TestCommandsAreTakenAwayOnThePage(t *testing.T) {
	w := found(t)
	w.planned(policy.PendingFirst, policy.WindowScheduled)
	err := w.DB.Write(t.Context(), func(tx *store.Tx) error {
		r, err := tx.Request("R8-0001")
		r.Body.Accounts, r.Body.Commands, r.Body.Files = []string{"hr-db/hrmnt01"}, []string{"uname -s", "cat /var/log/*", "id"}, policy.FilesNone
		r.Body.ResponsibleParty, r.Body.Attendant, r.Body.RecordingTold, r.Body.ClausesTold = "V-012", "ito", true, true
		_, written := tx.Append(ledger.Draft{Kind: "test.changed", Actor: ledger.Actor{Kind: "broker", Via: "timer"}})
		return errors.Join(err, tx.UpdateRequest(r), written)
	})
	if err != nil {
		t.Fatal(err)
	}
	head := w.as("head")
	const path = "/requests/R8-0001/decide"
	page := head.get(path)
	page.has(t, "実行させない命令", `name="condition_commands" value="uname -s"`, `name="condition_commands" value="cat /var/log/*"`, `name="condition_commands" value="id"`)
	page.lacks(t, `name="condition_no_files"`)
	decide := func(taken ...string) answer {
		form := url.Values{"version": {"1"}, "verdict": {"conditional"}, "condition_commands": taken, "password": {"right"}, "code": {"000000"}}
		for item, reason := range townhall.Because() {
			form.Set("because."+item, reason)
		}
		return head.post(path, form)
	}
	decide("uname -s", "cat /var/log/*", "id").has(t, "実行できる命令が残りません", `href="#condition_commands"`, `name="condition_commands" value="id" checked`)
	decide("reboot").has(t, "命令「reboot」は申請にない")
	if done := decide("id"); done.status != http.StatusSeeOther {
		t.Fatalf("%d\n%s", done.status, done.body)
	}
	second := w.as("deputy").get(path)
	second.has(t, "命令「id」は除く", `name="condition_commands" value="uname -s"`)
	second.lacks(t, `name="condition_commands" value="id"`)
}
