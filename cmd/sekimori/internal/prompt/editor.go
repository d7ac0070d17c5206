package prompt

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
)

const (
	clearRest = "\x1b[K"
	ctrlA     = 'A' - '@'
	ctrlB     = 'B' - '@'
	ctrlC     = 'C' - '@'
	ctrlD     = 'D' - '@'
	ctrlE     = 'E' - '@'
	ctrlF     = 'F' - '@'
	ctrlH     = 'H' - '@'
	ctrlK     = 'K' - '@'
	ctrlU     = 'U' - '@'
	ctrlW     = 'W' - '@'
	escape    = 0x1b
	quit      = '\\' - '@'
	backspace = 0x7f
)

type outcome int

const (
	goesOn outcome = iota
	entered
	stopped
)

// editor is one line while it is typed. It stands on one row of the screen: what does not fit moves out of sight.
type editor struct {
	question string
	width    int
	shown    bool

	line   []string // characters: a rune with the marks that combine with it, or one byte that is no UTF-8
	at     int      // the cursor stands before line[at]
	part   []byte   // of a character whose bytes are not all here
	escape []byte   // of a key whose bytes are not all here; nil: none
}

// leastRoom is the room for an answer beside its question. A longer question stands above.
const leastRoom = 24

func newEditor(question string, width int, shown bool) *editor {
	return &editor{question: question, width: width, shown: shown}
}

// begin is what shows the question.
func (e *editor) begin() string {
	lines := strings.Split(e.question, "\n")
	last := lines[len(lines)-1] + ": "
	above := lines[:len(lines)-1]
	if e.shown && ansi.StringWidth(last) > e.width-leastRoom {
		above, last = lines, "> "
		above[len(above)-1] += ":"
	}
	e.question = last
	var b strings.Builder
	for _, line := range above {
		b.WriteString(line + "\r\n")
	}
	return b.String() + e.draw()
}

// take handles one byte.
func (e *editor) take(b byte) outcome {
	if e.escape != nil {
		e.takeEscape(b)
		return goesOn
	}
	switch b {
	case '\r', '\n':
		return entered
	case ctrlC, ctrlD, quit:
		return stopped
	case escape:
		e.escape = []byte{}
	case backspace, ctrlH:
		e.erase(e.at - 1)
	case ctrlU:
		e.line, e.at = e.line[e.at:], 0
	case ctrlK:
		e.line = e.line[:e.at]
	case ctrlW:
		for e.at > 0 && e.line[e.at-1] == " " {
			e.erase(e.at - 1)
		}
		for e.at > 0 && e.line[e.at-1] != " " {
			e.erase(e.at - 1)
		}
	case ctrlA:
		e.at = 0
	case ctrlE:
		e.at = len(e.line)
	case ctrlB:
		e.at = max(0, e.at-1)
	case ctrlF:
		e.at = min(len(e.line), e.at+1)
	case '\t':
		e.insert(" ")
	default:
		if b >= ' ' {
			e.takeText(b)
		}
	}
	return goesOn
}

// takeText collects the bytes of one character.
func (e *editor) takeText(b byte) {
	e.part = append(e.part, b)
	for len(e.part) > 0 && utf8.FullRune(e.part) {
		r, n := utf8.DecodeRune(e.part)
		c := string(e.part[:n]) // a byte that is no UTF-8 stays as it is: what is sent says so
		e.part = e.part[n:]
		if joins(r) && e.at > 0 {
			e.line[e.at-1] += c
			continue
		}
		e.insert(c)
	}
}

// joins tells a rune that belongs to the character before it, such as the voiced sound mark か゛ of a decomposed が.
func joins(r rune) bool { return unicode.In(r, unicode.Mn, unicode.Me) || r == '\u200d' }

func (e *editor) insert(c string) {
	e.line = append(e.line[:e.at], append([]string{c}, e.line[e.at:]...)...)
	e.at++
}

func (e *editor) erase(i int) {
	if i < 0 || i >= len(e.line) {
		return
	}
	e.line = append(e.line[:i], e.line[i+1:]...)
	if e.at > i {
		e.at--
	}
}

// takeEscape collects the bytes of a key such as an arrow. Keys that mean nothing here are dropped whole.
func (e *editor) takeEscape(b byte) {
	e.escape = append(e.escape, b)
	if len(e.escape) == 1 && (b == '[' || b == 'O') {
		return
	}
	if len(e.escape) > 1 && (b < '@' || b > '~') && len(e.escape) < 16 {
		return
	}
	switch string(e.escape) {
	case "[D", "OD":
		e.at = max(0, e.at-1)
	case "[C", "OC":
		e.at = min(len(e.line), e.at+1)
	case "[H", "OH", "[1~", "[7~":
		e.at = 0
	case "[F", "OF", "[4~", "[8~":
		e.at = len(e.line)
	case "[3~":
		e.erase(e.at)
	}
	e.escape = nil
}

// draw is what shows the row as it is now.
func (e *editor) draw() string {
	if !e.shown {
		return "\r" + e.question + clearRest
	}
	room := max(2, e.width-ansi.StringWidth(e.question)-1)
	first := 0
	for columnsOf(e.line[first:e.at]) > room {
		first++
	}
	last := e.at
	for last < len(e.line) && columnsOf(e.line[first:last+1]) <= room {
		last++
	}
	out := "\r" + e.question + visible(e.line[first:last]) + clearRest
	if back := columnsOf(e.line[e.at:last]); back > 0 {
		out += ansi.CursorBackward(back)
	}
	return out
}

// end shows the whole answer, over several rows where it is long, so that it can be read once more.
func (e *editor) end() string {
	if !e.shown {
		return "\r\n"
	}
	return "\r" + e.question + visible(e.line) + clearRest + "\r\n"
}

// text is what was typed.
func (e *editor) text() string { return strings.Join(e.line, "") + string(e.part) }

func columnsOf(line []string) (n int) {
	for _, c := range line {
		n += width(c)
	}
	return n
}

func width(c string) int {
	if !utf8.ValidString(c) {
		return 1
	}
	return ansi.StringWidth(c)
}

// visible is a text with a mark for each byte that is no UTF-8.
func visible(line []string) string {
	var b strings.Builder
	for _, c := range line {
		if !utf8.ValidString(c) {
			c = "?"
		}
		b.WriteString(c)
	}
	return b.String()
}

// stops tells that one of the keys stops.
func stops(keys []byte) bool { return strings.ContainsAny(string(keys), "\x03\x04\x1c") }
