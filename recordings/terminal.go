package recordings

import (
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
	"golang.org/x/text/width"
)

// terminal turns a program's terminal output into lines of text. It keeps one line, enough for a shell, its editing and
// progress bars. A move to another line ends the line, so a full-screen program leaves its texts one after the other. A byte
// costs at most the moving of one line.
type terminal struct {
	dec   *decoder
	in    *controls
	cells []cell // by column
	marks []string
	col   int
	start time.Duration
	now   time.Duration
	some  bool // the line has begun
	done  bool // the line is complete
	bare  bool // output without a terminal: zero bytes are shown
	zero  bool // the last byte was zero
}

// cell is one column: a character, or badByte plus an invalid byte, or the second column of a wide character, or below 0 an
// index into marks, -1 the first.
type cell int32

const (
	secondColumn cell = 0
	badByte      cell = 0x200000
)

const (
	maxColumns = 4096 // longer lines are broken, so that a line cannot take all memory
	maxJump    = 512  // columns that one sequence may move or insert: no terminal is wider
	maxMarks   = 64   // bytes of a character with its marks
)

func newTerminal(e Encoding) *terminal {
	t := &terminal{dec: newDecoder(e)}
	t.in = newControls(t)
	return t
}

// feed takes one byte and reports whether a line is complete.
func (t *terminal) feed(c byte) (line bool) {
	t.done = false
	t.in.feed(c)
	return t.done || t.col >= maxColumns
}

func (t *terminal) print(r rune) {
	t.zero = false
	if unicode.Is(unicode.Mn, r) || unicode.Is(unicode.Me, r) || r == 0x200d {
		t.combine(r)
		return
	}
	if hostile(r) { // it would turn text around or hide it, as in Visible
		r = '〓'
	}
	t.put(cell(r), columns(r))
}

// invalid shows an invalid byte escaped.
func (t *terminal) invalid(c byte) {
	t.zero = false
	t.put(badByte+cell(c), 1)
}

func (t *terminal) execute(c byte) {
	zero := t.zero
	t.zero = c == 0
	switch c {
	case 0:
		if t.bare && !zero {
			t.put(zeroMark, 1)
		}
	case '\n':
		t.done = true
	case '\r':
		t.col = 0
	case '\b':
		t.col = max(t.col-1, 0)
	case '\t':
		for n := 8 - t.col%8; n > 0; n-- {
			if t.col < len(t.cells) {
				t.col++ // a tab moves and does not erase
			} else {
				t.put(' ', 1)
			}
		}
	}
}

// columns is the width of r on a terminal.
func columns(r rune) int {
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	}
	return 1
}

// put writes a character of w columns at the cursor.
func (t *terminal) put(c cell, w int) {
	if !t.some {
		t.some, t.start = true, t.now
	}
	for len(t.cells) < t.col+w {
		t.cells = append(t.cells, ' ')
	}
	t.cells[t.col] = c
	for i := 1; i < w; i++ {
		t.cells[t.col+i] = secondColumn
	}
	t.col += w
}

// combine adds a mark to the character before the cursor.
func (t *terminal) combine(r rune) {
	for i := min(t.col, len(t.cells)) - 1; i >= 0 && i >= t.col-2; i-- {
		c := t.cells[i]
		switch {
		case c == secondColumn:
			continue
		case c < 0:
			if s := &t.marks[-c-1]; len(*s) < maxMarks {
				*s += string(r)
			}
		default:
			if len(t.marks) >= 2*maxColumns {
				t.forget()
			}
			t.marks = append(t.marks, c.text(nil)+string(r))
			t.cells[i] = cell(-len(t.marks))
		}
		return
	}
	t.put(cell(r), 1)
}

// forget drops the marks of overwritten cells.
func (t *terminal) forget() {
	kept := make([]string, 0, maxColumns)
	for i, c := range t.cells {
		if c < 0 {
			kept = append(kept, t.marks[-c-1])
			t.cells[i] = cell(-len(kept))
		}
	}
	t.marks = kept
}

func (c cell) text(marks []string) string {
	switch {
	case c < 0:
		return marks[-c-1]
	case c == secondColumn:
		return ""
	case c >= badByte:
		return `\x` + strconv.FormatUint(uint64(c-badByte)|0x100, 16)[1:]
	}
	return string(rune(c))
}

// take ends the line and returns it.
func (t *terminal) take(s Stream) Line {
	var b strings.Builder
	end := len(t.cells)
	for end > 0 && t.cells[end-1] == ' ' {
		end--
	}
	for _, c := range t.cells[:end] {
		if c > 0 && c < utf8.RuneSelf {
			b.WriteByte(byte(c))
		} else {
			b.WriteString(c.text(t.marks))
		}
	}
	l := Line{Elapsed: t.start, Stream: s, Text: b.String()}
	if !t.some {
		l.Elapsed = t.now
	}
	t.cells, t.marks, t.col, t.some = t.cells[:0], t.marks[:0], 0, false
	return l
}

// flush ends an unfinished line.
func (t *terminal) flush(s Stream) (Line, bool) {
	t.in.giveUp()
	if !t.some {
		return Line{}, false
	}
	return t.take(s), true
}

// escape handles the sequences that end a line.
func (t *terminal) escape(cmd ansi.Cmd) {
	if cmd.Intermediate() != 0 {
		return
	}
	switch cmd.Final() {
	case 'D', 'E', 'M', 'c': // index, next line, reverse index, reset
		t.done = t.some
	}
}

// control handles the control sequences that matter within a line.
func (t *terminal) control(cmd ansi.Cmd, params ansi.Params) {
	if cmd.Prefix() != 0 || cmd.Intermediate() != 0 {
		return
	}
	n := argument(params, 0, maxJump)
	switch cmd.Final() {
	case 'C':
		t.col = min(t.col+max(n, 1), max(t.col, len(t.cells), maxJump-1))
	case 'D':
		t.col = max(t.col-max(n, 1), 0)
	case 'G', '`':
		t.col = max(argument(params, 0, max(len(t.cells), maxJump)), 1) - 1
	case 'K':
		t.erase(n)
	case 'P':
		t.remove(max(n, 1))
	case '@':
		t.insert(max(n, 1))
	case 'X':
		for i := t.col; i < min(t.col+max(n, 1), len(t.cells)); i++ {
			t.cells[i] = ' '
		}
	case 'A', 'B', 'E', 'F', 'H', 'f', 'd', 'J', 'S', 'T', 'L', 'M':
		if cmd.Final() == 'J' && n == 0 { // a shell clears below its prompt
			t.erase(0)
			return
		}
		t.done = t.some
	}
}

// erase is EL: 0 to the end, 1 to the start, 2 all of the line.
func (t *terminal) erase(n int) {
	switch {
	case n == 0 && t.col < len(t.cells):
		t.cells = t.cells[:t.col]
	case n == 1:
		for i := range t.cells[:min(t.col+1, len(t.cells))] {
			t.cells[i] = ' '
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
	old := len(t.cells)
	for range min(n, maxColumns-old) {
		t.cells = append(t.cells, ' ')
	}
	copy(t.cells[min(t.col+n, len(t.cells)):], t.cells[t.col:old])
	for i := t.col; i < min(t.col+n, len(t.cells)); i++ {
		t.cells[i] = ' '
	}
}
