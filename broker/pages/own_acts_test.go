package pages

import (
	"context"
	"crypto/ed25519"
	"encoding/pem"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"sekimori/broker/internal/townhall"
	"sekimori/broker/ledger"
	"sekimori/broker/notify"
	"sekimori/broker/store"
	"sekimori/policy"
)

// Each act that Deeds names has a form on a page.
func TestEveryDeedHasItsForm(t *testing.T) {
	have := map[string]bool{}
	for _, r := range rows() {
		if r.method == http.MethodPost {
			have[r.path] = true
		}
	}
	for path, page := range Deeds() {
		if !have[page] {
			t.Errorf("%s is said to be done at %s, where nothing is posted", path, page)
		}
	}
}

// put writes rows under an entry of the tests' own.
func (w *world) put(rows func(*store.Tx) error) {
	w.t.Helper()
	err := w.DB.Write(w.t.Context(), func(tx *store.Tx) error {
		if err := rows(tx); err != nil {
			return err
		}
		_, err := tx.Append(ledger.Draft{Kind: "test.put", Actor: ledger.Actor{Kind: "broker", Via: "timer"}})
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// proved are the inputs of a form with the person's password and code.
func (w *world) proved(login string, pairs ...string) url.Values {
	form := url.Values{"password": {password}, "code": {w.code(login)}}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return form
}

// An administrator stores and replaces the credential of an account. No page shows it again, and a wrong kind is refused.
func TestTheCredentialOfAnAccount(t *testing.T) {
	w := found(t)
	w.put(func(tx *store.Tx) error {
		for _, err := range []error{
			tx.PutTarget(store.Target{Target: policy.Target{ID: "hr-x", System: "hr", Host: "hr-x.example", Port: 22}}),
			tx.PutAccount(store.Account{Account: policy.Account{ID: "hr-x/byword", Target: "hr-x", Login: "byword"}, Credential: store.CredentialPassword, Secret: "s-1"}),
			tx.PutAccount(store.Account{Account: policy.Account{ID: "hr-x/bykey", Target: "hr-x", Login: "bykey"}, Credential: store.CredentialKey, Secret: "s-2"}),
		} {
			if err != nil {
				return err
			}
		}
		return nil
	})
	admin := w.as("admin")
	admin.get("/accounts/hr-x/byword").has(t, `href="/accounts/hr-x/byword/secret"`, "認証情報を預ける")
	admin.get("/accounts/hr-x/byword/secret").has(t, `type="password"`, `name="secret"`)
	admin.get("/accounts/hr-x/bykey/secret").has(t, "<textarea", "秘密鍵")
	a := admin.post("/accounts/hr-x/bykey/secret", w.proved("admin", "secret", "no-key-at-all"))
	a.has(t, "秘密鍵として読めません")
	if a.status != http.StatusUnprocessableEntity || a.holds("no-key-at-all") {
		t.Errorf("a secret that is no key: %d", a.status)
	}
	if a = admin.post("/accounts/hr-x/byword/secret", url.Values{"secret": {"hunter2-hunter2"}}); a.status/100 != 4 || a.holds("hunter2") {
		t.Errorf("without a proof: %d", a.status)
	}
	_, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range [][2]string{{"byword", "hunter2-hunter2"}, {"bykey", string(pem.EncodeToMemory(block))}} {
		w.Pass(31e9) // a code counts once
		before := w.size()
		a = admin.post("/accounts/hr-x/"+one[0]+"/secret", w.proved("admin", "secret", one[1]))
		if a.status != http.StatusSeeOther {
			t.Fatalf("%s: %d\n%s", one[0], a.status, a.body)
		}
		admin.get(a.header.Get("Location")).has(t, "認証情報を封じて預けました")
		if !slices.Contains(w.entriesBy(before, "admin"), "secret.set") {
			t.Errorf("%s: no entry", one[0])
		}
	}
	if a = w.as("deputy").get("/accounts/hr-x/byword/secret"); a.status != http.StatusForbidden {
		t.Errorf("not an administrator: %d", a.status)
	}
	if a = admin.get("/accounts/hr-x/none/secret"); a.status != http.StatusNotFound {
		t.Errorf("no such account: %d", a.status)
	}
}

// The information-systems section ends another person's sign-ins, registers an engineer's key and revokes it.
func TestTheCredentialsOfAnotherPerson(t *testing.T) {
	w := found(t)
	engineer, b := w.as("sato"), w.as("deputy")
	b.get("/people/E-0031").has(t, "/people/E-0031/signouts", "/people/E-0031/key", "/people/E-0031/key-revoke")
	if a := b.get("/people/kato"); a.holds("/people/kato/key") {
		t.Error("a key of the staff, who connect to nothing, is offered")
	}
	a := b.post("/people/E-0031/key", w.proved("deputy", "key", "ssh-ed25519 mistyped"))
	a.has(t, "SSHの公開鍵として使えません", "ssh-ed25519 mistyped")
	w.Pass(31e9)
	key := townhall.Key(t)
	a = b.post("/people/E-0031/key", w.proved("deputy", "key", key))
	if a.status != http.StatusSeeOther {
		t.Fatalf("a key: %d\n%s", a.status, a.body)
	}
	b.get(a.header.Get("Location")).has(t, "登録しました。")
	a = b.post("/people/E-0031/key-revoke", url.Values{"reason": {"紛失"}})
	a.has(t, "失効させる鍵を選んでください。", "紛失")
	if a = b.post("/people/E-0031/key-revoke", url.Values{"fingerprint": {"SHA256:none"}}); a.status != http.StatusNotFound {
		t.Errorf("a key that is not theirs: %d", a.status)
	}
	public, _, _, _, err := ssh.ParseAuthorizedKey([]byte(key))
	if err != nil {
		t.Fatal(err)
	}
	if a = b.post("/people/E-0031/key-revoke", url.Values{"fingerprint": {ssh.FingerprintSHA256(public)}, "reason": {"紛失"}}); a.status != http.StatusSeeOther {
		t.Fatalf("%d\n%s", a.status, a.body)
	}
	b.get(a.header.Get("Location")).has(t, "鍵を失効させました。")
	before := w.size()
	if a = b.post("/people/E-0031/signouts", url.Values{"reason": {"端末の紛失"}}); a.status != http.StatusSeeOther {
		t.Fatalf("%d\n%s", a.status, a.body)
	}
	b.get(a.header.Get("Location")).has(t, "サインインをすべて終わらせました")
	if !slices.Contains(w.entriesBy(before, "deputy"), "tokens.revoked") {
		t.Error("no entry")
	}
	if a = engineer.get("/v/"); a.status == http.StatusOK && !a.holds("signin") {
		t.Errorf("the engineer is still signed in: %d", a.status)
	}
	if a = w.as("kato").get("/people/E-0031/signouts"); a.status != http.StatusForbidden {
		t.Errorf("a requester: %d", a.status)
	}
}

// A registry file on a page proposes what no other form does; a mistake names its line and keeps the text.
func TestARegistryFileOnAPage(t *testing.T) {
	w := found(t)
	b := w.as("admin")
	b.get("/changes").has(t, `href="/changes/file"`)
	a := b.post("/changes/file", url.Values{"go": {"preview"}, "text": {"vendors:\n  - id: V-012\n    nmae: x\n"}})
	a.has(t, "3行目", "nmae: x", `aria-invalid="true"`)
	if a.status != http.StatusUnprocessableEntity {
		t.Errorf("a misspelt key: %d", a.status)
	}
	b.post("/changes/file", url.Values{"go": {"preview"}, "text": {""}}).has(t, "ファイルの内容を貼り付けてください。")
	file := "sections:\n  - id: zeimu\n    name: 税務課\n    phone: 000-0000-0009\n"
	b.post("/changes/file", url.Values{"go": {"preview"}, "text": {file}}).has(t, "変わること", "zeimu", "税務課")
	a = b.post("/changes/file", url.Values{"go": {"propose"}, "text": {file}})
	if at := a.header.Get("Location"); a.status == http.StatusSeeOther {
		no, _, _ := strings.Cut(strings.TrimPrefix(at, "/changes/"), "?")
		w.confirmed(no)
	} else {
		a.has(t, "変更しました。")
	}
	b.post("/changes/file", url.Values{"go": {"preview"}, "text": {file}}).has(t, "変わることはありません。")
	if a = w.as("deputy").post("/changes/file", url.Values{"go": {"propose"}, "text": {file}}); a.status != http.StatusForbidden {
		t.Errorf("not an administrator: %d", a.status)
	}
}

// The list of closed days is replaced on a page; the days' own form of file is checked.
func TestTheListOfDaysOnAPage(t *testing.T) {
	w := found(t)
	b := w.as("admin")
	b.get("/calendar").has(t, `href="/calendar/holidays"`)
	b.post("/calendar/holidays", url.Values{"go": {"preview"}, "text": {"date,name,open\n2026-13-40,x,\n"}}).has(t, "2行目", "2026-13-40")
	list := "date,name,open\n2026-12-28,仕事納めの翌日,\n"
	a := b.post("/calendar/holidays", url.Values{"go": {"propose"}, "text": {list}})
	if at := a.header.Get("Location"); a.status == http.StatusSeeOther {
		no, _, _ := strings.Cut(strings.TrimPrefix(at, "/changes/"), "?")
		w.confirmed(no)
	} else {
		a.has(t, "変更しました。")
	}
	b.get("/calendar?month=2026-12").has(t, "仕事納めの翌日")
}

// The ways of notices are tried from the page of those that did not get through.
func TestTheWaysOfNoticesAreTried(t *testing.T) {
	w := found(t, func(o *Options) {
		o.Teller = notify.New(notify.Options{DB: o.DB, Zone: o.Zone, Senders: map[store.Channel]notify.Sender{store.ChannelMail: refusing{}}})
	})
	b := w.as("admin")
	b.get("/notifications/undelivered").has(t, "自分あてに試しに送る")
	b.post("/notifications/test", nil).has(t, "メール", "届かない", "no address is registered for admin")
	if a := w.as("kato").post("/notifications/test", nil); a.status != http.StatusForbidden {
		t.Errorf("a requester: %d", a.status)
	}
}

// refusing is a mail server that refuses everything.
type refusing struct{}

func (refusing) Send(context.Context, notify.Letter) error {
	return errors.New("no address is registered for admin")
}
