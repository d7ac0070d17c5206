package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/urfave/cli/v2"

	"sekimori/broker/api"
	"sekimori/broker/forms"
	"sekimori/broker/rules"
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
