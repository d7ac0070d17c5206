package main

import (
	"fmt"
	"strconv"

	"github.com/urfave/cli/v2"

	"sekimori/broker/api"
	"sekimori/broker/figures"
)

// keyOf is the row of a figure.
func keyOf(f figures.Figure) figures.Key {
	for _, k := range figures.Keys {
		if k.Table == f.Table && k.Key == f.Key {
			return k
		}
	}
	return figures.Key{JA: f.Key, EN: f.Key}
}

// figureName is the name of a figure of the yearly report, for people.
func (p *program) figureName(f figures.Figure) string {
	k := keyOf(f)
	return p.say(k.JA, k.EN)
}

func (p *program) figureFields() []column[figures.Figure] {
	return []column[figures.Figure]{
		{"表", "TABLE", func(f figures.Figure) string { return f.Table }},
		{"符号", "KEY", func(f figures.Figure) string { return f.Key }},
		{"項目", "FIGURE", p.figureName},
		{"内訳", "PART", func(f figures.Figure) string { return f.Part }},
		{"値", "VALUE", func(f figures.Figure) string {
			if k := keyOf(f); f.Value < 0 {
				return p.say(k.None.JA, k.None.EN)
			}
			return strconv.FormatInt(f.Value, 10)
		}},
	}
}

// listedFigures are the figures of a report in their order. One that the report lacks has a value below 0, which says that there was nothing to count
// from.
func listedFigures(all []figures.Figure) (out []figures.Figure) {
	for _, k := range figures.Keys {
		none := k.None.JA != ""
		for _, f := range all {
			if f.Table == k.Table && f.Key == k.Key {
				out, none = append(out, f), false
			}
		}
		if none {
			out = append(out, figures.Figure{Table: k.Table, Key: k.Key, Value: -1})
		}
	}
	return out
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
			all := listedFigures(v.Figures)
			if err := list(p, api.List[figures.Figure]{Items: all, Total: len(all)}, "数値はありません。", "No figures.", p.figureFields()); err != nil {
				return err
			}
			return p.yearWords(v)
		}),
		p.leaf("export", "FY", "年次報告を書き出す(点検担当だけ)。json は sekimori-verify --report で数え直せます", "export the report (auditors only); sekimori-verify --report counts json again", func(c *cli.Context) error {
			return p.exportForm(c, "annual", c.Args().First())
		}, p.formFlags("annual")...),
		actLeaf(p, "annual finalise", p.yearDone), actLeaf(p, "annual withdraw", p.yearDone), actLeaf(p, "annual correct", p.yearDone),
		actLeaf(p, "annual opinion", p.yearDone), actLeaf(p, "annual respond", p.yearDone),
	)
}

// yearDone says how a yearly report stands after an act.
func (p *program) yearDone(v api.Year) error {
	return p.done(v, fmt.Sprintf("年次報告 %s: %s。検証値 %s、正誤 %d件、審議会の意見 %d件", v.Year, word(p, v.State), v.Digest, len(v.Errata), len(v.Opinions)),
		fmt.Sprintf("yearly report %s: %s; digest %s, %d corrections, %d opinions of the council", v.Year, word(p, v.State), v.Digest, len(v.Errata), len(v.Opinions)))
}

// yearWords prints what a yearly report has beside its figures.
func (p *program) yearWords(v api.Year) error {
	for _, e := range v.Errata {
		if _, err := fmt.Fprintln(p.out, plain(p.say(fmt.Sprintf("正誤 %d: %s 誤「%s」正「%s」理由: %s", e.No, e.Place, e.Wrong, e.Correct, e.Reason),
			fmt.Sprintf("correction %d: %s: %q should be %q, because %s", e.No, e.Place, e.Wrong, e.Correct, e.Reason)))); err != nil {
			return err
		}
	}
	for _, o := range v.Opinions {
		if _, err := fmt.Fprintln(p.out, plain(p.say(fmt.Sprintf("審議会の意見 %d(%s): %s", o.No, o.SaidOn, o.Opinion), fmt.Sprintf("opinion %d (%s): %s", o.No, o.SaidOn, o.Opinion)))); err != nil {
			return err
		}
		for _, r := range o.Responses {
			if _, err := fmt.Fprintln(p.out, plain(p.say("  対応: "+r.Response, "  response: "+r.Response))); err != nil {
				return err
			}
		}
	}
	return p.yearDone(v)
}
