package main

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"sekimori/broker/api"
	"sekimori/broker/store"
)

func (p *program) recordFields() []column[api.AttendanceRecord] {
	maybe := func(v *bool) string {
		if v == nil {
			return ""
		}
		return p.yesOrNo(*v)
	}
	return []column[api.AttendanceRecord]{
		{"確認書番号", "RECORD", func(v api.AttendanceRecord) string { return v.ID }},
		{"時間枠", "WINDOW", func(v api.AttendanceRecord) string { return v.Window }},
		{"接続番号", "SESSIONS", func(v api.AttendanceRecord) string { return strings.Join(v.Content.Sessions, ", ") }},
		{"立会者", "ATTENDANT", func(v api.AttendanceRecord) string {
			var lines []string
			for _, a := range v.Content.Attended {
				lines = append(lines, stamp(a.From)+" "+p.named(a.Person))
			}
			return strings.Join(lines, "\n")
		}},
		{"手順書の版", "PROCEDURE", func(v api.AttendanceRecord) string {
			if v.Content.ProcedureVersion == 0 {
				return ""
			}
			return fmt.Sprint(v.Content.ProcedureVersion)
		}},
		{"手順", "STEPS", func(v api.AttendanceRecord) string {
			var lines []string
			for _, s := range v.Content.Steps {
				lines = append(lines, fmt.Sprintf("%s %s %s %s", stamp(s.At), s.ID, word(p, store.Method(s.Method)), s.By))
			}
			return strings.Join(lines, "\n")
		}},
		{"本人確認", "IDENTITY", func(v api.AttendanceRecord) string {
			lines := []string{word(p, api.IdentityMethod(v.Content.IdentityMethod))}
			for _, i := range v.Content.Identity {
				result := p.say("不一致", "not matched")
				if i.Matched {
					result = p.say("一致", "matched")
				}
				lines = append(lines, fmt.Sprintf("%s %s %s %s", stamp(i.At), p.named(i.Person), result, p.named(i.By)))
			}
			return strings.Join(lines, "\n")
		}},
		{"一時停止・延長・切断・目印", "INTERVENTIONS", func(v api.AttendanceRecord) string {
			var lines []string
			for _, i := range v.Content.Interventions {
				lines = append(lines, strings.TrimSpace(fmt.Sprintf("%s %s %s %s", stamp(i.At), i.Label().In(p.lang), p.named(i.By), i.Said().In(p.lang))))
			}
			return strings.Join(lines, "\n")
		}},
		{"予定外の操作", "UNEXPECTED", func(v api.AttendanceRecord) string {
			return strings.TrimSpace(maybe(v.Content.Unexpected) + " " + v.Content.UnexpectedDetail)
		}},
		{"気付いたこと", "REMARKS", func(v api.AttendanceRecord) string { return v.Content.Remarks }},
		{"回線の復旧", "LINES RESTORED", func(v api.AttendanceRecord) string { return maybe(v.Content.LinesRestored) }},
		{"未処理の警報", "OPEN ALARMS", func(v api.AttendanceRecord) string { return strings.Join(v.Content.OpenAlarms, "\n") }},
		{"確認した人", "ATTESTED BY", func(v api.AttendanceRecord) string { return p.named(v.By) }},
		{"確認日時", "ATTESTED AT", func(v api.AttendanceRecord) string { return stamp(v.At) }},
		{"検証値", "SHA-256", func(v api.AttendanceRecord) string { return v.SHA256 }},
	}
}

// attestLeaf confirms how a window was attended (立会確認書).
func (p *program) attestLeaf() *cli.Command {
	return p.leaf("attest", "WINDOW", "立会確認書を出す(時間枠が終わってから)", "confirm how a window was attended (once it is over)", func(c *cli.Context) error {
		body := api.AttestBody{UnexpectedDetail: c.String("detail"), Remarks: c.String("remarks"), OpenAlarms: c.StringSlice("open-alarm")}
		var err error
		if body.Unexpected, err = answered(c, "unexpected"); err != nil {
			return err
		}
		if body.LinesRestored, err = answered(c, "lines-restored"); err != nil {
			return err
		}
		v, err := act(p, c, api.Attest(c.Args().First()), body)
		if err != nil {
			return err
		}
		return p.done(v, fmt.Sprintf("立会確認書 %s: 時間枠 %s", v.ID, v.Window), fmt.Sprintf("attendance record %s of window %s", v.ID, v.Window))
	},
		&cli.StringFlag{Name: "unexpected", Usage: p.say("予定外の操作の有無 yes|no(必須)", "was anything unexpected done: yes|no (required)")},
		&cli.StringFlag{Name: "detail", Usage: p.say("予定外の操作の内容", "what was unexpected")},
		&cli.StringFlag{Name: "remarks", Usage: p.say("気付いたこと", "remarks")},
		&cli.StringFlag{Name: "lines-restored", Usage: p.say("回線を元に戻したか yes|no(回線のあるシステム)", "are the lines restored: yes|no (systems with a line)")},
		&cli.StringSliceFlag{Name: "open-alarm", Usage: p.say("未処理の警報(繰り返し可)", "an alarm nobody has dealt with yet (may be repeated)")})
}

// answered reads yes or no; nil when nothing was said.
func answered(c *cli.Context, name string) (*bool, error) {
	yes, no := true, false
	switch c.String(name) {
	case "":
		return nil, nil
	case "yes":
		return &yes, nil
	case "no":
		return &no, nil
	}
	return nil, &usageError{ja: "--" + name + " は yes か no です", en: "--" + name + " is yes or no"}
}
