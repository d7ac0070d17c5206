package agenda

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/hashicorp/go-hclog"

	"sekimori/broker/api"
	"sekimori/broker/calendar"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// Options are the arguments of New. DB is required.
type Options struct {
	DB     *store.DB
	Zone   *time.Location // of the institution; nil: UTC
	Domain string         // after the @ of an event's id, so that ids of institutions differ
	Log    hclog.Logger   // nil: none
}

// Book is safe for concurrent use.
type Book struct{ o Options }

// New makes a book on an open store.
func New(o Options) *Book {
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	if o.Domain == "" {
		o.Domain = "sekimori"
	}
	if o.Log == nil {
		o.Log = hclog.NewNullLogger()
	}
	return &Book{o}
}

// entry is a window, or the wish of a pending request, with the details that only feeds need.
type entry struct {
	api.CalendarEntry
	version int
	changed time.Time
}

// Month gives the month of t. section narrows to the systems of one section. Only staff may look; staff of another section see only
// that a time is busy. Errors: *policy.Denied; store.ErrNotFound for an unknown section.
func (b *Book) Month(ctx context.Context, t time.Time, section string, by ledger.Actor) (api.Month, error) {
	local := t.In(b.o.Zone)
	from := time.Date(local.Year(), local.Month(), 1, 0, 0, 0, 0, b.o.Zone)
	m := api.Month{Month: from.Format("2006-01"), Zone: b.o.Zone.String(), Section: section}
	err := b.o.DB.Read(ctx, func(s *store.Snap) error {
		l, err := b.look(s, by, section)
		if err == nil {
			m.Days, err = l.days(from, from.AddDate(0, 1, 0))
		}
		return err
	})
	return m, err
}

// aWeek is how far Today looks at once for the next day on which something is planned.
const aWeek = 7

// Today gives the day of t, and the first thing that is planned on a later day of its month; nil: nothing. It reads no further than it must. Errors: as
// of Month.
func (b *Book) Today(ctx context.Context, t time.Time, by ledger.Actor) (today api.Day, next *api.CalendarEntry, err error) {
	local := t.In(b.o.Zone)
	day := func(n int) time.Time { return time.Date(local.Year(), local.Month(), n, 0, 0, 0, 0, b.o.Zone) }
	err = b.o.DB.Read(ctx, func(s *store.Snap) error {
		l, err := b.look(s, by, "")
		if err != nil {
			return err
		}
		some, err := l.days(day(local.Day()), day(local.Day()+1))
		if err != nil {
			return err
		}
		today = some[0]
		last := day(1).AddDate(0, 1, 0)
		for from := day(local.Day() + 1); from.Before(last); from = from.AddDate(0, 0, aWeek) {
			if some, err = l.days(from, earlier(from.AddDate(0, 0, aWeek), last)); err != nil {
				return err
			}
			for _, d := range some {
				if len(d.Entries) > 0 {
					next = &d.Entries[0]
					return nil
				}
			}
		}
		return nil
	})
	return today, next, err
}

// look is one person's look into the calendar in one snapshot.
type look struct {
	b       *Book
	s       *store.Snap
	r       *reading
	sight   policy.Sight
	section string
}

// look asks whether the person may look. Errors: as of Month.
func (b *Book) look(s *store.Snap, by ledger.Actor, section string) (*look, error) {
	p, err := s.ActingPerson(by)
	if err != nil {
		return nil, err
	}
	if err := policy.SeesCalendar(p).Err(); err != nil {
		return nil, err
	}
	if section != "" {
		if _, err := s.Section(section); err != nil {
			return nil, fmt.Errorf("section %q: %w", section, err)
		}
	}
	standsInFor, err := s.StandsInFor(p.ID)
	if err != nil {
		return nil, fmt.Errorf("read for whom %s decides: %w", p.ID, err)
	}
	return &look{b, s, newReading(s), policy.SeeRequests(p, standsInFor), section}, nil
}

// days gives the days of [from, until), which begin and end at midnight, as the person may see them.
func (l *look) days(from, until time.Time) ([]api.Day, error) {
	entries, err := l.r.planned(from, until, store.WindowFilter{Section: l.section}, store.RequestFilter{Section: l.section})
	if err != nil {
		return nil, err
	}
	days, err := l.b.days(l.s, l.r, l.sight, l.section, from, until)
	if err != nil {
		return nil, err
	}
	for i := range days {
		l.b.fill(&days[i], from.AddDate(0, 0, i), l.s.Now, entries, l.sight)
	}
	return days, nil
}

// days are the days of [from, until) with the calendar's facts on each.
func (b *Book) days(s *store.Snap, r *reading, sight policy.Sight, section string, from, until time.Time) ([]api.Day, error) {
	institution, err := s.Institution()
	if err != nil {
		return nil, fmt.Errorf("read the institution: %w", err)
	}
	own, err := s.Holidays()
	if err != nil {
		return nil, fmt.Errorf("read the list of days: %w", err)
	}
	times, err := s.NoWork()
	if err != nil {
		return nil, fmt.Errorf("read no-work times: %w", err)
	}
	c := calendar.Of(institution, own, times, b.o.Zone, from, until)
	public := calendar.Public(from.Year())
	var days []api.Day
	for day := from; day.Before(until); day = day.AddDate(0, 0, 1) {
		date := policy.DateOf(day, b.o.Zone)
		d := api.Day{Date: date, Weekday: weekdays[day.Weekday()], Open: c.Open(day), Holiday: c.Holidays[date]}
		if n, ok := public[date]; ok && n.JA == d.Holiday {
			d.HolidayEN = n.EN
		}
		next := day.AddDate(0, 0, 1)
		for _, n := range times {
			if !n.From.Before(next) || !day.Before(n.Until) {
				continue
			}
			shown := api.DayNoWork{From: later(n.From, day).In(b.o.Zone), Until: earlier(n.Until, next).In(b.o.Zone), Reason: n.Reason}
			shown.Whole = shown.From.Equal(day) && shown.Until.Equal(next)
			if n.System != "" {
				sys, err := r.system(n.System)
				if err != nil {
					return nil, err
				}
				if !sight.Sees(policy.Owner{Section: sys.Section}) || section != "" && sys.Section != section {
					continue
				}
				shown.System, shown.SystemName = sys.ID, sys.Name
			}
			d.NoWork = append(d.NoWork, shown)
		}
		days = append(days, d)
	}
	return days, nil
}

var weekdays = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// fill puts the entries that touch the day into it, as far as the person may see them.
func (b *Book) fill(d *api.Day, day, now time.Time, entries []entry, sight policy.Sight) {
	next := day.AddDate(0, 0, 1)
	var told []entry
	for _, e := range entries {
		if !e.Start.Before(next) || !day.Before(e.End) || e.State == string(policy.WindowCancelled) {
			continue
		}
		e.Start, e.End = e.Start.In(b.o.Zone), e.End.In(b.o.Zone)
		if !e.Pending && !over(e) && !now.Before(e.End) {
			e.State = stateEnded
		}
		if !sight.Sees(policy.Owner{Section: e.Section}) {
			d.Entries = append(d.Entries, api.CalendarEntry{Start: e.Start, End: e.End, Busy: true})
			continue
		}
		d.Entries = append(d.Entries, e.CalendarEntry)
		told = append(told, e)
	}
	d.Clashes = clashes(told, day, next)
}

// clashes finds entries of one system at the same time, within the day. Ended and cut windows clash with none.
func clashes(entries []entry, from, until time.Time) []api.Clash {
	var found []api.Clash
	for i, a := range entries {
		for _, c := range entries[i+1:] {
			begin, end := later(later(a.Start, c.Start), from), earlier(earlier(a.End, c.End), until)
			if a.System != c.System || a.Request == c.Request || over(a) || over(c) || !begin.Before(end) {
				continue
			}
			pair := []string{a.Request, c.Request}
			slices.Sort(pair)
			if !slices.ContainsFunc(found, func(f api.Clash) bool { return slices.Equal(f.Requests, pair) }) {
				found = append(found, api.Clash{System: a.System, SystemName: a.SystemName, Requests: pair})
			}
		}
	}
	return found
}

// stateEnded is a window whose time is over and that no one closed. Feeds do not show it: time alone brings it, not a change.
const stateEnded = string(policy.WindowFinished)

func over(e entry) bool {
	return e.State == stateEnded || e.State == string(policy.WindowClosed) || e.State == string(policy.WindowCut) || e.State == string(policy.WindowCancelled)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
