package main

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"sekimori/cmd/sekimori/internal/screen"
	"sekimori/policy/text"
)

// role is a group of commands in the help: those that a person in that role begins with. A command is in one group, that of the people who
// use it most; others may use it too where the rules let them.
type role struct {
	name     text.Text
	commands []string
}

func roles() []role {
	return []role{
		{text.Text{JA: "だれでも", EN: "Everyone"}, []string{"enroll", "login", "logout", "whoami", "password", "factor", "key", "passkey", "freeze", "incident", "notice", "calendar", "version"}},
		{text.Text{JA: "申請者、承認者、代決者", EN: "Requester, approver, deputy"}, []string{"request", "deputy", "extension", "window", "permit", "files"}},
		{text.Text{JA: "立会者", EN: "Attendant"}, []string{"attend", "line", "session", "report", "day"}},
		{text.Text{JA: "点検担当", EN: "Auditor"}, []string{"reconcile", "review", "finding", "recording", "ledger", "form", "annual"}},
		{text.Text{JA: "情報システム課、管理者", EN: "Information-systems section, administrator"}, []string{"apply", "person", "vendor", "roster", "pledge", "paper", "system", "target", "account", "alarm", "notify"}},
		{text.Text{JA: "関守を動かす人", EN: "Running the broker"}, []string{"demo", "init", "check", "serve", "completion", "man"}},
	}
}

// exits are the exit statuses and what they mean, for the help and the man page. README has the same list.
func exits() [][2]text.Text {
	row := func(status, ja, en string) [2]text.Text {
		return [2]text.Text{{JA: status, EN: status}, {JA: ja, EN: en}}
	}
	return [][2]text.Text{
		row("0", "できた", "done"),
		row("1", "できなかった(理由は標準エラー出力に)", "not done; standard error says why"),
		row("2", "コマンドの書き方が違う", "the command line means nothing"),
		row("3", "規則により断られた(理由番号つき)", "refused by a rule, with its number"),
		row("130", "質問の途中で中止した(何も変えていない)", "stopped at a question; nothing was changed"),
		row("250-255", "ssh のみ: 250 許可なし、251 まだ・今はできない、252 時間切れ、253 人が止めた、254 安全のための停止、255 サインインできない",
			"of ssh only: 250 not permitted, 251 not now, 252 time is up, 253 stopped by a person, 254 a safeguard failed, 255 not signed in"),
	}
}

// helped gives the program and the commands that may show one their help texts: all texts take a hundred times as long as a command. The
// library's own templates are English and do not fold.
func (p *program) helped(app *cli.App, may func(*cli.Command) bool) *cli.App {
	app.CustomAppHelpTemplate = p.appHelp(app)
	var walk func(path string, commands []*cli.Command)
	walk = func(path string, commands []*cli.Command) {
		for _, c := range commands {
			if may(c) {
				c.CustomHelpTemplate = p.commandHelp(path+" "+c.Name, c)
			}
			walk(path+" "+c.Name, c.Subcommands)
		}
	}
	walk(app.Name, app.Commands)
	return app
}

func (p *program) appHelp(app *cli.App) string {
	var b strings.Builder
	b.WriteString(app.Usage + "\n\n" + p.say("使い方: sekimori コマンド [オプション] …\nコマンドごとの説明: sekimori コマンド --help", "usage: sekimori COMMAND [OPTIONS] …\nabout one command: sekimori COMMAND --help") + "\n")
	for _, r := range roles() {
		b.WriteString("\n" + p.words(r.name) + "\n")
		var rows [][2]string
		for _, name := range r.commands {
			if c := find(app.Commands, name); c != nil {
				rows = append(rows, [2]string{c.Name, c.Usage})
			}
		}
		described(&b, rows, 12)
	}
	b.WriteString("\n" + p.say("どのコマンドにもあるオプション", "Options of every command") + "\n")
	described(&b, p.options(app.Flags), 0)
	b.WriteString("\n" + p.say("終了コード", "Exit status") + "\n")
	var rows [][2]string
	for _, row := range exits() {
		rows = append(rows, [2]string{p.words(row[0]), p.words(row[1])})
	}
	described(&b, rows, 0)
	return b.String()
}

func (p *program) commandHelp(path string, c *cli.Command) string {
	var b strings.Builder
	for _, line := range text.Wrap(path+": "+c.Usage, screen.Width, "") {
		b.WriteString(line + "\n")
	}
	if len(c.Subcommands) > 0 {
		b.WriteString("\n" + p.say("使い方: ", "usage: ") + path + p.say(" コマンド …", " COMMAND …") + "\n\n")
		var rows [][2]string
		for _, sub := range c.Subcommands {
			rows = append(rows, [2]string{strings.TrimSpace(sub.Name + " " + sub.ArgsUsage), sub.Usage})
		}
		described(&b, rows, 0)
	} else {
		b.WriteString("\n" + p.say("使い方: ", "usage: ") + strings.TrimSpace(path+p.say(" [オプション] ", " [OPTIONS] ")+c.ArgsUsage) + "\n")
		common := p.commonFlags()
		own := slices.DeleteFunc(slices.Clone(c.Flags), func(f cli.Flag) bool {
			return slices.ContainsFunc(common, func(o cli.Flag) bool { return o.Names()[0] == f.Names()[0] })
		})
		if len(own) > 0 {
			b.WriteString("\n")
			described(&b, p.options(own), 0)
		}
	}
	b.WriteString("\n" + p.say("どのコマンドにもあるオプションと終了コード: sekimori --help", "options of every command, and exit statuses: sekimori --help") + "\n")
	return b.String()
}

// options are rows of flags: how each is written, and what it does.
func (p *program) options(flags []cli.Flag) (rows [][2]string) {
	for _, f := range flags {
		var names []string
		for _, name := range f.Names() {
			names = append(names, strings.Repeat("-", min(2, len(name)))+name)
		}
		written := strings.Join(names, ", ")
		usage := ""
		if d, ok := f.(cli.DocGenerationFlag); ok {
			usage = d.GetUsage()
			if d.TakesValue() {
				written += p.say(" 値", " VALUE")
			}
			if text := strings.Trim(d.GetDefaultText(), `"`); d.TakesValue() && text != "" && text != "-1" && text != "0" && text != "0s" {
				usage += p.say("(既定 ", " (default ") + text + ")"
			}
		}
		rows = append(rows, [2]string{written, usage})
	}
	return rows
}

// described writes names and what they mean, folded beside the names; least is how wide the names' column is at least.
func described(b *strings.Builder, rows [][2]string, least int) {
	const most = 30 // a longer name has its meaning below
	left := least
	for _, row := range rows {
		if n := text.Width(row[0]); n <= most {
			left = max(left, n)
		}
	}
	left += 4
	for _, row := range rows {
		head := "  " + row[0]
		if text.Width(head)+2 > left {
			b.WriteString(head + "\n")
			head = ""
		}
		for _, line := range text.Wrap(row[1], screen.Width-left, "") {
			b.WriteString(strings.TrimRight(head+strings.Repeat(" ", max(0, left-text.Width(head)))+line, " ") + "\n")
			head = ""
		}
	}
}

// text picks the language of the person at the terminal.
func (p *program) words(t text.Text) string { return p.say(t.JA, t.EN) }
