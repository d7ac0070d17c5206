package main

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"sekimori/broker/web"
)

func (p *program) deputyFields() []column[web.Deputy] {
	return []column[web.Deputy]{
		{"番号", "NO", func(v web.Deputy) string { return strconv.FormatInt(v.No, 10) }},
		{"承認者", "FOR", func(v web.Deputy) string { return v.For }},
		{"代決者", "DEPUTY", func(v web.Deputy) string { return v.Deputy }},
		{"開始", "FROM", func(v web.Deputy) string { return stamp(v.From) }},
		{"終了", "UNTIL", func(v web.Deputy) string { return stamp(v.Until) }},
		{"状態", "STATE", func(v web.Deputy) string { return p.deputyState(v.State) }},
		{"理由", "REASON", func(v web.Deputy) string { return v.Reason }},
	}
}

func (p *program) deputyState(s string) string {
	ja := map[string]string{"ahead": "これから", "in-force": "有効", "over": "終了", "cleared": "取消し"}[s]
	if p.lang != "ja" || ja == "" {
		return s
	}
	return ja
}

func (p *program) deputyCommand() *cli.Command {
	return p.group("deputy", "代決", "who decides for an approver who is away",
		p.leaf("set", "DEPUTY", "代決者を置く(パスワードと認証コードを尋ねます)", "set a deputy (asks for password and code)", p.deputySet,
			&cli.StringFlag{Name: "for", Usage: p.say("不在になる承認者", "the approver who is away")},
			&cli.StringFlag{Name: "from", Usage: p.say("いつから(省けば今から)。2026-11-24T10:00、2026-11-24、+8h。この機関の時刻", "from when (now, when left out): 2026-11-24T10:00, 2026-11-24 or +8h, in the institution's zone")},
			&cli.StringFlag{Name: "until", Usage: p.say("いつまで。書き方は --from と同じ", "until when, written like --from")},
			p.reasonFlag(), p.authFlag()),
		p.leaf("clear", "NO", "代決を期間の前に終える", "end a deputation before its time", func(c *cli.Context) error {
			v, err := act[web.Deputy](p, c, "/v1/deputies/"+part(c.Args().First())+"/clear", struct{}{})
			if err != nil {
				return err
			}
			return p.done(v, fmt.Sprintf("代決 %d を取り消しました", v.No), fmt.Sprintf("deputation %d is cleared", v.No))
		}),
		p.leaf("list", "", "一覧", "list", func(c *cli.Context) error {
			q := url.Values{}
			if c.Bool("all") {
				q.Set("all", "1")
			}
			v, err := fetch[[]web.Deputy](p, c, "/v1/deputies", q)
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
	reason, err := p.need(c, "reason")
	if err != nil {
		return err
	}
	body := web.DeputyBody{For: head, Deputy: c.Args().First(), Reason: reason}
	body.From, body.Until = p.instant(c.String("from")), p.instant(until)
	if body.Fresh, err = p.fresh(c); err != nil {
		return err
	}
	v, err := act[web.Deputy](p, c, "/v1/deputies", body)
	if err != nil {
		return err
	}
	return p.done(v, fmt.Sprintf("代決 %d: %s が %s から %s まで %s に代わって決めます", v.No, v.Deputy, stamp(v.From), stamp(v.Until), v.For),
		fmt.Sprintf("deputation %d: %s decides for %s from %s until %s", v.No, v.Deputy, v.For, stamp(v.From), stamp(v.Until)))
}

// instant turns "+8h" into the instant that it is from now, and a day into its first moment; what has no zone the broker reads in that of
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
