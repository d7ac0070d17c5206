package main

import (
	"github.com/urfave/cli/v2"

	"sekimori/broker/api"
)

func (p *program) siemCommand() *cli.Command {
	return p.group("siem", "ログ基盤(SIEM)への送信", "sending to the collector of logs (SIEM)",
		p.leaf("status", "", "どこまで送ったか", "how far the ledger went out", func(c *cli.Context) error {
			v, err := fetch(p, c, api.SIEMPath, nil)
			if err != nil {
				return err
			}
			return p.done(v, v.Say().JA, v.Say().EN)
		}),
		p.leaf("test", "", "試験の一通を送り、受け取りの確認を待つ", "send a test message and wait for the confirmation", p.testSIEM),
	)
}

func (p *program) testSIEM(c *cli.Context) error {
	v, err := act(p, c, api.SIEMPath, struct{}{})
	switch {
	case err != nil:
		return err
	case !v.Tested:
		return &failure{ja: "ログ基盤が設定されていません", en: "no collector of logs is configured", hintJA: "設定 ledger.siem_address に host:port を書きます", hintEN: "set ledger.siem_address to host:port"}
	case v.TestError != "":
		return &failure{ja: "ログ基盤が確認しません: " + v.TestError, en: "the collector does not confirm: " + v.TestError, hintJA: "設定 ledger の siem_ で始まる行と、ログ基盤の記録を確かめます", hintEN: "check the siem_ lines of ledger in the configuration, and the collector's own log"}
	}
	return p.done(v, v.Address+" が試験の一通を確認しました", v.Address+" confirmed the test message")
}
