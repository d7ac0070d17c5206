package main

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"sekimori/broker/attendance"
	"sekimori/broker/web"
	"sekimori/policy"
)

func (p *program) attendCommand() *cli.Command {
	return p.group("attend", "立会い", "attending a window",
		p.attestLeaf(),
		p.leaf("show", "WINDOW", "手順書、バックアップ、確認事項、接続を見る", "show checklist, backup, check items and sessions", func(c *cli.Context) error {
			v, err := fetch[web.Attendance](p, c, "/v1/windows/"+part(c.Args().First())+"/attendance", nil)
			if err != nil {
				return err
			}
			return p.printAttendance(v)
		}),
		p.leaf("tick", "WINDOW STEP", "手順書の手順を、自分の名前で確認済みにする", "tick a step of the checklist by name", func(c *cli.Context) error {
			return p.attendAct(c, "tick", web.TickBody{Step: c.Args().Get(1), Method: "seen"},
				"手順 "+c.Args().Get(1)+" を確認済みにしました。", "ticked "+c.Args().Get(1))
		},
			&cli.BoolFlag{Name: "seen", Usage: p.say("目視で確認した(既定)", "seen with one's own eyes (default)")}),
		p.leaf("backup", "WINDOW", "バックアップがいつ、どうだったかを記す", "state when the backup was made and how it went", p.attendBackup,
			&cli.StringFlag{Name: "at", Usage: p.say("日時(例 2026-11-24T02:10)", "when, such as 2026-11-24T02:10")},
			&cli.StringFlag{Name: "how", Value: "by-hand", Usage: p.say("by-hand(手入力)", "by-hand")},
			&cli.BoolFlag{Name: "ok", Usage: p.say("成功した", "it succeeded")},
			&cli.BoolFlag{Name: "failed", Usage: p.say("失敗した(--reason が要ります)", "it failed (needs --reason)")}, p.reasonFlag()),
		p.leaf("override", "WINDOW ITEM", "不適合の確認事項(backup、follow-up、reviews)を、理由を付けて通す(課長・第二承認者)", "let work start although an item (backup, follow-up, reviews) is unmet (head or second approver)", func(c *cli.Context) error {
			reason, err := p.need(c, "reason")
			if err != nil {
				return err
			}
			fresh, err := p.fresh(c)
			if err != nil {
				return err
			}
			return p.attendAct(c, "override", web.OverrideBody{Item: c.Args().Get(1), Reason: reason, Fresh: fresh},
				"理由を付けて通しました: "+c.Args().Get(1), "overridden: "+c.Args().Get(1))
		}, p.authFlag(), p.reasonFlag()),
		p.leaf("identity", "WINDOW", "本人確認の結果を記す(登録の電話で読み返された三桁、または --failed)", "record the identity check: the three digits heard on the registered telephone, or --failed", func(c *cli.Context) error {
			if (c.String("digits") != "") == c.Bool("failed") {
				return &usageError{ja: "--digits か --failed のどちらか一つが要ります", en: "either --digits or --failed is required"}
			}
			if d := c.String("digits"); d != "" && !attendance.IsNumber(d) {
				return &usageError{ja: "--digits は三桁の数字です", en: "--digits is three digits",
					hintJA: "保守要員に画面の番号を一桁ずつ読み上げてもらってください", hintEN: "have the engineer read the number on the screen digit by digit"}
			}
			v, err := act[web.Window](p, c, "/v1/windows/"+part(c.Args().First())+"/identity", web.IdentityBody{Digits: c.String("digits"), Person: c.String("person")})
			if err != nil {
				return err
			}
			if c.Bool("failed") {
				return p.done(v, fmt.Sprintf("時間枠 %s: 本人確認ができなかったと記しました。接続しません", v.ID), fmt.Sprintf("window %s: recorded that the identity check failed; nobody is connected", v.ID))
			}
			if v.State == string(policy.WindowPermitted) { // another engineer of the window, or the same who came anew
				return p.done(v, fmt.Sprintf("時間枠 %s: 照合番号が一致しました。開始は許可済みです", v.ID), fmt.Sprintf("window %s: the number matched; the start is permitted already", v.ID))
			}
			return p.done(v, fmt.Sprintf("時間枠 %s: 照合番号が一致しました。次は attend permit", v.ID), fmt.Sprintf("window %s: the number matched; next: attend permit", v.ID))
		},
			&cli.StringFlag{Name: "digits", Usage: p.say("聞き取った三桁", "the three digits that were heard")},
			&cli.BoolFlag{Name: "failed", Usage: p.say("出ない、または本人でない", "nobody answered, or the wrong person did")},
			&cli.StringFlag{Name: "person", Usage: p.say("保守要員(複数が待つとき)", "the engineer, where several wait")}),
		p.leaf("permit", "WINDOW", "開始を許可する(パスワードと認証コードを尋ねます)", "permit the start (asks for password and code)", func(c *cli.Context) error {
			fresh, err := p.fresh(c)
			if err != nil {
				return err
			}
			return p.windowAct(c, "permit", web.PermitBody{Fresh: fresh})
		}, p.authFlag()),
		p.leaf("unpermit", "WINDOW", "許可を取り消す(接続は直ちに切れる)", "take the permission back (sessions are cut at once)", func(c *cli.Context) error {
			return p.windowAct(c, "unpermit", web.WindowBody{Reason: c.String("reason")})
		}, p.reasonFlag()),
		p.leaf("handover", "WINDOW PERSON", "立会いを別の人に引き継ぐ(相手が take して成立)", "offer the post to another person, who must take it", func(c *cli.Context) error {
			return p.attendAct(c, "handover", web.HandoverBody{Person: c.Args().Get(1)},
				c.Args().Get(1)+" に引継ぎを申し出ました。相手が attend take すると移ります。", "offered to "+c.Args().Get(1)+", who takes it with attend take")
		}),
		p.leaf("take", "WINDOW", "申し出のあった立会いを引き継ぐ", "take the post that was offered", func(c *cli.Context) error {
			return p.attendAct(c, "take", web.WindowBody{}, "立会いを引き継ぎました。attend stay で席に着いてください。", "you have the post; stay with attend stay")
		}),
		p.leaf("stay", "WINDOW", "席に着く(在席を知らせ続け、できごとを表示する。Ctrl-C で離れる)", "stay at the post: keep saying so and print what happens; Ctrl-C leaves", p.attendStay),
	)
}

func (p *program) attendBackup(c *cli.Context) error {
	if c.Bool("ok") == c.Bool("failed") {
		return &usageError{ja: "--ok か --failed のどちらか一つが要ります", en: "either --ok or --failed is required"}
	}
	made, err := p.need(c, "at")
	if err != nil {
		return err
	}
	return p.attendAct(c, "backup", web.BackupBody{At: made, How: c.String("how"), OK: c.Bool("ok"), Reason: c.String("reason")},
		"バックアップを記録しました。", "backup stated")
}

// attendAct does an act whose answer is the window as its attendant looks at it.
func (p *program) attendAct(c *cli.Context, what string, body any, ja, en string) error {
	v, err := act[web.Attendance](p, c, "/v1/windows/"+part(c.Args().First())+"/"+what, body)
	if err != nil {
		return err
	}
	return p.done(v, ja, en)
}

func (p *program) printAttendance(v web.Attendance) error {
	if p.json {
		return p.writeJSON(v)
	}
	fields := make([]column[web.Attendance], 0, 20)
	for _, f := range p.windowFields() {
		fields = append(fields, column[web.Attendance]{f.ja, f.en, func(v web.Attendance) string { return f.value(v.Window) }})
	}
	fields = append(fields,
		column[web.Attendance]{"在席", "PRESENT", func(v web.Attendance) string { return long(v.Present) }},
		column[web.Attendance]{"バックアップ", "BACKUP", func(v web.Attendance) string { return p.backupLine(v) }},
		column[web.Attendance]{"通した不適合", "OVERRIDDEN", func(v web.Attendance) string { return strings.Join(v.Overrides, ", ") }},
		column[web.Attendance]{"引継ぎ", "HANDOVER", func(v web.Attendance) string {
			if v.Handover == nil {
				return ""
			}
			return fmt.Sprintf("%s → %s (%s)", v.Handover.From, v.Handover.To, long(v.Handover.At))
		}},
		column[web.Attendance]{"接続", "SESSIONS", func(v web.Attendance) string {
			var out []string
			for _, s := range v.Sessions {
				out = append(out, strings.TrimSpace(fmt.Sprintf("%s %s %s %s", s.ID, s.Engineer, p.sessionState(s), p.noAnswer(s))))
			}
			return strings.Join(out, "\n")
		}},
		column[web.Attendance]{"延長申請", "EXTENSIONS", func(v web.Attendance) string {
			var out []string
			for _, x := range v.Asked {
				out = append(out, fmt.Sprintf("%s %d分/min %s: %s", x.ID, x.Minutes, x.By, x.Reason))
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

func (p *program) backupLine(v web.Attendance) string {
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
	return strings.TrimSpace(fmt.Sprintf("%s %s %s %s", stamp(v.Backup.At), p.say(map[string]string{"by-hand": "手入力", "automatic": "連動"}[v.Backup.How], v.Backup.How), state, v.Backup.By))
}

// printChecklist shows the steps in their compulsory order, with who ticked them, when, and how.
func (p *program) printChecklist(list *web.Checklist) {
	if list == nil {
		return
	}
	fmt.Fprintln(p.out)
	fmt.Fprintln(p.out, plain(p.say(fmt.Sprintf("手順書 %s 第%d版", list.Title, list.Version), fmt.Sprintf("Checklist %s, version %d", list.Title, list.Version))))
	for _, s := range list.Steps {
		mark, who := "[ ]", ""
		if s.By != "" {
			mark, who = "[v]", fmt.Sprintf("%s %s %s", p.ticked(s.Method), long(s.At), s.By)
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
