package gate

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"
)

// columns is how wide any text of the gate may be.
const columns = 78

// neutral makes text from outside safe to print and to keep: whatever does not print (control
// characters, escape sequences, marks that reverse the direction of writing, broken UTF-8)
// becomes a question mark, and it ends after limit runes.
func neutral(s string, limit int) string {
	var b strings.Builder
	n := 0
	for _, r := range s {
		if n == limit {
			b.WriteString("..")
			break
		}
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			r = '?'
		}
		b.WriteRune(r)
		n++
	}
	return b.String()
}

// ascii is text for places that older clients print as they come, such as an open failure.
func ascii(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return ' '
		case r < 0x20 || r > 0x7e:
			return '?'
		}
		return r
	}, s)
}

// cells is how many columns a terminal gives to s.
func cells(s string) int {
	n := 0
	for _, r := range s {
		n += runeCells(r)
	}
	return n
}

func runeCells(r rune) int {
	if unicode.Is(unicode.Mn, r) {
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	}
	return 1
}

// clip shortens s to at most limit columns, saying so with two dots.
func clip(s string, limit int) string {
	if cells(s) <= limit {
		return s
	}
	n := 0
	for i, r := range s {
		if n+runeCells(r) > limit-2 {
			return s[:i] + ".."
		}
		n += runeCells(r)
	}
	return s
}

// pad fills s with spaces up to limit columns.
func pad(s string, limit int) string {
	if n := limit - cells(s); n > 0 {
		return s + strings.Repeat(" ", n)
	}
	return s
}

// both joins the two languages: lang "ja" or "en" picks one, anything else gives both.
func both(lang, ja, en string) string {
	switch lang {
	case "ja":
		return ja
	case "en":
		return en
	}
	return ja + "\n" + en
}

// slashed is both for a single line.
func slashed(lang, ja, en string) string {
	switch lang {
	case "ja":
		return ja
	case "en":
		return en
	}
	return ja + " / " + en
}

// langOf finds the language to speak: the person's own, else the locale the client sent,
// else both.
func langOf(person string, env map[string]string) string {
	if person == "ja" || person == "en" {
		return person
	}
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		switch v := env[name]; {
		case v == "":
			continue
		case strings.HasPrefix(v, "ja"):
			return "ja"
		case strings.HasPrefix(v, "en"):
			return "en"
		}
	}
	return ""
}

var (
	weekdaysJA = [...]string{"日", "月", "火", "水", "木", "金", "土"}
	reiwaStart = time.Date(2019, 5, 1, 0, 0, 0, 0, time.UTC)
)

// dateJA gives 令和8年11月24日(火); before Reiwa the western year.
func dateJA(t time.Time) string {
	year := strconv.Itoa(t.Year()) + "年"
	if !t.Before(reiwaStart) {
		if n := t.Year() - 2018; n == 1 {
			year = "令和元年"
		} else {
			year = fmt.Sprintf("令和%d年", n)
		}
	}
	return fmt.Sprintf("%s%d月%d日(%s)", year, t.Month(), t.Day(), weekdaysJA[t.Weekday()])
}

// dateEN gives Tue 24 Nov 2026 (Reiwa 8).
func dateEN(t time.Time) string {
	s := t.Format("Mon 2 Jan 2006")
	if !t.Before(reiwaStart) {
		s += fmt.Sprintf(" (Reiwa %d)", t.Year()-2018)
	}
	return s
}

// spanEnd is the end of an interval, with its day when that differs from the start's.
func spanEnd(from, to time.Time) string {
	if from.YearDay() == to.YearDay() && from.Year() == to.Year() {
		return to.Format("15:04")
	}
	return to.Format("1/2 15:04")
}

// requestJA turns R8-0124 into 令和8年度第124号; what is not of that form stays.
func requestJA(no string) string {
	year, n, ok := strings.Cut(strings.TrimPrefix(no, "R"), "-")
	serial, err := strconv.Atoi(n)
	if !ok || err != nil || !strings.HasPrefix(no, "R") {
		return no
	}
	return fmt.Sprintf("令和%s年度第%d号", year, serial)
}

// untilThen rounds what is still to be waited for up to what session.SpanJA shows of it, so that a
// door that says "0 s" is open.
func untilThen(d time.Duration) time.Duration {
	unit := time.Second
	if d >= time.Minute {
		unit = time.Minute
	}
	return (max(d, 0) + unit - 1).Truncate(unit)
}
