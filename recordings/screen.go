package recordings

import (
	"bytes"
	"strconv"
	"unicode"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
)

// Screen passes the output of a recorded terminal to a viewer's terminal. It parses every sequence and writes it anew, and
// only the listed sequences: those that make the picture. Everything else is left out: sequences that make a terminal answer,
// type, print, ring, store, resize, report the mouse or change its keys, and unknown ones. Its output is UTF-8 without C1
// characters. It is for one goroutine.
type Screen struct {
	dec    *decoder
	in     *controls
	out    bytes.Buffer
	full   bool // a program uses the alternate screen
	region bool // a scroll region or origin mode may be set
	line   bool // the cursor is at the start of a line, as far as known
	bare   bool // output without a terminal: a line feed alone ends a line, and zero bytes are shown
	zero   bool // the last byte was zero
	after  byte // the preceding control character, if there was one
	box    box
}

// NewScreen returns a Screen for the output of one channel in encoding e.
func NewScreen(e Encoding) *Screen {
	s := &Screen{line: true, dec: newDecoder(e)}
	s.in = newControls(s)
	return s
}

// Show returns the harmless part of p; valid until the next call.
func (s *Screen) Show(p []byte) []byte {
	s.out.Reset()
	for _, c := range s.dec.utf8(p) {
		s.in.feed(c)
	}
	return s.out.Bytes()
}

// Full reports that a program uses the alternate screen: a line written now would stand in its picture.
func (s *Screen) Full() bool { return s.full }

// AtLineStart reports that the cursor is at the start of a line.
func (s *Screen) AtLineStart() bool { return s.line }

// Reset returns the sequence that restores a viewer's terminal from any state: the ordinary screen, all of it as scroll
// region, insertion and origin mode off, wrapping on, the cursor shown, the character set ASCII, no colours.
func (s *Screen) Reset() string {
	s.out.Reset()
	s.in.giveUp()
	out := "\x1b[4l\x1b[?7h\x1b[?25h\x1b(B\x1b)B\x0f\x1b[m"
	if s.full {
		out = "\x1b[?1049l" + out // without the switch back a terminal would restore a cursor that was never saved
	}
	if s.region {
		out += "\x1b[?6l\x1b[r\x1b[" + strconv.Itoa(mostArgument) + ";1H" // both send the cursor to the top
	}
	s.full, s.region = false, false
	return s.out.String() + out
}

// resetPicture replaces a full reset (RIS): the viewer's scrollback stays.
const resetPicture = "\x1b[r\x1b[4l\x1b[?6l\x1b[?7h\x1b[?25h\x1b(B\x1b)B\x0f\x1b[m\x1b[H\x1b[2J"

// mostArgument bounds a parameter. No screen is larger, and a terminal repeats an action as often as it is told.
const mostArgument = 4096

func (s *Screen) print(r rune) {
	if unicode.Is(unicode.Bidi_Control, r) {
		return // a page around the picture would turn the text around; a terminal does not
	}
	s.line, s.after, s.zero = false, 0, false
	s.out.WriteString(s.box.print(r))
	if r < utf8.RuneSelf {
		s.out.WriteByte(byte(r))
		return
	}
	s.out.WriteRune(r)
}

func (s *Screen) invalid(byte) { s.print(utf8.RuneError) }

// execute passes control characters that move the cursor or choose a character set. The bell is left out.
func (s *Screen) execute(c byte) {
	if c == 0 && s.bare {
		if !s.zero {
			s.print(zeroMark)
		}
		s.zero = true
		return
	}
	s.zero = false
	switch c {
	case '\n', '\v', '\f':
		switch {
		case s.after == '\r':
			s.out.WriteByte('\n')
		case s.bare:
			s.line = true
			s.out.WriteString("\r\n")
		default: // down only: a viewer's terminal would begin a new line
			s.out.WriteString("\x1bD")
		}
	case '\r':
		s.line, s.box.col = true, 0
		s.out.WriteByte(c)
	case '\b':
		if edge := s.box.atEdge(); s.box.left(1) && edge {
			s.place('G', s.box.col+1)
		} else {
			s.out.WriteByte(c)
		}
	case '\t':
		if to := s.box.tab(); to > 0 {
			s.place('G', to)
		} else {
			s.out.WriteByte(c)
		}
	case 0x0e, 0x0f:
		s.out.WriteByte(c)
	}
	s.after = c
}

// escape passes the sequences of two and three characters that a picture needs.
func (s *Screen) escape(cmd ansi.Cmd) {
	final := cmd.Final()
	switch cmd.Intermediate() {
	case 0:
		switch final {
		case '7', '8', 'D', 'E', 'H', 'M': // save, restore, index, next line, set a tab stop, reverse index
			s.box.escape(final)
			s.out.Write([]byte{0x1b, final})
		case 'c': // programs use a reset to clear the terminal
			if s.full {
				s.out.WriteString("\x1b[?1049l")
			}
			s.full, s.region, s.line = false, false, true
			s.box = box{cols: s.box.cols, rows: s.box.rows}
			s.out.WriteString(resetPicture)
		}
	case '(', ')', '*', '+': // character sets: line drawing, national, ASCII
		switch final {
		case '0', '1', '2', 'A', 'B':
			s.out.Write([]byte{0x1b, cmd.Intermediate(), final})
		}
	case '#':
		if final == '8' { // fill the screen
			s.box.col = 0
			s.out.WriteString("\x1b#8")
		}
	}
}

// control passes the listed control sequences.
func (s *Screen) control(cmd ansi.Cmd, params ansi.Params) {
	final := cmd.Final()
	switch {
	case cmd.Prefix() == '?' && cmd.Intermediate() == 0 && (final == 'h' || final == 'l'):
		s.modes(final, params)
		return
	case cmd.Prefix() == 0 && cmd.Intermediate() == '!' && final == 'p': // soft reset
		s.box.nowrap = false
		s.out.WriteString("\x1b[!p")
		return
	case cmd.Prefix() != 0 || cmd.Intermediate() != 0:
		return
	}
	most, same := 1, true
	switch final {
	case 'A', 'B', 'C', 'D', 'E', 'F', 'G', 'I', 'Z', 'a', 'd', 'e', '`': // cursor
	case '@', 'P', 'L', 'M', 'X', 'S', 'T', 'b': // insert, delete, erase, scroll, repeat
	case 'H', 'f': // position
		most = 2
	case 'r': // region
		most, s.region = 2, true
	case 'J', 'K': // erase; not the scrollback, which is the viewer's
		same = argument(params, 0, mostArgument) <= 2
	case 'g': // tab stops
	case 's', 'u': // save and restore the cursor
		most = 0
	case 'm':
		most = len(params)
	case 'h', 'l': // insertion mode only
		same = argument(params, 0, mostArgument) == 4
	default:
		return
	}
	if len(params) > most || !same {
		return
	}
	if s.box.cols > 0 && final != 'm' {
		s.boxed(final, params)
	} else {
		s.sequence(final, params)
	}
	if final == 'H' || final == 'f' || final == 'G' || final == 'E' || final == 'F' || final == '`' {
		s.line = len(params) < 2 && argument(params, 0, mostArgument) <= 1 || len(params) == 2 && argument(params, 1, mostArgument) <= 1
	}
}

// modes passes the listed private modes, one by one.
func (s *Screen) modes(final byte, params ansi.Params) {
	switched := false
	for i := range params {
		n := argument(params, i, 1<<16)
		switch n {
		case 47, 1047, 1049: // the alternate screen
			if s.full = final == 'h'; n == 1049 {
				s.box.save(final == 'h')
			}
			switched = true
		case 6: // origin
			s.region, s.box.col = true, 0
		case 1048: // cursor saved
			s.box.save(final == 'h')
		case 7: // wrap
			s.box.nowrap = final == 'l'
		case 25: // cursor shown
		default:
			continue
		}
		s.out.WriteString("\x1b[?" + strconv.Itoa(n) + string(rune(final)))
	}
	if switched {
		s.bounded()
	}
}

// sequence writes a control sequence anew.
func (s *Screen) sequence(final byte, params ansi.Params) {
	s.out.WriteString("\x1b[")
	for i, p := range params {
		if n := p.Param(-1); n >= 0 {
			s.out.WriteString(strconv.Itoa(min(n, mostArgument)))
		}
		if i == len(params)-1 {
			break
		}
		if p.HasMore() && final == 'm' {
			s.out.WriteByte(':')
		} else {
			s.out.WriteByte(';')
		}
	}
	s.out.WriteByte(final)
}
