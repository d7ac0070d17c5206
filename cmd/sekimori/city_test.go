package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"sekimori/broker/api"
)

// cityStory: `city` founds the institution of examples/city as its README does: init, a real sshd
// that trusts the CA, the registry with what only this machine knows, and everybody enrolled. The
// requests of the example lie in the story, with starts that come sooner.
func cityStory(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg || len(args) != 0, "city")
	s := storyOf(ts)
	if skip := missing(s.town.t, "sshd", "ssh", "scp", "sftp"); skip != "" {
		s.tb.Skip("no city: " + skip)
	}
	home := filepath.Join(s.short, "b")
	s.must(ts, "admin", "init", home, "--listen", "127.0.0.1:0", "--institution", "Example City")
	ts.Check(os.Rename(filepath.Join(home, offlineIdentity), filepath.Join(s.dir, offlineIdentity)))
	settings := filepath.Join(home, "sekimori.yaml")
	ts.Check(changeSettings(settings, "min_free_space: 16MiB\nrecheck_interval: 1s\n"))
	text, err := os.ReadFile(settings)
	ts.Check(err)
	ts.Check(os.WriteFile(settings, []byte(strings.Replace(string(text), `inspector: ""`, "inspector: /bin/true", 1)), 0o640))
	target, err := startSSHD(s.town.t, filepath.Join(home, "ca.pub"))
	ts.Check(err)
	names, err := townNames(target)
	ts.Check(err)
	s.serve(ts, settings)
	example := filepath.Join("..", "..", "examples", "city")
	for _, name := range []string{"registry.yaml", "request.yaml", "request-files.yaml"} {
		text, err := os.ReadFile(filepath.Join(example, name))
		ts.Check(err)
		ts.Check(os.WriteFile(ts.MkAbs(name), []byte(fitted(string(text), names)), 0o600))
	}
	for _, program := range []string{"line/sekimori-line-simulated", "linux-account/sekimori-account-simulated"} {
		text, err := os.ReadFile(filepath.Join(example, "..", "hooks", program))
		ts.Check(err)
		ts.Check(os.WriteFile(ts.MkAbs(filepath.Base(program)), text, 0o755))
	}
	ts.Check(os.CopyFS(ts.MkAbs("papers"), os.DirFS(filepath.Join(example, "papers"))))
	ts.Setenv("LOGIN", target.login)
	ts.Setenv("BROKER", home)
	ts.Check(os.WriteFile(ts.MkAbs("ssh_config"), s.clientConfig(ts), 0o600))

	s.must(ts, "admin", "apply", "-f", "registry.yaml", "--as", "admin", "--json")
	ts.Check(s.person(ts, "admin").enrol(printed(ts, "code")))
	for _, login := range []string{"joho", "tantou", "kacho", "tachiai", "tenken", "sato", "mori"} {
		var keys []string
		if login == "sato" || login == "mori" {
			_, err := makeKey(ts.MkAbs("key-" + login))
			ts.Check(err)
			keys = []string{"--key", ts.MkAbs("key-" + login + ".pub")}
		}
		s.must(ts, "admin", "person", "enroll-code", login, "--json")
		ts.Check(s.person(ts, login).enrol(printed(ts, "code"), keys...))
	}
}

// fitted puts into a file of the example what only this machine knows, as its README does with sed.
// Where the tests run as root the only account that this sshd lets in is root, which the registry
// and a request have to say.
func fitted(text string, names map[string]string) string {
	var out strings.Builder
	for line := range strings.Lines(text) {
		if strings.HasPrefix(strings.TrimSpace(line), "host_key: ") {
			line = "    host_key: " + names["HOSTKEY"] + "\n"
		}
		out.WriteString(line)
	}
	replace := []string{"hrmnt01", names["LOGIN"], "lang: ja", "lang: en", "port: 2022", "port: " + names["PORT"], "start: +5m", "start: +40s", "start: +3m", "start: +20s",
		"2026-12-25T", "2036-12-25T"} // payday is a day like any other here
	if names["LOGIN"] == "root" {
		replace = append(replace, "credential: certificate", "root: true, credential: certificate", "files: none", "files: none\nroot_reason: test",
			"files: allowed", "files: allowed\nroot_reason: test")
	}
	return strings.NewReplacer(replace...).Replace(out.String())
}

// heardStory: `heard FILE` puts the digits that a terminal in the waiting room shows into $DIGITS, as if
// they were read back on the telephone.
func heardStory(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg || len(args) != 1, "heard FILE")
	found := regexp.MustCompile(`Your number is (\d) (\d) (\d)\.`).FindStringSubmatch(ts.ReadFile(args[0]))
	if found == nil {
		ts.Fatalf("%s shows no number", args[0])
	}
	ts.Setenv("DIGITS", strings.Join(found[1:], ""))
}

// cityApproved: `city-approved` has $NO approved by the head and, where the system or the account asks for
// it, by the information-systems section.
func cityApproved(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg || len(args) != 0, "city-approved")
	s := storyOf(ts)
	approvers := []string{"kacho"}
	s.must(ts, "kacho", "request", "show", ts.Getenv("NO"), "--json")
	system := printed(ts, "system")
	var k api.Checked
	s.must(ts, "kacho", "request", "check", ts.Getenv("NO"), "--json")
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("out")), &k))
	if system == "hr" || len(k.Second) > 0 { // what is asked for outside office hours, too, depends on when this runs
		approvers = append(approvers, "joho")
	}
	approvedStory(ts, false, approvers)
}

// TestTheCityWalksItsREADME: each command that a person types in the README of examples/city, in either language, stands in the story city, which
// runs it. A command of the README that the story does not run could be wrong unseen.
func TestTheCityWalksItsREADME(t *testing.T) {
	story, err := os.ReadFile(filepath.Join("testdata", "script", "city.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	typed := regexp.MustCompile(`\b(?:as|sign) ([a-z]+|\$[a-z0-9]+) ([a-z]+) (-?[a-z-]+)`)
	clients := regexp.MustCompile(`\bgate ([a-z]+) (ssh|scp|sftp) [^|#]*?([a-z]+(?:\+[a-z-]+)?@gate(?::/outbox)?)`)
	for _, name := range []string{"README.md", "README.ja.md"} {
		text, err := os.ReadFile(filepath.Join("..", "..", "examples", "city", name))
		if err != nil {
			t.Fatal(err)
		}
		var found int
		code := string(bytes.Join(regexp.MustCompile("(?ms)^```[a-z]+$.*?^```$").FindAll(text, -1), []byte("\n")))
		for _, m := range typed.FindAllStringSubmatch(code, -1) {
			if found++; m[2] == "person" && m[3] == "enroll-code" { // the story's command city, above, does that
				continue
			}
			if !regexp.MustCompile(`(?m)^[^#\n]*\b` + m[2] + " " + m[3]).Match(story) {
				t.Errorf("%s: no command %s %s in the story", name, m[2], m[3])
			}
		}
		for _, m := range clients.FindAllStringSubmatch(code, -1) {
			found++
			if !regexp.MustCompile(`(?m)^[^#\n]*\b` + m[1] + ` .*\b` + m[2] + ` .*` + regexp.QuoteMeta(m[3])).Match(story) {
				t.Errorf("%s: no %s of %s to %s in the story", name, m[2], m[1], m[3])
			}
		}
		if found < 80 {
			t.Errorf("%s has %d commands", name, found)
		}
	}
}
