package recordings

import (
	"strconv"
	"unicode"

	"github.com/charmbracelet/x/ansi"
)

// box keeps the recorded terminal's size on a viewer's larger terminal, because programs rely on it: lines wrap at the right
// edge and scroll at the lower one. For wrapping box tracks the column; for scrolling it sets a scroll region in the
// alternate screen.
type box struct {
	cols, rows int // of the recorded terminal; 0: not known, box does nothing
	col        int // of the cursor, from 0; cols: behind the last column
	saved      int // the column saved with the cursor
	nowrap     bool
}

// Size sets the recorded terminal's size; 0: not known.
func (s *Screen) Size(cols, rows int) {
	if cols < 2 || rows < 2 || cols > mostArgument || rows > mostArgument {
		cols, rows = 0, 0
	}
	s.box.cols, s.box.rows = cols, rows
	s.box.col = min(s.box.col, cols)
}

// print moves the cursor by a character. It returns the sequence that first puts the viewer's cursor in the recorded
// terminal's place.
func (b *box) print(r rune) (before string) {
	if b.cols == 0 || unicode.Is(unicode.Mn, r) || unicode.Is(unicode.Me, r) || r == 0x200d {
		return ""
	}
	w := columns(r)
	if b.col+w > b.cols {
		if b.nowrap { // text that does not fit overwrites the last column
			b.col = b.cols - w
			before = "\x1b[" + strconv.Itoa(b.col+1) + "G"
		} else {
			b.col = 0
			before = "\r\n"
		}
	}
	b.col += w
	return before
}

// atEdge reports that the recorded terminal's cursor stays on the last column, where a larger terminal's has moved on.
func (b *box) atEdge() bool { return b.cols > 0 && b.col == b.cols }

// left moves the cursor n columns to the left if columns are counted.
func (b *box) left(n int) bool {
	if b.cols > 0 {
		b.col = max(min(b.col, b.cols-1)-n, 0)
	}
	return b.cols > 0
}

// tab returns the column, from 1, of a tab whose target differs on a larger terminal; 0: it does not differ.
func (b *box) tab() int {
	if b.cols == 0 {
		return 0
	}
	if b.col = b.col/8*8 + 8; b.col < b.cols {
		return 0
	}
	b.col = b.cols - 1
	return b.cols
}

func (b *box) escape(final byte) {
	switch final {
	case '7':
		b.saved = b.col
	case '8':
		b.col = b.saved
	case 'E':
		b.col = 0
	}
}

func (b *box) save(in bool) {
	if in {
		b.saved = b.col
	} else {
		b.col = b.saved
	}
}

// place writes a control sequence with the given numbers.
func (s *Screen) place(final byte, n ...int) {
	s.out.WriteString("\x1b[")
	for i, v := range n {
		if i > 0 {
			s.out.WriteByte(';')
		}
		s.out.WriteString(strconv.Itoa(v))
	}
	s.out.WriteByte(final)
}

// bounded limits the alternate screen to the recorded height, and lifts the limit again.
func (s *Screen) bounded() {
	if s.box.rows == 0 {
		return
	}
	region := "\x1b[r"
	if s.full {
		region = "\x1b[1;" + strconv.Itoa(s.box.rows) + "r"
	}
	s.region = s.full
	s.out.WriteString("\x1b7" + region + "\x1b8") // the region alone would send the cursor to the top
}

// boxed writes a control sequence, limited to the recorded terminal's size.
func (s *Screen) boxed(final byte, params ansi.Params) {
	b := &s.box
	n := max(argument(params, 0, mostArgument), 1)
	switch final {
	case 'C', 'a':
		if to := min(b.col+n, b.cols-1); to > b.col {
			s.place(final, to-b.col)
			b.col = to
		}
		return
	case 'A', 'B', 'd':
		if b.atEdge() {
			b.col = b.cols - 1
			s.place('G', b.cols)
		}
		if final == 'd' {
			s.place(final, min(n, b.rows))
			return
		}
	case 'K', 'P', 'X', '@':
		if b.atEdge() {
			s.place('G', b.cols)
		}
	case 'D':
		edge := b.atEdge()
		if b.left(n); edge {
			s.place('G', b.col+1)
			return
		}
	case 'G', '`':
		b.col = min(n, b.cols) - 1
		s.place(final, b.col+1)
		return
	case 'H', 'f':
		b.col = min(max(argument(params, 1, mostArgument), 1), b.cols) - 1
		s.place(final, min(n, b.rows), b.col+1)
		return
	case 'E', 'F':
		b.col = 0
	case 'r':
		b.col = 0
		bottom := argument(params, 1, mostArgument)
		switch {
		case bottom == 0 && s.full:
			bottom = b.rows
		case bottom > b.rows:
			bottom = b.rows
		}
		if bottom > 0 {
			s.place(final, min(n, b.rows), bottom)
			return
		}
	case 's':
		b.save(true)
	case 'u':
		b.save(false)
	case 'b':
		if n = min(n, b.cols-b.col); n > 0 {
			b.col += n
			s.place(final, n)
		}
		return
	case 'I', 'Z':
		for range min(n, b.cols/8+1) {
			if final == 'I' {
				s.execute('\t')
				continue
			}
			b.col = max((min(b.col, b.cols-1)-1)/8*8, 0)
			s.place('G', b.col+1)
		}
		return
	}
	s.sequence(final, params)
}
