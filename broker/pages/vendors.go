package pages

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/papers"
	"sekimori/broker/registry"
	"sekimori/broker/store"
	"sekimori/policy"
	"sekimori/policy/text"
)

// vendorRoutes are the register of vendors (screens §3.8).
func vendorRoutes() []row {
	readers := those(policy.Requester, policy.Approver, policy.SecondApprover, policy.Auditor, policy.InformationSystems)
	readers.Deputies = true // they decide with the same evidence
	keepers := those(policy.Requester, policy.InformationSystems)
	lookers := those(policy.Approver, policy.SecondApprover, policy.Auditor, policy.InformationSystems)
	list, file, paper, evidence := text2("保守事業者台帳", "Vendors"), text2("書類を届け出る", "File a paper"), text2("書類", "Paper"), text2("提出書類", "Evidence file")
	return []row{
		get("/vendors", staff, list, readers, levelOf(api.Vendors), (*Pages).vendorList).inMenu(70),
		get("/vendors/{id}", staff, list, readers, l1, (*Pages).vendorPage),
		get("/vendors/{id}/engineers/{engineer}", staff, text2("保守要員", "Engineer"), readers, l1, (*Pages).engineerPage),
		get("/vendors/{id}/papers", staff, file, keepers, l1, (*Pages).filingForm),
		post("/vendors/{id}/papers", staff, file, keepers, l1, (*Pages).filePaper),
		get("/vendors/{id}/files/{paper}", staff, evidence, lookers, l2, (*Pages).evidencePage),
		post("/vendors/{id}/files/{paper}", staff, evidence, lookers, l2, (*Pages).openEvidence),
		get("/papers/{id}", staff, paper, readers, l0, (*Pages).paperPage),
		get("/v/papers/{id}", portal, paper, vendors(), l0, func(_ *Pages, v *visit) error { return v.to("/v/pledge") }),
	}
}

func vendorPages() map[string]page {
	return map[string]page{"vendors": &VendorsPage{}, "vendor": &VendorPage{}, "engineer": &EngineerPage{}, "paperfile": &FilingPage{}, "paper": &PaperPage{}, "evidence": &EvidencePage{}}
}

func vendorPath(id string) string { return "/vendors/" + url.PathEscape(id) }

func engineerPath(vendor, id string) string {
	return vendorPath(vendor) + "/engineers/" + url.PathEscape(id)
}

// standingLooks are the shapes of a vendor's and an engineer's state.
var standingLooks = map[papers.State]look{
	papers.Allowed: {"check", "ok"}, papers.Expiring: {"triangle", "attention"}, papers.Expired: {"octagon", "stop"}, papers.Locked: {"padlock", "stop"},
}

// standingChip is a state with the days that are left.
func standingChip(state string, days int) Chip {
	s := papers.State(state)
	said := s.Label()
	if s == papers.Expiring {
		said = text2("まもなく期限("+itoa(days)+"日)", "Expiring ("+itoa(days)+" days)")
	}
	return chip(said, standingLooks[s])
}

// endingChip is the state of a paper that ends or is missing.
func endingChip(e api.Ending) Chip {
	if e.Until.IsZero() && e.State == string(papers.Expired) {
		return chip(text2("写しなし", "No copy on file"), look{"octagon", "stop"})
	}
	return standingChip(e.State, e.Days)
}

// paperName is the kind of a paper with its own name.
func paperName(kind, name string) text.Text {
	said := store.PaperKind(kind).Label()
	known, ok := map[string]text.Text{"privacy-mark": text2("プライバシーマーク", "privacy mark"), "isms": text.Same("ISMS")}[name]
	switch {
	case name == "":
		return said
	case !ok:
		known = text.Same(name)
	}
	return text2(said.JA+" "+known.JA, said.EN+" "+known.EN)
}

// VendorsPage lists the vendors.
type VendorsPage struct {
	Frame
	Table Table
	Rows  []VendorRow
	Pager Pager
}

// VendorRow is one vendor of the list.
type VendorRow struct {
	Href, ID, Name string
	Contract       Span
	Chip           Chip
	Cause          text.Text
}

func (p *Pages) vendorList(v *visit) error {
	if err := p.o.Views.Opened(v.r.Context(), v.reader(), string(api.Vendors)); err != nil {
		return err
	}
	list, err := p.o.Views.Vendors(v.r.Context(), v.reader(), v.paging())
	if err != nil {
		return err
	}
	page := &VendorsPage{Frame: v.frame(), Pager: v.pager(len(list.Items), list.Total, list.Next), Table: Table{Caption: text2("保守事業者", "Vendors"),
		Columns: []text.Text{text2("番号", "Id"), text2("名称", "Name"), text2("契約", "Contract"), text2("状態", "State"), text2("もとになる書類", "Because of")}}}
	for _, one := range list.Items {
		row := VendorRow{Href: vendorPath(one.ID), ID: one.ID, Name: one.Vendor.Name, Contract: days(one.ContractFrom, one.ContractUntil, p.o.Zone), Chip: standingChip(one.State, one.Days)}
		if one.Cause != "" {
			row.Cause = paperName(one.Cause, one.Standing.Name)
		}
		page.Rows = append(page.Rows, row)
	}
	return v.show(page)
}

// VendorPage is one vendor: contract and supervision, engineers, papers, and when it was stopped.
type VendorPage struct {
	Frame
	Form      string // address of the printed form
	ID        string
	Chip      Chip
	Freeze    string
	Card      Card
	Items     Table
	ItemRows  []VendorItem
	Engineers Table
	People    []EngineerRow
	Ending    int    // papers that end within 60 days, have ended, or are missing
	Renew     *Offer // asks the vendor to renew them; nil: it is not the person's act
	Wanted    []text.Text
	Papers    Table
	PaperRows []PaperRow
	File      string // where a paper is put on file; empty: the person keeps none
	Stops     Table
	StopRows  []StopRow
	Add       []Link // forms of new people
	History   string // the ledger's entries; empty: the person does not read it
	Offers    []Offer
}

// VendorItem is a paper about the vendor as a whole.
type VendorItem struct {
	What  text.Text
	Chip  Chip
	Until text.Text
	Asked bool
	Href  string
}

// EngineerRow is one engineer of the page.
type EngineerRow struct {
	Href, Name    string
	Pledge        Chip
	Until         text.Text
	Keys          int
	Trained, Last text.Text
	Chip          Chip
}

// StopRow is a time in which the vendor, or one of its people, was stopped.
type StopRow struct {
	What          text.Text
	Subject, By   string
	Reason        string
	Since, Lifted Moment
}

func (p *Pages) vendorPage(v *visit) error {
	one, err := p.o.Views.VendorPage(v.r.Context(), v.reader(), v.r.PathValue("id"))
	if err != nil {
		return err
	}
	page := &VendorPage{Frame: v.frame(), Form: printPath("vendor", one.ID), ID: one.ID, Chip: standingChip(one.State, one.Days), Freeze: "/incidents/freeze?vendor=" + url.QueryEscape(one.ID)}
	page.Title = text.Same(one.Vendor.Name)
	page.State = page.Chip.Text
	page.Crumbs = []Link{{text2("保守事業者台帳", "Vendors"), "/vendors"}}
	if v.r.URL.Query().Get("done") == "filed" {
		page.Done = text2("書類を届け出ました。", "The paper is on file.")
	}
	if v.r.URL.Query().Get("done") == "added" {
		page.Done = text2("追加を提案しました。情報システム課が確認すると効力をもちます。", "The addition is proposed. It takes effect once the information-systems section confirms it.")
	}
	page.Add = v.additions(url.Values{"vendor": {one.ID}}, registry.NewEngineer, registry.NewContact)
	if page.Card, err = v.supervisionCard(one); err != nil {
		return err
	}
	page.Ending = len(one.Renewals)
	page.Wanted = v.wanted(one.Renewals)
	v.vendorItems(page, one)
	v.vendorEngineers(page, one)
	page.Papers, page.PaperRows = v.paperRows(one.Papers, one.Engineers)
	if page.Stops, page.StopRows, err = v.stopRows(one.Suspensions); err != nil {
		return err
	}
	if v.leadsTo("/vendors/{id}/papers") {
		page.File = vendorPath(one.ID) + "/papers"
	}
	if v.leadsTo("/ledger/entries") {
		page.History = "/ledger/entries?subject=" + url.QueryEscape(one.ID)
	}
	for _, o := range unlessLocked(v.offersOf(one.Offers, vendorPath(one.ID)), one.Locked) {
		switch {
		case o.ID == "offer-"+papers.AskRenewalName:
			page.Renew = renewOffer(o, page.Ending)
		case o.ID != "offer-subcontract" || one.Prime != "": // a vendor with a contract of its own needs no approval
			page.Offers = append(page.Offers, o)
		}
	}
	return v.show(page)
}

// unlessLocked leaves out the acts on a lock where there is none.
func unlessLocked(offers []Offer, l *api.Lock) []Offer {
	if l != nil {
		return offers
	}
	return slices.DeleteFunc(offers, func(o Offer) bool { return o.ID == "offer-unlock" || o.ID == "offer-lock-note" })
}

// leadsTo tells whether the person may open the page of this pattern, so that no link leads to a refusal.
func (v *visit) leadsTo(pattern string) bool {
	for _, r := range v.p.rows {
		if r.path == pattern && r.method == "GET" && r.site == v.site {
			may, err := v.allowed(r)
			return err == nil && may
		}
	}
	return false
}

// supervisionCard is 契約・監督.
func (v *visit) supervisionCard(one api.VendorPage) (Card, error) {
	card := Card{Title: text2("契約・監督", "Contract and supervision")}
	contract := days(one.ContractFrom, one.ContractUntil, v.p.o.Zone)
	rows := []CardRow{fact("番号", "Id", one.ID)}
	if contract.From != "" {
		rows = append(rows, CardRow{Label: text2("契約", "Contract"), Span: &contract})
	}
	rows = append(rows, fact("電話", "Telephone", one.Phone))
	answers := linked("責任を負う事業者", "Who answers for joint faults", one.ID, "/vendors/")
	answers.Text, answers.Href = text.Same(one.Vendor.Name), ""
	if one.Prime != "" {
		answers = linked("責任を負う事業者", "Who answers for joint faults", one.Prime, "/vendors/")
		answers.Text = text2(one.PrimeName+"(元請)", one.PrimeName+" (prime contractor)")
	}
	rows = append(rows, answers)
	names, err := v.names(append(append([]string{}, one.Subcontractors...), lockedBy(one.Locked)...)...)
	if err != nil {
		return card, err
	}
	for _, id := range one.Subcontractors {
		sub := linked("再委託", "Subcontractor", id, "/vendors/")
		sub.Text = text.Same(names(id))
		rows = append(rows, sub)
	}
	if !one.Qualified && one.Unmet != "" {
		rows = append(rows, fact("足りない認証", "Certifications that are lacking", one.Unmet))
	}
	card.Rows = facts(append(rows, v.lockRows(one.Locked, names)...)...)
	return card, nil
}

func lockedBy(l *api.Lock) (ids []string) {
	if l == nil {
		return nil
	}
	for _, one := range l.Lifts {
		ids = append(ids, one.By)
	}
	return append(ids, l.By)
}

// lockRows say who locked, why, and how far the release is.
func (v *visit) lockRows(l *api.Lock, names func(string) string) []CardRow {
	if l == nil {
		return nil
	}
	at := text.Moment(l.Since.In(v.p.o.Zone))
	rows := []CardRow{{Label: text2("利用停止", "Locked"), Text: text2(at.JA+" "+names(l.By), at.EN+" "+names(l.By))}, fact("停止の理由", "Because", l.Reason)}
	if len(l.Lifts) > 0 {
		var who []string
		for _, one := range l.Lifts {
			who = append(who, names(one.By))
		}
		all := strings.Join(who, ", ")
		rows = append(rows, CardRow{Label: text2("解除の同意", "Agreed to unlock"), Text: text2(all+"(1/2。もう一人の同意が要ります)", all+" (one of two)")})
	}
	return rows
}

// vendorItems are the papers about the vendor as a whole, the newest audit report among them.
func (v *visit) vendorItems(page *VendorPage, one api.VendorPage) {
	page.Items = Table{Caption: text2("契約・特記事項・認証・監査報告書・再委託の承認", "Contract, special clauses, certifications, audit report, approval of the subcontract"),
		Columns: []text.Text{text2("書類", "Paper"), text2("状態", "State"), text2("期限", "Until"), text2("なければ接続できない", "No one gets in without it")}}
	for _, e := range one.Items {
		row := VendorItem{What: paperName(e.Kind, e.Name), Chip: endingChip(e), Until: endDay(e.Until, v.p.o.Zone), Asked: e.Asked}
		if e.Paper != "" {
			row.Href = "/papers/" + url.PathEscape(e.Paper)
		}
		page.ItemRows = append(page.ItemRows, row)
	}
	var newest api.Paper
	for _, p := range one.Papers {
		if p.Kind == string(store.PaperAuditReport) && p.State == string(store.PaperAccepted) && p.FiscalYear >= newest.FiscalYear {
			newest = p
		}
	}
	listed := false
	for _, e := range one.Items {
		listed = listed || e.Kind == string(store.PaperAuditReport)
	}
	if newest.ID != "" && !listed {
		got, year := shortDay(newest.From, v.p.o.Zone), newest.FiscalYear
		page.ItemRows = append(page.ItemRows, VendorItem{What: text2("監査報告書(年1回)", "Yearly audit report"), Href: "/papers/" + url.PathEscape(newest.ID),
			Chip: chip(text2("令和"+itoa(year-2018)+"年度分 受領 "+got.JA, "for FY "+itoa(year)+", received "+got.EN), look{"check", "ok"})})
	}
}

// vendorEngineers is the table 保守要員.
func (v *visit) vendorEngineers(page *VendorPage, one api.VendorPage) {
	page.Engineers = Table{Caption: text2("誓約書・鍵・教育・直近の接続", "Pledge, keys, training, last session"), Columns: []text.Text{text2("保守要員", "Engineer"), text2("誓約書の写し", "Pledge copy"), text2("SSH鍵", "SSH keys"),
		text2("教育", "Training"), text2("直近の接続", "Last session"), text2("状態", "State")}}
	for _, e := range one.Engineers {
		row := EngineerRow{Href: engineerPath(one.ID, e.ID), Name: e.Person.Name + "(" + e.ID + ")", Keys: e.KeysActive, Chip: standingChip(e.State, e.Days),
			Trained: shortDay(e.Trained, v.p.o.Zone), Last: shortDay(e.LastSession, v.p.o.Zone)}
		row.Pledge, row.Until = v.pledge(e)
		page.People = append(page.People, row)
	}
}

// pledge says how the pledge of an engineer stands.
func (v *visit) pledge(e api.Engineer) (Chip, text.Text) {
	until := endDay(e.PledgeUntil, v.p.o.Zone)
	left := int(e.PledgeUntil.Sub(v.p.o.Clock()) / (24 * time.Hour))
	switch {
	case e.PledgeUntil.IsZero() || !e.PledgeCopy:
		l := look{"triangle", "attention"}
		if e.State == string(papers.Expired) {
			l = look{"octagon", "stop"}
		}
		return chip(text2("写しなし", "No copy on file"), l), until
	case !v.p.o.Clock().Before(e.PledgeUntil):
		return chip(papers.Expired.Label(), standingLooks[papers.Expired]), until
	case left <= papers.Soon:
		return standingChip(string(papers.Expiring), left), until
	}
	return chip(text2("写しあり", "On file"), look{"check", "ok"}), until
}

// stopRows are the times in which the vendor, or one of its people, was stopped.
func (v *visit) stopRows(all []api.Suspension) (Table, []StopRow, error) {
	table := Table{Caption: text2("停止の記録(利用停止・凍結)", "Locks and freezes"), Columns: []text.Text{text2("日時", "Since"), text2("何を", "What"), text2("対象", "Of"), text2("だれが", "By"), text2("理由", "Why"), text2("解除", "Ended")}}
	var ids []string
	for _, s := range all {
		ids = append(ids, s.Subject, s.By)
	}
	names, err := v.names(ids...)
	if err != nil {
		return table, nil, err
	}
	var rows []StopRow
	for _, s := range all {
		what := text2("利用停止", "Locked")
		if s.Kind == "freeze" {
			what = text2("凍結", "Frozen")
		}
		rows = append(rows, StopRow{What: what, Subject: names(s.Subject), By: names(s.By), Reason: s.Reason, Since: moment(s.Since, v.p.o.Zone), Lifted: moment(s.Lifted, v.p.o.Zone)})
	}
	return table, rows, nil
}
