package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// JSON is looked at on a terminal too. All of it goes through the one encoder that escapes what a terminal obeys.
func TestNoJSONReachesATerminalUnescaped(t *testing.T) {
	err := filepath.WalkDir(".", func(name string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") || name == "internal/screen/text.go" {
			return err
		}
		text, err := os.ReadFile(name)
		if strings.Contains(string(text), "json.NewEncoder(") {
			t.Errorf("%s has an encoder of its own", name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
