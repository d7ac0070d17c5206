package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"sekimori/broker/forms"
	"sekimori/broker/store"
	"sekimori/broker/web"
)

// noun makes the two commands that every kind of thing in the registry has.
func noun[T any](p *program, path, emptyJA, emptyEN string, inList int, fields []column[T]) []*cli.Command {
	return []*cli.Command{
		p.leaf("list", "", "一覧", "list", func(c *cli.Context) error {
			v, err := fetch[[]T](p, c, path, nil)
			if err != nil {
				return err
			}
			return list(p, v, emptyJA, emptyEN, fields[:inList])
		}),
		p.leaf("show", "ID", "一つを見る", "show one", func(c *cli.Context) error {
			// Account ids hold a slash: they are the rest of the path.
			v, err := fetch[T](p, c, path+"/"+strings.ReplaceAll(part(c.Args().First()), "%2F", "/"), nil)
			if err != nil {
				return err
			}
			return page(p, v, fields)
		}),
	}
}

func (p *program) systemCommand() *cli.Command {
	return p.group("system", "対象システム", "systems", noun(p, "/v1/systems", "対象システムはまだ登録されていません。", "No system is registered yet.", 4, []column[web.System]{
		{"番号", "ID", func(v web.System) string { return v.ID }},
		{"名前", "NAME", func(v web.System) string { return v.Name }},
		{"所管課", "SECTION", func(v web.System) string { return v.Section }},
		{"立会い", "ATTENDANCE", func(v web.System) string { return v.Attendance }},
		{"第二承認", "SECOND STAGE", func(v web.System) string { return p.yes(v.SecondStage) }},
		{"本人確認", "IDENTITY CHECK", func(v web.System) string { return p.yes(v.IdentityCheck) }},
		{"回線", "LINE", func(v web.System) string { return v.Line }},
		{"専有", "EXCLUSIVE", func(v web.System) string { return p.yes(v.Exclusive) }},
		{"最長の時間枠", "LONGEST WINDOW", func(v web.System) string { return v.MaxWindow }},
		{"無操作の限度", "IDLE", func(v web.System) string { return v.Idle }},
		{"電話", "PHONE", func(v web.System) string { return v.Phone }},
		{"備考", "NOTE", func(v web.System) string { return v.Note }},
		{"個人情報", "PERSONAL DATA", func(v web.System) string { return p.yes(v.PersonalData) }},
		{"第二承認が要る場合", "SECOND WHEN", func(v web.System) string { return strings.Join(v.SecondWhen, " ") }},
		{"申請から開始まで", "LEAD", func(v web.System) string { return v.Lead }},
		{"立会者の延長の限度", "DELEGATED", func(v web.System) string { return v.Delegated }},
		{"バックアップの古さの限度", "BACKUP AGE", func(v web.System) string { return v.BackupAge }},
		{"繰返しの承認", "RECURRING", func(v web.System) string { return v.Recurring }},
		{"立会者不在で一時停止", "PAUSE AFTER", func(v web.System) string { return v.PauseAfter }},
		{"立会者不在で切断", "CUT AFTER", func(v web.System) string { return v.CutAfter }},
		{"作業報告の期限", "REPORT WITHIN", func(v web.System) string { return v.ReportWithin }},
		{"手順書", "CHECKLIST", p.checklistLines},
	})...)
}

// checklistLines are a system's procedure, a step a line.
func (p *program) checklistLines(v web.System) string {
	if v.Checklist == nil {
		return ""
	}
	lines := []string{fmt.Sprintf(p.say("%s(第%d版)", "%s (version %d)"), v.Checklist.Title, v.Checklist.Version)}
	for i, s := range v.Checklist.Steps {
		note := ""
		if !s.Mandatory {
			note = p.say("(任意)", " (optional)")
		}
		if s.Phase == store.PhaseClose {
			note += p.say("(終了後)", " (afterwards)")
		}
		lines = append(lines, fmt.Sprintf("%d. %s: %s%s", i+1, s.ID, p.say(s.JA, s.EN), note))
	}
	return strings.Join(lines, "\n")
}

func (p *program) accountCommand() *cli.Command {
	return p.group("account", "作業用アカウント", "accounts", noun(p, "/v1/accounts", "作業用アカウントはまだ登録されていません。", "No account is registered yet.", 4, []column[web.Account]{
		{"番号", "ID", func(v web.Account) string { return v.ID }},
		{"接続先", "TARGET", func(v web.Account) string { return v.Target }},
		{"管理者権限", "ROOT", func(v web.Account) string { return p.yes(v.Root) }},
		{"認証", "CREDENTIAL", func(v web.Account) string { return v.Credential }},
		{"備考", "NOTE", func(v web.Account) string { return v.Note }},
	})...)
}

func (p *program) targetCommand() *cli.Command {
	commands := noun(p, "/v1/targets", "接続先はまだ登録されていません。", "No target is registered yet.", 3, []column[web.Target]{
		{"番号", "ID", func(v web.Target) string { return v.ID }},
		{"システム", "SYSTEM", func(v web.Target) string { return v.System }},
		{"アドレス", "ADDRESS", func(v web.Target) string { return net.JoinHostPort(v.Host, strconv.Itoa(v.Port)) }},
		{"ホスト鍵", "HOST KEY", func(v web.Target) string { return v.HostKey }},
		{"古い暗号方式", "LEGACY ALGORITHMS", func(v web.Target) string { return v.Legacy }},
		{"訓練用", "DRILL", func(v web.Target) string { return p.yes(v.Drill) }},
		{"備考", "NOTE", func(v web.Target) string { return v.Note }},
	})
	commands = append(commands, p.group("secret", "接続先の認証情報", "what opens an account on a target",
		p.leaf("set", "ACCOUNT", "アカウントの秘密鍵かパスワードを封じて預ける", "seal an account's private key or password", p.setSecret,
			&cli.StringFlag{Name: "file", Usage: p.say("秘密のファイル(- は標準入力)", "file of the secret (- for standard input)")}, p.authFlag()),
	))
	return p.group("target", "接続先", "targets", commands...)
}

func (p *program) setSecret(c *cli.Context) error {
	file, err := p.need(c, "file")
	if err != nil {
		return err
	}
	if file == "-" && c.Bool("auth-stdin") {
		return &usageError{ja: "--file - と --auth-stdin は一緒に使えません", en: "--file - and --auth-stdin exclude each other"}
	}
	secret, err := p.readFile(file)
	if err != nil {
		return err
	}
	fresh, err := p.fresh(c)
	if err != nil {
		return err
	}
	v, err := act[web.Account](p, c, "/v1/secrets", web.SecretBody{Account: c.Args().First(), Secret: secret, Fresh: fresh})
	if err != nil {
		return err
	}
	return p.done(v, fmt.Sprintf("封じて預けました: %s", v.ID), fmt.Sprintf("sealed: %s", v.ID))
}

// readText reads a file that goes to the broker as text. JSON has no other characters than those of UTF-8: what is none would become
// U+FFFD on the way, and the broker, which names the place of such a byte, would never see it. So it is looked for here. The error is a
// *forms.Invalid like the broker's.
func (p *program) readText(file string) (string, error) {
	b, err := p.readFile(file)
	if err != nil {
		return "", err
	}
	if _, err := forms.Plain(file, b); err != nil {
		return "", err
	}
	return string(b), nil
}

// readFile reads what a person hands in, at most what the broker takes.
func (p *program) readFile(file string) ([]byte, error) {
	var r io.Reader = p.in
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return nil, &failure{ja: "ファイルを読めません", en: "cannot read the file", cause: err}
		}
		defer f.Close()
		r = f
	}
	const most = 1 << 20
	b, err := io.ReadAll(io.LimitReader(r, most+1))
	if err != nil {
		return nil, &failure{ja: "ファイルを読めません", en: "cannot read the file", cause: err}
	}
	if len(b) > most {
		return nil, &failure{ja: "ファイルが大きすぎます(上限 1 MiB)", en: "the file is too large (at most 1 MiB)"}
	}
	return b, nil
}
