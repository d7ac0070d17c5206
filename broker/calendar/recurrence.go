package calendar

import (
	"fmt"
	"strings"
	"time"

	"github.com/teambition/rrule-go"

	"sekimori/broker/forms"
	"sekimori/policy"
)

// Span is [Start, End).
type Span = policy.Span

// Limits bound a recurrence. The zero value is a year's work: 53 occurrences that begin within 13 months.
type Limits struct {
	Occurrences int
	Months      int
}

func (l Limits) orYear() Limits {
	if l.Occurrences <= 0 {
		l.Occurrences = 53
	}
	if l.Months <= 0 {
		l.Months = 13
	}
	return l
}

// Expand returns the occurrences of a recurring request in order; the first is [start, end). rule is an RRULE of RFC 5545
// with or without its name in front. It must end (COUNT or UNTIL, not both), repeat by day, week, month or year, and begin
// with start. An UNTIL that is a day includes that day. Times are local times in the zone: a window at ten stays at ten when
// the clock changes. A month without the day is skipped, as in the RFC.
//
// The error is a *forms.Invalid with the codes recurrence-…; its field is "recurrence".
func Expand(rule string, start, end time.Time, zone *time.Location, limits Limits) ([]Span, error) {
	if zone == nil {
		zone = time.UTC
	}
	limits = limits.orYear()
	if !start.Before(end) {
		return nil, refused("recurrence-empty", "終わりが始まりより後ではありません。", "the end is not after the start")
	}
	rule, err := screen(rule)
	if err != nil {
		return nil, err
	}
	option, err := rrule.StrToROption(rule)
	if err != nil {
		return nil, refused("recurrence-syntax", "繰返しの書き方が正しくありません: "+forms.Printable(err.Error()), "not a recurrence rule: "+forms.Printable(err.Error()))
	}
	first, last := wall(start, zone), wall(end, zone)
	if err := bound(option, rule, zone, limits); err != nil {
		return nil, err
	}
	option.Dtstart = first.AddDate(shiftYears, 0, 0)
	r, err := rrule.NewRRule(*option)
	if err != nil {
		return nil, refused("recurrence-syntax", "繰返しの書き方が正しくありません: "+forms.Printable(err.Error()), "not a recurrence rule: "+forms.Printable(err.Error()))
	}
	horizon := first.AddDate(0, limits.Months, 0)
	var spans []Span
	next := r.Iterator()
	for at, ok := next(); ok; at, ok = next() {
		at = at.AddDate(-shiftYears, 0, 0)
		switch {
		case len(spans) == 0 && !at.Equal(first):
			return nil, startsElsewhere()
		case len(spans) == limits.Occurrences:
			return nil, tooMany(limits)
		case at.After(horizon):
			return nil, refused("recurrence-too-far", fmt.Sprintf("繰返しは%dか月先までです。", limits.Months), fmt.Sprintf("a recurrence reaches at most %d months ahead", limits.Months))
		}
		s := place(at, last.Sub(first), start, end, zone)
		if n := len(spans); n > 0 && s.Start.Before(spans[n-1].End) {
			return nil, refused("recurrence-overlap", "前の回が終わる前に次の回が始まります。", "an occurrence begins before the one before it ends")
		}
		spans = append(spans, s)
	}
	if len(spans) == 0 {
		return nil, startsElsewhere()
	}
	return spans, nil
}

// The library searches the next occurrence up to the year 9999, regardless of the bounds. A rule that never matches (30
// February by day) would cost a quarter of a second for each attempt. The Gregorian calendar repeats every 400 years to the
// weekday, so the search runs near the library's last year and the result is shifted back.
const shiftYears = 19 * 400

// wall is the zone's local time, represented in UTC, where no clock changes. It has whole seconds, as in RFC 5545.
func wall(t time.Time, zone *time.Location) time.Time {
	t = t.In(zone)
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, time.UTC)
}

// place converts an occurrence from local time to an instant. The first occurrence keeps the requested instants. A missing
// hour may put the end before the start; then the window has its usual length.
func place(at time.Time, length time.Duration, start, end time.Time, zone *time.Location) Span {
	local := func(t time.Time) time.Time {
		return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, zone).UTC()
	}
	if wall(start, zone).Equal(at) {
		return Span{Start: start.UTC(), End: end.UTC()}
	}
	s := Span{Start: local(at), End: local(at.Add(length))}
	if !s.Start.Before(s.End) {
		s.End = s.Start.Add(end.Sub(start))
	}
	return s
}

// longestRule bounds the parsed rule in bytes.
const longestRule = 200

// parts are the permitted parts of a rule. Times of day come from the request itself. Days of the year and week numbers are
// not used to plan maintenance, so they are left out.
var parts = []string{"FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "BYMONTHDAY", "BYMONTH", "BYSETPOS", "WKST"}

// screen parses the rule far enough to refuse rules that the library accepts and we do not.
func screen(rule string) (string, error) {
	rule = strings.TrimPrefix(strings.ToUpper(strings.TrimSpace(rule)), "RRULE:")
	switch {
	case rule == "":
		return "", refused("recurrence-syntax", "繰返しが書かれていません。", "no rule is written")
	case len(rule) > longestRule:
		return "", refused("recurrence-syntax", fmt.Sprintf("繰返しは%d字までです。", longestRule), fmt.Sprintf("a rule has at most %d characters", longestRule))
	}
	seen, freq, days := map[string]bool{}, "", ""
	for part := range strings.SplitSeq(rule, ";") {
		name, value, ok := strings.Cut(part, "=")
		switch {
		case !ok || value == "":
			return "", refused("recurrence-syntax", "繰返しは FREQ=WEEKLY;BYDAY=TU;COUNT=10 のように書いてください。", "write a rule like FREQ=WEEKLY;BYDAY=TU;COUNT=10")
		case seen[name]:
			return "", refused("recurrence-syntax", name+" が二度書かれています。", name+" is written twice")
		case name == "BYHOUR", name == "BYMINUTE", name == "BYSECOND":
			return "", refused("recurrence-hours", "時刻は申請の開始と終了で決まります。"+name+" は書けません。", "the hours are the request's own; "+name+" is not taken")
		case !known(name):
			return "", refused("recurrence-syntax", "知らない項目です: "+forms.Printable(name)+"(書けるのは "+strings.Join(parts, "、")+")", fmt.Sprintf("unknown part %q; known: %s", forms.Printable(name), strings.Join(parts, ", ")))
		}
		seen[name] = true
		switch name {
		case "FREQ":
			freq = value
		case "BYDAY":
			days = value
		}
		if name == "FREQ" && value != "DAILY" && value != "WEEKLY" && value != "MONTHLY" && value != "YEARLY" {
			return "", refused("recurrence-frequency", "繰り返せるのは日、週、月、年ごとです(FREQ=DAILY、WEEKLY、MONTHLY、YEARLY)。", "work recurs by day, week, month or year (FREQ=DAILY, WEEKLY, MONTHLY, YEARLY)")
		}
	}
	if err := meant(seen, freq, days); err != nil {
		return "", err
	}
	if seen["COUNT"] && seen["UNTIL"] {
		return "", refused("recurrence-two-ends", "COUNT と UNTIL は一方だけを書いてください。", "give COUNT or UNTIL, not both")
	}
	if !seen["COUNT"] && !seen["UNTIL"] {
		return "", refused("recurrence-no-end", "終わりがありません。回数(COUNT)か最後の日(UNTIL)を書いてください。", "it has no end: give a number (COUNT) or a last day (UNTIL)")
	}
	return rule, nil
}

// meant refuses parts that the RFC forbids (3.3.10) but the library ignores: every second Tuesday of a month would become
// every Tuesday, and an approver would approve more than was written.
func meant(seen map[string]bool, freq, days string) error {
	for day := range strings.SplitSeq(days, ",") {
		switch nth := strings.TrimRight(day, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"); {
		case nth == "":
		case freq != "MONTHLY" && freq != "YEARLY":
			return refused("recurrence-nth-day", "何番目の曜日か("+forms.Printable(day)+")は、月ごとか年ごと(FREQ=MONTHLY、YEARLY)のときだけ書けます。",
				fmt.Sprintf("BYDAY=%s counts the weeks of a month or year: write it with FREQ=MONTHLY or YEARLY", forms.Printable(day)))
		case strings.Trim(nth, "+-0") == "":
			return refused("recurrence-syntax", "0番目の曜日("+forms.Printable(day)+")はありません。", fmt.Sprintf("there is no weekday %s", forms.Printable(day)))
		}
	}
	if seen["BYSETPOS"] && (freq == "DAILY" || !seen["BYDAY"] && !seen["BYMONTHDAY"] && !seen["BYMONTH"]) {
		return refused("recurrence-syntax", "BYSETPOS は、週、月、年ごとの BYDAY などと一緒に書いてください。", "BYSETPOS picks among the days of a week, month or year: write it with BYDAY or the like")
	}
	return nil
}

func known(name string) bool {
	for _, p := range parts {
		if p == name {
			return true
		}
	}
	return false
}

// bound refuses numbers beyond the limits before any expansion, and parses UNTIL in the zone.
func bound(o *rrule.ROption, rule string, zone *time.Location, limits Limits) error {
	switch {
	case o.Interval < 0 || o.Interval > 366, strings.Contains(rule, "INTERVAL=") && o.Interval == 0:
		return refused("recurrence-syntax", "間隔(INTERVAL)は1から366までです。", "INTERVAL is from 1 to 366")
	case o.Count > limits.Occurrences:
		return tooMany(limits)
	case strings.Contains(rule, "COUNT=") && o.Count < 1:
		return refused("recurrence-syntax", "回数(COUNT)は1以上です。", "COUNT is at least 1")
	}
	_, text, ok := strings.Cut(rule, "UNTIL=")
	if !ok {
		return nil
	}
	text, _, _ = strings.Cut(text, ";")
	until, err := readUntil(text, zone)
	if err != nil {
		return err
	}
	o.Until = until.AddDate(shiftYears, 0, 0)
	return nil
}

// readUntil returns the last local instant: the end of a day, or a date and time in UTC (Z) or in the zone.
func readUntil(text string, zone *time.Location) (time.Time, error) {
	if t, err := time.Parse("20060102", text); err == nil {
		return t.AddDate(0, 0, 1).Add(-time.Second), nil
	}
	if t, err := time.Parse("20060102T150405Z", text); err == nil {
		return wall(t, zone), nil
	}
	if t, err := time.Parse("20060102T150405", text); err == nil {
		return t, nil
	}
	return time.Time{}, refused("recurrence-syntax", "最後の日(UNTIL)は 20261231 のように書いてください。", "write UNTIL as a day like 20261231")
}

func tooMany(l Limits) error {
	return refused("recurrence-too-many", fmt.Sprintf("繰返しは%d回までです。", l.Occurrences), fmt.Sprintf("a recurrence has at most %d occurrences", l.Occurrences))
}

func startsElsewhere() error {
	return refused("recurrence-start", "開始の日が繰返しの規則に当てはまりません。最初の回の日時を開始にしてください。",
		"the start is no day of the rule; let the request start with the first occurrence")
}

func refused(code, ja, en string) error {
	return &forms.Invalid{Problems: []forms.Problem{{Field: "recurrence", Code: code, JA: ja, EN: en}}}
}
