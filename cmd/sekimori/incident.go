package main

import (
	"fmt"
	"strconv"

	"github.com/urfave/cli/v2"

	"sekimori/broker/api"
	"sekimori/policy"
)

func (p *program) incidentCommand() *cli.Command {
	return p.group("incident", "事案(凍結・訓練)の証拠と経過", "evidence and timeline of an incident (freeze or drill)",
		p.leaf("show", "ID", "一つを見る(切断までの時間、知らせる先)", "show one: time to the last cut, who must be told", func(c *cli.Context) error {
			v, err := fetch(p, c, api.Freezes.Of(c.Args().First()), nil)
			if err != nil {
				return err
			}
			return p.incident(v)
		}),
		actLeaf(p, "incident told", func(v api.Freeze) error {
			left := 0
			for _, t := range v.Tell {
				if t.State != api.TellDone {
					left++
				}
			}
			return p.done(v, fmt.Sprintf("%s記しました: %s(あと%d件)", p.drill(v.Drill), v.ID, left), fmt.Sprintf("%snoted: %s (%d left)", p.drill(v.Drill), v.ID, left))
		}),
		p.listLeaf("timeline", "ID", "事案にかかわる台帳の記載(古いものから)", "entries of the ledger that concern an incident, the oldest first", func(c *cli.Context) error {
			v, err := fetchList(p, c, api.TimelineOf(c.Args().First()), nil)
			if err != nil {
				return err
			}
			return list(p, v, "記載はありません。", "No entries.", []column[api.IncidentEntry]{
				{"記載", "NO", func(v api.IncidentEntry) string { return strconv.FormatInt(v.No, 10) }},
				{"日時", "TIME", func(v api.IncidentEntry) string { return v.Time.Format("2006-01-02 15:04:05") }},
				{"できごと", "EVENT", func(v api.IncidentEntry) string { return p.drill(v.Drill) + p.entryKind(v.Kind) }},
				{"だれが", "ACTOR", func(v api.IncidentEntry) string {
					if v.Actor.Kind != "person" {
						return p.say("関守", "broker")
					}
					return p.named(v.Actor.ID)
				}},
				{"理由・言葉", "WORDS", func(v api.IncidentEntry) string { return v.Said().In(p.lang) }},
			})
		}),
		p.leaf("export", "ID", "証拠一式を書き出す(点検担当だけ)", "export the evidence bundle (auditors only)", func(c *cli.Context) error {
			return p.download(c, api.BundleOf(c.Args().First()), look(c))
		}, p.purposeFlag(policy.ActPlay), p.explanationFlag(), p.outputFlag(), p.forceFlag()),
	)
}

// incident prints an incident, then who must be told of it.
func (p *program) incident(v api.Freeze) error {
	err := page(p, v, []column[api.Freeze]{
		{"番号", "INCIDENT", func(v api.Freeze) string { return p.drill(v.Drill) + v.ID }},
		{"状態", "STATE", func(v api.Freeze) string { return word(p, api.FreezeState(v.State)) }},
		{"範囲", "SCOPE", p.freezeScope},
		{"凍結した人", "BY", func(v api.Freeze) string { return p.named(v.By) }},
		{"日時", "SINCE", func(v api.Freeze) string { return stamp(v.Since) }},
		{"切断", "CUT", func(v api.Freeze) string { return strconv.Itoa(v.Cut) }},
		{"最後の切断まで", "TO LAST CUT", func(v api.Freeze) string {
			if v.LastCut.IsZero() {
				return ""
			}
			return fmt.Sprintf(p.say("%.1f秒", "%.1f s"), v.CutSeconds)
		}},
		{"保全", "HELD", func(v api.Freeze) string { return strconv.Itoa(v.Held) }},
		{"理由", "REASON", func(v api.Freeze) string { return v.Reason }},
	})
	if err != nil || p.json {
		return err
	}
	rows := api.List[api.Tell]{Items: v.Tell, Total: len(v.Tell)}
	return list(p, rows, "知らせる先の一覧はありません。次の事案からは、登録簿の institution の tell に書いた一覧が付きます。",
		"There is no list of whom to tell. Later incidents have the one written in the registry, at institution, tell.", []column[api.Tell]{
			{"KEY", "KEY", func(t api.Tell) string { return t.Key }},
			{"状態", "STATE", func(t api.Tell) string { return p.drill(v.Drill) + word(p, t.State) }},
			{"相手", "WHOM", func(t api.Tell) string { return p.say(t.JA, t.EN) }},
			{"期限", "DUE", func(t api.Tell) string { return stamp(t.Due) }},
			{"記録", "NOTED", func(t api.Tell) string { return stamp(t.At) }},
			{"だれが", "BY", func(t api.Tell) string { return p.named(t.By) }},
			{"言葉", "WORDS", func(t api.Tell) string { return t.Words }},
		})
}
