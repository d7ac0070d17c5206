package pages

import (
	"net/url"
	"strings"

	"sekimori/broker/api"
	"sekimori/broker/store"
	"sekimori/broker/view"
	"sekimori/policy"
	"sekimori/policy/text"
)

func lateRoutes() []row {
	lookers := requestLookers()
	list, one, enter := text2("後日入力の一覧", "Entered afterwards"), text2("後日入力", "Late entry"), text2("後日入力(手書きの用紙から)", "Enter from paper")
	enterers := those(policy.Requester, policy.Approver, policy.Attendant)
	return []row{
		get("/late-entries", staff, list, lookers, levelOf(api.LateEntries), (*Pages).lateList),
		get("/late-entries/new", staff, enter, enterers, l0, (*Pages).lateForm),
		post("/late-entries/new", staff, enter, enterers, l0, (*Pages).lateEnter),
		get("/late-entries/{id}", staff, one, lookers, l1, (*Pages).latePage),
	}
}

func latePages() map[string]page {
	return map[string]page{"lateentries": &LatePage{}, "lateentry": &LateEntryPage{}, "lateform": &LateForm{}}
}

// LatePage lists work that was entered afterwards from paper.
type LatePage struct {
	Frame
	May   bool // enter work from paper
	Table Table
	Rows  []LateRow
	Pager Pager
}

// LateRow is one late entry of the list.
type LateRow struct {
	ID, Href       string
	Chip           Chip
	Span           Span
	System, Vendor string
	Papers, Done   string
	Entered        Moment
}

func (p *Pages) lateList(v *visit) error {
	list, err := p.o.Views.LateEntries(v.r.Context(), v.reader(), v.paging())
	if err != nil {
		return err
	}
	page := &LatePage{Frame: v.frame(), May: policy.MayEnterLateAtAll(v.person).Allow, Pager: v.pager(len(list.Items), list.Total, list.Next), Table: Table{
		Caption: text2("後日入力(確認待ちを先に、新しい順)", "Entered afterwards from paper, those that await a second person first, then the newest"),
		Columns: []text.Text{text2("番号", "Number"), text2("状態", "State"), text2("作業した日時", "When the work was"), text2("対象システム", "System"), text2("保守事業者", "Vendor"), text2("用紙番号", "Papers"), text2("実施内容", "What was done"), text2("入力日時", "Entered at")},
	}}
	page.Crumbs = []Link{{text2("様式", "Forms"), "/forms"}}
	var ids []string
	for _, one := range list.Items {
		ids = append(ids, one.Vendor, one.System)
	}
	names, err := v.names(ids...)
	if err != nil {
		return err
	}
	for _, one := range list.Items {
		page.Rows = append(page.Rows, LateRow{ID: one.ID, Href: latePath(one.ID), Chip: lateChip(one), Span: span(one.From, one.Until, p.o.Zone), System: names(one.System), Vendor: names(one.Vendor),
			Papers: joined(one.Forms), Done: text.OneLine(one.Done, 60), Entered: moment(one.EnteredAt, p.o.Zone)})
	}
	return v.show(page)
}

func latePath(id string) string { return "/late-entries/" + url.PathEscape(id) }

func lateChip(e api.LateEntry) Chip {
	state := policy.LateState(e.State)
	switch state {
	case policy.LateEntered:
		return chip(state.Label(), look{"clock", "waiting"})
	case policy.LateConfirmed:
		return chip(state.Label(), look{"check", "ok"})
	}
	return chip(state.Label(), look{"octagon", "stop"})
}

// LateEntryPage is one late entry with its origin and what may be done.
type LateEntryPage struct {
	Frame
	Said   text.Text
	Up     int64 // entries of the ledger within the time of the work
	Card   Card
	Prints []Link
	Offers []Offer
}

func (p *Pages) latePage(v *visit) error {
	one, err := p.o.Views.LateEntry(v.r.Context(), v.reader(), v.r.PathValue("id"))
	if err != nil {
		return err
	}
	page := &LateEntryPage{Frame: v.frame(), Up: one.Entries, Offers: v.offersOf(one.Offers, latePath(one.ID))}
	if page.Said, err = p.o.Views.LateSaid(v.r.Context(), one); err != nil {
		return err
	}
	if page.Card, err = v.lateCard(one); err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, form := range one.FormKinds {
		if k, ok := view.FormOf(form); ok && !k.OfMonth() && !seen[form] {
			seen[form] = true
			page.Prints = append(page.Prints, Link{text2(k.Name.JA+"を印刷", "Print: "+k.Name.EN), printPath(form, one.ID)})
		}
	}
	page.State, page.Title = lateChip(one).Text, text2("後日入力 "+one.ID, "Late entry "+one.ID)
	page.Crumbs = []Link{{text2("様式", "Forms"), "/forms"}, {text2("後日入力の一覧", "Entered afterwards"), "/late-entries"}}
	return v.show(page)
}

// lateCard shows the statements of the papers.
func (v *visit) lateCard(e api.LateEntry) (Card, error) {
	names, err := v.names(append([]string{e.System, e.Vendor, e.Approver, e.Attendant, e.EnteredBy, e.DecidedBy}, e.Engineers...)...)
	if err != nil {
		return Card{}, err
	}
	var engineers []text.Text
	for _, id := range e.Engineers {
		engineers = append(engineers, text.Same(names(id)))
	}
	state, when := lateChip(e), span(e.From, e.Until, v.p.o.Zone)
	by := func(id string, at Moment) text.Text {
		return text2(strings.TrimSpace(names(id)+" "+at.Text.JA), strings.TrimSpace(names(id)+" "+at.Text.EN))
	}
	rows := []CardRow{
		{Label: text2("状態", "State"), Chip: &state},
		saidRow("用紙番号", "Papers", joined(e.Forms)), saidRow("用紙の保管場所", "Where the paper is kept", e.KeptAt),
		{Label: text2("だれが", "Who"), Text: text.Same(names(e.Vendor))}, listed("保守要員", "Engineers", engineers),
		{Label: text2("いつ", "When"), Span: &when},
		{Label: text2("なにに", "To what"), Text: text.Same(strings.TrimSpace(names(e.System) + " " + e.Targets))},
		saidRow("作業用アカウント", "Account", e.Account), saidRow("目的", "Purpose", e.Purpose), saidRow("実施内容", "What was done", e.Done), saidRow("申請との相違と理由", "Deviation and why", e.Deviation),
		saidRow("用紙で承認した人", "Approved on paper by", names(e.Approver)), saidRow("立会者", "Attendant", names(e.Attendant)), saidRow("気付いたこと", "Remarks", e.Remarks),
		{Label: text2("入力", "Entered"), Text: by(e.EnteredBy, moment(e.EnteredAt, v.p.o.Zone))},
	}
	if e.DecidedBy != "" {
		label := text2("確認", "Confirmed")
		if e.State == string(policy.LateRejected) {
			label = text2("却下", "Rejected")
		}
		rows = append(rows, CardRow{Label: label, Text: by(e.DecidedBy, moment(e.DecidedAt, v.p.o.Zone))}, saidRow("理由", "Reason", e.Reason))
	}
	return Card{Title: text2("後日入力", "Entered afterwards"), Rows: rows}, nil
}

// LateForm is the form for the statements of papers.
type LateForm struct {
	Frame
	Fields []Field
}

func (p *Pages) lateForm(v *visit) error {
	page, err := v.lateFormPage(nil)
	if err != nil {
		return err
	}
	return v.show(page)
}

func (p *Pages) lateEnter(v *visit) error {
	return v.makes(p.deeds[string(api.LateEntries)], func(made any) string {
		one, ok := made.(store.LateEntry)
		if !ok {
			return ""
		}
		return withDone(latePath(one.ID), "enter-late")
	}, func(f *api.Fault) (page, error) { return v.lateFormPage(f) })
}

// lateFormPage is the form, with the vendors and the section's systems to choose from.
func (v *visit) lateFormPage(f *api.Fault) (*LateForm, error) {
	page := &LateForm{Frame: v.frame()}
	page.Crumbs = []Link{{text2("様式", "Forms"), "/forms"}, {text2("後日入力の一覧", "Entered afterwards"), "/late-entries"}}
	var err error
	page.Fields, page.Errors, err = v.workFields(v.p.deeds[string(api.LateEntries)], f, policy.MayEnterLate, map[string]string{
		"purpose": "textarea", "done": "textarea", "deviation": "textarea", "remarks": "textarea"})
	return page, err
}
