package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"sekimori/broker/api"
	"sekimori/broker/store"
	"sekimori/policy"
)

func (p *program) alarmCommand() *cli.Command {
	return p.group("alarm", "警報(所管課と情報システム課の両方に届く)", "alarms: each goes to the section and to the central desk",
		p.listLeaf("list", "", "自分の窓口に届いた警報", "what came to one's own desks", func(c *cli.Context) error {
			q := url.Values{}
			if c.Bool("open") {
				q.Set("open", "true")
			}
			v, err := fetchList(p, c, api.Alarms.All(), q)
			if err != nil {
				return err
			}
			return list(p, v, "警報はありません。", "There are no alarms.", p.alarmFields()[:6])
		}, &cli.BoolFlag{Name: "open", Usage: p.say("まだ確認していないものだけ", "those not acknowledged yet")}),
		p.leaf("show", "ID", "一つを見る(詳細と、どの窓口がいつ確認したか)", "show one: its details, and which desk acknowledged it when", func(c *cli.Context) error {
			v, err := fetch(p, c, api.Alarms.Of(c.Args().First()), nil)
			if err != nil {
				return err
			}
			fields := p.alarmFields()
			fields[4].value, fields[5].value = p.alarmDesksWhole, func(v api.Alarm) string { return strings.Join(alarmDetail(v), "\n") }
			return page(p, v, fields)
		}),
		p.leaf("ack", "ID", "自分の窓口として確認する(ほかの窓口の分は残る)", "acknowledge for one's own desk (the others' stays open)", func(c *cli.Context) error {
			v, err := act(p, c, api.Alarms.Act(c.Args().First(), "ack"), api.AckBody{Desk: c.String("for"), Note: c.String("note")})
			if err != nil {
				return err
			}
			return p.done(v, fmt.Sprintf("確認しました: %s  %s", v.ID, p.alarmDesks(v)), fmt.Sprintf("acknowledged: %s  %s", v.ID, p.alarmDesks(v)))
		}, &cli.StringFlag{Name: "for", Usage: "section|information-systems"},
			&cli.StringFlag{Name: "note", Usage: p.say("書き添えること(記録されます)", "a remark (ledgered)")}),
	)
}

func (p *program) alarmFields() []column[api.Alarm] {
	return []column[api.Alarm]{
		{"番号", "ALARM", func(v api.Alarm) string { return v.ID }},
		{"日時", "AT", func(v api.Alarm) string { return stamp(v.At) }},
		{"内容", "WHAT", p.alarmWhat},
		{"対象", "ABOUT", func(v api.Alarm) string { return p.named(v.About) }},
		{"確認", "ACKNOWLEDGED", p.alarmDesks},
		{"詳細", "DETAIL", func(v api.Alarm) string { return strings.Join(alarmDetail(v), " ") }},
	}
}

func (p *program) alarmWhat(v api.Alarm) string {
	drill, _ := v.Detail["drill"].(bool)
	return p.drill(drill) + word(p, store.AlarmKind(v.What))
}

// alarmDesk names a desk.
func (p *program) alarmDesk(desk string) string {
	if id, ok := strings.CutPrefix(desk, "section:"); ok {
		return p.say("所管課 ", "section ") + id
	}
	return word(p, policy.Role(desk))
}

// alarmDesks tells for each desk whether it has acknowledged: 確認した(所管課) never counts for the other. The open desk comes first, and
// its state before the desks' names: a list shortens from behind.
func (p *program) alarmDesks(v api.Alarm) string {
	var open, acked []string
	for _, d := range v.To {
		desk := p.alarmDesk(d.Desk)
		if d.AckedBy == "" {
			open = append(open, desk)
			continue
		}
		acked = append(acked, p.named(d.AckedBy)+p.say("("+desk+")", " ("+desk+")"))
	}
	var out []string
	if len(open) > 0 {
		out = append(out, p.say("未確認: ", "open: ")+strings.Join(open, p.say("、", ", ")))
	}
	return strings.Join(append(out, acked...), p.say("、", "; "))
}

// alarmDesksWhole gives a line for each desk: the person who acknowledged, when, and the remark.
func (p *program) alarmDesksWhole(v api.Alarm) string {
	var lines []string
	for _, d := range v.To {
		line := p.alarmDesk(d.Desk) + ": " + p.say("未確認", "open")
		if d.AckedBy != "" {
			line = strings.TrimSpace(p.alarmDesk(d.Desk) + ": " + p.named(d.AckedBy) + " " + stamp(d.AckedAt) + " " + d.Note)
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

// alarmDetail are the details as NAME=VALUE.
func alarmDetail(v api.Alarm) []string {
	var out []string
	for _, k := range slices.Sorted(maps.Keys(v.Detail)) {
		switch x := v.Detail[k].(type) {
		case string:
			if x != "" {
				out = append(out, k+"="+x)
			}
		case nil:
		case float64, bool:
			out = append(out, fmt.Sprintf("%s=%v", k, x))
		default: // a list: as it came
			text, err := json.Marshal(x)
			if err == nil {
				out = append(out, k+"="+string(text))
			}
		}
	}
	return out
}
