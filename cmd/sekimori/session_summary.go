package main

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"sekimori/broker/api"
	"sekimori/policy/text"
)

// sessionSummary prints what passed in a session: one line a step, and one below it for each moment of a step that has several.
func (p *program) sessionSummary(c *cli.Context) error {
	v, err := fetch(p, c, api.SessionSummary(c.Args().First()), lookQuery(c))
	if err != nil {
		return err
	}
	if p.json {
		return p.writeJSON(v)
	}
	var b strings.Builder
	line := func(indent, at string, said text.Text) {
		fmt.Fprintf(&b, "%s%s  %s\n", indent, at, plain(said.In(p.lang)))
	}
	if v.DamageJA != "" {
		fmt.Fprintln(&b, p.say(v.DamageJA, v.DamageEN))
	}
	fmt.Fprintf(&b, "%s  %s\n%s\n\n", plain(v.Session), v.Started.Format("2006-01-02"), v.Say().In(p.lang))
	for _, s := range v.Steps {
		said, label := s.Say(), s.Group.Label()
		if len(s.Marks) > 1 {
			line("", s.At().Format("15:04:05"), text.Of(said.JA+"("+s.Until().Format("15:04:05")+"まで)", said.EN+" (until "+s.Until().Format("15:04:05")+")"))
			for _, m := range s.Marks {
				line("  ", m.At.Format("15:04:05"), text.Of(m.JA, m.EN))
			}
			continue
		}
		if s.Group == api.MarkTyped || s.Group == api.MarkBookmark { // the words alone do not tell
			said = text.Of(label.JA+": "+said.JA, label.EN+": "+said.EN)
		}
		line("", s.At().Format("15:04:05"), said)
	}
	if left := v.SayLeft(); !left.IsZero() {
		fmt.Fprintln(&b, left.In(p.lang))
	}
	fmt.Fprintf(&b, "\n%s\n", p.say(v.AidJA, v.AidEN))
	_, err = fmt.Fprint(p.out, b.String())
	return err
}
