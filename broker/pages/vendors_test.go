package pages

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	"sekimori/policy"
)

// A requester reads the register of vendors: contract, papers with their ends, engineers with pledge, keys and last session. Each look has
// an entry. An attendant is refused.
func TestTheRegisterOfVendors(t *testing.T) {
	w := found(t)
	w.planned(policy.RequestApproved, policy.WindowScheduled)
	b := w.as("kato")
	before := w.size()
	b.get("/vendors").has(t, `href="/vendors/V-012"`, "利用可")
	b.get("/vendors/V-012").has(t, "契約・監督", "責任を負う事業者", "誓約書の写し", `href="/vendors/V-012/engineers/E-0031"`, "この事業者を凍結", `href="/incidents/freeze?vendor=V-012"`, `href="/vendors/V-012/lock"`,
		`href="/papers/P-0001"`, "提出済み(受理待ち)", `href="/vendors/V-012/papers"`)
	b.get("/vendors/V-012/engineers/E-0031").has(t, "保守要員A", "SSH鍵", `href="/people/E-0031/lock?back=%2Fvendors%2FV-012%2Fengineers%2FE-0031"`)
	if got := strings.Join(w.entriesBy(before, "kato"), " "); got != "vendor.listed vendor.viewed person.viewed" {
		t.Errorf("the ledger has %s", got)
	}
	for _, path := range []string{"/vendors/V-999", "/vendors/V-013/engineers/E-0031", "/vendors/V-012/engineers/kato"} {
		if a := b.get(path); a.status != http.StatusNotFound {
			t.Errorf("%s: %d", path, a.status)
		}
	}
	if a := w.as("ito").get("/vendors/V-012"); a.status != http.StatusForbidden || !a.holds("[301]") {
		t.Errorf("an attendant: %d", a.status)
	}
	b.get("/vendors/V-012?lang=en").has(t, "Contract and supervision", "Freeze this vendor")
}

// Papers that end soon are asked for from the page of the vendor or of an engineer; the form lists them. The same papers are not asked
// for twice on a day, and the portal says that they were asked for.
func TestAVendorIsAskedToRenew(t *testing.T) {
	w := found(t)
	w.as("kato").get("/vendors/V-012").lacks(t, "更新を依頼する") // it never worked for the section
	b := w.as("mori")
	b.get("/vendors/V-012").has(t, "更新を依頼する(期限60日以内 0件)", "足りない書類もありません。")
	b.get("/vendors/V-012/engineers/E-0031").lacks(t, "更新を依頼する")
	fields := [][2]string{{"kind", "training"}, {"person", "E-0031"}, {"name", ""}, {"from", "2026-11-01"}, {"until", "2026-12-20"}, {"fiscal_year", ""}, {"note", ""}}
	if a := b.upload("/vendors/V-012/papers", fields, "file", "training.pdf", []byte("%PDF-1.7 trained")); a.status != http.StatusSeeOther {
		t.Fatalf("%d\n%s", a.status, a.body)
	}
	const ask = "/vendors/V-012/ask-renewal"
	b.get("/vendors/V-012").has(t, "更新を依頼する(期限60日以内 1件)", `href="`+ask+`"`)
	b.get("/vendors/V-012?lang=en").has(t, "Ask for renewal (within 60 days: 1)")
	here := "/vendors/V-012/engineers/E-0031"
	b.get(here+"?lang=ja").has(t, "更新を依頼する(期限60日以内 1件)", `href="`+ask+`?back=`+url.QueryEscape(here)+`&amp;engineer=E-0031"`)
	b.get(ask+"?engineer=E-0031&back="+url.QueryEscape(here)).has(t, "更新する書類", "残り26日", `value="E-0031"`)
	b.post(ask, url.Values{"engineer": {"E-0099"}, "note": {"お早めに"}}).has(t, "その番号の保守要員はいません。", `value="E-0099"`, "お早めに", `href="#engineer"`)
	a := b.post(ask, url.Values{"engineer": {"E-0031"}, "note": {"お早めに"}, "back": {here}})
	if a.status != http.StatusSeeOther || !strings.HasPrefix(a.header.Get("Location"), here) {
		t.Fatalf("%d to %q\n%s", a.status, a.header.Get("Location"), a.body)
	}
	b.get(a.header.Get("Location")).has(t, "記録しました: 更新を依頼する", "(依頼 ", `aria-disabled="true"`, "今日すでに依頼しました")
	b.post(ask, nil).has(t, "同じ書類の更新は今日すでに依頼しました。")
	w.as("sato").get("/v/").has(t, "更新を依頼されています")
	for _, login := range []string{"ito", "head"} {
		if a := w.as(login).post(ask, nil); a.status != http.StatusForbidden {
			t.Errorf("%s asks: %d", login, a.status)
		}
	}
}

// Locking from the page of an engineer comes back there, and the page says who locked.
func TestAnEngineerIsLockedFromTheirPage(t *testing.T) {
	w := found(t)
	b := w.as("kato")
	here := "/vendors/V-012/engineers/E-0031"
	b.get("/people/E-0031/lock?back="+url.QueryEscape(here)).has(t, `value="`+here+`"`)
	a := b.post("/people/E-0031/lock", url.Values{"reason": {"連絡がつかない"}, "back": {here}})
	if at := a.header.Get("Location"); a.status != http.StatusSeeOther || !strings.HasPrefix(at, here) {
		t.Fatalf("%d to %q\n%s", a.status, at, a.body)
	}
	b.get(here).has(t, "利用停止", "連絡がつかない", "停止の記録")
	b.get("/vendors/V-012").has(t, "停止の記録")
}

// Staff file a paper with its copy; it counts at once. Mistakes keep what was typed, each at its input.
func TestStaffFileAPaper(t *testing.T) {
	w := found(t)
	b := w.as("kato")
	b.get("/vendors/V-012/papers?kind=pledge&person=E-0031").has(t, `enctype="multipart/form-data"`, `value="E-0031" selected`)
	fields := [][2]string{{"kind", "pledge"}, {"person", "E-0031"}, {"name", ""}, {"from", "2026-11-01"}, {"until", "2027-03-31"}, {"fiscal_year", ""}, {"note", "原本は郵送"}}
	a := b.upload("/vendors/V-012/papers", fields, "file", "", nil)
	a.has(t, "写しのファイルを入力してください。", "原本は郵送", `href="#file"`)
	a = b.upload("/vendors/V-012/papers", fields, "file", "<b>pledge.pdf", []byte("%PDF-1.7 I undertake"))
	if a.status != http.StatusSeeOther {
		t.Fatalf("%d\n%s", a.status, a.body)
	}
	b.get(a.header.Get("Location")).has(t, "書類を届け出ました。", "受理済み", "写しあり")
	b.get("/papers/P-0001").has(t, "&lt;b&gt;pledge.pdf", `href="/papers/P-0001/withdraw"`)
	a = b.post("/papers/P-0001/withdraw", url.Values{"reason": {"別人のもの"}})
	if a.status != http.StatusSeeOther {
		t.Fatalf("%d\n%s", a.status, a.body)
	}
	b.get(a.header.Get("Location")).has(t, "別人のもの", "取消")
	if a = w.as("head").get("/vendors/V-012/papers"); a.status != http.StatusForbidden {
		t.Errorf("a head files: %d", a.status)
	}
}

// A vendor's paper waits; a requester accepts it from its page.
func TestAVendorsPaperIsAccepted(t *testing.T) {
	w := found(t)
	v := w.as("sato")
	fields := [][2]string{{"kind", "pledge"}, {"person", "E-0031"}, {"from", "2026-11-01"}, {"until", "2027-03-31"}}
	if a := v.upload("/v/pledge", fields, "file", "pledge.pdf", []byte("%PDF-1.7 I undertake")); a.status != http.StatusSeeOther {
		t.Fatalf("%d\n%s", a.status, a.body)
	}
	b := w.as("kato")
	b.get("/papers/P-0001").has(t, "提出済み(受理待ち)", `href="/papers/P-0001/accept"`, "写しを開けるのは")
	b.get("/papers/P-0001/accept").has(t, "受理する")
	a := b.post("/papers/P-0001/accept", nil)
	if a.status != http.StatusSeeOther {
		t.Fatalf("%d\n%s", a.status, a.body)
	}
	b.get(a.header.Get("Location")).has(t, "受理済み")
}

// The copy of a paper comes after a purpose was chosen, as a file that no browser shows, and the look is in the ledger.
func TestACopyNeedsAPurpose(t *testing.T) {
	w := found(t)
	content := []byte("%PDF-1.7 <script>alert(1)</script>")
	fields := [][2]string{{"kind", "pledge"}, {"person", "E-0031"}, {"from", "2026-11-01"}, {"until", "2027-03-31"}}
	k := w.as("kato")
	if a := k.upload("/vendors/V-012/papers", fields, "file", "pledge.pdf", content); a.status != http.StatusSeeOther {
		t.Fatalf("%d\n%s", a.status, a.body)
	}
	const at = "/vendors/V-012/files/P-0001"
	if a := k.get(at); a.status != http.StatusForbidden {
		t.Errorf("a requester opens it: %d", a.status)
	}
	b := w.as("head")
	before := w.size()
	b.get(at).has(t, "閲覧目的", `name="purpose"`, "pledge.pdf")
	a := b.post(at, url.Values{"explanation": {"年次の確認"}})
	a.has(t, "年次の確認", `href="#purpose"`)
	if a.status/100 != 4 || a.holds("alert(1)") {
		t.Errorf("without a purpose: %d", a.status)
	}
	if got := strings.Join(w.entriesBy(before, "head"), " "); strings.Contains(got, "paper.viewed") {
		t.Errorf("the ledger has %s", got)
	}
	a = b.post(at, url.Values{"purpose": {string(policy.Purposes(policy.ActPlay)[0])}, "explanation": {"年次の確認"}})
	if a.status != http.StatusOK || a.body != string(content) || a.header.Get("Content-Type") != "application/octet-stream" || a.header.Get("Content-Disposition") != "attachment; filename*=UTF-8''P-0001.pdf" {
		t.Errorf("%d %v\n%s", a.status, a.header, a.body)
	}
	if got := strings.Join(w.entriesBy(before, "head"), " "); !strings.Contains(got, "paper.viewed") {
		t.Errorf("the ledger has %s", got)
	}
	for _, other := range []string{"/vendors/V-013/files/P-0001", "/vendors/V-012/files/P-9999"} {
		if a := b.post(other, url.Values{"purpose": {string(policy.Purposes(policy.ActPlay)[0])}}); a.status != http.StatusNotFound {
			t.Errorf("%s: %d", other, a.status)
		}
	}
}

// An upload of 20 MB that breaks off leaves no file and no entry, on both sites; one that is too large neither.
func TestABrokenUploadLeavesNothing(t *testing.T) {
	w := found(t)
	for _, one := range []struct{ who, path string }{{"kato", "/vendors/V-012/papers"}, {"sato", "/v/pledge"}} {
		b := w.as(one.who)
		before := w.size()
		w.breakOff(b, one.path)
		w.kept(one.path, 0)
		fields := [][2]string{{"kind", "pledge"}, {"person", "E-0031"}, {"from", "2026-11-01"}, {"until", "2027-03-31"}, {"note", "原本は郵送"}}
		a := b.upload(one.path, fields, "file", "big.pdf", make([]byte, 21<<20))
		if a.has(t, "ファイルが大きすぎます", "原本は郵送"); a.status/100 != 4 {
			t.Errorf("21 MB to %s: %d", one.path, a.status)
		}
		w.kept(one.path, 0)
		if got := strings.Join(w.entriesBy(before, ""), " "); strings.Contains(got, "paper.filed") {
			t.Errorf("%s: the ledger has %s", one.path, got)
		}
	}
}

// breakOff sends half of a form with a file of 20 MB and closes the connection.
func (w *world) breakOff(b *browser, path string) {
	w.t.Helper()
	at, err := url.Parse(b.base)
	if err != nil {
		w.t.Fatal(err)
	}
	conn, err := net.Dial("tcp", at.Host)
	if err != nil {
		w.t.Fatal(err)
	}
	defer conn.Close()
	var form bytes.Buffer
	for _, v := range [][2]string{{"kind", "pledge"}, {"person", "E-0031"}, {"from", "2026-11-01"}, {"until", "2027-03-31"}} {
		fmt.Fprintf(&form, "--x\r\nContent-Disposition: form-data; name=%q\r\n\r\n%s\r\n", v[0], v[1])
	}
	form.WriteString("--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.pdf\"\r\n\r\n")
	cookies := ""
	for _, c := range b.http.Jar.Cookies(at) {
		cookies += c.Name + "=" + c.Value + "; "
	}
	fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: %s\r\nOrigin: %s\r\nSec-Fetch-Site: same-origin\r\nCookie: %s\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: %d\r\n\r\n",
		path, at.Host, b.base, strings.TrimSuffix(cookies, "; "), form.Len()+20<<20)
	if _, err = conn.Write(form.Bytes()); err == nil {
		_, err = io.CopyN(conn, zeros{}, 10<<20)
	}
	if err != nil {
		w.t.Fatalf("the server closed first: %v", err)
	}
	w.kept(path, 1)
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// kept waits until so many files lie in the directory of copies.
func (w *world) kept(what string, n int) {
	w.t.Helper()
	eventually(w.t, fmt.Sprintf("%s: %d copies", what, n), func() bool {
		files, err := os.ReadDir(w.papers)
		if err != nil {
			w.t.Fatal(err)
		}
		return len(files) == n
	})
}
