package recordings

import (
	"bytes"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Visible makes foreign text harmless on a terminal: names, paths and commands may hold escape sequences. Control characters
// and invalid UTF-8 appear as \x1b; format characters that reorder or hide text appear as 〓.
func Visible(s string) string {
	if utf8.ValidString(s) && strings.IndexFunc(s, hostile) < 0 {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1, r < 0x20 || r == 0x7f:
			b.WriteString(`\x`)
			b.WriteByte(hexDigits[s[i]>>4])
			b.WriteByte(hexDigits[s[i]&15])
		case hostile(r):
			b.WriteRune('〓')
		default:
			b.WriteRune(r)
		}
		i += n
	}
	return b.String()
}

const hexDigits = "0123456789abcdef"

// hostile: C0, DEL, C1, and the format characters (bidirectional overrides, zero width).
func hostile(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == '\u2028' || r == '\u2029'
}

// EscapeJSON returns a writer for JSON that people may read on a terminal. JSON may contain C1 control characters, DEL and
// reordering format characters; they become \u009b and the like, with the same meaning. A control character that JSON forbids
// is escaped too.
func EscapeJSON(w io.Writer) io.Writer { return &jsonEscaper{w: w} }

type jsonEscaper struct {
	w    io.Writer
	held []byte // the start of an incomplete character
	out  bytes.Buffer
}

func (e *jsonEscaper) Write(p []byte) (int, error) {
	if len(e.held) == 0 && bytes.IndexFunc(p, func(r rune) bool { return r >= utf8.RuneSelf || mustEscape(r) }) < 0 {
		return e.w.Write(p)
	}
	in := append(e.held, p...)
	e.out.Reset()
	for len(in) > 0 && utf8.FullRune(in) {
		r, n := utf8.DecodeRune(in)
		switch {
		case r == utf8.RuneError && n == 1:
			e.unit(utf8.RuneError)
		case mustEscape(r) && r > 0xffff:
			hi, lo := utf16Pair(r)
			e.unit(hi)
			e.unit(lo)
		case mustEscape(r):
			e.unit(r)
		default:
			e.out.Write(in[:n])
		}
		in = in[n:]
	}
	e.held = append([]byte(nil), in...)
	if _, err := e.w.Write(e.out.Bytes()); err != nil {
		return 0, err
	}
	return len(p), nil
}

// mustEscape reports characters that must not reach a terminal; white space between values may.
func mustEscape(r rune) bool { return hostile(r) && r != '\n' && r != '\t' && r != '\r' }

func utf16Pair(r rune) (hi, lo rune) {
	r -= 0x10000
	return 0xd800 + r>>10, 0xdc00 + r&0x3ff
}

func (e *jsonEscaper) unit(r rune) {
	e.out.WriteString(`\u`)
	for shift := 12; shift >= 0; shift -= 4 {
		e.out.WriteByte(hexDigits[r>>shift&15])
	}
}
