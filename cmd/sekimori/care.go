package main

import (
	"github.com/urfave/cli/v2"

	"sekimori/broker/api"
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
	var next string
	v, err := provedBy(c.Context, a, func(f api.Fresh) (v api.Person, err error) {
		if next == "" { // the new one comes last, and once
			if next, err = a.newPassword(c.Context); err != nil {
				return v, err
			}
		}
		return act(p, c, api.PasswordPath, api.PasswordBody{New: next, Fresh: f})
	})
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
	s, err := provedBy(c.Context, a, func(f api.Fresh) (api.FactorSecret, error) {
		return act(p, c, api.FactorBeginPath, api.FactorBody{Fresh: f})
	})
	if err != nil {
		return err
	}
	if p.json {
		if err := p.writeJSON(s); err != nil {
			return err
		}
	} else {
		p.showSecret(s.Secret, s.URL)
	}
	v, err := firstCode(c.Context, a, "新しい認証コード", "new one-time code", func(code string) (api.Person, error) {
		return act(p, c, api.FactorFinishPath, api.FactorProof{Code: code})
	})
	if err != nil {
		return err
	}
	return p.done(v, "新しい認証コードに切り替えました", "the new second factor is in force")
}
