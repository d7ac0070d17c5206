package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"sekimori/broker/web"
)

func (p *program) noticeCommand() *cli.Command {
	return p.leaf("notice", "", "何を、なぜ、どれだけ記録し、だれが見るか(いまの設定から)", "what is recorded, why, how long, who may look; from the live settings", func(c *cli.Context) error {
		k, err := p.connect(c, false)
		if err != nil {
			return err
		}
		var n web.Notice
		if err := k.call(c.Context, "GET", "/v1/notice", nil, nil, &n); err != nil {
			return err
		}
		pick := func(ja, en []string) string {
			if p.lang == "ja" {
				return strings.Join(ja, "\n")
			}
			return strings.Join(en, "\n")
		}
		return page(p, n, []column[web.Notice]{
			{"機関", "Institution", func(n web.Notice) string { return n.Institution }},
			{"版", "Version", func(n web.Notice) string { return strconv.Itoa(n.Version) }},
			{"目的", "Purpose", func(n web.Notice) string { return p.say(n.PurposeJA, n.PurposeEN) }},
			{"記録", "Recorded", func(n web.Notice) string { return pick(n.RecordedJA, n.RecordedEN) }},
			{"記録しない", "Not recorded", func(n web.Notice) string { return pick(n.NotJA, n.NotEN) }},
			{"保存", "Kept", func(n web.Notice) string { return fmt.Sprintf(p.say("%d日", "%d days"), n.KeptDays) }},
			{"見る人", "Seen by", func(n web.Notice) string { return pick(n.SeenByJA, n.SeenByEN) }},
			{"問合せ", "Questions", func(n web.Notice) string { return n.Contact }},
			{"全文", "Full text", func(n web.Notice) string { return n.URL }},
		})
	})
}
