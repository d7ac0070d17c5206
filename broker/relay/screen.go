package relay

import (
	"bytes"
	"unicode/utf8"
)

// screen follows a terminal's output just far enough to tell where a line of ours would do
// harm: inside a control sequence or a character, on the alternate screen, or while a program
// has set a scrolling region. It looks at escape characters only; plain text costs one search.
type screen struct {
	state   parserState
	alt     bool // the alternate screen is shown
	region  bool // a scrolling region is set
	private byte // first byte of the parameters where it is one of < = > ?
	inter   byte // last intermediate byte
	params  [8]int
	nparams int
	tail    [utf8.UTFMax]byte // last bytes of the output, for a character cut in two
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
		return // executed at once, the sequence goes on
	}
	switch s.state {
	case textEsc: // ESC \ ends the text; any other ESC does too and begins anew
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
		if b == 'c' { // RIS: everything as when switched on
			s.alt, s.region = false, false
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
		s.state = ground // 8-bit bytes have no place here
	}
}

// finish acts on a complete control sequence.
func (s *screen) finish(final byte) {
	switch {
	case s.private == '?' && s.inter == 0 && (final == 'h' || final == 'l'):
		for _, mode := range s.params[:min(s.nparams, len(s.params))] {
			if mode == 47 || mode == 1047 || mode == 1049 {
				s.alt = final == 'h'
			}
		}
	case s.private == 0 && s.inter == 0 && final == 'r': // DECSTBM; without lines: the whole screen
		s.region = s.params[0] > 1 || s.params[1] > 0
	case s.private == 0 && s.inter == '!' && final == 'p': // DECSTR
		s.region = false
	}
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

// between reports whether the output stands between two characters and outside any sequence.
// An encoding other than UTF-8 looks cut after most bytes above 127; then ASCII is waited for.
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

// full reports whether a program has the whole screen to itself.
func (s *screen) full() bool { return s.alt || s.region }
