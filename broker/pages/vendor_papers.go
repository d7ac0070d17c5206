package pages

import (
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/fault"
	"sekimori/broker/store"
	"sekimori/broker/view"
	"sekimori/policy"
	"sekimori/policy/text"
)

// paperLooks are the shapes of a paper's states.
var paperLooks = map[store.PaperState]look{store.PaperSubmitted: {"clock", "waiting"}, store.PaperAccepted: {"check", "ok"}, store.PaperWithdrawn: {"dash", "waiting"}}

func paperChip(state string) Chip {
	s := store.PaperState(state)
	return chip(s.Label(), paperLooks[s])
}

func evidencePath(vendor, paper string) string {
	return vendorPath(vendor) + "/files/" + url.PathEscape(paper)
}

// paperRows is the table of papers, those that await the staff first, then the newest.
func (v *visit) paperRows(all []api.Paper, engineers []api.Engineer) (Table, []PaperRow) {
	table := Table{Caption: text2("届け出られた書類(受理待ちを先に、新しい順)", "Papers on file: those not accepted yet first, then the newest"),
		Columns: []text.Text{text2("番号", "Number"), text2("種類", "Kind"), text2("だれの", "Of"), text2("状態", "State"), text2("期限", "Until"), text2("写し", "Copy")}}
	known := map[string]string{}
	for _, e := range engineers {
		known[e.ID] = e.Person.Name + "(" + e.ID + ")"
	}
	opens := v.leadsTo("/vendors/{id}/files/{paper}")
	var waiting, rest []PaperRow
	for i := len(all) - 1; i >= 0; i-- {
		one := all[i]
		row := PaperRow{ID: one.ID, Href: "/papers/" + url.PathEscape(one.ID), Kind: paperName(one.Kind, one.Name), Person: one.Person, Chip: paperChip(one.State), Until: endDay(one.Until, v.p.o.Zone),
			Copy: one.Copy.There(), Gone: one.Copy != nil && !one.Copy.There(), Replaced: one.Replaced}
		if name, ok := known[one.Person]; ok {
			row.Person = name
		}
		if row.Copy && opens {
			row.Open = evidencePath(one.Vendor, one.ID)
		}
		if one.State == string(store.PaperSubmitted) {
			waiting = append(waiting, row)
		} else {
			rest = append(rest, row)
		}
	}
	return table, append(waiting, rest...)
}

// FilingPage is the form with which staff put a paper on file.
type FilingPage struct {
	Frame
	Action, Back string
	Fields       []Field
}

func (p *Pages) filingForm(v *visit) error {
	page, _, err := v.filingPage(v.r.URL.Query(), nil)
	if err != nil {
		return err
	}
	return v.show(page)
}

// filingPage is the form with these values, after a fault with its mistakes.
func (v *visit) filingPage(values url.Values, f *api.Fault) (*FilingPage, string, error) {
	one, err := v.p.o.Views.VendorPage(v.r.Context(), v.reader(), v.r.PathValue("id"))
	if err != nil {
		return nil, "", err
	}
	var engineers []api.Person
	for _, e := range one.Engineers {
		engineers = append(engineers, e.Person)
	}
	page := &FilingPage{Frame: v.frame(), Action: vendorPath(one.ID) + "/papers", Back: vendorPath(one.ID)}
	page.Crumbs = []Link{{text2("保守事業者台帳", "Vendors"), "/vendors"}, {text.Same(one.Vendor.Name), page.Back}}
	page.Fields, page.Errors = filingFields(append([]store.PaperKind{store.PaperContract}, filedKinds...), engineers, values, f)
	return page, one.ID, nil
}

// filePaper puts a paper on file. Whether it counts at once is the keeper's to say.
func (p *Pages) filePaper(v *visit) error {
	id := v.r.PathValue("id")
	values, f, err := v.takeIn(id)
	if err != nil {
		return err
	}
	if f == nil {
		return v.to(vendorPath(id) + "?done=filed")
	}
	page, _, err := v.filingPage(values, f)
	if err != nil {
		return err
	}
	return v.showAs(f.Status, page)
}

// PaperPage is one paper without its copy, with what may be done.
type PaperPage struct {
	Frame
	Chip   Chip
	Card   Card
	Open   string // where the copy is opened; empty: there is none, or the person does not open copies
	Copy   bool
	Gone   bool // the copy is disposed of; the card says when
	Offers []Offer
}

func (p *Pages) paperPage(v *visit) error {
	one, err := p.o.Views.Paper(v.r.Context(), v.reader(), v.r.PathValue("id"))
	if err != nil {
		return err
	}
	page := &PaperPage{Frame: v.frame(), Chip: paperChip(one.State), Copy: one.Copy.There(), Gone: one.Copy != nil && !one.Copy.There(), Offers: v.offersOf(one.Offers, "/papers/"+url.PathEscape(one.ID))}
	if page.Copy && v.leadsTo("/vendors/{id}/files/{paper}") {
		page.Open = evidencePath(one.Vendor, one.ID)
	}
	page.State = page.Chip.Text
	page.Card, page.Crumbs, err = v.paperCard(one)
	if err != nil {
		return err
	}
	for i := range page.Offers {
		if page.Offers[i].ID == "offer-withdraw" {
			page.Offers[i].Danger = true
		}
	}
	return v.show(page)
}

// paperCard says what is on file, and the crumbs that lead to its vendor.
func (v *visit) paperCard(one api.Paper) (Card, []Link, error) {
	names, err := v.names(one.Vendor, one.Person, one.FiledBy, one.AcceptedBy, one.WithdrawnBy)
	if err != nil {
		return Card{}, nil, err
	}
	z, state := v.p.o.Zone, paperChip(one.State)
	did := func(ja, en, who string, at time.Time) CardRow {
		if who == "" {
			return CardRow{}
		}
		when := text.Moment(at.In(z))
		return CardRow{Label: text2(ja, en), Text: text2(when.JA+" "+names(who), when.EN+" "+names(who))}
	}
	day := func(ja, en string, at time.Time, back time.Duration) CardRow {
		if at.IsZero() {
			return CardRow{}
		}
		return CardRow{Label: text2(ja, en), Text: text.Day(at.In(z).Add(-back))}
	}
	rows := []CardRow{fact("番号", "Number", one.ID), {Label: text2("種類", "Kind"), Text: paperName(one.Kind, one.Name)}, {Label: text2("保守事業者", "Vendor"), Text: text.Same(names(one.Vendor)), Href: vendorPath(one.Vendor)}}
	if one.Person != "" {
		rows = append(rows, CardRow{Label: text2("保守要員", "Engineer"), Text: text.Same(names(one.Person)), Href: engineerPath(one.Vendor, one.Person)})
	}
	rows = append(rows, CardRow{Label: text2("状態", "State"), Chip: &state})
	if one.FiscalYear != 0 {
		rows = append(rows, CardRow{Label: text2("年度", "Fiscal year"), Text: text2("令和"+itoa(one.FiscalYear-2018)+"年度("+itoa(one.FiscalYear)+")", "FY "+itoa(one.FiscalYear))})
	}
	rows = append(rows, day("開始日・署名日", "From, or signed on", one.From, 0), day("最後の日", "Last day", one.Until, 1), fact("備考", "Note", one.Note),
		did("届出", "Filed", one.FiledBy, one.Filed), did("受理", "Accepted", one.AcceptedBy, one.Accepted), did("取消し", "Withdrawn", one.WithdrawnBy, one.Withdrawn), fact("取消しの理由", "Why withdrawn", one.Reason))
	if one.Replaced {
		rows = append(rows, CardRow{Label: text2("差替え", "Replaced"), Text: text2("新しい書類があります", "a newer paper is on file")})
	}
	copied := text2("写しなし", "No copy on file")
	if c := one.Copy; c != nil {
		size := strconv.FormatInt((c.Size+1023)/1024, 10)
		copied = text2(c.FileName+"("+size+" KB)", c.FileName+" ("+size+" kB)")
		if !c.There() {
			day := text.Day(c.Disposed.In(z))
			copied = text2("保存期間を過ぎ、"+day.JA+"に廃棄しました", "disposed of on "+day.EN+", when its time of keeping was over")
		}
		rows = append(rows, CardRow{Label: text2("検証値(SHA-256)", "SHA-256"), Text: text.Same(c.SHA256)})
	}
	rows = append(rows, CardRow{Label: text2("写し", "Copy"), Text: copied})
	return Card{Rows: facts(rows...)}, []Link{{text2("保守事業者台帳", "Vendors"), "/vendors"}, {text.Same(names(one.Vendor)), vendorPath(one.Vendor)}}, nil
}

// EvidencePage asks for the purpose of viewing before the copy of a paper is given out.
type EvidencePage struct {
	Frame
	Card        Card
	Action      string
	Copy        bool
	Purposes    []Choice
	Explanation string
}

func (p *Pages) evidencePage(v *visit) error { return v.askEvidence(nil) }

// onFile reads the paper that the address names; one of another vendor is not found.
func (v *visit) onFile() (api.Paper, error) {
	one, err := v.p.o.Views.Paper(v.r.Context(), v.reader(), v.r.PathValue("paper"))
	if err == nil && one.Vendor != v.r.PathValue("id") {
		err = fault.NotFound()
	}
	return one, err
}

// askEvidence shows the form, after a fault with its mistake.
func (v *visit) askEvidence(f *api.Fault) error {
	one, err := v.onFile()
	if err != nil {
		return err
	}
	page := &EvidencePage{Frame: v.frame(), Action: evidencePath(one.Vendor, one.ID), Copy: one.Copy.There(), Explanation: first(v.given("explanation"))}
	if page.Card, page.Crumbs, err = v.paperCard(one); err != nil {
		return err
	}
	chosen := first(v.given("purpose"))
	for _, one := range policy.Purposes(policy.ActPlay) {
		page.Purposes = append(page.Purposes, Choice{Word: string(one), Text: one.Label(), Set: string(one) == chosen})
	}
	if f == nil {
		return v.show(page)
	}
	wrong := faultProblem(f)
	wrong.Field = "purpose"
	page.Errors = []Problem{wrong}
	return v.showAs(f.Status, page)
}

// openEvidence gives the copy out as a file. The entry about the look is committed before the first byte.
func (p *Pages) openEvidence(v *visit) error {
	if err := v.readForm(); err != nil {
		return err
	}
	why, ok := view.NewWhy(v.r.PostFormValue("purpose"), v.r.PostFormValue("explanation"))
	if !ok {
		return v.askEvidence(fault.Of(fault.BadRequest("説明に表示できない文字があるか、長すぎます", "the explanation has characters that cannot be shown, or is too long", nil)))
	}
	if _, err := v.onFile(); err != nil {
		return err
	}
	found, err := p.o.Papers.Open(v.r.Context(), v.r.PathValue("paper"), why.Purpose, why.Explanation, v.actor())
	if err != nil {
		if f := fault.Of(err); f.Code == string(policy.ViewPurposeRequired) {
			return v.askEvidence(f)
		}
		return err
	}
	defer found.Close()
	body := v.attach(copyName(found.Paper), found.Paper.Size) // no program may show a copy as a type that would run its content
	defer body.end()
	if _, err := io.Copy(body, found); err != nil && v.r.Context().Err() == nil {
		p.o.Log.Error("copy_failed", "paper", found.Paper.ID, "error", err)
		panic(http.ErrAbortHandler) // the answer has begun: only a cut connection tells that it is not whole
	}
	return nil
}

// copyName is the name under which a browser keeps the copy: the number, and the ending of the name that was filed.
func copyName(p store.Paper) string {
	ending := ""
	for i := len(p.FileName) - 1; i > 0 && len(p.FileName)-i <= 6; i-- {
		c := p.FileName[i]
		if c == '.' {
			ending = p.FileName[i:]
			break
		}
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') {
			break
		}
	}
	return p.ID + ending
}
