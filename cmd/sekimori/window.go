package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"sekimori/broker/api"
	"sekimori/policy"
)

// windowFields are the rows of a window's page; when writes its start and end: stamp in a list, p.moment on a page.
func (p *program) windowFields(when func(time.Time) string) []column[api.Window] {
	return []column[api.Window]{
		{"時間枠", "WINDOW", func(v api.Window) string { return v.ID }},
		{"システム", "SYSTEM", func(v api.Window) string { return v.System }},
		{"開始", "START", func(v api.Window) string { return when(v.Start) }},
		{"終了", "END", func(v api.Window) string { return when(v.End) }},
		{"状態", "STATE", func(v api.Window) string { return word(p, policy.WindowState(v.State)) }},
		{"立会者", "ATTENDANT", func(v api.Window) string { return p.named(v.Attendant) }},
		{"申請番号", "REQUEST", func(v api.Window) string { return v.Request }},
		{"立会い開始", "OPENED", func(v api.Window) string { return long(v.OpenedAt) }},
		{"開始許可", "PERMITTED", func(v api.Window) string {
			if v.PermittedAt.IsZero() {
				return ""
			}
			return long(v.PermittedAt) + " " + p.named(v.PermittedBy)
		}},
		{"閉じた", "CLOSED", func(v api.Window) string {
			if v.ClosedAt.IsZero() {
				return ""
			}
			return long(v.ClosedAt) + " " + p.named(v.ClosedBy)
		}},
		{"理由", "REASON", func(v api.Window) string { return v.Reason }},
		{"回線", "LINE", p.lineOfWindow},
		{"接続先の変化", "TARGET CHANGES", func(v api.Window) string { return p.changesOf(v.Inventories) }},
		{"待合", "WAITING", func(v api.Window) string { return p.waitsAll(v.Waiting) }},
		{"本人確認", "IDENTITY", func(v api.Window) string {
			var out []string
			for _, i := range v.Calls {
				state := p.say("電話して照合番号を聞く", "call, and hear the number")
				switch {
				case i.Matched:
					state = p.say("一致", "matched")
				case i.Failed:
					state = p.say("不一致・不在", "failed")
				case i.Gone:
					state = p.say("接続は終わった", "the connection has ended")
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

func (p *program) windowCommand() *cli.Command {
	return p.group("window", "作業時間枠", "windows",
		p.listLeaf("list", "", "一覧", "list", func(c *cli.Context) error {
			v, err := fetchList(p, c, api.Windows.All(), nil)
			if err != nil {
				return err
			}
			return list(p, v, "作業時間枠はまだありません。", "No windows yet.", p.windowFields(stamp)[:6])
		}),
		p.leaf("show", "ID", "一つを見る", "show one", func(c *cli.Context) error {
			v, err := fetch(p, c, api.Windows.Of(c.Args().First()), nil)
			if err != nil {
				return err
			}
			return page(p, v, p.windowFields(p.moment))
		}),
		actLeaf(p, "window open", p.windowDone),
		actLeaf(p, "window close", p.windowDone),
		actLeaf(p, "window cut", p.windowDone),
		p.needsReason(actLeaf(p, "window cancel", p.windowDone)),
	)
}

func (p *program) windowDone(v api.Window) error {
	return p.done(v, fmt.Sprintf("時間枠 %s: %s", v.ID, word(p, policy.WindowState(v.State))), fmt.Sprintf("window %s: %s", v.ID, v.State))
}

// sourcesOf are the addresses from which a person's connections that are not refused come, each with its session's number.
func sourcesOf(calls []api.IdentityCall, person string) (from []string) {
	for _, c := range calls {
		if c.Person == person && !c.Gone {
			from = append(from, c.Session+" "+c.Source)
		}
	}
	return from
}
