package pages

import (
	"net/url"

	"sekimori/broker/api"
	"sekimori/policy"
	"sekimori/policy/text"
)

func windowRoutes() []row {
	c := those(policy.Requester, policy.Attendant, policy.Approver, policy.SecondApprover, policy.InformationSystems, policy.Auditor)
	c.Deputies = true
	return []row{
		get("/windows", staff, text2("作業時間枠一覧", "Windows"), c, levelOf(api.Windows), (*Pages).windows).inMenu(30).called("作業時間枠", "Windows"),
		get("/windows/{id}", staff, text2("作業時間枠", "Window"), c, l0, (*Pages).window),
	}
}

func windowPages() map[string]page {
	return map[string]page{"windows": &WindowsPage{}, "window": &WindowPage{}}
}

// WindowsPage lists the windows that the person may see.
type WindowsPage struct {
	Frame
	Table Table
	Rows  []WindowRow
	Pager Pager
}

func (p *Pages) windows(v *visit) error {
	list, err := p.o.Views.Windows(v.r.Context(), v.reader(), v.paging())
	if err != nil {
		return err
	}
	page := &WindowsPage{Frame: v.frame(), Pager: v.pager(len(list.Items), list.Total, list.Next), Table: Table{
		Caption: text2("作業時間枠(接続中と、これからのものを先に)", "Windows, those in use and to come first"),
		Columns: []text.Text{text2("日時", "When"), text2("状態", "State"), text2("申請番号", "Request"), text2("対象システム", "System"), text2("立会者", "Attendant")},
	}}
	var ids []string
	for _, w := range list.Items {
		ids = append(ids, w.System, w.Attendant)
	}
	names, err := v.names(ids...)
	if err != nil {
		return err
	}
	for _, w := range list.Items {
		page.Rows = append(page.Rows, WindowRow{Span: span(w.Start, w.End, p.o.Zone), Chip: windowChip(w.State), Request: text.Request(w.Request),
			Href: v.root() + "/windows/" + url.PathEscape(w.ID), System: names(w.System), Attendant: names(w.Attendant)})
	}
	return v.show(page)
}

// WindowRow is one window of the list.
type WindowRow struct {
	Span              Span
	Chip              Chip
	Request           text.Text
	Href              string
	System, Attendant string
}

// names gives what ids are called; an id without a name stays as it is.
func (v *visit) names(ids ...string) (func(id string) string, error) {
	known, err := v.p.o.Views.Names(v.r.Context(), ids...)
	return func(id string) string {
		if name, ok := known[id]; ok {
			return name
		}
		if id == byBroker {
			return text2("関守", "the broker").In(v.lang)
		}
		return id
	}, err
}

// WindowPage is one window with what may be done.
type WindowPage struct {
	Frame
	Card    Card
	Console string // address of the console, for who may prepare or stop this window
	Offers  []Offer
}

func (p *Pages) window(v *visit) error {
	w, err := p.o.Views.Window(v.r.Context(), v.reader(), v.r.PathValue("id"))
	if err != nil {
		return err
	}
	card, err := v.windowCard(w)
	if err != nil {
		return err
	}
	page := &WindowPage{Frame: v.frame(), Card: card, Offers: v.offersOf(w.Offers, "/windows/"+url.PathEscape(w.ID))}
	line, err := v.lineRows(w)
	if err != nil {
		return err
	}
	page.Card.Rows = append(page.Card.Rows, line...)
	page.Card.Rows = append(page.Card.Rows, inventoryRows(w.Inventories)...)
	page.State = windowChip(w.State).Text
	for _, act := range []string{"tick", "line-cut", "line-on", "open", "permit", "unpermit", "cut", "line-off", "line-back"} {
		if v.site == staff && openOffer(w.Offers, act) {
			page.Console = "/windows/" + url.PathEscape(w.ID) + "/console"
		}
	}
	return v.show(page)
}

func (v *visit) windowCard(w api.Window) (Card, error) {
	names, err := v.names(w.System, w.Attendant)
	when, state := span(w.Start, w.End, v.p.o.Zone), windowChip(w.State)
	return Card{Rows: []CardRow{
		{Label: text2("いつ", "When"), Span: &when},
		{Label: text2("状態", "State"), Chip: &state},
		{Label: text2("申請", "Request"), Text: text.Request(w.Request), Href: v.root() + "/requests/" + url.PathEscape(w.Request)},
		{Label: text2("なにに", "To what"), Text: text.Same(names(w.System))},
		{Label: text2("立会者", "Attendant"), Text: text.Same(names(w.Attendant))},
	}}, err
}

func (v *visit) requestCard(r api.Request) (Card, error) {
	names, err := v.names(r.Vendor, r.System)
	when, state := span(r.Start, r.End, v.p.o.Zone), requestChip(r.State)
	return Card{Rows: []CardRow{
		{Label: text2("申請", "Request"), Text: text.Request(r.No), Href: v.root() + "/requests/" + url.PathEscape(r.No)},
		{Label: text2("だれが", "Who"), Text: text.Same(names(r.Vendor))},
		{Label: text2("いつ", "When"), Span: &when},
		{Label: text2("なにに", "To what"), Text: text.Same(names(r.System))},
		{Label: text2("なぜ", "Why"), Text: text.Same(r.Purpose)},
		{Label: text2("状態", "State"), Chip: &state},
	}}, err
}
