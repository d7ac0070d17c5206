package pages

import (
	"net/url"
	"strings"

	"sekimori/policy/text"
)

// EngineerPage is one engineer of a vendor.
type EngineerPage struct {
	Frame
	ID        string
	Chip      Chip
	Card      Card
	Keys      Table
	KeyRows   []EngineerKey
	Papers    Table
	PaperRows []PaperRow
	File      string
	Renew     *Offer      // asks the vendor to renew the engineer's papers; nil: none is due, or it is not the person's act
	Wanted    []text.Text // papers that were asked for
	Stops     Table
	StopRows  []StopRow
	History   string
	Offers    []Offer
}

// EngineerKey is one SSH key.
type EngineerKey struct {
	Print, Label string
	State        text.Text
	Added        Moment
}

func (p *Pages) engineerPage(v *visit) error {
	one, err := p.o.Views.Engineer(v.r.Context(), v.reader(), v.r.PathValue("id"), v.r.PathValue("engineer"))
	if err != nil {
		return err
	}
	vendor, here := vendorPath(one.Vendor), engineerPath(one.Vendor, one.ID)
	page := &EngineerPage{Frame: v.frame(), ID: one.ID, Chip: standingChip(one.State, one.Days)}
	page.Title, page.State = text.Same(one.Person.Name), page.Chip.Text
	page.Crumbs = []Link{{text2("保守事業者台帳", "Vendors"), "/vendors"}, {text.Same(one.VendorName), vendor}}
	names, err := v.names(lockedBy(one.Locked)...)
	if err != nil {
		return err
	}
	pledge, until := v.pledge(one.Engineer)
	rows := []CardRow{fact("番号", "Id", one.ID), fact("ログイン名", "Login", one.Login), {Label: text2("保守事業者", "Vendor"), Text: text.Same(one.VendorName), Href: vendor}, fact("電話", "Telephone", one.Phone),
		fact("接続元", "Sources", strings.Join(one.Sources, ", ")), {Label: text2("誓約書の写し", "Pledge copy"), Chip: &pledge}, {Label: text2("誓約書の期限", "Pledge until"), Text: until},
		{Label: text2("教育", "Training"), Text: shortDay(one.Trained, p.o.Zone)}, {Label: text2("直近の接続", "Last session"), Text: shortDay(one.LastSession, p.o.Zone)}}
	if one.Cause != "" {
		rows = append(rows, CardRow{Label: text2("状態のもとになる書類", "State because of"), Text: paperName(one.Cause, one.Standing.Name)})
	}
	page.Card = Card{Rows: facts(append(rows, v.lockRows(one.Locked, names)...)...)}
	page.Keys = Table{Caption: text2("登録された鍵", "Registered keys"), Columns: []text.Text{text2("指紋", "Fingerprint"), text2("名前", "Label"), text2("状態", "State"), text2("登録", "Added")}}
	for _, k := range one.Keys {
		page.KeyRows = append(page.KeyRows, EngineerKey{Print: k.Fingerprint, Label: k.Label, State: keyState(k.State), Added: moment(k.Added, p.o.Zone)})
	}
	page.Papers, page.PaperRows = v.paperRows(one.Papers, nil)
	if page.Stops, page.StopRows, err = v.stopRows(one.Suspensions); err != nil {
		return err
	}
	if v.leadsTo("/vendors/{id}/papers") {
		page.File = vendor + "/papers?kind=pledge&person=" + url.QueryEscape(one.ID)
	}
	for _, o := range v.offersOf(one.Renewal, vendor) {
		o.Href += "?" + url.Values{"engineer": {one.ID}, "back": {here}}.Encode()
		page.Renew = renewOffer(o, len(one.Renewals))
	}
	page.Wanted = v.wanted(one.Renewals)
	if v.leadsTo("/ledger/entries") {
		page.History = "/ledger/entries?subject=" + url.QueryEscape(one.ID)
	}
	page.Offers = unlessLocked(v.offersOf(one.Offers, "/people/"+url.PathEscape(one.ID)), one.Locked)
	for i := range page.Offers {
		page.Offers[i].Href += "?back=" + url.QueryEscape(here)
	}
	return v.show(page)
}
