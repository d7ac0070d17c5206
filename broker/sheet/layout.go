package sheet

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"sekimori/policy/text"
)

// MostOnPaper is how many rows of tables a PDF takes: a thousand pages of the ledger. More is refused with ErrTooLong.
const MostOnPaper = 20_000

// Measures in points. A page has 20 mm on each side; nothing is smaller than 9 pt.
const (
	pageShort, pageLong = 595.28, 841.89
	margin              = 56.69
	sizeName            = 14.0
	sizeText            = 10.5
	sizeTable           = 9.0
	leading             = 1.35 // of the size
	padding             = 3.0
	blankLines          = 2 // room for writing in an empty field
	blankRows           = 8 // and rows in an empty table
	labelShare          = 0.27
)

// mark is one thing on a page: a text, a line or a filled bar.
type mark struct {
	x, y, w, h float64 // y: top
	size       float64
	text       string // empty: a rectangle
	fill       bool
	dark       bool // a filled one: black
}

type onePage []mark

// layout places a sheet on pages. It measures with the font, replaces characters that the font lacks, and knows all pages before one is
// drawn: their number stands on each.
type layout struct {
	s      *Sheet
	lang   string
	font   *typeface
	lost   map[rune]int
	pages  []onePage
	y      float64
	width  float64 // between the margins
	bottom float64
	digest string
}

func (l *layout) height() float64 {
	if l.s.Wide {
		return pageShort
	}
	return pageLong
}

// place lays everything out.
func (l *layout) place(rows [][][]Cell) error {
	l.width = pageShort - 2*margin
	if l.s.Wide {
		l.width = pageLong - 2*margin
	}
	l.bottom = l.height() - margin - 2*sizeTable // the foot stands above the margin
	l.newPage()
	l.head()
	for i, p := range l.s.Parts {
		l.part(p, rows[i])
	}
	if err := l.code(); err != nil {
		return err
	}
	for _, n := range l.s.Notes {
		l.paragraph("※ "+n.In(l.lang), sizeTable)
	}
	l.seals()
	l.unprintable()
	l.foot()
	return nil
}

func (l *layout) newPage() {
	l.pages = append(l.pages, nil)
	l.y = margin
}

func (l *layout) put(m mark) {
	page := &l.pages[len(l.pages)-1]
	*page = append(*page, m)
}

// clean makes a text one that the font can print, and counts what it lacks.
func (l *layout) clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return r
		case r == '\t':
			return ' '
		case variation(r):
			return -1
		case l.font.has(r) && r >= ' ':
			return r
		}
		l.lost[r]++
		return missingGlyph
	}, s)
}

// variation reports whether a character only chooses between shapes of the one before it.
func variation(r rune) bool {
	return r >= 0xFE00 && r <= 0xFE0F || r >= 0xE0100 && r <= 0xE01EF
}

func (l *layout) wrap(s string, size, width float64) []string {
	return text.WrapPrint(l.clean(s), int(width/size*1000), l.font.width)
}

func (l *layout) measure(s string, size float64) float64 {
	n := 0
	for _, r := range s {
		n += l.font.width(r)
	}
	return float64(n) * size / 1000
}

func (l *layout) write(x, y, size float64, s string) {
	if s != "" {
		l.put(mark{x: x, y: y, size: size, text: s})
	}
}

func (l *layout) right(y, size float64, s string) {
	s = l.clean(s)
	l.write(margin+l.width-l.measure(s, size), y, size, s)
}

// room starts a page where so much height is not left on this one.
func (l *layout) room(h float64) {
	if l.y+h > l.bottom && l.y > margin {
		l.newPage()
	}
}

func (l *layout) paragraph(s string, size float64) {
	for _, line := range l.wrap(s, size, l.width) {
		l.room(size * leading)
		l.write(margin, l.y, size, line)
		l.y += size * leading
	}
}

// head is number, moment of printing, name, scope and marks.
func (l *layout) head() {
	s := l.s
	l.right(l.y, sizeTable, strings.TrimSpace(s.No.In(l.lang)+"  "+text.Of("印刷 ", "Printed ").In(l.lang)+text.Moment(s.Printed).In(l.lang)))
	if s.Addressed != "" {
		l.write(margin, l.y+sizeTable*leading, sizeText, l.clean(s.Addressed+text.Of(" 様", "").In(l.lang)))
	}
	l.y += 2 * sizeTable * leading
	name := l.clean(s.Name.In(l.lang))
	l.write(margin+(l.width-l.measure(name, sizeName))/2, l.y, sizeName, name)
	x := margin + l.width
	for _, m := range slices.Backward(s.Marks) {
		word := l.clean(m.In(l.lang))
		w := l.measure(word, sizeTable) + 2*padding
		x -= w + padding
		l.put(mark{x: x, y: l.y - padding, w: w, h: sizeTable*leading + 2*padding})
		l.write(x+padding, l.y, sizeTable, word)
	}
	l.y += sizeName * leading
	if scope := s.Scope.In(l.lang); scope != "" {
		scope = l.clean(scope)
		l.write(margin+(l.width-l.measure(scope, sizeText))/2, l.y, sizeText, scope)
		l.y += sizeText * leading
	}
	l.y += padding
	l.decided()
}

// decided draws 決裁欄 at the right. A frame without a decision has room for a seal.
func (l *layout) decided() {
	if len(l.s.Decided) == 0 {
		return
	}
	const w, empty = 112.0, 4
	x := margin + l.width - w*float64(len(l.s.Decided))
	var heads, bodies []box
	for _, d := range l.s.Decided {
		heads = append(heads, box{x, w, l.wrap(d.Title.In(l.lang), sizeTable, w-2*padding), sizeTable})
		lines := l.wrap(d.Said.In(l.lang), sizeTable, w-2*padding)
		bodies = append(bodies, box{x, w, append(lines, make([]string, max(empty-len(lines), 0))...), sizeTable})
		x += w
	}
	l.box(heads, nil)
	l.box(bodies, nil)
	l.y += padding
}

func (l *layout) part(p Part, rows [][]Cell) {
	if title := p.Title.In(l.lang); title != "" {
		need := 3 * sizeText * leading
		if p.Table != nil && len(p.Fields) == 0 { // no title stands alone at the end of a page
			need += tableRoom(p.Table.Columns)
		}
		l.room(need)
		l.y += padding
		l.write(margin, l.y, sizeText, l.clean(title))
		l.y += sizeText*leading + 1
	}
	for _, f := range p.Fields {
		l.field(f)
	}
	if p.Table == nil {
		return
	}
	if len(p.Fields) > 0 {
		l.y += 2 * padding
	}
	if !l.s.Blank {
		l.chart(ChartOf(p, rows))
	}
	l.table(p, rows)
}

// field is one row with the label at its left.
func (l *layout) field(f Field) {
	wLabel := l.width * labelShare
	wValue := l.width - wLabel
	label := l.wrap(f.Label.In(l.lang), sizeText, wLabel-2*padding)
	value := l.wrap(f.Text.In(l.lang), sizeText, wValue-2*padding)
	if l.s.Blank {
		value = make([]string, blankLines)
	}
	l.box([]box{{margin, wLabel, label, sizeText}, {margin + wLabel, wValue, value, sizeText}}, nil)
}

// box is a cell of one line of a row.
type box struct {
	x, w  float64
	lines []string
	size  float64
}

// box draws cells of one height. A row that fits on no page goes on on the next; again draws the heads of the columns there.
func (l *layout) box(cells []box, again func()) {
	for {
		most, size := 1, cells[0].size
		for _, c := range cells {
			most = max(most, len(c.lines))
		}
		line := size * leading
		if l.y+float64(most)*line+2*padding > l.bottom && l.y > margin && most <= 30 {
			l.newPage()
			if again != nil {
				again()
			}
		}
		fit := max(int((l.bottom-l.y-2*padding)/line), 1)
		n := min(most, fit)
		h := float64(n)*line + 2*padding
		for i, c := range cells {
			l.put(mark{x: c.x, y: l.y, w: c.w, h: h})
			for k := range min(n, len(c.lines)) {
				l.write(c.x+padding, l.y+padding+float64(k)*line, c.size, c.lines[k])
			}
			cells[i].lines = c.lines[min(n, len(c.lines)):]
		}
		l.y += h
		if most == n {
			return
		}
		l.newPage()
		if again != nil {
			again()
		}
	}
}

// seals are frames in which people confirm by hand, at the right.
func (l *layout) seals() {
	if len(l.s.Seals) == 0 {
		return
	}
	const w, h = 90.0, 50.0
	l.y += 3 * padding
	l.room(h + sizeTable*leading + padding)
	x := margin + l.width - w*float64(len(l.s.Seals))
	for _, name := range l.s.Seals {
		l.put(mark{x: x, y: l.y, w: w, h: sizeTable*leading + padding})
		l.write(x+padding, l.y+padding/2, sizeTable, l.clean(name.In(l.lang)))
		l.put(mark{x: x, y: l.y + sizeTable*leading + padding, w: w, h: h - sizeTable})
		x += w
	}
	l.y += h + sizeTable*leading
}

// unprintable lists the characters that the font lacks, by their number in Unicode.
func (l *layout) unprintable() {
	if len(l.lost) == 0 {
		return
	}
	list := lostList(l.lost)
	l.y += padding
	l.paragraph(text.Of("この書体にない文字を〓で示しました: ", "〓 stands for characters that the font lacks: ").In(l.lang)+list, sizeTable)
}

// lostList is U+20BB7 ×2, in the order of the numbers.
func lostList(lost map[rune]int) string {
	var out []string
	for _, r := range slices.SortedFunc(keysOf(lost), cmp.Compare[rune]) {
		out = append(out, fmt.Sprintf("U+%04X ×%d", r, lost[r]))
	}
	return strings.Join(out, ", ")
}

// foot writes page, digest and version below each page.
func (l *layout) foot() {
	y := l.height() - margin - sizeTable
	for i := range l.pages {
		n := fmt.Sprintf("%d/%d", i+1, len(l.pages))
		page := text.Of(n+"ページ", "Page "+n).In(l.lang)
		sum := text.Of("検証値 ", "Digest ").In(l.lang) + short(l.digest)
		version := l.clean(text.Of("関守 ", "Sekimori ").In(l.lang) + l.s.Version)
		at := func(x float64, s string) {
			l.pages[i] = append(l.pages[i], mark{x: x, y: y, size: sizeTable, text: s})
		}
		at(margin, page)
		at(margin+(l.width-l.measure(sum, sizeTable))/2, sum)
		at(margin+l.width-l.measure(version, sizeTable), version)
	}
}
