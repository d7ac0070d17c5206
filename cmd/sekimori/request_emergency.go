package main

import (
	"fmt"
	"time"

	"github.com/urfave/cli/v2"

	"sekimori/broker/api"
	"sekimori/policy"
)

// emergencyLeaves are the acts of an emergency window (緊急利用): two open it, a third approves it afterwards.
func (p *program) emergencyLeaves() []*cli.Command {
	return []*cli.Command{
		p.leaf("emergency", "", "緊急利用を開く(一人目。30分以内に二人目の同意が要る)", "open an emergency window (first person; a second must agree within 30 minutes)", p.requestEmergency,
			p.authFlag(), p.reasonFlag(),
			&cli.StringFlag{Name: "f", Aliases: []string{"file"}, Usage: p.say("申請のファイル(- は標準入力)。長さは2時間まで", "request file (- for standard input); at most two hours long")},
			&cli.StringFlag{Name: "phoned", Usage: p.say("電話の相手", "who was telephoned")},
			&cli.StringFlag{Name: "phoned-at", Usage: p.say("電話した日時。10m は10分前", "when they were telephoned; 10m: ten minutes ago")}),
		p.leaf("agree", "NO", "緊急利用に同意する(二人目。直ちに始まる)", "agree to an emergency window (second person; it starts at once)", p.onEmergency("agree"), p.authFlag(), p.reasonFlag()),
		p.leaf("approve-after", "NO", "緊急利用を事後承認する", "approve an emergency afterwards", p.onEmergency("approve-after"), p.authFlag(), p.reasonFlag()),
	}
}

func (p *program) requestEmergency(c *cli.Context) error {
	body := api.EmergencyBody{Phoned: c.String("phoned"), PhonedAt: c.String("phoned-at")}
	file, err := p.need(c, "f")
	if err != nil {
		return err
	}
	if ago, err := time.ParseDuration(body.PhonedAt); err == nil && ago >= 0 {
		body.PhonedAt = p.now().Add(-ago).Format(time.RFC3339Nano)
	}
	text, err := p.readText(file)
	if err != nil {
		return err
	}
	body.Name, body.Text = file, text
	if body.Reason, err = p.reasonAsked(c); err != nil {
		return err
	}
	v, err := actProved(p, c, api.EmergenciesPath, func(f api.Fresh) any {
		body.Fresh = f
		return body
	})
	if err != nil {
		return err
	}
	p.hint(file, v.Hints)
	return p.done(v, fmt.Sprintf("申請 %s: %s", v.No, word(p, policy.RequestState(v.State))), fmt.Sprintf("request %s: %s", v.No, v.State))
}

func (p *program) onEmergency(what string) func(*cli.Context) error {
	return func(c *cli.Context) error {
		reason, err := p.reasonAsked(c)
		if err != nil {
			return err
		}
		v, err := actProved(p, c, api.Requests.Act(c.Args().First(), what), func(f api.Fresh) any { return api.EmergencyAct{Reason: reason, Fresh: f} })
		if err != nil {
			return err
		}
		return p.done(v, fmt.Sprintf("申請 %s: %s", v.No, word(p, policy.RequestState(v.State))), fmt.Sprintf("request %s: %s", v.No, v.State))
	}
}
