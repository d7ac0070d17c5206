package pages

import (
	"io"
	"net/url"
	"strings"
	"time"

	"sekimori/broker/annual"
	"sekimori/broker/fault"
	"sekimori/broker/sheet"
	"sekimori/broker/store"
	"sekimori/broker/view"
	"sekimori/policy"
	"sekimori/policy/text"
)

func formRoutes() []row {
	readers := everyStaff() // which person reads which form is judged as for the thing itself
	return []row{
		get("/forms", staff, text2("様式", "Forms"), everyStaff(), l0, (*Pages).forms).inMenu(97),
		get("/forms/{form}/blank.pdf", staff, text2("手書き用の様式", "Form for handwriting"), everyStaff(), l1, (*Pages).blankForm),
		get("/forms/{form}/print", staff, text2("印刷用", "Print view"), readers, l1, (*Pages).formPrint),
		get("/forms/{form}/form.pdf", staff, text2("印刷用(PDF)", "Print as PDF"), readers, l1, (*Pages).formPDF),
		get("/forms/{form}/export", staff, text2("様式の書き出し", "Export of a form"), those(policy.Auditor), l1, (*Pages).formExportForm).denying(policy.ExportAuditorOnly),
		get("/annual", staff, text2("年次報告", "Annual report"), yearReaders(), l0, (*Pages).annual).inMenu(96),
		get("/recordings/{id}/receipt", staff, text2("操作記録廃棄証明書", "Receipt of a recording's disposal"), readers, l1, (*Pages).receipt),
		get("/annual/{fy}", staff, text2("年次報告", "Annual report"), yearReaders(), l1, (*Pages).annualYear),
		post("/forms/{form}/export", staff, text2("様式の書き出し", "Export of a form"), those(policy.Auditor), l1, (*Pages).formExport).denying(policy.ExportAuditorOnly),
	}
}

// yearReaders are the roles of policy.MayReadYear.
func yearReaders() callers {
	return those(policy.Approver, policy.SecondApprover, policy.InformationSystems, policy.Auditor)
}

// annual leads to the report of the present fiscal year.
func (p *Pages) annual(v *visit) error { return v.to("/annual/" + p.o.Views.ThisFiscalYear()) }

// annualYear shows form 5.7 of a fiscal year.
func (p *Pages) annualYear(v *visit) error {
	id := v.r.PathValue("fy")
	offers, err := p.o.Views.YearOffers(v.r.Context(), v.reader(), id)
	if err != nil {
		return err
	}
	return v.showForm(view.FormAsked{Form: "annual", ID: id}, append(openActs(offers, "/annual/"+url.PathEscape(id)), p.yearsBeside(id)...)...)
}

// yearsBeside lead to the reports of the years before and after; a report is made final after its year.
func (p *Pages) yearsBeside(id string) (beside []Link) {
	year, err := annual.FiscalYear(id)
	if err != nil {
		return nil
	}
	if before := annual.Name(year - 1); year > 2019 { // Reiwa began in that fiscal year
		beside = append(beside, Link{text2("前の年度("+before+")", "The year before ("+before+")"), "/annual/" + before})
	}
	present, err := annual.FiscalYear(p.o.Views.ThisFiscalYear())
	if after := annual.Name(year + 1); err == nil && year < present {
		beside = append(beside, Link{text2("次の年度("+after+")", "The year after ("+after+")"), "/annual/" + after})
	}
	return beside
}

// receipt shows the receipt of a recording's disposal.
func (p *Pages) receipt(v *visit) error {
	id := v.r.PathValue("id")
	return v.showForm(view.FormAsked{Form: view.ReceiptForm, ID: id}, Link{text2("接続の記録 "+id, "Session "+id), sessionPath(id)})
}

func receiptPath(session string) string { return recordingPath(session) + "/receipt" }

// annualFiles are the files of the yearly report, for those who may export.
func annualFiles(query string) []Link {
	return []Link{{text2("CSV一式", "CSV, all tables"), "/forms/annual/export?" + query + "&format=" + view.FormatCSV}, {text2("検証ファイル", "Verification file"), "/forms/annual/export?" + query + "&format=" + formatFigures}}
}

func formPages() map[string]page {
	return map[string]page{"forms": &FormsPage{}, "formprint": &FormPrint{}, "export": &ExportPage{}}
}

// FormsPage lists the institution's forms: each blank for handwriting, and those of a month.
type FormsPage struct {
	Frame
	Table Table
	Rows  []FormLine
	May   bool // export
	Late  bool // read late entries
	Enter bool // make one
	Month Field
}

// FormLine is one form.
type FormLine struct {
	Name                 text.Text
	Blank, Print, Export string // addresses; empty: not from here
	Open                 string // address of the form's own page
}

func (p *Pages) forms(v *visit) error {
	page := &FormsPage{Frame: v.frame(), May: v.mayExportLedger(), Late: v.leadsTo("/late-entries"), Enter: v.leadsTo("/late-entries/new"), Table: Table{Caption: text2("様式", "Forms"), Columns: []text.Text{text2("様式", "Form"), text2("手書き用", "For handwriting"), text2("今月分・今年度", "This month or year")}}}
	month := p.o.Clock().In(p.o.Zone).Format("2006-01")
	for _, k := range view.Forms() {
		one := FormLine{Name: k.Name}
		if k.ByHand() {
			one.Blank = "/forms/" + k.Key + "/blank.pdf"
		}
		if k.OfMonth() {
			one.Print = "/forms/" + k.Key + "/print?month=" + month
			if page.May {
				one.Export = "/forms/" + k.Key + "/export?month=" + month
			}
		}
		if k.Key == "annual" && yearReaders().Allow(v.person) {
			one.Open = "/annual"
		}
		if one.Blank+one.Print+one.Open != "" { // others are printed from the page of their thing alone
			page.Rows = append(page.Rows, one)
		}
	}
	return v.show(page)
}

// formAsked reads which form the address asks for.
func (v *visit) formAsked(values url.Values) (view.FormAsked, error) {
	a := view.FormAsked{Form: v.r.PathValue("form"), ID: values.Get("id")}
	k, ok := view.FormOf(a.Form)
	if !ok {
		return a, fault.NotFound()
	}
	if !k.OfMonth() {
		if a.ID == "" {
			return a, fault.NotFound()
		}
		return a, nil
	}
	a.ID = ""
	switch month := values.Get("month"); month {
	case everyMonth:
	case "":
		now := v.p.o.Clock().In(v.p.o.Zone)
		a.From = time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, v.p.o.Zone)
	default:
		from, err := time.ParseInLocation("2006-01", month, v.p.o.Zone)
		if err != nil {
			return a, fault.BadRequest("月は 2026-11 の形です", "a month is like 2026-11", nil)
		}
		a.From = from
	}
	return a, nil
}

// formQuery names the same form in the query of an address.
func formQuery(a view.FormAsked) string {
	q := url.Values{}
	switch {
	case a.ID != "":
		q.Set("id", a.ID)
	case a.From.IsZero():
		q.Set("month", everyMonth)
	default:
		q.Set("month", a.From.Format("2006-01"))
	}
	return q.Encode()
}

// printPath is the printed form of a thing.
func printPath(form, id string) string {
	return "/forms/" + form + "/print?" + formQuery(view.FormAsked{ID: id})
}

// FormPrint is a form on a page, from the values that PDF and export have.
type FormPrint struct {
	Frame
	Sheet   *sheet.Sheet
	Printed Moment
	Parts   []PrintedPart
	PDF     string
	Exports []Link // empty: the person may not export
	Jumps   []Link // to the parts of a long formstring // addresses; empty: not here
	Acts    []Link // the acts that are open to the person
	QR      *QR    // nil: the form has none
	Cut     bool   // rows beyond mostPrinted are left out
}

// PrintedPart is a part of a form with its rows.
type PrintedPart struct {
	Key    string // of the part; the page's anchor
	Title  text.Text
	Chart  *DrawnChart
	Fields []sheet.Field
	Decks  [][]sheet.Column
	Rows   [][][]sheet.Cell // rows, of each its decks
	Empty  text.Text
	None   bool // the table has no rows
}

// mostPrinted is how many rows of a form a page shows.
const mostPrinted = 500

func (p *Pages) formPrint(v *visit) error {
	a, err := v.formAsked(v.r.URL.Query())
	if err != nil {
		return err
	}
	return v.showForm(a)
}

// showForm shows a form with its values, and acts on it.
func (v *visit) showForm(a view.FormAsked, acts ...Link) error {
	p := v.p
	s, err := p.o.Views.Form(v.r.Context(), v.reader(), a)
	if err != nil {
		return err
	}
	page := &FormPrint{Frame: v.frame(), Sheet: s, Printed: moment(s.Printed, p.o.Zone), Acts: acts}
	page.Title = s.Name
	if v.site == staff {
		page.PDF, page.Crumbs = "/forms/"+a.Form+"/form.pdf?"+formQuery(a), []Link{{text2("様式", "Forms"), "/forms"}}
	}
	if v.site == staff && v.mayExportLedger() {
		page.Exports = []Link{{text2("書き出し", "Export"), "/forms/" + a.Form + "/export?" + formQuery(a)}}
		if a.Form == "annual" {
			page.Exports = annualFiles(formQuery(a))
		}
	}
	if s.Code != "" {
		drawn, err := drawQR(s.Code)
		if err != nil {
			return err
		}
		page.QR = &drawn
	}
	left := mostPrinted
	for _, part := range s.Parts {
		one := PrintedPart{Key: part.Key, Title: part.Title, Fields: part.Fields}
		if a.Form == "annual" && !strings.Contains(part.Key, "-") { // a breakdown stands below its table
			page.Jumps = append(page.Jumps, Link{part.Title, "#" + part.Key})
		}
		if part.Table != nil {
			one.Empty = part.Table.Empty
			of := decks(part.Table.Columns)
			for _, deck := range of {
				var columns []sheet.Column
				for _, i := range deck {
					columns = append(columns, part.Table.Columns[i])
				}
				one.Decks = append(one.Decks, columns)
			}
			var all [][]sheet.Cell
			for cells, err := range part.Table.Rows {
				if err != nil {
					return err
				}
				all = append(all, cells)
				if left--; left < 0 {
					page.Cut = true
					break
				}
				var row [][]sheet.Cell
				for _, deck := range of {
					var line []sheet.Cell
					for _, i := range deck {
						line = append(line, cells[i])
					}
					row = append(row, line)
				}
				one.Rows = append(one.Rows, row)
			}
			one.None, one.Chart = len(one.Rows) == 0, drawChart(part, all)
		}
		page.Parts = append(page.Parts, one)
	}
	return v.show(page)
}

// decks are the columns of each line of a row, by their places.
func decks(columns []sheet.Column) (out [][]int) {
	for i, c := range columns {
		for len(out) <= c.Deck {
			out = append(out, nil)
		}
		out[c.Deck] = append(out[c.Deck], i)
	}
	return out
}

// requestPrint shows the form of a request, on both sites.
func (p *Pages) requestPrint(v *visit) error {
	return v.showForm(view.FormAsked{Form: "request", ID: v.r.PathValue("no")})
}

// sessionPrint shows a form about a session: its work report, or the attendance record of its window.
func (p *Pages) sessionPrint(v *visit) error {
	a := view.FormAsked{Form: v.r.PathValue("form"), ID: v.r.PathValue("id")}
	switch a.Form {
	case "work-report":
	case "attendance":
		s, err := p.o.Views.Session(v.r.Context(), v.reader(), a.ID)
		if err != nil {
			return err
		}
		a.ID = s.Window
	default:
		return fault.NotFound()
	}
	return v.showForm(a)
}

func (p *Pages) formPDF(v *visit) error {
	a, err := v.formAsked(v.r.URL.Query())
	if err != nil {
		return err
	}
	return v.printed(a, false)
}

func (p *Pages) blankForm(v *visit) error {
	return v.printed(view.FormAsked{Form: v.r.PathValue("form")}, true)
}

// printed sends a form as PDF.
func (v *visit) printed(a view.FormAsked, blank bool) error {
	if _, ok := view.FormOf(a.Form); !ok {
		return store.ErrNotFound
	}
	return v.download(nil, func(begin func(view.FormFile) io.Writer) error {
		return v.p.o.Views.PrintForm(v.r.Context(), v.reader(), a, v.lang, blank, begin)
	})
}

// disposition names a downloaded file. Names are ASCII.
func disposition(name string) string {
	return `attachment; filename="` + strings.ReplaceAll(name, `"`, "") + `"`
}
