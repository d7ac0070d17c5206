package main

import (
	"fmt"
	"net/url"

	"github.com/urfave/cli/v2"

	"sekimori/broker/api"
	"sekimori/broker/store"
	"sekimori/policy"
)

func (p *program) extensionFields() []column[api.Extension] {
	return []column[api.Extension]{
		{"延長番号", "EXTENSION", func(v api.Extension) string { return v.ID }},
		{"状態", "STATE", func(v api.Extension) string { return word(p, store.ExtensionState(v.State)) }},
		{"時間枠", "WINDOW", func(v api.Extension) string { return v.Window }},
		{"長さ", "BY", func(v api.Extension) string { return p.span(v.By) }},
		{"いまの終了", "END", func(v api.Extension) string { return stamp(v.Ends) }},
		{"新しい終了", "NEW END", func(v api.Extension) string { return stamp(v.NewEnd) }},
		{"申請した人", "ASKED BY", func(v api.Extension) string { return p.named(v.AskedBy) }},
		{"理由", "REASON", func(v api.Extension) string { return v.Reason }},
		{"申請日時", "ASKED AT", func(v api.Extension) string { return stamp(v.AskedAt) }},
		{"判断した人", "DECIDED BY", func(v api.Extension) string { return p.named(v.DecidedBy) }},
		{"役割", "AS", func(v api.Extension) string { return word(p, policy.Role(v.Role)) }},
		{"代決", "ON BEHALF OF", func(v api.Extension) string { return p.named(v.OnBehalf) }},
		{"判断日時", "DECIDED AT", func(v api.Extension) string { return stamp(v.DecidedAt) }},
		{"答え", "ANSWER", func(v api.Extension) string { return v.Answer }},
	}
}

func (p *program) extensionCommand() *cli.Command {
	return p.group("extension", "延長", "extensions of a window",
		p.listLeaf("list", "", "一覧(新しい順)", "list, newest first", func(c *cli.Context) error {
			q := url.Values{}
			for _, name := range []string{"window", "request", "state"} {
				if v := c.String(name); v != "" {
					q.Set(name, v)
				}
			}
			v, err := fetchList(p, c, api.Extensions.All(), q)
			if err != nil {
				return err
			}
			return list(p, v, "延長の申請はありません。", "No extensions asked for.", p.extensionFields()[:8])
		},
			&cli.StringFlag{Name: "window", Usage: p.say("この時間枠のものだけ", "only those of this window")},
			&cli.StringFlag{Name: "request", Usage: p.say("この申請のものだけ", "only those of this request")},
			&cli.StringFlag{Name: "state", Usage: "asked|granted|denied|lapsed"}),
		p.leaf("show", "NO", "一つを見る", "show one", func(c *cli.Context) error {
			v, err := fetch(p, c, api.Extensions.Of(c.Args().First()), nil)
			if err != nil {
				return err
			}
			return page(p, v, p.extensionFields())
		}),
		p.leaf("ask", "WINDOW", "延長を申請する(答えがなければ終了は変わらない)", "ask for a window to end later (no answer means no)", func(c *cli.Context) error {
			by, err := p.need(c, "by")
			if err != nil {
				return err
			}
			reason, err := p.reasonAsked(c)
			if err != nil {
				return err
			}
			v, err := act(p, c, api.ExtendWindow(c.Args().First()), api.ExtendBody{By: by, Reason: reason})
			if err != nil {
				return err
			}
			return p.done(v, fmt.Sprintf("%s: %sの延長を申請しました。答えがなければ%sに終わります。", v.ID, p.span(v.By), stamp(v.Ends)),
				fmt.Sprintf("%s: asked for %s. No answer means that %s stands.", v.ID, p.span(v.By), stamp(v.Ends)))
		}, &cli.StringFlag{Name: "by", Usage: p.say("延ばす長さ。例 30m", "how much longer, such as 30m")}, p.reasonFlag()),
		p.leaf("grant", "NO", "延長する(任された枠を超えるとパスワードと認証コードを尋ねます)", "grant (beyond the delegated limit it asks for password and code)", p.extensionGrant, p.authFlag(), p.reasonFlag()),
		p.leaf("deny", "NO", "延長しない", "deny", func(c *cli.Context) error {
			reason, err := p.reasonAsked(c)
			if err != nil {
				return err
			}
			v, err := act(p, c, api.Extensions.Act(c.Args().First(), "deny"), api.AnswerBody{Reason: reason})
			if err != nil {
				return err
			}
			return p.extensionDone(v)
		}, p.reasonFlag()),
	)
}

// extensionGrant asks for password and code only when the broker says that they are needed: an attendant who extends within the
// delegated time is not interrupted.
func (p *program) extensionGrant(c *cli.Context) error {
	v, err := actAnew(p, c, api.Extensions.Act(c.Args().First(), "grant"), func(f api.Fresh) any { return api.AnswerBody{Reason: c.String("reason"), Fresh: f} })
	if err != nil {
		return err
	}
	return p.extensionDone(v)
}

func (p *program) extensionDone(v api.Extension) error {
	if v.NewEnd.IsZero() {
		return p.done(v, fmt.Sprintf("%s: 延長しません。終了は%sのままです。", v.ID, stamp(v.Ends)), fmt.Sprintf("%s: not extended; %s stands.", v.ID, stamp(v.Ends)))
	}
	return p.done(v, fmt.Sprintf("%s: 延長しました。終了 %s", v.ID, stamp(v.NewEnd)), fmt.Sprintf("%s: extended to %s", v.ID, stamp(v.NewEnd)))
}
