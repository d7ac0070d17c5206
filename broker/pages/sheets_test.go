package pages

import (
	"archive/zip"
	"bytes"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"sekimori/broker/figures"
	"sekimori/broker/internal/testbed"
	"sekimori/broker/ledger"
	"sekimori/broker/sheet"
	"sekimori/broker/store"
	"sekimori/broker/view"
	"sekimori/policy"
)

// TestFormsOnPageAndPaperAgree reads each form on its page and as PDF, in both languages: every value of the page stands in the PDF.
func TestFormsOnPageAndPaperAgree(t *testing.T) {
	t.Parallel()
	testbed.Need(t, "pdftotext")
	w := found(t)
	s := w.worked()
	w.handedIn(s)
	w.disposedOf(s.ID)
	w.Pass(3 * time.Hour)
	for form, query := range map[string]string{"request": "?id=R8-0001", "ledger": "?month=all", "work-report": "?id=WR-1", "attendance": "?id=R8-0001-1", "reviews": "?month=all", "vendor": "?id=V-012", "annual": "?id=R8", "receipt": "?id=S-20261124-02"} {
		for _, lang := range languages {
			b := w.as("mori")
			b.get("/forms?lang=" + lang)
			page := b.get("/forms/" + form + "/print" + query + "&lang=" + lang)
			if page.status != http.StatusOK {
				t.Fatalf("%s: %d %.400s", form, page.status, page.body)
			}
			a := b.get("/forms/" + form + "/form.pdf" + query + "&lang=" + lang)
			if a.status != http.StatusOK || a.header.Get("Content-Type") != "application/pdf" || !strings.HasPrefix(a.body, "%PDF-") {
				t.Fatalf("%s: %d %v", form, a.status, a.header)
			}
			said := paperText(t, form+"_"+lang, a.body)
			k, _ := view.FormOf(form)
			s, err := w.pages.o.Views.Form(t.Context(), view.Reader{Person: w.known("mori"), Via: "web"}, formOfQuery(form, query))
			if err != nil {
				t.Fatal(err)
			}
			values := []string{k.Name.In(lang)}
			for _, p := range s.Parts {
				for _, f := range p.Fields {
					values = append(append(values, strings.Fields(f.Label.In(lang))...), f.Text.In(lang)) // a long label is wrapped beside its value
				}
				if p.Table == nil || form == "annual" && p.Key == "ledger" { // each look is a further entry
					continue
				}
				for cells := range p.Table.Rows {
					for _, c := range cells { // the text of a longer value is wrapped between those beside it
						if v := c.Text.In(lang); len([]rune(v)) <= 4 {
							values = append(values, v)
						}
					}
				}
			}
			for _, want := range values {
				if !strings.Contains(said, squeezed(want)) {
					t.Errorf("%s in %s: the PDF lacks %q", form, lang, want)
				}
			}
		}
	}
}

func formOfQuery(form, query string) view.FormAsked {
	q, _ := url.ParseQuery(strings.TrimPrefix(query, "?"))
	return view.FormAsked{Form: form, ID: q.Get("id")}
}

func squeezed(s string) string { return strings.Join(strings.Fields(s), "") }

// paperText is the text of a PDF without spaces. With SEKIMORI_PDF_DIR the file is kept, to be looked at.
func paperText(t *testing.T, name, body string) string {
	t.Helper()
	dir := os.Getenv("SEKIMORI_PDF_DIR")
	if dir == "" {
		dir = t.TempDir()
	}
	file := filepath.Join(dir, name+".pdf")
	if err := os.WriteFile(file, []byte(body), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("pdftotext", "-layout", file, "-").Output()
	if err != nil {
		t.Fatal(err)
	}
	return squeezed(string(out))
}

// TestOnlyTheAuditorExportsForms: others are refused with reason 310, a purpose is needed, and each export is an entry before its first byte.
func TestOnlyTheAuditorExportsForms(t *testing.T) {
	t.Parallel()
	w := found(t)
	w.handedIn(w.worked())
	b := w.as("mori")
	in := func(pairs ...string) url.Values {
		v := url.Values{"id": {"R8-0001"}, "purpose": {"periodic-review"}}
		for i := 0; i < len(pairs); i += 2 {
			v.Set(pairs[i], pairs[i+1])
		}
		return v
	}
	for _, other := range []string{"head", "admin", "kato"} {
		if a := w.as(other).post("/forms/request/export", in("format", "csv")); a.status != http.StatusForbidden || !strings.Contains(a.body, "310") {
			t.Errorf("%s exports: %d", other, a.status)
		}
	}
	from := w.size()
	if a := b.post("/forms/request/export", in("format", "csv", "purpose", "")); a.status != http.StatusUnprocessableEntity {
		t.Errorf("without a purpose: %d", a.status)
	}
	if a := b.post("/forms/request/export", in("format", "doc")); a.status != http.StatusBadRequest {
		t.Errorf("unknown format: %d", a.status)
	}
	if kinds := w.entriesBy(from, "mori"); strings.Contains(strings.Join(kinds, " "), "form.exported") {
		t.Errorf("a refused export has the entry of an export: %v", kinds)
	}
	for format, begins := range map[string]string{"pdf": "%PDF-", "xlsx": "PK", "csv": "PK"} {
		from := w.size()
		a := b.post("/forms/request/export", in("format", format))
		if a.status != http.StatusOK || !strings.HasPrefix(a.body, begins) || !strings.Contains(a.header.Get("Content-Disposition"), "hoshu-shinsei_R8-0001_") {
			t.Errorf("%s: %d %v", format, a.status, a.header)
		}
		if kinds := w.entriesBy(from, "mori"); !strings.Contains(strings.Join(kinds, " "), "form.exported") {
			t.Errorf("%s: no entry: %v", format, kinds)
		}
		if format == "csv" {
			if names := zipNames(t, a.body); !strings.Contains(names, "verify.txt") || !strings.Contains(names, "hoshu-shinsei-checks_R8-0001_") {
				t.Errorf("files: %s", names)
			}
		}
	}
}

func zipNames(t *testing.T, body string) (names string) {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader([]byte(body)), int64(len(body)))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range z.File {
		names += f.Name + " "
	}
	return names
}

// TestCharactersThatCP932LacksAreAnnounced: nothing is sent and nothing is ledgered as exported until the auditor agrees.
func TestCharactersThatCP932LacksAreAnnounced(t *testing.T) {
	t.Parallel()
	w := found(t)
	w.planned("pending-first", "scheduled")
	w.renames("V-012", "\U00020BB7野家システム☃")
	b, from := w.as("mori"), w.size()
	in := url.Values{"id": {"R8-0001"}, "purpose": {"periodic-review"}, "format": {"csv"}, "encoding": {"cp932"}}
	a := b.post("/forms/request/export", in)
	if a.status != http.StatusConflict {
		t.Fatalf("%d %.300s", a.status, a.body)
	}
	a.has(t, "CP932にない文字が", "〓に置き換えます。", `name="replace"`)
	if kinds := w.entriesBy(from, "mori"); strings.Contains(strings.Join(kinds, " "), "form.exported") {
		t.Errorf("announced, and ledgered as exported: %v", kinds)
	}
	in.Set("replace", "true")
	if a := b.post("/forms/request/export", in); a.status != http.StatusOK || !strings.Contains(zipNames(t, a.body), "replaced.txt") {
		t.Errorf("agreed: %d", a.status)
	}
}

// TestBlankForms prints each form without values, marked for handwriting, for staff alone.
func TestBlankForms(t *testing.T) {
	t.Parallel()
	testbed.Need(t, "pdftotext")
	w := found(t)
	w.planned("approved", "scheduled")
	for _, k := range view.Forms() {
		if !k.ByHand() {
			continue
		}
		a := w.as("kato").get("/forms/" + k.Key + "/blank.pdf")
		if a.status != http.StatusOK {
			t.Fatalf("%s: %d", k.Key, a.status)
		}
		said := paperText(t, k.Key+"_blank", a.body)
		if !strings.Contains(said, "手書き用") || !strings.Contains(said, squeezed(k.Name.JA)) || strings.Contains(said, "V-012") {
			t.Errorf("%s: %.300s", k.Key, said)
		}
	}
	if a := w.as("kato").get("/forms/none/blank.pdf"); a.status != http.StatusNotFound {
		t.Errorf("no such form: %d", a.status)
	}
	if _, _, err := sheet.PDF(io.Discard, &sheet.Sheet{Blank: true}, "ja"); err != nil {
		t.Error(err)
	}
}

func (w *world) known(id string) (p policy.Person) {
	w.t.Helper()
	if err := w.DB.Read(w.t.Context(), func(s *store.Snap) error { one, err := s.Person(id); p = one.Person; return err }); err != nil {
		w.t.Fatal(err)
	}
	return p
}

func (w *world) renames(vendor, name string) {
	w.t.Helper()
	w.put(func(tx *store.Tx) error {
		v, err := tx.Vendor(vendor)
		if err != nil {
			return err
		}
		v.Name = name
		return tx.PutVendor(v)
	})
}

// TestAYearlyReportAgreesWithTheExport: the verification file from the page holds against the exported ledger, counted as the offline verifier
// counts it.
func TestAYearlyReportAgreesWithTheExport(t *testing.T) {
	t.Parallel()
	w := found(t)
	w.handedIn(w.worked())
	b := w.as("mori")
	b.get("/annual/R8").has(t, "年次報告", "表1 申請", "表5 閲覧と監視", "案(未確定)", "前年度比")
	if a := b.get("/annual/R0"); a.status != http.StatusNotFound {
		t.Errorf("no such year: %d", a.status)
	}
	if a := w.as("kato").get("/annual/R8"); a.status != http.StatusForbidden {
		t.Errorf("a requester reads it: %d", a.status)
	}
	file := b.post("/forms/annual/export", url.Values{"id": {"R8"}, "purpose": {"periodic-review"}, "format": {"json"}})
	r, err := figures.Read(strings.NewReader(file.body))
	if err != nil {
		t.Fatalf("%d %v", file.status, err)
	}
	export := b.post("/ledger/export", url.Values{"purpose": {"periodic-review"}})
	c := figures.New(r.From, r.To)
	_, err = ledger.Verify(strings.NewReader(export.body), ledger.VerifyOptions{Entry: func(e ledger.Entry) error {
		if e.Index < r.Entries {
			c.Add(e)
		}
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	if d := r.Compare(c); d.Figure != "" || d.Lost != nil || r.Entries == 0 {
		t.Errorf("%+v of %d entries", d, r.Entries)
	}
}

// TestTheReviewReportLeavesSampledWorkOut: work that a plan leaves out is neither owed nor overdue and stands under the work that is not reviewed;
// findings stand with their own numbers.
func TestTheReviewReportLeavesSampledWorkOut(t *testing.T) {
	t.Parallel()
	w := found(t)
	w.worked()
	w.put(func(tx *store.Tx) error {
		return tx.AddFinding(store.ReviewFinding{No: "F-001", Review: "R8-0001-1", System: "hr", Vendor: "V-012", Finding: "共用の鍵", Addressee: "V-012", Due: tx.Now.AddDate(0, 0, 7), OpenedBy: "mori"})
	})
	w.Pass(400 * 24 * time.Hour)
	read := func() map[string]string {
		t.Helper()
		s, err := w.pages.o.Views.Form(t.Context(), view.Reader{Person: w.known("mori"), Via: "web"}, view.FormAsked{Form: "reviews"})
		if err != nil {
			t.Fatal(err)
		}
		out := map[string]string{}
		for _, p := range s.Parts {
			for _, f := range p.Fields {
				out[f.Key], out[f.Key+" said"] = f.Code, f.Text.JA
			}
			if p.Table != nil {
				for cells := range p.Table.Rows {
					for _, c := range cells {
						out[p.Key] += c.Code + "|"
					}
				}
			}
		}
		return out
	}
	if got := read(); got["rate"] != "0" || got["overdue"] != "1" || got["left_out"] != "0" || !strings.HasPrefix(got["findings"], "F-001|共用の鍵|") {
		t.Errorf("before the draw: %v", got)
	}
	w.put(func(tx *store.Tx) error { return tx.DrawReview("R8-0001-1", store.DrawnLeftOut, "1/2", 0) })
	if got := read(); got["rate"] != "" || got["rate said"] != "—(点検の対象なし)" || got["coverage said"] != "—(点検済みの操作記録なし)" || got["overdue"] != "0" || got["left_out"] != "1" || !strings.Contains(got["not_reviewed"], "not-sampled") {
		t.Errorf("left out: %v", got)
	}
}

// TestThePrintPagesAreTheForms: the print pages of a request and of a session show the forms' own values, with 決裁欄; another form is not found,
// and a vendor's page leads to nothing on the staff's site.
func TestThePrintPagesAreTheForms(t *testing.T) {
	t.Parallel()
	w := found(t)
	w.handedIn(w.worked())
	head := w.as("head")
	for page, form := range map[string]string{"/requests/R8-0001/print": "/forms/request/print?id=R8-0001", "/sessions/S-20261124-02/print/work-report": "/forms/work-report/print?id=WR-1",
		"/sessions/S-20261124-02/print/attendance": "/forms/attendance/print?id=R8-0001-1"} {
		one, other := head.get(page), head.get(form)
		if sheet := sheetIn(other.body); one.status != http.StatusOK || sheet == "" || sheetIn(one.body) != sheet {
			t.Errorf("%s: %d, and is not %s", page, one.status, form)
		}
	}
	head.get("/requests/R8-0001/print").has(t, "決裁欄", "課長", "第二", "後閲", "電子承認済", "告知の版", "form.pdf?id=R8-0001")
	if a := head.get("/sessions/S-20261124-02/print/vendor"); a.status != http.StatusNotFound {
		t.Errorf("a form that is not of a session: %d", a.status)
	}
	if a := w.as("fuku").get("/sessions/S-20261124-02/print/attendance"); a.status < http.StatusForbidden {
		t.Errorf("the office of permits reads it: %d", a.status)
	}
	a := w.as("sato").get("/v/requests/R8-0001/print")
	a.has(t, "決裁欄", "保守要員A(E-0031)")
	a.lacks(t, `href="/forms`)
}

var printedMoment = regexp.MustCompile(`(?s)<p class="sheet-head">.*?</p>`)

// sheetIn is the form on a page, without the moment of printing.
func sheetIn(body string) string {
	_, sheet, _ := strings.Cut(body, `<div class="sheet">`)
	sheet, _, _ = strings.Cut(sheet, "</main>")
	return printedMoment.ReplaceAllString(sheet, "")
}

// TestFramesToBeStamped: the month's ledger has them where the institution has such; a form for handwriting has empty frames for decisions.
func TestFramesToBeStamped(t *testing.T) {
	t.Parallel()
	testbed.Need(t, "pdftotext")
	w := found(t)
	w.planned("approved", "scheduled")
	b := w.as("head")
	if said := paperText(t, "no_seals", b.get("/forms/ledger/form.pdf").body); strings.Contains(said, "所管課長") {
		t.Error("an institution without seals has frames")
	}
	if said := paperText(t, "request_frames", b.get("/forms/request/blank.pdf").body); !strings.Contains(said, "課長第二後閲") {
		t.Errorf("a request for handwriting lacks 決裁欄: %.200s", said)
	}
	s, err := view.New(view.Options{DB: w.DB, Clock: w.Now, Seals: true}).BlankForm(t.Context(), view.Reader{Person: w.known("head"), Via: "web"}, "ledger")
	if err != nil || len(s.Seals) != 2 {
		t.Errorf("with seals: %v, %v", s, err)
	}
}
