package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"sekimori/broker/api"
	"sekimori/broker/forms"
	"sekimori/broker/rules"
	"sekimori/broker/store"
)

// noun makes the two commands that every kind of thing in the registry has.
func noun[T any](p *program, kind api.Kind[T], emptyJA, emptyEN string, inList int, fields []column[T]) []*cli.Command {
	return []*cli.Command{
		p.listLeaf("list", "", "一覧", "list", func(c *cli.Context) error {
			v, err := fetchList(p, c, kind.All(), nil)
			if err != nil {
				return err
			}
			return list(p, v, emptyJA, emptyEN, fields[:inList])
		}),
		p.leaf("show", "ID", "一つを見る", "show one", func(c *cli.Context) error {
			v, err := fetch(p, c, kind.Of(c.Args().First()), nil)
			if err != nil {
				return err
			}
			return page(p, v, fields)
		}),
	}
}

func (p *program) systemCommand() *cli.Command {
	columns := []column[api.System]{{"番号", "ID", func(v api.System) string { return v.ID }}}
	inList := []string{"name", "section", "attendance"}
	for _, row := range append(rules.Fields.Only(inList...), rules.Fields.Without(inList...)...) {
		columns = append(columns, column[api.System]{row.Label.JA, strings.ToUpper(row.Label.EN), func(v api.System) string { return row.Say(&v.System, p.lang) }})
	}
	return p.group("system", "対象システム", "systems", noun(p, api.Systems, "対象システムはまだ登録されていません。", "No system is registered yet.", 1+len(inList), columns)...)
}

func (p *program) accountCommand() *cli.Command {
	return p.group("account", "作業用アカウント", "accounts", noun(p, api.Accounts, "作業用アカウントはまだ登録されていません。", "No account is registered yet.", 4, []column[api.Account]{
		{"番号", "ID", func(v api.Account) string { return v.ID }},
		{"接続先", "TARGET", func(v api.Account) string { return v.Target }},
		{"管理者権限", "ROOT", func(v api.Account) string { return p.yes(v.Root) }},
		{"認証", "CREDENTIAL", func(v api.Account) string { return word(p, store.CredentialKind(v.Credential)) }},
		{"備考", "NOTE", func(v api.Account) string { return v.Note }},
	})...)
}

func (p *program) targetCommand() *cli.Command {
	commands := noun(p, api.Targets, "接続先はまだ登録されていません。", "No target is registered yet.", 3, []column[api.Target]{
		{"番号", "ID", func(v api.Target) string { return v.ID }},
		{"システム", "SYSTEM", func(v api.Target) string { return v.System }},
		{"アドレス", "ADDRESS", func(v api.Target) string { return net.JoinHostPort(v.Host, strconv.Itoa(v.Port)) }},
		{"ホスト鍵", "HOST KEY", func(v api.Target) string { return v.HostKey }},
		{"古い暗号方式", "LEGACY ALGORITHMS", func(v api.Target) string { return v.Legacy }},
		{"訓練用", "DRILL", func(v api.Target) string { return p.yes(v.Drill) }},
		{"備考", "NOTE", func(v api.Target) string { return v.Note }},
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
	v, err := actProved(p, c, api.SecretsPath, func(f api.Fresh) any { return api.SecretBody{Account: c.Args().First(), Secret: secret, Fresh: f} })
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
