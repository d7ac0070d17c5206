package main

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/urfave/cli/v2"

	"sekimori/broker/api"
	"sekimori/cmd/sekimori/internal/screen"
	"sekimori/policy"
)

func (p *program) calendarCommand() *cli.Command {
	section := &cli.StringFlag{Name: "section", Usage: p.say("所管課", "section")}
	return p.group("calendar", "予定表", "the calendar of maintenance",
		p.listLeaf("list", "", "ひと月の予定を日ごとに見る", "a month, day by day", func(c *cli.Context) error {
			query := url.Values{"month": {c.String("month")}, "section": {c.String("section")}}
			m, err := fetch(p, c, api.CalendarPath, query)
			if err != nil {
				return err
			}
			if p.json {
				return p.writeJSON(m)
			}
			_, err = fmt.Fprint(p.out, screen.Month(m, p.lang))
			return err
		}, &cli.StringFlag{Name: "month", Usage: p.say("月(2026-11 など。既定は今月)", "month such as 2026-11 (default: this one)")}, section),
		p.leaf("rules", "", "開庁時間、休み、作業禁止日、事業者に求めるもの", "office hours, closed days, no-work times, what vendors must hold", func(c *cli.Context) error {
			v, err := fetch(p, c, api.RulesPath, nil)
			if err != nil {
				return err
			}
			return page(p, v, p.institutionFields())
		}),
		p.leaf("holidays", "FILE.csv", "休みの一覧(date,name,open)を適用する(二人目の確認が要る)", "apply the institution's list of days (date,name,open); a second person confirms", p.applyHolidays,
			&cli.BoolFlag{Name: "dry-run", Usage: p.say("何が変わるかだけを示す", "only show what would change")}),
		p.group("feed", "カレンダー購読", "calendar feeds",
			p.leaf("create", "", "購読の宛先を作る(所管課の、保守要員なら自分の)", "make an address: of a section, or as an engineer one's own", p.createFeed, section),
			p.listLeaf("list", "", "宛先の一覧(宛先そのものは示さない)", "list, without the addresses", func(c *cli.Context) error {
				v, err := fetchList(p, c, api.Feeds.All(), nil)
				if err != nil {
					return err
				}
				return list(p, v, "購読の宛先はありません。", "No feeds.", []column[api.Feed]{
					{"番号", "FEED", func(v api.Feed) string { return v.ID }},
					{"対象", "OF", func(v api.Feed) string { return v.Subject }},
					{"言語", "LANG", func(v api.Feed) string { return v.Lang }},
					{"作った人", "BY", func(v api.Feed) string { return p.named(v.By) }},
					{"日時", "CREATED", func(v api.Feed) string { return stamp(v.Created) }},
					{"取消し", "REVOKED", func(v api.Feed) string { return stamp(v.Revoked) }},
				})
			}),
			p.leaf("revoke", "FEED", "宛先を取り消す", "close an address for good", func(c *cli.Context) error {
				v, err := act(p, c, api.Feeds.Act(c.Args().First(), "revoke"), struct{}{})
				if err != nil {
					return err
				}
				return p.done(v, "取り消しました: "+v.ID, "revoked: "+v.ID)
			}),
		),
	)
}

func (p *program) createFeed(c *cli.Context) error {
	v, err := act(p, c, api.Feeds.New(), api.FeedBody{Section: c.String("section"), Lang: p.lang})
	if err != nil {
		return err
	}
	if p.json {
		return p.writeJSON(v)
	}
	base := p.place.Server
	if base == "" {
		base = "https://…"
	}
	_, err = fmt.Fprintf(p.out, p.say("購読の宛先 %s(一度だけ表示。知る人はだれでも読めます)\n%s\n取り消すには: sekimori calendar feed revoke %s\n",
		"feed %s (shown once; whoever knows the address can read it)\n%s\nto close it: sekimori calendar feed revoke %s\n"), plain(v.ID), plain(base+v.Path), plain(v.ID))
	return err
}

func (p *program) applyHolidays(c *cli.Context) error {
	file := c.Args().First()
	if file == "" {
		return &usageError{ja: "ファイルが要ります", en: "a file is required"}
	}
	text, err := p.readText(file)
	if err != nil {
		return err
	}
	v, err := act(p, c, api.HolidaysPath, api.DaysBody{Name: file, Text: text, DryRun: c.Bool("dry-run")})
	if err != nil {
		return err
	}
	if p.json {
		return p.writeJSON(v)
	}
	return p.showPlan(v)
}

func (p *program) institutionFields() []column[api.Institution] {
	return []column[api.Institution]{
		{"開庁時間", "HOURS", func(v api.Institution) string {
			var days []string
			for i, d := range []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"} {
				if h := v.Hours[d]; h != "" {
					days = append(days, screen.Weekday((i+1)%7, p.lang)+" "+h)
				}
			}
			return strings.Join(days, "\n")
		}},
		{"申請から開始まで", "LEAD", func(v api.Institution) string { return p.span(v.Lead) }},
		{"認証", "CERTIFICATIONS", func(v api.Institution) string { return strings.Join(v.Certifications, " ") }},
		{"誓約書の写し", "PLEDGE COPY", func(v api.Institution) string { return p.yes(v.PledgeCopy) }},
		{"特記事項", "SPECIAL CLAUSES", func(v api.Institution) string { return p.yes(v.SpecialClauses) }},
		{"監査報告書", "AUDIT REPORT", func(v api.Institution) string { return p.yes(v.AuditReport) }},
		{"包括許可", "STANDING PERMITS", func(v api.Institution) string { return p.yes(v.StandingPermits) }},
		{"従事者の月次確認", "MONTHLY ROSTER", func(v api.Institution) string { return v.RosterFrom }},
		{"記録先の空き", "SPACE", func(v api.Institution) string {
			if v.SpaceDays == 0 {
				return ""
			}
			return fmt.Sprintf(p.say("%d日分", "%d days"), v.SpaceDays)
		}},
		{"いまの空き", "SPACE NOW", func(v api.Institution) string {
			if v.SpaceLeft == nil {
				return policy.SayRoom(-1).In(p.lang)
			}
			return policy.SayRoom(*v.SpaceLeft).In(p.lang)
		}},
		{"休みの一覧", "DAYS", func(v api.Institution) string {
			var days []string
			for _, h := range v.Holidays {
				note := ""
				if h.Open {
					note = p.say("(開庁)", " (open)")
				}
				days = append(days, h.Date+" "+h.Name+note)
			}
			return strings.Join(days, "\n")
		}},
		{"作業禁止", "NO WORK", func(v api.Institution) string {
			var times []string
			for _, n := range v.NoWork {
				times = append(times, strings.TrimRight(stamp(n.From)+" - "+stamp(n.Until)+" "+n.Reason+" "+n.System, " "))
			}
			return strings.Join(times, "\n")
		}},
	}
}
