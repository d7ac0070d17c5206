package pages

import (
	"errors"
	"io"
	"net/http"

	"sekimori/broker/api"
	"sekimori/broker/fault"
	"sekimori/broker/sheet"
	"sekimori/broker/view"
	"sekimori/policy"
	"sekimori/policy/text"
)

// ExportPage asks for the purpose of an export and for the form of its file.
type ExportPage struct {
	Frame
	Action   string
	Whole    bool // the ledger itself can be exported too, in the form that can be verified
	Fields   []Field
	Hidden   []Field // which form it is
	Replaced text.Text
}

// formatFigures is the verification file of a yearly report.
const formatFigures = "json"

// formatWhole is the whole ledger as JSON lines.
const formatWhole = "jsonl"

func (p *Pages) exportForm(v *visit) error {
	if err := p.o.Views.OpenedPage(v.r.Context(), v.reader(), view.LedgerExport); err != nil {
		return err
	}
	return v.show(v.exportPage("ledger", text.Text{}))
}

func (p *Pages) formExportForm(v *visit) error {
	if _, err := v.formAsked(v.r.URL.Query()); err != nil {
		return err
	}
	if err := p.o.Views.OpenedPage(v.r.Context(), v.reader(), view.LedgerExport); err != nil {
		return err
	}
	return v.show(v.exportPage(v.r.PathValue("form"), text.Text{}))
}

// exportPage is the page with what was typed; wrong is what is amiss with the purpose.
func (v *visit) exportPage(form string, wrong text.Text) *ExportPage {
	page := &ExportPage{Frame: v.frame(), Action: v.r.URL.Path, Whole: v.r.PathValue("form") == ""}
	said := func(key, otherwise string) string {
		if list := v.given(key); len(list) > 0 {
			return list[0]
		}
		if set := v.r.URL.Query().Get(key); set != "" {
			return set
		}
		return otherwise
	}
	choices := func(key string, label text.Text, first string, words ...Choice) Field {
		set := said(key, first)
		for i := range words {
			words[i].Set = words[i].Word == set
		}
		return Field{Key: key, Label: label, Control: "radio", Choices: words}
	}
	k, _ := view.FormOf(form)
	if k.OfMonth() {
		page.Fields = append(page.Fields, v.monthField(said("month", v.p.o.Clock().In(v.p.o.Zone).Format("2006-01")), text2("すべて", "All"), everyMonth))
	} else {
		page.Hidden = append(page.Hidden, Field{Key: "id", Value: said("id", "")})
	}
	formats := []Choice{{Word: view.FormatPDF, Text: text2("PDF(紙の様式)", "PDF (as on paper)")}, {Word: view.FormatXLSX, Text: text2("XLSX(表計算)", "XLSX (workbook)")}, {Word: view.FormatCSV, Text: text2("CSV(ZIPに入れて)", "CSV (within a ZIP)")}}
	first := view.FormatPDF
	if page.Whole {
		formats, first = append([]Choice{{Word: formatWhole, Text: text2("台帳のすべての記載(JSONL、検証できる形)", "All entries of the ledger (JSONL, can be verified)")}}, formats...), formatWhole
	}
	if form == "annual" {
		formats = append(formats, Choice{Word: formatFigures, Text: text2("検証ファイル(sekimori-verify で数え直せる数値)", "Verification file (figures that sekimori-verify counts again)")})
	}
	page.Fields = append(page.Fields,
		choices("format", text2("形式", "Format"), first, formats...),
		choices("header", text2("見出し(CSV・XLSX)", "Heads of columns (CSV, XLSX)"), "words", Choice{Word: "words", Text: text2("日本語", "English words")}, Choice{Word: "keys", Text: text2("変わらない符号", "Stable keys")}),
		choices("encoding", text2("文字コード(CSV)", "Encoding (CSV)"), "utf8", Choice{Word: "utf8", Text: text2("UTF-8(表計算ソフトでそのまま開けます)", "UTF-8 (opens in spreadsheets as it is)")}, Choice{Word: "cp932", Text: text2("CP932(Shift_JIS)", "CP932 (Shift_JIS)")}))
	var purposes []Choice
	for _, purpose := range policy.Purposes(policy.ActLedgerExport) {
		purposes = append(purposes, Choice{Word: string(purpose), Text: purpose.Label()})
	}
	purpose := choices("purpose", text2("閲覧目的", "Purpose of viewing"), "", purposes...)
	purpose.Required, purpose.Error = true, wrong
	page.Fields = append(page.Fields, purpose, Field{Key: "explanation", Label: text2("説明", "Explanation"), Control: "text", Value: said("explanation", "")})
	if !wrong.IsZero() {
		page.Errors = []Problem{{Field: "purpose", Text: wrong}}
	}
	return page
}

// export sends the whole ledger, or its table of connections as a form.
func (p *Pages) export(v *visit) error {
	if err := v.readForm(); err != nil {
		return err
	}
	if format := v.r.PostFormValue("format"); format != "" && format != formatWhole {
		return v.exported("ledger")
	}
	why, err := v.why()
	if err != nil {
		return err
	}
	return v.shownAgain("ledger", v.download(&policy.Attempt{Act: policy.ActLedgerExport, Purpose: why.Purpose}, func(begin func(view.FormFile) io.Writer) error {
		return p.o.Views.ExportLedger(v.r.Context(), v.reader(), why, func() io.Writer {
			return begin(view.FormFile{Name: "setsuzoku-daicho_" + p.o.Clock().In(p.o.Zone).Format("20060102T1504MST") + ".jsonl", MediaType: "application/jsonl"})
		})
	}))
}

func (p *Pages) formExport(v *visit) error {
	if err := v.readForm(); err != nil {
		return err
	}
	return v.exported(v.r.PathValue("form"))
}

// exported sends a form as a file. Characters that the encoding lacks are announced first.
func (v *visit) exported(form string) error {
	v.r.SetPathValue("form", form)
	a, err := v.formAsked(v.r.PostForm)
	if err != nil {
		return err
	}
	said := v.r.PostFormValue
	out := view.FormOutput{Format: said("format"), Options: sheet.Options{Lang: v.lang, Keys: said("header") == "keys", CP932: said("encoding") == "cp932"}, Replace: said("replace") == "true"}
	switch out.Format {
	case view.FormatPDF, view.FormatXLSX, view.FormatCSV:
	case formatFigures:
		if form == "annual" {
			break
		}
		fallthrough
	default:
		return fault.BadRequest("知らない形式です", "unknown format", nil)
	}
	why, ok := view.NewWhy(said("purpose"), said("explanation"))
	if !ok {
		return fault.BadRequest("説明に表示できない文字があるか、長すぎます", "the explanation has characters that cannot be shown, or is too long", nil)
	}
	return v.shownAgain(form, v.download(&policy.Attempt{Act: policy.ActLedgerExport, Purpose: why.Purpose}, func(begin func(view.FormFile) io.Writer) error {
		if out.Format == formatFigures {
			return v.p.o.Views.AnnualFile(v.r.Context(), v.reader(), a.ID, why, begin)
		}
		return v.p.o.Views.ExportForm(v.r.Context(), v.reader(), a, out, why, begin)
	}))
}

// shownAgain shows the page again where the purpose is missing or an announcement has to be agreed to.
func (v *visit) shownAgain(form string, err error) error {
	var denied *policy.Denied
	var told *api.Fault
	switch {
	case errors.As(err, &denied) && denied.Reason == policy.ViewPurposeRequired:
		return v.showAs(http.StatusUnprocessableEntity, v.exportPage(form, text2("閲覧目的を選んでください", "Choose a purpose")))
	case errors.As(err, &told) && told.Code == view.CodeReplaced:
		page := v.exportPage(form, text.Text{})
		page.Replaced = text2(told.JA, told.EN)
		return v.showAs(told.Status, page)
	}
	return err
}

// download sends a file that begin names. look is what policy allowed; nil: the sign-in alone counts. What was sent cannot be taken back: an
// error after the first byte cuts the connection, which alone tells the browser that the file is not whole.
func (v *visit) download(look *policy.Attempt, write func(begin func(view.FormFile) io.Writer) error) error {
	var body *lasting
	defer func() {
		if body != nil {
			body.end()
		}
	}()
	err := write(func(f view.FormFile) io.Writer {
		h := v.w.Header()
		h.Set("Content-Type", f.MediaType)
		h.Set("Content-Disposition", disposition(f.Name))
		if look != nil {
			look = v.allowedLook(*look)
		}
		body = v.lasting(look, 0)
		return body
	})
	if err != nil && body != nil {
		v.p.o.Log.Info("export_broke_off", "person", v.person.ID, "error", err)
		panic(http.ErrAbortHandler)
	}
	return err
}
