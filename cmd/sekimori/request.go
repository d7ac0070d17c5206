package main

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"sekimori/broker/forms"
	"sekimori/broker/web"
)

func (p *program) requestFields() []column[web.Request] {
	return []column[web.Request]{
		{"申請番号", "REQUEST", func(v web.Request) string { return v.No }},
		{"状態", "STATE", func(v web.Request) string { return p.requestState(v.State) }},
		{"システム", "SYSTEM", func(v web.Request) string { return v.System }},
		{"開始", "START", func(v web.Request) string { return stamp(v.Start) }},
		{"終了", "END", func(v web.Request) string { return stamp(v.End) }},
		{"保守事業者", "VENDOR", func(v web.Request) string { return v.Vendor }},
		{"目的", "PURPOSE", func(v web.Request) string { return v.Purpose }},
		{"申請日", "FILED ON", func(v web.Request) string { return v.Created.Format(time.DateOnly) }},
		{"版", "VERSION", func(v web.Request) string { return strconv.Itoa(v.Version) }},
		{"申請者", "REQUESTER", func(v web.Request) string { return v.Requester }},
		{"提案者", "PROPOSER", func(v web.Request) string { return v.Proposer }},
		{"保守要員", "ENGINEERS", func(v web.Request) string { return strings.Join(v.Engineers, ", ") }},
		{"作業用アカウント", "ACCOUNTS", func(v web.Request) string { return strings.Join(v.Accounts, ", ") }},
		{"立会者", "ATTENDANT", func(v web.Request) string { return v.Attendant }},
		{"ファイル授受", "FILES", func(v web.Request) string {
			return strings.TrimSpace(v.Files + " " + v.FileDirection + " " + v.FilesDetail)
		}},
		{"作業種別", "WORK TYPE", func(v web.Request) string { return v.WorkType }},
		{"責任を負う事業者", "RESPONSIBLE", func(v web.Request) string { return v.ResponsibleParty }},
		{"連絡先電話", "PHONE", func(v web.Request) string { return v.Phone }},
		{"障害番号", "FAULT NO", func(v web.Request) string { return v.FaultNo }},
		{"想定原因", "LIKELY CAUSE", func(v web.Request) string { return v.LikelyCause }},
		{"電話での切り分け", "PHONE TRIAGE", func(v web.Request) string { return v.PhoneTriage }},
		{"手順概要", "PROCEDURE", func(v web.Request) string { return v.Procedure }},
		{"戻し方", "ROLLBACK", func(v web.Request) string { return v.Rollback }},
		{"管理者権限の理由", "ROOT BECAUSE", func(v web.Request) string { return v.RootReason }},
		{"契約番号", "CONTRACT NO", func(v web.Request) string { return v.ContractNo }},
		{"追加権限", "EXTRA RIGHTS", func(v web.Request) string { return joined(strings.Join(v.ExtraRights, ", "), v.ExtraReason) }},
		{"個人情報", "PERSONAL DATA", func(v web.Request) string { return p.mark(v.PersonalData) }},
		{"個人番号", "INDIVIDUAL NO", func(v web.Request) string { return joined(p.mark(v.IndividualNumber), v.IndividualReason) }},
		{"同時に入る人数", "PERSONS AT ONCE", func(v web.Request) string {
			if v.PersonLimit == 0 {
				return ""
			}
			return strconv.Itoa(v.PersonLimit)
		}},
		{"周知の申告", "DECLARED", func(v web.Request) string {
			var told []string
			if v.ClausesTold {
				told = append(told, p.say("特記事項", "special clauses"))
			}
			if v.RecordingTold {
				told = append(told, p.say("記録と立会い", "recording and attendance"))
			}
			return strings.Join(told, p.say("、", ", "))
		}},
		{"訓練", "DRILL", func(v web.Request) string { return p.mark(v.Drill) }},
		{"繰返し", "RECURRENCE", func(v web.Request) string { return v.Recurrence }},
		{"回", "OCCURRENCES", func(v web.Request) string {
			var out []string
			for _, o := range v.Occurrences {
				out = append(out, stamp(o.Start)+" – "+stamp(o.End))
			}
			return strings.Join(out, "\n")
		}},
		{"一連の申請", "SERIES", func(v web.Request) string { return v.Series }},
		{"条件", "CONDITIONS", func(v web.Request) string { return v.Conditions }},
		{"至急の理由", "URGENT", func(v web.Request) string { return v.Urgent }},
		{"緊急の理由", "EMERGENCY", func(v web.Request) string { return v.EmergencyReason }},
		{"電話の相手", "PHONED", func(v web.Request) string { return strings.TrimSpace(v.Phoned + " " + stamp(v.PhonedAt)) }},
		{"事後承認と報告の期限", "FOLLOW-UP DUE", func(v web.Request) string { return stamp(v.FollowUpDue) }},
		{"判断", "DECISIONS", func(v web.Request) string {
			var out []string
			for _, d := range v.Decisions {
				by := d.By
				if d.OnBehalf != "" {
					by += p.say("(代決 ", " (for ") + d.OnBehalf + ")"
				}
				out = append(out, strings.TrimSpace(fmt.Sprintf("%s %s %s v%d %s", stamp(d.At), d.Verdict, by, d.Version, d.Reason)))
				for _, item := range slices.Sorted(maps.Keys(d.Because)) {
					out = append(out, "  "+item+": "+d.Because[item])
				}
			}
			return strings.Join(out, "\n")
		}},
		{"時間枠", "WINDOWS", func(v web.Request) string { return strings.Join(v.Windows, ", ") }},
	}
}

// requestColumns are those of the list, which fits a screen; show tells the rest.
func (p *program) requestColumns() []column[web.Request] {
	f := p.requestFields()
	when := column[web.Request]{"日時", "WHEN", func(v web.Request) string { return span(v.Start, v.End) }}
	return []column[web.Request]{f[0], f[1], f[2], when, f[6]}
}

// span says an interval shortly: 2026-11-24 10:00–11:30, and the second day where there is one.
func span(start, end time.Time) string {
	last := end.Format("15:04")
	if start.Format(time.DateOnly) != end.Format(time.DateOnly) {
		last = end.Format("01-02 15:04")
	}
	return stamp(start) + "–" + last
}

// mark says that something is so; nothing where it is not, so that its line is left out.
func (p *program) mark(v bool) string {
	if !v {
		return ""
	}
	return p.say("有", "yes")
}

// joined puts a reason behind what it is for.
func joined(what, because string) string {
	if what == "" || because == "" {
		return what
	}
	return what + " — " + because
}

// requestState is the label of screens §6.
func (p *program) requestState(s string) string {
	if p.lang != "ja" {
		return s
	}
	ja, ok := map[string]string{
		"proposed": "提案(職員の引受け待ち)", "draft": "下書き", "pending-first": "課長承認待ち", "pending-second": "第二承認待ち",
		"returned": "差戻し", "approved": "承認済み", "approved-conditional": "条件付き承認", "rejected": "却下", "withdrawn": "取下げ",
		"lapsed": "失効(未決のまま時刻経過)", "revoked": "取消し", "closed": "完了",
		"emergency-asked": "緊急利用(二人目の同意待ち)", "emergency-open": "緊急利用中", "follow-up-due": "事後承認待ち", "report-due": "作業報告待ち",
	}[s]
	if !ok {
		return s
	}
	return ja
}

func (p *program) requestCommand() *cli.Command {
	return p.group("request", "申請", "requests", append(p.emergencyLeaves(),
		p.leaf("submit", "", "申請を出す(保守事業者が出すと提案になる)", "submit a request (from a vendor: a proposal)", p.requestSubmit,
			&cli.StringFlag{Name: "f", Aliases: []string{"file"}, Usage: p.say("申請のファイル(- は標準入力)", "request file (- for standard input)")},
			&cli.StringFlag{Name: "edit", Usage: p.say("この申請番号の内容を置き換える(承認は無効になる)", "replace the content of this request (its approvals become void)")}),
		p.leaf("list", "", "一覧(新しい順)", "list, newest first", p.requestList,
			&cli.StringFlag{Name: "state", Usage: p.say("この状態のものだけ", "only those in this state")},
			&cli.StringFlag{Name: "system", Usage: p.say("このシステムのものだけ", "only those of this system")},
			&cli.StringFlag{Name: "series", Usage: p.say("この申請番号に始まる一連の申請(回ごとに承認する繰返し)", "the series that begins with this request (a recurrence approved one by one)")},
			&cli.BoolFlag{Name: "seen-due", Usage: p.say("代決され、自分の後閲を待つもの", "decided by a deputy and not yet seen by you")},
			&cli.StringFlag{Name: "before", Usage: p.say("この申請番号より前から", "page on: those older than this number")},
			&cli.IntFlag{Name: "limit", Usage: p.say("一度に出す件数(200)", "how many (200)")}),
		p.leaf("show", "NO", "一つを見る", "show one", func(c *cli.Context) error {
			v, err := fetch[web.Request](p, c, "/v1/requests/"+part(c.Args().First()), nil)
			if err != nil {
				return err
			}
			return page(p, v, p.requestFields())
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
	path := "/v1/requests"
	if no := c.String("edit"); no != "" {
		path += "/" + part(no) + "/edit"
	}
	v, err := act[web.Request](p, c, path, web.SubmitBody{Name: file, Text: text})
	if err != nil {
		return err
	}
	p.hint(file, v.Hints)
	ja, en := fmt.Sprintf("申請 %s: %s", v.No, p.requestState(v.State)), fmt.Sprintf("request %s: %s", v.No, v.State)
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
		body := web.DecideBody{Reason: c.String("reason"), Version: c.Int("version")}
		v, err := act[web.Request](p, c, "/v1/requests/"+part(c.Args().First())+"/"+what, body)
		if err != nil {
			return err
		}
		return p.decidedOn(v)
	}
}

// decideAnew is decide for what only an approver may say: like an approval it takes password and code.
func (p *program) decideAnew(what string) func(*cli.Context) error {
	return func(c *cli.Context) error {
		v, err := actAnew[web.Request](p, c, "/v1/requests/"+part(c.Args().First())+"/"+what, func(f web.Fresh) any {
			return web.DecideBody{Reason: c.String("reason"), Version: c.Int("version"), Fresh: f}
		})
		if err != nil {
			return err
		}
		return p.decidedOn(v)
	}
}
