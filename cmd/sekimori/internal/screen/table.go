package screen

import (
	"cmp"
	"io"
	"regexp"
	"strings"
	"time"

	"sekimori/policy/text"
	"sekimori/recordings"
)

// Shorten says which cells of a table give way where it is wider than the screen.
type Shorten int

// The ways in which a column gives room.
const (
	Widest    Shorten = iota // the widest cells: sentences and names first
	NeverLast                // every column but the last, which tells a state and its cause, down to half of the screen
	Nothing                  // for what no other page tells, such as a fingerprint that people are to compare
)

// gap is between two columns.
const gap = 2

// Table prints aligned columns. The first row of cells is the heading. whole are the columns that stay as they are, such as states; nil for none.
func Table(w io.Writer, width int, cells [][]string, give Shorten, whole []bool) error {
	harmless(cells)
	if whole == nil {
		whole = make([]bool, len(cells[0]))
	}
	switch give {
	case Widest:
		narrow(width, cells, whole)
	case NeverLast:
		last := len(cells[0]) - 1
		others := make([][]string, len(cells))
		for i, line := range cells {
			others[i] = line[:last]
		}
		narrow(max(width-gap-widthsOf(cells)[last], width/2), others, whole[:last])
	}
	return align(w, cells)
}

// Page prints names and values, a line per pair. A value of several lines is aligned below itself; a pair without a value is left out. A value
// wider than width goes on below itself. A single word that is too wide, such as a digest, goes below its name. width 0: no line is broken.
func Page(w io.Writer, width int, pairs [][2]string) error {
	var cells [][]string
	for _, pair := range pairs {
		if pair[1] == "" {
			continue
		}
		name := pair[0]
		for l := range strings.SplitSeq(strings.TrimRight(pair[1], "\n"), "\n") {
			cells = append(cells, []string{name, l})
			name = ""
		}
	}
	if len(cells) == 0 {
		return nil
	}
	harmless(cells)
	left := widthsOf(cells)[0] + gap
	for _, line := range cells {
		if err := pageLine(w, width, left, line[0], line[1]); err != nil {
			return err
		}
	}
	return nil
}

func pageLine(w io.Writer, width, left int, name, value string) error {
	head := text.Pad(name, left)
	if width == 0 || left+text.Width(value) <= width {
		_, err := io.WriteString(w, head+value+"\n")
		return err
	}
	indent := value[:len(value)-len(strings.TrimLeft(value, " "))]
	var b strings.Builder
	if !strings.Contains(value, " ") && len(value) == text.Width(value) && len(value) <= width { // one word
		b.WriteString(strings.TrimRight(head, " ") + "\n")
		head = strings.Repeat(" ", width-len(value))
	} else {
		head += indent
	}
	for _, part := range text.Wrap(strings.TrimLeft(value, " "), width-text.Width(head), "") {
		b.WriteString(head + part + "\n")
		head = strings.Repeat(" ", text.Width(head))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// harmless takes what a terminal obeys out of every cell: names and reasons were typed by others.
func harmless(cells [][]string) {
	for _, line := range cells {
		for i, c := range line {
			line[i] = recordings.Visible(c)
		}
	}
}

// narrow shortens cells until a table fits into so many columns: sentences and names first; then people are their ids alone; then codes, such as
// of systems; then a state loses its explanation in brackets; at last dates lose their year. Numbers that the next command needs are never cut, nor what is whole.
func narrow(room int, cells [][]string, whole []bool) {
	const least, fewest, letters = 12, 8, 6 // a few characters of a sentence more, or a state: the state
	all := func(is func(string) bool) []bool {
		columns := make([]bool, len(whole))
		for i := range columns {
			columns[i] = len(cells) > 1
			for _, line := range cells[1:] {
				columns[i] = columns[i] && (line[i] == "" || is(line[i]))
			}
		}
		return columns
	}
	dated, coded, numbered := all(isDated), all(isCode), all(isNumber)
	people := all(func(cell string) bool { return isNumber(cell) || idOf(cell) != "" })
	sentence := func(i int) bool { return !whole[i] && !dated[i] && !coded[i] }
	code := func(i int) bool { return !whole[i] && !dated[i] && !numbered[i] && i > 0 }

	widths := widthsOf(cells)
	if !shrink(room, widths, least, sentence) {
		shorter(cells, people, func(cell string) string { return cmp.Or(idOf(cell), cell) })
		coded = all(isCode)
		fits := func() bool {
			widths = widthsOf(cells) // anew: a column that became shorter leaves room to the others
			return shrink(room, widths, fewest, sentence) || shrink(room, widths, letters, code)
		}
		if !fits() {
			shorter(cells, whole, withoutNote)
			if !fits() {
				shorter(cells, dated, withoutYear)
				fits()
			}
		}
	}
	for _, line := range cells {
		for i, c := range line {
			line[i] = cutCell(c, widths[i])
		}
	}
}

// shorter says the cells of some columns, below the heading, in fewer characters.
func shorter(cells [][]string, columns []bool, say func(string) string) {
	for _, line := range cells[1:] {
		for i, c := range line {
			if columns[i] {
				line[i] = say(c)
			}
		}
	}
}

// withoutNote is a state without what explains it in brackets: 失効(未決のまま時刻経過).
func withoutNote(state string) string {
	if at := strings.Index(state, "("); at > 0 && strings.HasSuffix(state, ")") {
		return strings.TrimSpace(state[:at])
	}
	return state
}

func withoutYear(date string) string {
	if len(date) <= len(time.DateOnly) {
		return date
	}
	return date[len("2006-"):]
}

// shrink makes the widest columns that may give way narrower, none below floor, and says whether the table fits then.
func shrink(room int, widths []int, floor int, gives func(int) bool) bool {
	total := -gap
	for _, w := range widths {
		total += w + gap
	}
	for ; total > room; total-- {
		widest := -1
		for i, w := range widths {
			if gives(i) && (widest < 0 || w >= widths[widest]) { // of equals the last: what stands first matters most
				widest = i
			}
		}
		if widest < 0 || widths[widest] <= floor {
			return false
		}
		widths[widest]--
	}
	return true
}

// cutCell shortens a cell. Of a person, such as 人事課長 佐藤 花子 (U-011), the name gives way: the id behind tells one from another. Of several
// numbers the last are left out.
func cutCell(cell string, width int) string {
	if text.Width(cell) <= width {
		return cell
	}
	const name = 4 // columns of a name that still say something
	if id := idOf(cell); id != "" {
		if behind := " (" + id + ")"; width >= name+len(behind) {
			return text.Cut(strings.TrimSuffix(cell, behind), width-len(behind)) + behind
		}
		return id
	}
	short := text.Cut(cell, width)
	if words := strings.Fields(cell); len(words) > 1 && isNumber(words[0]) {
		if at := strings.LastIndex(short, " "); at > 0 {
			return short[:at] + " …"
		}
	}
	return short
}

// idOf is the id behind a person's name; empty where a cell is no such.
func idOf(cell string) string {
	at := strings.LastIndex(cell, " (")
	if at <= 0 || !strings.HasSuffix(cell, ")") {
		return ""
	}
	if id := cell[at+2 : len(cell)-1]; isNumber(id) {
		return id
	}
	return ""
}

var number = regexp.MustCompile(`^[A-Z]+[0-9]*(-[0-9]+)+$`)

// isNumber tells a cell that is the number of a thing or the id of a person, such as S-20261130-02, R8-0001-1 or U-011.
func isNumber(cell string) bool { return number.MatchString(cell) }

// isDated tells a cell that begins with a day.
func isDated(cell string) bool {
	_, err := time.Parse(time.DateOnly, cell[:min(len(cell), len(time.DateOnly))])
	return err == nil
}

// isCode tells a cell that is one number or state, or a reason with its number such as [201] window-ended; marked as a drill's or not.
func isCode(cell string) bool {
	const longest = 20 // of a state: ready-wait-attendant
	code := strings.TrimPrefix(cell, "DRILL ")
	if strings.HasPrefix(code, "[") {
		if _, behind, ok := strings.Cut(code, "] "); ok {
			code = behind
		}
	}
	code = strings.Replace(code, ", ", "-", 1) // sealed, hold
	return len(code) <= longest && strings.Trim(code, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") == ""
}

func widthsOf(cells [][]string) []int {
	widths := make([]int, len(cells[0]))
	for _, line := range cells {
		for i, c := range line {
			widths[i] = max(widths[i], text.Width(c))
		}
	}
	return widths
}

func align(w io.Writer, cells [][]string) error {
	widths := widthsOf(cells)
	var b strings.Builder
	for _, line := range cells {
		blank := 0 // room left after the cell before; none at the end of a line
		for i, c := range line {
			if c != "" {
				b.WriteString(strings.Repeat(" ", blank) + c)
				blank = 0
			}
			blank += widths[i] - text.Width(c) + gap
		}
		b.WriteByte('\n')
	}
	_, err := io.WriteString(w, b.String())
	return err
}
