package gate

import (
	"fmt"
	"slices"
	"strings"

	"sekimori/broker/forms"
	"sekimori/broker/requests"
	"sekimori/broker/store"
	"sekimori/policy"
)

// inputName stands in problems where the command line names a file.
const inputName = "stdin"

// request proposes a request from standard input, or shows the person's own.
func (s *self) request() error {
	operands, err := s.options(2, nil)
	if err != nil {
		return err
	}
	verb, no := "", ""
	if len(operands) > 0 {
		verb = operands[0]
	}
	if len(operands) > 1 {
		no = operands[1]
	}
	switch needs := verb == "show" || verb == "copy"; {
	case needs && no == "":
		return &misuse{"申請番号が要ります(request " + verb + " NO)", "a number is missing (request " + verb + " NO)"}
	case !needs && no != "":
		return &misuse{"余分な引数 " + neutral(no, 40), "unexpected argument " + neutral(no, 40)}
	}
	switch verb {
	case "", "-":
		return s.propose()
	case "list":
		return s.listRequests()
	case "show":
		return s.showRequest(no)
	case "copy":
		return s.copyRequest(no)
	}
	return &misuse{"知らない命令: request " + neutral(verb, 40), "unknown command: request " + neutral(verb, 40)}
}

// propose hands the form in. Staff of the section must take it over before anybody can approve it.
func (s *self) propose() error {
	text, err := s.input("request")
	if err != nil {
		return err
	}
	form, err := requests.ParseForm(inputName, text, s.c.s.o.Zone)
	if err != nil {
		return err
	}
	no, err := s.desk().Submit(s.ctx, form, s.actor())
	if err != nil {
		return err
	}
	s.out.WriteString(both(s.lang, "申請 "+no+" を提案しました。職員が引き受けると、承認に進みます。",
		"Request "+no+" is proposed. Once staff take it over it goes to approval.") + "\n")
	if hints := form.Hints(); len(hints) > 0 {
		s.out.WriteString(forms.HintText(inputName, hints, s.lang) + "\n")
	}
	return nil
}

// mine tells whether a request is the person's: proposed by them, or with them among its engineers.
func (s *self) mine(r store.Request) bool {
	return r.Vendor == s.pass.person.Vendor && (r.Proposer == s.pass.person.ID || slices.Contains(r.Body.Engineers, s.pass.person.ID))
}

func (s *self) listRequests() error {
	if err := s.viewed("request.listed"); err != nil {
		return err
	}
	var all []store.Request
	err := s.c.s.o.DB.Read(s.ctx, func(snap *store.Snap) error {
		with, err := snap.Requests(store.RequestFilter{Engineer: s.pass.person.ID, Limit: listed})
		if err != nil {
			return err
		}
		ofVendor, err := snap.Requests(store.RequestFilter{Vendor: s.pass.person.Vendor, Limit: 4 * listed}) // those proposed for others
		all = with
		for _, r := range ofVendor {
			if !slices.ContainsFunc(with, func(w store.Request) bool { return w.No == r.No }) {
				all = append(all, r)
			}
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("own requests: %w", err)
	}
	all = slices.DeleteFunc(all, func(r store.Request) bool { return !s.mine(r) })
	slices.SortStableFunc(all, func(a, b store.Request) int { return b.Created.Compare(a.Created) })
	if len(all) > listed {
		all = all[:listed]
	}
	if len(all) == 0 {
		s.out.WriteString(both(s.lang, "申請はまだありません。", "No requests yet.") + "\n")
	}
	for _, r := range all {
		from, to := r.Start.In(s.c.s.o.Zone), r.End.In(s.c.s.o.Zone)
		line := pad(r.No, 9) + " " + from.Format("2006-01-02 15:04") + "-" + spanEnd(from, to) + "  " + pad(stateText(r.State, s.lang), 16) + " " + r.Body.Purpose
		s.out.WriteString(clip(neutral(line, 200), columns) + "\n")
	}
	return nil
}

// showRequest shows one of the person's own. Any other is not there.
func (s *self) showRequest(no string) error {
	shown, err := s.ownRequest(no)
	if err != nil {
		return err
	}
	r := shown.Request
	if err := s.viewed("request.viewed", r.No); err != nil {
		return err
	}
	zone := s.c.s.o.Zone
	from, to := r.Start.In(zone), r.End.In(zone)
	row := func(ja, en, value string) {
		if value == "" {
			return
		}
		label := pad(slashed(s.lang, ja, en), 18)
		for i, line := range wrapped(neutral(value, 600), columns-cells(label)) {
			if i > 0 {
				label = strings.Repeat(" ", cells(label))
			}
			s.out.WriteString(label + line + "\n")
		}
	}
	b := r.Body
	row("申請番号", "Request", r.No)
	row("状態", "State", stateText(r.State, s.lang))
	row("システム", "System", r.System)
	row("時間枠", "Window", from.Format("2006-01-02 15:04")+"-"+spanEnd(from, to)+from.Format(" MST"))
	row("目的", "Purpose", b.Purpose)
	row("アカウント", "Accounts", strings.Join(b.Accounts, ", "))
	row("追加の権限", "Extra rights", strings.Join(b.ExtraRights, ", "))
	row("保守要員", "Engineers", strings.Join(b.Engineers, ", "))
	row("立会者", "Attendant", b.Attendant)
	row("ファイル授受", "Files", string(b.Files))
	row("条件", "Conditions", b.Conditions)
	if b.Emergency != nil && !b.Emergency.Due.IsZero() {
		row("事後承認の期限", "Follow-up due", b.Emergency.Due.In(zone).Format("2006-01-02 15:04"))
	}
	for _, d := range shown.Decisions {
		row("判断", "Decision", d.At.In(zone).Format("2006-01-02 15:04 ")+string(d.Verdict)+" "+d.Reason)
	}
	for _, w := range shown.Windows {
		row("作業時間枠", "Windows", w.ID)
	}
	return nil
}

// copyRequest prints a form filled in from one of the person's own, to be changed and handed in.
func (s *self) copyRequest(no string) error {
	shown, err := s.ownRequest(no)
	if err != nil {
		return err
	}
	if err := s.viewed("request.viewed", shown.Request.No); err != nil {
		return err
	}
	form, err := s.desk().Copy(s.ctx, no, s.actor())
	if err != nil {
		return err
	}
	return form.WriteYAML(&s.out)
}

// ownRequest reads one of the person's own. Errors: store.ErrNotFound, for those of others too.
func (s *self) ownRequest(no string) (requests.Shown, error) {
	shown, err := s.desk().Show(s.ctx, no)
	if err == nil && !s.mine(shown.Request) {
		err = store.ErrNotFound
	}
	return shown, err
}

// stateText is the state's label (screens §6).
func stateText(state policy.RequestState, lang string) string {
	t, ok := map[policy.RequestState]policy.Text{
		policy.RequestProposed: {JA: "提案(職員の引受け待ち)", EN: "Proposed"}, policy.RequestDraft: {JA: "下書き", EN: "Draft"},
		policy.PendingFirst: {JA: "課長承認待ち", EN: "Awaiting head"}, policy.PendingSecond: {JA: "第二承認待ち", EN: "Awaiting second"},
		policy.RequestReturned: {JA: "差戻し", EN: "Returned"}, policy.RequestApproved: {JA: "承認済み", EN: "Approved"},
		policy.RequestConditional: {JA: "条件付き承認", EN: "Approved with conditions"}, policy.RequestRejected: {JA: "却下", EN: "Rejected"},
		policy.RequestWithdrawn: {JA: "取下げ", EN: "Withdrawn"}, policy.RequestLapsed: {JA: "失効(未決のまま時刻経過)", EN: "Lapsed undecided"},
		policy.RequestRevoked: {JA: "取消し", EN: "Revoked"}, policy.EmergencyAsked: {JA: "緊急利用(同意待ち)", EN: "Emergency, awaiting second"},
		policy.EmergencyOpen: {JA: "緊急利用中", EN: "Emergency in use"}, policy.FollowUpDue: {JA: "事後承認待ち", EN: "Follow-up due"},
		policy.ReportDue: {JA: "作業報告待ち", EN: "Report due"}, policy.RequestClosed: {JA: "完了", EN: "Closed"},
	}[state]
	if !ok {
		return string(state)
	}
	return slashed(lang, t.JA, t.EN)
}

// wrapped breaks a line so that none is wider than limit columns.
func wrapped(text string, limit int) []string {
	var lines []string
	var line strings.Builder
	width := 0
	for _, r := range text {
		if n := runeCells(r); width+n > limit {
			lines = append(lines, line.String())
			line.Reset()
			width = 0
		}
		line.WriteRune(r)
		width += runeCells(r)
	}
	return append(lines, line.String())
}
