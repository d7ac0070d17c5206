package sheet

import (
	"bufio"
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// csvFile writes rows as RFC 4180 has them: commas, CRLF, all texts in quotation marks.
type csvFile struct {
	w    *bufio.Writer
	o    Options
	log  *losses
	name string
	row  int // from 1, the heads
	buf  []byte
}

// losses counts what differs from the originals in all files of an archive.
type losses struct {
	guarded int // values with an apostrophe before them
	lost    map[rune]int
	total   int
	places  []place // the first mostPlaces
}

type place struct {
	r    rune
	file string
	row  int
}

// mostPlaces is how many places of characters that an encoding lacks are told singly.
const mostPlaces = 1000

func (l *losses) lose(r rune, file string, row int) {
	l.lost[r]++
	l.total++
	if len(l.places) < mostPlaces {
		l.places = append(l.places, place{r, file, row})
	}
}

func newCSV(w io.Writer, name string, o Options, log *losses) *csvFile {
	f := &csvFile{w: bufio.NewWriterSize(w, 32<<10), o: o, log: log, name: name}
	if !o.CP932 {
		f.w.WriteString("\ufeff") // bufio keeps the first error for Flush
	}
	return f
}

// write writes one row. number tells which values are numbers; nil: none.
func (f *csvFile) write(values []string, number []bool) error {
	f.row++
	for i, v := range values {
		if i > 0 {
			f.w.WriteByte(',')
		}
		if number != nil && number[i] && isNumber(v) {
			f.w.WriteString(v)
			continue
		}
		f.w.WriteByte('"')
		f.text(strings.ReplaceAll(f.guard(v), `"`, `""`))
		f.w.WriteByte('"')
	}
	_, err := f.w.WriteString("\r\n")
	return err
}

// isNumber tells whether a value of a number column is a number, or none. Else it says in words why there is no number.
func isNumber(v string) bool {
	_, err := strconv.ParseInt(v, 10, 64)
	return v == "" || err == nil
}

func (f *csvFile) text(s string) {
	if !f.o.CP932 {
		f.w.WriteString(s)
		return
	}
	f.buf = toCP932(f.buf[:0], s, func(r rune) { f.log.lose(r, f.name, f.row) })
	f.w.Write(f.buf)
}

// guard removes control characters, then puts an apostrophe before a value that a spreadsheet would take for a formula. Line breaks stay.
func (f *csvFile) guard(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' || bool(f.o.CP932) && variation(r) { // what is dropped must not stand before the first character
			return -1
		}
		return r
	}, s)
	if formula(s) {
		s = "'" + s
		f.log.guarded++
	}
	return s
}

// formula tells whether a spreadsheet may take a value for a formula: by its first character that is seen. Japanese spreadsheets take wide characters
// for narrow ones, and spaces and line breaks before a formula are skipped by some.
func formula(s string) bool {
	if s == "" {
		return false
	}
	if s[0] == '\t' {
		return true
	}
	first := strings.IndexFunc(s, func(r rune) bool { return !unicode.IsSpace(r) && !unicode.Is(unicode.Cf, r) && !variation(r) })
	if first < 0 {
		return false
	}
	r, _ := utf8.DecodeRuneInString(s[first:])
	return strings.ContainsRune("=+-@＝＋－＠−", r)
}

func (f *csvFile) end() error { return f.w.Flush() }
