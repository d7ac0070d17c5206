package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestUsage(t *testing.T) {
	for _, args := range [][]string{
		{},
		{"--json=maybe", "a"},
		{"--nonsense", "a"},
		{"a", "--nonsense"},
		{"a", "b"},
		{"a", "--key"},
		{"a", "--lang", "de"},
	} {
		verify(args...).wantError(t, 2)
		if got := verifyWith(nil, map[string]string{"LC_ALL": "ja_JP.UTF-8", "LANG": "C"}, args...); got.status != 2 || !strings.Contains(got.err, "ご覧ください") {
			t.Errorf("%q in Japanese: %d %s", args, got.status, got.err)
		}
	}
	got := verify("--nonsense", "--json")
	var said struct{ Error struct{ Code, Hint string } }
	if err := json.Unmarshal([]byte(got.err), &said); err != nil || said.Error.Code != "usage" || said.Error.Hint == "" || got.status != 2 {
		t.Errorf("%v: %s", err, got.err)
	}
	if got := verify("--help"); got.status != 0 || !strings.Contains(got.out, "--witness-key") {
		t.Error(got)
	}
}

func TestJSON(t *testing.T) {
	o := newOffice(t)
	rec, d := o.record("S-20261124-01")
	o.ended("S-20261124-01", d)
	export := o.export("ledger.jsonl", o.checkpoint())
	type sent struct {
		OK     bool
		Ledger struct {
			OK             bool
			Entries        int64
			Signer         string
			SignerVerified bool `json:"signer_verified"`
			Problem        *struct {
				Line, Index int64
				Code, Text  string
			}
		}
		Recordings []struct {
			OK      bool
			Session string
			Entry   int64
		}
		Errors []struct{ Code, Message, Hint string }
	}
	read := func(o outcome) (s sent) {
		t.Helper()
		if err := json.Unmarshal([]byte(o.out), &s); err != nil || o.err != "" {
			t.Fatalf("%v\n%s\n%s", err, o.out, o.err)
		}
		if s.OK != (o.status == 0) {
			t.Errorf("status %d, ok %v", o.status, s.OK)
		}
		return s
	}
	s := read(verify(export, "--json", "--key", o.path("ledger.key"), "--recording", rec))
	if !s.OK || !s.Ledger.SignerVerified || s.Ledger.Entries != 1 || s.Ledger.Signer != origin || len(s.Recordings) != 1 || !s.Recordings[0].OK || s.Recordings[0].Session != "S-20261124-01" || s.Recordings[0].Entry != 0 {
		t.Errorf("%+v", s)
	}
	s = read(verify(export, "--json"))
	if s.OK || !s.Ledger.OK || len(s.Errors) != 1 || s.Errors[0].Code != "signer-not-verified" {
		t.Errorf("%+v", s)
	}
	bad := o.read("ledger.jsonl")
	bad[80] ^= 1
	s = read(verify(o.write("bad.jsonl", bad), "--json", "--key", o.path("ledger.key")))
	if s.OK || s.Ledger.Problem == nil || s.Ledger.Problem.Line != 2 || s.Ledger.Problem.Index != 0 || len(s.Errors) != 1 {
		t.Errorf("%+v", s)
	}
}

// A forged file must not control the auditor's terminal.
func TestNothingHostileIsPrinted(t *testing.T) {
	o := newOffice(t)
	o.act("a")
	b := bytes.Replace(o.read(filepath.Base(o.export("ledger.jsonl", o.checkpoint()))), []byte(`"U-001"`), []byte("\"\x1b]0;owned\a\u202e\""), 1)
	got := verify(o.write("hostile\x1b[2J.jsonl", b), "--key", o.path("ledger.key"))
	got.wantError(t, 1, "line 2")
	if strings.ContainsAny(got.out+got.err, "\x1b\a\u202e") {
		t.Errorf("%q", got.out+got.err)
	}
}

func TestProgress(t *testing.T) {
	o := newOffice(t)
	for range 1500 {
		o.act("a")
	}
	export := o.export("ledger.jsonl", o.checkpoint())
	run := func(terminal bool) string {
		var out, errs bytes.Buffer
		now := time.Date(2026, 11, 24, 1, 0, 0, 0, time.UTC)
		p := program{
			out: &out, err: &errs, terminal: terminal, zone: time.UTC, getenv: func(string) string { return "" },
			now: func() time.Time { now = now.Add(time.Second); return now },
		}
		if status := p.run([]string{export, "--key", o.path("ledger.key")}); status != 0 {
			t.Fatal(errs.String())
		}
		return errs.String()
	}
	if got := run(true); !strings.Contains(got, "verifying, entry 1024") || !strings.HasSuffix(got, "\r\x1b[K") {
		t.Errorf("on a terminal: %q", got)
	}
	if got := run(false); got != "" {
		t.Errorf("elsewhere: %q", got)
	}
}

// A verdict that cannot be written is a failure.
func TestOutputCannotBeWritten(t *testing.T) {
	o := newOffice(t)
	o.act("a")
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("no /dev/full here: ", err)
	}
	defer full.Close()
	for _, form := range []string{"--json=true", "--json=false"} {
		var errs bytes.Buffer
		p := program{out: full, err: &errs, now: time.Now, zone: time.UTC, getenv: func(string) string { return "" }}
		if status := p.run([]string{o.export("ledger.jsonl", o.checkpoint()), "--key", o.path("ledger.key"), form}); status != 1 {
			t.Errorf("%s: status %d", form, status)
		}
	}
}

// A user of the verifier need not trust the broker: it imports only the two formats and their JSON reader.
func TestImportsOfOurs(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	var ours []string
	for pkg := range strings.Lines(string(out)) {
		if pkg = strings.TrimSpace(pkg); strings.HasPrefix(pkg, "sekimori/") && pkg != "sekimori/cmd/sekimori-verify" {
			ours = append(ours, pkg)
		}
	}
	slices.Sort(ours)
	if want := []string{"sekimori/broker/bundle", "sekimori/broker/figures", "sekimori/broker/ledger", "sekimori/recordings", "sekimori/recordings/exactjson"}; !slices.Equal(ours, want) {
		t.Errorf("imports %q of ours, want %q", ours, want)
	}
}
