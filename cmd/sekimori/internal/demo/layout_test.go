package demo

import (
	"slices"
	"strings"
	"testing"

	"sekimori/cmd/sekimori/internal/screen"
	"sekimori/policy/text"
)

// The demonstration indents what commands say by two, and stays within 80 columns.
func TestTheDemonstrationFitsATerminal(t *testing.T) {
	hash := strings.Repeat("0123456789abcdef", 4)
	for line, want := range map[string][]string{
		"SYSTEM  hr":                               {"SYSTEM  hr"},
		"SHA-256         " + hash:                  {"SHA-256", "              " + hash},
		"検証値          " + hash:                     {"検証値", "              " + hash},
		"REMARKS   " + strings.Repeat("word ", 15): {"REMARKS   " + strings.Repeat("word ", 12) + "word", "          word word"},
	} {
		if got := broken(line, screen.Width); !slices.Equal(got, want) {
			t.Errorf("%q is broken into %q", line, got)
		}
	}
	for _, line := range broken("[同じ]   "+strings.Repeat("申請者、", 30), screen.Width) {
		if text.Width(line) > screen.Width {
			t.Errorf("%d columns: %s", text.Width(line), line)
		}
	}
}
