package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestDemoShowsTheMainJob runs the walk as a newcomer does. It is the whole maintenance in real
// time, so it takes about half a minute.
func TestDemoShowsTheMainJob(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	var out, problems bytes.Buffer
	p := &program{
		in: strings.NewReader(""), out: &out, err: &problems, now: time.Now,
		getenv:   func(string) string { return "" },
		terminal: func(any) (int, bool) { return 0, false },
	}
	dir, err := os.MkdirTemp("", "demo") // short: a socket's path is limited
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	if status := p.run(ctx, []string{"demo", "--once", "--json", "--dir", filepath.Join(dir, "d")}); status != 0 {
		t.Fatalf("exit %d: %s\n%s", status, problems.String(), out.String())
	}
	var names []string
	for dec := json.NewDecoder(&out); ; {
		var s step
		if err := dec.Decode(&s); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if !s.OK {
			t.Errorf("step %s did not hold: %s", s.Step, s.Text)
		}
		names = append(names, s.Step)
	}
	want := []string{"prepare", "enroll", "request", "refused-before-approval", "check", "approve", "open-refused", "backup-and-checklist", "open",
		"skip-wait", "connect", "work", "refused-copy", "pause", "resume", "extend", "grant", "skip-wait", "deadline-moved",
		"skip-wait", "cut", "refused-after-end", "report", "attest", "review", "second", "freeze", "lift", "verify"}
	if !slices.Equal(names, want) {
		t.Errorf("steps %v, want %v", names, want)
	}
}

func TestDemoRefusesADirectoryInUse(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "kept"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var out, problems bytes.Buffer
	p := &program{in: strings.NewReader(""), out: &out, err: &problems, now: time.Now,
		getenv: func(string) string { return "" }, terminal: func(any) (int, bool) { return 0, false }}
	if status := p.run(context.Background(), []string{"demo", "--dir", dir}); status != 1 || !strings.Contains(problems.String(), "not empty") {
		t.Errorf("exit %d: %s", status, problems.String())
	}
	if left, _ := os.ReadDir(dir); len(left) != 1 {
		t.Errorf("the directory holds %v", left)
	}
}

func TestWrappedLinesFit(t *testing.T) {
	for _, c := range []struct {
		text string
		want []string
	}{
		{"one two three", []string{"one two", "three"}},
		{"関守の台帳です。", []string{"関守の台", "帳です。"}},
		{"", []string{""}},
	} {
		if got := wrapped(c.text, 8); !slices.Equal(got, c.want) {
			t.Errorf("%q: %q", c.text, got)
		}
	}
}
