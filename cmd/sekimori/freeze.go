package main

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"sekimori/broker/web"
)

func (p *program) freezeCommand() *cli.Command {
	return p.group("freeze", "緊急凍結", "incident stop",
		p.leaf("on", "", "凍結する(範囲の接続は直ちに切れます)", "freeze (live sessions in scope are cut at once)", p.freezeOn, p.reasonFlag(),
			&cli.StringFlag{Name: "vendor", Usage: p.say("この保守事業者", "this vendor")},
			&cli.StringFlag{Name: "system", Usage: p.say("この対象システム", "this system")},
			&cli.BoolFlag{Name: "all", Usage: p.say("すべて", "everything")}),
		p.leaf("lift", "ID", "解除に同意する(二人目で解ける。パスワードと認証コードを尋ねます)", "agree to lift (two people; asks for password and code)", func(c *cli.Context) error {
			reason, err := p.need(c, "reason")
			if err != nil {
				return err
			}
			fresh, err := p.fresh(c)
			if err != nil {
				return err
			}
			v, err := act[web.Freeze](p, c, "/v1/freezes/"+part(c.Args().First())+"/lift", web.LiftBody{Reason: reason, Fresh: fresh})
			if err != nil {
				return err
			}
			return p.done(v, fmt.Sprintf("凍結 %s: %s", v.ID, p.freezeState(v.State)), fmt.Sprintf("freeze %s: %s", v.ID, v.State))
		}, p.reasonFlag(), p.authFlag()),
		p.leaf("status", "", "凍結の状態", "what is frozen", func(c *cli.Context) error {
			v, err := fetch[[]web.Freeze](p, c, "/v1/freezes", nil)
			if err != nil {
				return err
			}
			return list(p, v, "凍結はありません。", "Nothing is frozen.", []column[web.Freeze]{
				{"番号", "INCIDENT", func(v web.Freeze) string { return v.ID }},
				{"状態", "STATE", func(v web.Freeze) string { return p.freezeState(v.State) }},
				{"範囲", "SCOPE", func(v web.Freeze) string { return v.Scope + " " + v.Subject }},
				{"凍結した人", "BY", func(v web.Freeze) string { return v.By }},
				{"日時", "SINCE", func(v web.Freeze) string { return stamp(v.Since) }},
				{"理由", "REASON", func(v web.Freeze) string { return v.Reason }},
			})
		}),
	)
}

func (p *program) freezeState(s string) string {
	if p.lang != "ja" {
		return s
	}
	ja, ok := map[string]string{"frozen": "凍結中", "lift-one": "解除同意 1/2", "lifted": "解除済み"}[s]
	if !ok {
		return s
	}
	return ja
}

func (p *program) freezeOn(c *cli.Context) error {
	body := web.FreezeBody{Reason: c.String("reason")}
	named := 0
	if c.Bool("all") {
		named++
		body.Scope = "all"
	}
	for _, scope := range []string{"vendor", "system"} {
		if v := c.String(scope); v != "" {
			named++
			body.Scope, body.Subject = scope, v
		}
	}
	if named != 1 {
		return &usageError{ja: "--vendor、--system、--all のどれか一つが要ります", en: "exactly one of --vendor, --system and --all is required"}
	}
	if body.Reason == "" {
		if _, err := p.need(c, "reason"); err != nil {
			return err
		}
	}
	v, err := act[web.Freeze](p, c, "/v1/freezes", body)
	if err != nil {
		return err
	}
	return p.done(v, fmt.Sprintf("凍結しました: %s", v.ID), fmt.Sprintf("frozen: %s", v.ID))
}
