package calendar

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"sekimori/broker/forms"
	"sekimori/policy"
)

// Bounds of a list of days: twenty years with many days off.
const (
	maxListSize = 256 << 10
	maxDays     = 1000
	maxDayName  = 100 // characters
)

// ReadHolidays reads the institution's own list of days from CSV: a first line `date,name,open`, then a day a line. open is
// true for a public holiday on which it works, false or empty for a day on which it is closed. UTF-8, with or without a byte
// order mark. The error is a *forms.Invalid that names every problem with its line and column.
func ReadHolidays(name string, data []byte) ([]Override, error) {
	bad := &forms.Invalid{Name: name}
	problem := func(line, column int, field, code, ja, en string) {
		bad.Problems = append(bad.Problems, forms.Problem{Field: field, Code: code, JA: ja, EN: en, Line: line, Column: column})
	}
	if len(data) > maxListSize {
		problem(1, 1, "", "file-too-large", "大きすぎます。", fmt.Sprintf("larger than %d bytes", maxListSize))
		return nil, bad
	}
	data = bytes.TrimPrefix(data, []byte("\uFEFF"))
	if !utf8.Valid(data) {
		line, column := where(data)
		problem(line, column, "", "not-utf8", "文字コードが UTF-8 ではありません。「CSV UTF-8」で保存し直してください。", "not UTF-8; save it as \"CSV UTF-8\"")
		return nil, bad
	}
	r := csv.NewReader(bytes.NewReader(data))
	r.FieldsPerRecord = -1
	var days []Override
	first := map[policy.Date]int{}
	for n := 0; ; n++ {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			if n == 0 {
				problem(1, 1, "", "empty-file", "何も書かれていません。", "nothing is written here")
			}
			break
		}
		var at *csv.ParseError
		if errors.As(err, &at) {
			problem(at.Line, at.Column, "", "csv-syntax", "CSVとして読めません: "+at.Err.Error(), "not readable as CSV: "+at.Err.Error())
			break
		}
		if err != nil {
			return nil, fmt.Errorf("read list of days: %w", err)
		}
		if n == 0 {
			if !isHead(row) {
				problem(1, 1, "", "csv-head", "一行目は date,name,open と書いてください。", "the first line must be date,name,open")
				break
			}
			continue
		}
		if n > maxDays {
			line, column := r.FieldPos(0)
			problem(line, column, "", "too-many", fmt.Sprintf("%d日までです。", maxDays), fmt.Sprintf("at most %d days", maxDays))
			break
		}
		d, ok := day(row, r, problem)
		if !ok {
			continue
		}
		line, column := r.FieldPos(0)
		if before, twice := first[d.Date]; twice {
			problem(line, column, "date", "duplicate-day", fmt.Sprintf("%s はすでに %d 行目にあります。", d.Date, before), fmt.Sprintf("%s stands already on line %d", d.Date, before))
			continue
		}
		first[d.Date] = line
		days = append(days, d)
	}
	if err := bad.OrNil(); err != nil {
		return nil, err
	}
	return days, nil
}

func isHead(row []string) bool {
	if len(row) < 2 || len(row) > 3 {
		return false
	}
	for i, want := range []string{"date", "name", "open"}[:len(row)] {
		if strings.TrimSpace(row[i]) != want {
			return false
		}
	}
	return true
}

// day parses one line and reports every problem in it.
func day(row []string, r *csv.Reader, problem func(line, column int, field, code, ja, en string)) (Override, bool) {
	if len(row) < 2 || len(row) > 3 {
		line, column := r.FieldPos(0)
		problem(line, column, "", "csv-columns", "日付、名前、open の二つか三つの欄で書いてください。", "a line has two or three columns: date, name, open")
		return Override{}, false
	}
	ok := true
	complain := func(i int, field, code, ja, en string) {
		line, column := r.FieldPos(i)
		problem(line, column, field, code, ja, en)
		ok = false
	}
	o := Override{Date: policy.Date(strings.TrimSpace(row[0])), Name: strings.TrimSpace(row[1])}
	if _, err := time.Parse(time.DateOnly, string(o.Date)); err != nil {
		complain(0, "date", "bad-date", "日付は 2026-12-29 のように、ある日を書いてください。", "write a day that exists, like 2026-12-29")
	}
	switch {
	case o.Name == "":
		complain(1, "name", "missing", "名前を書いてください。", "a name must be given")
	case utf8.RuneCountInString(o.Name) > maxDayName:
		complain(1, "name", "text-too-long", fmt.Sprintf("%d字までです。", maxDayName), fmt.Sprintf("at most %d characters", maxDayName))
	case forms.Printable(o.Name) != o.Name || strings.ContainsAny(o.Name, "\n\t"):
		complain(1, "name", "control-character", "表示できない文字があります。", "contains characters that cannot be shown")
	}
	if len(row) == 3 {
		switch strings.TrimSpace(row[2]) {
		case "true":
			o.Open = true
		case "false", "":
		default:
			complain(2, "open", "wrong-kind", "open は true か false です。", "open is true or false")
		}
	}
	return o, ok
}

// where finds the first invalid UTF-8 byte.
func where(data []byte) (line, column int) {
	line, column = 1, 1
	for len(data) > 0 {
		c, size := utf8.DecodeRune(data)
		if c == utf8.RuneError && size == 1 {
			break
		}
		if column += size; c == '\n' {
			line, column = line+1, 1
		}
		data = data[size:]
	}
	return line, column
}
