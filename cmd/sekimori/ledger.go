package main

import (
	"cmp"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"sekimori/broker/web"
)

func (p *program) entryFields() []column[web.Entry] {
	return []column[web.Entry]{
		{"番号", "NO", func(v web.Entry) string { return strconv.FormatInt(v.No, 10) }},
		{"日時", "TIME", func(v web.Entry) string { return v.Time.Format("2006-01-02 15:04:05") }},
		{"記載", "KIND", func(v web.Entry) string { return v.Kind }},
		{"だれが", "ACTOR", func(v web.Entry) string {
			if v.Actor.ID == "" {
				return v.Actor.Kind
			}
			return v.Actor.ID
		}},
		{"対象", "SUBJECTS", func(v web.Entry) string { return strings.Join(v.Subjects, " ") }},
		{"代わりに", "ON BEHALF", func(v web.Entry) string { return v.OnBehalf }},
		{"経路", "VIA", func(v web.Entry) string { return v.Actor.Via }},
		{"時計", "CLOCK", func(v web.Entry) string { return long(v.Clock) }},
		{"内容", "PAYLOAD", func(v web.Entry) string { return string(v.Payload) }},
		{"検証値", "HASH", func(v web.Entry) string { return v.Hash }},
	}
}

func (p *program) ledgerCommand() *cli.Command {
	return p.group("ledger", "接続台帳", "ledger",
		p.leaf("list", "", "一覧(新しいものから)", "list, newest first", func(c *cli.Context) error {
			q := url.Values{"limit": {strconv.Itoa(c.Int("limit"))}}
			if n := c.Int64("before"); n >= 0 {
				q.Set("before", strconv.FormatInt(n, 10))
			}
			v, err := fetch[[]web.Entry](p, c, "/v1/ledger", q)
			if err != nil {
				return err
			}
			return list(p, v, "台帳は空です。最初の接続から記録されます。", "Empty until the first connection.", p.entryFields()[:5])
		},
			&cli.IntFlag{Name: "limit", Value: 100, Usage: p.say("件数", "how many")},
			&cli.Int64Flag{Name: "before", Value: -1, Usage: p.say("この番号より前", "only before this number")}),
		p.leaf("show", "NO", "一つを見る", "show one", func(c *cli.Context) error {
			v, err := fetch[web.Entry](p, c, "/v1/ledger/entries/"+part(c.Args().First()), nil)
			if err != nil {
				return err
			}
			return page(p, v, p.entryFields())
		}),
		p.leaf("export", "", "書き出す(点検担当だけ)", "export (auditors only)", func(c *cli.Context) error {
			if f := c.String("format"); f != "jsonl" {
				return &usageError{ja: fmt.Sprintf("知らない形式 %q", f), en: fmt.Sprintf("unknown format %q", f), hintJA: "jsonl です", hintEN: "it is jsonl"}
			}
			return p.download(c, "/v1/ledger/export", look(c))
		}, p.purposeFlag(), p.explanationFlag(),
			&cli.StringFlag{Name: "format", Value: "jsonl", Usage: "jsonl"},
			&cli.StringFlag{Name: "o", Aliases: []string{"output"}, Usage: p.say("書き出すファイル(既定は標準出力)", "file to write (default standard output)")}),
		p.leaf("verify", "", "台帳全体を検証する", "verify the whole ledger", p.verifyLedger),
		p.leaf("checkpoint", "", "最新の確定点", "the newest checkpoint", func(c *cli.Context) error {
			v, err := fetch[web.CheckpointReply](p, c, "/v1/ledger/checkpoint", nil)
			if err != nil {
				return err
			}
			if p.json {
				return p.writeJSON(v)
			}
			_, err = fmt.Fprint(p.out, v.Checkpoint)
			return err
		}),
	)
}

func (p *program) verifyLedger(c *cli.Context) error {
	v, err := fetch[web.LedgerCheck](p, c, "/v1/ledger/verify", nil)
	if err != nil {
		return err
	}
	if p.json {
		if err := p.writeJSON(v); err != nil {
			return err
		}
	}
	if !v.OK {
		return &failure{
			ja: "台帳は検証に合いません: " + cmp.Or(v.PlaceJA, v.Place), en: "the ledger does not hold: " + v.Place,
			hintJA: "何も直さず、点検担当と情報システム課へ。外の確定点と突き合わせます", hintEN: "repair nothing; call the auditor and the information-systems section, and compare with the checkpoints outside",
		}
	}
	if p.json {
		return nil
	}
	return p.done(v, fmt.Sprintf("台帳は合っています: %d 件、根 %s", v.Entries, v.Root), fmt.Sprintf("the ledger holds: %d entries, root %s", v.Entries, v.Root))
}
