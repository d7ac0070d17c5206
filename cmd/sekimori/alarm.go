package main

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"sekimori/broker/web"
)

func (p *program) alarmCommand() *cli.Command {
	return p.group("alarm", "警報(所管課と情報システム課の両方に届く)", "alarms: each goes to the section and to the central desk",
		p.leaf("list", "", "自分の窓口に届いた警報", "what came to one's own desks", func(c *cli.Context) error {
			q := url.Values{}
			if c.Bool("open") {
				q.Set("open", "true")
			}
			v, err := fetch[[]web.Alarm](p, c, "/v1/alarms", q)
			if err != nil {
				return err
			}
			return list(p, v, "警報はありません。", "There are no alarms.", []column[web.Alarm]{
				{"番号", "ALARM", func(v web.Alarm) string { return v.ID }},
				{"日時", "AT", func(v web.Alarm) string { return stamp(v.At) }},
				{"内容", "WHAT", func(v web.Alarm) string { return p.alarmWhat(v) }},
				{"対象", "ABOUT", func(v web.Alarm) string { return v.About }},
				{"確認", "ACKNOWLEDGED", func(v web.Alarm) string { return p.alarmDesks(v) }},
				{"詳細", "DETAIL", func(v web.Alarm) string { return alarmDetail(v) }},
			})
		}, &cli.BoolFlag{Name: "open", Usage: p.say("まだ確認していないものだけ", "those not acknowledged yet")}),
		p.leaf("ack", "ID", "自分の窓口として確認する(ほかの窓口の分は残る)", "acknowledge for one's own desk (the others' stays open)", func(c *cli.Context) error {
			v, err := act[web.Alarm](p, c, "/v1/alarms/"+part(c.Args().First())+"/ack", web.AckBody{Desk: c.String("for"), Note: c.String("note")})
			if err != nil {
				return err
			}
			return p.done(v, fmt.Sprintf("確認しました: %s  %s", v.ID, p.alarmDesks(v)), fmt.Sprintf("acknowledged: %s  %s", v.ID, p.alarmDesks(v)))
		}, &cli.StringFlag{Name: "for", Usage: "section|information-systems"},
			&cli.StringFlag{Name: "note", Usage: p.say("書き添えること(記録されます)", "a remark (ledgered)")}),
	)
}

func (p *program) alarmWhat(v web.Alarm) string {
	drill, _ := v.Detail["drill"].(bool)
	if p.lang != "ja" {
		return p.drill(drill) + v.What
	}
	ja, ok := map[string]string{
		"locked-out": "認証の失敗で一時ロック", "failures": "認証の失敗が続く", "re-enrolment": "再登録(以前の認証を停止)",
		"lock": "利用停止", "freeze": "緊急凍結", "nobody-present": "触れられていない鍵の署名",
		"evidence":       "操作記録が台帳と合わない",
		"checkpoint":     "台帳の確定点を外に書けない",
		"unrecordable":   "記録できない(接続を受け付けていません)",
		"client-too-old": "暗号方式の合わないSSHクライアント",
		"target":         "接続先の鍵・ログイン・暗号方式",
	}[v.What]
	if !ok {
		ja = v.What
	}
	return p.drill(drill) + ja
}

// alarmDesks says who has acknowledged, desk by desk: 確認した(所管課) never stands for the other. What is open comes first, and its word
// before its desks: a list shortens from behind.
func (p *program) alarmDesks(v web.Alarm) string {
	var open, acked []string
	for _, d := range v.To {
		desk := d.Desk
		if id, ok := strings.CutPrefix(desk, "section:"); ok {
			desk = p.say("所管課 ", "section ") + id
		} else if p.lang == "ja" {
			desk = "情報システム課"
		}
		if d.AckedBy == "" {
			open = append(open, desk)
			continue
		}
		acked = append(acked, d.AckedBy+p.say("("+desk+")", " ("+desk+")"))
	}
	var out []string
	if len(open) > 0 {
		out = append(out, p.say("未確認: ", "open: ")+strings.Join(open, p.say("、", ", ")))
	}
	return strings.Join(append(out, acked...), p.say("、", "; "))
}

func alarmDetail(v web.Alarm) string {
	var out []string
	for _, k := range slices.Sorted(maps.Keys(v.Detail)) {
		switch x := v.Detail[k].(type) {
		case string:
			if x != "" {
				out = append(out, k+"="+x)
			}
		case float64, bool:
			out = append(out, fmt.Sprintf("%s=%v", k, x))
		}
	}
	return strings.Join(out, " ")
}
