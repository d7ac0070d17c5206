package main

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"sekimori/broker/web"
	"sekimori/policy"
)

func (p *program) requestCheck(c *cli.Context) error {
	k, err := fetch[web.Checked](p, c, "/v1/requests/"+part(c.Args().First())+"/check", nil)
	if err != nil {
		return err
	}
	if p.json {
		return p.writeJSON(k)
	}
	return p.printChecked(k)
}

// printChecked shows 前回との違い and 確認事項, in the order of the approval page.
func (p *program) printChecked(k web.Checked) error {
	if err := p.printDifferences(k); err != nil {
		return err
	}
	met, caution, unmet := 0, 0, 0
	for _, item := range k.Items {
		switch item.State {
		case "met":
			met++
		case "caution":
			caution++
		default:
			unmet++
		}
	}
	fmt.Fprintln(p.out, p.say(fmt.Sprintf("\n確認事項   適合 %d   注意 %d   不適合 %d", met, caution, unmet),
		fmt.Sprintf("\nItems to confirm   met %d   caution %d   not met %d", met, caution, unmet)))
	for _, item := range k.Items {
		p.hang(p.itemState(item)+"  "+p.say(item.NameJA, item.NameEN)+" ("+item.Code+")", p.say(item.CauseJA, item.CauseEN))
		if item.State != "met" && item.FixJA != "" {
			p.hang("", "→ "+p.say(item.FixJA, item.FixEN))
		}
	}
	if len(k.Second) > 0 {
		var why []string
		for _, rule := range k.Second {
			said := policy.SecondRule(rule).Text()
			why = append(why, p.say(said.JA, said.EN))
		}
		fmt.Fprintln(p.out, plain(p.say("第二承認が必要です: ", "a second approval is needed: ")+strings.Join(why, p.say("、", ", "))))
	}
	return nil
}

func (p *program) printDifferences(k web.Checked) error {
	if k.First {
		_, err := fmt.Fprintln(p.out, p.say("\n前回の利用許可はありません(初回)。すべての項目を確認してください。", "\nNo earlier grant (first time). Check every item."))
		return err
	}
	last := k.LastRequest
	if k.LastReview != "" {
		last += " " + k.LastReview
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
func (p *program) itemState(item web.CheckItem) string {
	switch item.State {
	case "met":
		return p.say("(v) 適合  ", "(v) met    ")
	case "caution":
		return p.say("/!\\ 注意  ", "/!\\ caution")
	}
	return p.say("[x] 不適合", "[x] NOT MET")
}

// hang prints a head and what belongs to it, the latter wrapped under itself within 80 columns.
func (p *program) hang(head, text string) {
	const left, width = 34, 78
	line := plain(head)
	if room := left - columns(line); room > 0 {
		line += strings.Repeat(" ", room)
	} else {
		line += "  "
	}
	for _, part := range folded(plain(text), width-left) {
		if columns(line) > left && strings.TrimSpace(line) != "" && columns(line)+columns(part) > width {
			fmt.Fprintln(p.out, strings.TrimRight(line, " "))
			line = strings.Repeat(" ", left)
		}
		fmt.Fprintln(p.out, strings.TrimRight(line+part, " "))
		line = strings.Repeat(" ", left)
	}
}

// folded breaks a text into lines of at most so many columns: at a space, or before a character of full width, but for those
// that never begin a line.
func folded(text string, width int) []string {
	var lines []string
	line, room, space := "", width, -1
	for _, r := range text {
		w := columns(string(r))
		if w > room && !strings.ContainsRune("。、」)", r) {
			rest := ""
			if space > 0 {
				line, rest = line[:space], line[space+1:]
			}
			lines = append(lines, line)
			line, room, space = rest, width-columns(rest), -1
		}
		switch {
		case r == ' ':
			space = len(line)
		case w == 2:
			space = -1 // here the line may end, and that is closer
		}
		line, room = line+string(r), room-w
	}
	return append(lines, line)
}
