package main

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/creack/pty"
	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/term"

	"sekimori/broker/registry"
)

// sitting is a person at a terminal who runs one command.
type sitting struct {
	login  string
	person *os.File // the person's side of the terminal
	cancel context.CancelFunc
	done   chan int
	shown  chan struct{} // closed when all that the command wrote lies in its file
	before *term.State
	tty    *os.File
}

// sitsStory: `sits NAME LOGIN COLSxROWS LANG COMMAND…` runs a command at a terminal of that size, beside the story. NAME.out
// holds the bytes sent to the screen.
func sitsStory(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg || len(args) < 5, "sits NAME LOGIN COLSxROWS LANG COMMAND...")
	s := storyOf(ts)
	columns, rows, ok := strings.Cut(args[2], "x")
	width, err1 := strconv.ParseUint(columns, 10, 16)
	height, err2 := strconv.ParseUint(rows, 10, 16)
	usage(ts, !ok || err1 != nil || err2 != nil, "sits NAME LOGIN COLSxROWS LANG COMMAND...")
	person, tty, err := pty.Open()
	ts.Check(err)
	ts.Check(pty.Setsize(tty, &pty.Winsize{Cols: uint16(width), Rows: uint16(height)}))
	out, err := os.Create(ts.MkAbs(args[0] + ".out"))
	ts.Check(err)
	before, err := term.GetState(int(tty.Fd()))
	ts.Check(err)
	ctx, cancel := context.WithCancel(context.Background()) // a person may sit for the whole story
	at := &sitting{login: args[1], cancel: cancel, person: person, done: make(chan int, 1), shown: make(chan struct{}), before: before, tty: tty}
	if s.sitting == nil {
		s.sitting = map[string]*sitting{}
	}
	s.sitting[args[0]] = at
	p := s.person(ts, args[1]).program(tty, tty, tty)
	p.terminal = isTerminal
	env := p.getenv
	p.getenv = func(name string) string {
		switch name {
		case "LANG":
			return args[3]
		case "TERM":
			return "xterm-256color"
		}
		return env(name)
	}
	go func() {
		defer close(at.shown)
		defer out.Close()
		_, _ = io.Copy(out, person) // ends with an error when the terminal is closed
	}()
	go func() {
		defer cancel()
		at.done <- p.run(ctx, args[4:])
	}()
}

// keysStory: `keys NAME TEXT…` types: \r is Enter, \x03 is Ctrl-C; CODE is an unused one-time code and Enter, AGAIN
// the last one once more, PASSWORD the password.
func keysStory(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg || len(args) < 2, "keys NAME TEXT...")
	s := storyOf(ts)
	at, seen := s.at(ts, args[0]), 0
	for i, text := range args[1:] {
		if i > 0 { // the next question comes first, as for a person
			await(ts, args[0]+" shows the next question", func() bool {
				return len(ts.ReadFile(args[0]+".out")) > seen && question.MatchString(ts.ReadFile(args[0]+".out"))
			})
		}
		seen = len(ts.ReadFile(args[0] + ".out"))
		switch text {
		case "CODE":
			text = s.code(ts, at.login) + `\r`
		case "PASSWORD":
			text = storyPassword + `\r`
		case "AGAIN":
			secret := ts.ReadFile("secret-" + at.login)
			code, err := registry.CodeAt(secret, time.Unix(lastStep(s.dir, at.login)*30, 0))
			ts.Check(err)
			text = code + `\r`
		}
		text, err := strconv.Unquote(`"` + strings.ReplaceAll(text, `"`, `\"`) + `"`)
		ts.Check(err)
		_, err = io.WriteString(at.person, text)
		ts.Check(err)
	}
}

// question is the end of a screen that asks for something.
var question = regexp.MustCompile(`: (\x1b\[[0-9;?]*[A-Za-z]|\r)*$`)

// learnsStory: `learns NAME LOGIN` puts the secret that the screen shows into the person's authenticator.
func learnsStory(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg || len(args) != 2, "learns NAME LOGIN")
	found := regexp.MustCompile(`secret: ([A-Z2-7]+)`).FindStringSubmatch(ts.ReadFile(args[0] + ".out"))
	if found == nil {
		ts.Fatalf("%s shows no secret", args[0])
	}
	s := storyOf(ts)
	ts.Check(os.WriteFile(filepath.Join(s.dir, "secret-"+args[1]), []byte(found[1]), 0o600))
	s.unused(args[1])
}

// leftStory: `left NAME STATUS` waits until the command has ended; the terminal must be as it was.
func leftStory(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg || len(args) != 2, "left NAME STATUS")
	at := storyOf(ts).at(ts, args[0])
	limit := time.NewTimer(time.Minute)
	defer limit.Stop()
	select {
	case status := <-at.done:
		if strconv.Itoa(status) != args[1] {
			ts.Fatalf("%s: exit %d, want %s:\n%s", args[0], status, args[1], ts.ReadFile(args[0]+".out"))
		}
	case <-limit.C:
		ts.Fatalf("%s goes on:\n%s", args[0], ts.ReadFile(args[0]+".out"))
	}
	if now, err := term.GetState(int(at.tty.Fd())); err != nil || *now != *at.before {
		ts.Fatalf("%s: the terminal is not as it was (%v)", args[0], err)
	}
	// A read that is under way keeps the terminal open: Enter ends it.
	_, err := io.WriteString(at.person, "\n")
	ts.Check(err)
	at.tty.Close()
	<-at.shown
	at.person.Close()
	delete(storyOf(ts).sitting, args[0])
}

// leave ends a command that still runs where the story ends before it.
func (at *sitting) leave() {
	at.cancel()
	select {
	case <-at.done:
	case <-time.After(time.Second):
	}
	at.tty.Close()
	at.person.Close()
}

func (s *story) at(ts *testscript.TestScript, name string) *sitting {
	at := s.sitting[name]
	if at == nil {
		ts.Fatalf("no one sits at %s", name)
	}
	return at
}
