package relay

import (
	"bytes"
	"unicode/utf8"

	"sekimori/policy"
)

// typed follows the keys of one input line. As long as only characters, the rubout and the keys that drop a whole line come, it knows the
// line exactly. With any other key (cursor, history, completion) only the screen knows it.
type typed struct {
	raw  bool // no terminal: each byte counts as it is, and only a line feed ends a line
	line []byte
	// opaque: keys came that this type does not follow.
	opaque bool
	some   bool // a key of the line came
	long   bool
	paste  bool // within a bracketed paste

	state parserState
	seq   [12]byte // of a control sequence, without its introducer
	nseq  int
}

// Keys.
const (
	ctrlC   = 0x03
	ctrlD   = 0x04
	ctrlO   = 0x0f // runs the line and fetches the next one of the history
	ctrlU   = 0x15
	bs      = 0x08
	del     = 0x7f
	newline = '\n'
	enter   = '\r'
)

// take takes one byte. It reports whether the byte submits the line: Enter in any of its forms, and the end-of-input key behind some
// characters, which passes them on as well.
func (t *typed) take(b byte) (submits bool) {
	if t.raw {
		if b == newline {
			return true
		}
		t.add(b)
		return false
	}
	switch t.state {
	case ground:
		return t.key(b)
	case escape:
		return t.afterEscape(b)
	case escapeMid: // ESC O and one byte
		t.state = ground
		if b == 'M' { // Enter of the keypad
			return true
		}
		t.unknown()
	case control:
		if b >= '@' && b <= '~' {
			t.state = ground
			return t.sequence(b)
		}
		if t.nseq < len(t.seq) {
			t.seq[t.nseq] = b
			t.nseq++
		}
	case text: // a terminal's answer
		switch b {
		case bel, can, sub:
			t.state = ground
		case esc:
			t.state = textEsc
		case enter, newline:
			t.state = ground
			return true
		}
	case textEsc:
		t.state = ground
	}
	return false
}

func (t *typed) key(b byte) (submits bool) {
	switch {
	case b == enter || b == newline || b == ctrlO && !t.paste:
		return true
	case b == ctrlD && !t.paste:
		return len(t.line) > 0 || t.opaque
	case b == esc:
		t.state = escape
	case b == ctrlC && !t.paste:
		t.next(false)
	case b == ctrlU && !t.paste && !t.opaque:
		t.line = t.line[:0]
	case (b == del || b == bs) && !t.paste:
		t.some = true
		_, n := utf8.DecodeLastRune(t.line)
		t.line = t.line[:len(t.line)-n]
	case b >= ' ' || t.paste:
		t.add(b)
	default:
		t.unknown()
	}
	return false
}

func (t *typed) afterEscape(b byte) (submits bool) {
	t.state = ground
	switch b {
	case '[':
		t.state, t.nseq = control, 0
	case 'O':
		t.state = escapeMid
	case ']', 'P', '_', '^', 'X':
		t.state = text
	case enter, newline:
		return true
	default:
		t.unknown()
	}
	return false
}

// sequence ends a control sequence.
func (t *typed) sequence(final byte) (submits bool) {
	seq := t.seq[:t.nseq]
	switch {
	case final == '~' && bytes.Equal(seq, []byte("200")):
		t.paste = true
	case final == '~' && bytes.Equal(seq, []byte("201")):
		t.paste = false
	case final == 'u' && isEnter(seq, 0), final == '~' && bytes.HasPrefix(seq, []byte("27;")) && isEnter(seq, 2):
		return true
	case bytes.IndexByte([]byte("RcnyIO"), final) >= 0: // a terminal's answer, or its focus
	default:
		t.unknown()
	}
	return false
}

// isEnter reports whether a parameter of a key's sequence is Enter.
func isEnter(seq []byte, param int) bool {
	parts := bytes.Split(seq, []byte{';'})
	if param >= len(parts) {
		return false
	}
	code, _, _ := bytes.Cut(parts[param], []byte{':'})
	return string(code) == "13" || string(code) == "57414"
}

func (t *typed) add(b byte) {
	t.some = true
	if len(t.line) > policy.LongestLive {
		t.long = true
		return
	}
	t.line = append(t.line, b)
}

func (t *typed) unknown() { t.some, t.opaque = true, true }

// next begins a new line. fetched: it does not begin empty.
func (t *typed) next(fetched bool) {
	t.line, t.opaque, t.some, t.long = t.line[:0], fetched, false, false
}
