package recordings

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Legible returns b as the text of an event. If b is valid UTF-8, raw is nil and the text is b. Else invalid bytes appear as
// \xNN, and raw holds the exact bytes.
func Legible(b []byte) (text string, raw []byte) {
	if utf8.Valid(b) {
		return string(b), nil
	}
	var s strings.Builder
	for rest := b; len(rest) > 0; {
		r, n := utf8.DecodeRune(rest)
		if r == utf8.RuneError && n == 1 {
			fmt.Fprintf(&s, `\x%02x`, rest[0])
		} else {
			s.Write(rest[:n])
		}
		rest = rest[n:]
	}
	return s.String(), b
}
