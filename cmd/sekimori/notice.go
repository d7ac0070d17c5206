package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"sekimori/broker/api"
)

func (p *program) noticeCommand() *cli.Command {
	notice := p.leaf("notice", "", "何を、なぜ、どれだけ記録し、だれが見るか(いまの設定から)", "what is recorded, why, how long, who may look; from the live settings", func(c *cli.Context) error {
		k, err := p.connect(c, false)
		if err != nil {
			return err
		}
		n, err := api.Get(c.Context, k, api.NoticePath, nil)
		if err != nil {
			return err
		}
		pick := func(ja, en []string) string {
			if p.lang == "ja" {
				return strings.Join(ja, "\n")
			}
			return strings.Join(en, "\n")
		}
		return page(p, n, []column[api.Notice]{
			{"機関", "Institution", func(n api.Notice) string { return n.Institution }},
			{"版", "Version", func(n api.Notice) string { return strconv.Itoa(n.Version) }},
			{"目的", "Purpose", func(n api.Notice) string { return p.say(n.PurposeJA, n.PurposeEN) }},
			{"記録", "Recorded", func(n api.Notice) string { return pick(n.RecordedJA, n.RecordedEN) }},
			{"記録しない", "Not recorded", func(n api.Notice) string { return pick(n.NotJA, n.NotEN) }},
			{"保存", "Kept", func(n api.Notice) string {
				return fmt.Sprintf(p.say("操作記録 %s、台帳の内容 %s、閲覧の記録 %s", "recordings %s, the ledger's contents %s, the record of looks %s"), p.keptFor(n.KeptDays), p.keptFor(n.LedgerDays), p.keptFor(n.LooksDays))
			}},
			{"見る人", "Seen by", func(n api.Notice) string { return pick(n.SeenByJA, n.SeenByEN) }},
			{"問合せ", "Questions", func(n api.Notice) string { return n.Contact }},
			{"予告", "Announced", func(n api.Notice) string { return p.versions(n.Announced) }},
			{"版の履歴", "Versions", func(n api.Notice) string { return p.versions(n.History) }},
			{"全文", "Full text", func(n api.Notice) string { return n.URL }},
		})
	})
	notice.Subcommands = []*cli.Command{actLeaf(p, "notice agree", func(v api.NoticeChange) error {
		return p.done(v, fmt.Sprintf("同意しました(%d/2)。効力は %s 以後の起動から", v.Agreed, v.Earliest.Format(time.DateOnly)),
			fmt.Sprintf("agreed (%d/2); in force from a start of the broker on or after %s", v.Agreed, v.Earliest.Format(time.DateOnly)))
	})}
	return notice
}

// versions lists what versions of the notice changed, a line each.
func (p *program) versions(list []api.NoticeVersion) string {
	var lines []string
	for _, one := range list {
		line := fmt.Sprintf(p.say("第%d版 %s", "version %d, %s"), one.Version, one.From)
		if one.Version == 0 { // of a single system
			line = one.From
		}
		if one.Change > 0 {
			line += fmt.Sprintf(p.say("  変更 %d(同意 %d/2)", "  change %d (agreed %d/2)"), one.Change, one.Agreed)
			if one.Agreed < 2 {
				line += fmt.Sprintf(p.say(" → 二人が同意すると効きます: sekimori notice agree %d", " → two people agree to it: sekimori notice agree %d"), one.Change)
			}
		}
		if said := p.say(one.JA, one.EN); said != "" {
			line += "  " + said
		}
		if one.KeptBefore > 0 {
			line += fmt.Sprintf(p.say("  操作記録の保存 %d日から%d日に", "  recordings kept %[2]d days, before %[1]d"), one.KeptBefore, one.KeptDays)
		}
		for _, more := range []struct {
			ja, en string
			times  *api.KeptTimes
		}{{"台帳の内容", "the ledger's contents", one.Ledger}, {"閲覧の記録", "the record of looks", one.Looks}} {
			if t := more.times; t != nil {
				line += fmt.Sprintf(p.say("  %[1]s %[2]sから%[3]sに", "  %[1]s kept %[3]s, before %[2]s"), p.say(more.ja, more.en), p.keptFor(t.Before), p.keptFor(t.Days))
			}
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

// keptFor says a time of keeping in days; 0 is for ever.
func (p *program) keptFor(days int) string {
	if days == 0 {
		return p.say("期限なし", "without end")
	}
	return fmt.Sprintf(p.say("%d日", "%d days"), days)
}
