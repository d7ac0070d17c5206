package main

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"sekimori/broker/api"
)

func (p *program) dayFields() []column[api.WorkDay] {
	return []column[api.WorkDay]{
		{"日", "DAY", func(v api.WorkDay) string { return v.ID }},
		{"状態", "STATE", func(v api.WorkDay) string { return word(p, v.State) }},
		{"期限", "DUE", func(v api.WorkDay) string { return stamp(v.Due) }},
		{"確認した人", "CONFIRMED BY", func(v api.WorkDay) string { return p.named(v.By) }},
		{"確認日時", "CONFIRMED AT", func(v api.WorkDay) string { return stamp(v.Confirmed) }},
	}
}

func (p *program) dayPage() []column[api.WorkDay] {
	return append(p.dayFields(), []column[api.WorkDay]{
		{"要約", "SUMMARY", func(v api.WorkDay) string { return p.briefly(v.Sessions) }},
		{"接続", "SESSIONS", func(v api.WorkDay) string {
			var said []string
			for _, s := range v.Sessions {
				said = append(said, fmt.Sprintf("%s %s %s %s %s", s.ID, p.named(s.Engineer), s.Target, p.minutes(s), word(p, api.SessionState(s.State))))
			}
			return strings.Join(said, "; ")
		}},
		{"断られた接続", "REFUSED", func(v api.WorkDay) string { return p.attempts(v.Refused) }},
		{"これまでの確認", "CONFIRMATIONS", func(v api.WorkDay) string {
			var said []string
			for _, c := range v.Confirmations {
				said = append(said, strings.TrimSpace(fmt.Sprintf("%s %s (%d) %s", stamp(c.At), p.named(c.By), len(c.Sessions), c.Note)))
			}
			return strings.Join(said, "; ")
		}},
	}...)
}

// briefly tells what the ledger counts in sessions, one a line. What was done in them is shown by session summary.
func (p *program) briefly(all []api.Session) string {
	said := make([]string, 0, len(all))
	for _, s := range all {
		said = append(said, s.ID+" "+s.SayBrief().In(p.lang))
	}
	return strings.Join(said, "\n")
}

// minutes is the length of a session, rounded up.
func (p *program) minutes(s api.Session) string {
	n := strconv.Itoa(int(s.Seconds+59) / 60)
	return p.say(n+"分", n+" min")
}

func (p *program) dayCommand() *cli.Command {
	return p.group("day", "その日の接続の確認", "the owning section's confirmation of each day's sessions",
		p.listLeaf("list", "", "一覧(確認待ちが先)", "list; days to be confirmed first", func(c *cli.Context) error {
			ask := url.Values{}
			if c.Bool("owed") {
				ask.Set("owed", "true")
			}
			v, err := fetchList(p, c, api.Days.All(), ask)
			if err != nil {
				return err
			}
			return list(p, v, "確認する日はありません。", "No day to confirm.", p.dayFields())
		}, &cli.BoolFlag{Name: "owed", Usage: p.say("確認待ちだけ", "only those to be confirmed")}),
		p.leaf("show", "DAY", "一日を見る", "show one", func(c *cli.Context) error {
			v, err := fetch(p, c, api.Days.Of(c.Args().First()), nil)
			if err != nil {
				return err
			}
			return page(p, v, p.dayPage())
		}),
		actLeaf(p, "day confirm", func(v api.WorkDay) error {
			return p.done(v, "確認しました: "+v.ID, "confirmed: "+v.ID)
		}),
	)
}
