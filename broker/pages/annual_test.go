package pages

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"sekimori/broker/figures"
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
