package main

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"sekimori/broker/api"
	"sekimori/policy"
)

func (p *program) formFields() []column[api.Form] {
	return []column[api.Form]{
		{"符号", "FORM", func(f api.Form) string { return f.Form }},
		{"様式", "NAME", func(f api.Form) string { return p.say(f.NameJA, f.NameEN) }},
		{"対象", "OF", func(f api.Form) string {
			if f.OfMonth {
				return p.say("月(--month)", "a month (--month)")
			}
			return p.say(f.OfJA, f.OfEN)
		}},
	}
}

func (p *program) formCommand() *cli.Command {
	return p.group("form", "様式(申請書・台帳・報告書)", "the institution's forms",
		p.listLeaf("list", "", "一覧", "list", func(c *cli.Context) error {
			v, err := fetchList(p, c, api.Forms.All(), nil)
			if err != nil {
				return err
			}
			return list(p, v, "様式はありません。", "No forms.", p.formFields())
		}),
		p.leaf("print", "FORM [ID]", "読める様式をPDFにする", "print a form that you may read, as PDF", func(c *cli.Context) error {
			q := p.formAsked(c, c.Args().Get(1))
			q.Set("print", "true")
			return p.download(c, api.FormFile(c.Args().First()), q)
		}, p.monthFlag(), p.outputFlag(), p.forceFlag()),
		p.leaf("blank", "FORM", "手書き用の様式をPDFにする", "print a form for handwriting, as PDF", func(c *cli.Context) error {
			return p.download(c, api.FormFile(c.Args().First()), url.Values{"blank": {"true"}, "lang": {p.lang}})
		}, p.outputFlag(), p.forceFlag()),
		p.listLeaf("entries", "", "後日入力の一覧", "list work that was entered afterwards from paper", func(c *cli.Context) error {
			v, err := fetchList(p, c, api.LateEntries.All(), nil)
			if err != nil {
				return err
			}
			return list(p, v, "後日入力はまだありません。", "Nothing was entered afterwards yet.", p.lateFields()[:7])
		}),
		p.leaf("entry", "ID", "後日入力の一つを見る", "show one late entry", func(c *cli.Context) error {
			v, err := fetch(p, c, api.LateEntries.Of(c.Args().First()), nil)
			if err != nil {
				return err
			}
			return page(p, v, p.lateFields())
		}),
		actLeaf(p, "form enter", p.lateDone),
		actLeaf(p, "form countersign", p.lateDone),
		actLeaf(p, "form reject", p.lateDone),
		p.leaf("export", "FORM [ID]", "様式を書き出す(点検担当だけ)", "export a form (auditors only)", func(c *cli.Context) error {
			return p.exportForm(c, c.Args().First(), c.Args().Get(1))
		}, append(p.formFlags(anyForm), p.monthFlag())...),
	)
}

func (p *program) monthFlag() cli.Flag {
	return &cli.StringFlag{Name: "month", Usage: p.say("月(例 2026-11)。なければ全期間", "the month, as 2026-11; without it all time")}
}

// anyForm stands for the forms that have the ordinary formats alone.
const anyForm = ""

// formats are the formats of a form's export; the first is the default.
func formats(form string) []string {
	switch form {
	case "ledger":
		return []string{"jsonl", "pdf", "xlsx", "csv"}
	case "annual":
		return []string{"pdf", "xlsx", "csv", "json"}
	}
	return []string{"pdf", "xlsx", "csv"}
}

// formFlags are the options of a form's export.
func (p *program) formFlags(form string) []cli.Flag {
	usage := strings.Join(formats(form), ", ")
	if form == "ledger" {
		usage = p.say("jsonl(すべての記載)、pdf・xlsx・csv(接続台帳)", "jsonl (all entries); pdf, xlsx, csv (the table of connections)")
	}
	return []cli.Flag{p.purposeFlag(policy.ActPlay), p.explanationFlag(), p.outputFlag(), p.forceFlag(),
		&cli.StringFlag{Name: "format", Value: formats(form)[0], Usage: usage},
		&cli.StringFlag{Name: "header", Value: "words", Usage: p.say("見出し: words(言葉)か keys(変わらない符号)", "heads of columns: words, or stable keys")},
		&cli.StringFlag{Name: "encoding", Value: "utf8", Usage: p.say("CSVの文字コード: utf8 か cp932", "encoding of CSV: utf8 or cp932")},
		&cli.BoolFlag{Name: "replace", Usage: p.say("CP932にない文字を〓に置き換えてよい", "characters that CP932 lacks may become 〓")},
	}
}

// formAsked names the form of a thing or a month.
func (p *program) formAsked(c *cli.Context, id string) url.Values {
	q := url.Values{"lang": {p.lang}}
	if id != "" {
		q.Set("id", id)
	}
	if month := c.String("month"); month != "" {
		q.Set("month", month)
	}
	return q
}

// exportForm downloads a form as an auditor.
func (p *program) exportForm(c *cli.Context, form, id string) error {
	if known := formats(form); !slices.Contains(known, c.String("format")) {
		return &usageError{ja: fmt.Sprintf("知らない形式 %q", c.String("format")), en: fmt.Sprintf("unknown format %q", c.String("format")),
			hintJA: strings.Join(known, "、") + " のどれかです", hintEN: "one of " + strings.Join(known, ", ")}
	}
	q := p.formAsked(c, id)
	for name, value := range look(c) {
		q[name] = value
	}
	for _, name := range []string{"format", "header", "encoding"} {
		q.Set(name, c.String(name))
	}
	if c.Bool("replace") {
		q.Set("replace", "true")
	}
	return p.download(c, api.FormFile(form), q)
}
