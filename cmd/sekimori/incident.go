package main

import (
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"sekimori/broker/api"
)

func (p *program) incidentCommand() *cli.Command {
	return p.group("incident", "事案(凍結・訓練)の証拠と経過", "evidence and timeline of an incident (freeze or drill)",
		p.listLeaf("timeline", "ID", "事案にかかわる台帳の記載(古いものから)", "entries of the ledger that concern an incident, the oldest first", func(c *cli.Context) error {
			v, err := fetchList(p, c, api.TimelineOf(c.Args().First()), nil)
			if err != nil {
				return err
			}
			return list(p, v, "記載はありません。", "No entries.", []column[api.IncidentEntry]{
				{"記載", "NO", func(v api.IncidentEntry) string { return strconv.FormatInt(v.No, 10) }},
				{"日時", "TIME", func(v api.IncidentEntry) string { return v.Time.Format("2006-01-02 15:04:05") }},
				{"できごと", "EVENT", func(v api.IncidentEntry) string { return p.drill(v.Drill) + v.What().In(p.lang) }},
				{"だれが", "ACTOR", func(v api.IncidentEntry) string {
					if v.Actor.Kind != "person" {
						return p.say("関守", "broker")
					}
					return p.named(v.Actor.ID)
				}},
				{"対象", "SUBJECTS", func(v api.IncidentEntry) string { return strings.Join(v.Subjects, " ") }},
				{"理由・言葉", "WORDS", func(v api.IncidentEntry) string { return v.Said().In(p.lang) }},
			})
		}),
		p.leaf("export", "ID", "証拠一式を書き出す(点検担当だけ)", "export the evidence bundle (auditors only)", func(c *cli.Context) error {
			return p.download(c, api.BundleOf(c.Args().First()), look(c))
		}, p.purposeFlag(), p.explanationFlag(), p.outputFlag(), p.forceFlag()),
	)
}
