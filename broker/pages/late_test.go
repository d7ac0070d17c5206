package pages

import (
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"sekimori/broker/internal/testbed"
	"sekimori/broker/store"
	"sekimori/broker/view"
	"sekimori/policy"
)

// TestWorkFromPaperIsEnteredByOneAndConfirmedByAnother: the clerk prints numbered forms and enters them afterwards; what is wrong is told at its
// field; the head confirms, and wherever the work appears it says who entered it when, and from which paper.
func TestWorkFromPaperIsEnteredByOneAndConfirmedByAnother(t *testing.T) {
	t.Parallel()
	testbed.Need(t, "pdftotext")
	w := found(t)
	s := w.worked()
	w.Pass(3 * time.Hour)
	kato, head := w.as("kato"), w.as("head")
	for no, form := range map[string]string{"HF-0001": "work-report", "HF-0002": "vendor"} {
		if a := kato.get("/forms/" + form + "/blank.pdf"); a.status != http.StatusOK || !strings.Contains(paperText(t, form+"_numbered", a.body), "用紙番号HF-000") {
			t.Fatalf("%s: %d lacks its number %s", form, a.status, no)
		}
	}
	from := s.Started.In(w.pages.o.Zone).AddDate(0, 0, -4)
	in := func(from, until time.Time, pairs ...string) url.Values {
		v := url.Values{"forms": {paperOf(w, "work-report")}, "system": {"hr"}, "vendor": {"V-012"}, "engineers": {"sato"}, "approver": {"head"}, "attendant": {"ito"}, "from": {from.Format("2006-01-02T15:04")},
			"until": {until.Format("2006-01-02T15:04")}, "done": {"夜間処理の再実行"}, "kept_at": {"書庫3"}}
		for i := 0; i < len(pairs); i += 2 {
			v.Set(pairs[i], pairs[i+1])
		}
		return v
	}
	size := w.size()
	for want, wrong := range map[string]url.Values{
		"この番号の用紙は印刷されていません: HF-0099": in(from, from.Add(time.Hour), "forms", "HF-0099"),
		"は点検か監督の用紙です":                in(from, from.Add(time.Hour), "forms", paperOf(w, "vendor")),
		"用紙番号を入力してください":              in(from, from.Add(time.Hour), "forms", ""),
		"終了は開始より後にしてください":            in(from, from),
		"一つの後日入力は7日までです":             in(from.AddDate(0, 0, -8), from),
		"先の日時です":                     in(from, from.AddDate(1, 0, 0)),
		"記録された接続があります: " + s.ID:      in(s.Started.In(w.pages.o.Zone).Add(-time.Hour), s.Ended.In(w.pages.o.Zone).Add(time.Minute)),
		"この保守事業者の保守要員ではありません":        in(from, from.Add(time.Hour), "engineers", "kimura"),
		"職員が登録されていません: sato":         in(from, from.Add(time.Hour), "approver", "sato"),
		"用紙の保管場所を入力してください":           in(from, from.Add(time.Hour), "kept_at", " "),
	} {
		kato.post("/late-entries/new", wrong).has(t, want)
	}
	for _, e := range w.entriesBy(size, "kato") {
		if strings.HasPrefix(e, "late-entry.") {
			t.Fatalf("a wrong entry is ledgered: %v", e)
		}
	}
	kato.post("/late-entries/new", in(from, from.Add(65*time.Minute)))
	kato.get("/late-entries/LE-0001").has(t, "後日入力 LE-0001", "確認待ち", "まだ別の人が確認していません", "台帳の記載はありません", "却下する")
	kato.post("/late-entries/new", in(from, from.Add(time.Hour))).has(t, "すでに LE-0001 に入力されています")

	proof := url.Values{"password": {"right"}, "code": {"000000"}}
	if a := kato.post("/late-entries/LE-0001/countersign", proof); a.status != http.StatusForbidden {
		t.Errorf("the clerk confirms: %d", a.status)
	}
	w.put(func(tx *store.Tx) error { // the clerk becomes an approver, and still may not confirm their own entry
		p, err := tx.Person("kato")
		p.Roles = append(p.Roles, policy.Approver)
		if err != nil {
			return err
		}
		return tx.PutPerson(p)
	})
	if a := kato.post("/late-entries/LE-0001/countersign", proof); a.status != http.StatusForbidden || !a.holds("[146] 自分の後日入力は確認できない") {
		t.Errorf("the clerk confirms their own entry: %d", a.status)
	}
	if a := head.post("/late-entries/LE-0001/countersign", proof); a.status >= http.StatusBadRequest {
		t.Fatalf("the head confirms: %d", a.status)
	}
	head.get("/late-entries?lang=en").has(t, "LE-0001", "Confirmed", "they are counted apart")
	head.get("/late-entries/LE-0001").has(t, "Entered afterwards on", "from paper "+paperOf(w, "work-report"), "Compared with the paper and confirmed on")
	head.get("/forms/work-report/print?id=LE-0001&lang=ja").has(t, "後日入力: 令和", "用紙 "+paperOf(w, "work-report"), "夜間処理の再実行", "用紙と見比べて確認しました")
	said := paperText(t, "late_report", head.get("/forms/work-report/form.pdf?id=LE-0001").body)
	if !strings.Contains(said, "後日入力") || !strings.Contains(said, "夜間処理の再実行") {
		t.Errorf("the form on paper: %.300s", said)
	}
	if a := head.get("/forms/attendance/print?id=LE-0001"); a.status != http.StatusNotFound {
		t.Errorf("a form that was not among the papers: %d", a.status)
	}
	a := head.get("/forms/ledger/print?month=" + from.Format("2006-01"))
	a.has(t, "接続とは別に数えます", "LE-0001", "夜間処理の再実行")
	mori := w.as("mori").post("/forms/ledger/export", url.Values{"month": {from.Format("2006-01")}, "purpose": {"periodic-review"}, "format": {"csv"}})
	if names := zipNames(t, mori.body); !strings.Contains(names, "setsuzoku-daicho_R") || !strings.Contains(names, "setsuzoku-daicho-late_R") {
		t.Errorf("the month's files: %s", names)
	}
	if a := w.as("fuku").get("/late-entries/LE-0001"); a.status != http.StatusForbidden {
		t.Errorf("the office of permits reads it: %d", a.status)
	}
}

// paperOf is the number of the first print of a form for handwriting.
func paperOf(w *world, form string) string {
	for _, no := range []string{"HF-0001", "HF-0002"} {
		var f store.BlankForm
		if err := w.DB.Read(w.t.Context(), func(s *store.Snap) (err error) { f, err = s.BlankForm(no); return err }); err != nil {
			w.t.Fatal(err)
		}
		if f.Form == form {
			return no
		}
	}
	w.t.Fatalf("no print of %s", form)
	return ""
}

// TestARejectedLateEntryCountsNowhere: it leaves the ledger's form, and its papers can be entered anew.
func TestARejectedLateEntryCountsNowhere(t *testing.T) {
	t.Parallel()
	w := found(t)
	s := w.worked()
	w.Pass(3 * time.Hour)
	kato := w.as("kato")
	kato.get("/forms/work-report/blank.pdf")
	from := s.Started.In(w.pages.o.Zone).AddDate(0, 0, -4)
	in := url.Values{"forms": {"HF-0001"}, "system": {"hr"}, "vendor": {"V-012"}, "engineers": {"sato"}, "from": {from.Format("2006-01-02T15:04")}, "until": {from.Add(time.Hour).Format("2006-01-02T15:04")}, "done": {"再実行"}, "kept_at": {"書庫3"}}
	again := maps.Clone(in)
	kato.post("/late-entries/new", in)
	if a := kato.post("/late-entries/LE-0001/reject", url.Values{"reason": {""}}); !a.holds("理由を書いてください") {
		t.Errorf("rejected without a reason: %d", a.status)
	}
	kato.post("/late-entries/LE-0001/reject", url.Values{"reason": {"日付の誤り"}})
	kato.get("/late-entries/LE-0001").has(t, "却下", "日付の誤り")
	form, err := w.pages.o.Views.Form(t.Context(), view.Reader{Person: w.known("head"), Via: "web"}, view.FormAsked{Form: "ledger"})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range form.Parts {
		for cells := range p.Table.Rows {
			if cells[0].Code == "LE-0001" {
				t.Error("the ledger's form has the rejected entry")
			}
		}
	}
	kato.post("/late-entries/new", again)
	kato.get("/late-entries/LE-0002").has(t, "確認待ち", "HF-0001")
}
