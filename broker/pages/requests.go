package pages

import (
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/request"
	"sekimori/broker/requests"
	"sekimori/broker/view"
	"sekimori/policy"
	"sekimori/policy/text"
)

// requestLookers may look at requests; what each sees of them is the view's.
func requestLookers() callers {
	c := those(policy.Requester, policy.Approver, policy.SecondApprover, policy.Attendant, policy.Auditor, policy.InformationSystems)
	c.Deputies = true
	return c
}

func requestRoutes() []row {
	c := requestLookers()
	return []row{
		get("/requests", staff, text2("申請一覧", "Requests"), c, levelOf(api.Requests), (*Pages).requestList).inMenu(20),
		get("/requests/{no}", staff, text2("申請の内容", "Request"), c, l1, (*Pages).requestPage),
		get("/requests/{no}/print", staff, text2("リモート保守作業申請書", "Request for remote maintenance"), c, l1, (*Pages).requestPrint),
	}
}

func requestPages() map[string]page {
	return map[string]page{"requests": &RequestsPage{}, "request": &RequestPage{}}
}

// RequestsPage lists the requests that the person sees, and their own drafts.
type RequestsPage struct {
	Frame
	May      bool // make a request
	Drafts   []DraftRow
	Discards string // where the page comes back to
	Filter   Field
	System   Field
	Filtered bool
	Table    Table
	Rows     []RequestRow
	Pager    Pager
}

// DraftRow is a draft of the person's.
type DraftRow struct {
	Href, Discard string
	Purpose       string
	Edits         text.Text
	Saved         Moment
}

// RequestRow is one request of the list.
type RequestRow struct {
	No     text.Text
	Href   string
	Chip   Chip
	Span   Span
	System string
	Vendor string
	Why    string
}

// listedStates are the states that the list can be narrowed to, in the order of a request's life.
var listedStates = []policy.RequestState{
	policy.RequestDraft, policy.RequestProposed, policy.PendingFirst, policy.PendingSecond, policy.RequestReturned, policy.RequestApproved, policy.RequestConditional,
	policy.EmergencyAsked, policy.EmergencyOpen, policy.FollowUpDue, policy.ReportDue, policy.RequestClosed, policy.RequestRejected, policy.RequestWithdrawn,
	policy.RequestLapsed, policy.RequestRevoked,
}

func (p *Pages) requestList(v *visit) error {
	q := v.r.URL.Query()
	state, system := policy.RequestState(q.Get("state")), q.Get("system")
	page := &RequestsPage{Frame: v.frame(), May: v.mayRequest(), Discards: v.root() + "/requests?state=draft", Filtered: state != "" || system != "" || q.Get("seen") != "", Table: Table{
		Caption: text2("申請(手続きの残るものを先に)", "Requests, those that still need work first"),
		Columns: []text.Text{text2("申請番号", "Request"), text2("状態", "State"), text2("日時", "When"), text2("対象システム", "System"), text2("保守事業者", "Vendor"), text2("目的", "Purpose")},
	}}
	page.Filter = Field{Key: "state", Label: text2("状態", "State"), Control: "select", Choices: []Choice{{Text: text2("すべて", "All")}}}
	for _, s := range listedStates {
		page.Filter.Choices = append(page.Filter.Choices, Choice{Word: string(s), Text: s.Label(), Set: s == state})
	}
	page.System = Field{Key: "system", Label: text2("対象システム(番号)", "System (id)"), Control: "text", Value: system}
	if page.May && (state == "" || state == policy.RequestDraft) {
		list, err := p.o.Views.Drafts(v.r.Context(), v.reader(), view.Page{})
		if err != nil {
			return err
		}
		for _, d := range list.Items {
			page.Drafts = append(page.Drafts, v.draftRow(d))
		}
	}
	asked := view.RequestsAsked{System: system, SeenDue: q.Get("seen") != ""}
	if state != "" {
		asked.States = []policy.RequestState{state}
	}
	list, err := p.o.Views.Requests(v.r.Context(), v.reader(), asked, v.paging())
	if err != nil {
		return err
	}
	page.Pager = v.pager(len(list.Items), list.Total, list.Next)
	names := v.nameBook()
	for _, r := range list.Items {
		one := RequestRow{No: text.Request(r.No), Href: v.root() + "/requests/" + url.PathEscape(r.No), Chip: requestChip(r.State), Span: span(r.Start, r.End, p.o.Zone),
			System: r.System, Vendor: r.Vendor, Why: text.OneLine(r.Purpose, 60)}
		if one.System, one.Vendor, err = names.of(r); err != nil {
			return err
		}
		page.Rows = append(page.Rows, one)
	}
	return v.show(page)
}

// mayRequest tells whether the person makes requests.
func (v *visit) mayRequest() bool { return policy.MakesRequests(v.person) }

func (v *visit) draftRow(d api.Draft) DraftRow {
	row := DraftRow{Href: v.root() + "/requests/" + url.PathEscape(d.ID) + "/edit", Discard: v.root() + "/drafts/" + url.PathEscape(d.ID) + "/discard", Saved: moment(d.Changed, v.p.o.Zone)}
	if list := d.Values["purpose"]; len(list) > 0 {
		row.Purpose = text.OneLine(list[0], 60)
	}
	if d.Edits != "" {
		row.Edits = text.Request(d.Edits)
	}
	return row
}

// root is what stands before the addresses of this site.
func (v *visit) root() string {
	if v.site == portal {
		return "/v"
	}
	return ""
}

// nameBook looks names of a list up once each.
type nameBook struct {
	v     *visit
	known map[string][2]string
}

func (v *visit) nameBook() *nameBook { return &nameBook{v, map[string][2]string{}} }

// of gives the names of a request's system and vendor.
func (n *nameBook) of(r api.Request) (system, vendor string, err error) {
	key := r.System + "\x00" + r.Vendor
	if k, ok := n.known[key]; ok {
		return k[0], k[1], nil
	}
	b, err := n.v.p.o.Views.Brief(n.v.r.Context(), api.Request{System: r.System, Vendor: r.Vendor})
	if err != nil {
		return "", "", err
	}
	n.known[key] = [2]string{b.System, b.Vendor.Name}
	return b.System, b.Vendor.Name, nil
}

// RequestPage is one request whole, with what may be done with it.
type RequestPage struct {
	Frame
	Card      Card
	Banner    text.Text
	Decide    string // where the person decides; empty: they do not
	Emergency string
	Edit      string
	Copy      bool
	No        string
	Print     string
	Rows      []LabelledText
	Decisions []DecisionRow
	Windows   []Link
	Offers    []Offer
}

// LabelledText is one field with its value, which may have several lines.
type LabelledText struct {
	Key   string
	Label text.Text
	Value string
	Lines []string
}

// DecisionRow is one person's decision.
type DecisionRow struct {
	Who      string
	Role     text.Text
	Verdict  text.Text
	At       Moment
	Reason   string
	Behalf   string // the approver for whom a deputy decided
	Because  []LabelledText
	Earlier  bool // on an earlier version
	Narrowed string
}

func (p *Pages) requestPage(v *visit) error {
	no := v.r.PathValue("no")
	if isDraft(no) {
		return v.to(v.root() + "/requests/" + url.PathEscape(no) + "/edit")
	}
	r, err := p.o.Views.Request(v.r.Context(), v.reader(), no)
	if err != nil {
		return err
	}
	b, err := p.o.Views.Brief(v.r.Context(), r)
	if err != nil {
		return err
	}
	base := v.root() + "/requests/" + url.PathEscape(no)
	page := &RequestPage{Frame: v.frame(), No: no, Card: v.briefCard(r, b), Rows: v.requestRows(r, b), Decisions: v.decisions(r, b), Print: base + "/print"}
	page.Crumbs = []Link{{text2("申請一覧", "Requests"), v.root() + "/requests"}}
	page.Title, page.State = requestTitle(no), requestChip(r.State).Text
	page.Copy = v.mayRequest()
	for _, id := range r.Windows {
		page.Windows = append(page.Windows, Link{text.Same(id), v.root() + "/windows/" + url.PathEscape(id)})
	}
	var rest []api.Offer
	for _, o := range r.Offers {
		switch o.Act {
		case "approve", "return", "reject":
			if o.Open {
				page.Decide = base + "/decide"
			}
		case "edit":
			if o.Open {
				page.Edit = base + "/edit"
			}
		case "agree":
			if o.Open {
				page.Emergency = base + "/emergency"
			}
		case "note":
		case "take", "approve-after": // of a proposal, and of an emergency: closed to everybody in any other state
			if o.Open {
				rest = append(rest, o)
			}
		default:
			rest = append(rest, o)
		}
	}
	page.Offers = v.offersOf(rest, base)
	if done := v.requestDone(r, b); !done.IsZero() {
		page.Done = done
	}
	page.Banner = v.requestBanner(r)
	return v.show(page)
}

func requestTitle(no string) text.Text {
	said := text.Request(no)
	return text2("申請 "+said.JA, "Request "+said.EN)
}

// requestDone says what the last act did, in the words of its page.
func (v *visit) requestDone(r api.Request, b view.Brief) text.Text {
	state := policy.RequestState(r.State)
	no := text.Request(r.No)
	switch v.r.URL.Query().Get("done") {
	case "submitted":
		if state == policy.RequestProposed {
			return text2("申請を受け付けました。番号は "+no.JA+" です。いま所管課の引受け待ちです。", "Received. The number is "+no.EN+". The section must take it over.")
		}
		by := text.Moment(r.Start.In(v.p.o.Zone))
		return text2("申請を受け付けました。番号は "+no.JA+" です。いま "+headTitle(b).JA+"の承認待ちです。"+by.JA+"までに決まらないと失効します。",
			"Received. The number is "+no.EN+". It awaits "+headTitle(b).EN+"; undecided by "+by.EN+" it lapses.")
	case "approved":
		switch {
		case state == policy.PendingSecond:
			return text2("承認しました。第二承認者(情報システム課)の承認を待っています。", "Approved; waiting for the second approver.")
		case state.Final():
			return text2("承認が完了し、利用許可 "+strings.Join(r.Windows, "、")+" を発行しました。", "Approved; grant "+strings.Join(r.Windows, ", ")+" issued.")
		}
	case "returned":
		if state == policy.RequestReturned {
			return text2("差し戻しました。申請者に理由を知らせました。", "Returned.")
		}
	case "rejected":
		if state == policy.RequestRejected {
			return text2("却下しました。", "Rejected.")
		}
	}
	return text.Text{}
}

// headTitle is how the approver of the first stage is called.
func headTitle(b view.Brief) text.Text {
	if b.Head.Title != "" {
		return text2(b.Section+" "+b.Head.Title, b.Section+" "+b.Head.Title)
	}
	return text2(b.Section+" 承認者", "the approver of "+b.Section)
}

// requestBanner is what must be known first about the state.
func (v *visit) requestBanner(r api.Request) text.Text {
	switch state := policy.RequestState(r.State); {
	case state == policy.FollowUpDue || r.Emergency && state == policy.EmergencyOpen:
		due := text.Of("翌開庁日", "the next open day")
		if !r.FollowUpDue.IsZero() {
			due = text.Day(r.FollowUpDue.In(v.p.o.Zone))
		}
		return text2("事後承認と報告が必要です(期限 "+due.JA+")。済むまで新しい時間枠は使えません。", "Approval and report due ("+due.EN+"); no new window until done.")
	case r.Version > 1 && (state == policy.PendingFirst || state == policy.PendingSecond) && r.ApprovedVersion > 0 && r.ApprovedVersion < r.Version:
		return text2("承認後に変更されたため、承認は無効になりました。もう一度承認が必要です。", "Edited after approval; approval is void.")
	}
	return text.Text{}
}

// briefCard is the 要点 card of a request.
func (v *visit) briefCard(r api.Request, b view.Brief) Card {
	when, state := span(r.Start, r.End, v.p.o.Zone), requestChip(r.State)
	who, targets, rights := []string{}, []string{}, []string{}
	for _, e := range b.Engineers {
		who = append(who, e.Name+"("+e.ID+")")
	}
	for _, a := range b.Accounts {
		if a.Target != "" && !contains(targets, a.Target) {
			targets = append(targets, a.Target)
		}
		rights = append(rights, accountText(a))
	}
	with := text2(strings.Join(rights, "、"), strings.Join(rights, ", "))
	for _, more := range rightsBeside(r) {
		with = text2(with.JA+"。"+more.JA, with.EN+"; "+more.EN)
	}
	crew := strings.TrimSpace(b.Vendor.Name + " " + strings.Join(who, "、"))
	attendant := attendantText(b)
	why := r.Purpose
	if r.FaultNo != "" {
		why += "(障害番号 " + r.FaultNo + ")"
	}
	kept := keptFor(v.p.o.House.Notice.Retention)
	rows := []CardRow{
		{Label: text2("だれが", "Who"), Text: text2(crew+"  立会者 "+attendant.JA, crew+"; attendant "+attendant.EN)},
		{Label: text2("いつ", "When"), Span: &when},
		{Label: text2("なにに", "To what"), Text: text2(b.System+" / "+strings.Join(targets, "、")+" だけ", b.System+" / only "+strings.Join(targets, ", "))},
		{Label: text2("どの権限で", "With what rights"), Text: with},
		{Label: text2("なぜ", "Why"), Text: text.Same(why)},
		{Label: text2("記録", "Recorded"), Text: text2("通信をすべて記録、"+kept.JA+"保存、点検の対象", "everything is recorded, kept "+kept.EN+", reviewed")},
		{Label: text2("状態", "State"), Chip: &state},
	}
	if r.Recurrence != "" && len(r.Occurrences) > 1 {
		n := itoa(len(r.Occurrences))
		rows[1].Span = nil
		first := text.Span(r.Occurrences[0].Start.In(v.p.o.Zone), r.Occurrences[0].End.In(v.p.o.Zone))
		rows[1].Text = text2("全"+n+"回、最初は "+first.JA, n+" times, first "+first.EN)
	}
	return Card{Rows: rows}
}

// rightsBeside are the rights of a request beside its accounts: extra rights, commands in place of a shell, forwards, files.
func rightsBeside(r api.Request) (out []text.Text) {
	if len(r.ExtraRights) > 0 {
		out = append(out, text2("追加権限: "+strings.Join(r.ExtraRights, "、"), "extra rights: "+strings.Join(r.ExtraRights, ", ")))
	}
	if said := policy.SayCommands(r.Commands, r.ForcedCommand); !said.IsZero() {
		out = append(out, text2("命令: "+said.JA, "commands: "+said.EN))
	}
	if said := policy.SayLiveRules(r.LiveRules); !said.IsZero() {
		out = append(out, text2("命令の決まり: "+said.JA, "live rules: "+said.EN))
	}
	if len(r.Forwards) > 0 {
		out = append(out, text2("ポート転送: "+strings.Join(r.Forwards, "、"), "forwards: "+strings.Join(r.Forwards, ", ")))
	}
	if r.Files == policy.FilesAllowed {
		places := slices.Concat(r.FilePathsIn, r.FilePathsOut)
		said := text2("ファイル授受あり", "files move")
		if len(places) > 0 {
			said = text2(said.JA+"("+strings.Join(places, "、")+")", said.EN+" ("+strings.Join(places, ", ")+")")
		}
		out = append(out, said)
	}
	return out
}

// keptFor says a time of retention, in years where it is whole years.
func keptFor(d time.Duration) text.Text {
	const year = 365 * 24 * time.Hour
	if n := int(d / year); n > 0 && d%year == 0 {
		if n == 1 {
			return text2("1年", "1 year")
		}
		return text2(itoa(n)+"年", itoa(n)+" years")
	}
	return text.Length(d)
}

func contains(list []string, s string) bool {
	for _, one := range list {
		if one == s {
			return true
		}
	}
	return false
}

// accountText is an account with what it may do.
func accountText(a view.AccountBrief) string {
	name, notes := a.ID, []string{}
	if a.Login != "" {
		name = a.Login
	}
	if a.Note != "" {
		notes = append(notes, a.Note)
	}
	if a.Root {
		notes = append(notes, "管理者権限 / administrator")
	}
	if len(notes) == 0 {
		return name
	}
	return name + "(" + strings.Join(notes, "、") + ")"
}

func attendantText(b view.Brief) text.Text {
	switch {
	case b.Attendant.ID != "":
		return text.Same(strings.TrimSpace(b.Attendant.Section + " " + strings.TrimSpace(b.Attendant.Title+" "+b.Attendant.Name)))
	case b.Attendance == policy.AttendanceNone:
		return text2("不要(方針)", "not needed (by policy)")
	case b.Attendance == policy.AttendanceOnCall:
		return text2("呼出し", "on call")
	}
	return text2("未定", "none yet")
}

// requestRows are all fields of a request that have a value. People and companies have their names.
func (v *visit) requestRows(r api.Request, b view.Brief) []LabelledText {
	var out []LabelledText
	for _, row := range request.Page(r.Body, v.lang) {
		switch row.Key {
		case "engineers":
			row.Value = namesOf(b.Engineers)
		case "attendant":
			row.Value = namesOf([]view.Named{b.Attendant})
		case "responsible_party":
			row.Value = namesOf([]view.Named{b.Responsible})
		}
		out = append(out, LabelledText{Key: row.Key, Label: row.Label, Value: row.Value, Lines: strings.Split(row.Value, "\n")})
	}
	return out
}

func namesOf(list []view.Named) string {
	var all []string
	for _, n := range list {
		all = append(all, n.Name+"("+n.ID+")")
	}
	return strings.Join(all, "\n")
}

// decisions are a request's decisions, each with who made it and why.
func (v *visit) decisions(r api.Request, b view.Brief) []DecisionRow {
	var out []DecisionRow
	for _, d := range r.Decisions {
		by := b.People[d.By]
		one := DecisionRow{Who: strings.TrimSpace(by.Title + " " + by.Name), Verdict: request.Verdict(d.Verdict).Label(), At: moment(d.At, v.p.o.Zone), Reason: d.Reason, Earlier: d.Version != r.Version}
		if d.OnBehalf != "" {
			one.Behalf = strings.TrimSpace(b.People[d.OnBehalf].Title + " " + b.People[d.OnBehalf].Name)
		}
		switch d.Stage {
		case 1:
			one.Role = text2("第一承認", "First approval")
		case 2:
			one.Role = text2("第二承認", "Second approval")
		}
		for _, code := range itemOrder(d.Because) {
			one.Because = append(one.Because, LabelledText{Key: code, Label: policy.ItemName(code), Value: d.Because[code]})
		}
		one.Narrowed = v.conditionsText(d.Conditions)
		out = append(out, one)
	}
	return out
}

// itemOrder are the codes of reasons in the order of the check items.
func itemOrder(because map[string]string) []string {
	codes := slices.Sorted(maps.Keys(because))
	slices.SortStableFunc(codes, func(a, b string) int { return slices.Index(itemCodes, a) - slices.Index(itemCodes, b) })
	return codes
}

// itemCodes are the check items in their order.
var itemCodes = []string{policy.ItemPledge, policy.ItemCertification, policy.ItemContract, policy.ItemSubcontract, policy.ItemBackup, policy.ItemRights,
	policy.ItemIndividualNumber, policy.ItemFiles, policy.ItemLine, policy.ItemAttendant, policy.ItemSchedule}

func (v *visit) conditionsText(c api.Conditions) string {
	return requests.ConditionsText(c, v.lang, v.p.o.Zone)
}
