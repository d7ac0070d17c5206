package main

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"sekimori/broker/api"
)

// holds says what keeps a recording from disposal, a line each.
func (p *program) holds(all []api.Hold) string {
	var lines []string
	for _, h := range all {
		line := fmt.Sprintf("%s %s %s (%s)", p.holdCause(h.Cause), stamp(h.Since), h.Reason, h.By)
		if len(h.Releases) > 0 {
			line += p.say(" 解除同意 1/2", " release agreed 1/2")
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

func (p *program) holdCause(cause string) string {
	if cause == "" {
		return p.say("手動", "by hand")
	}
	return cause
}

func (p *program) holdCommand() *cli.Command {
	return p.leaf("hold", "ID", "廃棄を止める(証拠の保全)", "keep it from disposal", func(c *cli.Context) error {
		reason, err := p.reason(c)
		if err != nil {
			return err
		}
		v, err := act(p, c, api.Recordings.Act(c.Args().First(), "hold"), api.ReasonBody{Reason: reason})
		if err != nil {
			return err
		}
		return p.done(v, "廃棄を停止しました: "+v.Session, "on hold: "+v.Session)
	}, p.reasonFlag())
}

func (p *program) releaseCommand() *cli.Command {
	return p.leaf("release", "ID", "保全の解除に同意する(二人目で解ける)", "agree to release it (two people: auditors, information-systems section)", func(c *cli.Context) error {
		reason, err := p.reason(c)
		if err != nil {
			return err
		}
		v, err := actProved(p, c, api.Recordings.Act(c.Args().First(), "release"), func(f api.Fresh) any { return api.LiftBody{Reason: reason, Fresh: f} })
		if err != nil {
			return err
		}
		if v.Held {
			return p.done(v, fmt.Sprintf("解除同意 1/2: %s(もう一人の同意が要ります)", v.Session),
				fmt.Sprintf("release agreed 1/2: %s (another person must agree too)", v.Session))
		}
		return p.done(v, "保全を解きました: "+v.Session, "released: "+v.Session)
	}, p.reasonFlag(), p.authFlag())
}
