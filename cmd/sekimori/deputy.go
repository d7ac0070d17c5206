package main

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"sekimori/broker/api"
)

func (p *program) deputyFields() []column[api.Deputy] {
	return []column[api.Deputy]{
		{"番号", "NO", func(v api.Deputy) string { return strconv.FormatInt(v.No, 10) }},
		{"承認者", "FOR", func(v api.Deputy) string { return p.named(v.For) }},
		{"代決者", "DEPUTY", func(v api.Deputy) string { return p.named(v.Deputy) }},
		{"期間", "WHEN", func(v api.Deputy) string { return span(v.From, v.Until) }},
		{"状態", "STATE", func(v api.Deputy) string { return word(p, api.DeputyState(v.State)) }},
		{"理由", "REASON", func(v api.Deputy) string { return v.Reason }},
	}
}

func (p *program) deputyCommand() *cli.Command {
	return p.group("deputy", "代決", "who decides for an approver who is away",
		p.leaf("set", "DEPUTY", "代決者を置く(パスワードと認証コードを尋ねます)", "set a deputy (asks for password and code)", p.deputySet,
			&cli.StringFlag{Name: "for", Usage: p.say("不在になる承認者", "the approver who is away")},
			&cli.StringFlag{Name: "from", Usage: p.say("いつから(省けば今から)。2026-11-24T10:00、2026-11-24、+8h。この機関の時刻", "from when (now, when left out): 2026-11-24T10:00, 2026-11-24 or +8h, in the institution's zone")},
			&cli.StringFlag{Name: "until", Usage: p.say("いつまで。書き方は --from と同じ", "until when, written like --from")},
			p.reasonFlag(), p.authFlag()),
		p.leaf("clear", "NO", "代決を期間の前に終える", "end a deputation before its time", func(c *cli.Context) error {
			v, err := act(p, c, api.Deputies.Act(c.Args().First(), "clear"), struct{}{})
			if err != nil {
				return err
			}
			return p.done(v, fmt.Sprintf("代決 %d を取り消しました", v.No), fmt.Sprintf("deputation %d is cleared", v.No))
		}),
		p.listLeaf("list", "", "一覧", "list", func(c *cli.Context) error {
			q := url.Values{}
			if c.Bool("all") {
				q.Set("all", "1")
			}
			v, err := fetchList(p, c, api.Deputies.All(), q)
			if err != nil {
				return err
			}
			return list(p, v, "代決はありません。", "No deputies.", p.deputyFields())
		}, &cli.BoolFlag{Name: "all", Usage: p.say("終わったものも", "also those that are over")}),
	)
}

func (p *program) deputySet(c *cli.Context) error {
	head, err := p.need(c, "for")
	if err != nil {
		return err
	}
	until, err := p.need(c, "until")
	if err != nil {
		return err
	}
	reason, err := p.reason(c)
	if err != nil {
		return err
	}
	body := api.DeputyBody{For: head, Deputy: c.Args().First(), Reason: reason}
	body.From, body.Until = p.instant(c.String("from")), p.instant(until)
	v, err := actProved(p, c, api.Deputies.New(), func(f api.Fresh) any {
		body.Fresh = f
		return body
	})
	if err != nil {
		return err
	}
	return p.done(v, fmt.Sprintf("代決 %d: %s が %s から %s まで %s に代わって決めます", v.No, p.named(v.Deputy), stamp(v.From), stamp(v.Until), p.named(v.For)),
		fmt.Sprintf("deputation %d: %s decides for %s from %s until %s", v.No, p.named(v.Deputy), p.named(v.For), stamp(v.From), stamp(v.Until)))
}

// instant turns "+8h" into an instant from now, and a day into its first moment. The broker reads a time without a zone in that of
// the institution.
func (p *program) instant(said string) string {
	if after, ok := strings.CutPrefix(said, "+"); ok {
		if d, err := time.ParseDuration(after); err == nil && d > 0 {
			return p.now().Add(d).Format(time.RFC3339Nano)
		}
	}
	if _, err := time.Parse(time.DateOnly, said); err == nil {
		return said + "T00:00"
	}
	return said
}
