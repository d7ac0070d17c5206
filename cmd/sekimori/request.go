package main

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"sekimori/broker/api"
	"sekimori/broker/forms"
	"sekimori/broker/request"
	"sekimori/policy"
)

// requestFields are the rows of a request's page: those of its body stand in the order of the form.
func (p *program) requestFields(v api.Request) []column[api.Request] {
	said := func(value string) func(api.Request) string { return func(api.Request) string { return value } }
	rows := []column[api.Request]{
		{"申請番号", "REQUEST", said(v.No)},
		{"状態", "STATE", said(word(p, policy.RequestState(v.State)))},
		{"システム", "SYSTEM", said(v.System)},
		{"開始", "START", said(p.moment(v.Start))},
		{"終了", "END", said(p.moment(v.End))},
		{"保守事業者", "VENDOR", said(v.Vendor)},
		{"申請日", "FILED ON", said(p.day(v.Created))},
		{"版", "VERSION", said(strconv.Itoa(v.Version))},
		{"申請者", "REQUESTER", said(p.named(v.Requester))},
		{"提案者", "PROPOSER", said(p.named(v.Proposer))},
	}
	for _, row := range request.Page(v.Body, p.lang) {
		switch row.Key {
		case "engineers":
			row.Value = p.namedAll(v.Engineers)
		case "attendant":
			row.Value = p.named(v.Attendant)
		}
		rows = append(rows, column[api.Request]{row.Label.JA, strings.ToUpper(row.Label.EN), said(row.Value)})
	}
	return append(rows, []column[api.Request]{
		{"緊急の理由", "EMERGENCY", said(v.EmergencyReason)},
		{"電話の相手", "PHONED", said(strings.TrimSpace(v.Phoned + " " + p.moment(v.PhonedAt)))},
		{"事後承認と報告の期限", "FOLLOW-UP DUE", said(p.moment(v.FollowUpDue))},
		{"判断", "DECISIONS", func(v api.Request) string {
			var out []string
			for _, d := range v.Decisions {
				by := p.named(d.By)
				if d.OnBehalf != "" {
					by += p.say("(代決 ", " (for ") + p.named(d.OnBehalf) + ")"
				}
				out = append(out, strings.TrimSpace(fmt.Sprintf("%s %s %s v%d %s", p.moment(d.At), word(p, request.Verdict(d.Verdict)), by, d.Version, d.Reason)))
				for _, item := range slices.Sorted(maps.Keys(d.Because)) {
					out = append(out, "  "+p.say(policy.ItemName(item).JA, item)+": "+d.Because[item])
				}
			}
			return strings.Join(out, "\n")
		}},
		{"時間枠", "WINDOWS", said(strings.Join(v.Windows, ", "))},
	}...)
}

// requestColumns are those of the list, which fits a screen; show tells the rest.
func (p *program) requestColumns() []column[api.Request] {
	return []column[api.Request]{
		{"申請番号", "REQUEST", func(v api.Request) string { return v.No }},
		{"状態", "STATE", func(v api.Request) string { return word(p, policy.RequestState(v.State)) }},
		{"システム", "SYSTEM", func(v api.Request) string { return v.System }},
		{"日時", "WHEN", func(v api.Request) string { return span(v.Start, v.End) }},
		{"目的", "PURPOSE", func(v api.Request) string { return v.Purpose }},
	}
}

// span says an interval shortly: 2026-11-24 10:00–11:30, and the second day where there is one.
func span(start, end time.Time) string {
	last := end.Format("15:04")
	if start.Format(time.DateOnly) != end.Format(time.DateOnly) {
		last = end.Format("01-02 15:04")
	}
	return stamp(start) + "–" + last
}

// joined puts a reason behind what it is for.
func joined(what, because string) string {
	if what == "" || because == "" {
		return what
	}
	return what + " — " + because
}

func (p *program) requestCommand() *cli.Command {
	return p.group("request", "申請", "requests", append(p.emergencyLeaves(),
		p.draftCommand(),
		p.leaf("submit", "", "申請を出す(保守事業者が出すと提案になる)", "submit a request (from a vendor: a proposal)", p.requestSubmit,
			&cli.StringFlag{Name: "f", Aliases: []string{"file"}, Usage: p.say("申請のファイル(- は標準入力)", "request file (- for standard input)")},
			&cli.StringFlag{Name: "edit", Usage: p.say("この申請番号の内容を置き換える(承認は無効になる)", "replace the content of this request (its approvals become void)")}),
		p.listLeaf("list", "", "一覧(新しい順)", "list, newest first", p.requestList,
			&cli.StringFlag{Name: "state", Usage: p.say("この状態のものだけ", "only those in this state")},
			&cli.StringFlag{Name: "system", Usage: p.say("このシステムのものだけ", "only those of this system")},
			&cli.StringFlag{Name: "series", Usage: p.say("この申請番号に始まる一連の申請(回ごとに承認する繰返し)", "the series that begins with this request (a recurrence approved one by one)")},
			&cli.BoolFlag{Name: "seen-due", Usage: p.say("代決され、自分の後閲を待つもの", "decided by a deputy and not yet seen by you")},
			&cli.StringFlag{Name: "before", Usage: p.say("この申請番号より前から", "page on: those older than this number")},
			&cli.IntFlag{Name: "limit", Usage: p.say("一度に出す件数(200)", "how many (200)")}),
		p.leaf("show", "NO", "一つを見る", "show one", func(c *cli.Context) error {
			v, err := fetch(p, c, api.Requests.Of(c.Args().First()), nil)
			if err != nil {
				return err
			}
			return page(p, v, p.requestFields(v))
		}),
		p.leaf("take", "NO", "提案を引き受けて申請者になる", "take over a proposal and become its requester", p.decide("take")),
		p.leaf("approve", "NO", "承認する(パスワードと認証コードを尋ねます)", "approve (asks for password and code)", p.requestApprove, p.approveFlags()...),
		p.leaf("check", "NO", "確認事項と前回との違いを見る", "show the items to confirm and what differs from last time", p.requestCheck),
		p.leaf("copy", "NO", "前回の申請を写す(日時、理由、申告は除く)", "copy a request into a file (without times, reasons and declarations)", p.requestCopy),
		p.leaf("seen", "NO", "代決の後閲をする(--object で異議)", "note that you saw what your deputy decided (--object: object)", p.requestSeen,
			&cli.BoolFlag{Name: "object", Usage: p.say("異議あり。未使用の利用許可を取り消す", "object: what is unused is revoked")}, p.reasonFlag()),
		p.leaf("return", "NO", "差し戻す(パスワードと認証コードを尋ねます)", "return for correction (asks for password and code)", p.decideAnew("return"), p.authFlag(), p.reasonFlag(), p.versionFlag()),
		p.leaf("reject", "NO", "却下する(パスワードと認証コードを尋ねます)", "reject (asks for password and code)", p.decideAnew("reject"), p.authFlag(), p.reasonFlag(), p.versionFlag()),
		p.leaf("withdraw", "NO", "取り下げる", "withdraw", p.decide("withdraw"), p.reasonFlag()),
		p.leaf("revoke", "NO", "承認を取り消す(接続は切れる)", "revoke what was approved (sessions end)", p.decide("revoke"), p.reasonFlag()),
	)...)
}

func (p *program) requestSubmit(c *cli.Context) error {
	file, err := p.need(c, "f")
	if err != nil {
		return err
	}
	text, err := p.readText(file)
	if err != nil {
		return err
	}
	path := api.Requests.New()
	if no := c.String("edit"); no != "" {
		path = api.Requests.Act(no, "edit")
	}
	v, err := act(p, c, path, api.SubmitBody{Name: file, Text: text})
	if err != nil {
		return err
	}
	p.hint(file, v.Hints)
	ja, en := fmt.Sprintf("申請 %s: %s", v.No, word(p, policy.RequestState(v.State))), fmt.Sprintf("request %s: %s", v.No, v.State)
	if v.Series != "" {
		ja += fmt.Sprintf("\n回ごとに一つの申請になりました。一覧:\n  sekimori request list --series %s", v.Series)
		en += fmt.Sprintf("\na request for each occurrence; to list them:\n  sekimori request list --series %s", v.Series)
	}
	return p.done(v, ja, en)
}

// hint says on standard error what the writer of a file should know although nothing is wrong with it.
func (p *program) hint(file string, hints []forms.Problem) {
	if len(hints) > 0 && !p.json {
		fmt.Fprintln(p.err, "sekimori: hint: "+strings.ReplaceAll(forms.HintText(file, hints, p.lang), "\n", "\nsekimori: hint: "))
	}
}

func (p *program) decide(what string) func(*cli.Context) error {
	return func(c *cli.Context) error {
		reason, err := p.reasonAsked(c)
		if err != nil {
			return err
		}
		body := api.DecideBody{Reason: reason, Version: c.Int("version")}
		v, err := act(p, c, api.Requests.Act(c.Args().First(), what), body)
		if err != nil {
			return err
		}
		return p.decidedOn(v)
	}
}

// decideAnew is decide for what only an approver may say: like an approval it takes password and code.
func (p *program) decideAnew(what string) func(*cli.Context) error {
	return func(c *cli.Context) error {
		reason, err := p.reasonAsked(c)
		if err != nil {
			return err
		}
		v, err := actAnew(p, c, api.Requests.Act(c.Args().First(), what), func(f api.Fresh) any {
			return api.DecideBody{Reason: reason, Version: c.Int("version"), Fresh: f}
		})
		if err != nil {
			return err
		}
		return p.decidedOn(v)
	}
}
