package pages

import (
	"net/url"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/confirmation"
	"sekimori/policy"
	"sekimori/policy/text"
)

func dayRoutes() []row {
	c := those(policy.Requester, policy.Approver, policy.SecondApprover, policy.Attendant, policy.Auditor, policy.InformationSystems)
	c.Deputies = true
	return []row{
		get("/days", staff, text2("その日の接続の確認", "Confirmation of each day"), c, levelOf(api.Days), (*Pages).days).inMenu(45).called("日々の確認", "Days"),
		get("/days/{id}", staff, text2("その日の接続の確認", "Confirmation of the day"), c, l1, (*Pages).day),
	}
}

func dayPages() map[string]page {
	return map[string]page{"days": &DaysPage{}, "day": &DayPage{}}
}

var dayLooks = map[api.DayState]look{api.DayOwed: {"clock", "waiting"}, api.DayOverdue: {"triangle", "warning"}, api.DayConfirmed: {"check", "ok"}}

func dayChip(s api.DayState) Chip { return chip(s.Label(), dayLooks[s]) }

// DaysPage lists the days of work.
type DaysPage struct {
	Frame
	Table Table
	Rows  []WorkDayRow
	Pager Pager
}

// WorkDayRow is one day on one system.
type WorkDayRow struct {
	Href   string
	Day    text.Text
	ISO    string
	System string
	Chip   Chip
	Due    text.Text
	By     string
	Wait   bool
}

func (p *Pages) days(v *visit) error {
	list, err := p.o.Views.Days(v.r.Context(), v.reader(), v.r.URL.Query().Get("owed") != "", v.paging())
	if err != nil {
		return err
	}
	page := &DaysPage{Frame: v.frame(), Pager: v.pager(len(list.Items), list.Total, list.Next), Table: Table{
		Caption: text2("日と対象システム(確認待ちを先に)", "Days and systems, those to be confirmed first"),
		Columns: []text.Text{text2("日", "Day"), text2("対象システム", "System"), text2("状態", "State"), text2("期限", "Due"), text2("確認した人", "Confirmed by"), text2("すること", "Act")},
	}}
	var ids []string
	for _, d := range list.Items {
		ids = append(ids, d.System, d.By)
	}
	names, err := p.o.Views.Names(v.r.Context(), ids...)
	if err != nil {
		return err
	}
	for _, d := range list.Items {
		page.Rows = append(page.Rows, WorkDayRow{Href: "/days/" + url.PathEscape(d.ID), Day: dayText(d.Date), ISO: string(d.Date), System: nameIn(names, d.System), Chip: dayChip(d.State),
			Due: lastDay(d.Due, p.o.Zone), By: nameIn(names, d.By), Wait: d.State != api.DayConfirmed})
	}
	return v.show(page)
}

// dayText is a date for people.
func dayText(d policy.Date) text.Text {
	t, err := time.Parse(time.DateOnly, string(d))
	if err != nil {
		return text.Same(string(d))
	}
	return text.Day(t)
}

// lastDay is the last day before a moment that ends a day.
func lastDay(until time.Time, z *time.Location) text.Text {
	said := text.Day(until.Add(-time.Millisecond).In(z))
	return text2(said.JA+"まで", "by the end of "+said.EN)
}

// DayPage is one day's sessions on one system.
type DayPage struct {
	Frame
	Card     Card
	Briefs   Briefs
	Work     Table
	Sessions []SessionRow
	Refused  []SessionRow
	Earlier  []text.Text // confirmations so far
	Confirm  string      // where the confirmation is posted; empty: it is not open to this person
	Closed   text.Text   // why not
	Fields   []Field
	Back     string
	Count    int
}

func (p *Pages) day(v *visit) error {
	d, err := p.o.Views.Day(v.r.Context(), v.reader(), v.r.PathValue("id"))
	if err != nil {
		return err
	}
	ids := []string{d.System}
	for _, s := range append(d.Sessions, d.Refused...) {
		ids = append(ids, s.Engineer)
	}
	for _, c := range d.Confirmations {
		ids = append(ids, c.By, c.Behalf)
	}
	names, err := p.o.Views.Names(v.r.Context(), ids...)
	if err != nil {
		return err
	}
	base := "/days/" + url.PathEscape(d.ID)
	page := &DayPage{Frame: v.frame(), Back: base, Work: Table{Caption: text2("その日の接続", "Sessions of the day"), Columns: sessionColumns()}, Count: len(d.Sessions)}
	page.Crumbs = []Link{{text2("その日の接続の確認", "Confirmation of each day"), "/days"}}
	page.State = dayChip(d.State).Text
	if page.Card, err = v.dayCard(d); err != nil {
		return err
	}
	page.Briefs = v.briefs(d.Sessions, names)
	for _, s := range d.Sessions {
		page.Sessions = append(page.Sessions, sessionRow(s, names, p.o.Zone))
	}
	for _, s := range d.Refused {
		page.Refused = append(page.Refused, sessionRow(s, names, p.o.Zone))
	}
	for _, c := range d.Confirmations {
		at, n, by := text.Moment(c.At.In(p.o.Zone)), itoa(len(c.Sessions)), nameIn(names, c.By)
		ja, en := at.JA+" "+by+" 接続 "+n+"件", at.EN+" "+by+", "+n+" session(s)"
		if c.Behalf != "" {
			ja, en = ja+"(代決: "+nameIn(names, c.Behalf)+")", en+" (deputy of "+nameIn(names, c.Behalf)+")"
		}
		if c.Note != "" {
			ja, en = ja+" 「"+c.Note+"」", en+" “"+c.Note+"”"
		}
		page.Earlier = append(page.Earlier, text2(ja, en))
	}
	for _, o := range d.Offers {
		switch {
		case o.Act != "confirm":
		case o.Open:
			page.Confirm, page.Fields = base+"/confirm", fieldsOf(confirmation.Confirming.Flags(), v.given, nil)
		case policy.Reason(o.Reason) != policy.AlreadyDecided:
			page.Closed = closedBecause(o)
		}
	}
	return v.show(page)
}

func (v *visit) dayCard(d api.WorkDay) (Card, error) {
	names, err := v.p.o.Views.Names(v.r.Context(), d.System, d.By)
	state := dayChip(d.State)
	c := Card{Rows: []CardRow{
		{Label: text2("いつ", "When"), Text: dayText(d.Date)},
		{Label: text2("なにに", "To what"), Text: text.Same(nameIn(names, d.System))},
		{Label: text2("状態", "State"), Chip: &state},
		{Label: text2("期限", "Due"), Text: lastDay(d.Due, v.p.o.Zone)},
	}}
	if d.By != "" {
		c.Rows = append(c.Rows, CardRow{Label: text2("確認した人", "Confirmed by"), Text: text.Same(nameIn(names, d.By))})
	}
	return c, err
}
