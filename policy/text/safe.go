package text

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Text that strangers typed is made harmless in one of three ways, by its use:
//   - Printable, for text that is kept: lines stay lines, and removed characters stay visible;
//   - OneLine, for text inside ours on a terminal: one line, bounded;
//   - ASCII, for old clients that print bytes as they come.
//
// recordings.Visible is the fourth, for evidence: different bytes must look different, so it names each byte that is not shown.

// Printable replaces characters that must not reach a terminal (control characters, escape, invisible direction marks) with U+FFFD.
// Line breaks and tabs stay.
func Printable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r), r == '\u2028', r == '\u2029':
			return utf8.RuneError
		}
		return r
	}, s)
}

// OneLine makes s one line: a space for each break, a question mark for each unprintable character (control characters, escape
// sequences, marks that reverse the direction of writing, broken UTF-8). It cuts after limit runes, with a mark.
func OneLine(s string, limit int) string {
	var b strings.Builder
	n := 0
	for _, r := range s {
		if n == limit {
			b.WriteString("…")
			break
		}
		switch {
		case r == '\t' || r == '\n' || r == '\r' || unicode.Is(unicode.Zs, r):
			r = ' '
		case r == utf8.RuneError || !unicode.IsPrint(r):
			r = '?'
		}
		b.WriteRune(r)
		n++
	}
	return b.String()
}

// ASCII makes s one line of printable ASCII; a question mark stands for every other character.
func ASCII(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return ' '
		case r < ' ' || r > '~':
			return '?'
		}
		return r
	}, s)
}
