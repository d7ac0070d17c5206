package main

import (
	"bytes"
	"context"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"

	"sekimori/policy/text"
)

func saying(t *testing.T, lang string, args ...string) string {
	t.Helper()
	var out, problems bytes.Buffer
	p := &program{in: strings.NewReader(""), out: &out, err: &problems, now: clockFrom(storyAt()),
		getenv: func(name string) string {
			return map[string]string{"LANG": map[string]string{"ja": "ja_JP.UTF-8", "en": "C"}[lang]}[name]
		},
		terminal: func(any) (int, bool) { return 0, false }}
	if status := p.run(context.Background(), args); status != 0 {
		t.Fatalf("%v: exit %d: %s", args, status, problems.String())
	}
	return out.String()
}

// Every command stands in the help of its role, once, and every help fits the narrowest screen in both languages.
func TestHelpNamesEveryCommandAndFitsTheScreen(t *testing.T) {
	for _, lang := range []string{"ja", "en"} {
		p := &program{lang: lang}
		app := p.helped(p.app(), func(*cli.Command) bool { return true })
		var grouped []string
		for _, r := range roles() {
			grouped = append(grouped, r.commands...)
		}
		for _, c := range app.Commands {
			i := slices.Index(grouped, c.Name)
			if i < 0 {
				t.Fatalf("%s stands in no role, or in two", c.Name)
			}
			grouped = slices.Delete(grouped, i, i+1)
		}
		if len(grouped) > 0 {
			t.Errorf("no such commands: %v", grouped)
		}
		whole := saying(t, lang, "--help")
		if whole != saying(t, lang, "help") || whole != saying(t, lang) {
			t.Error("help differs from --help")
		}
		texts := []string{whole}
		var walk func([]*cli.Command)
		walk = func(commands []*cli.Command) {
			for _, c := range commands {
				texts = append(texts, c.CustomHelpTemplate)
				walk(c.Subcommands)
			}
		}
		walk(app.Commands)
		for path, words := range map[string][][]string{"sekimori window": {{"help", "window"}, {"window"}, {"window", "-h"}}, "sekimori window open": {{"window", "open", "--help"}, {"--lang", lang, "window", "open", "-h"}, {"window", "open", "R8-0001-1", "--help"}}} {
			for _, args := range words {
				if said := saying(t, lang, args...); !strings.HasPrefix(said, path+": ") || !slices.Contains(texts, said) {
					t.Errorf("%q says %q", args, said)
				}
			}
		}
		for _, one := range texts {
			for line := range strings.Lines(one) {
				if n := text.Width(strings.TrimRight(line, "\n")); n > text.Screen {
					t.Errorf("%s: %d columns: %s", lang, n, line)
				}
			}
			if strings.Contains(one, "{{") {
				t.Errorf("a template: %s", one)
			}
		}
		for _, status := range []string{"\n  0 ", "\n  1 ", "\n  2 ", "\n  3 ", "\n  130 ", "255"} {
			if !strings.Contains(whole, status) {
				t.Errorf("%s: no exit status %q", lang, status)
			}
		}
	}
}

func TestTheManPageHasCommandsAndExitStatuses(t *testing.T) {
	for lang, want := range map[string]string{"ja": "質問の途中で中止した", "en": "stopped at a question"} {
		page := saying(t, lang, "man")
		for _, part := range []string{".TH sekimori 1", "attend", "because", want} {
			if !strings.Contains(page, part) {
				t.Errorf("%s: no %q", lang, part)
			}
		}
		if n := strings.Count(page, "server-fingerprint"); n > 2 {
			t.Errorf("what every command understands stands there %d times", n)
		}
	}
}

func TestFishCompletionIsWritten(t *testing.T) {
	if s := saying(t, "en", "completion", "fish"); !strings.Contains(s, "complete -c sekimori") {
		t.Errorf("%.200s", s)
	}
}

// The scripts are read by the shells they are for, where those are installed.
func TestCompletionScriptsAreOfTheirShell(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish"} {
		path, err := exec.LookPath(shell)
		if err != nil {
			continue
		}
		cmd := exec.Command(path, "-n", "/dev/stdin")
		cmd.Stdin = strings.NewReader(saying(t, "en", "completion", shell))
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v: %s", shell, err, out)
		}
	}
}
