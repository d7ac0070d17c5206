package main

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/urfave/cli/v2"

	"sekimori/broker/api"
	"sekimori/broker/reports"
	"sekimori/broker/store"
)

func (p *program) reportFields() []column[api.Report] {
	return []column[api.Report]{
		{"報告番号", "REPORT", func(v api.Report) string { return v.ID }},
		{"状態", "STATE", func(v api.Report) string { return p.reportState(v) }},
		{"接続番号", "SESSIONS", func(v api.Report) string { return strings.Join(v.Sessions, ", ") }},
		{"申請番号", "REQUEST", func(v api.Report) string { return v.Request }},
		{"提出日時", "SUBMITTED AT", func(v api.Report) string { return stamp(v.SubmittedAt) }},
		{"提出者", "SUBMITTED BY", func(v api.Report) string { return p.named(v.SubmittedBy) }},
		{"期限", "DUE", func(v api.Report) string { return stamp(v.Due) }},
		{"訂正する報告", "CORRECTS", func(v api.Report) string { return v.Corrects }},
		{"実施日時", "PERFORMED", func(v api.Report) string { return stamp(v.Content.From) + " – " + stamp(v.Content.Until) }},
		{"作業者", "ENGINEERS", func(v api.Report) string { return p.namedAll(v.Content.Engineers) }},
		{"実施内容", "DONE", func(v api.Report) string { return v.Content.Done }},
		{"変更した箇所", "CHANGES", func(v api.Report) string { return v.Content.Changes }},
		{"申請との相違", "DEVIATION", func(v api.Report) string { return joined(v.Content.Deviation, v.Content.DeviationReason) }},
		{"結果", "RESULT", func(v api.Report) string { return word(p, reports.Result(v.Content.Result)) }},
		{"戻しの有無", "ROLLED BACK", func(v api.Report) string { return p.yesOrNo(v.Content.RolledBack) }},
		{"個人情報の閲覧", "PII VIEWED", func(v api.Report) string { return p.yesOrNo(v.Content.PIIViewed) }},
		{"個人情報の複写", "PII COPIED", func(v api.Report) string { return p.yesOrNo(v.Content.PIICopied) }},
		{"授受ファイル", "FILES", func(v api.Report) string {
			var lines []string
			for _, f := range v.Content.Files {
				lines = append(lines, fmt.Sprintf("%s %s %d %s", f.Direction, f.Name, f.Size, f.SHA256))
			}
			return strings.Join(lines, "\n")
		}},
		{"残作業", "REMAINING", func(v api.Report) string { return v.Content.Remaining }},
		{"所管課確認", "ACCEPTED BY", func(v api.Report) string { return p.named(v.AcceptedBy) }},
		{"差し戻した人", "RETURNED BY", func(v api.Report) string { return p.named(v.ReturnedBy) }},
		{"確認日時", "SETTLED AT", func(v api.Report) string { return stamp(v.SettledAt) }},
		{"所管課から", "ANSWER", func(v api.Report) string { return v.Answer }},
		{"検証値", "SHA-256", func(v api.Report) string { return v.SHA256 }},
		{"同じ接続の報告", "HISTORY", func(v api.Report) string { return strings.Join(v.History, ", ") }},
	}
}

func (p *program) reportState(v api.Report) string {
	state := word(p, store.ReportState(v.State))
	if v.Late {
		state += p.say("(期限後)", " (late)")
	}
	return state
}

func (p *program) yesOrNo(v bool) string {
	if v {
		return p.say("有", "yes")
	}
	return p.say("無", "no")
}

func (p *program) reportCommand() *cli.Command {
	settle := func(what string) func(*cli.Context) error {
		return func(c *cli.Context) error {
			reason, err := p.reasonIf(c, what == "return")
			if err != nil {
				return err
			}
			v, err := act(p, c, api.Reports.Act(c.Args().First(), what), api.SettleBody{Reason: reason})
			if err != nil {
				return err
			}
			return p.done(v, fmt.Sprintf("報告 %s: %s", v.ID, p.reportState(v)), fmt.Sprintf("report %s: %s", v.ID, v.State))
		}
	}
	return p.group("report", "作業報告書と立会確認書", "work reports and attendance records",
		p.leaf("submit", "", "作業報告書を出す(同じ接続にもう一度出すと訂正になる)", "hand in a work report (a second one for a session corrects the first)", p.reportSubmit,
			&cli.StringFlag{Name: "f", Aliases: []string{"file"}, Usage: p.say("報告のファイル(- は標準入力)", "report file (- for standard input)")}),
		p.listLeaf("list", "", "一覧(新しい順)", "list, newest first", func(c *cli.Context) error {
			q := url.Values{}
			for _, name := range []string{"request", "window", "session", "state"} {
				if v := c.String(name); v != "" {
					q.Set(name, v)
				}
			}
			v, err := fetchList(p, c, api.Reports.All(), q)
			if err != nil {
				return err
			}
			return list(p, v, "作業報告書はまだありません。", "No work reports yet.", p.reportFields()[:7])
		},
			&cli.StringFlag{Name: "request", Usage: p.say("この申請のものだけ", "only those of this request")},
			&cli.StringFlag{Name: "window", Usage: p.say("この時間枠のものだけ", "only those of this window")},
			&cli.StringFlag{Name: "session", Usage: p.say("この接続のものだけ", "only those of this session")},
			&cli.StringFlag{Name: "state", Usage: "submitted|accepted|returned"}),
		p.leaf("show", "REPORT|SESSION", "一つを見る", "show one", func(c *cli.Context) error {
			v, err := fetch(p, c, api.Reports.Of(c.Args().First()), nil)
			if err != nil {
				return err
			}
			return page(p, v, p.reportFields())
		}),
		p.leaf("accept", "REPORT|SESSION", "所管課として確認する", "accept for the section", settle("accept"), p.reasonFlag()),
		p.leaf("return", "REPORT|SESSION", "差し戻す(訂正を求める)", "send back for correction", settle("return"), p.reasonFlag()),
		p.attestLeaf(),
		p.leaf("attendance", "WINDOW", "立会確認書を見る(まだなら、記入される内容)", "show the attendance record (while there is none: what would be filled in)", func(c *cli.Context) error {
			v, err := fetch(p, c, api.RecordOf(c.Args().First()), nil)
			if err != nil {
				return err
			}
			return page(p, v, p.recordFields())
		}),
	)
}

func (p *program) reportSubmit(c *cli.Context) error {
	file, err := p.need(c, "f")
	if err != nil {
		return err
	}
	text, err := p.readText(file)
	if err != nil {
		return err
	}
	v, err := act(p, c, api.Reports.New(), api.SubmitBody{Name: file, Text: text})
	if err != nil {
		return err
	}
	return p.done(v, fmt.Sprintf("報告 %s: %s", v.ID, p.reportState(v)), fmt.Sprintf("report %s: %s", v.ID, p.reportState(v)))
}
