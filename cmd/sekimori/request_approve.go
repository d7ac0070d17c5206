package main

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"sekimori/broker/api"
	"sekimori/broker/forms"
	"sekimori/broker/request"
	"sekimori/policy"
)

func (p *program) approveFlags() []cli.Flag {
	return []cli.Flag{
		p.authFlag(), p.reasonFlag(), p.versionFlag(),
		&cli.StringSliceFlag{Name: "because", Usage: p.say("確認事項を認める理由。項目=理由(繰り返せます)", "why a check item is acceptable, as ITEM=REASON (may be repeated)")},
		&cli.StringFlag{Name: "end", Usage: p.say("条件: 終了を早める(2026-11-24T11:00 か 11:00)", "condition: an earlier end (2026-11-24T11:00 or 11:00)")},
		&cli.StringSliceFlag{Name: "without-account", Usage: p.say("条件: このアカウントを除く(繰り返せます)", "condition: without this account (may be repeated)")},
		&cli.StringSliceFlag{Name: "without-right", Usage: p.say("条件: この追加の権限を除く(繰り返せます)", "condition: without this extra right (may be repeated)")},
		&cli.StringSliceFlag{Name: "without-command", Usage: p.say("条件: 申請のこの命令を除く(繰り返せます)", "condition: without this command of the request (may be repeated)")},
		&cli.BoolFlag{Name: "no-files", Usage: p.say("条件: ファイル授受なし", "condition: no file exchange")},
		&cli.StringFlag{Name: "extend-limit", Usage: p.say("条件: 立会者の延長は合わせてこの長さまで(0 は延長なし)", "condition: attendants extend by at most this in all (0: not at all)")},
		&cli.StringFlag{Name: "note", Usage: p.say("条件: 言葉で", "condition: in words")},
	}
}

func (p *program) versionFlag() cli.Flag {
	return &cli.IntFlag{Name: "version", Usage: p.say("見て決めた版(違えば断られる)", "the version that was read (refused when it is another)")}
}

// requestApprove approves. On a terminal the approver first sees the card, the differences from last time and the items, and is
// asked for each reason that is missing; without one, reasons come with --because.
func (p *program) requestApprove(c *cli.Context) error {
	no := c.Args().First()
	body := api.DecideBody{Reason: c.String("reason"), Version: c.Int("version")}
	var err error
	if body.Because, err = becauseOf(c.StringSlice("because")); err != nil {
		return err
	}
	a, err := p.ask(c)
	if err != nil {
		return err
	}
	defer a.close()
	reads := a.lines == nil && !p.json // a person sits there
	var k api.Checked
	if reads || c.String("end") != "" {
		if k, err = fetch(p, c, api.CheckOf(no), nil); err != nil {
			return err
		}
	}
	if body.Conditions, err = p.conditionsOf(c, k.Whole); err != nil {
		return err
	}
	if reads {
		if err := p.readFirst(c, a, k, &body); err != nil {
			return err
		}
	}
	v, err := provedBy(c.Context, a, func(f api.Fresh) (api.Request, error) {
		body.Fresh = f
		return act(p, c, api.Requests.Act(no, "approve"), body)
	})
	if err != nil {
		return err
	}
	return p.decidedOn(v)
}

// readFirst shows what is decided on, and asks for what is missing.
func (p *program) readFirst(c *cli.Context, a *asker, k api.Checked, body *api.DecideBody) error {
	if body.Version == 0 {
		body.Version = k.Version
	}
	if err := p.paged(c.Context, a, func() error {
		if err := page(p, k.Whole, p.approvalFields(k.Whole)); err != nil {
			return err
		}
		return p.printChecked(k, true)
	}); err != nil {
		return err
	}
	for _, item := range k.Items {
		if !item.NeedsReason || body.Because[item.Code] != "" {
			continue
		}
		reason, err := a.line(c.Context, item.NameJA+": 確認した理由", item.NameEN+": why this is acceptable")
		if err != nil {
			return err
		}
		body.Because[item.Code] = reason
	}
	fmt.Fprintln(p.err, p.say("上の確認事項を読みました。この承認はこの時間枠に限り有効です。", "I have read the items above. This approval is valid only for this window."))
	return nil
}

// approvalFields are the facts of the decision, in fewer rows than the request's own page: with the check items they fit a screen.
func (p *program) approvalFields(v api.Request) []column[api.Request] {
	said := func(value string) func(api.Request) string { return func(api.Request) string { return value } }
	rows := []column[api.Request]{
		{"申請", "REQUEST", said(fmt.Sprintf("%s %s%d%s  %s", v.No, p.say("第", "version "), v.Version, p.say("版", ""), word(p, policy.RequestState(v.State))))},
		{"いつ", "WHEN", said(span(v.Start, v.End) + "  " + v.System)},
		{"申請者", "REQUESTER", said(strings.TrimSpace(p.named(v.Requester) + "  " + p.named(v.Proposer)))},
	}
	beside := map[string]string{"purpose": "work_type", "responsible_party": "phone", "files": "files_detail"}
	own := request.Page(v.Body, p.lang, "system", "start", "end")
	valueOf := func(key string) string {
		for _, row := range own {
			if row.Key == key {
				return row.Value
			}
		}
		return ""
	}
	for _, row := range own {
		if main := mainOf(beside, row.Key); main != "" && valueOf(main) != "" {
			continue // stands beside that one
		}
		switch row.Key {
		case "engineers":
			row.Value = p.namedAll(v.Engineers)
		case "attendant":
			row.Value = p.named(v.Attendant)
		}
		if more := valueOf(beside[row.Key]); more != "" {
			row.Value += "  " + more
		}
		rows = append(rows, column[api.Request]{row.Label.JA, strings.ToUpper(row.Label.EN), said(row.Value)})
	}
	for _, f := range p.requestFields(v) {
		if f.en == "EMERGENCY" || f.en == "PHONED" || f.en == "DECISIONS" {
			rows = append(rows, f)
		}
	}
	return rows
}

// mainOf is the field that another stands beside.
func mainOf(beside map[string]string, key string) string {
	for main, second := range beside {
		if second == key {
			return main
		}
	}
	return ""
}

// becauseOf reads ITEM=REASON.
func becauseOf(said []string) (map[string]string, error) {
	because := map[string]string{}
	for _, one := range said {
		item, reason, ok := strings.Cut(one, "=")
		if !ok || item == "" || strings.TrimSpace(reason) == "" {
			return nil, &usageError{ja: fmt.Sprintf("--because %q が読めません", one), en: fmt.Sprintf("--because %q cannot be read", one),
				hintJA: "--because attendant=初回のため係長が同席 のように書きます", hintEN: "write it like --because attendant='first time, the chief sits beside'"}
		}
		because[item] = reason
	}
	return because, nil
}

// conditionsOf reads the conditions. Times without a zone are of the institution's, in which the request's are shown.
func (p *program) conditionsOf(c *cli.Context, r api.Request) (api.Conditions, error) {
	out := api.Conditions{Accounts: c.StringSlice("without-account"), Rights: c.StringSlice("without-right"), Commands: c.StringSlice("without-command"),
		NoFiles: c.Bool("no-files"), Note: c.String("note")}
	if said := c.String("end"); said != "" {
		first := r.Start
		if clock, err := time.Parse("15:04", said); err == nil {
			out.End = time.Date(first.Year(), first.Month(), first.Day(), clock.Hour(), clock.Minute(), 0, 0, first.Location())
			if !out.End.After(first) { // over midnight
				out.End = out.End.AddDate(0, 0, 1)
			}
		} else if out.End, err = forms.ParseInstant(said, first.Location()); err != nil {
			return out, &usageError{ja: "--end の日時が読めません: " + said, en: fmt.Sprintf("--end: %v", err),
				hintJA: "2026-11-24T11:00 か 11:00 のように書きます", hintEN: "write 2026-11-24T11:00 or 11:00"}
		}
	}
	if said := c.String("extend-limit"); said != "" {
		d, err := time.ParseDuration(said)
		if said == "0" {
			d, err = 0, nil
		}
		if err != nil {
			return out, &usageError{ja: "--extend-limit の長さが読めません: " + said, en: fmt.Sprintf("--extend-limit: %q is no length of time", said),
				hintJA: "30m のように書きます", hintEN: "write it like 30m"}
		}
		ms := d.Milliseconds()
		out.ExtensionLimitMS = &ms
	}
	return out, nil
}

// decidedOn gives the outcome of a request and, when a deputy decided, the person they stood for.
func (p *program) decidedOn(v api.Request) error {
	ja, en := fmt.Sprintf("申請 %s: %s", v.No, word(p, policy.RequestState(v.State))), fmt.Sprintf("request %s: %s", v.No, v.State)
	if n := len(v.Decisions); n > 0 && v.Decisions[n-1].OnBehalf != "" {
		ja += "(代決。" + p.named(v.Decisions[n-1].OnBehalf) + " には後閲として届きます)"
		en += " (as deputy of " + p.named(v.Decisions[n-1].OnBehalf) + ", who reviews it afterwards)"
	}
	return p.done(v, ja, en)
}

func (p *program) requestSeen(c *cli.Context) error {
	reason, err := p.reasonIf(c, c.Bool("object"))
	if err != nil {
		return err
	}
	v, err := act(p, c, api.Requests.Act(c.Args().First(), "seen"), api.SeenBody{Object: c.Bool("object"), Reason: reason})
	if err != nil {
		return err
	}
	if c.Bool("object") {
		return p.done(v, fmt.Sprintf("異議を記録しました。申請 %s: %s", v.No, word(p, policy.RequestState(v.State))), fmt.Sprintf("objected; request %s: %s", v.No, v.State))
	}
	return p.done(v, fmt.Sprintf("後閲しました: 申請 %s", v.No), fmt.Sprintf("seen: request %s", v.No))
}

func (p *program) requestCopy(c *cli.Context) error {
	v, err := fetch(p, c, api.CopyOf(c.Args().First()), nil)
	if err != nil {
		return err
	}
	if p.json {
		return p.writeJSON(v)
	}
	_, err = fmt.Fprint(p.out, v.Text)
	return err
}

func (p *program) requestList(c *cli.Context) error {
	q := url.Values{}
	for flag, name := range map[string]string{"state": "state", "system": "system", "series": "series", "before": "before"} {
		if s := c.String(flag); s != "" {
			q.Set(name, s)
		}
	}
	if n := c.Int("limit"); n > 0 {
		q.Set("limit", fmt.Sprint(n))
	}
	if c.Bool("seen-due") {
		q.Set("seen_due", "1")
	}
	v, err := fetchList(p, c, api.Requests.All(), q)
	if err != nil {
		return err
	}
	empty := [2]string{"申請はまだありません。", "No requests yet."}
	if len(q) > 0 {
		empty = [2]string{"条件に合うものがありません。", "No matches."}
	}
	return list(p, v, empty[0], empty[1], p.requestColumns())
}
