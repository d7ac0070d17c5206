package main

import (
	"strconv"

	"github.com/urfave/cli/v2"

	"sekimori/broker/api"
	"sekimori/broker/figures"
)

// figureNames are what the figures of the yearly report are called.
func (p *program) figureName(f figures.Figure) string {
	for _, k := range figures.Keys {
		if k.Table == f.Table && k.Key == f.Key {
			return p.say(k.JA, k.EN)
		}
	}
	return f.Key
}

func (p *program) figureFields() []column[figures.Figure] {
	return []column[figures.Figure]{
		{"表", "TABLE", func(f figures.Figure) string { return f.Table }},
		{"符号", "KEY", func(f figures.Figure) string { return f.Key }},
		{"項目", "FIGURE", p.figureName},
		{"内訳", "PART", func(f figures.Figure) string { return f.Part }},
		{"値", "VALUE", func(f figures.Figure) string { return strconv.FormatInt(f.Value, 10) }},
	}
}

func (p *program) annualCommand() *cli.Command {
	return p.group("annual", "年次報告", "the yearly report",
		p.leaf("show", "FY", "年度の数値を見る(例 R8)", "show the figures of a fiscal year, as R8", func(c *cli.Context) error {
			v, err := fetch(p, c, api.Years.Of(c.Args().First()), nil)
			if err != nil {
				return err
			}
			if p.json {
				return p.writeJSON(v)
			}
			return list(p, api.List[figures.Figure]{Items: v.Figures, Total: len(v.Figures)}, "数値はありません。", "No figures.", p.figureFields())
		}),
		p.leaf("export", "FY", "年次報告を書き出す(点検担当だけ)。json は sekimori-verify --report で数え直せます", "export the report (auditors only); sekimori-verify --report counts json again", func(c *cli.Context) error {
			return p.exportForm(c, "annual", c.Args().First())
		}, p.formFlags("pdf")...),
	)
}
