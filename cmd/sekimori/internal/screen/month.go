package screen

import (
	"strconv"
	"strings"
	"time"

	"sekimori/broker/agenda"
	"sekimori/broker/api"
	"sekimori/policy/text"
	"sekimori/recordings"
)

// How wide a month is, and where its second column begins.
const (
	monthWidth  = 80
	monthIndent = 14
)

// Month is a month of the calendar as text in a language ("ja" or "en"): the days on which something is, each line within eighty columns.
func Month(m api.Month, lang string) string { return month{lang}.text(m) }

// month is a page in one language.
type month struct{ lang string }

func (p month) say(ja, en string) string {
	if p.lang == "ja" {
		return ja
	}
	return en
}

func (p month) text(m api.Month) string {
	head := p.say("予定表 ", "Calendar ") + m.Month
	if t, err := time.Parse("2006-01", m.Month); err == nil && p.lang == "ja" {
		head = "予定表 " + text.Month(t).JA + " " + m.Month
	}
	if m.Section != "" {
		head += " " + recordings.Visible(m.Section)
	}
	var b strings.Builder
	b.WriteString(head + "\n")
	shown := false
	for _, d := range m.Days {
		lines := p.day(d)
		if len(lines) == 0 {
			continue
		}
		shown = true
		left := p.dayLabel(d)
		for _, words := range lines {
			for _, line := range wrap(words, monthWidth-monthIndent) {
				b.WriteString(left + strings.Repeat(" ", max(monthIndent-text.Width(left), 1)) + line + "\n")
				left = ""
			}
		}
	}
	if !shown {
		b.WriteString(p.say("予定はありません。", "Nothing is planned.") + "\n")
	}
	return b.String()
}

func (p month) dayLabel(d api.Day) string {
	t, err := time.Parse(time.DateOnly, string(d.Date))
	if err != nil {
		return recordings.Visible(string(d.Date))
	}
	day := t.Format("1/2")
	if p.lang != "ja" {
		return day + " (" + Weekday(int(t.Weekday()), p.lang) + ")"
	}
	if d.Holiday != "" {
		return day + "(" + Weekday(int(t.Weekday()), p.lang) + "・祝)"
	}
	return day + "(" + Weekday(int(t.Weekday()), p.lang) + ")"
}

// day gives the lines of a day, each as words that stay whole.
func (p month) day(d api.Day) [][]string {
	var lines [][]string
	if d.Holiday != "" {
		name := d.Holiday
		if p.lang != "ja" && d.HolidayEN != "" {
			name = d.HolidayEN
		}
		lines = append(lines, []string{p.say("閉庁日("+recordings.Visible(name)+")", "closed ("+recordings.Visible(name)+")")})
	}
	for _, n := range d.NoWork {
		reason := recordings.Visible(n.Reason)
		words := []string{p.say("作業禁止日("+reason+")", "no-work day ("+reason+")")}
		if !n.Whole {
			words = []string{p.hours(d, n.From, n.Until), p.say("作業禁止("+reason+")", "no work ("+reason+")")}
		}
		lines = append(lines, append(words, recordings.Visible(n.SystemName)))
	}
	for _, e := range d.Entries {
		lines = append(lines, p.entry(d, e)...)
	}
	for _, c := range d.Clashes {
		numbers := make([]string, 0, len(c.Requests))
		for _, no := range c.Requests {
			numbers = append(numbers, p.number(no))
		}
		lines = append(lines, []string{p.say("重なり: ", "overlap: ") + strings.Join(numbers, p.say("と", " and ")), recordings.Visible(c.SystemName)})
	}
	return lines
}

func (p month) entry(d api.Day, e api.CalendarEntry) [][]string {
	hours := p.hours(d, e.Start, e.End)
	if e.Busy {
		return [][]string{{hours, p.say("予定あり", "busy")}}
	}
	words := []string{hours, agenda.State(e, p.lang), p.number(e.Request), recordings.Visible(e.SystemName), recordings.Visible(e.VendorName)}
	if e.Emergency {
		words = append(words, p.say("緊急", "emergency"))
	}
	if e.Drill {
		words = append(words, p.say("訓練", "DRILL"))
	}
	if e.Attended {
		who := recordings.Visible(e.AttendantName)
		if who == "" {
			who = p.say("未定", "nobody yet")
		}
		words = append(words, p.say("立会 ", "attendant ")+who)
	}
	lines := [][]string{words}
	if e.Exclusive && !e.Pending && e.State != "closed" && e.State != "cut" && e.State != "ended" {
		lines = append(lines, []string{recordings.Visible(agenda.Unusable(e, p.lang, e.Start.Location()))})
	}
	return lines
}

// hours says a time on a day; what begins or ends on another says so.
func (p month) hours(d api.Day, from, until time.Time) string {
	begin, end := from.Format("15:04"), until.Format("15:04")
	if from.Format(time.DateOnly) < string(d.Date) {
		begin = p.say("前日", "day before ") + begin
	}
	switch day, err := time.Parse(time.DateOnly, string(d.Date)); {
	case err != nil:
	case until.Format("2006-01-02T15:04") == day.AddDate(0, 0, 1).Format("2006-01-02T15:04"):
		end = "24:00"
	case until.Format(time.DateOnly) > string(d.Date):
		end = p.say("翌", "next day ") + end
	}
	return begin + "-" + end
}

// number is a request's number as people of one fiscal year say it.
func (p month) number(no string) string {
	if p.lang != "ja" {
		return recordings.Visible(no)
	}
	_, n, ok := strings.Cut(no, "-")
	serial, err := strconv.Atoi(n)
	if !ok || err != nil {
		return recordings.Visible(no)
	}
	return "第" + strconv.Itoa(serial) + "号"
}

// Weekday names a day of the week, 0 for Sunday, shortly.
func Weekday(d int, lang string) string {
	if lang == "ja" {
		return string([]rune("日月火水木金土")[d])
	}
	return time.Weekday(d).String()[:3]
}

// wrap sets words into lines of so many columns. A word that is wider than a line is broken where the line ends.
func wrap(words []string, width int) []string {
	var lines []string
	line, used := "", 0
	for _, w := range words {
		if w == "" {
			continue
		}
		if used > 0 && used+1+text.Width(w) <= width {
			line, used = line+" "+w, used+1+text.Width(w)
			continue
		}
		if used > 0 {
			lines = append(lines, line)
			line, used = "", 0
		}
		for _, r := range w {
			n := text.Width(string(r))
			if used+n > width {
				lines = append(lines, line)
				line, used = "", 0
			}
			line, used = line+string(r), used+n
		}
	}
	if used > 0 {
		lines = append(lines, line)
	}
	return lines
}
