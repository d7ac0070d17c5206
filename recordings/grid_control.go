package recordings

import "github.com/charmbracelet/x/ansi"

// control follows the control sequences that move the cursor or change cells.
func (g *Grid) control(cmd ansi.Cmd, params ansi.Params) {
	final := cmd.Final()
	switch {
	case cmd.Prefix() == '?' && cmd.Intermediate() == 0 && (final == 'h' || final == 'l'):
		for i := range params {
			g.mode(argument(params, i, 1<<16), final == 'h')
		}
		return
	case cmd.Prefix() == 0 && cmd.Intermediate() == '!' && final == 'p':
		g.insert, g.origin, g.noWrap = false, false, false
		g.at.top, g.at.bottom = 0, g.rows-1
		if g.look != nil {
			g.look.plain()
		}
		return
	case cmd.Prefix() != 0 || cmd.Intermediate() != 0:
		return
	}
	if final == 'm' {
		if g.look != nil {
			g.look.colour(params)
		}
		return
	}
	p := g.at
	n := max(argument(params, 0, mostArgument), 1)
	if (final == 'h' || final == 'l') && argument(params, 0, mostArgument) == 4 {
		g.insert = final == 'h'
	}
	switch final {
	case 'A', 'F':
		g.vertical(-n, final == 'F')
	case 'B', 'e', 'E':
		g.vertical(n, final == 'E')
	case 'C', 'a':
		g.place(p.row, p.col+n)
	case 'D':
		g.place(p.row, p.col-n)
	case 'G', '`':
		g.place(p.row, n-1)
	case 'd':
		g.place(n-1+g.home(), p.col)
	case 'H', 'f':
		g.place(n-1+g.home(), max(argument(params, 1, mostArgument), 1)-1)
	case 'I':
		for range min(n, g.cols) {
			g.execute('\t')
		}
	case 'Z':
		for range min(n, g.cols) {
			p.col = max((p.col-1)/8*8, 0)
		}
	case 's':
		g.save()
	case 'u':
		g.restore()
	case 'r':
		g.region(argument(params, 0, mostArgument), argument(params, 1, mostArgument))
	case 'J', 'K', 'X', 'P', '@', 'L', 'M', 'S', 'T':
		g.change(final, n, argument(params, 0, mostArgument))
	case 'b':
		for range min(n, g.cols) {
			if g.last > 0 {
				g.print(g.last)
			}
		}
	}
}

func (g *Grid) home() int {
	if g.origin {
		return g.at.top
	}
	return 0
}

// vertical moves the cursor by rows. It stops at the region's edge where it begins within it.
func (g *Grid) vertical(n int, start bool) {
	p := g.at
	low, high := 0, g.rows-1
	if p.row >= p.top && n < 0 {
		low = p.top
	}
	if p.row <= p.bottom && n > 0 {
		high = p.bottom
	}
	p.row, p.pending = min(max(p.row+n, low), high), false
	if start {
		p.col = 0
	}
}

func (g *Grid) region(top, bottom int) {
	if bottom == 0 || bottom > g.rows {
		bottom = g.rows
	}
	top = max(top, 1)
	if top >= bottom {
		return
	}
	g.at.top, g.at.bottom = top-1, bottom-1
	g.place(g.home(), 0)
}

func (g *Grid) mode(n int, on bool) {
	switch n {
	case 6:
		g.origin = on
		g.place(g.home(), 0)
	case 7:
		g.noWrap = !on
	case 25:
		if g.look != nil {
			g.look.hidden = !on
		}
	case 1048:
		if g.look == nil {
			return
		}
		if on {
			g.save()
		} else {
			g.restore()
		}
	case 47, 1047, 1049:
		if n == 1049 && on {
			g.main.saved = gridPlace{g.main.row, g.main.col, g.pen()}
		}
		g.epoch++
		from := g.at
		if g.at = &g.main; on {
			g.at = &g.alt
		}
		switch {
		case on && from != g.at && n != 47:
			for i := range g.alt.rows {
				g.alt.rows[i] = g.blank(g.alt.rows[i])
			}
			g.place(from.row, from.col)
		case !on && n == 1049:
			g.restore()
		}
		if !on && g.look != nil { // the next program begins with an empty page
			g.alt = gridPage{}
			g.alt.resize(g.cols, g.rows)
		}
	}
}

// change erases, inserts and deletes cells and rows. n is the count, at least 1; raw as it was given.
func (g *Grid) change(final byte, n, raw int) {
	p := g.at
	cells := p.rows[p.row].cells
	col := p.col
	p.pending = false
	switch final {
	case 'J':
		g.erase(raw)
	case 'K':
		switch raw {
		case 0:
			g.clear(cells[col:])
			if p.row+1 < g.rows && p.row+1 > 0 && col < g.cols-1 {
				p.rows[p.row+1].wrapped = false // the line ends here now
			}
		case 1:
			g.clear(cells[:col+1])
		case 2:
			g.clear(cells)
		}
	case 'X':
		g.clear(cells[col:min(col+n, g.cols)])
	case 'P':
		n = min(n, g.cols-col)
		copy(cells[col:], cells[col+n:])
		g.clear(cells[g.cols-n:])
	case '@':
		n = min(n, g.cols-col)
		copy(cells[col+n:], cells[col:g.cols-n])
		g.clear(cells[col : col+n])
	case 'L', 'M':
		if p.row < p.top || p.row > p.bottom {
			return
		}
		if final == 'L' {
			n = -n
		}
		g.scroll(p.row, p.bottom, n)
		p.col = 0
	case 'S':
		g.scroll(p.top, p.bottom, n)
	case 'T':
		g.scroll(p.top, p.bottom, -n)
	}
}

// erase is ED: 0 from the cursor on, 1 up to it, 2 and 3 everything.
func (g *Grid) erase(what int) {
	p := g.at
	from, to := 0, g.rows
	switch what {
	case 0:
		g.clear(p.rows[p.row].cells[p.col:])
		from = p.row + 1
	case 1:
		g.clear(p.rows[p.row].cells[:p.col+1])
		to = p.row
	}
	for i := from; i < to; i++ {
		p.rows[i] = g.blank(p.rows[i])
	}
}
