package main

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"sekimori/broker/web"
)

func (p *program) windowFields() []column[web.Window] {
	return []column[web.Window]{
		{"時間枠", "WINDOW", func(v web.Window) string { return v.ID }},
		{"システム", "SYSTEM", func(v web.Window) string { return v.System }},
		{"開始", "START", func(v web.Window) string { return stamp(v.Start) }},
		{"終了", "END", func(v web.Window) string { return stamp(v.End) }},
		{"状態", "STATE", func(v web.Window) string { return p.windowState(v.State) }},
		{"立会者", "ATTENDANT", func(v web.Window) string { return v.Attendant }},
		{"申請番号", "REQUEST", func(v web.Window) string { return v.Request }},
		{"立会い開始", "OPENED", func(v web.Window) string { return long(v.OpenedAt) }},
		{"開始許可", "PERMITTED", func(v web.Window) string {
			if v.PermittedAt.IsZero() {
				return ""
			}
			return long(v.PermittedAt) + " " + v.PermittedBy
		}},
		{"閉じた", "CLOSED", func(v web.Window) string {
			if v.ClosedAt.IsZero() {
				return ""
			}
			return long(v.ClosedAt) + " " + v.ClosedBy
		}},
		{"理由", "REASON", func(v web.Window) string { return v.Reason }},
		{"本人確認", "IDENTITY", func(v web.Window) string {
			var out []string
			for _, i := range v.Calls {
				state := p.say("電話して照合番号を聞く", "call, and hear the number")
				if i.Matched {
					state = p.say("一致", "matched")
				} else if i.Failed {
					state = p.say("不一致・不在", "failed")
				}
				from := ""
				if i.Source != "" {
					from = p.say(" 接続元 ", " from ") + i.Source
				}
				if i.Beside > 0 && !i.Failed {
					state += p.say(fmt.Sprintf("(同じ人の接続がほかに %d 本)", i.Beside), fmt.Sprintf(" (%d more connections of this person)", i.Beside))
				}
				out = append(out, fmt.Sprintf("%s %s %s%s: %s", i.Session, i.Name, i.Phone, from, state))
			}
			return strings.Join(out, "\n")
		}},
	}
}

func (p *program) windowState(s string) string {
	if p.lang != "ja" {
		return s
	}
	ja, ok := map[string]string{
		"scheduled": "予定", "ready-wait-attendant": "開始可能(立会者待ち)", "attended": "立会者あり(開始許可待ち)", "permitted": "開始許可済み",
		"in-use": "接続中", "extended": "延長中", "closing": "終了間際", "frozen": "凍結中", "ended": "終了", "unused": "未使用で終了", "closed": "終了(立会者が閉じた)", "cut": "強制切断", "cancelled": "取消し",
	}[s]
	if !ok {
		return s
	}
	return ja
}

func (p *program) windowCommand() *cli.Command {
	do := func(what string) func(*cli.Context) error {
		return func(c *cli.Context) error {
			return p.windowAct(c, what, web.WindowBody{Reason: c.String("reason")})
		}
	}
	return p.group("window", "作業時間枠", "windows",
		p.leaf("list", "", "一覧", "list", func(c *cli.Context) error {
			v, err := fetch[[]web.Window](p, c, "/v1/windows", nil)
			if err != nil {
				return err
			}
			return list(p, v, "作業時間枠はまだありません。", "No windows yet.", p.windowFields()[:6])
		}),
		p.leaf("show", "ID", "一つを見る", "show one", func(c *cli.Context) error {
			v, err := fetch[web.Window](p, c, "/v1/windows/"+part(c.Args().First()), nil)
			if err != nil {
				return err
			}
			return page(p, v, p.windowFields())
		}),
		p.leaf("open", "ID", "立会者として持ち場につく", "take the post as attendant", p.windowOpen, p.authFlag()),
		p.leaf("close", "ID", "時間枠を閉じる(接続は切れる)", "close the window (sessions end)", do("close"), p.reasonFlag()),
		p.leaf("cut", "ID", "時間枠を強制的に終える(接続は直ちに切れる)", "end the window by force (sessions are cut at once)", do("cut"), p.reasonFlag()),
		p.leaf("cancel", "ID", "時間枠を取り消す", "cancel the window", do("cancel"), p.reasonFlag()),
	)
}

// windowOpen asks for password and code only where opening permits the start as well: where the system has no identity check.
func (p *program) windowOpen(c *cli.Context) error {
	v, err := actAnew[web.Window](p, c, "/v1/windows/"+part(c.Args().First())+"/open", func(f web.Fresh) any { return web.OpenBody{Fresh: f} })
	if err != nil {
		return err
	}
	return p.windowDone(v)
}

func (p *program) windowAct(c *cli.Context, what string, body any) error {
	v, err := act[web.Window](p, c, "/v1/windows/"+part(c.Args().First())+"/"+what, body)
	if err != nil {
		return err
	}
	return p.windowDone(v)
}

func (p *program) windowDone(v web.Window) error {
	return p.done(v, fmt.Sprintf("時間枠 %s: %s", v.ID, p.windowState(v.State)), fmt.Sprintf("window %s: %s", v.ID, v.State))
}

// sourcesOf are the addresses from which a person's connections that are not refused come, each with its session's number.
func sourcesOf(calls []web.IdentityCall, person string) (from []string) {
	for _, c := range calls {
		if c.Person == person && !c.Failed {
			from = append(from, c.Session+" "+c.Source)
		}
	}
	return from
}
