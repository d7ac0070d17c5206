package gate

import (
	"fmt"
	"slices"
	"strings"

	"sekimori/broker/act"
	"sekimori/broker/forms"
	"sekimori/broker/request"
	"sekimori/broker/requests"
	"sekimori/broker/store"
	"sekimori/policy/text"
)

// inputName stands in problems where the command line names a file.
const inputName = "stdin"

// request proposes a request from standard input, or shows the person's own.
func (s *selfService) request() error {
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
		return &usageError{"申請番号が要ります(request " + verb + " NO)", "a number is missing (request " + verb + " NO)"}
	case !needs && no != "":
		return &usageError{"余分な引数 " + text.OneLine(no, 40), "unexpected argument " + text.OneLine(no, 40)}
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
	return &usageError{"知らない命令: request " + text.OneLine(verb, 40), "unknown command: request " + text.OneLine(verb, 40)}
}

// propose hands the form in. Staff of the section must take it over before it can be approved.
func (s *selfService) propose() error {
	written, err := s.input("request")
	if err != nil {
		return err
	}
	form, err := request.Parse(inputName, written, s.c.s.o.Zone)
	if err != nil {
		return err
	}
	no, err := s.desk().Submit(s.ctx, form, act.Caller{Actor: s.actor()})
	if err != nil {
		return err
	}
	s.out.WriteString(text.Of("申請 "+no+" を提案しました。職員が引き受けると、承認に進みます。",
		"Request "+no+" is proposed. Once staff take it over it goes to approval.").Lines(s.lang) + "\n")
	if hints := form.Hints(); len(hints) > 0 {
		s.out.WriteString(forms.HintText(inputName, hints, s.lang) + "\n")
	}
	return nil
}

// mine reports whether a request is the person's: they proposed it, or are among its engineers.
func (s *selfService) mine(r store.Request) bool {
	return r.Vendor == s.auth.person.Vendor && (r.Proposer == s.auth.person.ID || slices.Contains(r.Body.Engineers, s.auth.person.ID))
}

func (s *selfService) listRequests() error {
	if err := s.viewed("request.listed"); err != nil {
		return err
	}
	var all []store.Request
	err := s.c.s.o.DB.Read(s.ctx, func(snap *store.Snap) error {
		with, err := snap.Requests(store.RequestFilter{Engineer: s.auth.person.ID, Limit: listed})
		if err != nil {
			return err
		}
		ofVendor, err := snap.Requests(store.RequestFilter{Vendor: s.auth.person.Vendor, Limit: 4 * listed}) // requests proposed for others
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
		s.out.WriteString(text.Of("申請はまだありません。", "No requests yet.").Lines(s.lang) + "\n")
	}
	for _, r := range all {
		from, to := r.Start.In(s.c.s.o.Zone), r.End.In(s.c.s.o.Zone)
		line := text.Pad(r.No, 9) + " " + from.Format("2006-01-02 15:04") + "-" + text.SpanEnd(from, to) + "  " + text.Pad(r.State.Label().Slashed(s.lang), 16) + " " + r.Body.Purpose
		s.out.WriteString(text.Cut(text.OneLine(line, 200), text.Screen) + "\n")
	}
	return nil
}

// showRequest shows one of the person's own. Any other is reported as not found.
func (s *selfService) showRequest(no string) error {
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
	row := func(name text.Text, value string) {
		if value == "" {
			return
		}
		label := text.Pad(name.Slashed(s.lang)+" ", 22)
		for i, line := range text.Wrap(text.OneLine(value, 600), text.Screen-text.Width(label), "") {
			if i > 0 {
				label = strings.Repeat(" ", text.Width(label))
			}
			s.out.WriteString(label + line + "\n")
		}
	}
	row(text.Of("申請番号", "Request"), r.No)
	row(text.Of("状態", "State"), r.State.Label().Slashed(s.lang))
	row(text.Of("システム", "System"), r.System)
	row(text.Of("時間枠", "Window"), text.Span(from, to).In(s.lang)+from.Format(" MST"))
	for _, f := range request.Page(r.Body.In(zone), s.lang) {
		row(f.Label, f.Value)
	}
	if e := r.Body.Emergency; e != nil && !e.Due.IsZero() {
		row(text.Of("事後承認の期限", "Follow-up due"), e.Due.In(zone).Format("2006-01-02 15:04"))
	}
	for _, d := range shown.Decisions {
		row(text.Of("判断", "Decision"), d.At.In(zone).Format("2006-01-02 15:04 ")+string(d.Verdict)+" "+d.Reason)
	}
	for _, w := range shown.Windows {
		row(text.Of("作業時間枠", "Windows"), w.ID)
	}
	return nil
}

// copyRequest prints a form filled in from one of the person's own, to be changed and handed in.
func (s *selfService) copyRequest(no string) error {
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
func (s *selfService) ownRequest(no string) (requests.Shown, error) {
	shown, err := s.desk().Show(s.ctx, no)
	if err == nil && !s.mine(shown.Request) {
		err = store.ErrNotFound
	}
	return shown, err
}
