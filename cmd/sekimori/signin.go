package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/urfave/cli/v2"

	"sekimori/broker/api"
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
	code, err := a.enrolmentCode(c.Context, c.String("code-file"))
	if err != nil {
		return err
	}
	s, err := api.Post(c.Context, k, api.EnrollBeginPath, api.EnrollBegin{Code: code})
	if err != nil {
		return err
	}
	if p.json {
		if err := p.writeJSON(s); err != nil {
			return err
		}
	} else {
		fmt.Fprintf(p.out, "%s: %s (%s)\n", p.say("登録する人", "enrolling"), plain(s.Person.Name), plain(s.Person.ID))
	}
	if a.lines != nil && !p.json { // a caller who pipes the answers computes the code from it
		p.showSecret(s.Secret, s.URL)
	}
	body := api.EnrollFinish{Code: code, Keys: keys, Label: hostLabel()}
	ask := a.newPassword
	switch s.Directory {
	case "ldap": // of the institution's directory: it exists already
		ask = a.password
	case "oidc":
		ask = func(context.Context) (string, error) { return "", nil }
	}
	if body.Password, err = ask(c.Context); err != nil {
		return err
	}
	if a.lines == nil && !p.json { // after the password, so that it stands on the screen while the code is asked for
		p.showSecret(s.Secret, s.URL)
	}
	t, err := firstCode(c.Context, a, "認証コード", "one-time code", func(totp string) (t api.TokenReply, err error) {
		body.TOTP = totp
		for {
			t, err = api.Post(c.Context, k, api.EnrollFinishPath, body)
			if a.lines != nil || !refusedPassword(a, err) {
				return t, err
			}
			if body.Password, err = ask(c.Context); err != nil {
				return t, err
			}
		}
	})
	if err != nil {
		return err
	}
	if t.Token == "" {
		fmt.Fprintln(p.out, p.say("登録しました。機関の認証基盤の画面からサインインしてください。", "enrolled; now sign in on the pages, through the institution's directory"))
		return nil
	}
	return p.signedIn(t, "登録しました", "enrolled")
}

// refusedPassword tells that the broker takes anything but the new password, and says why.
func refusedPassword(a *asker, err error) bool {
	var fault *api.Fault
	if !errors.As(err, &fault) || len(fault.Details) != 1 || fault.Details[0].Path != "password" {
		return false
	}
	a.say(fault.Details[0].JA, fault.Details[0].EN)
	return true
}

// enrolmentCode reads the code from its file, or asks for it. It never stands on the command line: everybody on the machine reads that.
func (a *asker) enrolmentCode(ctx context.Context, file string) (string, error) {
	if file == "" {
		code, err := a.secret(ctx, "登録コード", "enrolment code")
		return strings.TrimSpace(code), err
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return "", &failure{ja: "登録コードのファイルが読めません", en: "cannot read the file of the enrolment code", cause: err}
	}
	return strings.TrimSpace(string(text)), nil
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
		if login, err = a.line(c.Context, "ログイン名", "login"); err != nil {
			return err
		}
	}
	k, err := p.connect(c, false)
	if err != nil {
		return err
	}
	earlier, err := p.readToken(p.place) // of this server; there may be none
	if err != nil {
		earlier = storedToken{}
	}
	for try := 1; ; try++ {
		fresh, err := a.both(c.Context)
		if err != nil {
			return err
		}
		t, err := api.Post(c.Context, k, api.LoginPath, api.LoginBody{Login: login, Fresh: fresh, Label: hostLabel(), Earlier: earlier.Token})
		if err == nil {
			return p.signedIn(t, "サインインしました", "signed in")
		}
		var fault *api.Fault
		if a.lines != nil || try == loginTries || !errors.As(err, &fault) || fault.Code != "auth-failed" {
			return err
		}
		a.say("ログイン名、パスワード、認証コードのどれかが違うか、コードが使用済みです。もう一度入れてください。", "Login, password or code is wrong, or the code was used before. Once more, please.")
	}
}

// loginTries is how often a person at the terminal may mistype in one command. The broker does not say which of the three was wrong, and
// locks after some more.
const loginTries = 3

// signedIn keeps the token. It goes into the client's file and nowhere else, not even to --json.
func (p *program) signedIn(t api.TokenReply, ja, en string) error {
	if err := p.writeToken(storedToken{Token: t.Token, Person: t.Person.ID, Name: t.Person.Name, Expires: t.Expires}); err != nil {
		return err
	}
	if t.KeysPending != "" && !p.json {
		fmt.Fprintf(p.err, p.say("鍵は %s が確認されてから使えます\n", "the keys work once %s is confirmed\n"), t.KeysPending)
	}
	until := t.Expires.Format("2006-01-02 15:04")
	return p.done(struct {
		Person      api.Person `json:"person"`
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
		_, callErr := api.Post(c.Context, k, api.LogoutPath, nil)
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
		person, err := fetch(p, c, api.WhoAmIPath, nil)
		if err != nil {
			return err
		}
		return p.pageWithPlace(person)
	})
}
