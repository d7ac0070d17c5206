package pages

import (
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"sekimori/broker/ledger"
	"sekimori/broker/store"
)

var emptyColumn = regexp.MustCompile(`<dd>— <span class="why">\s*</span></dd>`)

// An entry of a connection shows the 26 columns of the form; an empty one says why. The checkpoint that covers it is printed in eight groups.
func TestAnEntryOfAConnection(t *testing.T) {
	w := found(t)
	s := w.worked()
	var no int64
	if err := w.DB.Write(t.Context(), func(tx *store.Tx) error {
		e, err := tx.Append(ledger.Draft{Kind: "session.ended", Actor: ledger.Actor{Kind: "broker", Via: "timer"}, Subjects: []string{s.ID, s.Request, s.System}, Payload: map[string]string{"session_id": s.ID}})
		no = e.Index
		return err
	}); err != nil {
		t.Fatal(err)
	}
	at := "/ledger/" + strconv.FormatInt(no, 10)
	b := w.as("head")
	page := b.get(at)
	page.has(t, "R8-0001", s.ID, "人事給与", "hrmnt01", "25分", "強制切断", "第二承認は求められなかった", "延長 0回、一時停止 0回", "24 伏せた番号(件)", "終了の検証の記載がない", "点検待ち", "検証のしかた", "確定点を印刷", "立会署名者")
	for n, label := range strings.Split("番号 申請番号 接続番号 対象システム 接続先 作業用アカウント 保守事業者 保守要員 接続元 第一承認 第二承認 立会者 庁内網切断 保守回線接続 接続開始 接続終了 時間(分、切上げ) 終了理由 終了の検証 保守回線切断 庁内網復旧 延長・一時停止 ファイル授受 伏せた番号(件) 点検判定 検証値", " ") {
		if !strings.Contains(page.body, "<dt>"+strconv.Itoa(n+1)+" "+label+"</dt>") {
			t.Errorf("column %d %s is missing", n+1, label)
		}
	}
	page.has(t, "記録されていない", "申請に書かれていない")
	if err := w.DB.Write(t.Context(), func(tx *store.Tx) error {
		if err := tx.PutEndProof(store.EndProof{Session: s.ID, State: store.ProofPartly, Findings: []store.Finding{{What: "connections", State: store.ProofVerified}}}); err != nil {
			return err
		}
		_, err := tx.Append(ledger.Draft{Kind: "session.end-verified", Actor: ledger.Actor{Kind: "broker", Via: "timer"}, Subjects: []string{s.ID}})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	b.get(at).has(t, "<dt>19 終了の検証</dt><dd>"+store.ProofPartly.Label().JA)
	if strings.Contains(page.body, "invalid") {
		t.Error("a missing source is shown as an invalid one")
	}
	if emptyColumn.MatchString(page.body) {
		t.Error("an empty column does not say why")
	}
	b.get(at+"?lang=en").has(t, "26 Hash of the entry", "24 Masked numbers", "How to verify", "Witnesses")
	printed := b.get("/ledger/checkpoint?lang=ja&entry=" + strconv.FormatInt(no, 10))
	printed.has(t, "確定点", "を覆う)")
	if groups := regexp.MustCompile(`(?:[0-9a-f]{8} ){8}`).FindString(printed.body); groups == "" || !strings.Contains(page.body, groups) {
		t.Errorf("the root is not printed in eight groups of eight, or another one: %q", groups)
	}
	b.get("/ledger/checkpoint?month="+w.Now().Format("2006-01")).has(t, "月の最後の確定点を表示", "署名のある確定点")
	b.get("/ledger/checkpoint?month=2020-01").has(t, "この月までの記載はありません。")
	if a := b.get("/ledger/checkpoint?entry=999999"); a.status != http.StatusNotFound {
		t.Errorf("the checkpoint of an entry that is not there: %d", a.status)
	}
	printed.has(t, "確定点のQRコード")
	w.proves(t, at)
	// An attendant opens the entries of connections in windows that it attended, and no others.
	ito := w.as("ito")
	ito.get(at).has(t, s.ID)
	for _, other := range []string{"/ledger/1", "/ledger/999999"} {
		if a := ito.get(other); a.status != http.StatusForbidden {
			t.Errorf("the attendant opens %s: %d", other, a.status)
		}
	}
}

// proves takes the proof of a session's end out on pages: for auditors only, with a purpose, and with an entry before the first byte.
func (w *world) proves(t *testing.T, at string) {
	t.Helper()
	if a := w.as("head").get(at + "/proof"); a.status != http.StatusForbidden || strings.Contains(w.as("head").get(at).body, at+"/proof") {
		t.Errorf("the head takes a proof out: %d", a.status)
	}
	m := w.as("mori")
	m.get(at).has(t, `href="`+at+`/proof"`)
	m.get(at+"/proof?lang=ja").has(t, "証明を書き出す", "閲覧目的")
	if a := m.post(at+"/proof", url.Values{}); a.status != http.StatusUnprocessableEntity {
		t.Errorf("without a purpose: %d", a.status)
	}
	if a := m.get("/ledger/1/proof"); a.status != http.StatusNotFound {
		t.Errorf("an entry that is no end of a session: %d", a.status)
	}
	a := m.post(at+"/proof", url.Values{"purpose": {"periodic-review"}})
	proof, err := ledger.ParseProof([]byte(a.body))
	if err != nil || proof.Entry.Kind != "session.ended" || !strings.Contains(a.header.Get("Content-Disposition"), ".tlog-proof") {
		t.Fatalf("%d %v %v\n%.300s", a.status, a.header, err, a.body)
	}
	if c, err := ledger.ReadCheckpoint(proof.Checkpoint); err != nil || c.Size <= proof.Entry.Index+1 {
		t.Errorf("the entry about the proof is not before it: %+v, %v", c, err)
	}
}
