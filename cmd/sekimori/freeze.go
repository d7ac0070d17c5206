package main

import (
	"fmt"
	"strconv"

	"github.com/urfave/cli/v2"

	"sekimori/broker/api"
	"sekimori/policy"
)

func (p *program) freezeCommand() *cli.Command {
	return p.group("freeze", "緊急凍結", "incident stop",
		p.leaf("on", "", "凍結する(範囲の接続は直ちに切れます)", "freeze (live sessions in scope are cut at once)", p.freezeOn, p.reasonFlag(),
			&cli.StringFlag{Name: "vendor", Usage: p.say("この保守事業者", "this vendor")},
			&cli.StringFlag{Name: "system", Usage: p.say("この対象システム", "this system")},
			&cli.BoolFlag{Name: "all", Usage: p.say("すべて", "everything")},
			&cli.BoolFlag{Name: "drill", Usage: p.say("訓練(もう一人が同意すると、訓練の時間枠だけを止める)", "a drill: begins when another person agrees, stops windows that are drills only")}),
		p.leaf("agree", "ID", "訓練の開始に同意する(パスワードと認証コードを尋ねます)", "agree to a drill (asks for password and code)", func(c *cli.Context) error {
			v, err := actProved(p, c, api.Freezes.Act(c.Args().First(), "agree"), func(f api.Fresh) any { return api.DrillBody{Fresh: f} })
			if err != nil {
				return err
			}
			return p.frozen(v)
		}, p.authFlag()),
		p.leaf("note", "ID", "凍結の理由を書き足す", "add the reason of a freeze", func(c *cli.Context) error {
			reason, err := p.reason(c)
			if err != nil {
				return err
			}
			v, err := act(p, c, api.Freezes.Act(c.Args().First(), "note"), api.ReasonBody{Reason: reason})
			if err != nil {
				return err
			}
			return p.done(v, "書き足しました: "+v.ID, "noted: "+v.ID)
		}, p.reasonFlag()),
		p.leaf("lift", "ID", "解除に同意する(二人目で解ける。パスワードと認証コードを尋ねます)", "agree to lift (two people; asks for password and code)", func(c *cli.Context) error {
			reason, err := p.reason(c)
			if err != nil {
				return err
			}
			v, err := actProved(p, c, api.Freezes.Act(c.Args().First(), "lift"), func(f api.Fresh) any { return api.LiftBody{Reason: reason, Fresh: f} })
			if err != nil {
				return err
			}
			return p.done(v, fmt.Sprintf("%s凍結 %s: %s", p.drill(v.Drill), v.ID, word(p, api.FreezeState(v.State))), fmt.Sprintf("%sfreeze %s: %s", p.drill(v.Drill), v.ID, v.State))
		}, p.reasonFlag(), p.authFlag()),
		p.listLeaf("status", "", "凍結の状態", "what is frozen", func(c *cli.Context) error {
			v, err := fetchList(p, c, api.Freezes.All(), nil)
			if err != nil {
				return err
			}
			return list(p, v, "凍結はありません。", "Nothing is frozen.", []column[api.Freeze]{
				{"番号", "INCIDENT", func(v api.Freeze) string { return v.ID }},
				{"状態", "STATE", func(v api.Freeze) string { return p.drill(v.Drill) + word(p, api.FreezeState(v.State)) }},
				{"範囲", "SCOPE", p.freezeScope},
				{"凍結した人", "BY", func(v api.Freeze) string { return p.named(v.By) }},
				{"日時", "SINCE", func(v api.Freeze) string { return stamp(v.Since) }},
				{"保全", "HELD", func(v api.Freeze) string { return strconv.Itoa(v.Held) }},
				{"理由", "REASON", func(v api.Freeze) string { return v.Reason }},
			})
		}),
	)
}

// freezeScope is what a freeze covers; in Japanese the id stands first, so that a list that shortens keeps it.
func (p *program) freezeScope(v api.Freeze) string {
	scope := policy.FreezeScope(v.Scope).Label().JA
	if v.Subject != "" {
		scope = v.Subject + "(" + scope + ")"
	}
	on := ""
	if v.System != "" {
		scope, on = v.Subject+"("+v.System+" の上だけ)", " on "+v.System
	}
	return p.say(scope, v.Scope+" "+v.Subject+on)
}

func (p *program) freezeOn(c *cli.Context) error {
	body := api.FreezeBody{Reason: c.String("reason"), Drill: c.Bool("drill")}
	named := 0
	if c.Bool("all") {
		named++
		body.Scope = "all"
	}
	for _, scope := range []string{"system", "vendor"} {
		if v := c.String(scope); v != "" {
			named++
			if body.System = body.Subject; scope == "system" {
				body.System = ""
			}
			body.Scope, body.Subject = scope, v
		}
	}
	if named != 1 && (c.Bool("all") || named != 2) {
		return &usageError{ja: "--vendor、--system、--all のどれかが要ります(--vendor と --system を並べると、その対象システムの上だけでその保守事業者を止めます)", en: "exactly one of --vendor, --system and --all is required, or --vendor with --system: the vendor on that system only"}
	}
	if body.Drill {
		if _, err := p.reason(c); err != nil {
			return err
		}
	}
	v, err := act(p, c, api.Freezes.New(), body)
	if err != nil {
		return err
	}
	if v.State == "drill-asked" {
		return p.done(v, fmt.Sprintf("訓練を申し出ました: %s(もう一人の同意で始まります: sekimori freeze agree %s)", v.ID, v.ID),
			fmt.Sprintf("DRILL asked for: %s (it begins when another person agrees: sekimori freeze agree %s)", v.ID, v.ID))
	}
	return p.frozen(v)
}

// frozen tells what a freeze did: what it cut, and the evidence it keeps.
func (p *program) frozen(v api.Freeze) error {
	err := p.done(v, fmt.Sprintf("%s凍結しました: %s  切断 %d件", p.drill(v.Drill), v.ID, v.Cut), fmt.Sprintf("%sfrozen: %s, sessions cut: %d", p.drill(v.Drill), v.ID, v.Cut))
	if err != nil || p.json {
		return err
	}
	if v.Held > 0 {
		fmt.Fprintln(p.out, p.say(fmt.Sprintf("証拠の保全: 操作記録 %d件の廃棄を停止しました", v.Held), fmt.Sprintf("Evidence kept: disposal of %d recording(s) is stopped", v.Held)))
	}
	if v.Reason == "" {
		fmt.Fprintln(p.out, plain(p.say(fmt.Sprintf("理由は後で書けます: sekimori freeze note %s --reason …", v.ID), fmt.Sprintf("The reason may follow: sekimori freeze note %s --reason …", v.ID))))
	}
	return nil
}

// drill marks what is a drill, in every list and answer.
func (p *program) drill(is bool) string {
	if !is {
		return ""
	}
	return p.say("訓練 ", "DRILL ")
}
