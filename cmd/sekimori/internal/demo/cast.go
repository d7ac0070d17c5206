package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/pquerna/otp/totp"

	"sekimori/broker/api"
)

// actor is one person of the demonstration. Everything the person does goes through the same
// commands, the same socket and the same checks as anybody's.
type actor struct {
	d        *demo
	login    string
	ja, en   string // role, for the narration
	password string
	secret   string // of the second factor
	step     int64  // last time step whose code was given; each counts once
}

// sekimori runs one command as this person. stdin answers --auth-stdin.
func (a *actor) sekimori(ctx context.Context, stdin io.Reader, args ...string) ([]byte, error) {
	var out, problems bytes.Buffer
	if err := a.run(ctx, stdin, &out, &problems, append(args, "--json")...); err != nil {
		return out.Bytes(), fmt.Errorf("%s: sekimori %s: %w", a.login, strings.Join(args, " "), err)
	}
	return out.Bytes(), nil
}

// reads runs a command and gives the lines that the person sees.
func (a *actor) reads(ctx context.Context, args ...string) ([]string, error) {
	var out, problems bytes.Buffer
	if err := a.run(ctx, nil, &out, &problems, args...); err != nil {
		return nil, fmt.Errorf("%s: sekimori %s: %w", a.login, strings.Join(args, " "), err)
	}
	return strings.Split(strings.Trim(out.String(), "\n"), "\n"), nil
}

// refusedSigned runs a command that asks for password and code anew and must not go through, and gives its exit status and the
// lines of its report.
func (a *actor) refusedSigned(ctx context.Context, args ...string) (int, []string, error) {
	code, err := a.code(ctx)
	if err != nil {
		return 0, nil, err
	}
	return a.refusal(ctx, strings.NewReader(a.password+"\n"+code+"\n"), append(args, "--auth-stdin")...)
}

func (a *actor) refusal(ctx context.Context, stdin io.Reader, args ...string) (int, []string, error) {
	var out, problems bytes.Buffer
	err := a.run(ctx, stdin, &out, &problems, args...)
	var failed *commandFailed
	if !errors.As(err, &failed) {
		return 0, nil, fmt.Errorf("%s: sekimori %s should have been refused: %v", a.login, strings.Join(args, " "), err)
	}
	return failed.status, linesOf(failed.text), nil
}

func (a *actor) run(ctx context.Context, stdin io.Reader, out io.Writer, problems *bytes.Buffer, args ...string) error {
	if stdin == nil {
		stdin = strings.NewReader("")
	}
	env := map[string]string{
		"SEKIMORI_SOCKET": a.d.broker.Socket(), "SEKIMORI_TOKEN_FILE": a.tokenFile(), "LANG": a.d.Lang,
	}
	call := Call{Args: append(args, "--lang", a.d.Lang), In: stdin, Out: out, Err: problems, Env: env, Now: a.d.now}
	if status := a.d.Sekimori(ctx, call); status != 0 {
		return &commandFailed{status: status, text: strings.TrimSpace(problems.String())}
	}
	return nil
}

func (a *actor) tokenFile() string { return filepath.Join(a.d.dir, "tokens", a.login+".json") }

// commandFailed is a command's own report.
type commandFailed struct {
	status int
	text   string
}

func (e *commandFailed) Error() string { return fmt.Sprintf("exit %d: %s", e.status, e.text) }

// ask runs a command and reads its JSON into v.
func (a *actor) ask(ctx context.Context, v any, args ...string) error {
	out, err := a.sekimori(ctx, nil, args...)
	if err != nil {
		return err
	}
	return json.Unmarshal(out, v)
}

// sign runs a command that asks for password and code anew.
func (a *actor) sign(ctx context.Context, v any, args ...string) error {
	code, err := a.code(ctx)
	if err != nil {
		return err
	}
	out, err := a.sekimori(ctx, strings.NewReader(a.password+"\n"+code+"\n"), append(args, "--auth-stdin")...)
	if err != nil {
		return err
	}
	return json.Unmarshal(out, v)
}

// code gives a one-time code that was not given before. Where the gate takes no further one yet, the demonstration's clock is set forward
// to the step of the next.
func (a *actor) code(ctx context.Context) (string, error) {
	if code, fresh, err := a.fresh(); fresh || err != nil {
		return code, err
	}
	if err := a.d.skip(ctx, time.Unix(a.step*30, 0)); err != nil {
		return "", err
	}
	code, _, err := a.fresh()
	return code, err
}

// codeInTime is code once the walk is over: the clock is not set forward any more, because people go by it, and a third code within
// half a minute has to wait for its step.
func (a *actor) codeInTime(ctx context.Context) (string, error) {
	for {
		if code, fresh, err := a.fresh(); fresh || err != nil {
			return code, err
		}
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-time.After(time.Second):
		}
	}
}

// fresh gives the code of a step that the person has not used, as the person's authenticator would. The gate takes the step before and
// after the present one; fresh is false where those are used. The step before is taken until the present one is over, and a busy machine
// may need some time until the gate reads the code.
func (a *actor) fresh() (code string, fresh bool, err error) {
	const busy = 15 * time.Second
	now := a.d.now()
	next := max(now.Add(busy).Unix()/30-1, a.step+1)
	if next > now.Unix()/30+1 {
		return "", false, nil
	}
	a.step = next
	code, err = totp.GenerateCode(a.secret, time.Unix(next*30, 0))
	return code, true, err
}

// enroll sets password and second factor with the code that the founding apply issued: the
// command shows the secret, and only then is answered.
func (a *actor) enroll(ctx context.Context, code string) error {
	answers, give := io.Pipe()
	out := &secretReader{found: make(chan string, 1)}
	var problems bytes.Buffer
	done := make(chan error, 1)
	go func() {
		err := a.run(ctx, answers, out, &problems, "enroll", "--auth-stdin", "--json")
		answers.Close()
		give.Close()
		done <- err
	}()
	fmt.Fprintln(give, code) // fails only where the command has ended, which is told next
	select {
	case err := <-done:
		return fmt.Errorf("enroll %s: %w", a.login, err)
	case a.secret = <-out.found:
	}
	c, err := a.code(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(give, "%s\n%s\n", a.password, c)
	return <-done
}

// secretReader takes a command's output and finds the enrolment's secret in it.
type secretReader struct {
	mu    sync.Mutex // guards text
	text  bytes.Buffer
	found chan string
}

func (s *secretReader) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.text.Write(p)
	var v api.EnrollSecret
	if json.NewDecoder(bytes.NewReader(s.text.Bytes())).Decode(&v) == nil && v.Secret != "" {
		select {
		case s.found <- v.Secret:
		default:
		}
	}
	return len(p), nil
}
