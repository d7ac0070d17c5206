package pages

import (
	"net/url"
	"strings"
	"testing"
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
