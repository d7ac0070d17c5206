package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFullWidthCountsTwo(t *testing.T) {
	for in, want := range map[string]int{"hr-db": 5, "人事課": 6, "カタカナ": 8, "\uff76\uff80": 2, "か\u3099": 2, "\uff21\uff11": 4} {
		if got := columns(in); got != want {
			t.Errorf("%q: %d columns, want %d", in, got, want)
		}
	}
}

// JSON is looked at on a terminal too. All of it goes through the one encoder that escapes what a terminal obeys.
func TestNoJSONReachesATerminalUnescaped(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(text), "json.NewEncoder("); n > 0 && (name != "table.go" || n > 1) {
			t.Errorf("%s has an encoder of its own", name)
		}
	}
}
