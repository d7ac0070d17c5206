package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/pquerna/otp/totp"
)

// step is how long one code of the second factor lasts.
const step = 30 * time.Second

// busy is how long a code is good for at least: the step before the present one is taken until the present one is over, and a busy
// machine may need some time until the gate reads the code.
const busy = step / 2

func stepOf(at time.Time) int64 { return at.Unix() / int64(step/time.Second) }

// person is one who uses sekimori.
type person struct {
	b        *bench
	login    string
	password string
	secret   string // of the second factor
	used     int64  // the latest step whose code was given: each counts once
}

func (b *bench) person(login string) *person {
	return &person{b: b, login: login, password: "bench-" + login + "-passphrase"}
}

// command is one command line of this person's.
func (p *person) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, p.b.sekimori, append(args, "--json", "--lang", "en")...)
	cmd.Env = append(os.Environ(),
		"SEKIMORI_SOCKET="+p.b.socket, "SEKIMORI_TOKEN_FILE="+filepath.Join(p.b.dir, "tokens", p.login+".json"))
	return cmd
}

// run carries one command out and reads its JSON.
func (p *person) run(ctx context.Context, into any, args ...string) error {
	return p.answer(ctx, "", into, args...)
}

// sign carries out a command that asks for password and code anew.
func (p *person) sign(ctx context.Context, into any, args ...string) error {
	code, err := p.code(ctx)
	if err != nil {
		return err
	}
	return p.answer(ctx, p.password+"\n"+code+"\n", into, append(args, "--auth-stdin")...)
}

func (p *person) answer(ctx context.Context, answers string, into any, args ...string) error {
	cmd := p.command(ctx, args...)
	var problems bytes.Buffer
	cmd.Stdin, cmd.Stderr = strings.NewReader(answers), &problems
	out, err := cmd.Output()
	if err != nil {
		return p.failed(args, err, &problems)
	}
	return decode(out, into)
}

func (p *person) failed(args []string, err error, problems fmt.Stringer) error {
	return fmt.Errorf("%s: sekimori %s: %w\n%s", p.login, strings.Join(args, " "), err, strings.TrimSpace(problems.String()))
}

// enrol sets password and second factor. The command shows the secret first and then waits for
// the answers.
func (p *person) enrol(ctx context.Context, code string) error {
	args := []string{"enroll", "--auth-stdin"}
	cmd := p.command(ctx, args...)
	var problems bytes.Buffer
	cmd.Stderr = &problems
	answers, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	var shown struct {
		Secret string `json:"totp_secret"`
	}
	_, err = fmt.Fprintln(answers, code)
	if err == nil {
		err = json.NewDecoder(out).Decode(&shown)
	}
	if err == nil {
		p.secret = shown.Secret
		var first string
		if first, err = p.code(ctx); err == nil {
			_, err = fmt.Fprintf(answers, "%s\n%s\n", p.password, first)
		}
	}
	_ = answers.Close() // a command that still asks then says so
	_, _ = io.Copy(io.Discard, out)
	if waited := cmd.Wait(); waited != nil {
		err = waited
	}
	if err != nil {
		return p.failed(args[:1], err, &problems)
	}
	return nil
}

// code gives a code that was not given before. The step before and the one after the present are
// accepted too; who needs a third code within half a minute waits.
func (p *person) code(ctx context.Context) (string, error) {
	for {
		now := time.Now()
		if next := max(stepOf(now.Add(busy))-1, p.used+1); next <= stepOf(now)+1 {
			p.used = next
			return totp.GenerateCode(p.secret, time.Unix(next*int64(step/time.Second), 0))
		}
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-time.After(time.Second):
		}
	}
}
