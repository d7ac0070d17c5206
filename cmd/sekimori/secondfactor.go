package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"sekimori/broker/api"
	"sekimori/cmd/sekimori/internal/prompt"
	"sekimori/cmd/sekimori/internal/qr"
)

// showSecret shows the secret of a second factor, once: as text, and as a QR code where the screen has room for it. The code stands last,
// right above the question that follows, so that it is whole on a screen of 24 rows.
func (p *program) showSecret(secret, otpauth string) {
	fmt.Fprintln(p.out, p.say("認証アプリに次の秘密を入れてください(二度と表示されません):", "put this secret into the authenticator (it is not shown again):"))
	fmt.Fprintf(p.out, "secret: %s\notpauth: %s\n", secret, otpauth)
	if f, ok := p.terminalFile(p.out); ok {
		columns, rows := prompt.New(f, f).Size()
		lines, width, err := qr.Lines(short(otpauth))
		switch {
		case err != nil || p.getenv("TERM") == "dumb" || p.getenv("TERM") == "":
		case width > columns || len(lines) > rows-1:
			fmt.Fprintln(p.out, p.say(fmt.Sprintf("(QRコードには %d桁×%d行の画面が要ります)", width, len(lines)+1), fmt.Sprintf("(a QR code needs a screen of %d columns and %d rows)", width, len(lines)+1)))
		default:
			for _, line := range lines {
				fmt.Fprintln(p.out, line)
			}
		}
	}
}

// short leaves out of an otpauth URL what every authenticator assumes, and the issuer where the label names it: a QR code of it is
// smaller.
func short(otpauth string) string {
	u, err := url.Parse(otpauth)
	if err != nil {
		return otpauth
	}
	q := u.Query()
	for name, usual := range map[string]string{"algorithm": "SHA1", "digits": "6", "period": "30"} {
		if q.Get(name) == usual {
			q.Del(name)
		}
	}
	if strings.HasPrefix(u.Path, "/"+q.Get("issuer")+":") {
		q.Del("issuer")
	}
	u.RawQuery = q.Encode()
	return u.String()
}

// enrolmentTries is how many wrong codes an enrolment code bears; the broker counts.
const enrolmentTries = 5

// firstCode takes the first code of a new second factor. At a terminal a wrong code is asked for again while the secret stays the same:
// the authenticator has it by then.
func firstCode[T any](ctx context.Context, a *asker, ja, en string, do func(code string) (T, error)) (v T, err error) {
	for try := 1; ; try++ {
		code, err := a.code(ctx, ja, en)
		if err != nil {
			return v, err
		}
		v, err := do(code)
		var fault *api.Fault
		if a.lines != nil || try == enrolmentTries || !errors.As(err, &fault) || fault.Code != "auth-failed" {
			return v, err
		}
		if len(fault.Details) == 1 && fault.Details[0].Code != api.WrongCode {
			if fault.Details[0].Code != api.ClockOff { // the directory's password, or the directory itself
				return v, err
			}
			a.say(fault.Details[0].JA, fault.Details[0].EN)
		}
		a.say("認証コードが違います。秘密は同じままです。アプリに出ているコードを入れてください。", "The code is wrong. The secret stays the same: type the code that the authenticator shows now.")
	}
}
