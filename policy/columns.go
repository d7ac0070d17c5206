package policy

import (
	"strings"
	"unicode"

	"golang.org/x/text/width"
)

// widest is how many columns a line may take on any terminal.
const widest = 78

// columns counts what a rune takes: nothing for marks that combine, two for full width and
// for what East Asian terminals may draw so, else one.
func columns(r rune) int {
	if unicode.In(r, unicode.Mn, unicode.Me) {
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth, width.EastAsianAmbiguous:
		return 2
	}
	return 1
}

// writeWrapped writes the text in lines of at most widest columns; what follows the first is
// indented by two. It breaks at a space where the line has one in its second half, else
// between any two characters, but never before a closing mark.
func writeWrapped(b *strings.Builder, text string) {
	indent := ""
	for line := []rune(text); len(line) > 0; indent = "  " {
		cut := breakAt(line, widest-len(indent))
		b.WriteString(indent)
		b.WriteString(strings.TrimRight(string(line[:cut]), " "))
		b.WriteByte('\n')
		for line = line[cut:]; len(line) > 0 && line[0] == ' '; {
			line = line[1:]
		}
	}
}

// breakAt tells how many runes of the line go first; at least one.
func breakAt(line []rune, room int) int {
	used, space := 0, 0
	for i, r := range line {
		used += columns(r)
		if used > room {
			if r == ' ' {
				return i
			}
			if space > len(line[:i])/2 {
				return space
			}
			cut := i
			for cut > 1 && closing(line[cut]) {
				cut--
			}
			return max(cut, 1)
		}
		if r == ' ' {
			space = i
		}
	}
	return len(line)
}

// closing tells the marks that must not begin a line (JIS X 4051, the common ones).
func closing(r rune) bool {
	return strings.ContainsRune("、。,.)]」』)!?・ー:;", r)
}
