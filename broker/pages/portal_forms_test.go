package pages

import (
	"bytes"
	"html"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// upload sends a form with a file as a page does; the file stands last.
func (b *browser) upload(path string, values [][2]string, field, name string, content []byte) answer {
	b.w.t.Helper()
	var body bytes.Buffer
	m := multipart.NewWriter(&body)
	for _, v := range values {
		if err := m.WriteField(v[0], v[1]); err != nil {
			b.w.t.Fatal(err)
		}
	}
	part, err := m.CreateFormFile(field, name)
	if err == nil {
		_, err = part.Write(content)
	}
	if err == nil {
		err = m.Close()
	}
	if err != nil {
		b.w.t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(b.w.t.Context(), "POST", b.base+path, &body)
	if err != nil {
		b.w.t.Fatal(err)
	}
	r.Header.Set("Content-Type", m.FormDataContentType())
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("Origin", b.base)
	return b.do(r)
}

// contact adds a contact of sato's vendor.
func (w *world) contact() {
	w.t.Helper()
	err := w.DB.Write(w.t.Context(), func(tx *store.Tx) error {
		if err := tx.PutPerson(store.Person{Person: policy.Person{ID: "madoguchi", Login: "madoguchi", Kind: policy.Contact, Name: "窓口", Vendor: "V-012"}}); err != nil {
			return err
		}
		_, err := tx.Append(ledger.Draft{Kind: "test.contact", Actor: ledger.Actor{Kind: "broker", Via: "timer"}})
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// Keys: a key is taken with password and code, also as a file and from a security key; a look leaves no entry.
func TestPortalKeys(t *testing.T) {
	w := found(t)
	b := w.as("sato")
	b.get("/v/keys").has(t, "sk-ssh-ed25519@openssh.com", `enctype="multipart/form-data"`)
	a := b.upload("/v/keys", [][2]string{{"key", ""}}, "file", "", nil)
	a.has(t, "公開鍵を貼り付けるか、ファイルを選んでください。")
	a = b.upload("/v/keys", [][2]string{{"key", "ssh-ed25519 nonsense"}, {"password", "wrong"}, {"code", "000000"}}, "file", "", nil)
	a.has(t, "ssh-ed25519 nonsense")
	if a.status/100 != 4 || a.holds("wrong") {
		t.Errorf("a wrong proof: %d", a.status)
	}
	fido, print := securityKey(t, "ssh:")
	a = b.upload("/v/keys", [][2]string{{"key", ""}, {"password", password}, {"code", w.code("sato")}}, "file", "id.pub", []byte(fido))
	if a.status != http.StatusSeeOther || a.header.Get("Location") != "/v/keys?done=key-added" {
		t.Fatalf("a file of a security key: %d to %q\n%s", a.status, a.header.Get("Location"), a.body)
	}
	before := w.size()
	shown := answer{body: html.UnescapeString(b.get("/v/keys?done=key-added").body)}
	shown.has(t, print, "鍵を登録しました")
	if kinds := w.entriesBy(before, "sato"); len(kinds) > 0 {
		t.Errorf("a look at the keys leaves %v", kinds)
	}
}

// The roster: each engineer is answered for by name; an engineer is told that only the contact may; who has left is locked.
func TestPortalRoster(t *testing.T) {
	w := found(t)
	w.contact()
	w.as("sato").get("/v/roster").has(t, "確認できるのは保守事業者の窓口だけです。", `aria-disabled="true"`)
	b := w.as("madoguchi")
	b.get("/v/roster").has(t, "保守要員A", `name="who.E-0031"`)
	a := b.post("/v/roster", url.Values{"engineer": {"E-0031"}, "note": {"11月分"}})
	a.has(t, "従事しているか、退職・異動したかを選んでください。", "11月分")
	if a.status != http.StatusUnprocessableEntity {
		t.Errorf("an open answer: %d", a.status)
	}
	if a = b.post("/v/roster", url.Values{"engineer": {"E-0031"}, "who.E-0031": {"stays"}}); a.status != http.StatusSeeOther {
		t.Fatalf("%d\n%s", a.status, a.body)
	}
	b.get(a.header.Get("Location")).has(t, "前回の確認", "窓口")
	if a = b.post("/v/roster", url.Values{"engineer": {"E-0031"}, "who.E-0031": {"left"}}); a.status != http.StatusSeeOther {
		t.Fatalf("%d\n%s", a.status, a.body)
	}
	b.get("/v/roster").has(t, "利用できる保守要員はいません")
	kinds := strings.Join(w.entriesBy(0, "madoguchi"), " ")
	if !strings.Contains(kinds, "roster.confirmed") || !strings.Contains(kinds, "person.locked") {
		t.Errorf("the ledger has %s", kinds)
	}
}

// A pledge's copy is handed in from the browser and waits for the staff; mistakes keep the values; a file that is too large is refused.
func TestPortalPledge(t *testing.T) {
	w := found(t)
	b := w.as("sato")
	b.get("/v/pledge").has(t, "誓約書", "20MBまで")
	fields := func(until string) [][2]string {
		return [][2]string{{"kind", "pledge"}, {"person", "E-0031"}, {"name", ""}, {"from", "2026-11-01"}, {"until", until}, {"fiscal_year", ""}, {"note", "原本は郵送"}}
	}
	a := b.upload("/v/pledge", fields("2020-01-01"), "file", "pledge.pdf", []byte("%PDF-1.7 I undertake"))
	a.has(t, "原本は郵送", `aria-invalid="true"`)
	if a = b.upload("/v/pledge", fields("2027-03-31"), "file", "pledge.pdf", []byte("%PDF-1.7 I undertake")); a.status != http.StatusSeeOther {
		t.Fatalf("%d\n%s", a.status, a.body)
	}
	b.get(a.header.Get("Location")).has(t, "書類を提出しました", "写しあり", "提出済み")
	if a = b.upload("/v/pledge", fields("2027-03-31"), "file", "big.pdf", make([]byte, 21<<20)); a.status/100 != 4 {
		t.Errorf("21 MB: %d", a.status)
	}
}

// The work report: statements that no one may leave open are asked for, the values stay, and the report reaches the section.
func TestPortalReport(t *testing.T) {
	w := found(t)
	w.planned(policy.ReportDue, policy.WindowClosed)
	start := w.Now()
	err := w.DB.Write(t.Context(), func(tx *store.Tx) error {
		if err := tx.AddSession(store.Session{ID: "S-20261124-02", State: store.SessionEnded, Person: "E-0031", Vendor: "V-012", Request: "R8-0001", Window: "R8-0001-1", System: "hr",
			Created: start, Started: start, Ended: start.Add(time.Minute), Reason: policy.EndedByEngineer}); err != nil {
			return err
		}
		_, err := tx.Append(ledger.Draft{Kind: "test.session", Actor: ledger.Actor{Kind: "broker", Via: "timer"}})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	w.Pass(2 * time.Minute)
	b := w.as("sato")
	b.get("/v/windows/R8-0001-1").has(t, `href="/v/report/R8-0001-1"`)
	b.get("/v/").has(t, "作業報告待ち")
	b.get("/v/report/R8-0001-1").has(t, "S-20261124-02", "実施内容", "個人情報の複写")
	form := url.Values{"session": {"S-20261124-02"}, "done": {"端数の丸めを直した"}, "files": {"x"}}
	a := b.post("/v/report/R8-0001-1", form)
	a.has(t, "端数の丸めを直した", "戻しの有無を選んでください。", "結果を選んでください。", "1行目を")
	for key, value := range map[string]string{"result": "done", "rolled_back": "no", "pii_viewed": "no", "pii_copied": "no", "files": "in 12 " + strings.Repeat("a", 64) + " patch.sql"} {
		form.Set(key, value)
	}
	if a = b.post("/v/report/R8-0001-1", form); a.status != http.StatusSeeOther {
		t.Fatalf("%d\n%s", a.status, a.body)
	}
	b.get(a.header.Get("Location")).has(t, "作業報告書を提出しました", "提出済み")
}
