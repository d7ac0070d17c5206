package agenda

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/hashicorp/go-hclog"

	"sekimori/broker/calendar"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// Options are what New needs. DB is required.
type Options struct {
	DB     *store.DB
	Zone   *time.Location // of the institution; nil: UTC
	Domain string         // behind the @ of an event's id, so that no other institution's event has it
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

// Month is what a person may see of a month. Times are in the institution's zone.
type Month struct {
	Month   string `json:"month"` // "2026-11"
	Zone    string `json:"zone"`
	Section string `json:"section,omitempty"` // whose systems; empty: everybody's
	Days    []Day  `json:"days"`
}

// Day is one day of a month.
type Day struct {
	Date      policy.Date `json:"date"`
	Weekday   string      `json:"weekday"` // "mon"
	Open      bool        `json:"open"`    // the institution works
	Holiday   string      `json:"holiday,omitempty"`
	HolidayEN string      `json:"holiday_en,omitempty"` // of a public holiday
	NoWork    []NoWork    `json:"no_work,omitempty"`
	Entries   []Entry     `json:"entries,omitempty"`
	Clashes   []Clash     `json:"clashes,omitempty"`
}

// NoWork is a time in which nobody maintains, as far as it lies in a day.
type NoWork struct {
	System     string    `json:"system,omitempty"` // empty: every system
	SystemName string    `json:"system_name,omitempty"`
	From       time.Time `json:"from"`
	Until      time.Time `json:"until"`
	Whole      bool      `json:"whole"` // the whole day
	Reason     string    `json:"reason"`
}

// Entry is a window, or what a pending request asks for. Of another section's only the hours and Busy are told.
type Entry struct {
	Start         time.Time `json:"start"`
	End           time.Time `json:"end"`
	Busy          bool      `json:"busy,omitempty"`
	ID            string    `json:"id,omitempty"` // of the window; of a pending request the one it would get
	Request       string    `json:"request_no,omitempty"`
	Pending       bool      `json:"pending,omitempty"` // not approved: nothing opens at that time yet
	State         string    `json:"state,omitempty"`   // of the window, or while it is pending of the request
	System        string    `json:"system,omitempty"`
	SystemName    string    `json:"system_name,omitempty"`
	Section       string    `json:"section,omitempty"`
	Vendor        string    `json:"vendor,omitempty"`
	VendorName    string    `json:"vendor_name,omitempty"`
	Attendant     string    `json:"attendant,omitempty"`
	AttendantName string    `json:"attendant_name,omitempty"`
	Attended      bool      `json:"attended"`            // the system asks for an attendant
	Exclusive     bool      `json:"exclusive,omitempty"` // staff terminals cannot use the system meanwhile
	Emergency     bool      `json:"emergency,omitempty"`
	Drill         bool      `json:"drill,omitempty"`

	version int
	changed time.Time
}

// Clash is two entries on one system at the same time.
type Clash struct {
	System     string   `json:"system"`
	SystemName string   `json:"system_name"`
	Requests   []string `json:"requests"`
}

// Month gives the month that t lies in. section narrows to the systems of one. Only staff may look; who is of another section is
// told that it is busy then, and nothing else. Errors: *policy.Denied; store.ErrNotFound for a section that is none.
func (b *Book) Month(ctx context.Context, t time.Time, section string, by ledger.Actor) (Month, error) {
	local := t.In(b.o.Zone)
	from := time.Date(local.Year(), local.Month(), 1, 0, 0, 0, 0, b.o.Zone)
	until := from.AddDate(0, 1, 0)
	m := Month{Month: from.Format("2006-01"), Zone: b.o.Zone.String(), Section: section}
	err := b.o.DB.Read(ctx, func(s *store.Snap) error {
		p, err := s.ActingPerson(by)
		if err != nil {
			return err
		}
		if p.Kind != policy.Staff {
			return &policy.Denied{Reason: policy.Forbidden, Args: map[string]string{"role": "staff"}}
		}
		if section != "" {
			if _, err := s.Section(section); err != nil {
				return fmt.Errorf("section %q: %w", section, err)
			}
		}
		looks := reader{Person: p}
		if looks.also, err = s.StandsInFor(p.ID); err != nil {
			return fmt.Errorf("read for whom %s decides: %w", p.ID, err)
		}
		r := newReading(s)
		entries, err := r.planned(from, until, store.WindowFilter{Section: section}, store.RequestFilter{Section: section})
		if err != nil {
			return err
		}
		days, err := b.days(s, r, looks, section, from, until)
		if err != nil {
			return err
		}
		m.Days = days
		for i := range m.Days {
			b.fill(&m.Days[i], from.AddDate(0, 0, i), s.Now, entries, looks)
		}
		return nil
	})
	return m, err
}

// reader is a member of staff who looks at the calendar.
type reader struct {
	policy.Person
	also []string // sections for whose approvers they decide just now
}

// sees tells whether they are told what a section has planned.
func (p reader) sees(section string) bool {
	return p.Section == section || slices.Contains(p.also, section) || p.Has(policy.InformationSystems) || p.Has(policy.SecondApprover) || p.Has(policy.Auditor)
}

// days are the days of the month with what the calendar says of each.
func (b *Book) days(s *store.Snap, r *reading, p reader, section string, from, until time.Time) ([]Day, error) {
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
	var days []Day
	for day := from; day.Before(until); day = day.AddDate(0, 0, 1) {
		date := policy.DateOf(day, b.o.Zone)
		d := Day{Date: date, Weekday: weekdays[day.Weekday()], Open: c.Open(day), Holiday: c.Holidays[date]}
		if n, ok := public[date]; ok && n.JA == d.Holiday {
			d.HolidayEN = n.EN
		}
		next := day.AddDate(0, 0, 1)
		for _, n := range times {
			if !n.From.Before(next) || !day.Before(n.Until) {
				continue
			}
			shown := NoWork{From: later(n.From, day).In(b.o.Zone), Until: earlier(n.Until, next).In(b.o.Zone), Reason: n.Reason}
			shown.Whole = shown.From.Equal(day) && shown.Until.Equal(next)
			if n.System != "" {
				sys, err := r.system(n.System)
				if err != nil {
					return nil, err
				}
				if !p.sees(sys.Section) || section != "" && sys.Section != section {
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

// fill puts the entries that touch the day into it, as the person may see them.
func (b *Book) fill(d *Day, day, now time.Time, entries []Entry, p reader) {
	next := day.AddDate(0, 0, 1)
	var told []Entry
	for _, e := range entries {
		if !e.Start.Before(next) || !day.Before(e.End) || e.State == string(policy.WindowCancelled) {
			continue
		}
		e.Start, e.End = e.Start.In(b.o.Zone), e.End.In(b.o.Zone)
		if !e.Pending && !over(e) && !now.Before(e.End) {
			e.State = stateEnded
		}
		if !p.sees(e.Section) {
			d.Entries = append(d.Entries, Entry{Start: e.Start, End: e.End, Busy: true})
			continue
		}
		d.Entries = append(d.Entries, e)
		told = append(told, e)
	}
	d.Clashes = clashes(told, day, next)
}

// clashes finds entries of one system at the same time, within the day. What is over or was cut clashes with nothing.
func clashes(entries []Entry, from, until time.Time) []Clash {
	var found []Clash
	for i, a := range entries {
		for _, c := range entries[i+1:] {
			begin, end := later(later(a.Start, c.Start), from), earlier(earlier(a.End, c.End), until)
			if a.System != c.System || a.Request == c.Request || over(a) || over(c) || !begin.Before(end) {
				continue
			}
			pair := []string{a.Request, c.Request}
			slices.Sort(pair)
			if !slices.ContainsFunc(found, func(f Clash) bool { return slices.Equal(f.Requests, pair) }) {
				found = append(found, Clash{System: a.System, SystemName: a.SystemName, Requests: pair})
			}
		}
	}
	return found
}

// stateEnded is a window whose time is over without anybody having closed it. Feeds do not say it: it comes with the hour, not
// with a change.
const stateEnded = "ended"

func over(e Entry) bool {
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
