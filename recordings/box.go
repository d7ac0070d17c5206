package recordings

import (
	"strconv"
	"unicode"

	"github.com/charmbracelet/x/ansi"
)

// box keeps the picture of a recorded terminal at its size on a viewer's terminal that is larger. Programs rely on the size:
// they let lines wrap at the right edge and scroll at the lower one. Only the column must be known for the first; for the
// second the alternate screen gets a scroll region.
type box struct {
	cols, rows int // of the recorded terminal; 0: not known, and nothing is kept
	col        int // of the cursor, from 0; cols: it stands behind the last column
	saved      int // column that was saved with the cursor
	nowrap     bool
}

// Size says how large the recorded terminal is; 0: not known.
func (s *Screen) Size(cols, rows int) {
	if cols < 2 || rows < 2 || cols > mostArgument || rows > mostArgument {
		cols, rows = 0, 0
	}
	s.box.cols, s.box.rows = cols, rows
	s.box.col = min(s.box.col, cols)
}

// print moves the cursor by a character, and gives what puts it where the recorded terminal had it.
func (b *box) print(r rune) (before string) {
	if b.cols == 0 || unicode.Is(unicode.Mn, r) || unicode.Is(unicode.Me, r) || r == 0x200d {
		return ""
	}
	w := columns(r)
	if b.col+w > b.cols {
		if b.nowrap { // what does not fit is written over the last column
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

// atEdge: the cursor of the recorded terminal stands on the last column still, that of a larger one behind it.
func (b *box) atEdge() bool { return b.cols > 0 && b.col == b.cols }

// left moves the cursor n columns to the left, where columns are counted.
func (b *box) left(n int) bool {
	if b.cols > 0 {
		b.col = max(min(b.col, b.cols-1)-n, 0)
	}
	return b.cols > 0
}

// tab gives the column, from 1, that a tab goes to where a larger terminal would go elsewhere; 0: nowhere else.
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

// place writes a control sequence with numbers of our own.
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

// bounded gives the alternate screen the height of the recorded one, and takes it away again.
func (s *Screen) bounded() {
	if s.box.rows == 0 {
		return
	}
	region := "\x1b[r"
	if s.full {
		region = "\x1b[1;" + strconv.Itoa(s.box.rows) + "r"
	}
	s.region = s.full
	s.out.WriteString("\x1b7" + region + "\x1b8") // which would send the cursor to the top
}

// boxed writes a control sequence so that it stays within the recorded terminal's size.
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
