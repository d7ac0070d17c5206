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

// sessionLookers may look at lists of sessions; what each sees of them is the view's.
func sessionLookers() callers {
	return those(policy.Attendant, policy.Approver, policy.SecondApprover, policy.InformationSystems, policy.Auditor)
}

func sessionRoutes() []row {
	c := sessionLookers()
	c.Deputies = true
	return []row{
		get("/sessions", staff, text2("接続一覧", "Sessions"), c, levelOf(api.Sessions), (*Pages).sessions).inMenu(40),
		get("/sessions/{id}", staff, text2("接続の記録", "Session"), c, l1, (*Pages).session),
	}
}

func sessionPages() map[string]page {
	return map[string]page{"sessions": &SessionsPage{}, "session": &SessionPage{}}
}

var sessionLooks = map[api.SessionState]look{
	"opening": {"clock", "waiting"}, "active": {"run", "info"}, api.SessionPaused: {"bars", "attention"},
	api.SessionEndedOK: {"check", "ok"}, api.SessionEndedEarly: {"octagon", "stop"}, "refused": {"octagon", "stop"},
}

// stateChip is the chip of a session's state.
func stateChip(state string) Chip {
	s := api.SessionState(state)
	return chip(s.Label(), sessionLooks[s])
}

// recordingChips are the chips of a recording: its state, a hold on it, and the day of its disposal.
func recordingChips(r api.Recording, zone *time.Location) []Chip {
	state := api.RecordingState(r.State)
	if state == api.RecordingNone {
		return nil
	}
	chips := []Chip{chip(state.Label(), recordingLooks[state])}
	switch {
	case !r.Disposed.IsZero():
		return chips
	case r.Held:
		chips = append(chips, Chip{text2("保全中(廃棄停止)", "On hold"), "padlock", "frozen"})
	case !r.Due.IsZero():
		day := text.Day(r.Due.In(zone))
		chips = append(chips, Chip{text2("廃棄予定("+day.JA+")", "Disposal due "+day.EN), "clock", "waiting"})
	}
	return chips
}

var recordingLooks = map[api.RecordingState]look{
	api.RecordingRunning: {"run", "info"}, api.RecordingSealed: {"padlock", "ok"}, api.RecordingGone: {"dash", "plain"}, api.RecordingGap: {"triangle", "warning"},
}

// endText is why a session ended, with its number; empty while it is live.
func endText(s api.Session) text.Text {
	if s.EndCause == "" {
		return text.Text{}
	}
	return numbered(policy.Reason(s.EndCause), s.EndNumber)
}

func numbered(r policy.Reason, number int) text.Text {
	l := r.Label()
	return text2(fmt.Sprintf("[%d] %s", number, l.JA), fmt.Sprintf("[%d] %s", number, l.EN))
}

// SessionsPage lists the connections that the person may see.
type SessionsPage struct {
	Frame
	OnlyLive bool // only those under way
	Fields   []Field
	Filtered bool
	Side     bool // more than one is under way
	Search   bool // the person may search recordings
	Table    Table
	Rows     []ConnectionRow
	Pager    Pager
}

// ConnectionRow is one of them.
type ConnectionRow struct {
	ID, Href string
	Watch    string // address of its console; empty: it is over
	Chip     Chip
	Started  Moment
	Engineer string
	Target   string
	Request  text.Text
	Why      text.Text
	Watchers int
}

func (p *Pages) sessions(v *visit) error {
	q := v.r.URL.Query()
	asked, err := view.AskedOf(q.Get, p.o.Zone)
	if err != nil {
		return fault.BadRequest("絞り込みの日は 2026-11-24 の形、言葉は128バイトまでです", "days of a filter are written 2026-11-24, and words have at most 128 bytes", err)
	}
	list, err := p.o.Views.Sessions(v.r.Context(), v.reader(), asked, v.paging())
	if err != nil {
		return err
	}
	page := &SessionsPage{Frame: v.frame(), OnlyLive: asked.Live, Fields: sessionFilter(q.Get), Pager: v.pager(len(list.Items), list.Total, list.Next), Table: Table{
		Caption: text2("接続(接続中のものを先に)", "Sessions, those under way first"),
		Columns: []text.Text{text2("番号", "Number"), text2("状態", "State"), text2("接続日時", "Connected"), text2("保守要員", "Engineer"), text2("接続先", "Target"), text2("申請番号", "Request"), text2("終了理由", "End cause"), text2("閲覧", "Watch")},
	}}
	page.Filtered = slices.ContainsFunc(page.Fields, func(f Field) bool { return f.Value != "" })
	var ids []string
	for _, s := range list.Items {
		ids = append(ids, s.Engineer)
	}
	names, err := v.names(ids...)
	if err != nil {
		return err
	}
	under := 0
	for _, s := range list.Items {
		row := ConnectionRow{ID: s.ID, Href: sessionPath(s.ID), Chip: stateChip(s.State), Started: moment(s.Created, p.o.Zone), Engineer: withID(names, s.Engineer), Target: s.Target,
			Request: text.Request(s.Request), Why: endText(s), Watchers: s.Watchers}
		if s.EndCause == "" {
			row.Watch = sessionPath(s.ID) + "/live"
			under++
		}
		page.Rows = append(page.Rows, row)
	}
	page.Side = under > 1
	page.Search = v.searches()
	return v.show(page)
}

// sessionFilter are the fields by which connections are found.
func sessionFilter(value func(string) string) []Field {
	fields := []Field{
		{Key: "engineer", Label: text2("保守要員(番号かログイン名)", "Engineer (id or login)"), Control: "text"},
		{Key: "vendor", Label: text2("事業者(番号かログイン名)", "Vendor (id or login)"), Control: "text"},
		{Key: "system", Label: text2("対象システム(番号)", "System (id)"), Control: "text"},
		{Key: "from", Label: text2("この日から(2026-11-24 の形)", "From this day (as 2026-11-24)"), Control: "text"},
		{Key: "until", Label: text2("この日まで", "Until this day"), Control: "text"},
	}
	for i := range fields {
		fields[i].Value = value(fields[i].Key)
	}
	return fields
}

func sessionPath(id string) string { return "/sessions/" + url.PathEscape(id) }

// SessionPage is the record of one connection, with what may be done.
type SessionPage struct {
	Frame
	ID     string
	Card   Card
	Links  []Link
	Gone   text.Text // the recording was disposed of; empty: it was not
	Offers []Offer
}

func (p *Pages) session(v *visit) error {
	s, err := p.o.Views.Session(v.r.Context(), v.reader(), v.r.PathValue("id"))
	if err != nil {
		return err
	}
	card, err := v.sessionCard(s)
	if err != nil {
		return err
	}
	page := &SessionPage{Frame: v.frame(), ID: s.ID, Card: card, Offers: v.offersOf(s.Offers, sessionPath(s.ID))}
	if s.Recording != nil {
		page.Offers = append(page.Offers, v.offersOf(s.Recording.Offers, recordingPath(s.ID))...)
	}
	page.State, page.Crumbs = stateChip(s.State).Text, []Link{{text2("接続一覧", "Sessions"), "/sessions"}}
	if s.EndCause == "" {
		page.Links = append(page.Links, Link{text2("立会いコンソールを開く", "Open the attendant console"), sessionPath(s.ID) + "/live"})
	} else {
		for _, r := range sessionPaperRoutes() { // those that this person may open
			if s.Window != "" && r.callers.Allow(v.person) {
				page.Links = append(page.Links, Link{r.title, strings.Replace(r.path, "{id}", url.PathEscape(s.ID), 1)})
			}
		}
	}
	if r := s.Recording; r != nil && !r.Disposed.IsZero() {
		page.Gone = view.SaidGone(r.Disposed)
		page.Links = append(page.Links, Link{text2("操作記録廃棄証明書", "Receipt of the disposal"), receiptPath(s.ID)})
	} else if s.Recorded {
		page.Links = append(page.Links, Link{text2("接続の要約", "Summary of the session"), summaryPath(s.ID)}, Link{text2("操作記録の再生", "Playback"), recordingPath(s.ID)}, Link{text2("操作記録を文字で読む", "Read as text"), recordingPath(s.ID) + "/text"})
		if v.searches() {
			page.Links = append(page.Links, Link{text2("ほかの接続の操作記録も探す", "Search the recordings of other sessions"), searchPath})
		}
	}
	return v.show(page)
}

// withID is the name of a thing, followed by its id; the id alone where there is no name.
func withID(names func(id string) string, id string) string {
	if name := names(id); name != id {
		return name + "(" + id + ")"
	}
	return id
}

// sessionCard is the card of a connection.
func (v *visit) sessionCard(s api.Session) (Card, error) {
	ids := slices.Concat([]string{s.Engineer, s.Vendor, s.System}, s.Approvers, s.Attendants)
	for _, c := range s.Ruled {
		ids = append(ids, c.By)
	}
	names, err := v.names(ids...)
	if err != nil {
		return Card{}, err
	}
	state := stateChip(s.State)
	rows := []CardRow{
		{Label: text2("接続番号", "Session"), Text: text.Same(s.ID)},
		{Label: text2("状態", "State"), Chip: &state},
		{Label: text2("だれが", "Who"), Text: text.Same(strings.TrimSpace(names(s.Vendor) + " " + withID(names, s.Engineer)))},
	}
	if s.Started.IsZero() {
		rows = append(rows, CardRow{Label: text2("いつ", "When"), Text: moment(s.Created, v.p.o.Zone).Text})
	} else if s.Ended.IsZero() {
		when := span(s.Started, s.Until, v.p.o.Zone)
		rows = append(rows, CardRow{Label: text2("いつ", "When"), Span: &when})
	} else {
		when := span(s.Started, s.Ended, v.p.o.Zone)
		rows = append(rows, CardRow{Label: text2("いつ", "When"), Span: &when})
	}
	rows = append(rows, CardRow{Label: text2("なにに", "To what"), Text: text.Same(names(s.System) + " / " + s.Target)}, CardRow{Label: text2("どの権限で", "With what rights"), Text: text.Same(s.Account)},
		CardRow{Label: text2("接続元", "From"), Text: text.Same(s.Source)})
	if s.Request != "" {
		rows = append(rows, CardRow{Label: text2("申請", "Request"), Text: text.Request(s.Request), Href: "/requests/" + url.PathEscape(s.Request)})
	}
	if said := s.SayBehind(); !said.IsZero() {
		rows = append(rows, CardRow{Label: text2("一時停止", "Paused"), Text: said})
	}
	if said := s.SayMasked(); !said.IsZero() {
		rows = append(rows, CardRow{Label: text2("伏せた番号", "Masked numbers"), Text: said})
	}
	rows = append(rows, v.sessionLineRows(s)...)
	rows = append(rows, v.doneRows(s, names)...)
	if s.Window != "" {
		rows = append(rows, endRows(s)...)
		rows = append(rows, CardRow{Label: text2("作業時間枠", "Window"), Text: text.Same(s.Window), Href: "/windows/" + url.PathEscape(s.Window)})
	}
	for _, one := range []struct {
		label text.Text
		who   []string
	}{{text2("承認", "Approved by"), s.Approvers}, {text2("立会者", "Attendant"), s.Attendants}} {
		for i, id := range one.who {
			one.who[i] = withID(names, id)
		}
		if len(one.who) > 0 {
			rows = append(rows, CardRow{Label: one.label, Text: text2(strings.Join(one.who, "、"), strings.Join(one.who, ", "))})
		}
	}
	if why := endText(s); !why.IsZero() {
		rows = append(rows, CardRow{Label: text2("終了理由", "End cause"), Text: why})
		if s.Detail != "" {
			rows = append(rows, CardRow{Label: text2("補足", "Particulars"), Text: text.Same(s.Detail)})
		}
	}
	if r := s.Recording; r != nil {
		for i, c := range recordingChips(*r, v.p.o.Zone) {
			label := text2("操作記録", "Recording")
			if i > 0 {
				label = text.Text{}
			}
			rows = append(rows, CardRow{Label: label, Chip: &c})
		}
	}
	if s.RecordingSum != "" {
		rows = append(rows, CardRow{Label: text2("操作記録の検証値", "Digest of the recording"), Text: text.Same(s.RecordingSum)})
	}
	return Card{Rows: rows}, nil
}

// doneRows are the rows of a connection's card on its commands under live rules and on its files.
func (v *visit) doneRows(s api.Session, names func(id string) string) []CardRow {
	var ruled []text.Text
	for _, c := range s.Ruled {
		said, at := c.Said(), c.At.In(v.p.o.Zone).Format("15:04:05 ")
		by := strings.TrimRight(" "+names(c.By), " ")
		ruled = append(ruled, text2(at+said.JA+by, at+said.EN+by))
	}
	if s.RuledMore {
		ruled = append(ruled, api.SaidRuledMore)
	}
	var rows []CardRow
	if len(ruled) > 0 {
		rows = append(rows, listed("命令の決まり(補助であり境界ではない)", "Live rules (an aid, no boundary)", ruled))
	}
	for i, f := range s.Files {
		label := text2("ファイル", "Files")
		if i > 0 {
			label = text.Text{}
		}
		rows = append(rows, CardRow{Label: label, Text: f.Said(), Href: v.root() + filePath(f.ID)})
	}
	return rows
}
