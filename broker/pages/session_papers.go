package pages

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"sekimori/broker/api"
	"sekimori/broker/reports"
	"sekimori/broker/store"
	"sekimori/policy"
	"sekimori/policy/text"
)

func sessionPaperRoutes() []row {
	read := those(policy.Requester, policy.Attendant, policy.Approver)
	read.Deputies = true
	return []row{
		get("/sessions/{id}/attest", staff, text2("立会確認書", "Attendance record"), those(policy.Attendant), l1, (*Pages).attestForm),
		post("/sessions/{id}/attest", staff, text2("立会確認書", "Attendance record"), those(policy.Attendant), l1, (*Pages).attest),
		get("/sessions/{id}/print/{form}", staff, text2("印刷用", "Print view"), requestLookers(), l1, (*Pages).sessionPrint),
		get("/sessions/{id}/report", staff, text2("作業報告書", "Work report"), read, l1, (*Pages).report),
	}
}

func sessionPaperPages() map[string]page {
	return map[string]page{"attest": &AttestPage{}, "report": &ReportPage{}}
}

// AttestPage is the attendance record of a session's window (screens §5.4): what the broker knows, and the attendant's statement.
type AttestPage struct {
	Frame
	Form   string // address of the printed form
	Card   Card
	Action string // address to which the statement goes; empty: it cannot be made now
	Closed text.Text
	Made   bool // a record stands; a further one corrects it
	Fields []Field
}

func (p *Pages) attestForm(v *visit) error {
	page, _, err := v.attestPage(nil)
	if err != nil {
		return err
	}
	return v.show(page)
}

// attest takes the statement. Mistakes are told on the same page, at their fields.
func (p *Pages) attest(v *visit) error {
	if err := v.readForm(); err != nil {
		return err
	}
	_, window, err := v.attestPage(nil)
	if err != nil {
		return err
	}
	d := p.deeds[attestPath]
	if err = v.run(d, window); err == nil {
		return v.to(withDone(sessionPath(v.r.PathValue("id"))+"/attest", actKey(d.Name, d.Command)))
	}
	f := v.mistakes(d, err)
	if f == nil {
		return err
	}
	page, _, shown := v.attestPage(f)
	if shown != nil {
		return err
	}
	return v.showAs(f.Status, page)
}

var attestPath = api.Windows.Pattern("id", "attest")

// attestPage makes the page, after a fault with its mistakes, and names the window.
func (v *visit) attestPage(f *api.Fault) (*AttestPage, string, error) {
	ctx, by, o := v.r.Context(), v.reader(), v.p.o
	s, err := o.Views.Session(ctx, by, v.r.PathValue("id"))
	if err != nil {
		return nil, "", err
	}
	w, err := o.Views.Window(ctx, by, s.Window)
	if err != nil {
		return nil, "", err
	}
	rec, err := o.Views.AttendanceRecord(ctx, by, s.Window)
	if err != nil {
		return nil, "", err
	}
	page := &AttestPage{Frame: v.frame(), Made: rec.ID != "", Form: printPath("attendance", w.ID)}
	page.Crumbs = []Link{{text2("接続の記録 "+s.ID, "Session "+s.ID), sessionPath(s.ID)}}
	if page.Card, err = v.recordCard(rec, w.System); err != nil {
		return nil, "", err
	}
	d, wrong := v.p.deeds[attestPath], map[string]text.Text{}
	if f != nil {
		page.Errors, wrong = problemsOf(d, f)
	}
	if openOffer(w.Offers, "attest") {
		page.Action = sessionPath(s.ID) + "/attest"
		page.Fields = fieldsOf(d.Fields.Flags(), v.given, wrong)
	} else {
		page.Closed = whyClosed(w.Offers, "attest")
	}
	return page, w.ID, nil
}

// listed joins lines into one row; none: 無.
func listed(ja, en string, lines []text.Text) CardRow {
	if len(lines) == 0 {
		return CardRow{Label: text2(ja, en), Text: text2("無", "none")}
	}
	var all [2][]string
	for _, l := range lines {
		all[0], all[1] = append(all[0], l.JA), append(all[1], l.EN)
	}
	return CardRow{Label: text2(ja, en), Text: text2(strings.Join(all[0], " / "), strings.Join(all[1], " / "))}
}

func saidRow(ja, en, said string) CardRow {
	return CardRow{Label: text2(ja, en), Text: text.Same(said)}
}

// yesNo is a statement; nil: it was not made.
func yesNo(ja, en string, b *bool) CardRow {
	r := CardRow{Label: text2(ja, en)}
	if b != nil {
		r.Text = text2(map[bool]string{true: "有", false: "無"}[*b], map[bool]string{true: "yes", false: "no"}[*b])
	}
	return r
}

// stepNames names the steps of a system's procedure. A step of another version than the one in force keeps its id.
func (v *visit) stepNames(system string, version int) (func(id string) text.Text, error) {
	known := map[string]text.Text{}
	err := v.p.o.DB.Read(v.r.Context(), func(s *store.Snap) error {
		sys, err := s.System(system)
		if err != nil {
			return fmt.Errorf("system %q: %w", system, err)
		}
		if sys.Checklist.Version == version {
			for _, step := range sys.Checklist.Steps {
				known[step.ID] = text2(step.JA, step.EN)
			}
		}
		return nil
	})
	return func(id string) text.Text { return cmp.Or(known[id], text.Same(id)) }, err
}

// recordCard is a record in the form's order.
func (v *visit) recordCard(rec api.AttendanceRecord, system string) (Card, error) {
	c := rec.Content
	ids := []string{c.Attendant}
	for _, s := range c.Steps {
		ids = append(ids, s.By)
	}
	for _, i := range c.Identity {
		ids = append(ids, i.Person, i.By)
	}
	for _, i := range c.Interventions {
		ids = append(ids, i.By)
	}
	names, err := v.names(ids...)
	if err != nil {
		return Card{}, err
	}
	stepOf, err := v.stepNames(system, c.ProcedureVersion)
	var steps, calls, acts, alarms []text.Text
	for _, s := range c.Steps {
		m := store.Method(s.Method).Label()
		rest := " " + s.At.Format("15:04:05") + " " + names(s.By)
		steps = append(steps, text2(stepOf(s.ID).JA+" "+m.JA+rest, stepOf(s.ID).EN+" "+m.EN+rest))
	}
	for _, i := range c.Identity {
		head, rest := names(i.Person)+" ", " "+i.At.Format("15:04:05")+" "+names(i.By)
		if i.Matched {
			calls = append(calls, text2(head+"一致した"+rest, head+"matched"+rest))
		} else {
			calls = append(calls, text2(head+"一致しない"+rest, head+"no match"+rest))
		}
	}
	for _, i := range c.Interventions {
		k, said, by, at := i.Label(), i.Said(), " "+names(i.By)+" ", i.At.Format("15:04:05 ")
		acts = append(acts, text2(strings.TrimRight(at+k.JA+by+said.JA, " "), strings.TrimRight(at+k.EN+by+said.EN, " ")))
	}
	for _, a := range c.OpenAlarms {
		alarms = append(alarms, text.Same(a))
	}
	method := text2("登録の電話で番号を照合", "number read back on the registered telephone")
	if c.IdentityMethod != reports.IdentityCallback {
		method = text2("無", "none")
	}
	lines := yesNo("回線の復旧", "Lines restored", c.LinesRestored)
	if c.LinesRestored != nil {
		lines.Text = text2(map[bool]string{true: "元に戻した", false: "戻していない"}[*c.LinesRestored], map[bool]string{true: "restored", false: "not restored"}[*c.LinesRestored])
	}
	card := Card{Title: text2("立会確認書", "Attendance record"), Rows: []CardRow{
		saidRow("番号", "Number", rec.ID), saidRow("接続番号", "Sessions", strings.Join(c.Sessions, ", ")), saidRow("立会者", "Attendant", names(c.Attendant)),
		{Label: text2("手順書の版", "Version of the procedure"), Text: text2(fmt.Sprintf("第%d版", c.ProcedureVersion), fmt.Sprintf("version %d", c.ProcedureVersion))},
		listed("手順", "Steps", steps), {Label: text2("本人確認の方法", "Identity check"), Text: method}, listed("本人確認の結果", "Its result", calls),
		listed("一時停止・延長・切断", "Pauses, extensions, cuts", acts),
	}}
	if c.ProcedureVersion == 0 {
		card.Rows[3].Text = text2("無", "none")
	}
	if rec.ID == "" {
		return card, err
	}
	unexpected := yesNo("予定外の操作", "Anything unexpected", c.Unexpected)
	if c.UnexpectedDetail != "" {
		unexpected.Text = text2(unexpected.Text.JA+": "+c.UnexpectedDetail, unexpected.Text.EN+": "+c.UnexpectedDetail)
	}
	card.Rows = append(card.Rows, unexpected, saidRow("気付いたこと", "Remarks", c.Remarks), lines, listed("未処理の警報", "Open alarms", alarms),
		CardRow{Label: text2("確認日時", "Attested"), Text: moment(rec.At, v.p.o.Zone).Text}, saidRow("検証値", "Digest", rec.SHA256))
	return card, err
}

// ReportPage is a work report (screens §5.3) as the section reads and accepts it.
type ReportPage struct {
	Frame
	Form    string // address of the printed form
	Card    Card
	Offers  []Offer
	History []Link
}

func (p *Pages) report(v *visit) error {
	r, err := p.o.Views.Report(v.r.Context(), v.reader(), v.r.PathValue("id"))
	if errors.Is(err, store.ErrNotFound) {
		return &api.Fault{Status: http.StatusNotFound, Code: api.CodeNotFound, JA: "作業報告書はまだ提出されていません", EN: "no work report has been handed in yet"}
	}
	if err != nil {
		return err
	}
	page := &ReportPage{Frame: v.frame(), Form: printPath("work-report", r.ID), Offers: v.offersOf(r.Offers, "/reports/"+url.PathEscape(r.ID))}
	page.State = store.ReportState(r.State).Label()
	for _, s := range r.Sessions {
		page.Crumbs = append(page.Crumbs, Link{text2("接続の記録 "+s, "Session "+s), sessionPath(s)})
	}
	for _, other := range r.History {
		if other != r.ID {
			page.History = append(page.History, Link{text.Same(other), reportPath(other)})
		}
	}
	page.Card, err = v.reportCard(r)
	if err != nil {
		return err
	}
	return v.show(page)
}

// reportPath is the page of a report, by its number or a session.
func reportPath(ref string) string { return sessionPath(ref) + "/report" }

// reportCard is a report in the form's order.
func (v *visit) reportCard(r api.Report) (Card, error) {
	c := r.Content
	names, err := v.names(append([]string{r.SubmittedBy, r.AcceptedBy, r.ReturnedBy, r.Vendor}, c.Engineers...)...)
	when, state := span(c.From, c.Until, v.p.o.Zone), store.ReportState(r.State).Label()
	var who, files []text.Text
	for _, e := range c.Engineers {
		who = append(who, text.Same(names(e)))
	}
	for _, f := range c.Files {
		way := map[string]text.Text{"in": text2("持込み", "in"), "out": text2("持出し", "out")}[f.Direction]
		files = append(files, text2(fmt.Sprintf("%s %s %dバイト %s", way.JA, f.Name, f.Size, f.SHA256), fmt.Sprintf("%s %s %d bytes %s", way.EN, f.Name, f.Size, f.SHA256)))
	}
	card := Card{Title: text2("作業報告書", "Work report"), Rows: []CardRow{
		saidRow("番号", "Number", r.ID), {Label: text2("状態", "State"), Text: state}, saidRow("接続番号", "Sessions", strings.Join(r.Sessions, ", ")), saidRow("保守事業者", "Vendor", names(r.Vendor)),
		{Label: text2("実施日時", "Performed"), Span: &when}, listed("作業者", "Engineers", who), saidRow("実施内容", "What was done", c.Done), saidRow("変更した箇所", "What was changed", c.Changes),
		saidRow("申請との相違", "Deviation from the request", c.Deviation), saidRow("相違の理由", "Why it deviates", c.DeviationReason), {Label: text2("結果", "Result"), Text: reports.Result(c.Result).Label()},
		yesNo("戻しの有無", "Rolled back", &c.RolledBack), yesNo("個人情報の閲覧", "Personal data viewed", &c.PIIViewed), yesNo("個人情報の複写", "Personal data copied", &c.PIICopied),
		listed("授受ファイル", "Files exchanged", files), saidRow("残作業", "Remaining work", c.Remaining),
		{Label: text2("提出日時", "Handed in"), Text: moment(r.SubmittedAt, v.p.o.Zone).Text}, saidRow("提出者", "By", names(r.SubmittedBy)), saidRow("訂正した報告", "Corrects", r.Corrects),
		saidRow("所管課確認", "Accepted by", names(r.AcceptedBy)), saidRow("差し戻した人", "Sent back by", names(r.ReturnedBy)), saidRow("所管課の言葉", "The section's answer", r.Answer), saidRow("検証値", "Digest", r.SHA256),
	}}
	return card, err
}
