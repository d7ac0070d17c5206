package text

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

var weekdays = [...]string{"日", "月", "火", "水", "木", "金", "土"}

// year gives 令和8年, or 2018年 before the era began in May 2019, and the English words for the era.
func year(t time.Time) (ja, en string) {
	n := t.Year() - 2018
	switch {
	case n < 1 || n == 1 && t.Month() < time.May:
		return strconv.Itoa(t.Year()) + "年", ""
	case n == 1:
		return "令和元年", " (Reiwa 1)"
	}
	return fmt.Sprintf("令和%d年", n), fmt.Sprintf(" (Reiwa %d)", n)
}

// Day is 令和8年11月24日(火), or Tue 24 Nov 2026 (Reiwa 8). Before Reiwa it has the western year alone. The day is that of t's zone, as
// everywhere here.
func Day(t time.Time) Text {
	ja, en := year(t)
	return Text{fmt.Sprintf("%s%d月%d日(%s)", ja, t.Month(), t.Day(), weekdays[t.Weekday()]), t.Format("Mon 2 Jan 2006") + en}
}

// Month is 令和8年11月, or November 2026.
func Month(t time.Time) Text {
	ja, _ := year(t)
	return Text{fmt.Sprintf("%s%d月", ja, t.Month()), t.Format("January 2006")}
}

// Moment is an instant for people: 令和8年11月24日(火)10:00(2026-11-24), or 2026-11-24 10:00. Empty for the zero time.
func Moment(t time.Time) Text {
	if t.IsZero() {
		return Text{}
	}
	return Text{Day(t).JA + t.Format("15:04(2006-01-02)"), t.Format("2006-01-02 15:04")}
}

// Span is an interval for people: 令和8年11月24日(火)10:00〜11:30(2026-11-24), or 2026-11-24 10:00-11:30.
func Span(from, to time.Time) Text {
	end := SpanEnd(from, to)
	return Text{Day(from).JA + from.Format("15:04〜") + end + from.Format("(2006-01-02)"), from.Format("2006-01-02 15:04-") + end}
}

// SpanEnd is the end of an interval, with its day if it differs from the start's.
func SpanEnd(from, to time.Time) string {
	if from.Format(time.DateOnly) == to.Format(time.DateOnly) {
		return to.Format("15:04")
	}
	return to.Format("1/2 15:04")
}

// Length is a length of time: 1時間30分, or 1 h 30 min. Three days and more count as days. Parts of a second are left out.
func Length(d time.Duration) Text {
	const day, fewest = 24 * time.Hour, 3
	var t Text
	for _, unit := range []struct {
		of     time.Duration
		ja, en string
	}{{day, "日", " days"}, {time.Hour, "時間", " h"}, {time.Minute, "分", " min"}, {time.Second, "秒", " s"}} {
		n := d / unit.of
		if n == 0 || unit.of == day && n < fewest {
			continue
		}
		d -= n * unit.of
		t.JA += strconv.Itoa(int(n)) + unit.ja
		t.EN += " " + strconv.Itoa(int(n)) + unit.en
	}
	if t.IsZero() {
		return Text{"0秒", "0 s"}
	}
	t.EN = strings.TrimPrefix(t.EN, " ")
	return t
}

// Left is the remaining time: in minutes, below one minute in seconds. It is rounded down, so that no one counts on time that does not
// exist.
func Left(d time.Duration) Text {
	if d = max(d, 0); d >= time.Minute {
		n := strconv.Itoa(int(d / time.Minute))
		return Text{n + "分", n + " min"}
	}
	n := strconv.Itoa(int(d / time.Second))
	return Text{n + "秒", n + " s"}
}

// Request is the number of a request: 令和8年度第124号, or R8-0124. A number of another form stays.
func Request(no string) Text {
	year, n, ok := strings.Cut(strings.TrimPrefix(no, "R"), "-")
	serial, err := strconv.Atoi(n)
	if !ok || err != nil || !strings.HasPrefix(no, "R") {
		return Same(no)
	}
	return Text{fmt.Sprintf("令和%s年度第%d号", year, serial), no}
}
