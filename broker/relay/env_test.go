package relay_test

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"sekimori/broker/internal/testbed"
	"sekimori/recordings"
)

// Values in the engineer's language, with tabs, as long and as many as shells and locales make them.
func TestLocaleVariablesPassAsTheyAre(t *testing.T) {
	values := map[string]string{"LANG": "ja_JP.UTF-8", "LC_TAB": "a\tb\nc", "LC_LONG": strings.Repeat("語", 4096/3), "LC_EMPTY": "", "LC_MARK": "\uFFFD<&>\u2028"}
	for i := range 64 - len(values) {
		values[fmt.Sprint("LC_", i)] = fmt.Sprint("値", i)
	}
	got := make(chan map[string]string, 1)
	target := testbed.StartTarget(t, testbed.TargetOptions{Session: func(s *testbed.TargetSession) { got <- s.Env; s.Exit(0) }})
	r := newRig(t, rigOptions{target: target})
	s := session(t, r.client())
	for name, value := range values {
		if err := s.Setenv(name, value); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := s.Run("x"); err != nil {
		t.Fatal(err)
	}
	arrived := <-got
	for name, value := range values {
		if arrived[name] != value {
			t.Errorf("%s arrived as %.80q", name, arrived[name])
		}
	}
	r.kill()
	for _, body := range r.events(recordings.EventEnv) {
		var e recordings.Env
		if err := json.Unmarshal([]byte(body), &e); err != nil || values[e.Name] != e.Value {
			t.Errorf("recorded %.80s, %v", body, err)
		}
		delete(values, e.Name)
	}
	if len(values) > 0 {
		t.Errorf("%d variables are not recorded", len(values))
	}
}

// A dropped variable gives an event with its cause, and a message to a terminal once, never to a program.
func TestDroppedVariablesAreSaid(t *testing.T) {
	r := newRig(t, rigOptions{})
	c := r.client()
	drop := func(s *ssh.Session) {
		for name, value := range map[string]string{"LC_SJIS": "\x93\xfa", "LC_NUL": "a\x00b", "LC_HUGE": strings.Repeat("x", 4097), "EDITOR": "vi"} {
			if s.Setenv(name, value) == nil {
				t.Errorf("%s passes", name)
			}
		}
	}
	plain := session(t, c)
	drop(plain)
	if out, err := plain.CombinedOutput("print quiet"); err != nil || string(out) != "quiet" {
		t.Errorf("without a terminal: %q, %v", out, err)
	}
	said := 0
	for range 2 {
		s := session(t, c)
		drop(s)
		if err := s.RequestPty("xterm", 24, 80, nil); err != nil {
			t.Fatal(err)
		}
		var all strings.Builder
		out, _ := s.StdoutPipe()
		errs, _ := s.StderrPipe()
		in, _ := s.StdinPipe()
		if err := s.Shell(); err != nil {
			t.Fatal(err)
		}
		if said == 0 {
			text := waitFor(t, io.MultiReader(errs, out), "variables not passed on")
			all.WriteString(text)
		}
		in.Close()
		rest, _ := io.ReadAll(out)
		more, _ := io.ReadAll(errs)
		all.Write(rest)
		all.Write(more)
		said += strings.Count(all.String(), "variables not passed on")
		if strings.Contains(all.String(), "EDITOR") {
			t.Errorf("a name that no server takes is said: %q", all.String())
		}
	}
	if said != 1 {
		t.Errorf("said %d times", said)
	}
	r.kill()
	details := strings.Join(r.events(recordings.EventRefused), "\n")
	for _, name := range []string{"LC_SJIS", "LC_NUL", "LC_HUGE", "EDITOR"} {
		if !strings.Contains(details, name+": ") {
			t.Errorf("no event tells of %s: %s", name, details)
		}
	}
}
