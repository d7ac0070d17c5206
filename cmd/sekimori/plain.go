package main

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"
)

// plain makes text from elsewhere harmless on a terminal: names and commands in lists were
// typed by others and may hold escape sequences. Control characters, and the format characters
// that reorder or hide text, are shown as what they are.
func plain(s string) string {
	harmless := true
	for _, r := range s {
		if hostile(r) {
			harmless = false
			break
		}
	}
	if harmless && utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			b.WriteString(`\x` + hex(s[i]))
		case r < 0x20 || r == 0x7f:
			b.WriteString(`\x` + hex(byte(r)))
		case hostile(r):
			b.WriteRune('〓')
		default:
			b.WriteRune(r)
		}
		i += n
	}
	return b.String()
}

// hostile: C0, DEL, C1, and the format characters (bidirectional overrides, zero width).
func hostile(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == '\u2028' || r == '\u2029'
}

func hex(b byte) string {
	const digits = "0123456789abcdef"
	return string([]byte{digits[b>>4], digits[b&15]})
}

// columns is the room that text takes on a terminal: full width counts two, a combining mark none.
func columns(s string) int {
	n := 0
	for _, r := range s {
		switch {
		case unicode.Is(unicode.Mn, r) || unicode.Is(unicode.Me, r):
		case wide(r):
			n += 2
		default:
			n++
		}
	}
	return n
}

func wide(r rune) bool {
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return true
	}
	return false
}
