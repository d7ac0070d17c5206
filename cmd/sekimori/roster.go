package main

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"sekimori/broker/api"
	"sekimori/policy"
)

func (p *program) rosterFields() []column[api.Roster] {
	return []column[api.Roster]{
		{"保守事業者", "VENDOR", func(v api.Roster) string { return v.Vendor }},
		{"月次確認", "STATEMENT", func(v api.Roster) string {
			if !v.Asked {
				return p.say("この機関は求めていません", "not asked for by the institution")
			}
			return word(p, policy.RosterState(v.State))
		}},
		{"期限", "DUE", func(v api.Roster) string { return stamp(v.Due) }},
		{"新しい利用を止める日時", "STOPS NEW USE", func(v api.Roster) string { return stamp(v.Stops) }},
		{"前回の確認", "LAST", func(v api.Roster) string {
			if v.Last == nil {
				return ""
			}
			return stamp(v.Last.At) + " " + p.named(v.Last.By)
		}},
		{"退職・異動", "LEFT", func(v api.Roster) string {
			if v.Last == nil {
				return ""
			}
			return strings.Join(v.Last.Left, ", ")
		}},
		{"保守要員", "ENGINEERS", func(v api.Roster) string {
			var lines []string
			for _, e := range v.Engineers {
				lines = append(lines, e.ID+" "+e.Name)
			}
			return strings.Join(lines, "\n")
		}},
	}
}

func (p *program) rosterCommand() *cli.Command {
	return p.group("roster", "従事者の月次確認", "the vendors' monthly statements of who works for them",
		p.leaf("show", "VENDOR", "一つを見る", "show one", func(c *cli.Context) error {
			v, err := fetch(p, c, api.RosterOf(c.Args().First()), nil)
			if err != nil {
				return err
			}
			return page(p, v, p.rosterFields())
		}),
		actLeaf(p, "roster confirm", func(v api.Roster) error {
			return p.done(v, fmt.Sprintf("従事者を確認しました: %s(次の期限 %s)", v.Vendor, stamp(v.Due)), fmt.Sprintf("the roster of %s is confirmed (next by %s)", v.Vendor, stamp(v.Due)))
		}),
	)
}
