package agenda

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/calendar"
	"sekimori/broker/store"
	"sekimori/policy"
	"sekimori/policy/text"
)

// The range of a feed: a month back, so that cancelled windows leave the calendars of people on holiday, and as far ahead as a
// recurrence.
const (
	feedPast   = 31 * 24 * time.Hour
	feedMonths = 14
)

// write gives a feed's bytes. They depend on the state alone: the same state gives the same bytes.
func (b *Book) write(s *store.Snap, f store.Feed) ([]byte, error) {
	// Rounded to the day, so that the hour of the request changes nothing.
	now := s.Now.In(b.o.Zone)
	today := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, b.o.Zone)
	out := calendar.Feed{Zone: b.o.Zone, From: today.Add(-feedPast), Until: today.AddDate(0, feedMonths, 0)}
	r := newReading(s)
	var entries []entry
	var err error
	if f.Kind == store.FeedSection {
		section, err := s.Section(f.Subject)
		if err != nil {
			return nil, fmt.Errorf("read section of the feed: %w", err)
		}
		out.Name = text.Of(section.Name+" 保守の予定", section.Name+" maintenance").In(f.Lang)
		entries, err = r.planned(out.From, out.Until, store.WindowFilter{Section: f.Subject}, store.RequestFilter{Section: f.Subject})
		if err != nil {
			return nil, err
		}
		more, err := r.gone(out.From, out.Until, f.Subject)
		if err != nil {
			return nil, err
		}
		entries = append(entries, more...)
	} else {
		out.Name = text.Of("保守の予定 "+f.Subject, "Maintenance "+f.Subject).In(f.Lang)
		if entries, err = r.own(f.Subject, out.From, out.Until); err != nil {
			return nil, err
		}
	}
	for _, e := range entries {
		out.Events = append(out.Events, b.event(e, f))
	}
	var text bytes.Buffer
	if err := calendar.Write(&text, out); err != nil {
		return nil, err
	}
	return text.Bytes(), nil
}

// EventsOf gives the windows of a request for people's own calendars, with the ids that they have in feeds. lang is "ja" or "en".
func (b *Book) EventsOf(s *store.Snap, request, lang string) ([]calendar.Event, error) {
	windows, err := s.Windows(store.WindowFilter{Request: request, Limit: mostPlanned})
	if err != nil {
		return nil, fmt.Errorf("read windows of %s: %w", request, err)
	}
	r := newReading(s)
	var events []calendar.Event
	for _, w := range windows {
		e, err := r.ofWindow(w)
		if err != nil {
			return nil, err
		}
		events = append(events, b.event(e, store.Feed{Kind: store.FeedEngineer, Lang: lang}))
	}
	return events, nil
}

// own gives the windows of one engineer.
func (r *reading) own(person string, from, until time.Time) ([]entry, error) {
	grants, err := r.s.GrantsWhere(store.GrantFilter{Person: person, EndAfter: from})
	if err != nil {
		return nil, fmt.Errorf("read grants of %s: %w", person, err)
	}
	var entries []entry
	seen := map[string]bool{}
	for _, g := range grants {
		if seen[g.Window.ID] || !g.Window.Start.Before(until) {
			continue
		}
		seen[g.Window.ID] = true
		w, err := r.s.Window(g.Window.ID)
		if err != nil {
			return nil, fmt.Errorf("read window %s: %w", g.Window.ID, err)
		}
		e, err := r.ofWindow(w)
		if err != nil {
			return nil, err
		}
		if g.State != policy.GrantActive && !over(e) {
			e.State = string(policy.WindowCancelled) // the window may remain for others; for this engineer it is gone
		}
		entries = append(entries, e)
	}
	return entries, nil
}

// gone gives requests that will no longer become windows, so that calendars remove them.
func (r *reading) gone(from, until time.Time, section string) ([]entry, error) {
	list, err := r.s.Requests(store.RequestFilter{Section: section, Limit: mostPlanned,
		States: []policy.RequestState{policy.RequestRejected, policy.RequestWithdrawn, policy.RequestLapsed, policy.ReportDue}})
	if err != nil {
		return nil, fmt.Errorf("read requests: %w", err)
	}
	var entries []entry
	for _, q := range list {
		if !q.Start.Before(until) || !from.Before(q.End) || q.ApprovedVersion == q.Version { // an approved request's windows are listed themselves
			continue
		}
		more, err := r.ofRequest(q)
		if err != nil {
			return nil, err
		}
		if q.State == policy.ReportDue { // used, then edited, then ended: the open duty is the earlier version's; the new wish is gone
			for i := range more {
				more[i].State = string(policy.WindowCancelled)
			}
		}
		entries = append(entries, more...)
	}
	return entries, nil
}

// event is an entry for a calendar program. The only person it names is the attendant.
func (b *Book) event(e entry, f store.Feed) calendar.Event {
	word, status := State(e.CalendarEntry, f.Lang), calendar.Confirmed
	switch {
	case e.State == string(policy.WindowCancelled), e.State == string(policy.WindowCut):
		status = calendar.Cancelled
	case e.Pending && rank(e) == rankGone:
		status = calendar.Cancelled
	case e.Pending:
		status = calendar.Tentative
	}
	title := text.Of(e.SystemName+" 保守("+e.VendorName+")", e.SystemName+" maintenance ("+e.VendorName+")").In(f.Lang)
	if e.Pending || status == calendar.Cancelled {
		title = "[" + word + "] " + title
	}
	if e.Drill {
		title = text.Of("【訓練】", "[DRILL] ").In(f.Lang) + title
	}
	if e.Emergency {
		title = text.Of("【緊急】", "[emergency] ").In(f.Lang) + title
	}
	lines := []string{text.Of("状態 ", "State ").In(f.Lang) + word, text.Of("申請 "+text.Request(e.Request).JA, "Request "+e.Request).In(f.Lang)}
	if e.Attended {
		who := e.AttendantName
		if who == "" {
			who = text.Of("未定", "not named yet").In(f.Lang)
		}
		lines = append(lines, text.Of("立会 ", "Attendant ").In(f.Lang)+who)
	}
	if e.Exclusive && f.Kind == store.FeedSection && status != calendar.Cancelled {
		lines = append(lines, Unusable(e.CalendarEntry, f.Lang, b.o.Zone))
	}
	return calendar.Event{
		UID: e.ID + "@" + b.o.Domain, Sequence: sequence(e), Status: status, Start: e.Start, End: e.End, Changed: e.changed, Summary: title,
		Description: strings.Join(lines, "\n"), Category: word, Busy: f.Kind == store.FeedEngineer && !e.Pending,
	}
}

// Unusable tells the section when its own terminals cannot use an exclusive system (R18).
func Unusable(e api.CalendarEntry, lang string, zone *time.Location) string {
	from, until := e.Start.In(zone), e.End.In(zone)
	end := until.Format("15:04")
	if from.Format(time.DateOnly) != until.Format(time.DateOnly) {
		end = text.Of("翌", "next day ").In(lang) + strconv.Itoa(until.Hour()) + until.Format(":04")
	}
	return text.Of(from.Format("15:04")+"〜"+end+" は"+e.SystemName+"を職員端末から使えません。",
		e.SystemName+": not usable from staff terminals "+from.Format("15:04")+"-"+end+".").In(lang)
}

// The order of an entry's states.
const (
	rankApproved = 4
	rankOver     = 6
	rankGone     = 8
)

// rank orders the state of an entry. States that a section's calendar does not distinguish share a rank, so that an attendant who
// comes and goes makes no change.
func rank(e entry) int {
	if !e.Pending {
		switch policy.WindowState(e.State) {
		case policy.WindowClosed:
			return rankOver
		case policy.WindowCut, policy.WindowCancelled:
			return rankGone
		}
		return rankApproved
	}
	switch policy.RequestState(e.State) {
	case policy.RequestProposed:
		return 0
	case policy.PendingFirst:
		return 1
	case policy.PendingSecond:
		return 2
	case policy.RequestReturned:
		return 3
	}
	return rankGone
}

// sequence grows with every change of an event (RFC 5545 3.8.7.4): with the version of the request, with its state, and with each
// minute that a window is extended by. It depends on the state alone, so nothing is stored.
func sequence(e entry) int {
	const perRank, perVersion = 2000, 20000
	minutes := min(int(e.End.Sub(e.Start)/time.Minute), perRank-1)
	return max(e.version-1, 0)*perVersion + rank(e)*perRank + minutes
}

// State names an entry's state. For a window, a calendar only needs to know whether it will take place.
func State(e api.CalendarEntry, lang string) string {
	if t, ok := windowStates[e.State]; ok {
		return t.In(lang)
	}
	return policy.RequestState(e.State).Label().In(lang)
}

var windowStates = map[string]text.Text{
	string(policy.WindowScheduled): approved,
	string(policy.WindowAttended):  approved,
	string(policy.WindowPermitted): approved,
	string(policy.WindowClosed):    ended,
	stateEnded:                     ended,
	string(policy.WindowCut):       policy.WindowCut.Label(),
	string(policy.WindowCancelled): policy.WindowCancelled.Label(),
}

var (
	approved = text.Of("承認済み", "Approved")
	ended    = text.Of("終了", "Ended")
)
