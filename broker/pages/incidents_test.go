package pages

import (
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"sekimori/broker/bundle"
	"sekimori/broker/internal/townhall"
	"sekimori/broker/store"
	"sekimori/policy"
)

// One person stops with one press; two release, one of them of the information-systems section. The banner stands on every page meanwhile.
func TestOnePressFreezesTwoPeopleLift(t *testing.T) {
	w := found(t)
	ito, head, deputy := w.as("ito"), w.as("head"), w.as("deputy")
	ito.get("/incidents").has(t, "凍結はありません。")
	form := ito.get("/incidents/freeze?vendor=V-012")
	form.has(t, "この保守事業者 例示システム(株)(接続中 0件)", "すべての保守接続(接続中 0件、今日の予定 0件)", `value="vendor V-012" checked`)
	if a := ito.post("/incidents/freeze", url.Values{"reason": {"不審"}}); a.status != 422 || !strings.Contains(a.body, "範囲を選んでください。") || !strings.Contains(a.body, "不審</textarea>") {
		t.Errorf("without a scope: %d", a.status)
	}
	a := ito.post("/incidents/freeze", url.Values{"scope": {"vendor V-012"}})
	if a.status != 303 || !strings.HasPrefix(a.header.Get("Location"), "/incidents/I-001") {
		t.Fatalf("freeze: %d %s", a.status, a.header.Get("Location"))
	}
	ito.get("/today").has(t, "緊急凍結中: ", "例示システム(株)", "0000-00-0000")
	ito.get("/incidents/I-001").has(t, "凍結中", "一人目を待っています", "操作記録 0件の廃棄を停止しました")
	proof := url.Values{"reason": {"確認済み"}, "password": {"right"}, "code": {"123456"}}
	if a := head.post("/freezes/I-001/lift", proof); a.status != 303 || !strings.HasPrefix(a.header.Get("Location"), "/incidents/I-001") {
		t.Fatalf("first: %d\n%s", a.status, a.body)
	}
	head.get("/incidents/I-001").has(t, "解除同意 1/2", "二人目を待っています")
	if a := head.post("/freezes/I-001/lift", proof); a.status != 409 && a.status != 403 {
		t.Errorf("the same person twice: %d", a.status)
	}
	if a := deputy.post("/freezes/I-001/lift", proof); a.status != 303 {
		t.Fatalf("second: %d\n%s", a.status, a.body)
	}
	deputy.get("/incidents/I-001?lang=en").has(t, "Cut sessions do not resume; file new requests.")
	if page := ito.get("/today"); strings.Contains(page.body, "緊急凍結中") {
		t.Error("the banner stays after the lift")
	}
}

// A drill begins when another person agrees, and every page of it says so.
func TestADrillSaysSo(t *testing.T) {
	w := found(t)
	ito, head := w.as("ito"), w.as("head")
	a := ito.post("/incidents/freeze", url.Values{"scope": {"all"}, "drill": {"yes"}, "reason": {"年次の訓練"}})
	if a.status != 303 {
		t.Fatalf("ask: %d\n%s", a.status, a.body)
	}
	if page := ito.get("/today"); strings.Contains(page.body, "緊急凍結中") {
		t.Error("a drill that is only asked for shows the banner")
	}
	if a := head.post("/freezes/I-001/agree", url.Values{"password": {"right"}, "code": {"123456"}}); a.status != 303 {
		t.Fatalf("agree: %d\n%s", a.status, a.body)
	}
	head.get("/incidents/I-001").has(t, "訓練")
	head.get("/today").has(t, "訓練 緊急凍結中")
}

// The auditor takes the evidence out on the incident's page, with a purpose, and opens its timeline. Others are not offered the export, and are
// refused it.
func TestTheAuditorExportsAnIncidentOnItsPage(t *testing.T) {
	w := found(t)
	w.worked()
	if a := w.as("ito").post("/incidents/freeze", url.Values{"scope": {"system hr"}, "reason": {"不審な操作"}}); a.status != 303 {
		t.Fatalf("freeze: %d", a.status)
	}
	head, mori := w.as("head"), w.as("mori")
	page := head.get("/incidents/I-001")
	page.has(t, `href="/incidents/I-001/timeline"`)
	page.lacks(t, "/export")
	for _, a := range []answer{head.get("/incidents/I-001/export"), head.post("/incidents/I-001/export", url.Values{"purpose": {"incident"}})} {
		if a.status != 403 || !strings.Contains(a.body, "書き出しは点検担当だけが行えます") {
			t.Errorf("the head exports: %d\n%.300s", a.status, a.body)
		}
	}
	mori.get("/incidents/I-001").has(t, `href="/incidents/I-001/export"`)
	mori.get("/incidents/I-001/export").has(t, "証拠一式の書き出し", "sekimori-verify --incident", "事故の調査")
	if a := mori.post("/incidents/I-001/export", url.Values{"explanation": {"個人情報保護委員会への報告"}}); a.status != 422 || !strings.Contains(a.body, "閲覧目的を選んでください") || !strings.Contains(a.body, "個人情報保護委員会への報告") {
		t.Errorf("without a purpose: %d\n%s", a.status, a.body)
	}
	a := mori.post("/incidents/I-001/export", url.Values{"purpose": {"incident"}})
	if a.status != 200 || a.header.Get("Content-Type") != "application/zip" || !strings.Contains(a.header.Get("Content-Disposition"), `filename="shoko-isshiki_I-001_`) {
		t.Fatalf("%d %v", a.status, a.header)
	}
	b, err := bundle.Open(strings.NewReader(a.body), int64(len(a.body)))
	if err == nil {
		err = b.Check(t.Context(), nil)
	}
	if err != nil || b.Manifest.Incident != "I-001" || len(b.Manifest.Recordings) == 0 {
		t.Errorf("%+v, %v", b, err)
	}
	if a := mori.post("/incidents/I-999/export", url.Values{"purpose": {"incident"}}); a.status != 404 {
		t.Errorf("an incident that is none: %d", a.status)
	}
	line := head.get("/incidents/I-001/timeline")
	line.has(t, "事案の経過", "緊急凍結", "不審な操作", "操作記録の保全", "事案の証拠一式の書き出し", `href="/ledger/`)
	line.lacks(t, "訓練")
	head.get("/incidents/I-001/timeline?lang=en").has(t, "Timeline of the incident", "A person froze everything", "entries of the ledger concern this incident")
	if a := head.get("/incidents/I-001/timeline?next=x"); a.status != 400 {
		t.Errorf("any next: %d", a.status)
	}
	if a := head.get("/incidents/I-999/timeline"); a.status != 404 {
		t.Errorf("an incident that is none: %d", a.status)
	}
	if a := w.as("kato").get("/incidents/I-001/timeline"); a.status != 403 {
		t.Errorf("a requester reads it: %d", a.status)
	}
}

// The page of an incident has the list of those who must be told, late ones first. A person notes on it who was told, once. A drill is marked and
// counted apart.
func TestWhoMustBeToldStandsOnTheIncidentsPage(t *testing.T) {
	w := found(t)
	err := w.DB.Write(t.Context(), func(tx *store.Tx) error {
		i, err := tx.Institution()
		if err != nil {
			return err
		}
		i.Tell = []policy.Tell{{Key: "privacy-first", Who: policy.Text{JA: "個人情報保護委員会(速報)", EN: "privacy commission"}, Within: 72 * time.Hour},
			{Key: "head", Who: policy.Text{JA: "所管課長", EN: "section head"}, Within: time.Hour, Note: "電話で"}}
		_, written := tx.Append(townhall.Draft("test.listed"))
		return errors.Join(tx.PutInstitution(i), written)
	})
	if err != nil {
		t.Fatal(err)
	}
	ito := w.as("ito")
	if a := ito.post("/incidents/freeze", url.Values{"scope": {"system hr"}}); a.status != 303 {
		t.Fatalf("freeze: %d", a.status)
	}
	page := ito.get("/incidents/I-001")
	page.has(t, "知らせる先", "所管課長", "電話で", `action="/freezes/I-001/told"`)
	page.lacks(t, "期限超過", "訓練です。")
	if strings.Index(page.body, "所管課長") > strings.Index(page.body, "個人情報保護委員会") {
		t.Error("the row that is due first stands behind the other")
	}
	w.Pass(2 * time.Hour)
	kato := w.as("kato")
	kato.get("/incidents/I-001").has(t, "期限超過")
	kato.get("/incidents/I-001?lang=en").has(t, "overdue", "Who must be told")
	kato.get("/incidents/I-001?lang=ja").has(t, "知らせる先")
	if a := kato.post("/freezes/I-001/told", url.Values{"key": {"head"}}); a.status != 422 || !strings.Contains(a.body, "だれに、どう知らせたかを書いてください。") {
		t.Errorf("without words: %d\n%.2000s", a.status, a.body)
	}
	if a := kato.post("/freezes/I-001/told", url.Values{"key": {"head"}, "text": {"課長へ電話\x1b[2J"}}); a.status != 422 {
		t.Errorf("words that cannot be shown: %d", a.status)
	}
	if a := kato.post("/freezes/I-001/told", url.Values{"key": {"head"}, "text": {"課長へ電話"}}); a.status != 303 || !strings.HasPrefix(a.header.Get("Location"), "/incidents/I-001") {
		t.Fatalf("told: %d %s", a.status, a.header.Get("Location"))
	}
	page = kato.get("/incidents/I-001")
	page.has(t, "課長へ電話", "2時間後")
	page.lacks(t, "期限超過")
	if a := kato.post("/freezes/I-001/told", url.Values{"key": {"head"}, "text": {"もう一度"}}); a.status != 409 && a.status != 403 {
		t.Errorf("told twice: %d", a.status)
	}
	ito = w.as("ito") // two hours without a press have signed the browser out
	if a := ito.post("/incidents/freeze", url.Values{"scope": {"all"}, "drill": {"yes"}, "reason": {"年次の訓練"}}); a.status != 303 {
		t.Fatalf("ask: %d", a.status)
	}
	if a := w.as("head").post("/freezes/I-002/agree", url.Values{"password": {"right"}, "code": {"123456"}}); a.status != 303 {
		t.Fatalf("agree: %d", a.status)
	}
	kato.get("/incidents/I-002").has(t, "訓練", "知らせる先", "訓練です。期限を過ぎても警報は出しません。")
	kato.get("/incidents").has(t, "凍結 1件、訓練 1件")
	head := w.as("head")
	head.get("/incidents/I-002/timeline").has(t, "訓練")
	head.get("/incidents/I-002/timeline?lang=en").has(t, "DRILL")
	w.as("admin").get("/settings").has(t, "個人情報保護委員会(速報) 3日以内")
}
