package main

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"sekimori/broker/web"
)

func (p *program) reviewFields() []column[web.Review] {
	return []column[web.Review]{
		{"接続番号", "SESSION", func(v web.Review) string { return v.Session }},
		{"状態", "STATE", func(v web.Review) string { return p.reviewState(v.State) }},
		{"期限", "DUE", func(v web.Review) string { return stamp(v.Due) }},
		{"点検担当", "AUDITOR", func(v web.Review) string { return v.Auditor }},
		{"署名した人", "SIGNED BY", func(v web.Review) string { return v.SignedBy }},
		{"署名日時", "SIGNED AT", func(v web.Review) string { return stamp(v.SignedAt) }},
		{"判定の理由", "GROUNDS", func(v web.Review) string { return v.Note }},
	}
}

func (p *program) reviewState(s string) string {
	if p.lang != "ja" {
		return s
	}
	ja, ok := map[string]string{"queued": "点検待ち", "overdue": "期限超過", "ok": "適正", "question": "要確認", "fix": "是正要"}[s]
	if !ok {
		return s
	}
	return ja
}

func (p *program) reviewCommand() *cli.Command {
	return p.group("review", "点検", "reviews",
		p.leaf("list", "", "一覧", "list", func(c *cli.Context) error {
			v, err := fetch[[]web.Review](p, c, "/v1/reviews", nil)
			if err != nil {
				return err
			}
			return list(p, v, "点検待ちはありません。", "Nothing to review.", p.reviewFields()[:5])
		}),
		p.leaf("show", "ID", "一つを見る", "show one", func(c *cli.Context) error {
			v, err := fetch[web.Review](p, c, "/v1/reviews/"+part(c.Args().First()), nil)
			if err != nil {
				return err
			}
			return page(p, v, p.reviewFields())
		}),
		p.leaf("sign", "ID", "判定して署名する", "judge and sign", func(c *cli.Context) error {
			verdict, err := p.need(c, "verdict")
			if err != nil {
				return err
			}
			switch verdict {
			case "ok", "question", "fix":
			default:
				return &usageError{ja: fmt.Sprintf("知らない判定 %q", verdict), en: fmt.Sprintf("unknown verdict %q", verdict), hintJA: "ok、question、fix のどれかです", hintEN: "one of ok, question, fix"}
			}
			v, err := act[web.Review](p, c, "/v1/reviews/"+part(c.Args().First())+"/sign", web.SignBody{Verdict: verdict, Note: c.String("note")})
			if err != nil {
				return err
			}
			return p.done(v, fmt.Sprintf("点検 %s: %s", v.Session, p.reviewState(v.State)), fmt.Sprintf("review %s: %s", v.Session, v.State))
		},
			&cli.StringFlag{Name: "verdict", Usage: "ok|question|fix"},
			&cli.StringFlag{Name: "note", Usage: p.say("判定の理由", "grounds of the verdict")}),
	)
}
