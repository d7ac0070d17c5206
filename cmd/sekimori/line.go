package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"sekimori/broker/api"
	"sekimori/policy"
	"sekimori/policy/text"
)

func (p *program) lineFields() []column[api.Line] {
	said := func(t text.Text) string {
		if p.lang == "ja" {
			return t.JA
		}
		return t.EN
	}
	// A system without a line has no state of it: "unknown" would say that something is wrong.
	stateOf := func(of func(api.Line) text.Text) func(api.Line) string {
		return func(v api.Line) string {
			if v.Rule == policy.LineNone {
				return ""
			}
			return said(of(v))
		}
	}
	return []column[api.Line]{
		{"システム", "SYSTEM", func(v api.Line) string { return v.System }},
		{"状態", "STATE", stateOf(func(v api.Line) text.Text { return v.State.Label() })},
		{"庁内網", "OFFICE NETWORK", stateOf(func(v api.Line) text.Text { return v.Internal.Label() })},
		{"保守回線", "MAINTENANCE LINE", stateOf(func(v api.Line) text.Text { return v.Maintenance.Label() })},
		{"決まり", "RULE", func(v api.Line) string { return said(v.Rule.Label()) }},
		{"守り方", "PROTECTION", stateOf(func(v api.Line) text.Text { return v.How.Label() })},
		{"限界", "LIMIT", stateOf(func(v api.Line) text.Text { return v.Limit })},
		{"切替え", "DRIVER", func(v api.Line) string { return strings.TrimSpace(v.Driver + " " + v.Why) }},
		{"検査", "PROBES", func(v api.Line) string {
			var all []string
			for _, one := range v.Probes {
				line := one.Probe + ": " + said(one.Saw.Label())
				if !one.Proven {
					line += p.say("(30日以内に成功と失敗の両方を見ていない)", " (not seen to succeed and to fail within 30 days)")
				}
				all = append(all, strings.TrimSpace(line+" "+one.Why))
			}
			return strings.Join(all, "\n")
		}},
		{"最近の試験", "LAST TEST", func(v api.Line) string {
			if v.Test == nil && v.Rule == policy.LineNone {
				return ""
			}
			if v.Test == nil {
				return p.say("なし", "none")
			}
			return fmt.Sprintf("%s %s %s", stamp(v.Test.At), p.named(v.Test.By), map[bool]string{true: p.say("成功", "went well"), false: p.say("失敗", "failed")}[v.Test.OK])
		}},
		{"時間枠", "WINDOW", func(v api.Line) string {
			if v.Window == nil {
				return ""
			}
			return v.Window.Window
		}},
	}
}

// lineStep is a step on a line that was done.
type lineStep struct {
	ja, en string
	at     time.Time
	by     string
}

func (p *program) lineSteps(steps ...lineStep) string {
	var out []string
	for _, s := range steps {
		if !s.at.IsZero() {
			out = append(out, p.say(s.ja, s.en)+" "+long(s.at)+" "+p.named(s.by))
		}
	}
	return strings.Join(out, "\n")
}

// lineOfWindow is the line of a window: what stands behind it, how it is now, and the steps that were done.
func (p *program) lineOfWindow(v api.Window) string {
	var out []string
	if n := v.LineNow; n != nil {
		out = append(out, n.How.Said().In(p.lang),
			p.say("いま: 庁内網 "+n.Internal.Label().JA+"、保守回線 "+n.Maintenance.Label().JA, "now: office network "+n.Internal.Label().EN+", maintenance line "+n.Maintenance.Label().EN))
	}
	if l := v.Line; l != nil {
		out = append(out, p.lineSteps(lineStep{"庁内網切断", "office network cut", l.CutAt, l.CutBy}, lineStep{"保守回線接続", "line on", l.OnAt, l.OnBy},
			lineStep{"分離を失った", "separation lost", l.LostAt, "broker"}, lineStep{"保守回線切断", "line off", l.OffAt, l.OffBy}, lineStep{"庁内網復旧", "office network back", l.RestoredAt, l.RestoredBy}))
	}
	return strings.Join(out, "\n")
}

// lineOfSession is what protected a session.
func (p *program) lineOfSession(v api.Session) string {
	l := v.Line
	if l == nil {
		return ""
	}
	return strings.TrimSpace(l.Words().In(p.lang) + "\n" + p.lineSteps(lineStep{"庁内網切断", "office network cut", l.CutAt, l.CutBy}, lineStep{"保守回線接続", "line on", l.OnAt, l.OnBy},
		lineStep{"保守回線切断", "line off", l.OffAt, l.OffBy}, lineStep{"庁内網復旧", "office network back", l.RestoredAt, l.RestoredBy}))
}

// lineCommand has the lines, and the steps of an attendant on the line of a window.
func (p *program) lineCommand() *cli.Command {
	moved := func(ja, en string) func(api.Attendance) error {
		return func(v api.Attendance) error {
			return p.done(v, "時間枠 "+v.ID+": "+ja, "window "+v.ID+": "+en)
		}
	}
	commands := noun(p, api.Lines, "回線の連動があるシステムはまだありません。", "No system has a line yet.", 4, p.lineFields())
	return p.group("line", "回線(庁内網と保守回線)", "lines: office network and maintenance line", append(commands,
		actLeaf(p, "line cut", moved("庁内網の切断を確認しました。次は: sekimori line on", "the office network is confirmed cut; next: sekimori line on")),
		actLeaf(p, "line on", moved("保守回線をつなぎました", "the maintenance line is connected")),
		actLeaf(p, "line off", moved("保守回線を外しました。次は: sekimori line back", "the maintenance line is disconnected; next: sekimori line back")),
		actLeaf(p, "line back", moved("庁内網を元に戻しました", "the office network is back")),
		actLeaf(p, "line test", func(v api.Line) error {
			if v.Test == nil || !v.Test.OK {
				return p.done(v, "回線の試験は失敗しました: "+v.System, "the test of the line failed: "+v.System)
			}
			return p.done(v, "回線の試験は成功しました: "+v.System, "the test of the line went well: "+v.System)
		}),
	)...)
}
