package relay

import (
	"bytes"
	"unicode/utf8"
)

// screen follows a terminal's output just far enough to tell where a line of ours would spoil it: inside a control sequence
// or a character, on the alternate screen, while a program has set a scrolling region, or while a program that takes the
// cursor keys has cleared the screen to draw (top, and every program on a terminal without an alternate screen, such as the
// vt100). It looks at escape characters only; plain text costs one search.
//
// A program on TERM=linux that scrolls the whole screen shows none of these signs; screen treats it like a shell.
type screen struct {
	state   parserState
	rows    uint32 // of the terminal; 0: not known
	top     int    // first line of the scrolling region; 0 or 1: the screen's
	bottom  int    // its last; 0: the screen's
	alt     bool   // the alternate screen is shown
	cursor  bool   // application cursor keys (DECCKM)
	cleared bool   // the screen has been cleared since
	home    bool   // the last control sequence went to the top left cell
	private byte   // first parameter byte if it is one of < = > ?
	inter   byte   // last intermediate byte
	params  [8]int
	nparams int
	tail    [utf8.UTFMax]byte // last bytes of the output, in case a character was cut
	ntail   int
}

type parserState byte

const (
	ground    parserState = iota
	escape                // after ESC
	escapeMid             // after ESC and intermediate bytes
	control               // CSI parameters and intermediates
	text                  // OSC, DCS, SOS, PM, APC: until ST or BEL
	textEsc               // ESC inside such a text
)

const (
	esc = 0x1b
	bel = 0x07
	can = 0x18
	sub = 0x1a
)

// feed takes output in the order it is sent.
func (s *screen) feed(p []byte) {
	s.keepTail(p)
	for len(p) > 0 {
		switch s.state {
		case ground:
			i := bytes.IndexByte(p, esc)
			if i < 0 {
				return
			}
			p = p[i+1:]
			s.state = escape
			continue
		case text:
			i := bytes.IndexAny(p, "\x1b\x07\x18\x1a")
			if i < 0 {
				return
			}
			s.state = ground
			if p[i] == esc {
				s.state = textEsc
			}
			p = p[i+1:]
			continue
		}
		s.step(p[0])
		p = p[1:]
	}
}

// step takes one byte of a sequence.
func (s *screen) step(b byte) {
	switch {
	case b == can || b == sub:
		s.state = ground
		return
	case b == esc:
		s.state = escape
		return
	case b < ' ' && s.state != textEsc:
		return // executed at once; the sequence goes on
	}
	switch s.state {
	case textEsc: // ESC \ ends the text; any other ESC ends it too and begins anew
		if b == '\\' {
			s.state = ground
			return
		}
		s.afterEscape(b)
	case escape:
		s.afterEscape(b)
	case escapeMid:
		if b >= '0' {
			s.state = ground
		}
	case control:
		s.inControl(b)
	}
}

func (s *screen) afterEscape(b byte) {
	switch {
	case b == '[':
		s.state, s.private, s.inter, s.nparams = control, 0, 0, 0
		s.params = [8]int{}
	case b == ']' || b == 'P' || b == 'X' || b == '^' || b == '_':
		s.state = text
	case b >= ' ' && b < '0':
		s.state = escapeMid
	default:
		if b == 'c' { // RIS: state as after power-on
			s.alt, s.cursor = false, false
			s.wholeRegion()
		}
		s.state = ground
	}
}

func (s *screen) inControl(b byte) {
	switch {
	case b >= '0' && b <= '9':
		if s.nparams == 0 {
			s.nparams = 1
		}
		if i := s.nparams - 1; i < len(s.params) && s.params[i] < 1<<16 {
			s.params[i] = s.params[i]*10 + int(b-'0')
		}
	case b == ';' || b == ':':
		if s.nparams == 0 {
			s.nparams = 1
		}
		s.nparams++
	case b >= '<' && b <= '?':
		s.private = b
	case b >= ' ' && b < '0':
		s.inter = b
	case b >= '@' && b <= '~':
		s.state = ground
		s.finish(b)
	default:
		s.state = ground // 8-bit bytes are invalid here
	}
}

// finish handles a complete control sequence.
func (s *screen) finish(final byte) {
	switch {
	case s.private == '?' && s.inter == 0 && (final == 'h' || final == 'l'):
		for _, mode := range s.params[:min(s.nparams, len(s.params))] {
			switch mode {
			case 47, 1047, 1049:
				s.alt = final == 'h'
			case 1:
				if set := final == 'h'; set != s.cursor {
					s.cursor, s.cleared = set, false
				}
			case 2004:
				// A shell that turns on bracketed paste is back at its prompt, although the program before it was killed.
				// A program that does so clears the screen afterwards.
				if final == 'h' {
					s.cleared = false
				}
			}
		}
	case s.private == 0 && s.inter == 0 && final == 'r': // DECSTBM
		s.region(s.params[0], s.params[1])
	case s.private == 0 && s.inter == '!' && final == 'p': // DECSTR
		s.cursor = false
		s.wholeRegion()
	case s.private == 0 && s.inter == 0 && final == 'J':
		if s.params[0] >= 2 || s.params[0] == 0 && s.home {
			s.cleared = true
		}
	}
	s.home = s.private == 0 && s.inter == 0 && final == 'H' && s.params[0] <= 1 && s.params[1] <= 1
}

// region sets the scrolling region. Like a terminal it ignores a region of fewer than two lines.
func (s *screen) region(top, bottom int) {
	last := bottom
	if last == 0 {
		last = int(min(s.rows, 1<<20))
	}
	if last != 0 && max(top, 1) >= last {
		return
	}
	s.top, s.bottom = top, bottom
}

func (s *screen) wholeRegion() { s.top, s.bottom = 0, 0 }

// resized sets the number of rows. Terminals reset the scrolling region on a resize.
func (s *screen) resized(rows uint32) {
	if rows == s.rows {
		return
	}
	s.rows = rows
	s.wholeRegion()
}

func (s *screen) keepTail(p []byte) {
	if len(p) >= len(s.tail) {
		s.ntail = copy(s.tail[:], p[len(p)-len(s.tail):])
		return
	}
	if drop := s.ntail + len(p) - len(s.tail); drop > 0 {
		s.ntail = copy(s.tail[:], s.tail[drop:s.ntail])
	}
	s.ntail += copy(s.tail[s.ntail:], p)
}

// between reports whether the output is between two characters and outside any sequence. Encodings other than UTF-8 look cut
// after most bytes above 127; then between waits for ASCII.
func (s *screen) between() bool {
	if s.state != ground {
		return false
	}
	if s.ntail == 0 || s.tail[s.ntail-1] < utf8.RuneSelf {
		return true
	}
	r, size := utf8.DecodeLastRune(s.tail[:s.ntail])
	return r != utf8.RuneError || size > 1
}

// full reports whether a program uses the whole screen. A region of all lines does not count, because vi leaves one behind.
// If the number of lines is unknown, a region from the first line counts as all lines.
func (s *screen) full() bool {
	part := s.top > 1 || s.bottom > 0 && uint32(s.bottom) < s.rows
	return s.alt || part || s.cursor && s.cleared
}
