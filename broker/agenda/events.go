package agenda

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"time"

	"sekimori/broker/calendar"
	"sekimori/broker/store"
	"sekimori/policy"
)

// How far a feed reaches: a month back, so that what was cancelled leaves the calendars of people on holiday, and as far ahead as a
// recurrence.
const (
	feedPast   = 31 * 24 * time.Hour
	feedMonths = 14
)

// write gives a feed's bytes. They follow from the state alone, so that the same state is the same bytes.
func (b *Book) write(s *store.Snap, f store.Feed) ([]byte, error) {
	// To the day, so that the hour of asking changes nothing.
	now := s.Now.In(b.o.Zone)
	today := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, b.o.Zone)
	out := calendar.Feed{Zone: b.o.Zone, From: today.Add(-feedPast), Until: today.AddDate(0, feedMonths, 0)}
	r := newReading(s)
	var entries []Entry
	var err error
	if f.Kind == store.FeedSection {
		section, err := s.Section(f.Subject)
		if err != nil {
			return nil, fmt.Errorf("read section of the feed: %w", err)
		}
		out.Name = say(f.Lang, section.Name+" 保守の予定", section.Name+" maintenance")
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
		out.Name = say(f.Lang, "保守の予定 "+f.Subject, "Maintenance "+f.Subject)
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

// own gives the windows of one engineer.
func (r *reading) own(person string, from, until time.Time) ([]Entry, error) {
	grants, err := r.s.GrantsWhere(store.GrantFilter{Person: person, EndAfter: from})
	if err != nil {
		return nil, fmt.Errorf("read grants of %s: %w", person, err)
	}
	var entries []Entry
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
			e.State = string(policy.WindowCancelled) // the window may stand for others; to this engineer it is gone
		}
		entries = append(entries, e)
	}
	return entries, nil
}

// gone gives requests that will not become windows any more, so that calendars strike them out.
func (r *reading) gone(from, until time.Time, section string) ([]Entry, error) {
	list, err := r.s.Requests(store.RequestFilter{Section: section, Limit: mostPlanned,
		States: []policy.RequestState{policy.RequestRejected, policy.RequestWithdrawn, policy.RequestLapsed, policy.ReportDue}})
	if err != nil {
		return nil, fmt.Errorf("read requests: %w", err)
	}
	var entries []Entry
	for _, q := range list {
		if !q.Start.Before(until) || !from.Before(q.End) || q.ApprovedVersion == q.Version { // what was approved has its windows, struck out
			continue
		}
		more, err := r.ofRequest(q)
		if err != nil {
			return nil, err
		}
		if q.State == policy.ReportDue { // used, then edited, then ended: what it owes is of before, what it asked for is gone
			for i := range more {
				more[i].State = string(policy.WindowCancelled)
			}
		}
		entries = append(entries, more...)
	}
	return entries, nil
}

// event is an entry as a calendar program keeps it. It tells of people no more than whom to turn to: the attendant.
func (b *Book) event(e Entry, f store.Feed) calendar.Event {
	word, status := State(e, f.Lang), calendar.Confirmed
	switch {
	case e.State == string(policy.WindowCancelled), e.State == string(policy.WindowCut):
		status = calendar.Cancelled
	case e.Pending && rank(e) == rankGone:
		status = calendar.Cancelled
	case e.Pending:
		status = calendar.Tentative
	}
	title := say(f.Lang, e.SystemName+" 保守("+e.VendorName+")", e.SystemName+" maintenance ("+e.VendorName+")")
	if e.Pending || status == calendar.Cancelled {
		title = "[" + word + "] " + title
	}
	if e.Drill {
		title = say(f.Lang, "【訓練】", "[DRILL] ") + title
	}
	if e.Emergency {
		title = say(f.Lang, "【緊急】", "[emergency] ") + title
	}
	lines := []string{say(f.Lang, "状態 ", "State ") + word, say(f.Lang, "申請 "+RequestJA(e.Request), "Request "+e.Request)}
	if e.Attended {
		who := e.AttendantName
		if who == "" {
			who = say(f.Lang, "未定", "not named yet")
		}
		lines = append(lines, say(f.Lang, "立会 ", "Attendant ")+who)
	}
	if e.Exclusive && f.Kind == store.FeedSection && status != calendar.Cancelled {
		lines = append(lines, Unusable(e, f.Lang, b.o.Zone))
	}
	return calendar.Event{
		UID: e.ID + "@" + b.o.Domain, Sequence: sequence(e), Status: status, Start: e.Start, End: e.End, Changed: e.changed, Summary: title,
		Description: strings.Join(lines, "\n"), Category: word, Busy: f.Kind == store.FeedEngineer && !e.Pending,
	}
}

// Unusable tells the section when its own terminals cannot use an exclusive system (R18).
func Unusable(e Entry, lang string, zone *time.Location) string {
	from, until := e.Start.In(zone), e.End.In(zone)
	end := until.Format("15:04")
	if from.Format(time.DateOnly) != until.Format(time.DateOnly) {
		end = say(lang, "翌", "next day ") + strconv.Itoa(until.Hour()) + until.Format(":04")
	}
	return say(lang, from.Format("15:04")+"〜"+end+" は"+e.SystemName+"を職員端末から使えません。",
		e.SystemName+": not usable from staff terminals "+from.Format("15:04")+"-"+end+".")
}

// The order in which an entry's states follow each other.
const (
	rankApproved = 4
	rankOver     = 6
	rankGone     = 8
)

// rank places the state of an entry. States that a section's calendar need not tell apart share one, so that an attendant who
// comes and goes makes no change.
func rank(e Entry) int {
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
// minute that a window is extended by. It follows from the state, so nothing needs to be kept.
func sequence(e Entry) int {
	const perRank, perVersion = 2000, 20000
	minutes := min(int(e.End.Sub(e.Start)/time.Minute), perRank-1)
	return max(e.version-1, 0)*perVersion + rank(e)*perRank + minutes
}

// State says where an entry stands.
func State(e Entry, lang string) string {
	w, ok := states[e.State]
	if !ok {
		return e.State
	}
	return say(lang, w[0], w[1])
}

// states are the words of requests and windows, Japanese and English.
var states = map[string][2]string{
	string(policy.RequestProposed):    {"提案(引受け待ち)", "Proposed"},
	string(policy.PendingFirst):       {"課長承認待ち", "Awaiting approval"},
	string(policy.PendingSecond):      {"第二承認待ち", "Awaiting second approval"},
	string(policy.RequestReturned):    {"差戻し", "Returned"},
	string(policy.RequestRejected):    {"却下", "Rejected"},
	string(policy.RequestWithdrawn):   {"取下げ", "Withdrawn"},
	string(policy.RequestLapsed):      {"失効", "Lapsed undecided"},
	string(policy.RequestConditional): {"条件付き承認", "Approved with conditions"},
	string(policy.WindowScheduled):    {"承認済み", "Approved"},
	string(policy.WindowAttended):     {"承認済み", "Approved"},
	string(policy.WindowPermitted):    {"承認済み", "Approved"},
	string(policy.WindowClosed):       {"終了", "Ended"},
	stateEnded:                        {"終了", "Ended"},
	string(policy.WindowCut):          {"強制切断", "Cut"},
	string(policy.WindowCancelled):    {"取消し", "Cancelled"},
}

// RequestJA turns R8-0124 into 令和8年度第124号; what is not of that form stays.
func RequestJA(no string) string {
	year, n, ok := strings.Cut(strings.TrimPrefix(no, "R"), "-")
	serial, err := strconv.Atoi(n)
	if !ok || err != nil || !strings.HasPrefix(no, "R") {
		return no
	}
	return fmt.Sprintf("令和%s年度第%d号", year, serial)
}

func say(lang, ja, en string) string {
	if lang == "ja" {
		return ja
	}
	return en
}
