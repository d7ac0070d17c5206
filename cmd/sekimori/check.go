package main

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"sekimori/broker"
)

func (p *program) checkCommand() *cli.Command {
	return p.leaf("check", "", "設定、権限、鍵、台帳、空きを確かめる", "check configuration, modes, keys, ledger, space", func(c *cli.Context) error {
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
	})
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
