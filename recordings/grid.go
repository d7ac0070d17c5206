package recordings

import (
	"slices"
	"strings"
	"unicode"

	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/ansi/parser"
)

// Grid follows a terminal's screen: which character stands in which cell, where the cursor is, and which rows a long line runs over. It
// answers one question: which line does the cursor stand in. A Picture follows the colours with it too. It is for one goroutine.
type Grid struct {
	in         *controls
	cols, rows int // 0: not known, or too large
	main, alt  gridPage
	at         *gridPage // the one that is shown
	noWrap     bool
	insert     bool
	origin     bool
	last       rune      // the last character printed, for REP
	scrolled   int64     // rows that have left the main page at its top
	epoch      int64     // changes when rows move otherwise
	look       *gridLook // nil: characters without colours and marks
}

// gridPage is one of a terminal's two screens.
type gridPage struct {
	rows        []gridRow
	row, col    int
	pending     bool // the last column is filled: the next character goes to the next row
	top, bottom int  // of the scrolling region, inclusive
	saved       gridPlace
}

// gridPlace is a saved cursor.
type gridPlace struct {
	row, col int
	pen      uint16
}

// gridCell is a character and the number of its pen.
type gridCell struct {
	r   rune // gridNone: never written; gridSecond: the second column of a wide character; below: a character with marks
	pen uint16
}

// gridRow is one row of cells.
type gridRow struct {
	cells   []gridCell
	wrapped bool // the line of the row above goes on here
}

const (
	gridNone   rune = 0
	gridSecond rune = -1
	mostCells       = 200_000 // of a page
	mostLine        = 16 << 10
)

// GridMark is a place on the screen. The zero value is none.
type GridMark struct {
	row    int64
	epoch  int64
	col    int
	before string // what stood before it in its line
	set    bool
}

// GridLine is the line in which the cursor stands.
type GridLine struct {
	Text  string // all of it, over all its rows
	After string // behind the mark; empty where Marked is false
	// Marked: the mark stands in this line, and the same text before it, which is not empty.
	Marked bool
	// Known: the screen is followed, and all of the line is on it.
	Known bool
}

// NewGrid follows a terminal of a size. A size of 0, or of too many cells, is not followed.
func NewGrid(cols, rows int) *Grid {
	g := &Grid{}
	g.in = newControls(g)
	g.Resize(cols, rows)
	return g
}

// Resize sets another size. Rows and columns that still fit stay.
func (g *Grid) Resize(cols, rows int) {
	if cols <= 0 || rows <= 0 || cols > mostCells/rows {
		g.cols, g.rows = 0, 0
		g.main, g.alt = gridPage{}, gridPage{}
		return
	}
	if g.at == nil {
		g.at = &g.main
	}
	g.epoch++
	g.cols, g.rows = cols, rows
	for _, p := range []*gridPage{&g.main, &g.alt} {
		p.resize(cols, rows)
	}
}

func (p *gridPage) resize(cols, rows int) {
	if drop := p.row + 1 - rows; drop > 0 { // the cursor's row stays
		p.rows = slices.Clone(p.rows[min(drop, len(p.rows)):])
		p.row -= drop
	}
	p.rows = p.rows[:min(len(p.rows), rows)]
	for len(p.rows) < rows {
		p.rows = append(p.rows, gridRow{})
	}
	for i := range p.rows {
		cells := make([]gridCell, cols)
		copy(cells, p.rows[i].cells)
		p.rows[i].cells = cells
	}
	p.col = min(p.col, cols-1)
	p.top, p.bottom, p.pending = 0, rows-1, false
}

// Feed takes output in the order in which the terminal gets it.
func (g *Grid) Feed(p []byte) {
	if g.cols == 0 {
		return
	}
	for _, c := range p {
		g.in.feed(c)
	}
}

// Mark is the cursor's place.
func (g *Grid) Mark() GridMark {
	if g.cols == 0 {
		return GridMark{}
	}
	p := g.at
	m := GridMark{row: int64(p.row) + g.shift(), epoch: g.epoch, col: p.col, set: true}
	if p.pending {
		m.col++
	}
	first, _ := g.span()
	m.before = g.text(first, 0, p.row, m.col)
	return m
}

// shift is the number of the top row.
func (g *Grid) shift() int64 {
	if g.at == &g.alt {
		return 0
	}
	return g.scrolled
}

// Line gives the line in which the cursor stands, and the part behind a mark.
func (g *Grid) Line(m GridMark) GridLine {
	if g.cols == 0 || g.in.p.State() != parser.GroundState || g.in.have > 0 {
		return GridLine{}
	}
	first, last := g.span()
	l := GridLine{Text: strings.TrimRight(g.text(first, 0, last, g.cols), " ")}
	l.Known = !g.noWrap && !g.at.rows[first].wrapped && len(l.Text) <= mostLine
	row := int(m.row - g.shift())
	if !m.set || m.epoch != g.epoch || row < first || row > last || strings.TrimSpace(m.before) == "" || g.text(first, 0, row, m.col) != m.before {
		return l
	}
	l.Marked = true
	l.After = strings.TrimRight(g.text(row, m.col, last, g.cols), " ")
	return l
}

// alternate reports that a program shows the alternate screen.
func (g *Grid) alternate() bool { return g.cols != 0 && g.at == &g.alt }

// Left reports whether the cursor stands in another line than a mark of before. It is false where that cannot be told.
func (g *Grid) Left(m GridMark) bool {
	if g.cols == 0 || !m.set || m.epoch != g.epoch {
		return false
	}
	first, last := g.span()
	row := int(m.row - g.shift())
	return row < first || row > last
}

// span gives the rows of the cursor's line.
func (g *Grid) span() (first, last int) {
	p := g.at
	for first = p.row; first > 0 && p.rows[first].wrapped; first-- {
	}
	for last = p.row; last+1 < g.rows && p.rows[last+1].wrapped; last++ {
	}
	return first, last
}

// text reads the cells from one place to another. A cell at a row's end that was never written belongs to no character.
func (g *Grid) text(row, col, toRow, toCol int) string {
	var b strings.Builder
	for r := row; r <= toRow; r++ {
		from, to := 0, g.cols
		if r == row {
			from = col
		}
		if r == toRow {
			to = min(toCol, g.cols)
		}
		cells := g.at.rows[r].cells
		for to > from && cells[to-1].r == gridNone && r < toRow {
			to--
		}
		for _, c := range cells[min(from, to):to] {
			switch c.r {
			case gridSecond:
			case gridNone:
				b.WriteByte(' ')
			default:
				b.WriteRune(c.r)
			}
		}
	}
	return b.String()
}

func (g *Grid) print(r rune) {
	if unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf) {
		if g.look != nil {
			g.mark(r)
		}
		return // it takes no cell
	}
	if g.look != nil {
		r = g.look.drawn(r)
	}
	g.last = r
	p, w := g.at, columns(r)
	if p.pending || p.col+w > g.cols {
		if g.noWrap {
			p.col = max(g.cols-w, 0)
		} else {
			g.down()
			p.col = 0
			p.rows[p.row].wrapped = true
		}
		p.pending = false
	}
	if w > g.cols {
		return
	}
	cells := p.rows[p.row].cells
	if g.insert {
		copy(cells[p.col+w:], cells[p.col:g.cols-w])
	}
	cells[p.col] = gridCell{r, g.pen()}
	if w == 2 {
		cells[p.col+1] = gridCell{gridSecond, g.pen()}
	}
	p.col += w
	if p.col >= g.cols {
		p.col, p.pending = g.cols-1, true
	}
}

func (g *Grid) invalid(byte) { g.print(unicode.ReplacementChar) }

func (g *Grid) execute(c byte) {
	p := g.at
	switch c {
	case '\r':
		p.col, p.pending = 0, false
	case '\n', '\v', '\f':
		g.down()
		p.pending = false
	case '\b':
		p.col, p.pending = max(p.col-1, 0), false
	case '\t':
		p.col = min((p.col/8+1)*8, g.cols-1)
	case 0x0e, 0x0f:
		if g.look != nil {
			g.look.shift = int(0x0f - c)
		}
	}
}

// down moves the cursor one row down, and the region up where it is at its end.
func (g *Grid) down() {
	p := g.at
	switch {
	case p.row == p.bottom:
		g.scroll(p.top, p.bottom, 1)
	case p.row+1 < g.rows:
		p.row++
	}
}

// scroll moves the rows of a region up by n, down for a negative n.
func (g *Grid) scroll(top, bottom, n int) {
	p := g.at
	rows := p.rows[top : bottom+1]
	k := min(max(n, -n), len(rows))
	if top == 0 && bottom == g.rows-1 && n > 0 && p == &g.main {
		g.scrolled += int64(k)
	} else {
		g.epoch++
	}
	for range k {
		if n > 0 {
			freed := rows[0]
			copy(rows, rows[1:])
			rows[len(rows)-1] = g.blank(freed)
		} else {
			freed := rows[len(rows)-1]
			copy(rows[1:], rows)
			rows[0] = g.blank(freed)
		}
	}
}

// blank empties a row with the present pen, as terminals do.
func (g *Grid) blank(r gridRow) gridRow {
	g.clear(r.cells)
	return gridRow{cells: r.cells}
}

func (g *Grid) clear(cells []gridCell) {
	for i, empty := 0, (gridCell{pen: g.pen()}); i < len(cells); i++ {
		cells[i] = empty
	}
}

func (g *Grid) escape(cmd ansi.Cmd) {
	if cmd.Intermediate() != 0 {
		if g.look != nil {
			g.escapeLook(cmd)
		}
		return
	}
	p := g.at
	switch cmd.Final() {
	case '7':
		g.save()
	case '8':
		g.restore()
	case 'D':
		g.down()
	case 'E':
		g.down()
		p.col = 0
	case 'M':
		if p.row == p.top {
			g.scroll(p.top, p.bottom, -1)
		} else {
			p.row = max(p.row-1, 0)
		}
	case 'c':
		g.reset()
	}
	p.pending = false
}

func (g *Grid) reset() {
	g.at = &g.main
	g.noWrap, g.insert, g.origin = false, false, false
	g.epoch++
	if g.look != nil {
		g.look.plain()
	}
	for i := range g.main.rows {
		g.main.rows[i] = g.blank(g.main.rows[i])
	}
	g.main.row, g.main.col, g.main.top, g.main.bottom = 0, 0, 0, g.rows-1
}

func (g *Grid) save() { g.at.saved = gridPlace{g.at.row, g.at.col, g.pen()} }

func (g *Grid) restore() {
	g.place(g.at.saved.row, g.at.saved.col)
	if g.look != nil {
		g.look.takePen(g.at.saved.pen)
	}
}

func (g *Grid) place(row, col int) {
	g.at.row, g.at.col, g.at.pending = min(max(row, 0), g.rows-1), min(max(col, 0), g.cols-1), false
}
