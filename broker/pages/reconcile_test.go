package pages

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"sekimori/broker/internal/townhall"
	"sekimori/broker/reconcile"
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

// TestALoginRecordIsUploaded: a record of a target's logins is compared on its page. A wrong file is told with its line at its input, one that is
// too large with the bound, and a person who may not compare is refused.
func TestALoginRecordIsUploaded(t *testing.T) {
	w := found(t)
	mori := w.as("mori")
	const at = "/reconcile/hr-db/file"
	line := w.Now().In(townhall.Zone).Add(-time.Hour).Format("Jan _2 15:04:05") + " db1 sshd[7]: Accepted publickey for "
	good := line + "maint from 198.51.100.7 port 40022 ssh2\n"
	for name, c := range map[string]struct {
		content, ahead string
		status         int
		says           []string
	}{
		"wrong line":    {good + good + "<b>no record</b>\n", "", 422, []string{"3行目", "ログインの記録の行ではありません", "&lt;b&gt;no record", `aria-invalid="true"`}},
		"empty":         {"", "", 422, []string{"ファイル"}},
		"too large":     {strings.Repeat(good, reconcile.MostFile/len(good)+2), "", 422, []string{"MB"}},
		"clock's words": {good, "three minutes", 422, []string{"3m や -90s のように書いてください", `value="three minutes"`}},
	} {
		a := mori.upload(at, [][2]string{{"ahead", c.ahead}}, "file", "auth.log", []byte(c.content))
		if a.status != c.status {
			t.Errorf("%s: %d", name, a.status)
		}
		a.has(t, c.says...)
	}
	mori.upload(at+"?lang=en", [][2]string{{"ahead", ""}}, "file", "auth.log", []byte(good+"x\n")).has(t, "line 2", "no line of a record of logins")
	if a := mori.upload(at, [][2]string{{"ahead", ""}}, "file", "auth.log", bytes.Repeat([]byte("x"), reconcile.MostFile+2<<20)); a.status < 400 {
		t.Errorf("a body beyond the bound: %d", a.status)
	}
	if a := w.as("ito").upload(at, [][2]string{{"ahead", ""}}, "file", "auth.log", []byte(good)); a.status != 403 {
		t.Errorf("an attendant: %d", a.status)
	}
	mori.get("/reconcile").lacks(t, "198.51.100.7")
	if a := mori.upload(at, [][2]string{{"ahead", "0s"}}, "file", "auth.log", []byte(good)); a.status != 303 {
		t.Fatalf("%d\n%s", a.status, a.body)
	}
	mori.get("/reconcile/hr-db?done=compared&lang=ja").has(t, "突き合わせました", "198.51.100.7", "ファイルから")
}
