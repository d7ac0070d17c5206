package main

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"sekimori/broker/web"
)

func (p *program) passwordCommand() *cli.Command {
	return p.group("password", "自分のパスワード", "one's own password",
		p.leaf("change", "", "変える(--auth-stdin: いまのパスワード、認証コード、新しいパスワードの三行)",
			"change it (--auth-stdin: three lines: present password, one-time code, new password)", p.changePassword, p.authFlag()))
}

func (p *program) changePassword(c *cli.Context) error {
	a, err := p.ask(c)
	if err != nil {
		return err
	}
	defer a.close()
	fresh, err := a.both()
	if err != nil {
		return err
	}
	first, err := a.secret("新しいパスワード", "new password")
	if err != nil {
		return err
	}
	if a.lines == nil { // what is typed cannot be seen
		again, err := a.secret("もう一度", "again")
		if err != nil {
			return err
		}
		if first != again {
			return &failure{ja: "二つのパスワードが違います", en: "the two passwords differ"}
		}
	}
	v, err := act[web.Person](p, c, "/v1/password", web.PasswordBody{New: first, Fresh: fresh})
	if err != nil {
		return err
	}
	return p.done(v, "パスワードを変えました。ほかの端末のサインインは終わりました", "the password is changed; tokens elsewhere have ended")
}

func (p *program) factorCommand() *cli.Command {
	return p.group("factor", "自分の二つ目の認証", "one's own second factor",
		p.leaf("renew", "", "認証アプリの秘密を新しくする(新しいコードを示すまで、前のものが有効)",
			"renew the authenticator's secret (the old one is valid until the new one is proved)", p.renewFactor, p.authFlag()))
}

// renewFactor takes two calls, as enrolling does: the first proves the old factor and shows the new one, the second
// proves that the person has it.
func (p *program) renewFactor(c *cli.Context) error {
	a, err := p.ask(c)
	if err != nil {
		return err
	}
	defer a.close()
	fresh, err := a.both()
	if err != nil {
		return err
	}
	s, err := act[web.FactorSecret](p, c, "/v1/factor/begin", web.FactorBody{Fresh: fresh})
	if err != nil {
		return err
	}
	if p.json {
		if err := p.writeJSON(s); err != nil {
			return err
		}
	} else {
		fmt.Fprintln(p.out, p.say("認証アプリに次の秘密を入れてください(二度と表示されません):", "put this secret into the authenticator (it is not shown again):"))
		fmt.Fprintf(p.out, "secret: %s\notpauth: %s\n", s.Secret, s.URL)
	}
	code, err := a.secret("新しい認証コード(6桁)", "new one-time code (6 digits)")
	if err != nil {
		return err
	}
	v, err := act[web.Person](p, c, "/v1/factor/finish", web.FactorProof{Code: strings.TrimSpace(code)})
	if err != nil {
		return err
	}
	return p.done(v, "新しい認証コードに切り替えました", "the new second factor is in force")
}
