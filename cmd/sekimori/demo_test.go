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
	"testing"
	"time"

	"sekimori/broker"
	"sekimori/broker/api"
)

// TestDemoShowsTheMainJob runs the walk as a newcomer does. It is the whole maintenance in real time, so it takes about half a
// minute, and there is one walk for both: what it shows, and that what it prints at the end can be tried, because the attendant stays
// at the post.
func TestDemoShowsTheMainJob(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), 8*time.Minute)
	defer cancel()
	base, err := os.MkdirTemp("", "demo") // short: a socket's path is limited
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(base)
	dir := filepath.Join(base, "d")
	clock := clockFrom(storyAt())
	demo := func(env map[string]string, out io.Writer, problems io.Writer) *program {
		return &program{in: strings.NewReader("kacho\nnobody\n"), out: out, err: problems, now: clock, broker: broker.Options{Hash: storyBroker.Hash, Chores: storyBroker.Chores},
			getenv: func(name string) string { return env[name] }, terminal: func(any) (int, bool) { return 0, false }}
	}
	outR, outW := io.Pipe()
	var problems bytes.Buffer
	ended := make(chan int, 1)
	go func() {
		ended <- demo(nil, outW, &problems).run(ctx, []string{"demo", "--json", "--dir", dir})
		outW.Close()
	}()
	var names []string
	facts := map[string]map[string]any{}
	type step struct {
		Step, Text string
		OK         bool
		Facts      map[string]any
		Detail     []string
	}
	var last step
	for dec := json.NewDecoder(outR); last.Step != "try"; {
		last = step{}
		if err := dec.Decode(&last); err != nil {
			t.Fatalf("%v: exit %d: %s", err, <-ended, problems.String())
		}
		if !last.OK {
			t.Errorf("step %s did not hold: %s", last.Step, last.Text)
		}
		names = append(names, last.Step)
		facts[last.Step] = last.Facts
	}
	want := []string{"prepare", "enroll", "request", "refused-before-approval", "check", "approve", "open-refused", "backup-and-checklist", "line-up", "open",
		"skip-wait", "connect", "work", "masked", "refused-copy", "pause", "resume", "held", "refused-command", "extend", "grant", "skip-wait", "deadline-moved",
		"skip-wait", "cut", "refused-after-end", "line-back", "account", "reconcile", "report", "attest", "review", "second", "file-in", "file-released", "file-out", "file-approved", "file-fetched",
		"skip-wait", "freeze", "lift", "verify", "try"}
	if !slices.Equal(names, want) {
		t.Errorf("steps %v, want %v", names, want)
	}
	go io.Copy(io.Discard, outR)
	window, _ := last.Facts["window"].(string)
	env := map[string]string{"SEKIMORI_SOCKET": filepath.Join(dir, "broker", "run", "sekimori.sock"), "SEKIMORI_TOKEN_FILE": filepath.Join(dir, "tokens", "tachiai.json")}
	present := func() time.Time {
		var out, problems bytes.Buffer
		if status := demo(env, &out, &problems).run(ctx, []string{"attend", "show", window, "--json"}); status != 0 {
			t.Fatalf("attend show %s: exit %d: %s", window, status, problems.String())
		}
		var v api.Attendance
		if err := json.Unmarshal(out.Bytes(), &v); err != nil || v.State != "permitted" {
			t.Fatalf("window %s is %s, %v", window, v.State, err)
		}
		return v.Present
	}
	first, second := fmt.Sprint("/sessions/", facts["held"]["session_id"]), fmt.Sprint("/sessions/", facts["second"]["session_id"])
	printedLinksWork(ctx, t, last.Detail, map[string][]string{
		first:    {"hold rm", "refuse crontab", "the attendant allowed it", "simulated", "no real line is cut"},
		second:   {fmt.Sprint(facts["file-in"]["file"], " in: Released"), fmt.Sprint(facts["file-out"]["file"], " out: Fetched")},
		"/files": {"fix.sql", "result.csv"},
	})
	code, _ := last.Facts["code"].(string)
	printedCommandsWork(ctx, t, code, last.Detail)
	came := present()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for !present().After(came) {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatal("nobody is at the post")
		}
	}
	cancel()
	if status := <-ended; status != 0 {
		t.Errorf("exit %d: %s", status, problems.String())
	}
}

func TestDemoRefusesADirectoryInUse(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "kept"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var out, problems bytes.Buffer
	p := &program{in: strings.NewReader(""), out: &out, err: &problems, now: clockFrom(storyAt()),
		getenv: func(string) string { return "" }, terminal: func(any) (int, bool) { return 0, false }}
	if status := p.run(context.Background(), []string{"demo", "--dir", dir}); status != 1 || !strings.Contains(problems.String(), "not empty") {
		t.Errorf("exit %d: %s", status, problems.String())
	}
	if left, _ := os.ReadDir(dir); len(left) != 1 {
		t.Errorf("the directory holds %v", left)
	}
}
