package main

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"sekimori/broker/web"
)

func (p *program) sessionFields() []column[web.Session] {
	return []column[web.Session]{
		{"接続番号", "SESSION", func(v web.Session) string { return v.ID }},
		{"状態", "STATE", func(v web.Session) string { return p.sessionState(v) }},
		{"保守要員", "ENGINEER", func(v web.Session) string { return v.Engineer }},
		{"接続先", "TARGET", func(v web.Session) string { return v.Target }},
		{"作業用アカウント", "ACCOUNT", func(v web.Session) string { return v.Account }},
		{"受付", "ATTEMPTED", func(v web.Session) string { return stamp(v.Created) }},
		{"開始", "STARTED", func(v web.Session) string { return stamp(v.Started) }},
		{"終了", "ENDED", func(v web.Session) string { return stamp(v.Ended) }},
		{"接続時間", "CONNECTED", func(v web.Session) string {
			if v.Ended.IsZero() {
				return ""
			}
			d := time.Duration(v.Seconds * float64(time.Second)).Round(time.Second)
			return p.say(spanJA(d), spanEN(d))
		}},
		{"終了理由", "END CAUSE", func(v web.Session) string {
			if v.EndCause == "" {
				return ""
			}
			return fmt.Sprintf("[%d] %s", v.EndNumber, v.EndCause)
		}},
		{"詳細", "DETAIL", func(v web.Session) string { return v.Detail }},
		{"切った人", "ENDED BY", func(v web.Session) string { return v.EndedBy }},
		{"申請番号", "REQUEST", func(v web.Session) string { return v.Request }},
		{"時間枠", "WINDOW", func(v web.Session) string { return v.Window }},
		{"承認(一/二)", "APPROVALS", func(v web.Session) string { return strings.Join(v.Approvers, ", ") }},
		{"立会", "ATTENDANT", func(v web.Session) string { return strings.Join(v.Attendants, ", ") }},
		{"システム", "SYSTEM", func(v web.Session) string { return v.System }},
		{"接続元", "SOURCE", func(v web.Session) string { return v.Source }},
		{"鍵", "KEY", func(v web.Session) string { return v.Fingerprint }},
		{"二つ目の認証", "SECOND FACTOR", func(v web.Session) string { return v.Factor }},
		{"一時停止", "PAUSED", func(v web.Session) string {
			if v.Paused.IsZero() {
				return ""
			}
			by := v.PausedBy
			if by == "" {
				by = p.say("関守(立会者の応答なし)", "the gate (attendant not heard of)")
			}
			return long(v.Paused) + " " + by
		}},
		{"応答", "ANSWER", func(v web.Session) string { return p.noAnswer(v) }},
		{"期限", "UNTIL", func(v web.Session) string { return long(v.Until) }},
		{"閲覧中", "WATCHERS", func(v web.Session) string {
			if v.Watchers == 0 {
				return ""
			}
			return strconv.Itoa(v.Watchers)
		}},
		{"操作記録", "RECORDING", func(v web.Session) string { return v.RecordingSum }},
		{"クライアント", "CLIENT", func(v web.Session) string { return v.ClientVersion }},
	}
}

// noAnswer says since when the engineer's client has not answered; empty while it does.
func (p *program) noAnswer(v web.Session) string {
	if v.NoAnswer.IsZero() {
		return ""
	}
	return p.say("保守要員の端末から "+v.NoAnswer.Format("15:04:05")+" から応答がありません", "no answer from the engineer's client since "+v.NoAnswer.Format("15:04:05"))
}

func (p *program) sessionState(v web.Session) string {
	if p.lang != "ja" {
		return v.State
	}
	ja, ok := map[string]string{
		"refused": "接続拒否", "opening": "接続準備中", "active": "接続中", "paused": "一時停止中", "ended-ok": "終了", "ended-early": "途中で切断",
	}[v.State]
	if !ok {
		return v.State
	}
	return ja
}

func (p *program) sessionCommand() *cli.Command {
	return p.group("session", "接続", "sessions",
		p.leaf("list", "", "一覧", "list", func(c *cli.Context) error {
			q := url.Values{}
			if c.Bool("live") {
				q.Set("live", "true")
			}
			v, err := fetch[[]web.Session](p, c, "/v1/sessions", q)
			if err != nil {
				return err
			}
			f := p.sessionFields()
			// Eighty columns: an account names its target, and an ended session's state is its cause.
			return list(p, v, "いま接続中の作業はありません。", "No one is connected now.", []column[web.Session]{f[0], f[2], f[4], f[5], {
				"状態", "STATE", func(v web.Session) string {
					if v.EndCause != "" {
						return fmt.Sprintf("[%d] %s", v.EndNumber, v.EndCause)
					}
					return p.sessionState(v)
				},
			}})
		}, &cli.BoolFlag{Name: "live", Usage: p.say("接続中のものだけ", "only those under way")}),
		p.leaf("show", "ID", "一つを見る", "show one", func(c *cli.Context) error {
			v, err := fetch[web.Session](p, c, "/v1/sessions/"+part(c.Args().First()), nil)
			if err != nil {
				return err
			}
			return page(p, v, p.sessionFields())
		}),
		p.leaf("watch", "ID", "接続中の画面を見る(保守要員に知らされます)", "watch a live session (the engineer is told)", p.watch, append(p.showFlags(), p.purposeFlag(), p.explanationFlag())...),
		p.leaf("pause", "ID", "保守要員の入力を止める(画面と時計は進む)", "hold the engineer's input back (output and clock go on)", p.holdSession("pause"), p.reasonFlag()),
		p.leaf("resume", "ID", "入力を再開させる", "let the engineer's input go on", p.holdSession("resume"), p.reasonFlag()),
		p.leaf("end", "ID", "接続を直ちに切る", "cut a session at once", func(c *cli.Context) error {
			v, err := act[web.Session](p, c, "/v1/sessions/"+part(c.Args().First())+"/end", web.EndBody{Reason: c.String("reason")})
			if err != nil {
				return err
			}
			return p.done(v, fmt.Sprintf("切りました: %s", v.ID), fmt.Sprintf("cut: %s", v.ID))
		}, p.reasonFlag()),
	)
}

func (p *program) watch(c *cli.Context) error {
	o, err := p.showing(c)
	if err != nil {
		return err
	}
	k, err := p.connect(c, true)
	if err != nil {
		return err
	}
	q := look(c)
	resp, err := k.do(c.Context, "GET", "/v1/sessions/"+part(c.Args().First())+"/watch", q, nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if err := p.readAs(c, &o.view, resp); err != nil {
		return err
	}
	if !p.json {
		fmt.Fprintf(p.err, "%s %s\n", p.say("閲覧を始めました。止めるには Ctrl-C:", "Watching; Ctrl-C stops:"), strings.TrimSpace(plain(c.Args().First())))
	}
	stop := p.beatBeside(c, k)
	defer stop()
	if err := p.show(c.Context, resp.Body, o); err != nil || p.json || c.Context.Err() != nil {
		return err
	}
	fmt.Fprintln(p.err, p.say("接続は終わりました。", "The session is over."))
	return nil
}

func (p *program) holdSession(what string) func(*cli.Context) error {
	return func(c *cli.Context) error {
		v, err := act[web.Session](p, c, "/v1/sessions/"+part(c.Args().First())+"/"+what, web.PauseBody{Reason: c.String("reason")})
		if err != nil {
			return err
		}
		switch {
		case !v.Paused.IsZero():
			return p.done(v, fmt.Sprintf("一時停止中: %s", v.ID), fmt.Sprintf("paused: %s", v.ID))
		default:
			return p.done(v, fmt.Sprintf("再開しました: %s", v.ID), fmt.Sprintf("resumed: %s", v.ID))
		}
	}
}
