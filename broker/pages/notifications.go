package pages

import (
	"strconv"

	"sekimori/broker/api"
	"sekimori/broker/fault"
	"sekimori/broker/store"
	"sekimori/policy"
	"sekimori/policy/text"
)

// notificationRoutes are a person's own notices, and for those who run the broker the ones that reached no one.
func notificationRoutes() []row {
	list, gone := text2("通知", "Notices"), text2("届かなかった通知", "Notices that did not get through")
	keepers := those(policy.Administrator, policy.InformationSystems)
	return []row{
		get("/notifications", staff, list, everyStaff(), l0, (*Pages).notifications),
		post("/notifications/seen", staff, list, everyStaff(), l0, (*Pages).seeNotifications),
		get("/notifications/undelivered", staff, gone, keepers, l0, (*Pages).undelivered),
		post("/notifications/test", staff, gone, keepers, l0, (*Pages).testWays),
		get("/v/notifications", portal, list, vendors(), l0, (*Pages).notifications),
		post("/v/notifications/seen", portal, list, vendors(), l0, (*Pages).seeNotifications),
	}
}

func notificationPages() map[string]page {
	return map[string]page{"notifications": &NotificationsPage{}, "undelivered": &UndeliveredPage{}}
}

// NotificationsPage lists the person's notices.
type NotificationsPage struct {
	Frame
	Rows    []NotificationRow
	Unseen  int
	UpTo    int64  // the newest shown notice: pressing the button marks no notice that was not shown
	Action  string // of the button
	Keepers bool   // may see those that reached no one
	Pager   Pager
}

// NotificationRow is one notice.
type NotificationRow struct {
	ID                  string
	Subject, Lead, Next text.Text
	At                  Moment
	Times               int
	Unseen, Drill       bool
	Href                string
	Facts               []CardRow
}

func (p *Pages) notifications(v *visit) error {
	list, err := p.o.Views.Notifications(v.r.Context(), v.reader(), v.paging())
	if err != nil {
		return err
	}
	page := &NotificationsPage{Frame: v.frame(), Action: v.root() + "/notifications/seen", Keepers: v.site == staff && policy.SeeUndelivered(v.person).Allow,
		Pager: v.pager(len(list.Items), list.Total, list.Next)}
	page.Unseen = page.Notices
	for _, n := range list.Items {
		one := NotificationRow{ID: "notice-" + strconv.FormatInt(n.ID, 10), Subject: n.Subject.Text(), Lead: n.Lead.Text(), Next: n.Next.Text(), At: moment(n.Latest, p.o.Zone), Times: n.Count,
			Unseen: n.Seen.IsZero(), Drill: n.Drill, Href: local(n.Page, "")}
		for _, f := range n.Facts {
			one.Facts = append(one.Facts, CardRow{Label: f.Label.Text(), Text: f.Value.Text()})
		}
		page.UpTo = max(page.UpTo, n.ID)
		page.Rows = append(page.Rows, one)
	}
	return v.show(page)
}

func (p *Pages) seeNotifications(v *visit) error {
	if err := v.readForm(); err != nil {
		return err
	}
	upTo, err := strconv.ParseInt(v.r.PostFormValue("up_to"), 10, 64)
	if err != nil || upTo < 1 {
		return v.to(v.root() + "/notifications")
	}
	if p.o.Teller != nil {
		if err := p.o.Teller.SeeAll(v.r.Context(), v.person.ID, upTo); err != nil {
			return err
		}
	}
	return v.to(v.root() + "/notifications")
}

// UndeliveredPage lists what reached no one.
type UndeliveredPage struct {
	Frame
	Table Table
	Rows  []UndeliveredRow
	Pager Pager
	// After a test: how each way went.
	Tested   bool
	WayTable Table
	Ways     []WayRow
}

// WayRow is one way by which notices reach people, as just tried.
type WayRow struct {
	Chip  Chip
	Way   text.Text
	To    string
	Error string
}

// testWays sends the person a notice by every way, now, and shows how each went.
func (p *Pages) testWays(v *visit) error {
	if err := v.readForm(); err != nil {
		return err
	}
	if p.o.Teller == nil {
		return fault.NotFound()
	}
	tried, err := p.o.Teller.Test(v.r.Context(), v.actor())
	if err != nil {
		return v.refused(err)
	}
	page, err := v.undeliveredPage()
	if err != nil {
		return err
	}
	page.Tested, page.WayTable = true, Table{Caption: text2("試した経路", "The ways, as tried"),
		Columns: []text.Text{text2("経路", "Way"), text2("結果", "Result"), text2("相手", "To"), text2("誤り", "Error")}}
	for _, t := range tried {
		one := WayRow{Chip: chip(text2("届いた", "Accepted"), look{"check", "ok"}), Way: wayOf(string(t.Channel)), To: t.To, Error: t.Error}
		if !t.OK {
			one.Chip = chip(text2("届かない", "Failed"), look{"octagon", "stop"})
		}
		page.Ways = append(page.Ways, one)
	}
	return v.show(page)
}

// wayOf names the channel of a notice.
func wayOf(channel string) text.Text {
	if channel == string(store.ChannelMail) {
		return text2("メール", "Mail")
	}
	return text2("呼出し", "Call")
}

// UndeliveredRow is one delivery.
type UndeliveredRow struct {
	Chip         Chip
	Way, Subject text.Text
	To           string
	Since        Moment
	Tries        int
	Error        string
}

func (p *Pages) undelivered(v *visit) error {
	page, err := v.undeliveredPage()
	if err != nil {
		return err
	}
	return v.show(page)
}

func (v *visit) undeliveredPage() (*UndeliveredPage, error) {
	p := v.p
	list, err := p.o.Views.Undelivered(v.r.Context(), v.reader(), v.paging())
	if err != nil {
		return nil, err
	}
	page := &UndeliveredPage{Frame: v.frame(), Pager: v.pager(len(list.Items), list.Total, list.Next), Table: Table{
		Caption: text2("届かなかった通知(あきらめたものが先)", "Notices that did not get through; those given up first"),
		Columns: []text.Text{text2("状態", "State"), text2("通知", "Notice"), text2("経路", "Way"), text2("相手", "To"), text2("日時", "Since"), text2("回数", "Tries"), text2("最後の誤り", "Last error")},
	}}
	page.Crumbs = []Link{{text2("通知", "Notices"), "/notifications"}}
	var ids []string
	for _, d := range list.Items {
		ids = append(ids, d.Person)
	}
	names, err := v.names(ids...)
	if err != nil {
		return nil, err
	}
	for _, d := range list.Items {
		one := UndeliveredRow{Chip: chip(text2("再送待ち", "To be tried again"), look{"clock", "attention"}), Way: wayOf(d.Channel), Subject: d.Subject.Text(), To: names(d.Person) + d.Desk,
			Since: moment(d.Created, p.o.Zone), Tries: d.Tries, Error: d.Error}
		if d.State == "dead" {
			one.Chip = chip(text2("あきらめた", "Given up"), look{"octagon", "stop"})
		}
		page.Rows = append(page.Rows, one)
	}
	return page, nil
}

// alarmRoutes are the alarms of a person's desks.
func alarmRoutes() []row {
	list := text2("警報", "Alarms")
	return []row{
		get("/alarms", staff, list, everyStaff(), levelOf(api.Alarms), (*Pages).alarms).inMenu(62),
		post("/alarms/{id}/ack", staff, text2("警報の確認", "Acknowledge an alarm"), everyStaff(), l0, (*Pages).ackAlarm),
	}
}

func alarmPages() map[string]page { return map[string]page{"alarms": &AlarmsPage{}} }

// AlarmsPage lists alarms: those of the person's desks, or all for an auditor.
type AlarmsPage struct {
	Frame
	Rows  []AlarmRow
	Pager Pager
}

// AlarmRow is one alarm with what each desk did.
type AlarmRow struct {
	ID          string
	What        text.Text
	About, Href string
	At          Moment
	Drill       bool
	Desks       []AlarmDeskRow
	Details     []CardRow
}

// AlarmDeskRow is one desk. Its acknowledgement never counts for another desk.
type AlarmDeskRow struct {
	Name   text.Text
	Chip   Chip
	By     string
	At     Moment
	Note   string
	Action string // the person may acknowledge for this desk; empty: they may not, or it is done
	Desk   string
	Button text.Text
}
