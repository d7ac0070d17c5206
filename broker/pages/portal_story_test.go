package pages

import (
	"crypto/ed25519"
	"html"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"sekimori/broker/internal/testbed"
	"sekimori/broker/store"
	"sekimori/policy"
)

// securityKey is the public key of a FIDO2 security key, as ssh-keygen -t ed25519-sk writes it.
func securityKey(t *testing.T, application string) (line, fingerprint string) {
	t.Helper()
	point, _, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ssh.ParsePublicKey(ssh.Marshal(struct {
		Kind        string
		Point       []byte
		Application string
	}{ssh.KeyAlgoSKED25519, point, application}))
	if err != nil {
		t.Fatal(err)
	}
	return string(ssh.MarshalAuthorizedKey(key)), ssh.FingerprintSHA256(key)
}

// enrolsAtThePortal is a vendor's person, who has a code and a browser.
func (w *world) enrolsAtThePortal(t *testing.T, person string) *browser {
	t.Helper()
	w.enrol("admin")
	code := w.issued(person)
	b := w.browserOn(w.portal.URL)
	b.get("/v/enrol").has(t, "登録コード")
	b.post("/v/enrol", url.Values{"enrolment": {"AAAAA-BBBBB"}}).has(t, "この登録コードは使えません", `value="AAAAA-BBBBB"`)
	page := b.post("/v/enrol", url.Values{"enrolment": {code}})
	w.secret[person] = secretOn(t, page)
	form := url.Values{"enrolment": {code}, "password": {password}, "again": {"another one entirely"}, "code": {w.code(person)}}
	if again := b.post("/v/enrol/finish", form); secretOn(t, again) != w.secret[person] {
		t.Error("after a mistake the page shows another secret")
	} else {
		again.has(t, "パスワードが一致しません")
	}
	form.Set("again", password)
	form.Set("code", w.code(person))
	b.post("/v/enrol/finish", form).has(t, "登録が終わりました", `href="/v/"`)
	return b
}

// TestAVendorsPersonAtThePortal is a maintenance as a vendor's people see it, with a browser for all but the work itself: enrolment by code,
// keys, the pledge, the own request, the wait, more time, the report, the monthly statement. Each form meets one mistake and keeps the rest.
func TestAVendorsPersonAtThePortal(t *testing.T) {
	w := found(t)
	w.contact()
	w.put(func(tx *store.Tx) error { return tx.PutInstitution(policy.Institution{Declared: true}) })
	b := w.enrolsAtThePortal(t, "sato")
	e := w.withEntrance(t)
	w.bringsKeys(t, b, e)
	w.bringsThePledge(t, b)
	no := w.asksForWork(t, b)

	kato := w.as("kato")
	kato.post("/requests/"+no+"/take", nil).at(t, "/requests/"+no)
	start := w.approvedBy(t, no, "head", "deputy")
	b = w.as("sato")
	b.get("/v/").has(t, "これからの作業時間枠", "/v/windows/"+no+"-1")
	b.get("/v/windows/"+no+"-1").has(t, "開始まで ", `role="timer"`, `data-countdown="`, "ssh sato@gate")
	w.Pass(start.Add(time.Minute).Sub(w.Now()))

	ito, terminal, session := w.connected(t, e)
	b = w.as("sato")
	b.get("/v/windows/"+no+"-1").has(t, "残り ", `role="timer"`)
	ask := "/v/windows/" + no + "-1/extensions"
	wrong := b.post(ask, url.Values{"by": {"9h"}, "reason": {"検証に時間が必要"}})
	wrong.has(t, "延長は1分から8時間までです。", `value="9h"`, "検証に時間が必要")
	b.post(ask, url.Values{"by": {"15m"}, "reason": {"検証に時間が必要"}}).at(t, "/v/windows/"+no+"-1")
	b.get("/v/windows/"+no+"-1").has(t, "延長申請 15分「検証に時間が必要」")
	ito.get("/windows/"+no+"-1/console").has(t, "検証に時間が必要")

	if err := terminal.in.(io.Closer).Close(); err != nil { // the engineer leaves the shell
		t.Fatal(err)
	}
	if status := terminal.ended(); status != 0 {
		t.Errorf("the shell was left, and ssh ended with %d:\n%s", status, terminal)
	}
	w.over(t, session)
	w.reports(t, b, no, session)
	w.statesTheRoster(t)
}

// bringsKeys registers an ordinary key and one of a security key, and revokes the others.
func (w *world) bringsKeys(t *testing.T, b *browser, e *entrance) {
	t.Helper()
	own := testbed.WriteKey(t, filepath.Join(e.dir, "key")) // the entrance's client connects with it from now on
	line := strings.TrimSpace(string(ssh.MarshalAuthorizedKey(own)))
	proof := func(key string) [][2]string {
		return [][2]string{{"key", key}, {"password", password}, {"code", w.code("sato")}}
	}
	wrong := b.upload("/v/keys", proof(line[:40]), "file", "", nil)
	answer{status: wrong.status, body: html.UnescapeString(wrong.body)}.has(t, "SSHの公開鍵として使えません", line[:40])
	if wrong.status != http.StatusUnprocessableEntity {
		t.Errorf("half a key: %d", wrong.status)
	}
	b.upload("/v/keys", proof(line), "file", "", nil).at(t, "/v/keys?done=key-added")
	security, print := securityKey(t, "ssh:")
	b.upload("/v/keys", proof(""), "file", "id_ed25519_sk.pub", []byte(security)).at(t, "/v/keys?done=key-added")
	shown := answer{body: html.UnescapeString(b.get("/v/keys").body)}
	shown.has(t, ssh.FingerprintSHA256(own), print)
	for _, k := range w.activeKeys("E-0031") {
		if k != ssh.FingerprintSHA256(own) && k != print {
			b.post("/v/keys/revoke", url.Values{"fingerprint": {k}}).at(t, "/v/keys?done=key-revoked")
		}
	}
}

func (w *world) bringsThePledge(t *testing.T, b *browser) {
	t.Helper()
	fields := func(until string) [][2]string {
		return [][2]string{{"kind", "pledge"}, {"person", "E-0031"}, {"name", ""}, {"from", "2026-11-01"}, {"until", until}, {"fiscal_year", ""}, {"note", "原本は郵送"}}
	}
	b.upload("/v/pledge", fields("2020-01-01"), "file", "pledge.pdf", []byte("%PDF-1.7 I undertake")).has(t, `value="2020-01-01"`, "原本は郵送", `aria-invalid="true"`)
	b.upload("/v/pledge", fields("2027-03-31"), "file", "pledge.pdf", []byte("%PDF-1.7 I undertake")).at(t, "/v/pledge?done=filed")
	kinds := w.entriesBy(0, "E-0031")
	if !slices.Contains(kinds, "paper.filed") {
		t.Errorf("no entry of the paper: %v", kinds)
	}
}

// asksForWork proposes a request, over the check of the answers.
func (w *world) asksForWork(t *testing.T, b *browser) (no string) {
	t.Helper()
	b.get("/v/requests/new").has(t, "1 作業", "入力内容の確認へ進む")
	form := w.application(t)
	wrong := b.post("/v/requests/new", with(form, "go", "check", "purpose", "", "phone", "000-1111-2222")).at(t, "/v/requests/D-")
	edit := b.get(wrong).at(t, "/v/requests/D-")
	again := b.get(edit)
	again.has(t, "エラー:", "目的を入力してください。", `value="000-1111-2222"`)
	edit, _, _ = strings.Cut(edit, "?")
	check := b.post(edit, with(form, "go", "check", "version", again.version(t))).at(t, "/v/requests/D-")
	page := b.get(check)
	page.has(t, "入力内容の確認", "目的を変更", "申請する")
	told := url.Values{"version": {page.version(t)}, "clauses_told": {"yes"}}
	undeclared := b.post(check, told)
	undeclared.has(t, "接続は記録され、立会者が見ることを作業者に伝えました", `aria-invalid="true"`)
	if undeclared.status != http.StatusUnprocessableEntity {
		t.Errorf("a declaration is missing: %d", undeclared.status)
	}
	told.Set("recording_told", "yes")
	at := b.post(check, told).at(t, "/v/requests/R8-")
	no, _, _ = strings.Cut(strings.TrimPrefix(at, "/v/requests/"), "?")
	b.get(at).has(t, "申請を受け付けました。番号は 令和8年度第1号 です。")
	return no
}

// reports hands in the work report of the session.
func (w *world) reports(t *testing.T, b *browser, no, session string) {
	t.Helper()
	at := "/v/report/" + no + "-1"
	b.get("/v/windows/"+no+"-1").has(t, `href="`+at+`"`)
	form := url.Values{"session": {session}, "done": {"端数の丸めを直した"}}
	b.post(at, form).has(t, "端数の丸めを直した", "戻しの有無を選んでください。", "結果を選んでください。")
	for key, value := range map[string]string{"result": "done", "rolled_back": "no", "pii_viewed": "no", "pii_copied": "no"} {
		form.Set(key, value)
	}
	done := b.post(at, form)
	b.get(done.at(t, "/v/windows/"+no+"-1?done=report")).has(t, "作業報告書を提出しました")
}

// statesTheRoster is the contact's part: who works for the vendor this month.
func (w *world) statesTheRoster(t *testing.T) {
	t.Helper()
	b := w.as("madoguchi")
	b.post("/v/roster", url.Values{"engineer": {"E-0031"}, "note": {"11月分"}}).has(t, "従事しているか、退職・異動したかを選んでください。", "11月分")
	done := b.post("/v/roster", url.Values{"engineer": {"E-0031"}, "who.E-0031": {"stays"}, "note": {"11月分"}})
	b.get(done.at(t, "/v/roster")).has(t, "前回の確認", "窓口")
	if kinds := w.entriesBy(0, "madoguchi"); !slices.Contains(kinds, "roster.confirmed") {
		t.Errorf("entries %v", kinds)
	}
}
