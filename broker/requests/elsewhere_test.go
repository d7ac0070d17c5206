package requests_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestNeedElsewhereIsAsked: a row with NeedElsewhere refuses nothing by itself; a check of this package must ask it.
func TestNeedElsewhereIsAsked(t *testing.T) {
	table, err := os.ReadFile("../request/fields.go")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	source := ""
	for _, name := range files {
		if !strings.HasSuffix(name, "_test.go") {
			b, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			source += string(b)
		}
	}
	rows := 0
	for _, row := range regexp.MustCompile(`(?m)^\tfield\.`).Split(string(table), -1) {
		m := regexp.MustCompile(`^\w+\("(\w+)"`).FindStringSubmatch(row)
		if m == nil || !strings.Contains(row, ".NeedElsewhere(") {
			continue
		}
		if rows++; !strings.Contains(source, `c.missing("`+m[1]+`")`) {
			t.Errorf("%s has NeedElsewhere and no check asks it", m[1])
		}
	}
	if rows < 2 {
		t.Errorf("%d rows with NeedElsewhere found", rows)
	}
}
