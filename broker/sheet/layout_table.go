package sheet

import (
	"iter"
	"maps"
)

// table places a table. A row stands on as many lines as its columns have decks; the heads are on each page.
func (l *layout) table(p Part, rows [][]Cell) {
	decks := decksOf(p.Table.Columns)
	heads := func() {
		for _, deck := range decks {
			var cells []box
			for x, i := range l.spread(p.Table.Columns, deck) {
				c := p.Table.Columns[i]
				cells = append(cells, box{x.from, x.width, l.wrap(c.Label.In(l.lang), sizeTable, x.width-2*padding), sizeTable})
			}
			l.box(cells, nil)
		}
		l.rule()
	}
	l.room(tableRoom(p.Table.Columns))
	heads()
	if l.s.Blank {
		rows = make([][]Cell, blankRows)
	}
	if len(rows) == 0 && !p.Table.Empty.IsZero() {
		l.box([]box{{margin, l.width, l.wrap(p.Table.Empty.In(l.lang), sizeTable, l.width-2*padding), sizeTable}}, heads)
	}
	for _, row := range rows {
		l.row(p.Table.Columns, decks, row, heads)
	}
	l.y += 2 * padding
}

// tableRoom is about the height of a table's heads and its first row.
func tableRoom(columns []Column) float64 {
	return float64(len(decksOf(columns))+1) * 3 * sizeTable * leading
}

// row keeps the decks of one row on one page where they fit.
func (l *layout) row(columns []Column, decks [][]int, row []Cell, heads func()) {
	all, total := make([][]box, 0, len(decks)), 0.0
	for _, deck := range decks {
		var cells []box
		most := 1
		for x, i := range l.spread(columns, deck) {
			b := box{x: x.from, w: x.width, size: sizeTable}
			if i < len(row) {
				b.lines = l.wrap(row[i].dense(columns[i].Kind, len(decks) > 1, l.lang), sizeTable, x.width-2*padding)
			}
			if l.s.Blank {
				b.lines = make([]string, blankLines)
			}
			most = max(most, len(b.lines))
			cells = append(cells, b)
		}
		all, total = append(all, cells), total+float64(most)*sizeTable*leading+2*padding
	}
	if l.y+total > l.bottom && total < l.bottom-2*margin {
		l.newPage()
		heads()
	}
	for _, cells := range all {
		l.box(cells, heads)
	}
	if len(decks) > 1 {
		l.rule()
	}
}

// rule is a thick line below what came last.
func (l *layout) rule() {
	l.put(mark{x: margin, y: l.y - 0.5, w: l.width, h: 1, fill: true})
}

type extent struct{ from, width float64 }

// spread gives each column of a deck its place on the line, by its share.
func (l *layout) spread(columns []Column, deck []int) iter.Seq2[extent, int] {
	total := 0
	for _, i := range deck {
		total += max(columns[i].Share, 1)
	}
	return func(yield func(extent, int) bool) {
		x := margin
		for _, i := range deck {
			w := l.width * float64(max(columns[i].Share, 1)) / float64(total)
			if !yield(extent{x, w}, i) {
				return
			}
			x += w
		}
	}
}

// decksOf groups the columns by their deck.
func decksOf(columns []Column) [][]int {
	var decks [][]int
	for i, c := range columns {
		for len(decks) <= c.Deck {
			decks = append(decks, nil)
		}
		decks[c.Deck] = append(decks[c.Deck], i)
	}
	return decks
}

// chart draws a chart: for each row its words, and for each series a bar with the number. Bars of the first series are filled, those of the second are
// outlines, so that no colour is needed. The table with the same numbers follows it.
func (l *layout) chart(c Chart) {
	const line = sizeTable * leading
	wLabel, wNumber := l.width*labelShare, 40.0
	if len(c.Rows) > 0 && len(c.Series) > 1 {
		l.room(4 * line)
		l.write(margin+wLabel, l.y, sizeTable, l.clean("■ "+c.Series[0].In(l.lang)+"   □ "+c.Series[1].In(l.lang)))
		l.y += line + padding
	}
	for _, row := range c.Rows {
		label := l.wrap(row.Label.In(l.lang), sizeTable, wLabel-padding)
		h := float64(max(len(label), len(row.Bars))) * line
		l.room(h + padding)
		for i, words := range label {
			l.write(margin, l.y+float64(i)*line, sizeTable, words)
		}
		for i, b := range row.Bars {
			w := max((l.width-wLabel-wNumber)*b.Share, 0.5)
			y := l.y + float64(i)*line
			l.put(mark{x: margin + wLabel, y: y + 1, w: w, h: line - 3, fill: b.Series == 0})
			l.write(margin+wLabel+w+padding, y, sizeTable, b.Value)
		}
		l.y += h + padding
	}
	if len(c.Rows) > 0 {
		l.y += padding
	}
}

func keysOf(m map[rune]int) iter.Seq[rune] { return maps.Keys(m) }
