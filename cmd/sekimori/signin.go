package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"

	"github.com/urfave/cli/v2"

	"sekimori/broker/web"
)

func (p *program) enrollCommand() *cli.Command {
	return p.leaf("enroll", "", "登録コードでパスワードと二つ目の認証、鍵を登録する(コードは尋ねます)", "set password and second factor, register keys, with an enrolment code, which is asked for", p.enroll,
		&cli.BoolFlag{Name: "auth-stdin", Usage: p.say("登録コード、パスワード、認証コードを標準入力から一行ずつ読む", "read enrolment code, password and one-time code from standard input, a line each")},
		&cli.StringFlag{Name: "code-file", Usage: p.say("登録コードが書かれたファイル", "file that holds the enrolment code")},
		&cli.StringSliceFlag{Name: "key", Usage: p.say("登録する公開鍵のファイル(繰り返せます)", "file of a public key to register (may be repeated)")},
	)
}

// codeAsArgument is the error of an enrolment code on the command line, which everybody on the machine reads.
func codeAsArgument() error {
	return &usageError{
		ja: "登録コードは引数に書けません。同じ機械の利用者に見えます", en: "an enrolment code is not taken as an argument: others on this machine can read it",
		hintJA: "`sekimori enroll` だけを実行すると尋ねます(または --code-file)", hintEN: "run `sekimori enroll` alone and it is asked for (or give --code-file)",
	}
}

// enroll takes two calls: the first shows the secret of the second factor, the second proves
// that the person has it. Until then nothing of the old enrolment is replaced.
func (p *program) enroll(c *cli.Context) error {
	var keys []string
	for _, file := range c.StringSlice("key") {
		b, err := os.ReadFile(file)
		if err != nil {
			return &failure{ja: "公開鍵を読めません", en: "cannot read a public key", cause: err}
		}
		for _, l := range strings.Split(string(b), "\n") {
			if l = strings.TrimSpace(l); l != "" && !strings.HasPrefix(l, "#") {
				keys = append(keys, l)
			}
		}
	}
	k, err := p.connect(c, false)
	if err != nil {
		return err
	}
	a, err := p.ask(c)
	if err != nil {
		return err
	}
	defer a.close()
	code, err := a.enrolmentCode(c.String("code-file"))
	if err != nil {
		return err
	}
	var s web.EnrollSecret
	if err := k.call(c.Context, "POST", "/v1/enroll/begin", nil, web.EnrollBegin{Code: code}, &s); err != nil {
		return err
	}
	if p.json {
		if err := p.writeJSON(s); err != nil {
			return err
		}
	} else {
		fmt.Fprintf(p.out, "%s: %s (%s)\n", p.say("登録する人", "enrolling"), plain(s.Person.Name), plain(s.Person.ID))
		fmt.Fprintln(p.out, p.say("認証アプリに次の秘密を入れてください(二度と表示されません):", "put this secret into the authenticator (it is not shown again):"))
		fmt.Fprintf(p.out, "secret: %s\notpauth: %s\n", s.Secret, s.URL)
	}
	fresh, err := a.newPassword()
	if err != nil {
		return err
	}
	var t web.TokenReply
	body := web.EnrollFinish{Code: code, Password: fresh.Password, TOTP: fresh.Code, Keys: keys, Label: hostLabel()}
	if err := k.call(c.Context, "POST", "/v1/enroll/finish", nil, body, &t); err != nil {
		return err
	}
	return p.signedIn(t, "登録しました", "enrolled")
}

// enrolmentCode reads the code from its file, or asks for it. It never stands on the command line: everybody on the machine reads that.
func (a *asker) enrolmentCode(file string) (string, error) {
	if file == "" {
		code, err := a.secret("登録コード", "enrolment code")
		return strings.TrimSpace(code), err
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return "", &failure{ja: "登録コードのファイルが読めません", en: "cannot read the file of the enrolment code", cause: err}
	}
	return strings.TrimSpace(string(text)), nil
}

// newPassword asks twice on a terminal, because what is typed cannot be seen.
func (a *asker) newPassword() (web.Fresh, error) {
	if a.lines != nil {
		return a.both()
	}
	first, err := a.secret("新しいパスワード", "new password")
	if err != nil {
		return web.Fresh{}, err
	}
	again, err := a.secret("もう一度", "again")
	if err != nil {
		return web.Fresh{}, err
	}
	if first != again {
		return web.Fresh{}, &failure{
			ja: "二つのパスワードが違います", en: "the two passwords differ",
			hintJA: "同じコードでやり直せます", hintEN: "try again with the same enrolment code",
		}
	}
	code, err := a.secret("認証コード(6桁)", "one-time code (6 digits)")
	if err != nil {
		return web.Fresh{}, err
	}
	return web.Fresh{Password: first, Code: strings.TrimSpace(code)}, nil
}

func (p *program) loginCommand() *cli.Command {
	return p.leaf("login", "[LOGIN]", "サインインし、8時間のトークンを受け取る", "sign in and get a token for 8 hours", p.login, p.authFlag())
}

func (p *program) login(c *cli.Context) error {
	a, err := p.ask(c)
	if err != nil {
		return err
	}
	defer a.close()
	login := c.Args().First()
	if login == "" {
		if a.lines != nil {
			return &usageError{ja: "LOGIN が要ります", en: "LOGIN is required"}
		}
		fmt.Fprintf(p.err, "%s: ", p.say("ログイン名", "login"))
		line, err := bufio.NewReader(a.tty).ReadString('\n')
		if err != nil {
			return fmt.Errorf("read from the terminal: %w", err)
		}
		login = strings.TrimSpace(line)
	}
	fresh, err := a.both()
	if err != nil {
		return err
	}
	k, err := p.connect(c, false)
	if err != nil {
		return err
	}
	var t web.TokenReply
	earlier, err := p.readToken(p.place) // of this server; there may be none
	if err != nil {
		earlier = storedToken{}
	}
	if err := k.call(c.Context, "POST", "/v1/login", nil, web.LoginBody{Login: login, Fresh: fresh, Label: hostLabel(), Earlier: earlier.Token}, &t); err != nil {
		return err
	}
	return p.signedIn(t, "サインインしました", "signed in")
}

// signedIn keeps the token. It goes into the client's file and nowhere else, not even to --json.
func (p *program) signedIn(t web.TokenReply, ja, en string) error {
	if err := p.writeToken(storedToken{Token: t.Token, Person: t.Person.ID, Name: t.Person.Name, Expires: t.Expires}); err != nil {
		return err
	}
	if t.KeysPending != "" && !p.json {
		fmt.Fprintf(p.err, p.say("鍵は %s が確認されてから使えます\n", "the keys work once %s is confirmed\n"), t.KeysPending)
	}
	until := t.Expires.Format("2006-01-02 15:04")
	return p.done(struct {
		Person      web.Person `json:"person"`
		Expires     string     `json:"expires_at"`
		KeysPending string     `json:"keys_pending,omitempty"`
	}{t.Person, t.Expires.Format("2006-01-02T15:04:05Z07:00"), t.KeysPending},
		fmt.Sprintf("%s: %s(%s)、%s まで", ja, t.Person.Name, t.Person.ID, until),
		fmt.Sprintf("%s: %s (%s), until %s", en, t.Person.Name, t.Person.ID, until))
}

func hostLabel() string {
	name, err := os.Hostname()
	if err != nil {
		return "sekimori"
	}
	return "sekimori@" + name
}

func (p *program) logoutCommand() *cli.Command {
	return p.leaf("logout", "", "トークンを無効にする", "revoke the token", func(c *cli.Context) error {
		k, err := p.connect(c, true)
		if err != nil {
			return err
		}
		callErr := k.call(c.Context, "POST", "/v1/logout", nil, nil, nil)
		// The file goes in any case; what the broker still holds expires by itself, and is said.
		if err := p.dropToken(); err != nil {
			return err
		}
		if callErr != nil {
			return callErr
		}
		return p.done(map[string]bool{"ok": true}, "サインアウトしました", "signed out")
	})
}

func (p *program) whoamiCommand() *cli.Command {
	return p.leaf("whoami", "", "だれとしてサインインしているか", "who is signed in", func(c *cli.Context) error {
		person, err := fetch[web.Person](p, c, "/v1/whoami", nil)
		if err != nil {
			return err
		}
		return p.pageWithPlace(person)
	})
}
