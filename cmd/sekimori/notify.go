package main

import (
	"strconv"

	"github.com/urfave/cli/v2"

	"sekimori/broker/api"
)

func (p *program) notifyCommand() *cli.Command {
	return p.group("notify", "知らせ(メール、呼出し、画面の一覧)", "notices: mail, calls, the list on the pages",
		p.listLeaf("list", "", "自分への知らせ(まだ見ていないものが先)", "one's own notices; those not seen yet first", func(c *cli.Context) error {
			v, err := fetchList(p, c, api.NotificationsPath, nil)
			if err != nil {
				return err
			}
			return list(p, v, "知らせはありません。", "There are no notices.", []column[api.Notification]{
				{"番号", "NOTICE", func(v api.Notification) string { return strconv.FormatInt(v.ID, 10) }},
				{"日時", "AT", func(v api.Notification) string { return stamp(v.Latest) }},
				{"知らせ", "NOTICE", func(v api.Notification) string { return p.drill(v.Drill) + p.both(v.Subject) }},
				{"回数", "TIMES", func(v api.Notification) string { return strconv.Itoa(v.Count) }},
				{"見た", "SEEN", func(v api.Notification) string { return stamp(v.Seen) }},
			})
		}),
		p.leaf("seen", "", "自分への知らせをすべて見たことにする", "mark all of one's own notices as seen", func(c *cli.Context) error {
			v, err := act(p, c, api.NoticesSeenPath, api.NoticesSeen{})
			if err != nil {
				return err
			}
			return p.done(v, "見たことにしました", "marked as seen")
		}),
		p.listLeaf("undelivered", "", "届かなかった知らせ(あきらめたものが先)", "notices that did not get through; those given up first", func(c *cli.Context) error {
			v, err := fetchList(p, c, api.UndeliveredPath, nil)
			if err != nil {
				return err
			}
			return list(p, v, "届かない知らせはありません。", "Every notice got through.", []column[api.Undelivered]{
				{"状態", "STATE", func(v api.Undelivered) string {
					if v.State == "dead" {
						return p.say("あきらめた", "given up")
					}
					return p.say("再送待ち", "to be tried again")
				}},
				{"経路", "WAY", p.way},
				{"相手", "TO", func(v api.Undelivered) string { return p.named(v.Person) + v.Desk }},
				{"知らせ", "NOTICE", func(v api.Undelivered) string { return p.both(v.Subject) }},
				{"日時", "SINCE", func(v api.Undelivered) string { return stamp(v.Created) }},
				{"回数", "TRIES", func(v api.Undelivered) string { return strconv.Itoa(v.Tries) }},
				{"最後の誤り", "LAST ERROR", func(v api.Undelivered) string { return v.Error }},
			})
		}),
		p.leaf("test", "", "各経路を今すぐ試す(自分のアドレスへ)", "try each way at once (to one's own address)", func(c *cli.Context) error {
			v, err := act(p, c, api.NotifyTestPath, struct{}{})
			if err != nil {
				return err
			}
			err = list(p, v, "経路が設定されていません(notify)。", "No way is configured (notify).", []column[api.WayTested]{
				{"経路", "WAY", func(v api.WayTested) string { return v.Channel }},
				{"結果", "RESULT", func(v api.WayTested) string {
					if v.OK {
						return p.say("届きました", "taken")
					}
					return p.say("失敗", "failed")
				}},
				{"宛先", "TO", func(v api.WayTested) string { return v.To }},
				{"誤り", "ERROR", func(v api.WayTested) string { return v.Error }},
			})
			for _, way := range v.Items {
				if err == nil && !way.OK {
					err = &failure{ja: "届かない経路があります", en: "a way does not work", hintJA: "設定の notify を確かめます", hintEN: "look at notify in the configuration"}
				}
			}
			return err
		}),
	)
}

func (p *program) way(v api.Undelivered) string {
	if v.Channel == "mail" {
		return p.say("メール", "mail")
	}
	return p.say("呼出し", "call")
}

func (p *program) both(b api.BothLanguages) string { return p.say(b.JA, b.EN) }
