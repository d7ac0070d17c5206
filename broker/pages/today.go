package pages

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"sekimori/broker/api"
	"sekimori/policy"
	"sekimori/policy/text"
)

func todayRoutes() []row {
	return []row{
		get("/{$}", staff, text2("今日の予定", "Today"), everySignedIn(), l0, func(_ *Pages, v *visit) error { return v.to("/today") }),
		get("/today", staff, text2("今日の予定", "Today"), everySignedIn(), l0, (*Pages).today).inMenu(1),
	}
}

func todayPages() map[string]page { return map[string]page{"today": &TodayPage{}} }

// TodayPage is what the person must do next, and the day in order of time.
type TodayPage struct {
	Frame
	Day           text.Text
	Near          string // the day in digits
	Todo          []TodoRow
	Rows          []EntryRow
	Clashes       []text.Text
	Next          *EntryRow
	NextDay       Moment
	Ended, Unused int
	Decides       bool // the person decides on requests, so that an empty list says that none waits
}

// TodoRow is one thing that waits for the person.
type TodoRow struct {
	Text    text.Text
	Button  text.Text
	Href    string
	Warning bool
	List    string // where all of its kind are; empty: the row names only one thing
}

// EntryRow is one line of the calendar.
type EntryRow struct {
	Span       Span
	Hours      text.Text // 10:00-11:30
	Chip       Chip
	Busy       bool // of another section: only the hours are told
	Pending    bool
	Request    text.Text
	Href       string
	System     string
	Vendor     string
	Attendant  string
	Unattended bool // the system requires an attendant, and there is none yet
	Yours      bool
	Emergency  bool
	Drill      bool
}

func (p *Pages) today(v *visit) error {
	t, err := p.o.Views.Today(v.r.Context(), v.reader())
	if err != nil {
		return err
	}
	page := &TodayPage{Frame: v.frame(), Day: text.Day(t.At), Near: t.At.Format("2006-01-02"), Ended: t.Ended, Unused: t.Unused}
	for _, one := range t.Todo {
		page.Todo = append(page.Todo, todoRow(one, p.o.Zone))
	}
	page.Decides = v.leadsTo("/requests/{no}/decide")
	if policy.MayConfirmChange(v.person) {
		n, err := v.waiting()
		if err != nil {
			return err
		}
		if n > 0 {
			page.Todo = append(page.Todo, TodoRow{Text: text2("登録の変更の確認待ち "+itoa(n)+"件", "Changes of the registry that wait: "+itoa(n)), Button: text2("一覧を開く", "Open the list"), Href: "/changes"})
		}
	}
	for _, e := range t.Day.Entries {
		page.Rows = append(page.Rows, v.entryRow(e))
	}
	page.Clashes = clashes(t.Day)
	if t.Next != nil {
		next := v.entryRow(*t.Next)
		page.Next, page.NextDay = &next, moment(t.Next.Start, p.o.Zone)
	}
	return v.show(page)
}

// todoRow says a duty in the words of its page.
func todoRow(t api.Todo, zone *time.Location) TodoRow {
	n := fmt.Sprint(t.Count)
	no := text.Request(t.Request)
	first := text.Text{}
	if !t.Earliest.IsZero() {
		at := text.Moment(t.Earliest.In(zone))
		first = text2("(最も早い開始 "+at.JA+")", " (the earliest starts "+at.EN+")")
	}
	list := func(ja, en, href string) TodoRow {
		return TodoRow{Text: text2(ja+" "+n+"件"+first.JA, en+": "+n+first.EN), Button: text2("一覧を開く", "Open the list"), Href: href}
	}
	// The button leads to the decision on the request that starts first.
	decide := func(ja, en, href string) TodoRow {
		row := list(ja, en, "/requests/"+url.PathEscape(t.Request)+"/decide")
		row.Button, row.List = text2(no.JA+"の承認へ", "Decide "+no.EN), href
		return row
	}
	switch t.Duty {
	case string(policy.DutyDecideFirst):
		return decide("承認待ち", "Awaiting your decision", "/requests?state=pending-first")
	case string(policy.DutyDecideSecond):
		return decide("第二承認待ち", "Awaiting second approval", "/requests?state=pending-second")
	case string(policy.DutySeen):
		return list("後閲", "Decided by a deputy, to be seen", "/requests?seen=1")
	case string(policy.DutyReport):
		return list("作業報告待ち", "Work report awaited", "/requests?state=report-due")
	case string(policy.DutyReview):
		row := TodoRow{Text: text2("点検待ち "+n+"件", "To review: "+n), Button: text2("点検を開く", "Open the reviews"), Href: "/reviews", Warning: t.Overdue > 0}
		if t.Overdue > 0 {
			row.Text = text2(fmt.Sprintf("%s、期限超過 %d件", row.Text.JA, t.Overdue), fmt.Sprintf("%s, overdue: %d", row.Text.EN, t.Overdue))
		}
		if t.Soon > 0 {
			by := text.Day(t.By.In(zone))
			row.Text, row.Warning = text2(fmt.Sprintf("%s、期限が近い %d件(最も早い期限 %s)", row.Text.JA, t.Soon, by.JA), fmt.Sprintf("%s, due soon: %d (the earliest on %s)", row.Text.EN, t.Soon, by.EN)), true
		}
		if t.Answered > 0 {
			row.Text = text2(fmt.Sprintf("%s、回答あり %d件", row.Text.JA, t.Answered), fmt.Sprintf("%s, answered: %d", row.Text.EN, t.Answered))
		}
		return row
	case string(policy.DutyCorrect):
		return findingsTodo(t.Count, t.By, t.Overdue > 0, "/findings", zone)
	case string(policy.DutyAnswer):
		return questionsTodo(t.Count, t.By, t.Overdue > 0, "/questions", zone)
	case string(policy.DutyRoom):
		room := policy.SayRoom(t.Left)
		return TodoRow{Text: text2(fmt.Sprintf("%s(決まりは%d日分)", room.JA, t.Wanted), fmt.Sprintf("%s%s (%d are wanted)", strings.ToUpper(room.EN[:1]), room.EN[1:], t.Wanted)),
			Button: text2("運用の決まりを開く", "Open the rules in force"), Href: "/settings", Warning: true}
	case "record":
		return TodoRow{Text: text2(no.JA+": 立会確認書が未記入です", no.EN+": the attendance record is not written"), Button: text2("記入する", "Write it"),
			Href: "/windows/" + url.PathEscape(t.Window) + "/attest", Warning: true}
	}
	at := t.By.In(zone).Format("15:04")
	return TodoRow{Text: text2(at+" までに "+no.JA+" の立会い準備", "By "+at+": prepare to attend "+no.EN), Button: text2("立会いコンソールを開く", "Open the attendant console"), Href: "/windows/" + url.PathEscape(t.Window) + "/console"}
}

// entryRow is a line of the calendar as this person may read it.
func (v *visit) entryRow(e api.CalendarEntry) EntryRow {
	row := EntryRow{Span: span(e.Start, e.End, v.p.o.Zone), Hours: hours(e.Start, e.End, v.p.o.Zone), Busy: e.Busy}
	if e.Busy {
		return row
	}
	row.Pending, row.Request, row.System, row.Vendor, row.Emergency, row.Drill = e.Pending, text.Request(e.Request), e.SystemName, e.VendorName, e.Emergency, e.Drill
	row.Attendant, row.Unattended, row.Yours = e.AttendantName, e.Attended && e.Attendant == "", e.Attendant != "" && e.Attendant == v.person.ID
	row.Chip, row.Href = windowChip(e.State), "/windows/"+url.PathEscape(e.ID)
	if e.Pending {
		row.Chip, row.Href = requestChip(e.State), "/requests/"+url.PathEscape(e.Request)
	}
	return row
}

// clashes are the sentences about two entries on one system at a time.
func clashes(d api.Day) []text.Text {
	var out []text.Text
	for _, c := range d.Clashes {
		if len(c.Requests) < 2 {
			continue
		}
		a, b := text.Request(c.Requests[0]), text.Request(c.Requests[1])
		out = append(out, text2("重なり: "+a.JA+"と"+b.JA+"("+c.SystemName+")", "Clash: "+a.EN+" and "+b.EN+" ("+c.SystemName+")"))
	}
	return out
}
