package recordings

import (
	"bytes"
	"strconv"
	"unicode"

	"github.com/charmbracelet/x/ansi"
)

// Picture follows the terminal of a viewer: the output of a Player, which is a short list of control functions. Dump gives the text that draws
// the same screen on an empty terminal of its size, so that a playback can begin anywhere. It is a state machine of ours and not the player's
// WebAssembly, because the broker would need a runtime for that; a test in broker/pages compares both in a browser.
//
// It follows neither tab stops that a program sets nor the character that REP repeats: after a dump the latter is the last one drawn. It is for one
// goroutine.
type Picture struct{ g *Grid }

// NewPicture begins with an empty terminal.
func NewPicture(cols, rows int) *Picture {
	p := &Picture{g: &Grid{look: newGridLook()}}
	p.g.in = newControls(p.g)
	p.g.Resize(cols, rows)
	return p
}

// Feed takes output of a Player.
func (p *Picture) Feed(b []byte) { p.g.Feed(b) }

// Resize sets another size.
func (p *Picture) Resize(cols, rows int) {
	if cols != p.g.cols || rows != p.g.rows {
		p.g.Resize(cols, rows)
	}
}

// Size is the size that is followed. A terminal of more than 200,000 cells is not: it is 0 by 0, and Dump gives nothing.
func (p *Picture) Size() (cols, rows int) { return p.g.cols, p.g.rows }

// Dump draws the screen: both pages, the cursor, the pen, and the modes that a Player passes on.
func (p *Picture) Dump() []byte {
	g := p.g
	if g.cols == 0 {
		return nil
	}
	d := dump{g: g}
	d.page(&g.main)
	if g.at == &g.alt {
		d.region(&g.main)
		d.cursor(&g.main, false)
		d.use(0)
		d.write("\x1b[?1047h\x1b[2J")
		if d.bounded { // terminals that have one region for both pages
			d.write("\x1b[r")
		}
		d.page(&g.alt)
	}
	d.region(g.at)
	d.cursor(g.at, g.origin)
	for i, drawing := range g.look.drawing {
		if drawing {
			d.write("\x1b" + string("()"[i]) + "0")
		}
	}
	for _, m := range []struct {
		set  bool
		text string
	}{{g.look.shift == 1, "\x0e"}, {g.noWrap, "\x1b[?7l"}, {g.insert, "\x1b[4h"}, {g.look.hidden, "\x1b[?25l"}} {
		if m.set {
			d.write(m.text)
		}
	}
	return d.out.Bytes()
}

// dump writes a screen.
type dump struct {
	g   *Grid
	out bytes.Buffer
	pen uint16

	bounded bool // a scrolling region was set
}

func (d *dump) write(s string) { d.out.WriteString(s) }

func (d *dump) at(row, col int) {
	d.write("\x1b[" + strconv.Itoa(row+1) + ";" + strconv.Itoa(col+1) + "H")
}

// use changes the pen.
func (d *dump) use(pen uint16) {
	if pen != d.pen {
		d.pen = pen
		d.write(d.g.look.pens[pen].sequence())
	}
}

func (d *dump) region(p *gridPage) {
	if d.bounded = p.top > 0 || p.bottom < d.g.rows-1; d.bounded {
		d.write("\x1b[" + strconv.Itoa(p.top+1) + ";" + strconv.Itoa(p.bottom+1) + "r")
	}
}

// page draws the rows of a page. Plain space at the end of a row is left out.
func (d *dump) page(p *gridPage) {
	for i, row := range p.rows {
		end := len(row.cells)
		for end > 0 && row.cells[end-1].pen == 0 && d.shown(row.cells, end-1) == " " {
			end--
		}
		if end == 0 {
			continue
		}
		d.at(i, 0)
		d.cells(row.cells[:end])
	}
}

func (d *dump) cells(cells []gridCell) {
	for i, c := range cells {
		if text := d.shown(cells, i); text != "" {
			d.use(c.pen)
			d.write(text)
		}
	}
}

// shown is what cell i shows: nothing for the second half of a full-width character, a space for one half of a character whose other half was
// overwritten.
func (d *dump) shown(cells []gridCell, i int) string {
	switch c := cells[i]; {
	case c.r == gridSecond && i > 0 && d.wide(cells[i-1].r):
		return ""
	case d.wide(c.r) && (i+1 == len(cells) || cells[i+1].r != gridSecond):
		return " "
	default:
		return d.g.look.text(c.r)
	}
}

// wide tells whether a character takes two columns.
func (d *dump) wide(r rune) bool {
	if r < gridSecond {
		r = []rune(d.g.look.text(r))[0]
	}
	return r > 0 && columns(r) == 2
}

// cursor saves the page's saved cursor, and puts the cursor and the pen where they are. A cursor that has filled the last column is put there by
// writing that column again, because no sequence says so.
func (d *dump) cursor(p *gridPage, origin bool) {
	if p.saved != (gridPlace{}) {
		d.use(p.saved.pen)
		d.at(p.saved.row, p.saved.col)
		d.write("\x1b7")
	}
	row := p.row
	if origin {
		d.write("\x1b[?6h")
		row = max(p.row-p.top, 0)
	}
	if p.pending {
		cells, from := p.rows[p.row].cells, p.col
		if from > 0 && cells[from].r == gridSecond {
			from--
		}
		d.at(row, from)
		d.cells(cells[from:])
	} else {
		d.at(row, p.col)
	}
	d.use(d.g.look.pen)
}

// gridLook is what a Picture follows beside the characters.
type gridLook struct {
	pen     uint16 // the present one, in pens
	pens    []pen  // the first is the plain one
	number  map[pen]uint16
	drawing [2]bool // G0 and G1 hold line drawing
	shift   int     // which of them is used
	hidden  bool    // the cursor
	marks   []string
	marked  map[string]rune
}

// Bounds of a picture's memory. Beyond them a pen is plain, and a mark is left out.
const (
	mostPens   = 1 << 15
	mostMarked = 1 << 15
)

func newGridLook() *gridLook {
	return &gridLook{pens: []pen{{}}, number: map[pen]uint16{{}: 0}, marked: map[string]rune{}}
}

func (g *Grid) pen() uint16 {
	if g.look == nil {
		return 0
	}
	return g.look.pen
}

// plain is a reset of colours and character sets.
func (l *gridLook) plain() { l.pen, l.drawing, l.shift, l.hidden = 0, [2]bool{}, 0, false }

func (l *gridLook) takePen(n uint16) { l.pen = n }

// colour changes the pen by SGR.
func (l *gridLook) colour(params ansi.Params) {
	next := l.pens[l.pen]
	next.take(params)
	n, known := l.number[next]
	if !known {
		if len(l.pens) >= mostPens {
			return
		}
		n = uint16(len(l.pens))
		l.pens = append(l.pens, next)
		l.number[next] = n
	}
	l.pen = n
}

// escapeLook follows the choice of character sets, and the filling of the screen.
func (g *Grid) escapeLook(cmd ansi.Cmd) {
	switch cmd.Intermediate() {
	case '(':
		g.look.drawing[0] = cmd.Final() == '0'
	case ')':
		g.look.drawing[1] = cmd.Final() == '0'
	case '#':
		if cmd.Final() != '8' {
			return
		}
		for i := range g.at.rows {
			for j := range g.at.rows[i].cells {
				g.at.rows[i].cells[j] = gridCell{'E', 0}
			}
		}
	}
}

// lineDrawing is the graphic set of a VT100, from ` to ~.
var lineDrawing = []rune("◆▒␉␌␍␊°±␤␋┘┐┌└┼⎺⎻─⎼⎽├┤┴┬│≤≥π≠£⋅")

// drawn is the character that a terminal shows.
func (l *gridLook) drawn(r rune) rune {
	if l.drawing[l.shift] && r >= '`' && r <= '~' {
		return lineDrawing[r-'`']
	}
	return r
}

// mark adds a mark to the character before the cursor.
func (g *Grid) mark(r rune) {
	if unicode.Is(unicode.Cf, r) && r != 0x200d {
		return
	}
	p := g.at
	col := p.col - 1
	if p.pending {
		col = p.col
	}
	cells := p.rows[p.row].cells
	if col > 0 && cells[col].r == gridSecond {
		col--
	}
	if col < 0 || cells[col].r == gridNone || cells[col].r == gridSecond {
		return
	}
	text := g.look.text(cells[col].r) + string(r)
	if len(text) > maxMarks {
		return
	}
	n, known := g.look.marked[text]
	if !known {
		if len(g.look.marks) >= mostMarked {
			return
		}
		g.look.marks = append(g.look.marks, text)
		n = gridSecond - rune(len(g.look.marks))
		g.look.marked[text] = n
	}
	cells[col].r = n
}

// text is what stands in a cell. An empty cell, and one half of a wide character that is gone, is a space.
func (l *gridLook) text(r rune) string {
	switch {
	case r == gridNone, r == gridSecond:
		return " "
	case r < gridSecond:
		return l.marks[gridSecond-r-1]
	}
	return string(r)
}
