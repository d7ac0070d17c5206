package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"sekimori/broker/api"
	"sekimori/policy"
	"sekimori/policy/text"
)

func (p *program) sessionFields() []column[api.Session] {
	return []column[api.Session]{
		{"接続番号", "SESSION", func(v api.Session) string { return v.ID }},
		{"状態", "STATE", func(v api.Session) string { return word(p, api.SessionState(v.State)) }},
		{"保守要員", "ENGINEER", func(v api.Session) string { return p.named(v.Engineer) }},
		{"接続先", "TARGET", func(v api.Session) string { return v.Target }},
		{"作業用アカウント", "ACCOUNT", func(v api.Session) string { return v.Account }},
		{"受付", "ATTEMPTED", func(v api.Session) string { return stamp(v.Created) }},
		{"開始", "STARTED", func(v api.Session) string { return stamp(v.Started) }},
		{"終了", "ENDED", func(v api.Session) string { return stamp(v.Ended) }},
		{"接続時間", "CONNECTED", func(v api.Session) string {
			if v.Ended.IsZero() {
				return ""
			}
			d := time.Duration(v.Seconds * float64(time.Second)).Round(time.Second)
			return text.Length(d).In(p.lang)
		}},
		{"終了理由", "END CAUSE", func(v api.Session) string {
			if v.EndCause == "" {
				return ""
			}
			return fmt.Sprintf("[%d] %s", v.EndNumber, word(p, policy.Reason(v.EndCause)))
		}},
		{"詳細", "DETAIL", func(v api.Session) string { return v.Detail }},
		{"切った人", "ENDED BY", func(v api.Session) string { return p.named(v.EndedBy) }},
		{"申請番号", "REQUEST", func(v api.Session) string { return v.Request }},
		{"時間枠", "WINDOW", func(v api.Session) string { return v.Window }},
		{"承認(一/二)", "APPROVALS", func(v api.Session) string { return p.namedAll(v.Approvers) }},
		{"立会", "ATTENDANT", func(v api.Session) string { return p.namedAll(v.Attendants) }},
		{"システム", "SYSTEM", func(v api.Session) string { return v.System }},
		{"接続元", "SOURCE", func(v api.Session) string { return v.Source }},
		{"回線", "LINE", p.lineOfSession},
		{"命令の決まり", "LIVE RULES", func(v api.Session) string {
			var said []string
			for _, c := range v.Ruled {
				said = append(said, strings.TrimSpace(stamp(c.At)+" "+c.Said().In(p.lang)+" "+p.named(c.By)))
			}
			if v.RuledMore {
				said = append(said, api.SaidRuledMore.In(p.lang))
			}
			return strings.Join(said, "\n")
		}},
		{"ファイル", "FILES", func(v api.Session) string {
			var said []string
			for _, f := range v.Files {
				said = append(said, f.Said().In(p.lang))
			}
			return strings.Join(said, "\n")
		}},
		{"鍵", "KEY", func(v api.Session) string { return v.Fingerprint }},
		{"二つ目の認証", "SECOND FACTOR", func(v api.Session) string { return word(p, api.Factor(v.Factor)) }},
		{"一時停止", "PAUSED", func(v api.Session) string {
			if v.Paused.IsZero() {
				return ""
			}
			by := p.named(v.PausedBy)
			if by == "" {
				by = p.say("関守(立会者の応答なし)", "the gate (attendant not heard of)")
			}
			return long(v.Paused) + " " + by
		}},
		{"記録の遅れ", "RECORDING BEHIND", p.behind},
		{"応答", "ANSWER", func(v api.Session) string { return p.noAnswer(v) }},
		{"伏せた番号", "MASKED", p.masked},
		{"期限", "UNTIL", func(v api.Session) string { return long(v.Until) }},
		{"閲覧中", "WATCHERS", func(v api.Session) string {
			if v.Watchers == 0 {
				return ""
			}
			return strconv.Itoa(v.Watchers)
		}},
		{"終了の検証", "END VERIFIED", func(v api.Session) string { return p.endVerified(v) }},
		{"操作記録", "RECORDING", func(v api.Session) string { return v.RecordingSum }},
		{"クライアント", "CLIENT", func(v api.Session) string { return v.ClientVersion }},
	}
}

// noAnswer says since when the engineer's client has not answered; empty while it does.
func (p *program) noAnswer(v api.Session) string {
	if v.NoAnswer.IsZero() {
		return ""
	}
	return p.say("保守要員の端末から "+v.NoAnswer.Format("15:04:05")+" から応答がありません", "no answer from the engineer's client since "+v.NoAnswer.Format("15:04:05"))
}

// behind says since when the session is paused because its recording lags; empty: it does not.
func (p *program) behind(v api.Session) string { return v.SayBehind().In(p.lang) }

// masked says how many numbers were masked in the session's output; empty: none.
func (p *program) masked(v api.Session) string { return v.SayMasked().In(p.lang) }

func (p *program) sessionCommand() *cli.Command {
	return p.group("session", "接続", "sessions",
		p.listLeaf("list", "", "一覧", "list", func(c *cli.Context) error {
			q := sessionFilter(c)
			if c.Bool("live") {
				q.Set("live", "true")
			}
			v, err := fetchList(p, c, api.Sessions.All(), q)
			if err != nil {
				return err
			}
			f := p.sessionFields()
			// Eighty columns: an account names its target, and an ended session's state is its cause.
			return list(p, v, "いま接続中の作業はありません。", "No one is connected now.", []column[api.Session]{f[0], f[2], f[4], f[5], {
				"状態", "STATE", func(v api.Session) string {
					if v.EndCause != "" {
						return fmt.Sprintf("[%d] %s", v.EndNumber, word(p, policy.Reason(v.EndCause)))
					}
					return word(p, api.SessionState(v.State))
				},
			}})
		}, append(p.sessionFilterFlags(), &cli.BoolFlag{Name: "live", Usage: p.say("接続中のものだけ", "only those under way")})...),
		p.leaf("show", "ID", "一つを見る", "show one", func(c *cli.Context) error {
			v, err := fetch(p, c, api.Sessions.Of(c.Args().First()), nil)
			if err != nil {
				return err
			}
			return page(p, v, p.sessionFields())
		}),
		p.leaf("watch", "ID", "接続中の画面を見る(保守要員に知らされます)", "watch a live session (the engineer is told)", p.watch, append(p.showFlags(), p.purposeFlag(policy.ActWatch), p.explanationFlag())...),
		p.leaf("summary", "ID", "何があったかを言葉で見る(操作記録から作る要約。閲覧目的が要り、台帳に載ります)", "what passed, in words: a summary made from the recording (needs a purpose; it is ledgered)", p.sessionSummary,
			p.purposeFlag(policy.ActPlay), p.explanationFlag(), p.damagedFlag()),
		p.leaf("proof", "ID", "終了の記載の証明(.tlog-proof)を書き出す(点検担当だけ)", "take out the proof of the session's end (.tlog-proof; auditors only)", func(c *cli.Context) error {
			return p.download(c, api.SessionProof(c.Args().First()), look(c))
		}, p.purposeFlag(policy.ActPlay), p.explanationFlag(), p.outputFlag(), p.forceFlag()),
		actLeaf(p, "session pause", p.held),
		actLeaf(p, "session resume", p.held),
		actLeaf(p, "session bookmark", func(v api.Session) error { return p.done(v, "目印を残しました: "+v.ID, "bookmarked: "+v.ID) }),
		actLeaf(p, "session message", func(v api.Session) error { return p.done(v, "連絡を送りました: "+v.ID, "message sent: "+v.ID) }),
		actLeaf(p, "session allow", func(v api.Session) error {
			return p.done(v, "命令を通しました: "+v.ID, "command allowed: "+v.ID)
		}),
		actLeaf(p, "session refuse", func(v api.Session) error {
			return p.done(v, "命令を止めました: "+v.ID, "command refused: "+v.ID)
		}),
		actLeaf(p, "session explain", func(v api.Session) error { return p.done(v, "理由を記しました: "+v.ID, "recorded why: "+v.ID) }),
		actLeaf(p, "session end", func(v api.Session) error {
			return p.done(v, "切りました: "+v.ID, "cut: "+v.ID)
		}),
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
	resp, err := k.Open(c.Context, api.WatchOf(c.Args().First()), q)
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

// held says whether the engineer's input is held back.
func (p *program) held(v api.Session) error {
	if !v.Paused.IsZero() {
		return p.done(v, "一時停止中: "+v.ID, "paused: "+v.ID)
	}
	said := v.SayBehind() // the person's pause is over, and this one is not
	return p.done(v, strings.TrimSpace("再開しました: "+v.ID+" "+said.JA), strings.TrimSpace("resumed: "+v.ID+" "+said.EN))
}
