package main

import (
	"slices"
	"strings"
	"testing"
)

// The demonstration indents what commands say by two, and stays within 80 columns.
func TestTheDemonstrationFitsATerminal(t *testing.T) {
	hash := strings.Repeat("0123456789abcdef", 4)
	for line, want := range map[string][]string{
		"SYSTEM  hr":                               {"SYSTEM  hr"},
		"SHA-256         " + hash:                  {"SHA-256", "              " + hash},
		"検証値          " + hash:                     {"検証値", "              " + hash},
		"REMARKS   " + strings.Repeat("word ", 15): {"REMARKS   " + strings.Repeat("word ", 12) + "word", "          word word "},
	} {
		if got := broken(line, screenWidth); !slices.Equal(got, want) {
			t.Errorf("%q is broken into %q", line, got)
		}
	}
	// A command that is broken can be pasted as it stands.
	command := "  ssh -p 41423 -i $D/engineer -o UserKnownHostsFile=$D/known_hosts -b 127.0.0.2 sato+hr-db@127.0.0.1"
	shown := broken(command, screenWidth)
	if pasted := strings.Join(strings.Fields(strings.ReplaceAll(strings.Join(shown, "\n"), "\\\n", " ")), " "); pasted != strings.TrimSpace(command) || len(shown) < 2 {
		t.Errorf("%q gives %q", shown, pasted)
	}
	for _, line := range shown {
		if columns(line) > screenWidth {
			t.Errorf("%d columns: %s", columns(line), line)
		}
	}
	for _, line := range broken("[同じ]   "+strings.Repeat("申請者、", 30), screenWidth) {
		if columns(line) > screenWidth {
			t.Errorf("%d columns: %s", columns(line), line)
		}
	}
}
