package broker_test

import (
	"encoding/json"
	"errors"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"sekimori/broker/store"
	"sekimori/recordings"
)

// frames reads a recording with the identities given.
func (o *office) frames(row store.Session, identities ...age.Identity) (all []recordings.Frame) {
	o.t.Helper()
	r, err := recordings.Open(filepath.Join(o.config.RecordingsDir(), filepath.FromSlash(row.Recording)), identities...)
	if err != nil {
		o.t.Fatal(err)
	}
	defer r.Close()
	for {
		f, err := r.Next()
		if err == io.EOF {
			return all
		}
		if err != nil {
			o.t.Fatal(err)
		}
		f.Data = append([]byte(nil), f.Data...)
		all = append(all, f)
	}
}

// The viewing key opens the operations: the command, byte for byte, even where it is not UTF-8. Only the offline key opens
// the input. A variable whose name has bytes that are not UTF-8 does not pass.
func TestAttackCommandThatIsNoText(t *testing.T) {
	o := found(t, time.Hour)
	e := o.engineers(1)[0]
	b := o.start()
	c := e.mustDial(b.addr)
	s, err := c.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	const command, secret = "print \x93\xfa\x96\x7b\xff", "値は封じる\t2"
	if err := s.Setenv("LC_SECRET", secret); err != nil {
		t.Errorf("UTF-8 with a tab does not pass: %v", err)
	}
	for _, name := range []string{"LC_" + strings.Repeat("x\xff", 3000), "LC_A B", "LC_\x1b[2J", "PATH"} {
		if err := s.Setenv(name, "x"); err == nil {
			t.Errorf("the variable %.20q passes", name)
		}
	}
	s.Stdin = strings.NewReader("typed")
	out, err := s.Output(command)
	if errors.Is(err, io.EOF) { // the command ended before the client had sent all input
		err = nil
	}
	if err != nil || string(out) != command[len("print "):] {
		t.Errorf("the target printed %q, %v", out, err)
	}
	c.Close()
	<-c.gone
	b.close()
	row := o.sessions(e.id)[0]

	var commands []string
	for _, f := range o.frames(row, o.ring.ViewingIdentity()) {
		switch {
		case f.Input || f.Stream == recordings.Stdin || f.Event == recordings.EventEnv || strings.Contains(string(f.Data), "値は封じる"):
			t.Errorf("the viewing key opens input: %s %q", f.Event, f.Data)
		case f.Event == recordings.EventExec:
			var body recordings.Command
			if err := json.Unmarshal(f.Data, &body); err != nil {
				t.Fatal(err)
			}
			commands = append(commands, body.Exact())
			if body.Command != `print \x93\xfa\x96{\xff` {
				t.Errorf("the command reads %q", body.Command)
			}
		}
	}
	if len(commands) != 1 || commands[0] != command {
		t.Errorf("recorded commands %q", commands)
	}
	var env []recordings.Env
	for _, f := range o.frames(row, o.offline) {
		if f.Event == recordings.EventEnv {
			var body recordings.Env
			if err := json.Unmarshal(f.Data, &body); err != nil {
				t.Fatal(err)
			}
			env = append(env, body)
		}
	}
	if len(env) != 1 || env[0] != (recordings.Env{Name: "LC_SECRET", Value: secret}) {
		t.Errorf("the offline key opens the variables %q", env)
	}
}
