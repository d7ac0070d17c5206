package main

import (
	"cmp"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"sekimori/broker/api"
	"sekimori/broker/ledger"
)

func (p *program) entryFields() []column[api.Entry] {
	return []column[api.Entry]{
		{"番号", "NO", func(v api.Entry) string { return strconv.FormatInt(v.No, 10) }},
		{"日時", "TIME", func(v api.Entry) string { return v.Time.Format("2006-01-02 15:04:05") }},
		{"記載", "KIND", func(v api.Entry) string { return p.entryKind(v.Kind) }},
		{"だれが", "ACTOR", func(v api.Entry) string {
			if v.Actor.Kind == "broker" {
				return p.say("関守", "broker")
			}
			return p.named(v.Actor.ID)
		}},
		{"対象", "SUBJECTS", func(v api.Entry) string {
			if v.Withheld {
				return api.SaidWithheld.In(p.lang)
			}
			return strings.Join(v.Subjects, " ")
		}},
		{"記載の符号", "", func(v api.Entry) string { return p.say(v.Kind, "") }},
		{"代わりに", "ON BEHALF", func(v api.Entry) string { return p.named(v.OnBehalf) }},
		{"経路", "VIA", func(v api.Entry) string { return word(p, api.Via(v.Actor.Via)) }},
		{"時計", "CLOCK", func(v api.Entry) string { return long(v.Clock) }},
		{"内容", "PAYLOAD", func(v api.Entry) string {
			if v.Disposed {
				return api.SaidDisposed.In(p.lang)
			}
			return string(v.Payload)
		}},
		{"検証値", "HASH", func(v api.Entry) string { return v.Hash }},
		{"訂正", "CORRECTION", func(v api.Entry) string { return p.corrections(v) }},
	}
}

// corrections names the entries that correct this one, and the one that it corrects.
func (p *program) corrections(v api.Entry) string {
	var said []string
	if v.Corrects != nil {
		said = append(said, p.say(fmt.Sprintf("%d を訂正", *v.Corrects), fmt.Sprintf("corrects %d", *v.Corrects)))
	}
	for _, no := range v.CorrectedBy {
		said = append(said, p.say(fmt.Sprintf("訂正 → %d", no), fmt.Sprintf("correction → %d", no)))
	}
	return strings.Join(said, "; ")
}

// entryKind is a kind of entry in a list: what it is called in Japanese, and the kind itself in English.
func (p *program) entryKind(kind string) string { return p.say(ledger.KindJA(kind), kind) }

func (p *program) ledgerCommand() *cli.Command {
	return p.group("ledger", "接続台帳", "ledger",
		p.listLeaf("list", "", "一覧(新しいものから)", "list, newest first", func(c *cli.Context) error {
			q := url.Values{"limit": {strconv.Itoa(c.Int("limit"))}}
			if n := c.Int64("before"); n >= 0 {
				q.Set("before", strconv.FormatInt(n, 10))
			}
			v, err := fetchList(p, c, api.LedgerPath, q)
			if err != nil {
				return err
			}
			return list(p, v, "台帳は空です。最初の接続から記録されます。", "Empty until the first connection.", p.entryFields()[:5])
		},
			&cli.IntFlag{Name: "limit", Value: 100, Usage: p.say("件数", "how many")},
			&cli.Int64Flag{Name: "before", Value: -1, Usage: p.say("この番号より前", "only before this number")}),
		p.leaf("show", "NO", "一つを見る", "show one", func(c *cli.Context) error {
			v, err := fetch(p, c, api.LedgerEntries.Of(c.Args().First()), nil)
			if err != nil {
				return err
			}
			return page(p, v, p.entryFields())
		}),
		actLeaf(p, "ledger correct", func(v api.Entry) error {
			if len(v.CorrectedBy) == 0 {
				return p.done(v, "訂正を追記しました", "correction appended")
			}
			last := v.CorrectedBy[len(v.CorrectedBy)-1]
			return p.done(v, fmt.Sprintf("%d を訂正しました(訂正 → %d)", v.No, last), fmt.Sprintf("entry %d corrected (correction → %d)", v.No, last))
		}),
		p.leaf("export", "", "書き出す(点検担当だけ)", "export (auditors only)", func(c *cli.Context) error {
			if c.String("format") != "jsonl" {
				return p.exportForm(c, "ledger", "")
			}
			return p.download(c, api.LedgerExportPath, look(c))
		}, append(p.formFlags("ledger"), p.monthFlag())...),
		p.leaf("verify", "", "台帳全体を検証する", "verify the whole ledger", p.verifyLedger),
		p.siemCommand(),
		p.leaf("checkpoint", "", "最新の確定点", "the newest checkpoint", func(c *cli.Context) error {
			return p.checkpoint(c)
		}, &cli.BoolFlag{Name: "print", Usage: p.say("紙に控える形(8文字の8組と QR)で", "for paper: 8 groups of 8 characters, and a QR code")}),
		p.leaf("policy", "", "検証の方針(公開鍵と立会署名者)を示す", "the trust policy for verifiers: keys and witnesses", func(c *cli.Context) error {
			v, err := fetch(p, c, api.PolicyPath, nil)
			if err != nil {
				return err
			}
			if p.json {
				return p.writeJSON(v)
			}
			_, err = fmt.Fprint(p.out, v.Policy)
			return err
		}),
		p.witnessCommand(),
	)
}

func (p *program) verifyLedger(c *cli.Context) error {
	v, err := fetch(p, c, api.LedgerVerifyPath, nil)
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
