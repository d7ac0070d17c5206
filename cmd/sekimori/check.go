package main

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"sekimori/broker"
	"sekimori/broker/api"
	"sekimori/policy"
)

func (p *program) checkCommand() *cli.Command {
	return p.leaf("check", "", "設定、権限、鍵、台帳、空きを確かめる", "check configuration, modes, keys, ledger, space", func(c *cli.Context) error {
		if c.Bool("conformance") {
			return p.conformance(c)
		}
		cfg, err := p.config(c)
		if err != nil {
			return err
		}
		findings := cfg.Check(p.now)
		wrong := 0
		for _, f := range findings {
			if f.Level == broker.LevelError {
				wrong++
			}
		}
		if err := listWhole(p, findings, "", "", []column[broker.Finding]{
			{"結果", "RESULT", func(f broker.Finding) string {
				return map[broker.Level]string{broker.LevelOK: p.say("適合", "ok"), broker.LevelWarning: p.say("注意", "warning"), broker.LevelError: p.say("不適合", "error")}[f.Level]
			}},
			{"項目", "ITEM", func(f broker.Finding) string { return f.Item }},
			{"内容", "FINDING", func(f broker.Finding) string { return p.say(f.JA, f.EN) }},
		}); err != nil {
			return err
		}
		if wrong > 0 {
			return &failure{
				ja: fmt.Sprintf("不適合が %d 件あります", wrong), en: fmt.Sprintf("%d findings are errors", wrong),
				hintJA: "上の不適合を直してから serve を始めます", hintEN: "put them right before `sekimori serve`",
			}
		}
		return nil
	}, &cli.BoolFlag{Name: "conformance", Usage: p.say("動いている関守の設定を、規程やガイドラインの条と比べる", "compare the running broker's configuration with clauses of standards and guidelines")})
}

// conformance lists the clauses, and below them what needs attention and where.
func (p *program) conformance(c *cli.Context) error {
	k, err := p.connect(c, true)
	if err != nil {
		return err
	}
	found, err := api.Get(c.Context, k, api.ConformancePath, nil)
	if err != nil {
		return err
	}
	err = listWhole(p, found.Clauses, "", "", []column[api.Clause]{
		{"基準", "STANDARD", func(v api.Clause) string { return v.Standard }},
		{"条", "CLAUSE", func(v api.Clause) string { return p.say(v.NumberJA, v.NumberEN) }},
		{"結果", "RESULT", func(v api.Clause) string { return policy.ItemState(v.State).Label().In(p.lang) }},
		{"注意するところ", "ATTENTION", func(v api.Clause) string { return p.cautions(v) }},
	})
	if err != nil || p.json {
		return err
	}
	_, err = fmt.Fprintln(p.out, p.say("条の主題、関守がすること、証拠、機関に残ることは /settings/conformance か --json にあります。適合は設定の状態で、認証ではありません。",
		"What each clause is about, what Sekimori does, the evidence, and what stays with the institution: /settings/conformance or --json. Met says how settings stand; it is no certificate."))
	return err
}

// cautions says where a clause's checks are not met.
func (p *program) cautions(v api.Clause) string {
	var all []string
	for _, one := range v.Checks {
		if detail := p.say(one.DetailJA, one.DetailEN); detail != "" {
			all = append(all, p.say(one.QuestionJA, one.QuestionEN)+": "+detail)
		}
	}
	return strings.Join(all, p.say("。", "; "))
}

// config reads the configuration that --config or the environment names.
func (p *program) config(c *cli.Context) (broker.Config, error) {
	file := common(c, "config")
	if file == "" {
		file = p.getenv("SEKIMORI_CONFIG")
	}
	if file == "" {
		file = "sekimori.yaml"
	}
	return broker.LoadConfig(file)
}
