package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/urfave/cli/v2"
)

// Every command with -o leaves an existing file as it is, also one that appeared during the command.
func TestNoFileIsOverwrittenUnasked(t *testing.T) {
	dir := t.TempDir()
	there, fresh := filepath.Join(dir, "there"), filepath.Join(dir, "fresh")
	for _, name := range []string{there, fresh} {
		if err := os.WriteFile(name, []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := rename(fresh, there, false); err == nil {
		t.Error("it was replaced")
	}
	if b, err := os.ReadFile(there); err != nil || string(b) != there {
		t.Errorf("%s %v", b, err)
	}
	if err := rename(fresh, there, true); err != nil {
		t.Error(err)
	}
	if err := rename(there, fresh, false); err != nil {
		t.Error(err)
	}
}

// TestEveryOutputCanBeForced: a command with -o has --force, and so goes through outputFile.
func TestEveryOutputCanBeForced(t *testing.T) {
	p := &program{lang: "en", getenv: os.Getenv}
	found := 0
	var walk func(path string, commands []*cli.Command)
	walk = func(path string, commands []*cli.Command) {
		for _, c := range commands {
			has := map[string]bool{}
			for _, f := range c.Flags {
				for _, n := range f.Names() {
					has[n] = true
				}
			}
			if has["o"] {
				found++
				if !has["force"] {
					t.Errorf("%s %s overwrites", path, c.Name)
				}
			}
			walk(path+" "+c.Name, c.Subcommands)
		}
	}
	walk("", p.app().Commands)
	if found < 3 {
		t.Errorf("%d commands with -o", found)
	}
}
