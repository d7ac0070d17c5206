package pages

import (
	"archive/zip"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"sekimori/broker/figures"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
)

// The yearly report is made final on its pages by two people; then its figures, its file and its corrections stand there, in both languages.
func TestAYearlyReportIsMadeFinalOnItsPage(t *testing.T) {
	t.Parallel()
	w := found(t)
	section, auditor, head := w.as("deputy"), w.as("mori"), w.as("head")
	done := func(b *browser, act string, values url.Values) {
		t.Helper()
		values.Set("password", "right")
		values.Set("code", "right")
		if a := b.post("/annual/R7/"+act, values); a.status != http.StatusSeeOther {
			t.Fatalf("%s: %d %s", act, a.status, a.body)
		}
	}
	section.get("/annual/R7?lang=ja").has(t, "案(未確定)", "/annual/R7/finalise", "確定する", "審議会の意見と対応", "正誤")
	if a := head.get("/annual/R7?lang=en"); a.status != http.StatusOK || strings.Contains(a.body, "/annual/R7/finalise") {
		t.Errorf("a head: %d, or is offered to finalise", a.status)
	}
	if a := section.get("/annual/R8?lang=en"); strings.Contains(a.body, "/annual/R8/finalise") {
		t.Error("a year that is not over is offered")
	}
	section.get("/annual/R7/finalise?lang=en").has(t, "Finalise", "Digest of the figures")
	if a := section.post("/annual/R7/finalise", url.Values{}); a.status < 400 {
		t.Errorf("without a proof: %d", a.status)
	}
	done(section, "finalise", url.Values{})
	if a := section.get("/annual/R7?lang=ja"); !strings.Contains(a.body, "案(同意1/2)") || strings.Contains(a.body, "/annual/R7/finalise") {
		t.Error("after one agreement it is no draft, or is offered to the same person")
	}
	done(auditor, "finalise", url.Values{})
	head.get("/annual/R7?lang=ja").has(t, "<strong>確定 ", "情報システム課の同意", "点検担当の同意")
	head.get("/annual/R7?lang=en").has(t, "<strong>Final Tue 24 Nov 2026", "Auditor agreed")
	done(auditor, "correct", url.Values{"place": {"表1 申請"}, "wrong": {"0"}, "correct": {"1"}, "reason": {"紙の申請があった"}})
	done(section, "opinion", url.Values{"said_on": {"2026-06-10"}, "opinion": {"立会いを確実に"}, "response": {"手順を改めた"}})
	head.get("/annual/R7?lang=ja").has(t, "紙の申請があった", "立会いを確実に", "手順を改めた")

	file := auditor.post("/forms/annual/export", url.Values{"id": {"R7"}, "purpose": {"periodic-review"}, "format": {"json"}})
	r, err := figures.Read(strings.NewReader(file.body))
	if err != nil || r.Checkpoint == "" || r.FiscalYear != 2025 {
		t.Errorf("%d %v %+v", file.status, err, r)
	}
}

// A year without sessions has no rate, on the page, on paper and in CSV; beside it stands the year before. Each chart has a title, a description and its
// table below, and the year before is hatched.
func TestAYearWithoutWorkHasNoRates(t *testing.T) {
	t.Parallel()
	w := found(t)
	w.ledgersWork()
	b := w.as("mori")
	first := b.get("/annual/R8?lang=ja")
	first.has(t, "概要(前年度比)", "立会い率 100%", "—(台帳なし)", "表2 接続 終了理由別", `href="#sessions"`, `id="sessions"`, "CSV一式", "検証ファイル")
	chart := section(first.body, `id="sessions-by_end_cause"`, "</section>")
	for _, want := range []string{`role="img" aria-labelledby="chart-sessions-by_end_cause-title chart-sessions-by_end_cause-desc"`, "<title id=", "のグラフ</title>", "元の表はこの下", `class="first"`, "</figure>"} {
		if !strings.Contains(chart, want) {
			t.Errorf("the chart lacks %q in\n%s", want, chart)
		}
	}
	if strings.Contains(chart, `class="second"`) || !strings.Contains(chart[strings.Index(chart, "</figure>"):], "<table") {
		t.Error("bars of a year without a ledger, or no table below the chart")
	}
	w.Pass(200 * 24 * time.Hour) // June 2027: R9
	b = w.as("mori")
	next := b.get("/annual/R9?lang=ja")
	next.has(t, "立会い率 —(接続なし)", "点検率 —(点検の対象なし)", "—(作業した保守要員なし)", "—(点検済みの操作記録なし)", "接続</dt>", "0件(-1)")
	if rates := section(next.body, `id="sessions"`, "</section>"); !strings.Contains(rates, "100%") || strings.Contains(rates, "%</span></td><td><span class=\"line\">100%</span></td><td><span class=\"line\">+") {
		t.Errorf("the year before lacks its rate, or there is a change of it:\n%s", rates)
	}
	if hatched := section(next.body, `id="sessions-by_end_cause"`, "</section>"); !strings.Contains(hatched, `class="second" fill="url(#chart-sessions-by_end_cause-hatch)"`) {
		t.Errorf("no bar of the year before:\n%s", hatched)
	}
	file := b.post("/forms/annual/export", url.Values{"id": {"R9"}, "purpose": {"periodic-review"}, "format": {"csv"}, "header": {"keys"}})
	table := zipped(t, file.body, "nenji-hokoku-sessions_")
	if !strings.Contains(table, `"attended_rate","Attended (%, rounded down)","— (no sessions)",100,`) && !strings.Contains(table, `"attended_rate","立会い率(%、切捨て)","—(接続なし)",100,`) {
		t.Errorf("CSV:\n%s", table)
	}
	if a := b.get("/annual/R9?lang=en"); !strings.Contains(a.body, "— (no sessions)") || strings.Contains(a.body, "接続なし") {
		t.Error("the English page")
	}
}

// ledgersWork enters the opening and the end of an attended session.
func (w *world) ledgersWork() {
	w.t.Helper()
	w.put(func(tx *store.Tx) error {
		for _, one := range []struct {
			kind string
			p    map[string]any
		}{
			{"session.opening", map[string]any{"session_id": "S-20261124-09", "window": "R8-0009-1", "request_no": "R8-0009", "vendor": "V-012", "engineer": "E-0031", "attendant": "U-005"}},
			{"session.ended", map[string]any{"session_id": "S-20261124-09", "request_no": "R8-0009", "seconds": 600, "end_cause": "ended-by-engineer"}},
		} {
			if _, err := tx.Append(ledger.Draft{Kind: one.kind, Actor: ledger.Actor{Kind: "broker", Via: "timer"}, Payload: one.p}); err != nil {
				return err
			}
		}
		return nil
	})
}

// The page with its charts holds to the rules of accessibility in every look, with a year before and without.
func TestTheYearlyReportInABrowser(t *testing.T) {
	t.Parallel()
	wholeRun(t)
	startChromium(t)
	w := found(t)
	w.ledgersWork()
	for _, year := range []string{"R8", "R9"} {
		for _, l := range looks {
			b := w.tab("mori", l)
			b.open("/annual/" + year)
			b.checked("/annual/"+year+" "+l.String(), l)
		}
		w.Pass(200 * 24 * time.Hour)
	}
}

// section is the text from a word to the next end.
func section(body, from, to string) string {
	_, rest, _ := strings.Cut(body, from)
	part, _, _ := strings.Cut(rest, to)
	return part
}

// zipped is the file of an archive whose name begins so.
func zipped(t *testing.T, body, begins string) string {
	t.Helper()
	z, err := zip.NewReader(strings.NewReader(body), int64(len(body)))
	if err != nil {
		t.Fatalf("%v: %.300s", err, body)
	}
	for _, f := range z.File {
		if !strings.HasPrefix(f.Name, begins) {
			continue
		}
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		all, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		return string(all)
	}
	t.Fatalf("no file %s", begins)
	return ""
}

// The report of a year that is over, which is the one to be made final, is found without typing an address: from the menu's page and from
// the list of forms.
func TestTheReportOfThePastYearIsFound(t *testing.T) {
	t.Parallel()
	w := found(t)
	section := w.as("deputy")
	section.get("/forms?lang=ja").has(t, `href="/annual"`, "年次報告を開く")
	section.get("/annual/R8?lang=ja").has(t, `href="/annual/R7"`, "前の年度(R7)")
	section.get("/annual/R8?lang=en").lacks(t, `href="/annual/R9"`)
	section.get("/annual/R7?lang=en").has(t, `href="/annual/R6"`, `href="/annual/R8"`, "The year after (R8)")
	section.get("/annual/R1?lang=en").lacks(t, `href="/annual/R0"`)
	w.as("kato").get("/forms?lang=ja").lacks(t, "年次報告を開く")
}
