package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"sekimori/broker/registry"
)

// The stories of testdata/script run the command itself: this test binary is `sekimori` when it
// is called by that name.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"sekimori": main})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			env.Setenv("LANG", "C")
			env.Setenv("HOME", env.WorkDir)
			env.Setenv("SEKIMORI_TOKEN_FILE", env.WorkDir+"/token.json")
			// A socket's path is short; a story's directory may not be.
			dir, err := os.MkdirTemp("", "skm")
			if err != nil {
				return err
			}
			env.Defer(func() { os.RemoveAll(dir) })
			env.Setenv("SHORT", dir)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"serve": serveStory, "enroll": enrollStory, "code": codeStory, "wait-file": waitFile,
			"enroll-printed": enrollPrinted, "as": asStory, "auth": authStory,
		},
	})
}

// serveStory: `serve CONFIG` starts a broker in the background and returns once its socket answers.
// It is interrupted when the story ends and must then have stopped cleanly.
func serveStory(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: serve CONFIG")
	}
	self, err := os.Executable()
	ts.Check(err)
	cmd := exec.Command(self, "serve", "--config", ts.MkAbs(args[0]), "--json")
	cmd.Args[0] = "sekimori"
	cmd.Path, err = exec.LookPath("sekimori")
	if err != nil {
		cmd.Path, err = lookIn(ts.Getenv("PATH"), "sekimori")
		ts.Check(err)
	}
	cmd.Env = append(os.Environ(), "HOME="+ts.Getenv("HOME"), "LANG=C")
	var log bytes.Buffer
	cmd.Stderr = &log
	out, err := cmd.StdoutPipe()
	ts.Check(err)
	ts.Check(cmd.Start())
	first := make([]byte, 4096)
	n, err := out.Read(first)
	if err != nil {
		_ = cmd.Wait()
		ts.Fatalf("the broker did not start: %v\n%s", err, log.String())
	}
	for line := range strings.Lines(string(first[:n])) {
		if _, v, ok := strings.Cut(line, `"ssh": "`); ok {
			ts.Setenv("SSH_ADDRESS", strings.Trim(strings.TrimSpace(v), `",`))
		}
		if _, v, ok := strings.Cut(line, `"socket": "`); ok {
			ts.Setenv("SEKIMORI_SOCKET", strings.Trim(strings.TrimSpace(v), `",`))
		}
	}
	ts.Defer(func() {
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			ts.Logf("interrupt: %v", err)
		}
		_, _ = io.Copy(io.Discard, out)
		if err := cmd.Wait(); err != nil {
			ts.Logf("serve: %v\n%s", err, log.String())
		}
	})
}

func lookIn(path, name string) (string, error) {
	for _, dir := range strings.Split(path, string(os.PathListSeparator)) {
		if p := dir + "/" + name; fileThere(p) {
			return p, nil
		}
	}
	return "", fmt.Errorf("%s is nowhere in %s", name, path)
}

func fileThere(p string) bool {
	_, err := os.Stat(p)
	return err == nil
}

// inProcess runs the command in this process, as the person whose token file is $TOKENS/LOGIN.
func inProcess(ts *testscript.TestScript, login string, in io.Reader, args ...string) (string, string, int) {
	var out, errs bytes.Buffer
	p := &program{
		in: in, out: &out, err: &errs, now: time.Now,
		getenv: func(name string) string {
			if name == "SEKIMORI_TOKEN_FILE" {
				return ts.MkAbs("token-" + login + ".json")
			}
			return ts.Getenv(name)
		},
		terminal: func(any) (int, bool) { return 0, false },
	}
	status := p.run(context.Background(), args)
	return out.String(), errs.String(), status
}

// enrollStory: `enroll LOGIN CODE [KEY.pub…]` goes through the two steps of an enrolment as a person
// would and keeps the secret of the second factor for `code` and `auth`.
func enrollStory(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: enroll LOGIN CODE [KEY.pub...]")
	}
	// The secret is printed before the answers are read.
	outR, outW := io.Pipe()
	inR, inW := io.Pipe()
	line := []string{"enroll", args[1], "--auth-stdin"}
	for _, key := range args[2:] {
		line = append(line, "--key", ts.MkAbs(key))
	}
	var errs bytes.Buffer
	p := &program{
		in: inR, out: outW, err: &errs, now: time.Now,
		getenv: func(name string) string {
			if name == "SEKIMORI_TOKEN_FILE" {
				return ts.MkAbs("token-" + args[0] + ".json")
			}
			return ts.Getenv(name)
		},
		terminal: func(any) (int, bool) { return 0, false },
	}
	done := make(chan int, 1)
	go func() {
		status := p.run(context.Background(), line)
		inR.CloseWithError(io.ErrClosedPipe)
		outW.Close()
		done <- status
	}()
	var seen bytes.Buffer
	secret := ""
	buf := make([]byte, 1024)
	for {
		n, err := outR.Read(buf)
		seen.Write(buf[:n])
		if secret == "" {
			if _, rest, ok := strings.Cut(seen.String(), "secret: "); ok && strings.Contains(rest, "\n") {
				secret, _, _ = strings.Cut(rest, "\n")
				ts.Check(os.WriteFile(ts.MkAbs("secret-"+args[0]), []byte(secret), 0o600))
				code, err := registry.CodeAt(secret, time.Now())
				ts.Check(err)
				go fmt.Fprintf(inW, "%s\n%s\n", storyPassword, code)
			}
		}
		if err != nil {
			break
		}
	}
	if status := <-done; status != 0 {
		ts.Fatalf("enroll %s: exit %d\n%s%s", args[0], status, seen.String(), errs.String())
	}
}

// enrollPrinted: `enroll-printed LOGIN` enrols with the code that the last `as` printed as JSON.
func enrollPrinted(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: enroll-printed LOGIN")
	}
	out, err := os.ReadFile(ts.MkAbs("out"))
	ts.Check(err)
	_, rest, ok := strings.Cut(string(out), `"code": "`)
	code, _, closed := strings.Cut(rest, `"`)
	if !ok || !closed {
		ts.Fatalf("no code in %s", out)
	}
	enrollStory(ts, false, []string{args[0], code})
}

const storyPassword = "correct horse battery staple"

// nextCode is a one-time code of a step that was not used yet: a code counts once, and the broker takes
// the next step too, so that a story need not wait for the clock.
func nextCode(ts *testscript.TestScript, login string) string {
	secret, err := os.ReadFile(ts.MkAbs("secret-" + login))
	ts.Check(err)
	now := time.Now()
	step := now.Unix()/30 + 1
	last, err := os.ReadFile(ts.MkAbs("step-" + login))
	if err == nil && string(last) == fmt.Sprint(step) {
		ts.Fatalf("no unused code of %s until %s; enrol and one proof are all that a story gets in 30 s", login, time.Unix((step)*30, 0))
	}
	ts.Check(os.WriteFile(ts.MkAbs("step-"+login), []byte(fmt.Sprint(step)), 0o600))
	code, err := registry.CodeAt(string(secret), time.Unix(step*30, 0))
	ts.Check(err)
	return code
}

// codeStory: `code LOGIN` prints an unused one-time code.
func codeStory(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: code LOGIN")
	}
	_, err := fmt.Fprintln(ts.Stdout(), nextCode(ts, args[0]))
	ts.Check(err)
}

// asStory: `as LOGIN COMMAND…` runs `sekimori COMMAND…` with LOGIN's token.
func asStory(ts *testscript.TestScript, neg bool, args []string) { runAs(ts, neg, args, false) }

// authStory is `as` with password and a fresh code on standard input.
func authStory(ts *testscript.TestScript, neg bool, args []string) { runAs(ts, neg, args, true) }

func runAs(ts *testscript.TestScript, neg bool, args []string, fresh bool) {
	if len(args) < 2 {
		ts.Fatalf("usage: as LOGIN COMMAND...")
	}
	in := strings.NewReader("")
	line := args[1:]
	if fresh {
		in = strings.NewReader(storyPassword + "\n" + nextCode(ts, args[0]) + "\n")
		line = append(line, "--auth-stdin")
	}
	for i, a := range line {
		if i > 0 && (line[i-1] == "-f" || line[i-1] == "-o") {
			line[i] = ts.MkAbs(a)
		}
	}
	out, errs, status := inProcess(ts, args[0], in, line...)
	_, err := io.WriteString(ts.Stdout(), out)
	ts.Check(err)
	_, err = io.WriteString(ts.Stderr(), errs)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs("out"), []byte(out), 0o600))
	if (status != 0) != neg {
		ts.Fatalf("as %s: exit %d\n%s%s", strings.Join(args, " "), status, out, errs)
	}
	ts.Check(os.WriteFile(ts.MkAbs("exit"), []byte(fmt.Sprintln(status)), 0o600))
}

// waitFile: `wait-file PATH` waits until a file, or a socket that answers, is there.
func waitFile(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: wait-file PATH")
	}
	path := ts.MkAbs(args[0])
	deadline := time.NewTimer(10 * time.Second)
	defer deadline.Stop()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		info, err := os.Stat(path)
		if err == nil && info.Mode().Type() == os.ModeSocket {
			var c net.Conn
			if c, err = net.Dial("unix", path); err == nil {
				c.Close()
			}
		}
		if err == nil {
			return
		}
		select {
		case <-tick.C:
		case <-deadline.C:
			ts.Fatalf("%s: %v", path, err)
		}
	}
}
