package main

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"sekimori/broker/api"
	"sekimori/policy"
)

func (p *program) permitFields() []column[api.Permit] {
	return []column[api.Permit]{
		{"番号", "ID", func(v api.Permit) string { return v.ID }},
		{"状態", "STATE", p.permitState},
		{"保守事業者", "VENDOR", func(v api.Permit) string { return v.Vendor }},
		{"対象システム", "SYSTEM", func(v api.Permit) string { return v.System }},
		{"最初の日", "FROM", func(v api.Permit) string { return v.From.Format("2006-01-02") }},
		{"最後の日", "UNTIL", func(v api.Permit) string { return lastDay(v.Until) }},
		{"目的", "PURPOSE", func(v api.Permit) string { return v.Purpose }},
		{"作業用アカウント", "ACCOUNTS", func(v api.Permit) string {
			if len(v.Accounts) == 0 {
				return p.say("システムのすべて", "all of the system")
			}
			return strings.Join(v.Accounts, ", ")
		}},
		{"管理者権限", "ROOT", func(v api.Permit) string { return p.yes(v.Root) }},
		{"ファイル授受", "FILES", func(v api.Permit) string { return p.yes(v.Files) }},
		{"時間帯", "HOURS", func(v api.Permit) string {
			hours := v.Hours
			if v.OfficeHours {
				hours = strings.TrimSpace(p.say("開庁時間内", "office hours") + " " + hours)
			}
			return hours
		}},
		{"1回の長さ", "LONGEST", func(v api.Permit) string { return p.span(v.Longest) }},
		{"申請した人", "ASKED BY", func(v api.Permit) string { return p.named(v.AskedBy) }},
		{"申請日時", "ASKED AT", func(v api.Permit) string { return stamp(v.AskedAt) }},
		{"決めた人", "DECIDED BY", func(v api.Permit) string { return p.named(v.DecidedBy) }},
		{"決定日時", "DECIDED AT", func(v api.Permit) string { return stamp(v.DecidedAt) }},
		{"決定の理由", "REASON", func(v api.Permit) string { return v.Reason }},
		{"取り消した人", "WITHDRAWN BY", func(v api.Permit) string { return p.named(v.EndedBy) }},
		{"取消しの理由", "WHY", func(v api.Permit) string { return v.EndedWhy }},
	}
}

func (p *program) permitState(v api.Permit) string {
	said := word(p, policy.PermitState(v.State))
	if v.State == string(policy.PermitGranted) && !v.InForce {
		said += p.say("(期間外)", " (outside its period)")
	}
	return said
}

func (p *program) permitCommand() *cli.Command {
	return p.group("permit", "包括許可", "standing permits",
		p.listLeaf("list", "", "一覧", "list", func(c *cli.Context) error {
			v, err := fetchList(p, c, api.Permits.All(), nil)
			if err != nil {
				return err
			}
			return list(p, v, "包括許可はまだありません。", "No standing permit yet.", p.permitFields()[:6])
		}),
		p.leaf("show", "ID", "一つを見る", "show one", func(c *cli.Context) error {
			v, err := fetch(p, c, api.Permits.Of(c.Args().First()), nil)
			if err != nil {
				return err
			}
			return page(p, v, p.permitFields())
		}),
		actLeaf(p, "permit ask", p.permitDone),
		actLeaf(p, "permit grant", p.permitDone),
		actLeaf(p, "permit refuse", p.permitDone),
		actLeaf(p, "permit withdraw", p.permitDone),
	)
}

func (p *program) permitDone(v api.Permit) error {
	return p.done(v, fmt.Sprintf("包括許可 %s: %s", v.ID, p.permitState(v)), fmt.Sprintf("standing permit %s: %s", v.ID, p.permitState(v)))
}
