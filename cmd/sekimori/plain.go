package main

import (
	"unicode"

	"golang.org/x/text/width"

	"sekimori/recordings"
)

// plain makes text from elsewhere harmless on a terminal: names and commands in lists were
// typed by others and may hold escape sequences.
func plain(s string) string { return recordings.Visible(s) }

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
