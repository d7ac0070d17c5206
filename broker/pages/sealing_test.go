package pages

import (
	"net/http"
	"net/url"
	"testing"

	"filippo.io/age"

	"sekimori/broker/api"
	"sekimori/broker/internal/townhall"
)

// Two people change the viewing key on the pages, and give an auditor's key access; each page offers what its reader may do.
func TestTheViewingKeyChangesOnThePages(t *testing.T) {
	w := found(t)
	admin, deputy := w.as("admin"), w.as("deputy")
	proof := func(more url.Values) url.Values {
		more.Set("password", "right")
		more.Set("code", "right")
		return more
	}
	admin.get("/viewing-keys?lang=ja").has(t, "VK-1", "使用中", "/viewing-keys/VK-1/replace", "新しい鍵にし始める")
	if a := deputy.post("/viewing-keys/VK-1/replace", proof(url.Values{"reason": {"x"}})); a.status < 400 {
		t.Errorf("begun by a person who is no administrator: %d", a.status)
	}
	if a := admin.post("/viewing-keys/VK-1/replace", proof(url.Values{"reason": {""}})); a.status < 400 {
		t.Errorf("begun without a reason: %d", a.status)
	}
	if a := admin.post("/viewing-keys/VK-1/replace", proof(url.Values{"reason": {"yearly"}})); a.status != http.StatusSeeOther {
		t.Fatalf("begin: %d %s", a.status, a.body)
	}
	deputy.get("/viewing-keys?lang=en").has(t, "VK-2", "new recordings are sealed to both", "/viewing-keys/VK-2/confirm", "Confirm the new key")
	if a := deputy.post("/viewing-keys/VK-2/confirm", proof(url.Values{})); a.status != http.StatusSeeOther {
		t.Fatalf("confirm: %d %s", a.status, a.body)
	}
	admin.get("/viewing-keys?lang=en").has(t, "for older recordings only", "/viewing-keys/VK-2/replace")

	id, err := age.GenerateHybridIdentity()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.o.Sealing.Ask(t.Context(), "", api.AccessBody{Recipient: id.Recipient().String(), All: true, Holder: "外部の監査人", Reason: "年次の監査"}, townhall.Caller("admin")); err != nil {
		t.Fatal(err)
	}
	deputy.get("/recording-access?lang=ja").has(t, "RA-001", "外部の監査人", "確認待ち", "/recording-access/RA-001/give")
	if a := deputy.post("/recording-access/RA-001/give", proof(url.Values{})); a.status != http.StatusSeeOther {
		t.Fatalf("give: %d %s", a.status, a.body)
	}
	admin.get("/recording-access?lang=en").has(t, "given", "/recording-access/RA-001/end")
	if a := w.as("kato").get("/recording-access"); a.status < 400 {
		t.Errorf("shown to a requester: %d", a.status)
	}
}
