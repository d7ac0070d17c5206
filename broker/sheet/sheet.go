package sheet

import (
	"iter"
	"strconv"
	"strings"
	"time"

	"sekimori/policy/text"
)

// Sheet is one form.
type Sheet struct {
	Key       string      // ASCII; begins the file's name and never changes: "setsuzoku-daicho"
	Name      text.Text   // of the form: 接続台帳
	No        text.Text   // top right; may be empty
	Scope     text.Text   // below the name: the period, the section; may be empty
	Addressed string      // the institution, as it is addressed at the top left; may be empty
	Wide      bool        // A4 landscape
	Printed   time.Time   // in the institution's zone
	Version   string      // of Sekimori
	Marks     []text.Text // beside the name, in frames: 訓練, 手書き用, 後日入力, 案
	Decided   []Decided   // 決裁欄, below the name
	Parts     []Part
	Notes     []text.Text // corrections and further remarks, below everything
	Seals     []text.Text // frames for confirming by hand
	Blank     bool        // to be filled in by hand: values are empty and have room
	Code      string      // text of the QR code below the parts; empty: none
}

// Decided is one frame of 決裁欄: an office, and its decision in words. The decisions stand in a part of the form too, with which the digest
// covers them.
type Decided struct{ Title, Said text.Text }

// Part is one part of a form: fields, a table, or both in this order.
type Part struct {
	Key    string // stable, ASCII; names the part's file where it has a table
	Title  text.Text
	Fields []Field
	Table  *Table
	Bars   []string // keys of at most two number columns of the table which a chart above the table shows; nil: no chart
}

// Field is one labelled value.
type Field struct {
	Column
	Cell
}

// Kind is the kind of a column's or field's values. It decides about the columns in CSV and workbook.
type Kind int

// The kinds.
const (
	Words  Kind = iota // text
	Code               // a code and its label, in two columns
	Time               // an instant, and in the next column the same with the era
	Day                // a day, likewise
	Flag               // yes or no
	Number             // a whole number
)

// Column is a column of a table, or the field of a form.
type Column struct {
	Key   string // stable, snake_case
	Label text.Text
	Kind  Kind
	Deck  int // on paper the line of the row in which it stands, from 0
	Share int // of the line's width on paper; 0: 1
}

// Cell is one value, for machines and for people. The zero Cell is no value.
type Cell struct {
	Code string // the code, the instant in RFC 3339, the day, "yes", the number; of Words the text as it is
	Text text.Text
}

// Table is a table. Rows are read once for each rendering; a row has a cell for each column.
type Table struct {
	Columns []Column
	Rows    iter.Seq2[[]Cell, error]
	Empty   text.Text // in place of rows where there is none
}

// Rows gives rows that are in memory already.
func Rows(rows ...[]Cell) iter.Seq2[[]Cell, error] {
	return func(yield func([]Cell, error) bool) {
		for _, r := range rows {
			if !yield(r, nil) {
				return
			}
		}
	}
}

// Text is a value of Words.
func Text(s string) Cell { return Cell{Code: s, Text: text.Same(s)} }

// Said is a value of Words in both languages.
func Said(t text.Text) Cell { return Cell{Code: t.EN, Text: t} }

// Coded is a value of Code.
func Coded(code string, label text.Text) Cell { return Cell{Code: code, Text: label} }

// At is an instant in its zone. The zero time is no value.
func At(t time.Time) Cell {
	if t.IsZero() {
		return Cell{}
	}
	return Cell{Code: t.Format(time.RFC3339), Text: text.Moment(t)}
}

// On is a day. The zero time is no value.
func On(t time.Time) Cell {
	if t.IsZero() {
		return Cell{}
	}
	return Cell{Code: t.Format(time.DateOnly), Text: text.Day(t)}
}

// YesNo is 有 or 無.
func YesNo(b bool) Cell {
	if b {
		return Cell{"yes", text.Of("有", "yes")}
	}
	return Cell{"no", text.Of("無", "no")}
}

// Count is a whole number.
func Count(n int64) Cell {
	s := strconv.FormatInt(n, 10)
	return Cell{s, text.Same(s)}
}

// NewField joins a column and its value.
func NewField(key string, label text.Text, kind Kind, value Cell) Field {
	return Field{Column{Key: key, Label: label, Kind: kind}, value}
}

// Fiscal is the fiscal year of a day as it stands in file names: R8 for April 2026 to March 2027. Before Reiwa it is the western year.
func Fiscal(t time.Time) string {
	y := t.Year()
	if t.Month() < time.April {
		y--
	}
	if y < 2019 {
		return strconv.Itoa(y)
	}
	return "R" + strconv.Itoa(y-2018)
}

// FileName is the name of a file with the sheet, in ASCII: setsuzoku-daicho_R8_20261124T1200JST_utf8.csv. year is Fiscal of the period or
// the number of the thing; each further part is optional.
func (s *Sheet) FileName(year, encoding, extension string) string {
	name := s.Key
	if year != "" {
		name += "_" + year
	}
	name += "_" + s.Printed.Format("20060102T1504MST")
	if encoding != "" {
		name += "_" + encoding
	}
	return ascii(name) + "." + extension
}

// ascii keeps what may stand in a file name on every system.
func ascii(name string) string {
	out := []byte(name)
	for i, c := range out {
		if c != '-' && c != '_' && c != '.' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			out[i] = '-'
		}
	}
	return string(out)
}

// Lines are the lines of a value in a language, for pages. No value has one line, a dash.
func (c Cell) Lines(lang string) []string {
	if said := c.Text.In(lang); said != "" {
		return strings.Split(said, "\n")
	}
	return []string{"—"}
}

// dense is a value in a table. Where a row has several lines there is little room: an instant is R8.11.24 10:06, in both languages.
func (c Cell) dense(k Kind, tight bool, lang string) string {
	if t, err := time.Parse(time.RFC3339, c.Code); tight && k == Time && err == nil && t.Year() >= 2019 {
		return "R" + strconv.Itoa(t.Year()-2018) + t.Format(".1.2 15:04")
	}
	return c.Text.In(lang)
}
