package pages

import (
	"strings"
	"testing"

	"sekimori/broker/internal/townhall"
	"sekimori/broker/store"
	"sekimori/policy"
)

// TestLoginsTheLedgerDoesNotKnow: the page names them, in both languages; an auditor explains one, others may not, and a section sees its own.
func TestLoginsTheLedgerDoesNotKnow(t *testing.T) {
	w := found(t)
	err := w.DB.Write(t.Context(), func(tx *store.Tx) error {
		for _, target := range []string{"hr-db", "map-web"} {
			if _, err := tx.AddUnknownLogin(store.UnknownLogin{Target: target, Said: tx.Now, At: tx.Now, Login: "maint<b>", Source: "198.51.100.7", Record: "accepted", Doubt: policy.LoginElsewhere}); err != nil {
				return err
			}
		}
		_, err := tx.Append(townhall.Draft("test.written"))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	mori, kato := w.as("mori"), w.as("kato")
	mori.get("/reconcile").has(t, "台帳にないログイン", "UL-0001", "UL-0002", "maint&lt;b&gt;", "198.51.100.7", "関守と違うアドレスから", "説明待ち", "台帳にないログインあり")
	w.as("admin").get("/reconcile?lang=en").has(t, "Logins the ledger does not know", "not from the broker", "unexplained")
	mori.get("/reconcile/hr-db").has(t, "突合 hr-db", "記録のファイルと突き合わせる", "管理の接続がありません")
	mori.get("/unknown-logins/UL-0001").has(t, "説明済みにする")
	if a := kato.get("/unknown-logins/UL-0001"); strings.Contains(a.body, "説明済みにする") {
		t.Error("a requester is offered to explain")
	}
	if a := kato.post("/unknown-logins/UL-0001/explain", map[string][]string{"reason": {"mine"}}); a.status != 403 {
		t.Errorf("a requester explains: %d", a.status)
	}
	if a := mori.post("/unknown-logins/UL-0001/explain", map[string][]string{"reason": {"課の端末からの復旧作業"}}); a.status != 303 {
		t.Fatalf("%d\n%s", a.status, a.body)
	}
	mori.get("/unknown-logins/UL-0001").has(t, "説明済み", "課の端末からの復旧作業")
	if a := w.as("sato"); a != nil {
		if page := a.get("/reconcile"); page.status == 200 {
			t.Errorf("an engineer: %d", page.status)
		}
	}
}
