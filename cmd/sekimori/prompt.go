package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/urfave/cli/v2"
	"golang.org/x/term"

	"sekimori/broker/web"
)

// isTerminal tells whether a stream is a terminal, and its descriptor.
func isTerminal(stream any) (int, bool) {
	f, ok := stream.(*os.File)
	if !ok {
		return 0, false
	}
	return int(f.Fd()), term.IsTerminal(int(f.Fd()))
}

// lines reads answers from standard input, for scripts (--auth-stdin). One reader per command:
// what it buffers belongs to the next question.
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

// asker asks the person for secrets: on the terminal without echo, or from standard input.
type asker struct {
	p     *program
	lines *lines // nil: a terminal
	tty   io.ReadWriter
	fd    int
	close func() error
}

// ask prepares to ask. Without a terminal and without --auth-stdin nothing can be asked.
func (p *program) ask(c *cli.Context) (*asker, error) {
	if c.Bool("auth-stdin") {
		return &asker{p: p, lines: &lines{bufio.NewReader(p.in)}, close: func() error { return nil }}, nil
	}
	if fd, ok := p.terminal(p.in); ok {
		f := p.in.(*os.File)
		return &asker{p: p, tty: f, fd: fd, close: func() error { return nil }}, nil
	}
	// Standard input may be a file (`request submit -f -`); the terminal is still there.
	if f, err := os.OpenFile("/dev/tty", os.O_RDWR, 0); err == nil {
		return &asker{p: p, tty: f, fd: int(f.Fd()), close: f.Close}, nil
	}
	return nil, &usageError{
		ja: "パスワードと認証コードを尋ねる端末がありません", en: "there is no terminal to ask for password and code",
		hintJA: "--auth-stdin で標準入力から二行で渡します", hintEN: "with --auth-stdin they come as two lines on standard input",
	}
}

func (a *asker) secret(ja, en string) (string, error) {
	if a.lines != nil {
		return a.lines.next(a.p.say(ja, en))
	}
	fmt.Fprintf(a.p.err, "%s: ", a.p.say(ja, en))
	b, err := term.ReadPassword(a.fd)
	fmt.Fprintln(a.p.err)
	if err != nil {
		return "", fmt.Errorf("read from the terminal: %w", err)
	}
	return string(b), nil
}

// fresh asks for password and code: what decisions.md calls fresh authentication.
func (p *program) fresh(c *cli.Context) (web.Fresh, error) {
	a, err := p.ask(c)
	if err != nil {
		return web.Fresh{}, err
	}
	defer a.close()
	return a.both()
}

// actAnew sends an act that asks for password and code in some cases only: they are asked for when the broker says so, or
// read at once where they come on standard input.
func actAnew[T any](p *program, c *cli.Context, path string, body func(web.Fresh) any) (T, error) {
	var fresh web.Fresh
	var none T
	var err error
	if c.Bool("auth-stdin") {
		if fresh, err = p.fresh(c); err != nil {
			return none, err
		}
	}
	v, err := act[T](p, c, path, body(fresh))
	var fault *web.Fault
	if errors.As(err, &fault) && fault.Code == "fresh-authentication-required" && !c.Bool("auth-stdin") {
		if fresh, err = p.fresh(c); err != nil {
			return none, err
		}
		v, err = act[T](p, c, path, body(fresh))
	}
	return v, err
}

func (a *asker) both() (web.Fresh, error) {
	password, err := a.secret("パスワード", "password")
	if err != nil {
		return web.Fresh{}, err
	}
	code, err := a.secret("認証コード(6桁)", "one-time code (6 digits)")
	if err != nil {
		return web.Fresh{}, err
	}
	return web.Fresh{Password: password, Code: strings.TrimSpace(code)}, nil
}
