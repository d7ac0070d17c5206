package pages

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"sekimori/broker/store"
)

func TestTheLedgerOnPages(t *testing.T) {
	w := found(t)
	w.worked()
	b := w.as("head")
	b.get("/ledger").has(t, "S-20261124-02", "強制切断", "25分", "検証できていません", "書き出しは点検担当だけが行えます", "点検待ち", "課長")
	if err := w.o.Views.VerifyAsked(t.Context()); err != nil { // as the timer does
		t.Fatal(err)
	}
	b.get("/ledger?lang=en").has(t, "No tampering found", "Only the auditor may export")
	b.get("/ledger?lang=ja&end_cause=cut-by-attendant&review=unsigned&month=all").has(t, "S-20261124-02")
	if a := b.get("/ledger?end_cause=window-ended"); strings.Contains(a.body, "S-20261124-02") {
		t.Error("the filter lets another end cause through")
	} else {
		a.has(t, "条件に合うものがありません。", "条件を消す")
	}
	b.get("/ledger/entries?kind=session.*&lang=ja").has(t, "すべての記載")
	b.get("/ledger/1").has(t, "検証値", "前の記載")
	w.corrects()
	if a := b.get("/ledger/99999"); a.status != http.StatusNotFound {
		t.Errorf("no such entry: %d", a.status)
	}
	if a := b.get("/ledger/export"); a.status != http.StatusForbidden {
		t.Errorf("the head exports: %d", a.status)
	}
	w.as("kato").get("/ledger/verify").has(t, "改ざんなし", "検証のしかた", "sekimori-verify")
	if a := w.as("kato").get("/ledger"); a.status != http.StatusForbidden {
		t.Errorf("the requester: %d", a.status)
	}
	w.as("ito").get("/ledger").has(t, "S-20261124-02") // it attended that window
	if a := w.as("ito").get("/ledger/entries"); a.status != http.StatusForbidden {
		t.Errorf("the attendant reads all entries: %d", a.status)
	}
	w.as("admin").get("/ledger/checkpoint").has(t, "確定点")
	m := w.as("mori")
	m.get("/ledger").has(t, `href="/ledger/export"`)
	if a := m.post("/ledger/export", url.Values{}); a.status != http.StatusUnprocessableEntity {
		t.Errorf("without a purpose: %d", a.status)
	}
	a := m.post("/ledger/export", url.Values{"purpose": {"periodic-review"}})
	if a.status != http.StatusOK || !strings.Contains(a.header.Get("Content-Disposition"), ".jsonl") || !strings.Contains(a.body, "ledger.exported") {
		t.Errorf("%d %v %.300s", a.status, a.header, a.body)
	}
	if a := m.post("/ledger/verify", url.Values{"back": {"/ledger"}}); a.status != http.StatusSeeOther {
		t.Errorf("verify now: %d", a.status)
	}
}

// corrects appends a correction on pages: the head to an entry about the head's system, and the form keeps what was typed.
func (w *world) corrects() {
	t, b := w.t, w.as("head")
	var no string
	if err := w.DB.Read(t.Context(), func(s *store.Snap) error {
		for e, err := range s.Entries(store.EntryFilter{Subject: "hr", Newest: true, Limit: 1}) {
			if err != nil {
				return err
			}
			no = strconv.FormatInt(e.Index, 10)
		}
		return nil
	}); err != nil || no == "" {
		t.Fatal(no, err)
	}
	form := "/ledger/entries/" + no + "/correct"
	b.get("/ledger/"+no).has(t, "訂正を追記", form)
	b.get(form).has(t, "訂正の内容", "元の記載は変わらない")
	if a := b.post(form, url.Values{}); a.status != http.StatusUnprocessableEntity {
		t.Errorf("without a text: %d", a.status)
	}
	a := b.post(form, url.Values{"text": {"時刻は 11:24"}})
	if a.status != http.StatusSeeOther || !strings.HasPrefix(a.header.Get("Location"), "/ledger/"+no+"?done=correct") {
		t.Fatalf("%d %v %.300s", a.status, a.header, a.body)
	}
	kinds := w.Kinds(t, "ledger/"+no)
	if len(kinds) != 1 || kinds[0] != "ledger.corrected" {
		t.Errorf("about the entry: %v", kinds)
	}
	page := b.get("/ledger/" + no)
	_, rest, _ := strings.Cut(page.body, "訂正 → ")
	correction := strings.TrimRight(rest[:strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })], " ")
	b.get("/ledger/"+correction).has(t, no+" を訂正", "時刻は 11:24")
	if a := w.as("kato").post(form, url.Values{"text": {"x"}}); a.status != http.StatusForbidden {
		t.Errorf("the requester corrects: %d", a.status)
	}
}
