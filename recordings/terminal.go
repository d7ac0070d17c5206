package recordings

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"
)

// terminal turns what a program sent to a terminal into lines of text. It knows
// one line: enough for a shell, its editing and progress bars. A move to another
// line ends the line, so that a full-screen program leaves its texts one after
// the other.
type terminal struct {
	cells []string // by column; the second column of a wide character is ""
	col   int
	start time.Duration
	now   time.Duration
	some  bool // the line has begun

	char  []byte // a character that is not complete
	state escape
	args  []byte // of a control sequence
}

type escape byte

const (
	ground    escape = iota
	afterEsc         // ESC
	inCSI            // ESC [
	inString         // OSC, DCS, SOS, PM, APC: until ST or BEL
	stringEsc        // ESC inside such a string
	oneMore          // ESC ( and the like take one more byte
)

const (
	maxColumns = 4096 // longer lines are broken: a line must not take all memory
	maxArgs    = 64
)

// feed takes one byte and tells that a line is complete.
func (t *terminal) feed(c byte) (line bool) {
	switch t.state {
	case afterEsc:
		return t.escaped(c)
	case inCSI:
		return t.control(c)
	case inString:
		switch c {
		case 0x1b:
			t.state = stringEsc
		case 0x07, 0x18, 0x1a:
			t.state = ground
		}
		return false
	case stringEsc:
		if t.state = inString; c == '\\' {
			t.state = ground
		}
		return false
	case oneMore:
		t.state = ground
		return false
	}
	if c >= utf8.RuneSelf || len(t.char) > 0 && c >= 0x20 && c != 0x7f {
		t.partial(c)
		return t.col >= maxColumns
	}
	t.giveUp()
	switch {
	case c == 0x1b:
		t.state = afterEsc
	case c == '\n':
		return true
	case c == '\r':
		t.col = 0
	case c == '\b':
		t.col = max(t.col-1, 0)
	case c == '\t':
		for n := 8 - t.col%8; n > 0; n-- {
			if t.col < len(t.cells) {
				t.col++ // a tab moves, it does not erase
			} else {
				t.put(" ", 1)
			}
		}
	case c >= 0x20 && c != 0x7f:
		t.put(string(rune(c)), 1)
	}
	return t.col >= maxColumns
}

// partial gathers the bytes of a character. Bytes that cannot become one are shown escaped.
func (t *terminal) partial(c byte) {
	t.char = append(t.char, c)
	for len(t.char) > 0 && utf8.FullRune(t.char) {
		r, n := utf8.DecodeRune(t.char)
		switch {
		case r == utf8.RuneError && n == 1:
			t.escape(t.char[0])
		case unicode.Is(unicode.Mn, r) || unicode.Is(unicode.Me, r) || r == 0x200d:
			t.combine(string(t.char[:n]))
		case unicode.IsControl(r): // C1
		default:
			t.put(string(t.char[:n]), columns(r))
		}
		t.char = t.char[:copy(t.char, t.char[n:])]
	}
}

// giveUp shows what was begun as a character and will not be completed.
func (t *terminal) giveUp() {
	for _, c := range t.char {
		t.escape(c)
	}
	t.char = t.char[:0]
}

func (t *terminal) escape(c byte) {
	if c < utf8.RuneSelf {
		t.put(string(rune(c)), 1)
		return
	}
	t.put(fmt.Sprintf(`\x%02x`, c), 1)
}

// columns is how wide a terminal shows r.
func columns(r rune) int {
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	}
	return 1
}

// put writes a character of w columns at the cursor.
func (t *terminal) put(s string, w int) {
	if !t.some {
		t.some, t.start = true, t.now
	}
	for len(t.cells) < t.col+w {
		t.cells = append(t.cells, " ")
	}
	t.cells[t.col] = s
	for i := 1; i < w; i++ {
		t.cells[t.col+i] = ""
	}
	t.col += w
}

// combine adds a mark to the character before the cursor.
func (t *terminal) combine(s string) {
	for i := min(t.col, len(t.cells)) - 1; i >= 0; i-- {
		if t.cells[i] != "" {
			if len(t.cells[i]) < 64 {
				t.cells[i] += s
			}
			return
		}
	}
	t.put(s, 1)
}

// take ends the line.
func (t *terminal) take(s Stream) Line {
	l := Line{Elapsed: t.start, Stream: s, Text: strings.TrimRight(strings.Join(t.cells, ""), " ")}
	if !t.some {
		l.Elapsed = t.now
	}
	t.cells, t.col, t.some = t.cells[:0], 0, false
	return l
}

// flush ends a line that was not ended.
func (t *terminal) flush(s Stream) (Line, bool) {
	t.giveUp()
	if !t.some {
		return Line{}, false
	}
	return t.take(s), true
}

// escaped takes the byte after ESC.
func (t *terminal) escaped(c byte) (line bool) {
	t.state = ground
	switch c {
	case '[':
		t.state, t.args = inCSI, t.args[:0]
	case ']', 'P', 'X', '^', '_':
		t.state = inString
	case '(', ')', '*', '+', '-', '.', '/', '#', '%', ' ':
		t.state = oneMore
	case 0x1b:
		t.state = afterEsc
	case 'D', 'E', 'M', 'c': // index, next line, reverse index, reset
		return t.some
	}
	return false
}

// control takes a byte of a control sequence (ECMA-48) and acts on those that
// matter within a line.
func (t *terminal) control(c byte) (line bool) {
	switch {
	case c == 0x1b:
		t.state = afterEsc
		return false
	case c == 0x18 || c == 0x1a:
		t.state = ground
		return false
	case c < 0x40 || c > 0x7e:
		if c >= 0x20 && len(t.args) < maxArgs {
			t.args = append(t.args, c)
		}
		return false
	}
	t.state = ground
	n := t.arg()
	switch c {
	case 'C':
		t.col = min(t.col+max(n, 1), maxColumns-1)
	case 'D':
		t.col = max(t.col-max(n, 1), 0)
	case 'G':
		t.col = min(max(n, 1)-1, maxColumns-1)
	case 'K':
		t.erase(n)
	case 'P':
		t.remove(max(n, 1))
	case '@':
		t.insert(max(n, 1))
	case 'A', 'B', 'E', 'F', 'H', 'f', 'd', 'J', 'S', 'T', 'L', 'M':
		if c == 'J' && n == 0 { // a shell clears below its prompt
			t.erase(0)
			return false
		}
		return t.some
	}
	return false
}

// arg is the first number of the control sequence, 0 without one.
func (t *terminal) arg() (n int) {
	for _, c := range t.args {
		if c < '0' || c > '9' {
			break
		}
		if n = n*10 + int(c-'0'); n > maxColumns {
			return maxColumns
		}
	}
	return n
}

// erase is EL: 0 to the end, 1 to the start, 2 all of the line.
func (t *terminal) erase(n int) {
	switch {
	case n == 0 && t.col < len(t.cells):
		t.cells = t.cells[:t.col]
	case n == 1:
		for i := range t.cells[:min(t.col+1, len(t.cells))] {
			t.cells[i] = " "
		}
	case n == 2:
		t.cells = t.cells[:0]
	}
}

// remove is DCH: the rest of the line moves left.
func (t *terminal) remove(n int) {
	if t.col < len(t.cells) {
		t.cells = append(t.cells[:t.col], t.cells[min(t.col+n, len(t.cells)):]...)
	}
}

// insert is ICH: the rest of the line moves right.
func (t *terminal) insert(n int) {
	if t.col >= len(t.cells) {
		return
	}
	n = min(n, maxColumns)
	gap := make([]string, n, n+len(t.cells)-t.col)
	for i := range gap {
		gap[i] = " "
	}
	t.cells = append(t.cells[:t.col], append(gap, t.cells[t.col:]...)...)
	t.cells = t.cells[:min(len(t.cells), maxColumns)]
}
