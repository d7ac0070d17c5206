package policy

import (
	"strings"
	"unicode"
)

// Blank reports whether nothing of a text shows: it is empty, or consists of spaces, control characters and characters that are
// drawn as nothing. A reason or a purpose that is blank was not given.
func Blank(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool {
		switch r {
		case '\u115f', '\u1160', '\u3164', '\uffa0', '\u2800': // fillers and the empty braille pattern: letters and symbols by their class
			return false
		case unicode.ReplacementChar: // what stands for what could not be shown
			return false
		}
		return unicode.IsGraphic(r) && !unicode.Is(unicode.Zs, r) && !unicode.Is(unicode.M, r)
	})
}
