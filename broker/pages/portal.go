package pages

import (
	"fmt"
	"net/url"
	"slices"
	"time"

	"sekimori/broker/store"
	"sekimori/broker/view"
	"sekimori/policy"
	"sekimori/policy/text"
)

// portalRoutes are the pages of vendors' people that the staff do not have. All vendors' people see the same pages; what of them a person
// may do is the acts' and views' to say.
func portalRoutes() []row {
	home := text2("保守事業者ポータル", "Vendor portal")
	return slices.Concat(rosterRoutes(), keyRoutes(), portalReportRoutes(), portalPaperRoutes(), []row{
		get("/v/{$}", portal, home, vendors(), l0, (*Pages).portalHome),
		get("/v/requests", portal, text2("申請一覧", "Requests"), vendors(), l0, (*Pages).requestList).inMenu(20),
		get("/v/requests/{no}", portal, text2("申請の内容", "Request"), vendors(), l1, (*Pages).requestPage),
		get("/v/requests/{no}/print", portal, text2("リモート保守作業申請書", "Request for remote maintenance"), vendors(), l1, (*Pages).requestPrint),
		get("/v/windows", portal, text2("作業時間枠一覧", "Windows"), vendors(), l0, (*Pages).windows).inMenu(30).called("作業時間枠", "Windows"),
		get("/v/windows/{id}", portal, text2("作業時間枠", "Window"), vendors(), l0, (*Pages).portalWindow),
	})
}

func portalPages() map[string]page {
	return map[string]page{"portal": &PortalPage{}, "portalwindow": &PortalWindow{}, "portalroster": &RosterPage{}, "portalkeys": &PortalKeys{}, "portalreport": &ReportForm{},
		"portalpapers": &PortalPapers{}}
}

// PortalPage is the first page of a vendor's person: what they must do next, and the windows to come.
type PortalPage struct {
	Frame
	Todo []TodoRow
	Now  []WindowRow
	Key  bool // the person connects
}

func (p *Pages) portalHome(v *visit) error {
	page := &PortalPage{Frame: v.frame()}
	if err := v.portalTodo(page); err != nil {
		return err
	}
	list, err := p.o.Views.Windows(v.r.Context(), v.reader(), view.Page{Limit: 10})
	if err != nil {
		return err
	}
	now := p.o.Clock()
	var ids []string
	for _, w := range list.Items {
		ids = append(ids, w.System, w.Attendant)
	}
	names, err := v.names(ids...)
	if err != nil {
		return err
	}
	for _, w := range list.Items {
		if now.Before(w.End) && w.ClosedAt.IsZero() {
			page.Now = append(page.Now, WindowRow{Span: span(w.Start, w.End, p.o.Zone), Chip: windowChip(w.State), Request: text.Request(w.Request),
				Href: "/v/windows/" + url.PathEscape(w.ID), System: names(w.System), Attendant: names(w.Attendant)})
		}
	}
	return v.show(page)
}

// portalTodo lists what waits: proposals sent back, reports, papers that end, the monthly statement.
func (v *visit) portalTodo(page *PortalPage) error {
	ctx, views := v.r.Context(), v.p.o.Views
	for _, one := range []struct {
		state         policy.RequestState
		ja, en        string
		button, other string
	}{
		{policy.RequestReturned, "差し戻された申請", "Returned for correction", "申請を直す", "Open it"},
		{policy.ReportDue, "作業報告待ち", "Work report due", "報告を書く", "Write the report"},
	} {
		list, err := views.Requests(ctx, v.reader(), view.RequestsAsked{States: []policy.RequestState{one.state}}, view.Page{Limit: 20})
		if err != nil {
			return err
		}
		for _, r := range list.Items {
			no := text.Request(r.No)
			page.Todo = append(page.Todo, TodoRow{Text: text2(one.ja+": "+no.JA+" "+text.OneLine(r.Purpose, 40), one.en+": "+no.EN+" "+text.OneLine(r.Purpose, 40)),
				Button: text2(one.button, one.other), Href: "/v/requests/" + url.PathEscape(r.No), Warning: true})
		}
	}
	questions, err := v.openQuestions()
	if err != nil {
		return err
	}
	if n := len(questions); n > 0 {
		page.Todo = append(page.Todo, questionsTodo(n, questions[0].AnswerBy, !v.p.o.Clock().Before(questions[0].AnswerBy), "/v/questions", v.p.o.Zone))
	}
	findings, err := views.OwnFindings(ctx, v.reader())
	if err != nil {
		return err
	}
	for _, t := range findings {
		page.Todo = append(page.Todo, findingsTodo(t.Count, t.By, t.Overdue > 0, "/v/findings", v.p.o.Zone))
	}
	due, err := views.PapersDue(ctx, v.reader(), 60, view.Page{Limit: 20})
	if err != nil {
		return err
	}
	for _, e := range due.Items {
		left := text2("まもなく期限("+itoa(e.Days)+"日)", "ends in "+itoa(e.Days)+" days")
		switch {
		case e.Until.IsZero():
			left = text2("写しなし", "no copy on file")
		case e.Days < 0:
			left = text2("期限切れ", "expired")
		}
		what := store.PaperKind(e.Kind).Label()
		who := e.Person
		if e.Name != "" {
			who += " " + e.Name
		}
		if !e.Wanted.IsZero() {
			at := text.Moment(e.Wanted.In(v.p.o.Zone))
			left = text2(left.JA+"。"+at.JA+"に更新を依頼されています", left.EN+"; you were asked to renew it on "+at.EN)
		}
		page.Todo = append(page.Todo, TodoRow{Text: text2(what.JA+" "+who+": "+left.JA, what.EN+" "+who+": "+left.EN), Button: text2("写しを提出する", "Submit a copy"), Href: "/v/pledge", Warning: e.Asked})
	}
	roster, err := views.Roster(ctx, v.reader(), v.person.Vendor)
	if err != nil {
		return err
	}
	if roster.Asked && len(roster.Offers) > 0 && roster.Offers[0].Open {
		by := text.Day(roster.Due)
		page.Todo = append(page.Todo, TodoRow{Text: text2("従事者の月次確認(期限 "+by.JA+")", "Monthly roster statement (due "+by.EN+")"), Button: text2("従事者を確認する", "Confirm who works here"), Href: "/v/roster",
			Warning: roster.State != string(policy.RosterInTime)})
	}
	return nil
}

// PortalWindow is a window with its countdown and what the vendor's people may do.
type PortalWindow struct {
	Frame
	Card     Card
	Left     text.Text // 開始まで, 残り
	Seconds  int       // until the start or the end; 0: no countdown
	Starting bool
	Over     bool
	Command  string
	Wishes   []text.Text
	Report   string // where the report is written; empty: none is due
	Reports  []string
	Offers   []Offer
}

func (p *Pages) portalWindow(v *visit) error {
	w, err := p.o.Views.Work(v.r.Context(), v.reader(), v.r.PathValue("id"))
	if err != nil {
		return err
	}
	card, err := v.windowCard(w.Window)
	if err != nil {
		return err
	}
	card.Rows = append(card.Rows, CardRow{Label: text2("なぜ", "Why"), Text: text.Same(w.Purpose)})
	page := &PortalWindow{Frame: v.frame(), Card: card, Offers: v.offersOf(w.Offers, "/v/windows/"+url.PathEscape(w.ID)), Reports: w.Reports}
	page.Crumbs = []Link{{text2("作業時間枠一覧", "Windows"), "/v/windows"}}
	page.Helpline = v.helpOn(w.System)
	page.State = windowChip(w.State).Text
	page.Scripts = []string{"countdown.js"}
	if v.r.URL.Query().Get("done") == "report" {
		page.Done = text2("作業報告書を提出しました。", "The work report is handed in.")
	}
	now := p.o.Clock()
	switch {
	case !w.ClosedAt.IsZero() || !now.Before(w.End):
		page.Over = true
	case now.Before(w.Start):
		page.Starting, page.Seconds = true, int(w.Start.Sub(now)/time.Second)
		page.Left = text2("開始まで "+timeLeft(w.Start.Sub(now)).JA, "Starts in "+timeLeft(w.Start.Sub(now)).EN)
	default:
		page.Seconds = int(w.End.Sub(now) / time.Second)
		page.Left = text2("残り "+timeLeft(w.End.Sub(now)).JA, timeLeft(w.End.Sub(now)).EN+" left")
	}
	if !page.Over && v.p.o.House.GateName != "" {
		page.Command = fmt.Sprintf("ssh %s@%s", v.login(), v.p.o.House.GateName)
	}
	for _, s := range w.Sessions {
		if !s.Live {
			page.Report = "/v/report/" + url.PathEscape(w.ID)
		}
	}
	for _, x := range w.Wishes {
		state := store.ExtensionState(x.State).Label()
		asked, err := time.ParseDuration(x.By)
		if err != nil {
			return err
		}
		more := text.Left(asked)
		page.Wishes = append(page.Wishes, text2(fmt.Sprintf("%s 延長申請 %s「%s」 %s", x.AskedAt.In(p.o.Zone).Format("15:04"), more.JA, x.Reason, state.JA),
			fmt.Sprintf("%s asked for %s: %s (%s)", x.AskedAt.In(p.o.Zone).Format("15:04"), more.EN, x.Reason, state.EN)))
	}
	return v.show(page)
}

// login is the name that the person types; the id where there is none.
func (v *visit) login() string {
	if v.person.Login != "" {
		return v.person.Login
	}
	return v.person.ID
}

// timeLeft says a remaining time: days and hours, below a day hours and minutes, below an hour minutes, below a minute seconds.
func timeLeft(d time.Duration) text.Text {
	switch h, m := int(d/time.Hour), int(d/time.Minute)%60; {
	case d >= 24*time.Hour:
		return text2(fmt.Sprintf("%d日%d時間", h/24, h%24), fmt.Sprintf("%d d %d h", h/24, h%24))
	case d >= time.Hour:
		return text2(fmt.Sprintf("%d時間%d分", h, m), fmt.Sprintf("%d h %d min", h, m))
	case d >= time.Minute:
		return text2(fmt.Sprintf("%d分", m), fmt.Sprintf("%d min", m))
	}
	return text2(fmt.Sprintf("%d秒", max(int(d/time.Second), 0)), fmt.Sprintf("%d s", max(int(d/time.Second), 0)))
}
