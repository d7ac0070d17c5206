package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// saysStory: `says LOGIN LINE… -- COMMAND…` runs a command with these lines on standard input; CODE stands for an unused
// one-time code.
func saysStory(ts *testscript.TestScript, neg bool, args []string) {
	split := slices.Index(args, "--")
	usage(ts, split < 1 || split == len(args)-1, "says LOGIN LINE... -- COMMAND...")
	s := storyOf(ts)
	var in strings.Builder
	for _, line := range args[1:split] {
		if line == "CODE" {
			line = s.code(ts, args[0])
		}
		fmt.Fprintln(&in, line)
	}
	status := s.person(ts, args[0]).program(strings.NewReader(in.String()), ts.Stdout(), ts.Stderr()).run(context.Background(), args[split+1:])
	if (status != 0) != neg {
		ts.Fatalf("says %s: exit %d", strings.Join(args[split:], " "), status)
	}
}

// renewsStory: `renews LOGIN PASSWORD` renews the second factor as a person would, with the old code first and then the new
// one, and keeps the new secret.
func renewsStory(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg || len(args) != 2, "renews LOGIN PASSWORD")
	s := storyOf(ts)
	old := s.code(ts, args[0])
	ts.Check(s.person(ts, args[0]).renew(args[1], old, s))
}

func (p person) renew(password, old string, s *story) error {
	outR, outW := io.Pipe()
	inR, inW := io.Pipe()
	var errs bytes.Buffer
	done := make(chan int, 1)
	go func() {
		status := p.program(inR, outW, &errs).run(context.Background(), []string{"factor", "renew", "--auth-stdin", "--json"})
		outW.Close()
		inR.Close()
		done <- status
	}()
	_, err := fmt.Fprintf(inW, "%s\n%s\n", password, old)
	var shown struct {
		Secret string `json:"totp_secret"`
	}
	if err == nil {
		err = json.NewDecoder(outR).Decode(&shown)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(p.dir, "secret-"+p.login), []byte(shown.Secret), 0o600)
	}
	if err == nil {
		s.unused(p.login)
		var code string
		if code, err = useCode(p.dir, p.login, p.now()); err == nil {
			_, err = fmt.Fprintln(inW, code)
		}
	}
	inW.Close()
	_, _ = io.Copy(io.Discard, outR)
	if status := <-done; status != 0 || err != nil {
		return fmt.Errorf("renew: exit %d, %v\n%s", status, err, errs.String())
	}
	return nil
}
