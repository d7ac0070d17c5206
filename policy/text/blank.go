package text

import (
	"strings"
	"unicode"
)

// Blank reports whether a text shows nothing: it is empty, or has only spaces, control characters and invisible characters. A blank
// reason or purpose counts as not given.
func Blank(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool {
		switch r {
		case '\u115f', '\u1160', '\u3164', '\uffa0', '\u2800': // fillers and the empty braille pattern: letters and symbols by their class
			return false
		case unicode.ReplacementChar: // the character that replaces unprintable ones
			return false
		}
		return unicode.IsGraphic(r) && !unicode.Is(unicode.Zs, r) && !unicode.Is(unicode.M, r)
	})
}
