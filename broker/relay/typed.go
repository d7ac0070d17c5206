package relay

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"sekimori/policy"
)

// typed follows the keys of one input line. As long as only characters, the rubout and the key that drops a whole line come, it knows the
// line exactly. With any other key (cursor, history, completion) only the screen knows it.
type typed struct {
	raw  bool // no terminal: each byte counts as it is, and only a line feed ends a line
	line []byte
	keys []byte // of an exact line: all bytes, with the rubouts
	// opaque: keys came that this type does not follow.
	opaque bool
	some   bool // a key of the line came
	long   bool
	paste  bool // within a bracketed paste
	// fetched: characters that were not typed may stand before the line's first key.
	fetched bool
	// left: the line before this one is gone if the cursor has left it, which the screen tells. Until then the line is fetched.
	left bool
	// several: an editor may hold earlier lines together with this one. Keys can still change those.
	several bool
	blind   bool // the key runs a text that stands nowhere on the screen
	answer  bool // only answers of the terminal came

	quoted  bool // the key before this one makes it a character
	prefix  bool // the key before was Ctrl-X
	literal bool // the key that submits was quoted
	state   parserState
	seq     [64]byte // of a control sequence, without its introducer
	nseq    int
}

// Keys.
const (
	ctrlC   = 0x03
	ctrlD   = 0x04
	ctrlE   = 0x05
	ctrlO   = 0x0f // runs the line and fetches the next one of the history
	ctrlQ   = 0x11
	ctrlU   = 0x15
	ctrlV   = 0x16
	ctrlX   = 0x18
	bs      = 0x08
	del     = 0x7f
	newline = '\n'
	enter   = '\r'
)

// take takes one byte. It reports whether the byte submits the line: Enter in any of its forms, and the end-of-input key behind some
// characters, which passes them on as well. A target that knows no sequences takes the bytes of one as keys. So a control byte within a
// sequence is a key, and the line is then not known.
func (t *typed) take(b byte) (submits bool) {
	if t.raw {
		if b == newline {
			return true
		}
		t.add(b)
		return false
	}
	if t.state != ground && b < ' ' && b != esc && !(t.state == text && (b == bel || b == sub)) {
		t.state = ground
		t.unknown()
	}
	switch t.state {
	case ground:
		return t.key(b)
	case escape:
		t.afterEscape(b)
	case escapeMid: // ESC O and one byte
		t.state = ground
		if b == 'M' { // Enter of the keypad
			return true
		}
		t.unknown()
	case control:
		switch {
		case b == esc:
			t.unknown()
			t.state = escape
		case b >= '@' && b <= '~':
			t.state = ground
			return t.sequence(b)
		case t.nseq < len(t.seq):
			t.seq[t.nseq] = b
			t.nseq++
		default:
			t.unknown()
		}
	case text: // a terminal's answer
		t.put(b)
		switch b {
		case bel, sub:
			t.state = ground
		case esc:
			t.state = textEsc
		}
	case textEsc:
		if b != '\\' {
			t.unknown()
			t.state = ground
			t.afterEscape(b)
			break
		}
		t.put(b)
		t.state = ground
	}
	return false
}

func (t *typed) key(b byte) (submits bool) {
	quoted, prefix := t.quoted, t.prefix
	t.quoted, t.prefix = false, false
	switch {
	case b == enter || b == newline || b == ctrlO:
		t.literal = quoted
		return true
	case b == ctrlD:
		t.literal = quoted
		return len(t.line) > 0 || t.opaque || t.fetched
	case b == ctrlE && prefix: // an editor opens, and the shell runs what is written there
		t.blind = true
		return true
	case b == esc:
		t.state = escape
	case t.paste && b < ' ' && b != '\t' || t.paste && b == del:
		t.unknown()
	case b == ctrlC:
		t.away()
	case (b == ctrlU || b == del || b == bs) && t.exact() && len(t.line) > 0 && !t.answer:
		t.some = true
		t.keep(b)
		t.line = rubbed(t.line, b)
	case b == ctrlU && t.exact() && !t.answer: // on an empty line
	case b >= ' ' && b != del || t.paste:
		t.add(b)
	default:
		t.quoted, t.prefix = b == ctrlV || b == ctrlQ, b == ctrlX
		t.unknown()
	}
	return false
}

func (t *typed) exact() bool { return !t.opaque && !t.fetched && !t.long }

// shownIn tells that the screen's line has all characters of this one.
func (t *typed) shownIn(line string) bool {
	return strings.Contains(line, strings.TrimSpace(string(t.line)))
}

// rubbed is a line after the rubout, or after the key that drops it.
func rubbed(line []byte, key byte) []byte {
	if key == ctrlU {
		return line[:0]
	}
	_, n := utf8.DecodeLastRune(line)
	return line[:len(line)-n]
}

// readings are the other lines that an exact line's keys make, on a target that has other keys for the rubout or for dropping the line.
func (t *typed) readings() (lines []string) {
	hasRub, hasDrop := bytes.ContainsAny(t.keys, "\x7f\b"), bytes.IndexByte(t.keys, ctrlU) >= 0
	for _, works := range [][2]bool{{false, true}, {true, false}, {false, false}} { // rubout, dropping
		if !works[0] && !hasRub || !works[1] && !hasDrop {
			continue
		}
		var line []byte
		for _, b := range t.keys {
			if b == ctrlU && works[1] || (b == del || b == bs) && works[0] {
				line = rubbed(line, b)
			} else {
				line = append(line, b)
			}
		}
		lines = append(lines, string(line))
	}
	return lines
}

func (t *typed) afterEscape(b byte) {
	t.state = ground
	switch b {
	case '[':
		t.state, t.nseq = control, 0
	case 'O':
		t.state = escapeMid
	case ']', 'P', '_', '^', 'X':
		t.state = text
		t.answered([]byte{esc, b})
	case esc:
		t.state = escape
		t.unknown()
	default:
		t.unknown()
	}
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
		t.answered(append(append([]byte{esc, '['}, seq...), final))
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

// answered takes an answer of the terminal. Where nothing else is typed the line is its bytes, as a shell would read them. Beside keys it is
// not known what the target makes of it.
func (t *typed) answered(b []byte) {
	if t.some && !t.answer {
		t.unknown()
	}
	t.some, t.answer = true, true
	for _, c := range b {
		t.put(c)
	}
}

// add takes a character.
func (t *typed) add(b byte) {
	if t.answer {
		t.unknown()
	}
	t.put(b)
}

func (t *typed) put(b byte) {
	t.some = true
	if len(t.line) > policy.LongestLive {
		t.long = true
		return
	}
	t.line = append(t.line, b)
	t.keep(b)
}

func (t *typed) keep(b byte) {
	if len(t.keys) > policy.LongestLive {
		t.long = true
		return
	}
	t.keys = append(t.keys, b)
}

func (t *typed) unknown() { t.some, t.opaque = true, true }

// sent begins a new line behind the key that submitted one. plain: the key was an Enter, and no sequence of keys.
func (t *typed) sent(key byte, plain bool) {
	within := t.paste || t.literal
	switch {
	case key == ctrlO || t.literal && key != enter && key != newline:
		t.next(true)
	case plain && (key == enter || key == newline):
		t.next(false)
	default: // the end-of-input key, and the forms of Enter that not every target knows
		t.away()
	}
	t.several, t.literal = within, false
}

// away notes that a key may have taken the line away.
func (t *typed) away() {
	t.next(true)
	t.left = true
}

// gone notes that the line before this one is gone: this one begins empty.
func (t *typed) gone() {
	t.next(false)
	t.several = false
}

// next begins a new line. fetched: it may not begin empty.
func (t *typed) next(fetched bool) {
	t.line, t.keys, t.opaque, t.some, t.long = t.line[:0], t.keys[:0], false, false, false
	t.fetched, t.left, t.blind, t.answer = fetched, false, false, false
}
