package pages

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/fault"
	"sekimori/broker/view"
	"sekimori/policy"
	"sekimori/policy/text"
)

func calendarRoutes() []row {
	title, feeds := text2("予定表", "Calendar"), text2("カレンダー購読", "Subscribe to the calendar")
	return []row{
		get("/calendar", staff, title, everyStaff(), levelOf(api.CalendarPath), (*Pages).calendar).inMenu(10),
		get("/calendar/subscribe", staff, feeds, everyStaff(), l0, (*Pages).subscribe),
		post("/calendar/subscribe", staff, feeds, everyStaff(), l1, (*Pages).makeFeed),
		post("/calendar/feeds/{id}/revoke", staff, feeds, everyStaff(), l1, (*Pages).revokeFeed),
	}
}

func calendarPages() map[string]page {
	return map[string]page{"calendar": &CalendarPage{}, "subscribe": &SubscribePage{}}
}

// CalendarPage tells when anyone is connected: as a list, as a week or as a month.
type CalendarPage struct {
	Frame
	View               string // list, week or month
	Period             text.Text
	Before, Now, After Link
	Views              []NavItem
	Systems            []Choice
	Days               []DayRow   // list and week
	Weeks              [][]DayRow // month; a day outside the month has no number
	Weekdays           []text.Text
	Print              bool
	PrintHref          string
	Hidden             map[string]string // what the form for the system keeps
	Filtered           bool
	List               string // where the list of days is changed; empty: the person does not change it
	Clear              string
}

// DayRow is one day.
type DayRow struct {
	Number  int // of the month; 0: outside the month
	Name    text.Text
	ISO     string
	Holiday text.Text
	Closed  bool // the whole day is without maintenance, or the institution does not work
	NoWork  []text.Text
	Entries []EntryRow
	Notes   []text.Text // when staff terminals cannot use a system
	Clashes []text.Text
	Today   bool
}

// Count says how many entries the day has.
func (d DayRow) Count() text.Text {
	n := len(d.Entries)
	if n == 1 {
		return text2("1件", "1 entry")
	}
	return text2(fmt.Sprintf("%d件", n), fmt.Sprintf("%d entries", n))
}

// Empty says that the list leaves the day out.
func (d DayRow) Empty() bool { return len(d.Entries) == 0 && len(d.NoWork) == 0 && d.Holiday.IsZero() }

// shortWeekdays are the days by time.Weekday.
var shortWeekdays = []text.Text{text2("日", "Sun"), text2("月", "Mon"), text2("火", "Tue"), text2("水", "Wed"), text2("木", "Thu"), text2("金", "Fri"), text2("土", "Sat")}

func (p *Pages) calendar(v *visit) error {
	q := v.r.URL.Query()
	now := p.o.Clock().In(p.o.Zone)
	from, until, mode, err := calendarSpan(q, now)
	if err != nil {
		return err
	}
	days, err := v.days(from, until)
	if err != nil {
		return err
	}
	page := &CalendarPage{Frame: v.frame(), View: mode, Print: q.Get("print") != "", Filtered: q.Get("system") != ""}
	page.Systems = systemsIn(days, q.Get("system"))
	if policy.MayProposeChange(v.person) {
		page.List = dayList.at
	}
	today := policy.DateOf(now, p.o.Zone)
	for _, d := range days {
		row := v.dayRow(d, q.Get("system"))
		row.Today = d.Date == today
		page.Days = append(page.Days, row)
	}
	page.arrange(from, until, now, q)
	return v.show(page)
}

// calendarSpan reads ?view=, ?month= and ?week=.
func calendarSpan(q url.Values, now time.Time) (from, until time.Time, mode string, err error) {
	if mode = q.Get("view"); mode != "week" && mode != "month" {
		mode = "list"
	}
	bad := fault.BadRequest("月は 2026-11、週は 2026-11-23 のように書いてください", "write a month like 2026-11 and a week like 2026-11-23", nil)
	if mode == "week" {
		day := now
		if s := q.Get("week"); s != "" {
			if day, err = time.ParseInLocation(time.DateOnly, s, now.Location()); err != nil {
				return from, until, mode, bad
			}
		}
		from = time.Date(day.Year(), day.Month(), day.Day()-(int(day.Weekday())+6)%7, 0, 0, 0, 0, now.Location())
		until = from.AddDate(0, 0, 7)
	} else {
		month := now
		if s := q.Get("month"); s != "" {
			if month, err = time.ParseInLocation("2006-01", s, now.Location()); err != nil {
				return from, until, mode, bad
			}
		}
		from = time.Date(month.Year(), month.Month(), 1, 0, 0, 0, 0, now.Location())
		until = from.AddDate(0, 1, 0)
	}
	if from.Year() < 1970 || until.Year() > 2199 {
		return from, until, mode, bad
	}
	return from, until, mode, nil
}

// days reads the days of an interval as the person may see them.
func (v *visit) days(from, until time.Time) ([]api.Day, error) {
	var out []api.Day
	first, last := policy.DateOf(from, v.p.o.Zone), policy.DateOf(until, v.p.o.Zone)
	for month := time.Date(from.Year(), from.Month(), 1, 0, 0, 0, 0, from.Location()); month.Before(until); month = month.AddDate(0, 1, 0) {
		m, err := v.p.o.Agenda.Month(v.r.Context(), month, "", v.caller().Actor)
		if err != nil {
			return nil, err
		}
		for _, d := range m.Days {
			if d.Date >= first && d.Date < last {
				out = append(out, d)
			}
		}
	}
	return out, nil
}

// systemsIn are the systems that the days name, for the filter.
func systemsIn(days []api.Day, chosen string) []Choice {
	out := []Choice{{Text: text2("すべて", "All"), Set: chosen == ""}}
	seen := map[string]bool{}
	for _, d := range days {
		for _, e := range d.Entries {
			if e.System != "" && !seen[e.System] {
				seen[e.System] = true
				out = append(out, Choice{e.System, text.Same(e.SystemName), e.System == chosen})
			}
		}
	}
	if chosen != "" && !seen[chosen] {
		out = append(out, Choice{chosen, text.Same(chosen), true})
	}
	slices.SortStableFunc(out[1:], func(a, b Choice) int { return strings.Compare(a.Word, b.Word) })
	return out
}

// dayRow is a day, narrowed to one system.
func (v *visit) dayRow(d api.Day, system string) DayRow {
	t, err := time.ParseInLocation(time.DateOnly, string(d.Date), v.p.o.Zone)
	if err != nil { // the agenda makes the dates
		return DayRow{}
	}
	row := DayRow{Number: t.Day(), ISO: string(d.Date), Closed: !d.Open, Clashes: clashes(d)}
	w := shortWeekdays[t.Weekday()]
	row.Name = text2(fmt.Sprintf("%d/%d(%s)", t.Month(), t.Day(), w.JA), t.Format("Mon 2 Jan"))
	if d.Holiday != "" {
		row.Name.JA = strings.Replace(row.Name.JA, ")", "・祝)", 1)
		row.Holiday = text2(d.Holiday, d.HolidayEN)
		if d.HolidayEN == "" {
			row.Holiday.EN = d.Holiday
		}
	}
	for _, n := range d.NoWork {
		if system != "" && n.System != "" && n.System != system {
			continue
		}
		row.NoWork = append(row.NoWork, noWorkText(n))
		row.Closed = row.Closed || n.Whole
	}
	for _, e := range d.Entries {
		if system != "" && e.System != system {
			continue
		}
		row.Entries = append(row.Entries, v.entryRow(e))
		if e.Exclusive && !e.Pending && !e.Busy {
			at := hours(e.Start, e.End, v.p.o.Zone)
			row.Notes = append(row.Notes, text2(strings.Replace(at.JA, "-", "〜", 1)+" は"+e.SystemName+"を職員端末から使えません。", at.EN+": "+e.SystemName+" is not usable from staff terminals."))
		}
	}
	return row
}

// noWorkText is a time without maintenance: the whole day, or its hours.
func noWorkText(n api.DayNoWork) text.Text {
	of := ""
	if n.SystemName != "" {
		of = n.SystemName + " "
	}
	if n.Whole {
		return text2("作業禁止日("+of+n.Reason+")", "no-work day ("+of+n.Reason+")")
	}
	at := n.From.Format("15:04-") + n.Until.Format("15:04")
	return text2(at+" 作業禁止("+of+n.Reason+")", at+" no work ("+of+n.Reason+")")
}

// arrange sets the heading, the links to other periods and views, and of a month its weeks.
func (page *CalendarPage) arrange(from, until, now time.Time, q url.Values) {
	at := func(view, key string, t time.Time) string {
		form := "2006-01"
		if key == "week" {
			form = time.DateOnly
		}
		to := url.Values{"view": {view}, key: {t.Format(form)}}
		if s := q.Get("system"); s != "" {
			to.Set("system", s)
		}
		return "/calendar?" + to.Encode()
	}
	key := "month"
	if page.View == "week" {
		key = "week"
		end := until.AddDate(0, 0, -1)
		page.Period = text2(text.Day(from).JA+"から"+text.Day(end).JA, text.Day(from).EN+" to "+text.Day(end).EN)
		page.Before = Link{text2("前の週", "Week before"), at("week", key, from.AddDate(0, 0, -7))}
		page.After = Link{text2("次の週", "Week after"), at("week", key, until)}
	} else {
		page.Period = text.Month(from)
		before := from.AddDate(0, -1, 0)
		page.Before = Link{text2(fmt.Sprintf("%d月", before.Month()), before.Format("January")), at(page.View, key, before)}
		page.After = Link{text2(fmt.Sprintf("%d月", until.Month()), until.Format("January")), at(page.View, key, until)}
	}
	page.Now = Link{text2("今日", "Today"), at(page.View, key, now)}
	page.PrintHref = at("month", "month", from) + "&print=1"
	page.Clear = "/calendar?" + url.Values{"view": {page.View}, key: {q.Get(key)}}.Encode()
	page.Hidden = map[string]string{"view": page.View}
	if s := q.Get(key); s != "" {
		page.Hidden[key] = s
	}
	base := from
	if page.View == "week" && !now.Before(from) && now.Before(until) {
		base = now
	}
	for _, one := range []struct {
		view string
		name text.Text
	}{{"list", text2("一覧", "List")}, {"week", text2("週", "Week")}, {"month", text2("月", "Month")}} {
		k := "month"
		if one.view == "week" {
			k = "week"
		}
		page.Views = append(page.Views, NavItem{Link{one.name, at(one.view, k, base)}, one.view == page.View})
	}
	if page.View == "month" {
		page.Weekdays = append(slices.Clone(shortWeekdays[1:]), shortWeekdays[0])
		page.Weeks = weeksOf(page.Days, from)
	}
}

// weeksOf puts the days of a month into weeks from Monday.
func weeksOf(days []DayRow, from time.Time) [][]DayRow {
	cells := make([]DayRow, (int(from.Weekday())+6)%7, 42)
	cells = append(cells, days...)
	for len(cells)%7 != 0 {
		cells = append(cells, DayRow{})
	}
	return slices.Collect(slices.Chunk(cells, 7))
}

// SubscribePage makes addresses for calendar programs.
type SubscribePage struct {
	Frame
	Made  string // the secret address, once
	Feeds []FeedRow
}

// FeedRow is a feed that the person may close.
type FeedRow struct {
	ID      string
	Subject string
	Created Moment
	Ended   Moment
}

func (p *Pages) subscribe(v *visit) error { return p.feeds(v, "") }

func (p *Pages) feeds(v *visit, made string) error {
	list, err := p.o.Views.Feeds(v.r.Context(), v.reader(), view.Page{Limit: api.PageItems})
	if err != nil {
		return err
	}
	page := &SubscribePage{Frame: v.frame(), Made: made}
	page.Crumbs = []Link{{text2("予定表", "Calendar"), "/calendar"}}
	var ids []string
	for _, f := range list.Items {
		ids = append(ids, f.Subject)
	}
	names, err := v.names(ids...)
	if err != nil {
		return err
	}
	for _, f := range list.Items {
		page.Feeds = append(page.Feeds, FeedRow{ID: f.ID, Subject: names(f.Subject), Created: moment(f.Created, p.o.Zone), Ended: moment(f.Revoked, p.o.Zone)})
	}
	return v.show(page)
}

// makeFeed makes a feed of the person's section. Its address is shown once.
func (p *Pages) makeFeed(v *visit) error {
	if err := v.readForm(); err != nil {
		return err
	}
	made, err := p.o.Agenda.CreateSection(v.r.Context(), v.person.Section, v.lang, v.caller().Actor)
	if err != nil {
		return err
	}
	scheme := "http://"
	if p.secure(v.r) {
		scheme = "https://"
	}
	return p.feeds(v, scheme+v.r.Host+made.Path)
}

func (p *Pages) revokeFeed(v *visit) error {
	if _, err := p.o.Agenda.Revoke(v.r.Context(), v.r.PathValue("id"), v.caller().Actor); err != nil {
		return err
	}
	return v.to(withDone("/calendar/subscribe", "save-settings"))
}
