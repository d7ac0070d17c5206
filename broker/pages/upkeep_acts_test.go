package pages

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"testing"

	"filippo.io/age"

	"sekimori/broker/ledger"
	"sekimori/broker/store"
)

// A further key to earlier recordings is asked for on its page: a private key and a missing choice are said at their fields, and those who may
// not ask get no form.
func TestAFurtherKeyIsAskedForOnItsPage(t *testing.T) {
	t.Parallel()
	w := found(t)
	id, err := age.GenerateHybridIdentity()
	if err != nil {
		t.Fatal(err)
	}
	b := w.as("mori")
	b.get("/recording-access").has(t, "これまでの操作記録を開く鍵の申出", `href="/recording-access/ask"`)
	b.get("/recording-access/ask").has(t, "公開鍵(age1pq1…)")
	in := url.Values{"recipient": {id.String()}, "holder": {"外部監査人"}, "all": {"true"}, "reason": {"年次監査"}}
	if a := b.post("/recording-access/ask", in); a.status != http.StatusUnprocessableEntity || !a.holds("age の公開鍵") || a.holds(id.String()) {
		t.Errorf("a private key: %d\n%s", a.status, a.body)
	}
	in.Set("recipient", id.Recipient().String())
	in.Del("all")
	if a := b.post("/recording-access/ask", in); a.status != http.StatusUnprocessableEntity || !a.holds("接続番号を並べるか") {
		t.Errorf("neither sessions nor all: %d\n%s", a.status, a.body)
	}
	in.Set("all", "true")
	if a := b.post("/recording-access/ask", in); a.status != http.StatusSeeOther {
		t.Fatalf("%d\n%s", a.status, a.body)
	}
	b.get("/recording-access").has(t, "外部監査人", "終わったすべて")
	if !slices.Contains(w.Kinds(t, ""), "recording.access-asked") {
		t.Error("no entry")
	}
	if a := w.as("ito").get("/recording-access/ask"); a.status != http.StatusForbidden {
		t.Errorf("the attendant: %d", a.status)
	}
}

// The page of a session whose recording is disposed of offers no hold, and says why it refuses one.
func TestAHoldOfADisposedRecordingOnItsPage(t *testing.T) {
	t.Parallel()
	w := found(t)
	const id = "S-20261124-01"
	w.typed(id)
	b := w.as("mori")
	b.get("/sessions/"+id).has(t, "/recordings/"+id+"/hold")
	if err := w.DB.Write(t.Context(), func(tx *store.Tx) error {
		_, err := tx.Append(ledger.Draft{Kind: "test.prepared", Actor: ledger.Actor{Kind: "broker", Via: "timer"}})
		return errors.Join(err, tx.OrderDisposal(store.Disposal{Session: id}), tx.EndDisposal(id))
	}); err != nil {
		t.Fatal(err)
	}
	b.get("/sessions/"+id).lacks(t, `href="/recordings/`+id+"/hold")
	a := b.post("/recordings/"+id+"/hold", url.Values{"reason": {"開示請求"}})
	if a.status != http.StatusForbidden || !a.holds("142") || !a.holds("操作記録は廃棄済み") {
		t.Errorf("%d\n%s", a.status, a.body)
	}
	if a := b.post("/recordings/"+id+"/hold?lang=en", url.Values{"reason": {"inquiry"}}); !a.holds("Recording disposed of") {
		t.Errorf("%d\n%s", a.status, a.body)
	}
}
