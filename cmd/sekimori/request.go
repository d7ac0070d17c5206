package main

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

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
		{"版", "VERSION", func(v web.Request) string { return strconv.Itoa(v.Version) }},
		{"申請者", "REQUESTER", func(v web.Request) string { return v.Requester }},
		{"提案者", "PROPOSER", func(v web.Request) string { return v.Proposer }},
		{"保守要員", "ENGINEERS", func(v web.Request) string { return strings.Join(v.Engineers, ", ") }},
		{"作業用アカウント", "ACCOUNTS", func(v web.Request) string { return strings.Join(v.Accounts, ", ") }},
		{"立会者", "ATTENDANT", func(v web.Request) string { return v.Attendant }},
		{"ファイル授受", "FILES", func(v web.Request) string { return strings.TrimSpace(v.Files + " " + v.FilesDetail) }},
		{"作業種別", "WORK TYPE", func(v web.Request) string { return v.WorkType }},
		{"責任を負う事業者", "RESPONSIBLE", func(v web.Request) string { return v.Responsible }},
		{"連絡先電話", "PHONE", func(v web.Request) string { return v.Phone }},
		{"障害番号", "FAULT NO", func(v web.Request) string { return v.FaultNo }},
		{"想定原因", "LIKELY CAUSE", func(v web.Request) string { return v.FaultCause }},
		{"電話での切り分け", "PHONE TRIAGE", func(v web.Request) string { return v.FaultTriage }},
		{"手順概要", "PROCEDURE", func(v web.Request) string { return v.Procedure }},
		{"戻し方", "ROLLBACK", func(v web.Request) string { return v.Rollback }},
		{"管理者権限の理由", "ROOT BECAUSE", func(v web.Request) string { return v.RootReason }},
		{"条件", "CONDITIONS", func(v web.Request) string { return v.Conditions }},
		{"至急の理由", "URGENT", func(v web.Request) string { return v.Urgent }},
		{"判断", "DECISIONS", func(v web.Request) string {
			var out []string
			for _, d := range v.Decisions {
				out = append(out, strings.TrimSpace(fmt.Sprintf("%s %s %s v%d %s", stamp(d.At), d.Verdict, d.By, d.Version, d.Reason)))
			}
			return strings.Join(out, "\n")
		}},
		{"時間枠", "WINDOWS", func(v web.Request) string { return strings.Join(v.Windows, ", ") }},
	}
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
	}[s]
	if !ok {
		return s
	}
	return ja
}

func (p *program) requestCommand() *cli.Command {
	version := &cli.IntFlag{Name: "version", Usage: p.say("見て決めた版(違えば断られる)", "the version that was read (refused when it is another)")}
	return p.group("request", "申請", "requests",
		p.leaf("submit", "", "申請を出す(保守事業者が出すと提案になる)", "submit a request (from a vendor: a proposal)", p.requestSubmit,
			&cli.StringFlag{Name: "f", Aliases: []string{"file"}, Usage: p.say("申請のファイル(- は標準入力)", "request file (- for standard input)")},
			&cli.StringFlag{Name: "edit", Usage: p.say("この申請番号の内容を置き換える(承認は無効になる)", "replace the content of this request (its approvals become void)")}),
		p.leaf("list", "", "一覧", "list", func(c *cli.Context) error {
			q := url.Values{}
			if s := c.String("state"); s != "" {
				q.Set("state", s)
			}
			v, err := fetch[[]web.Request](p, c, "/v1/requests", q)
			if err != nil {
				return err
			}
			return list(p, v, "申請はまだありません。", "No requests yet.", p.requestFields()[:7])
		}, &cli.StringFlag{Name: "state", Usage: p.say("この状態のものだけ", "only those in this state")}),
		p.leaf("show", "NO", "一つを見る", "show one", func(c *cli.Context) error {
			v, err := fetch[web.Request](p, c, "/v1/requests/"+part(c.Args().First()), nil)
			if err != nil {
				return err
			}
			return page(p, v, p.requestFields())
		}),
		p.leaf("take", "NO", "提案を引き受けて申請者になる", "take over a proposal and become its requester", p.decide("take", false)),
		p.leaf("approve", "NO", "承認する(パスワードと認証コードを尋ねます)", "approve (asks for password and code)", p.decide("approve", true), p.authFlag(), p.reasonFlag(), version),
		p.leaf("return", "NO", "差し戻す", "return for correction", p.decide("return", false), p.reasonFlag(), version),
		p.leaf("reject", "NO", "却下する", "reject", p.decide("reject", false), p.reasonFlag(), version),
		p.leaf("withdraw", "NO", "取り下げる", "withdraw", p.decide("withdraw", false), p.reasonFlag()),
		p.leaf("revoke", "NO", "承認を取り消す(接続は切れる)", "revoke what was approved (sessions end)", p.decide("revoke", false), p.reasonFlag()),
	)
}

func (p *program) requestSubmit(c *cli.Context) error {
	file, err := p.need(c, "f")
	if err != nil {
		return err
	}
	text, err := p.readFile(file)
	if err != nil {
		return err
	}
	path := "/v1/requests"
	if no := c.String("edit"); no != "" {
		path += "/" + part(no) + "/edit"
	}
	v, err := act[web.Request](p, c, path, web.SubmitBody{Name: file, Text: string(text)})
	if err != nil {
		return err
	}
	return p.done(v, fmt.Sprintf("申請 %s: %s", v.No, p.requestState(v.State)), fmt.Sprintf("request %s: %s", v.No, v.State))
}

func (p *program) decide(what string, asksFresh bool) func(*cli.Context) error {
	return func(c *cli.Context) error {
		body := web.DecideBody{Reason: c.String("reason"), Version: c.Int("version")}
		if asksFresh {
			var err error
			if body.Fresh, err = p.fresh(c); err != nil {
				return err
			}
		}
		v, err := act[web.Request](p, c, "/v1/requests/"+part(c.Args().First())+"/"+what, body)
		if err != nil {
			return err
		}
		return p.done(v, fmt.Sprintf("申請 %s: %s", v.No, p.requestState(v.State)), fmt.Sprintf("request %s: %s", v.No, v.State))
	}
}
