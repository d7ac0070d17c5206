package main

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"sekimori/broker/api"
	"sekimori/cmd/sekimori/internal/screen"
	"sekimori/policy"
	"sekimori/policy/text"
)

func (p *program) requestCheck(c *cli.Context) error {
	k, err := fetch(p, c, api.CheckOf(c.Args().First()), nil)
	if err != nil {
		return err
	}
	if p.json {
		return p.writeJSON(k)
	}
	return p.printChecked(k, false)
}

// printChecked shows 前回との違い and 確認事項, in the order of the approval page. briefly: of the items that are met only the names, so that
// the page of a usual request fits a screen.
func (p *program) printChecked(k api.Checked, briefly bool) error {
	if err := p.printDifferences(k); err != nil {
		return err
	}
	met, caution, unmet := 0, 0, 0
	var good []string
	for _, item := range k.Items {
		switch item.State {
		case "met":
			met++
			good = append(good, p.say(item.NameJA, item.NameEN))
		case "caution":
			caution++
		default:
			unmet++
		}
	}
	fmt.Fprintln(p.out, p.say(fmt.Sprintf("\n確認事項   適合 %d   注意 %d   不適合 %d", met, caution, unmet),
		fmt.Sprintf("\nItems to confirm   met %d   caution %d   not met %d", met, caution, unmet)))
	brief := func(item api.CheckItem, said string) {
		state := p.itemState(item) + "  "
		for _, line := range text.Wrap(plain(state+said), screen.Width, strings.Repeat(" ", text.Width(state))) {
			fmt.Fprintln(p.out, line)
		}
	}
	if briefly && met > 0 {
		brief(api.CheckItem{State: "met"}, strings.Join(good, p.say("、", "; ")))
	}
	for _, item := range k.Items {
		if briefly {
			if item.State != "met" {
				brief(item, p.say(item.NameJA+": "+item.CauseJA+" → "+item.FixJA, item.NameEN+": "+item.CauseEN+" → "+item.FixEN))
			}
			continue
		}
		p.hang(p.itemState(item)+"  "+p.say(item.NameJA, item.NameEN)+" ("+item.Code+")", p.say(item.CauseJA, item.CauseEN))
		if item.State != "met" && item.FixJA != "" {
			p.hang("", "→ "+p.say(item.FixJA, item.FixEN))
		}
	}
	if len(k.Second) > 0 {
		var why []string
		for _, rule := range k.Second {
			said := policy.SecondRule(rule).Label()
			why = append(why, p.say(said.JA, said.EN))
		}
		fmt.Fprintln(p.out, plain(p.say("第二承認が必要です: ", "a second approval is needed: ")+strings.Join(why, p.say("、", ", "))))
	}
	return nil
}

func (p *program) printDifferences(k api.Checked) error {
	if k.First {
		_, err := fmt.Fprintln(p.out, p.say("\n前回の利用許可はありません(初回)。すべての項目を確認してください。", "\nNo earlier grant (first time). Check every item."))
		return err
	}
	last := k.LastRequest
	if k.LastReview != "" {
		last += " " + word(p, api.ReviewState(k.LastReview))
	}
	fmt.Fprintln(p.out)
	fmt.Fprintln(p.out, plain(p.say("前回との違い(前回: "+last+")", "Changes since last time ("+last+")")))
	var same []string
	for _, d := range k.Differences {
		name := p.say(d.NameJA, d.NameEN)
		from, to := p.say(d.FromJA, d.FromEN), p.say(d.ToJA, d.ToEN)
		switch d.Kind {
		case "same":
			same = append(same, name)
		case "added":
			p.hang(p.say("[追加] ", "[added]   ")+name, to)
		case "removed":
			p.hang(p.say("[削減] ", "[removed] ")+name, from)
		default:
			p.hang(p.say("[変更] ", "[changed] ")+name, from+" → "+to)
		}
	}
	if len(same) > 0 {
		p.hang(p.say("[同じ]", "[same]"), strings.Join(same, p.say("、", ", ")))
	}
	return nil
}

// itemState has a shape beside the word: nothing is told by colour alone.
func (p *program) itemState(item api.CheckItem) string {
	switch item.State {
	case "met":
		return p.say("(v) 適合  ", "(v) met    ")
	case "caution":
		return p.say("/!\\ 注意  ", "/!\\ caution")
	}
	return p.say("[x] 不適合", "[x] NOT MET")
}

// hang prints a head and what belongs to it, the latter wrapped under itself within 80 columns.
func (p *program) hang(head, said string) {
	const left = 34
	line := text.Pad(plain(head)+" ", left)
	for _, part := range text.Wrap(plain(said), screen.Width-left, "") {
		if text.Width(line) > left {
			fmt.Fprintln(p.out, strings.TrimRight(line, " "))
			line = strings.Repeat(" ", left)
		}
		fmt.Fprintln(p.out, strings.TrimRight(line+part, " "))
		line = strings.Repeat(" ", left)
	}
}
