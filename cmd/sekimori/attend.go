package main

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"sekimori/broker/api"
	"sekimori/broker/attendance"
	"sekimori/broker/store"
	"sekimori/policy"
)

func (p *program) attendCommand() *cli.Command {
	return p.group("attend", "立会い", "attending a window",
		p.attestLeaf(),
		p.leaf("show", "WINDOW", "手順書、バックアップ、確認事項、接続を見る", "show checklist, backup, check items and sessions", func(c *cli.Context) error {
			v, err := fetch(p, c, api.AttendanceOf(c.Args().First()), nil)
			if err != nil {
				return err
			}
			return p.printAttendance(v)
		}),
		p.leaf("tick", "WINDOW STEP", "手順書の手順を、自分の名前で確認済みにする", "tick a step of the checklist by name", func(c *cli.Context) error {
			return p.attendAct(c, "tick", api.TickBody{Step: c.Args().Get(1), Method: "seen"},
				"手順 "+c.Args().Get(1)+" を確認済みにしました。", "ticked "+c.Args().Get(1))
		},
			&cli.BoolFlag{Name: "seen", Usage: p.say("目視で確認した(既定)", "seen with one's own eyes (default)")}),
		p.leaf("backup", "WINDOW", "バックアップがいつ、どうだったかを記す", "state when the backup was made and how it went", p.attendBackup,
			&cli.StringFlag{Name: "at", Usage: p.say("日時(例 2026-11-24T02:10)", "when, such as 2026-11-24T02:10")},
			&cli.StringFlag{Name: "how", Value: "by-hand", Usage: p.say("by-hand(手入力)", "by-hand")},
			&cli.BoolFlag{Name: "ok", Usage: p.say("成功した", "it succeeded")},
			&cli.BoolFlag{Name: "failed", Usage: p.say("失敗した(--reason が要ります)", "it failed (needs --reason)")}, p.reasonFlag()),
		p.leaf("override", "WINDOW ITEM", "不適合の確認事項(backup、follow-up、reviews)を、理由を付けて通す(課長・第二承認者)", "let work start although an item (backup, follow-up, reviews) is unmet (head or second approver)", func(c *cli.Context) error {
			reason, err := p.reason(c)
			if err != nil {
				return err
			}
			v, err := actProved(p, c, api.Attend(c.Args().First(), "override"), func(f api.Fresh) any { return api.OverrideBody{Item: c.Args().Get(1), Reason: reason, Fresh: f} })
			if err != nil {
				return err
			}
			return p.done(v, "理由を付けて通しました: "+c.Args().Get(1), "overridden: "+c.Args().Get(1))
		}, p.authFlag(), p.reasonFlag()),
		p.leaf("identity", "WINDOW", "本人確認の結果を記す(登録の電話で読み返された三桁、または --failed)", "record the identity check: the three digits heard on the registered telephone, or --failed", func(c *cli.Context) error {
			digits, err := p.digits(c)
			if err != nil {
				return err
			}
			if (digits != "") == c.Bool("failed") {
				return &usageError{ja: "--digits か --failed のどちらか一つが要ります", en: "either --digits or --failed is required"}
			}
			if digits != "" && !attendance.IsNumber(digits) {
				return &usageError{ja: "--digits は三桁の数字です", en: "--digits is three digits",
					hintJA: "保守要員に画面の番号を一桁ずつ読み上げてもらってください", hintEN: "have the engineer read the number on the screen digit by digit"}
			}
			v, err := act(p, c, api.Windows.Act(c.Args().First(), "identity"), api.IdentityBody{Digits: digits, Person: c.String("person")})
			if err != nil {
				return err
			}
			if c.Bool("failed") {
				return p.done(v, fmt.Sprintf("時間枠 %s: 本人確認ができなかったと記しました。接続しません", v.ID), fmt.Sprintf("window %s: recorded that the identity check failed; nobody is connected", v.ID))
			}
			if v.State == string(policy.WindowPermitted) { // another engineer of the window, or the same who came anew
				return p.done(v, fmt.Sprintf("時間枠 %s: 照合番号が一致しました。開始は許可済みです", v.ID), fmt.Sprintf("window %s: the number matched; the start is permitted already", v.ID))
			}
			return p.done(v, fmt.Sprintf("時間枠 %s: 照合番号が一致しました。次は: sekimori attend permit %s", v.ID, v.ID), fmt.Sprintf("window %s: the number matched; next: sekimori attend permit %s", v.ID, v.ID))
		},
			&cli.StringFlag{Name: "digits", Usage: p.say("聞き取った三桁", "the three digits that were heard")},
			&cli.BoolFlag{Name: "failed", Usage: p.say("出ない、または本人でない", "nobody answered, or the wrong person did")},
			&cli.StringFlag{Name: "person", Usage: p.say("保守要員(複数が待つとき)", "the engineer, where several wait")}),
		actLeaf(p, "attend permit", p.windowDone),
		actLeaf(p, "attend unpermit", p.windowDone),
		p.leaf("handover", "WINDOW PERSON", "立会いを別の人に引き継ぐ(相手が take して成立)", "offer the post to another person, who must take it", func(c *cli.Context) error {
			return p.attendAct(c, "handover", api.HandoverBody{Person: c.Args().Get(1)},
				c.Args().Get(1)+" に引継ぎを申し出ました。相手が引き継ぐと移ります: sekimori attend take "+c.Args().First(), "offered to "+c.Args().Get(1)+", who takes it with: sekimori attend take "+c.Args().First())
		}),
		actLeaf(p, "attend take", func(v api.Attendance) error {
			return p.done(v, "立会いを引き継ぎました。席に着いてください: sekimori attend stay "+v.ID, "you have the post; stay with: sekimori attend stay "+v.ID)
		}),
		p.leaf("stay", "WINDOW", "席に着く(在席を知らせ続け、できごとを表示する。Ctrl-C で離れる)", "stay at the post: keep saying so and print what happens; Ctrl-C leaves", p.attendStay),
	)
}

// digits are the three digits that the engineer read out: --digits, or what the person at the terminal says when asked.
func (p *program) digits(c *cli.Context) (string, error) {
	_, sits := p.terminal(p.in)
	if said := c.String("digits"); said != "" || c.Bool("failed") || p.json || !sits {
		return said, nil
	}
	a, err := p.ask(c)
	if err != nil {
		return "", err
	}
	defer a.close()
	for {
		said, err := a.line(c.Context, "聞き取った三桁(本人でなければ Ctrl-C のあと --failed)", "the three digits that you heard (not the person: Ctrl-C, then --failed)")
		if err != nil || attendance.IsNumber(said) {
			return said, err
		}
		a.say("三桁の数字です。画面の番号を一桁ずつ読み上げてもらってください。", "It is three digits. Have the engineer read the number on the screen digit by digit.")
	}
}

func (p *program) attendBackup(c *cli.Context) error {
	if c.Bool("ok") == c.Bool("failed") {
		return &usageError{ja: "--ok か --failed のどちらか一つが要ります", en: "either --ok or --failed is required"}
	}
	made, err := p.need(c, "at")
	if err != nil {
		return err
	}
	reason, err := p.reasonIf(c, c.Bool("failed"))
	if err != nil {
		return err
	}
	return p.attendAct(c, "backup", api.BackupBody{At: made, How: c.String("how"), OK: c.Bool("ok"), Reason: reason},
		"バックアップを記録しました。", "backup stated")
}

// attendAct does an act whose answer is the window as its attendant sees it.
func (p *program) attendAct(c *cli.Context, what string, body any, ja, en string) error {
	v, err := act(p, c, api.Attend(c.Args().First(), what), body)
	if err != nil {
		return err
	}
	return p.done(v, ja, en)
}

func (p *program) printAttendance(v api.Attendance) error {
	if p.json {
		return p.writeJSON(v)
	}
	fields := make([]column[api.Attendance], 0, 20)
	for _, f := range p.windowFields(p.moment) {
		fields = append(fields, column[api.Attendance]{f.ja, f.en, func(v api.Attendance) string { return f.value(v.Window) }})
	}
	fields = append(fields,
		column[api.Attendance]{"在席", "PRESENT", func(v api.Attendance) string { return long(v.Present) }},
		column[api.Attendance]{"バックアップ", "BACKUP", func(v api.Attendance) string { return p.backupLine(v) }},
		column[api.Attendance]{"通した不適合", "OVERRIDDEN", p.overridden},
		column[api.Attendance]{"引継ぎ", "HANDOVER", func(v api.Attendance) string {
			if v.Handover == nil {
				return ""
			}
			return fmt.Sprintf("%s → %s (%s)", p.named(v.Handover.From), p.named(v.Handover.To), long(v.Handover.At))
		}},
		column[api.Attendance]{"接続", "SESSIONS", func(v api.Attendance) string {
			var out []string
			for _, s := range v.Sessions {
				out = append(out, strings.TrimSpace(fmt.Sprintf("%s %s %s %s", s.ID, p.named(s.Engineer), word(p, api.SessionState(s.State)), p.noAnswer(s))))
			}
			return strings.Join(out, "\n")
		}},
		column[api.Attendance]{"延長申請", "EXTENSIONS", func(v api.Attendance) string {
			var out []string
			for _, x := range v.Asked {
				out = append(out, fmt.Sprintf("%s %d%s %s: %s", x.ID, x.Minutes, p.say("分", " min"), p.named(x.By), x.Reason))
			}
			return strings.Join(out, "\n")
		}})
	if err := page(p, v, fields); err != nil {
		return err
	}
	p.printChecklist(v.Checklist)
	for _, item := range v.Items {
		if item.State == "met" {
			continue
		}
		p.hang(p.itemState(item)+"  "+p.say(item.NameJA, item.NameEN)+" ("+item.Code+")", p.say(item.CauseJA, item.CauseEN))
	}
	return nil
}

// overridden are the check items that were let pass although they are unmet.
func (p *program) overridden(v api.Attendance) string {
	said := make([]string, len(v.Overrides))
	for i, code := range v.Overrides {
		said[i] = p.say(policy.ItemName(code).JA, code)
	}
	return strings.Join(said, p.say("、", ", "))
}

func (p *program) backupLine(v api.Attendance) string {
	switch {
	case v.Backup == nil && v.BackupAge == "":
		return ""
	case v.Backup == nil:
		return p.say("まだ記録がありません(規則: "+p.span(v.BackupAge)+"以内)", "not stated yet (rule: within "+p.span(v.BackupAge)+")")
	}
	state := p.say("成功", "ok")
	if !v.Backup.OK {
		state = p.say("失敗 ", "failed ") + v.Backup.Note
	}
	return strings.TrimSpace(fmt.Sprintf("%s %s %s %s", stamp(v.Backup.At), word(p, policy.BackupHow(v.Backup.How)), state, p.named(v.Backup.By)))
}

// printChecklist shows the steps in their compulsory order, each with the person who ticked it, when, and how.
func (p *program) printChecklist(list *api.Checklist) {
	if list == nil {
		return
	}
	fmt.Fprintln(p.out)
	fmt.Fprintln(p.out, plain(p.say(fmt.Sprintf("手順書 %s 第%d版", list.Title, list.Version), fmt.Sprintf("Checklist %s, version %d", list.Title, list.Version))))
	for _, s := range list.Steps {
		mark, who := "[ ]", ""
		if s.By != "" {
			mark, who = "[v]", fmt.Sprintf("%s %s %s", word(p, store.Method(s.Method)), long(s.At), p.named(s.By))
		} else if s.Phase == "close" {
			mark = "(-)"
		}
		text := p.say(s.JA, s.EN)
		if !s.Mandatory {
			text += p.say("(任意)", " (optional)")
		}
		indented(p.out, fmt.Sprintf("%s %d ", mark, s.No), strings.TrimRight(fmt.Sprintf("%s (%s) %s", text, s.ID, who), " "))
	}
	if list.Voided > 0 {
		fmt.Fprintln(p.out, p.say(fmt.Sprintf("前の版での確認 %d件は無効です。", list.Voided), fmt.Sprintf("%d tick(s) of older versions are void", list.Voided)))
	}
}
