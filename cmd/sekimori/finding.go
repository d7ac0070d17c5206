package main

import (
	"strings"

	"github.com/urfave/cli/v2"

	"sekimori/broker/api"
)

func (p *program) findingFields() []column[api.ReviewFinding] {
	return []column[api.ReviewFinding]{
		{"指摘番号", "FINDING", func(v api.ReviewFinding) string { return v.No }},
		{"状態", "STATE", func(v api.ReviewFinding) string { return word(p, v.State) }},
		{"期限", "DUE", func(v api.ReviewFinding) string { return stamp(v.Due) }},
		{"相手", "ADDRESSEE", func(v api.ReviewFinding) string { return v.Addressee }},
		{"対象システム", "SYSTEM", func(v api.ReviewFinding) string { return v.System }},
		{"内容", "TEXT", func(v api.ReviewFinding) string { return v.Finding }},
	}
}

// findingPage are the further fields of a single finding.
func (p *program) findingPage() []column[api.ReviewFinding] {
	return append(p.findingFields(), []column[api.ReviewFinding]{
		{"点検番号", "REVIEW", func(v api.ReviewFinding) string { return v.Review }},
		{"指摘した人", "OPENED BY", func(v api.ReviewFinding) string { return p.named(v.OpenedBy) }},
		{"指摘日時", "OPENED AT", func(v api.ReviewFinding) string { return stamp(v.OpenedAt) }},
		{"是正", "CORRECTIONS", func(v api.ReviewFinding) string {
			said := make([]string, 0, len(v.Answers))
			for _, a := range v.Answers {
				said = append(said, p.named(a.By)+" "+stamp(a.At)+": "+a.Correction)
			}
			return strings.Join(said, "; ")
		}},
		{"確認者", "VERIFIED BY", func(v api.ReviewFinding) string { return p.named(v.VerifiedBy) }},
		{"確認した内容", "VERIFIED", func(v api.ReviewFinding) string { return v.Verified }},
		{"完了日時", "CLOSED AT", func(v api.ReviewFinding) string { return stamp(v.ClosedAt) }},
	}...)
}

func (p *program) findingDone(v api.ReviewFinding) error {
	return p.done(v, "指摘 "+v.No+": "+word(p, v.State), "finding "+v.No+": "+string(v.State))
}

func (p *program) findingCommand() *cli.Command {
	return p.group("finding", "点検の指摘事項", "findings of reviews",
		p.listLeaf("list", "", "一覧(見てよいものと、あなたが答えるもの)", "list: those you may see, and those you answer", func(c *cli.Context) error {
			v, err := fetchList(p, c, api.Findings.All(), nil)
			if err != nil {
				return err
			}
			return list(p, v, "指摘事項はありません。", "There are no findings.", p.findingFields())
		}),
		p.leaf("show", "FINDING", "一つを見る", "show one", func(c *cli.Context) error {
			v, err := fetch(p, c, api.Findings.Of(c.Args().First()), nil)
			if err != nil {
				return err
			}
			return page(p, v, p.findingPage())
		}),
		actLeaf(p, "finding answer", p.findingDone),
		actLeaf(p, "finding close", p.findingDone),
	)
}
