package pages

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/review"
	"sekimori/broker/view"
	"sekimori/policy"
	"sekimori/policy/text"
)

func reviewRoutes() []row {
	c := those(policy.Auditor, policy.Approver)
	return []row{
		get("/reviews", staff, text2("点検", "Reviews"), c, levelOf(api.Reviews), (*Pages).reviews).inMenu(50),
		get("/reviews/{id}", staff, text2("点検", "Review"), c, l1, (*Pages).review),
	}
}

func reviewPages() map[string]page {
	return map[string]page{"reviews": &ReviewsPage{}, "review": &ReviewPage{}}
}

var reviewLooks = map[api.ReviewState]look{
	api.ReviewQueued: {"clock", "waiting"}, api.ReviewInReview: {"run", "info"}, api.ReviewOverdue: {"triangle", "warning"},
	api.ReviewOK: {"check", "ok"}, api.ReviewQuestion: {"triangle", "attention"}, api.ReviewAnswered: {"check", "attention"}, api.ReviewFix: {"octagon", "stop"}, api.ReviewLeftOut: {"dash", "waiting"},
}

func reviewChip(state string) Chip {
	s := api.ReviewState(state)
	return chip(s.Label(), reviewLooks[s])
}

// ReviewsPage is the queue of reviews.
type ReviewsPage struct {
	Frame
	Form  string    // address of the printed form
	Head  text.Text // how the month stands
	None  text.Text // said where nothing waits
	Begin Link      // to the reader's review that falls due first; zero: none waits for them
	Order Link      // the other order
	Table Table
	Rows  []ReviewRow
	Pager Pager
}

// ReviewRow is one item of the queue.
type ReviewRow struct {
	ID      string
	Href    string
	Chip    Chip
	Picks   text.Text
	System  string
	Count   text.Text
	Due     Moment
	Auditor string
	Take    bool // this person may take it
	Review  bool // and it waits for a judgement
}

func (p *Pages) reviews(v *visit) error {
	now := p.o.Clock().In(p.o.Zone)
	from := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, p.o.Zone)
	asked := view.ReviewsAsked{System: v.r.URL.Query().Get("system"), Unsigned: v.r.URL.Query().Get("unsigned") != ""}
	read, ranked := p.o.Views.ReviewsLooked, v.r.URL.Query().Get("order") == view.ReviewsByRank
	if ranked {
		read = p.o.Views.RankedReviews
	}
	list, err := read(v.r.Context(), v.reader(), asked, v.paging())
	if err != nil {
		return err
	}
	month, err := p.o.Views.ReviewTotals(v.r.Context(), v.reader(), from, from.AddDate(0, 1, 0))
	if err != nil {
		return err
	}
	all, err := p.o.Views.ReviewTotals(v.r.Context(), v.reader(), time.Time{}, time.Time{})
	if err != nil {
		return err
	}
	page := &ReviewsPage{Frame: v.frame(), Form: "/forms/reviews/print?month=" + p.o.Clock().In(p.o.Zone).Format("2006-01"), Pager: v.pager(len(list.Items), list.Total, list.Next), Table: Table{
		Caption: text2("点検(待ちを先に、期限の早い順)", "Reviews: those that wait first, the earliest due on top"),
		Columns: []text.Text{text2("作業(時間枠)", "Work (window)"), text2("状態", "State"), text2("対象システム", "System"), text2("理由(なぜ選ばれたか)", "Why it stands out"),
			text2("期限", "Due"), text2("担当", "Auditor"), text2("すること", "Act")},
	}}
	if page.Begin, err = v.nextReview(""); err != nil {
		return err
	}
	page.Order = Link{text2("目に付く順に並べる", "Rank by the reasons"), "/reviews?order=" + view.ReviewsByRank}
	if ranked {
		page.Order = Link{text2("期限の順に並べる", "Order by due date"), "/reviews"}
		page.Table.Caption = text2("点検待ち(理由の重みの合計が大きい順)", "Owed reviews, by the sum of the weights of their reasons")
	}
	rate := text2("—", "—") // of nothing there is no rate
	said := text2("—(点検の対象なし)", "— (no work to review)")
	owed := month.All - month.LeftOut
	if owed > 0 {
		rate = text.Same(strconv.Itoa(100*month.Signed/owed) + "%")
		said = rate
	}
	done := strconv.Itoa(month.Signed) + "/" + strconv.Itoa(owed)
	next := text2("なし", "none")
	if !all.Next.IsZero() {
		next = text.Day(all.Next.In(p.o.Zone))
	}
	page.Head = text2(
		itoa(int(now.Month()))+"月の点検 "+done+"件("+rate.JA+") 目標 100%   期限超過 "+itoa(all.Overdue)+"件   次の期限 "+next.JA,
		now.Format("January")+": "+done+" reviewed ("+rate.EN+"), goal 100%   Overdue "+itoa(all.Overdue)+"   Next due "+next.EN)
	if n := itoa(month.LeftOut); month.LeftOut > 0 {
		page.Head = text2(page.Head.JA+"   抽出外 "+n+"件", page.Head.EN+"   Not sampled "+n)
	}
	page.None = text2("点検待ちはありません。今月の点検率 "+said.JA+"。", "Nothing to review. This month's review rate: "+said.EN+".")
	var ids []string
	for _, r := range list.Items {
		ids = append(ids, r.System, r.Auditor, r.SignedBy)
	}
	names, err := p.o.Views.Names(v.r.Context(), ids...)
	if err != nil {
		return err
	}
	for _, r := range list.Items {
		page.Rows = append(page.Rows, v.reviewRow(r, names))
	}
	return v.show(page)
}

func (v *visit) reviewRow(r api.Review, names map[string]string) ReviewRow {
	n := len(r.Sessions)
	row := ReviewRow{ID: r.ID, Href: "/reviews/" + url.PathEscape(r.ID), Chip: reviewChip(r.State), Picks: weighedText(r), System: nameIn(names, r.System),
		Count: text2("接続 "+itoa(n)+"件", itoa(n)+" session(s)"), Due: moment(r.Due, v.p.o.Zone), Auditor: nameIn(names, r.Auditor)}
	if r.SignedBy != "" {
		row.Auditor, row.Review = nameIn(names, r.SignedBy), r.State == string(api.ReviewAnswered)
		return row
	}
	for _, o := range r.Offers {
		row.Take = row.Take || o.Act == "take" && o.Open
	}
	row.Review = r.State != string(api.ReviewLeftOut)
	return row
}

// nameIn is the name of an id; without one the id itself.
func nameIn(names map[string]string, id string) string {
	if name := names[id]; name != "" {
		return name
	}
	return id
}

// ReviewPage is the review of one window's work.
type ReviewPage struct {
	Frame
	ID       string
	Card     Card
	Briefs   Briefs
	Hear     Link   // the first recording of the work; zero: there is none
	Next     Link   // to the reader's next review; zero: none waits for them
	Search   string // the page that searches recordings; empty: not for this person
	Picks    text.Text
	Compared []ComparedRow
	Covered  []text.Text // how much of the recordings people were sent
	Work     Table
	Sessions []SessionRow
	Refused  []SessionRow
	Attempts int // how many were refused, where not all are listed; else 0
	Files    []text.Text
	Before   []text.Text   // reviews of single sessions
	Signed   []CardRow     // who judged, when and why
	Asked    []QuestionRow // questions and their answers
	Offers   []Offer       // take
	Sign     bool          // the form stands
	Closed   text.Text     // why there is no form, for an auditor
	Verdict  Field
	Fields   []Field
	Back     string
}

// ComparedRow is one line of 申請と実際.
type ComparedRow struct {
	Label            text.Text
	Approved, Actual text.Text
	Chip             Chip
}

// SessionRow is one session, or an attempt that was refused.
type SessionRow struct {
	ID       string
	Href     string
	Play     string // its recording; empty: it has none
	At       Moment
	Minutes  text.Text
	Engineer string
	Account  string
	Chip     Chip
	Cause    text.Text
}

func (p *Pages) review(v *visit) error {
	r, err := p.o.Views.Review(v.r.Context(), v.reader(), v.r.PathValue("id"))
	if err != nil {
		return err
	}
	page, err := v.reviewPage(r)
	if err != nil {
		return err
	}
	return v.show(page)
}

func (v *visit) reviewPage(r api.Review) (*ReviewPage, error) {
	z, base := v.p.o.Zone, "/reviews/"+url.PathEscape(r.ID)
	names, err := v.p.o.Views.Names(v.r.Context(), idsOf(r)...)
	if err != nil {
		return nil, err
	}
	page := &ReviewPage{Frame: v.frame(), ID: r.ID, Card: v.reviewCard(r, names), Picks: picksText(r.Picks), Back: base}
	page.Crumbs = []Link{{text2("点検", "Reviews"), "/reviews"}}
	page.State = reviewChip(r.State).Text
	page.Title = text2("点検 "+r.ID, "Review "+r.ID)
	for _, c := range r.Compared {
		row := ComparedRow{Label: c.What.Label(), Approved: c.Approved, Actual: c.Actual, Chip: Chip{text2("範囲内", "within scope"), "check", "ok"}}
		if !c.Within {
			row.Chip = Chip{text2("相違あり", "differs"), "triangle", "attention"}
		}
		if len(c.ApprovedIDs)+len(c.ActualIDs) > 0 {
			row.Approved, row.Actual = text.Same(namesIn(names, c.ApprovedIDs)), text.Same(namesIn(names, c.ActualIDs))
		}
		page.Compared = append(page.Compared, row)
	}
	page.Work = Table{Caption: text2("この作業の接続", "Sessions of this work"), Columns: sessionColumns()}
	page.Briefs = v.briefs(r.Work, names)
	if v.searches() {
		page.Search = searchPath + "?system=" + url.QueryEscape(r.System)
	}
	for _, s := range r.Work {
		page.Sessions = append(page.Sessions, sessionRow(s, names, z))
	}
	page.toHear()
	if page.Next, err = v.nextReview(r.ID); err != nil {
		return nil, err
	}
	for _, s := range r.Refused {
		page.Refused = append(page.Refused, sessionRow(s, names, z))
	}
	if r.Attempts > len(r.Refused) {
		page.Attempts = r.Attempts
	}
	page.Covered = coveredText(r.Covered, names)
	page.Files = filesText(r.Files)
	for _, b := range r.Before {
		page.Before = append(page.Before, beforeText(b, names))
	}
	if r.SignedBy != "" {
		at := text.Moment(r.SignedAt.In(z))
		page.Signed = []CardRow{{Label: text2("判定", "Judgement"), Chip: chipOf(reviewChip(r.State))}, {Label: text2("点検者", "Auditor"), Text: text.Same(nameIn(names, r.SignedBy))},
			{Label: text2("日時", "When"), Text: at}, {Label: text2("理由", "Grounds"), Text: text.Same(r.Note)}}
		if r.Addressee != "" {
			page.Signed = append(page.Signed, CardRow{Label: text2("相手", "Addressee"), Text: text.Same(r.Addressee)}, CardRow{Label: text2("期限", "Answer by"), Text: text.Day(r.AnswerBy.AddDate(0, 0, -1).In(z))})
		}
	}
	for _, no := range r.Findings {
		page.Signed = append(page.Signed, CardRow{Label: text2("指摘事項", "Finding"), Text: text2("指摘 "+no, "Finding "+no), Href: findingPath(no)})
	}
	for _, o := range r.Offers {
		switch {
		case (o.Act == "take" || o.Act == "hand-over") && o.Open:
			page.Offers = append(page.Offers, v.offersOf([]api.Offer{o}, base)...)
		case o.Act == "sign" && o.Open && !signedForGood(r):
			page.Sign = true
		case o.Act == "sign" && !o.Open && !signedForGood(r):
			page.Closed = closedBecause(o)
		}
	}
	for _, q := range r.Asked {
		page.Asked = append(page.Asked, v.askedRow(q, names))
	}
	if page.Sign {
		page.signFields(v)
	}
	return page, nil
}

// signFields are the inputs of the judgement, from the act's table.
func (page *ReviewPage) signFields(v *visit) {
	for _, f := range fieldsOf(review.Signing.Flags(), v.given, nil) {
		switch f.Key {
		case "verdict":
			f.Control = "radio"
			var words []Choice
			for _, c := range f.Choices {
				if c.Word != "" {
					words = append(words, c)
				}
			}
			f.Choices, page.Verdict = words, f
			continue
		case "note":
			f.Hint = text2("要確認・是正要では必須。強制切断や記録の欠けがあれば適正でも必須", "Needed for clarification and correction; also for appropriate where work was cut or a recording has a gap")
		case "addressee":
			f.Hint = text2("要確認・是正要のとき: だれに答えや是正を求めるか。人の番号か氏名、課の名称、保守事業者の名称", "For clarification and correction: from whom. A person's id or name, a section, or the vendor")
		case "answer_by":
			f.Control, f.Hint = "date", text2("要確認・是正要のとき: いつまでに", "For clarification and correction: until when")
		}
		page.Fields = append(page.Fields, f)
	}
}

func chipOf(c Chip) *Chip { return &c }

// idsOf are the ids whose names the page shows.
func idsOf(r api.Review) []string {
	ids := []string{r.System, r.Vendor, r.Auditor, r.SignedBy}
	for _, s := range append(r.Work, r.Refused...) {
		ids = append(ids, s.Engineer, s.EndedBy)
	}
	for _, c := range r.Compared {
		ids = append(append(ids, c.ApprovedIDs...), c.ActualIDs...)
	}
	for _, c := range r.Covered {
		for _, by := range c.People {
			ids = append(ids, by.Person)
		}
	}
	for _, b := range r.Before {
		ids = append(ids, b.SignedBy)
	}
	for _, q := range r.Asked {
		ids = append(ids, q.AnsweredBy)
	}
	return ids
}

func namesIn(names map[string]string, ids []string) string {
	all := make([]string, 0, len(ids))
	for _, id := range ids {
		if name := names[id]; name != "" && name != id {
			all = append(all, name+"("+id+")")
		} else {
			all = append(all, id)
		}
	}
	return strings.Join(all, "、")
}

func (v *visit) reviewCard(r api.Review, names map[string]string) Card {
	state := reviewChip(r.State)
	c := Card{Rows: []CardRow{
		{Label: text2("状態", "State"), Chip: &state},
		{Label: text2("だれが", "Who"), Text: text.Same(nameIn(names, r.Vendor))},
		{Label: text2("なにに", "To what"), Text: text.Same(nameIn(names, r.System))},
		{Label: text2("期限", "Due"), Text: text.Moment(r.Due.In(v.p.o.Zone))},
		{Label: text2("点検担当", "Auditor"), Text: text.Same(nameIn(names, r.Auditor))},
	}}
	if r.Auditor == "" {
		c.Rows[4].Text = text2("未定", "none yet")
	}
	if r.Request != "" {
		c.Rows = append(c.Rows, CardRow{Label: text2("申請", "Request"), Text: text.Request(r.Request), Href: "/requests/" + url.PathEscape(r.Request)})
	}
	if r.Window != "" {
		c.Rows = append(c.Rows, CardRow{Label: text2("時間枠", "Window"), Text: text.Same(r.Window), Href: "/windows/" + url.PathEscape(r.Window)})
	}
	return c
}

func sessionColumns() []text.Text {
	return []text.Text{text2("接続番号", "Session"), text2("接続日時", "Connected"), text2("時間", "Length"), text2("保守要員", "Engineer"), text2("作業用アカウント", "Account"), text2("終了理由", "End cause"), text2("操作記録", "Recording")}
}

func sessionRow(s api.Session, names map[string]string, z *time.Location) SessionRow {
	row := SessionRow{ID: s.ID, Href: "/sessions/" + url.PathEscape(s.ID), At: moment(s.Created, z), Engineer: namesIn(names, []string{s.Engineer}), Account: s.Account, Chip: sessionChip(s)}
	if s.Recorded {
		row.Play = recordingPath(s.ID)
	}
	if n := int(s.Seconds+59) / 60; s.Seconds > 0 {
		row.Minutes = text2(itoa(n)+"分", itoa(n)+" min")
	}
	if info, ok := policy.Lookup(policy.Reason(s.EndCause)); ok {
		label := policy.Reason(s.EndCause).Label()
		row.Cause = text2("["+itoa(info.Number)+"] "+label.JA, "["+itoa(info.Number)+"] "+label.EN)
	}
	return row
}

// sessionChip is the state of a session as a chip.
func sessionChip(s api.Session) Chip {
	looks := map[api.SessionState]look{api.SessionActive: {"run", "info"}, api.SessionOpening: {"clock", "attention"}, api.SessionPaused: {"bars", "attention"},
		api.SessionEndedOK: {"check", "ok"}, api.SessionEndedEarly: {"octagon", "stop"}, api.SessionRefused: {"octagon", "stop"}}
	state := api.SessionState(s.State)
	return chip(state.Label(), looks[state])
}
