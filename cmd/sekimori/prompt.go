package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/urfave/cli/v2"
	"golang.org/x/term"

	"sekimori/broker/api"
	"sekimori/broker/registry"
	"sekimori/cmd/sekimori/internal/prompt"
)

// isTerminal tells whether a stream is a terminal, and its descriptor.
func isTerminal(stream any) (int, bool) {
	f, ok := stream.(*os.File)
	if !ok {
		return 0, false
	}
	return int(f.Fd()), term.IsTerminal(int(f.Fd()))
}

// terminalFile is a stream's terminal, if it is one.
func (p *program) terminalFile(stream any) (*os.File, bool) {
	f, ok := stream.(*os.File)
	if _, is := p.terminal(stream); !ok || !is {
		return nil, false
	}
	return f, true
}

// lines reads answers from standard input, for scripts (--auth-stdin). One reader per command:
// the bytes it buffers belong to the next question.
type lines struct{ r *bufio.Reader }

func (l *lines) next(what string) (string, error) {
	s, err := l.r.ReadString('\n')
	if err == io.EOF && s != "" {
		err = nil
	}
	if err != nil {
		return "", &usageError{
			ja: fmt.Sprintf("標準入力に%sの行がありません", what), en: fmt.Sprintf("standard input has no line for the %s", what),
			hintJA: "一行に一つずつ渡します(パスワード、認証コードの順。enroll では登録コードが先)", hintEN: "a line each: the password, then the one-time code; for enroll the enrolment code before them",
		}
	}
	return strings.TrimRight(s, "\r\n"), nil
}

// asker asks the person: at the terminal, or from standard input. Questions at a terminal are asked again until the answer can be one;
// Ctrl-C and Ctrl-D end the command there.
type asker struct {
	p     *program
	lines *lines // nil: a terminal
	at    *prompt.Terminal
	close func() error
}

// ask prepares to ask. Without a terminal and without --auth-stdin nothing can be asked.
func (p *program) ask(c *cli.Context) (*asker, error) {
	if c.Bool("auth-stdin") {
		return &asker{p: p, lines: &lines{bufio.NewReader(p.in)}, close: func() error { return nil }}, nil
	}
	if f, ok := p.terminalFile(p.in); ok {
		if p.questions == nil {
			p.questions = prompt.New(f, p.err)
		}
		return &asker{p: p, at: p.questions, close: func() error { return nil }}, nil
	}
	// Standard input may be a file (`request submit -f -`); the terminal is still there.
	if f, err := os.OpenFile("/dev/tty", os.O_RDWR, 0); err == nil {
		return &asker{p: p, at: prompt.New(f, f), close: f.Close}, nil
	}
	return nil, &usageError{
		ja: "パスワードと認証コードを尋ねる端末がありません", en: "there is no terminal to ask for password and code",
		hintJA: "--auth-stdin で標準入力から二行で渡します", hintEN: "with --auth-stdin they come as two lines on standard input",
	}
}

// say tells the person something between questions.
func (a *asker) say(ja, en string) { fmt.Fprintln(a.p.err, plain(a.p.say(ja, en))) }

// question asks until there is an answer.
func (a *asker) question(ctx context.Context, ja, en string, ask func(context.Context, string) (string, error)) (string, error) {
	if a.lines != nil {
		return a.lines.next(a.p.say(ja, en))
	}
	for {
		answer, err := ask(ctx, plain(a.p.say(ja, en)))
		if err != nil || strings.TrimSpace(answer) != "" {
			return answer, err
		}
		a.say("空のままです。もう一度入れてください(Ctrl-C で中止)。", "That was empty. Once more, please (Ctrl-C stops).")
	}
}

// line asks for one line, which is shown.
func (a *asker) line(ctx context.Context, ja, en string) (string, error) {
	answer, err := a.question(ctx, ja, en, a.at.Line)
	return strings.TrimSpace(answer), err
}

// secret asks for one line, which is not shown.
func (a *asker) secret(ctx context.Context, ja, en string) (string, error) {
	return a.question(ctx, ja, en, a.at.Secret)
}

func (a *asker) password(ctx context.Context) (string, error) {
	return a.secret(ctx, "パスワード", "password")
}

// code asks for a one-time code. At a terminal it asks again until there are six digits: any other answer would cost a try.
func (a *asker) code(ctx context.Context, ja, en string) (string, error) {
	for {
		code, err := a.secret(ctx, ja+"(6桁)", en+" (6 digits)")
		code = strings.ReplaceAll(strings.TrimSpace(code), " ", "")
		if err != nil || a.lines != nil || len(code) == 6 && strings.Trim(code, "0123456789") == "" {
			return code, err
		}
		a.say("認証コードは数字6桁です。", "A one-time code is six digits.")
	}
}

func (a *asker) both(ctx context.Context) (api.Fresh, error) {
	password, err := a.password(ctx)
	if err != nil {
		return api.Fresh{}, err
	}
	code, err := a.code(ctx, "認証コード", "one-time code")
	return api.Fresh{Password: password, Code: code}, err
}

// newPassword asks for a password that is to be. At a terminal it is asked for twice, because it cannot be seen, and again where it
// cannot be one.
func (a *asker) newPassword(ctx context.Context) (string, error) {
	if a.lines != nil {
		return a.secret(ctx, "新しいパスワード", "new password")
	}
	for {
		first, err := a.secret(ctx, fmt.Sprintf("新しいパスワード(%d字以上)", registry.LeastPassword), fmt.Sprintf("new password (%d characters or more)", registry.LeastPassword))
		if err != nil {
			return "", err
		}
		if n := utf8.RuneCountInString(first); n < registry.LeastPassword {
			a.say(fmt.Sprintf("%d字しかありません。%d字以上にしてください。", n, registry.LeastPassword), fmt.Sprintf("That has %d characters; it needs %d or more.", n, registry.LeastPassword))
			continue
		}
		again, err := a.secret(ctx, "もう一度", "again")
		if err != nil || first == again {
			return first, err
		}
		a.say("二つが違います。初めからもう一度入れてください。", "The two differ. Type the new password once more.")
	}
}

// proved carries out an act that takes password and code. At a terminal a proof that was mistyped is asked for again.
func proved[T any](p *program, c *cli.Context, do func(api.Fresh) (T, error)) (T, error) {
	a, err := p.ask(c)
	if err != nil {
		var none T
		return none, err
	}
	defer a.close()
	return provedBy(c.Context, a, do)
}

func provedBy[T any](ctx context.Context, a *asker, do func(api.Fresh) (T, error)) (v T, err error) {
	fresh, err := a.both(ctx)
	for err == nil {
		if v, err = do(fresh); err == nil {
			return v, nil
		}
		fresh, err = a.mended(ctx, fresh, err)
	}
	return v, err
}

// mended asks for what was wrong in a proof. An error that is about anything else is returned as it is.
func (a *asker) mended(ctx context.Context, fresh api.Fresh, err error) (api.Fresh, error) {
	var fault *api.Fault
	if a.lines != nil || !errors.As(err, &fault) || len(fault.Details) != 1 {
		return fresh, err
	}
	detail := fault.Details[0]
	var ask func() error
	switch detail.Code {
	case api.WrongPassword:
		ask = func() (err error) { fresh.Password, err = a.password(ctx); return err }
	case api.UsedCode:
		a.say(detail.JA, detail.EN)
		if err := a.nextCode(ctx); err != nil {
			return fresh, err
		}
		fallthrough
	case api.WrongCode:
		ask = func() (err error) { fresh.Code, err = a.code(ctx, "認証コード", "one-time code"); return err }
	default:
		return fresh, err
	}
	if detail.Code != api.UsedCode {
		a.say(detail.JA+"もう一度入れてください。", detail.EN+"; once more, please")
	}
	return fresh, ask()
}

// paged shows what a function prints, a screen at a time where it goes to the terminal that is asked at.
func (p *program) paged(ctx context.Context, a *asker, print func() error) error {
	out := p.out
	if _, ok := p.terminalFile(out); !ok {
		return print()
	}
	var text strings.Builder
	p.out = &text
	err := print()
	p.out = out
	if err != nil {
		return err
	}
	return a.at.Page(ctx, text.String(), p.say("-- 続きは Enter、中止は Ctrl-C --", "-- Enter: more, Ctrl-C: stop --"))
}

// nextCode waits until an authenticator shows the next code.
func (a *asker) nextCode(ctx context.Context) error {
	const step = 30 * time.Second
	next := a.p.now().Truncate(step).Add(step)
	return a.at.Wait(ctx, func() string {
		left := next.Sub(a.p.now())
		if left <= 0 {
			return ""
		}
		n := int((left + time.Second - 1) / time.Second)
		return a.p.say(fmt.Sprintf("次のコードまで %d秒(Ctrl-C で中止)", n), fmt.Sprintf("the next code comes in %d s (Ctrl-C stops)", n))
	})
}

// actProved sends an act that takes password and code.
func actProved[T any](p *program, c *cli.Context, path api.Path[T], body func(api.Fresh) any) (T, error) {
	return proved(p, c, func(f api.Fresh) (T, error) { return act(p, c, path, body(f)) })
}

// actAnew sends an act that takes password and code in some cases only: they are asked for when the broker says so, or
// read at once where they come on standard input.
func actAnew[T any](p *program, c *cli.Context, path api.Path[T], body func(api.Fresh) any) (T, error) {
	if c.Bool("auth-stdin") {
		return actProved(p, c, path, body)
	}
	v, err := act(p, c, path, body(api.Fresh{}))
	var fault *api.Fault
	if errors.As(err, &fault) && fault.Code == "fresh-authentication-required" {
		return actProved(p, c, path, body)
	}
	return v, err
}

// reason is --reason, or what the person at the terminal says when asked.
func (p *program) reason(c *cli.Context) (string, error) {
	if said := c.String("reason"); said != "" || p.json || c.Bool("auth-stdin") {
		return p.need(c, "reason")
	}
	if _, ok := p.terminal(p.in); !ok {
		return p.need(c, "reason")
	}
	a, err := p.ask(c)
	if err != nil {
		return "", err
	}
	defer a.close()
	return a.line(c.Context, "理由(記録されます)", "reason (it is ledgered)")
}

// reasonAsked is the reason as given; at a terminal one that was left out is asked for. Elsewhere the broker says that it is needed.
func (p *program) reasonAsked(c *cli.Context) (string, error) {
	if _, ok := p.terminal(p.in); !ok || p.json || c.Bool("auth-stdin") {
		return c.String("reason"), nil
	}
	return p.reason(c)
}

// reasonIf is reasonAsked where the act needs a reason, and otherwise the reason as given.
func (p *program) reasonIf(c *cli.Context, needed bool) (string, error) {
	if !needed {
		return c.String("reason"), nil
	}
	return p.reasonAsked(c)
}

// needsReason makes a command whose act needs a reason ask for it first, as reasonAsked does.
func (p *program) needsReason(cmd *cli.Command) *cli.Command {
	run := cmd.Action
	cmd.Action = func(c *cli.Context) error {
		reason, err := p.reasonAsked(c)
		if err == nil && reason != "" {
			err = c.Set("reason", reason)
		}
		if err != nil {
			return err
		}
		return run(c)
	}
	return cmd
}
