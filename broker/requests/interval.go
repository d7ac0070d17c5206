package requests

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"sekimori/broker/calendar"
	"sekimori/broker/forms"
	"sekimori/broker/store"
	"sekimori/policy"
	"sekimori/policy/text"
)

// The codes about time (screens §3.2) that callers look for.
const (
	codeOverlap  = "overlap"
	codeBlackout = "blackout-day"
	codeTooSoon  = "too-soon"
	codeTooLong  = "too-long"
)

// interval resolves the time of the work: the start far enough ahead, the end after it, no longer than the system allows, on no closed
// day. spans are the occurrences in order; nil if the times make no sense.
func (c *checking) interval(sys store.System) (spans []policy.Span) {
	start, end := c.form.Window(c.snap.Now)
	start, end = start.UTC().Truncate(time.Millisecond), end.UTC().Truncate(time.Millisecond)
	longest := sys.Longest()
	lead := max(sys.Lead, c.institution.Lead)
	switch {
	case start.IsZero() || end.IsZero():
		c.problem("start", "time-required", "開始と終了の日時を入力してください。", "Enter start and end.")
		return nil
	case !start.Before(end):
		c.problem("end", "end-before-start", "終了は開始より後にしてください。", "End must be after start.")
		return nil
	case !c.snap.Now.Before(end):
		c.problem("end", "in-the-past", "この時間枠はもう過ぎています。", "The window lies in the past.")
	case !c.snap.Now.Before(start):
		c.problem("start", codeTooSoon, "開始時刻を過ぎています。承認に要る時間をみて、先の時刻にしてください。",
			"The start has passed: leave time for the approval, which must come before the start.")
	case start.Sub(c.snap.Now) < lead && strings.TrimSpace(c.form.Urgent) == "":
		said := text.Length(lead)
		c.problem("start", codeTooSoon, "開始まで"+said.JA+"ありません。急ぐときは「至急」を選び、理由を書いてください。",
			"Less than "+said.EN+" ahead. Choose urgent and say why.")
	}
	if end.Sub(start) > longest {
		said := text.Length(longest)
		c.problem("end", codeTooLong, "1回の時間枠は"+said.JA+"までです。分けて申請してください。", "A window is at most "+said.EN+". Split it.")
		return nil
	}
	spans = c.occurrences(start, end)
	for _, s := range spans {
		if n, hit := c.calendar(s).NoWorkIn(sys.ID, s.Start, s.End); hit {
			day := later(s.Start, n.From).In(c.zone).Format(time.DateOnly)
			c.problem("start", codeBlackout, fmt.Sprintf("%sは作業禁止日です(%s)。別の日を選んでください。", day, n.Reason),
				fmt.Sprintf("%s is a no-work day (%s).", day, n.Reason))
			break
		}
	}
	return spans
}

// occurrences expands a recurring window. One that does not recur is its own only occurrence.
func (c *checking) occurrences(start, end time.Time) []policy.Span {
	rule := strings.TrimSpace(c.form.Recurrence)
	if rule == "" {
		return []policy.Span{{Start: start, End: end}}
	}
	expanded, err := calendar.Expand(rule, start, end, c.zone, calendar.Limits{})
	var invalid *forms.Invalid
	if errors.As(err, &invalid) {
		for _, p := range invalid.Problems {
			c.problem("recurrence", p.Code, p.JA, p.EN)
		}
		return nil
	}
	if err != nil {
		c.problem("recurrence", "recurrence-unreadable", "繰返しの規則が読めません。", "the recurrence cannot be read")
		return nil
	}
	spans := make([]policy.Span, 0, len(expanded))
	for i, o := range expanded {
		if i > 0 && o.Start.Before(spans[i-1].End) {
			c.problem("recurrence", "recurrence-overlap", "繰返しの回どうしが重なります。", "Occurrences of the recurrence overlap each other.")
			return nil
		}
		spans = append(spans, o)
	}
	return spans
}

// calendar gives the calendar that covers a span.
func (c *checking) calendar(s policy.Span) policy.Calendar {
	return calendar.Of(c.institution, c.holidays, c.nowork, c.zone, s.Start, s.End)
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// spansOf are a stored request's occurrences, or its one interval.
func spansOf(r store.Request) []policy.Span {
	if len(r.Body.Occurrences) == 0 {
		return []policy.Span{{Start: r.Start, End: r.End}}
	}
	spans := make([]policy.Span, 0, len(r.Body.Occurrences))
	for _, o := range r.Body.Occurrences {
		spans = append(spans, policy.Span{Start: o.Start, End: o.End})
	}
	return spans
}

// place puts occurrences into a request: its start is the first one's, its end the last one's.
func place(r *store.Request, spans []policy.Span) {
	if len(spans) == 0 {
		return
	}
	r.Start, r.End, r.Body.Occurrences = spans[0].Start, spans[len(spans)-1].End, nil
	if len(spans) == 1 {
		return
	}
	for _, s := range spans {
		r.Body.Occurrences = append(r.Body.Occurrences, store.Interval{Start: s.Start, End: s.End})
	}
}
