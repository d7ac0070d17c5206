package pages

import (
	"fmt"
	"time"

	"sekimori/policy/text"
)

// Moment is a time on a page: wareki for people, ISO for machines.
type Moment struct {
	Text text.Text
	ISO  string // with the zone
	Near string // "2026-11-24 10:00", small beside it
}

const (
	isoForm  = "2006-01-02T15:04:05-07:00"
	nearForm = "2006-01-02 15:04"
)

func moment(t time.Time, z *time.Location) Moment {
	if t.IsZero() {
		return Moment{}
	}
	t = t.In(z)
	day, clock := text.Day(t), t.Format("15:04 MST")
	return Moment{Text: text.Of(day.JA+clock, day.EN+" "+clock), ISO: t.Format(isoForm), Near: t.Format(nearForm)}
}

// Span is an interval on a page.
type Span struct {
	Text     text.Text
	From, To string // ISO with the zone
	Near     string
}

// span says an interval with its length: 令和8年11月24日(火)10:00〜11:30 JST(90分).
func span(from, to time.Time, z *time.Location) Span {
	if from.IsZero() {
		return Span{}
	}
	from, to = from.In(z), to.In(z)
	day, next := text.Day(from), nextDay(from, to)
	ja := day.JA + from.Format("15:04〜") + next.JA + to.Format("15:04 MST")
	en := day.EN + from.Format(" 15:04–") + next.EN + to.Format("15:04 MST")
	if whole := int((to.Sub(from) + time.Minute - 1) / time.Minute); whole > 0 { // rounded up, as in the ledger
		ja, en = fmt.Sprintf("%s(%d分)", ja, whole), fmt.Sprintf("%s (%d min)", en, whole)
	}
	return Span{Text: text.Of(ja, en), From: from.Format(isoForm), To: to.Format(isoForm), Near: from.Format(nearForm)}
}

// nextDay is the day of an end, where it is not that of the start: 翌, or the day itself.
func nextDay(from, to time.Time) text.Text {
	midnight := time.Date(from.Year(), from.Month(), from.Day(), 0, 0, 0, 0, from.Location())
	switch {
	case to.Before(midnight.AddDate(0, 0, 1)):
		return text.Text{}
	case to.Before(midnight.AddDate(0, 0, 2)):
		return text.Of("翌", "next day ")
	}
	return text.Of(to.Format("1月2日 "), to.Format("2 Jan "))
}

// hours is an interval within a day, "10:00-11:30"; over midnight the end is marked.
func hours(from, to time.Time, z *time.Location) text.Text {
	from, to = from.In(z), to.In(z)
	next := nextDay(from, to)
	return text.Of(from.Format("15:04-")+next.JA+to.Format("15:04"), from.Format("15:04-")+next.EN+to.Format("15:04"))
}

// shortDay is a day in a dense table: R8.11.24, or 2026-11-24.
func shortDay(t time.Time, z *time.Location) text.Text {
	if t.IsZero() {
		return text.Text{}
	}
	t = t.In(z)
	iso := t.Format(time.DateOnly)
	if y := t.Year() - 2018; y > 1 || y == 1 && t.Month() >= time.May {
		return text.Of(fmt.Sprintf("R%d.%d.%d", y, t.Month(), t.Day()), iso)
	}
	return text.Same(iso)
}

// endDay is the last day before an end, in a dense table.
func endDay(until time.Time, z *time.Location) text.Text {
	if until.IsZero() {
		return text.Text{}
	}
	return shortDay(until.Add(-1), z)
}
