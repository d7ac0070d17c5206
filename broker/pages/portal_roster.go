package pages

import (
	"net/http"

	"sekimori/broker/api"
	"sekimori/broker/fault"
	"sekimori/policy"
	"sekimori/policy/text"
)

// RosterPage is the vendor's monthly statement of who works for it.
type RosterPage struct {
	Frame
	Card   Card
	May    bool
	Closed text.Text // why the person may not state it
	People []RosterRow
	Note   Field
}

// RosterRow is an engineer with the answer given so far.
type RosterRow struct {
	ID, Name    string
	Stays, Left bool
}

func rosterRoutes() []row {
	title := text2("従事者の月次確認", "Monthly roster statement")
	return []row{
		get("/v/roster", portal, title, vendors(), l0, (*Pages).rosterForm).inMenu(60),
		post("/v/roster", portal, title, vendors(), l0, (*Pages).rosterConfirm),
	}
}

func (p *Pages) rosterForm(v *visit) error {
	page, err := v.rosterPage()
	if err != nil {
		return err
	}
	return v.show(page)
}

// rosterPage shows the state and the engineers. Values that were posted are kept.
func (v *visit) rosterPage() (*RosterPage, error) {
	r, err := v.p.o.Views.Roster(v.r.Context(), v.reader(), v.person.Vendor)
	if err != nil {
		return nil, err
	}
	z := v.p.o.Zone
	page := &RosterPage{Frame: v.frame(), Note: Field{Key: "note", Label: text2("備考", "Note"), Control: "textarea"}}
	if given := v.given("note"); len(given) > 0 {
		page.Note.Value = given[0]
	}
	state := chip(text2("この機関は求めていません", "not asked for by the institution"), look{"info", "info"})
	rows := []CardRow{}
	if r.Asked {
		said := policy.RosterState(r.State)
		state = chip(said.Label(), map[policy.RosterState]look{policy.RosterInTime: {"check", "ok"}, policy.RosterLate: {"triangle", "attention"}, policy.RosterStops: {"octagon", "stop"}}[said])
		rows = []CardRow{{Label: text2("期限", "Due"), Text: text.Day(r.Due.In(z))}, {Label: text2("新しい利用を止める日", "New use stops on"), Text: text.Day(r.Stops.In(z))}}
	}
	rows = append([]CardRow{{Label: text2("状態", "State"), Chip: &state}}, rows...)
	if r.Last != nil {
		names, err := v.names(r.Last.By)
		if err != nil {
			return nil, err
		}
		at := text.Moment(r.Last.At.In(z))
		rows = append(rows, CardRow{Label: text2("前回の確認", "Last statement"), Text: text2(at.JA+" "+names(r.Last.By), at.EN+" "+names(r.Last.By))})
	}
	page.Card = Card{Rows: rows}
	for _, o := range r.Offers {
		if o.Act == "roster" {
			page.May = o.Open
		}
	}
	if !page.May {
		page.Closed = text2("確認できるのは保守事業者の窓口だけです。", "Only the vendor's contact may confirm it.")
	}
	for _, e := range r.Engineers {
		one := RosterRow{ID: e.ID, Name: e.Name}
		if given := v.given("who." + e.ID); len(given) > 0 {
			one.Stays, one.Left = given[0] == "stays", given[0] == "left"
		}
		page.People = append(page.People, one)
	}
	return page, nil
}

func (p *Pages) rosterConfirm(v *visit) error {
	if err := v.readForm(); err != nil {
		return err
	}
	body := api.RosterBody{Note: v.r.PostFormValue("note")}
	for _, id := range v.r.PostForm["engineer"] {
		switch v.r.PostFormValue("who." + id) {
		case "stays":
			body.Engineers = append(body.Engineers, id)
		case "left":
			body.Left = append(body.Left, id)
		}
	}
	_, err := p.deeds[string(api.Vendors)+"/{id}/roster"].call(v.r.Context(), v.person.Vendor, &body, v.caller())
	if err == nil {
		return v.to("/v/roster?done=roster")
	}
	f := fault.Of(err)
	if f.Code != api.CodeInvalid {
		return err
	}
	page, formErr := v.rosterPage()
	if formErr != nil {
		return formErr
	}
	for _, d := range f.Details {
		page.Errors = append(page.Errors, Problem{Field: map[string]string{"note": "note"}[d.Path], Text: text2(d.JA, d.EN)})
		if d.Path != "note" {
			page.Errors[len(page.Errors)-1].Field = "people"
		}
	}
	return v.showAs(http.StatusUnprocessableEntity, page)
}
