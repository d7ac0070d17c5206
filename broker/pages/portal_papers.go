package pages

import (
	"net/url"

	"sekimori/broker/api"
	"sekimori/broker/store"
	"sekimori/broker/view"
	"sekimori/policy/text"
)

// PortalPapers is what a vendor's people handed in, and the form to hand in more.
type PortalPapers struct {
	Frame
	Table  Table
	Rows   []PaperRow
	Pager  Pager
	Fields []Field
}

// PaperRow is one paper.
type PaperRow struct {
	ID       string
	Kind     text.Text
	Name     string
	Person   string
	Chip     Chip
	Until    text.Text
	Copy     bool
	Gone     bool // the copy is disposed of
	Replaced bool
	Withdraw string
	Href     string // the paper's page; of the staff
	Open     string // where its copy is opened; empty: there is none, or the person opens none
}

func portalPaperRoutes() []row {
	title := text2("誓約書などの書類", "Pledges and other papers")
	return []row{
		get("/v/pledge", portal, title, vendors(), l0, (*Pages).paperForm).inMenu(50),
		post("/v/pledge", portal, title, vendors(), l0, (*Pages).paperFile),
	}
}

func (p *Pages) paperForm(v *visit) error {
	page, err := v.papersPage(v.r.URL.Query(), nil)
	if err != nil {
		return err
	}
	if v.r.URL.Query().Get("done") == "filed" {
		page.Done = text2("書類を提出しました。職員が受理すると有効になります。", "Handed in. It counts once staff accept it.")
	}
	return v.show(page)
}

// papersPage lists the papers and makes the form with these values.
func (v *visit) papersPage(values url.Values, f *api.Fault) (*PortalPapers, error) {
	list, err := v.p.o.Views.Papers(v.r.Context(), v.reader(), view.PapersAsked{Vendor: v.person.Vendor}, v.paging())
	if err != nil {
		return nil, err
	}
	page := &PortalPapers{Frame: v.frame(), Pager: v.pager(len(list.Items), list.Total, list.Next), Table: Table{Caption: text2("提出した書類(受理待ちを先に)", "Papers, those not accepted yet first"),
		Columns: []text.Text{text2("番号", "Number"), text2("種類", "Kind"), text2("だれの", "Of"), text2("状態", "State"), text2("期限", "Until"), text2("写し", "Copy")}}}
	roster, err := v.p.o.Views.Roster(v.r.Context(), v.reader(), v.person.Vendor)
	if err != nil {
		return nil, err
	}
	known, people := map[string]string{}, []api.Person{}
	for _, e := range roster.Engineers {
		known[e.ID] = e.Name + "(" + e.ID + ")"
		people = append(people, api.Person{ID: e.ID, Name: e.Name})
	}
	for _, one := range list.Items {
		state := store.PaperState(one.State)
		row := PaperRow{ID: one.ID, Kind: store.PaperKind(one.Kind).Label(), Name: one.Name, Person: one.Person, Copy: one.Copy.There(), Gone: one.Copy != nil && !one.Copy.There(), Replaced: one.Replaced,
			Chip: chip(state.Label(), paperLooks[state])}
		if name, ok := known[one.Person]; ok {
			row.Person = name
		}
		if !one.Until.IsZero() {
			row.Until = text.Day(one.Until.In(v.p.o.Zone).Add(-1))
		}
		if state == store.PaperSubmitted && one.FiledBy == v.person.ID {
			row.Withdraw = "/v/papers/" + url.PathEscape(one.ID) + "/withdraw?back=" + url.QueryEscape("/v/pledge")
		}
		page.Rows = append(page.Rows, row)
	}
	page.Fields, page.Errors = filingFields(filedKinds, people, values, f)
	return page, nil
}

// paperFile takes a paper in.
func (p *Pages) paperFile(v *visit) error {
	values, f, err := v.takeIn(v.person.Vendor)
	if err != nil {
		return err
	}
	if f == nil {
		return v.to("/v/pledge?done=filed")
	}
	page, err := v.papersPage(values, f)
	if err != nil {
		return err
	}
	return v.showAs(f.Status, page)
}
