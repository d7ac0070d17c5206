package pages

import (
	"net/url"
	"strings"
	"time"

	"sekimori/broker/api"
	"sekimori/policy/text"
)

// findingRoutes are the findings of reviews: for those who see them by their role, and for their owners.
func findingRoutes() []row {
	title := text2("指摘事項", "Findings")
	return []row{
		get("/findings", staff, title, everyStaff(), levelOf(api.Findings), (*Pages).findings),
		get("/findings/{no}", staff, title, everyStaff(), l1, (*Pages).finding),
		get("/v/findings", portal, title, vendors(), levelOf(api.Findings), (*Pages).findings),
		get("/v/findings/{no}", portal, title, vendors(), l1, (*Pages).finding),
	}
}

func findingPages() map[string]page {
	return map[string]page{"findings": &FindingsPage{}, "finding": &FindingPage{}}
}

var findingLooks = map[api.FindingState]look{
	api.FindingOpen: {"triangle", "warning"}, api.FindingAnswered: {"clock", "waiting"}, api.FindingClosed: {"check", "ok"},
}

// FindingsPage lists findings.
type FindingsPage struct {
	Frame
	Table   Table
	Rows    []FindingRow
	Reviews bool // the person may open the reviews themselves
	Pager   Pager
}

// FindingRow is one finding of the list.
type FindingRow struct {
	No, Href  string
	Chip      Chip
	Finding   string
	Addressee string
	System    string
	Due       text.Text
	Late      bool
}

// FindingPage is one finding with its answers.
type FindingPage struct {
	Frame
	Card    Card
	Answers []CardRow
	Offers  []Offer
	Closed  text.Text // why the person can do nothing now
}

func (p *Pages) findings(v *visit) error {
	if err := p.o.Views.Opened(v.r.Context(), v.reader(), string(api.Findings)); err != nil {
		return err
	}
	list, err := p.o.Views.Findings(v.r.Context(), v.reader(), v.paging())
	if err != nil {
		return err
	}
	page := &FindingsPage{Frame: v.frame(), Reviews: v.leadsTo("/reviews"), Pager: v.pager(len(list.Items), list.Total, list.Next), Table: Table{
		Caption: text2("指摘事項(完了していないものを先に、期限の早い順)", "Findings: those not closed first, the earliest date on top"),
		Columns: []text.Text{text2("番号", "Number"), text2("状態", "State"), text2("対象システム", "System"), text2("内容", "Finding"), text2("相手", "Addressee"), text2("期限", "Due")},
	}}
	var ids []string
	for _, f := range list.Items {
		ids = append(ids, f.System)
	}
	names, err := p.o.Views.Names(v.r.Context(), ids...)
	if err != nil {
		return err
	}
	for _, f := range list.Items {
		page.Rows = append(page.Rows, FindingRow{No: f.No, Href: v.root() + findingPath(f.No), Chip: chip(f.State.Label(), findingLooks[f.State]), Finding: text.OneLine(f.Finding, 60),
			Addressee: f.Addressee, System: nameIn(names, f.System), Due: text.Day(f.Due.In(p.o.Zone).Add(-time.Nanosecond)), Late: f.Overdue})
	}
	return v.show(page)
}

func findingPath(no string) string { return "/findings/" + url.PathEscape(no) }

func (p *Pages) finding(v *visit) error {
	f, err := p.o.Views.Finding(v.r.Context(), v.reader(), v.r.PathValue("no"))
	if err != nil {
		return err
	}
	card, err := v.findingCard(f)
	if err != nil {
		return err
	}
	page := &FindingPage{Frame: v.frame(), Card: card, Offers: v.offersOf(openOffers(f.Offers), v.root()+findingPath(f.No))}
	page.State, page.Title = f.State.Label(), text2("指摘 "+f.No, "Finding "+f.No)
	page.Crumbs = []Link{{text2("指摘事項", "Findings"), v.root() + "/findings"}}
	by := make([]string, 0, len(f.Answers))
	for _, a := range f.Answers {
		by = append(by, a.By)
	}
	names, err := p.o.Views.Names(v.r.Context(), by...)
	if err != nil {
		return err
	}
	for _, a := range f.Answers {
		at := text.Moment(a.At.In(p.o.Zone))
		who := namesIn(names, []string{a.By})
		page.Answers = append(page.Answers, CardRow{Label: text2(at.JA+" "+who, at.EN+" "+who), Text: text.Same(a.Correction)})
	}
	return v.show(page)
}

func openOffers(all []api.Offer) (open []api.Offer) {
	for _, o := range all {
		if o.Open {
			open = append(open, o)
		}
	}
	return open
}

// findingCard is the 要点 card of a finding.
func (v *visit) findingCard(f api.ReviewFinding) (Card, error) {
	names, err := v.names(f.System, f.Vendor, f.OpenedBy, f.VerifiedBy)
	if err != nil {
		return Card{}, err
	}
	z, state := v.p.o.Zone, chip(f.State.Label(), findingLooks[f.State])
	due := text.Day(f.Due.In(z).Add(-time.Nanosecond))
	if f.Overdue {
		due = text2(due.JA+"(期限超過)", due.EN+" (overdue)")
	}
	work := CardRow{Label: text2("作業(時間枠)", "Work (window)"), Text: text.Same(strings.TrimSpace(f.Review))}
	if v.leadsTo("/reviews/{id}") {
		work.Href = "/reviews/" + url.PathEscape(f.Review)
	}
	c := Card{Rows: []CardRow{
		fact("番号", "Number", f.No),
		{Label: text2("状態", "State"), Chip: &state},
		{Label: text2("内容", "Finding"), Text: text.Same(f.Finding)},
		fact("相手", "Addressee", f.Addressee),
		{Label: text2("期限", "Due"), Text: due},
		fact("対象システム", "System", names(f.System)),
		fact("保守事業者", "Vendor", names(f.Vendor)),
		work,
		fact("指摘した点検担当", "Auditor", names(f.OpenedBy)),
		{Label: text2("指摘した日時", "Opened"), Text: text.Moment(f.OpenedAt.In(z))},
	}}
	if f.VerifiedBy != "" {
		c.Rows = append(c.Rows, fact("確認者", "Verified by", names(f.VerifiedBy)), fact("確認した内容", "How it was verified", f.Verified),
			CardRow{Label: text2("完了日", "Closed on"), Text: text.Moment(f.ClosedAt.In(z))})
	}
	return c, nil
}

// findingsTodo is the line about findings among what the person must do.
func findingsTodo(n int, until time.Time, late bool, href string, zone *time.Location) TodoRow {
	by := text.Day(until.In(zone).Add(-time.Nanosecond))
	return TodoRow{Text: text2("是正を待つ指摘事項 "+itoa(n)+"件(最も早い期限 "+by.JA+")", "Findings that await your correction: "+itoa(n)+" (the earliest is due "+by.EN+")"),
		Button: text2("是正を報告する", "Answer"), Href: href, Warning: late}
}
