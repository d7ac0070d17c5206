package agenda

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/store"
	"sekimori/policy"
)

// mostPlanned bounds the rows read for one answer. A city has some hundreds of windows a year.
const mostPlanned = 5000

// pending are the states of a request for a time that is not granted yet.
func pending() []policy.RequestState {
	return []policy.RequestState{policy.RequestProposed, policy.PendingFirst, policy.PendingSecond, policy.RequestReturned}
}

// reading is one snapshot with the values looked up in it.
type reading struct {
	s        *store.Snap
	systems  map[string]store.System
	vendors  map[string]store.Vendor
	people   map[string]store.Person
	requests map[string]store.Request
	wishes   []entry // times of pending requests that end after the first interval's beginning
	wished   bool    // they were read
}

func newReading(s *store.Snap) *reading {
	return &reading{s, map[string]store.System{}, map[string]store.Vendor{}, map[string]store.Person{}, map[string]store.Request{}, nil, false}
}

// known looks a value up once.
func known[T any](have map[string]T, id string, read func(string) (T, error)) (T, error) {
	if v, ok := have[id]; ok {
		return v, nil
	}
	v, err := read(id)
	if err == nil {
		have[id] = v
	}
	return v, err
}

func (r *reading) system(id string) (store.System, error) {
	v, err := known(r.systems, id, r.s.System)
	if err != nil {
		err = fmt.Errorf("read system %s: %w", id, err)
	}
	return v, err
}

// planned gives the windows and pending requests that touch [from, until), by start. The filters narrow further; their times and
// limits are set here. Asked again, it has the same filters and a later interval.
func (r *reading) planned(from, until time.Time, windows store.WindowFilter, requests store.RequestFilter) ([]entry, error) {
	windows.EndAfter, windows.StartBefore, windows.Limit = from, until, mostPlanned
	rows, err := r.s.Windows(windows)
	if err != nil {
		return nil, fmt.Errorf("read windows: %w", err)
	}
	var entries []entry
	for _, w := range rows {
		e, err := r.ofWindow(w)
		if err != nil {
			return nil, err
		}
		entries = append(entries, e)
	}
	if !r.wished {
		if r.wishes, err = r.pendingAfter(from, requests); err != nil {
			return nil, err
		}
		r.wished = true
	}
	for _, e := range r.wishes {
		if e.Start.Before(until) && from.Before(e.End) {
			entries = append(entries, e)
		}
	}
	slices.SortStableFunc(entries, func(a, b entry) int { return cmp.Or(a.Start.Compare(b.Start), cmp.Compare(a.ID, b.ID)) })
	return entries, nil
}

// pendingAfter gives the times of pending requests that are not over by an instant. A request ends with its last time.
func (r *reading) pendingAfter(from time.Time, f store.RequestFilter) (entries []entry, err error) {
	f.States, f.EndAfter, f.Limit = pending(), from, mostPlanned
	asked, err := r.s.Requests(f)
	if err != nil {
		return nil, fmt.Errorf("read requests: %w", err)
	}
	for _, q := range asked {
		more, err := r.ofRequest(q)
		if err != nil {
			return nil, err
		}
		entries = append(entries, more...)
	}
	return entries, nil
}

func (r *reading) ofWindow(w store.Window) (entry, error) {
	q, err := known(r.requests, w.Request, r.s.Request)
	if err != nil {
		return entry{}, fmt.Errorf("read request %s: %w", w.Request, err)
	}
	e, err := r.common(q)
	if err != nil {
		return entry{}, err
	}
	e.ID, e.Start, e.End, e.State = w.ID, w.Start, w.End, string(w.State)
	e.Emergency, e.Drill = w.Emergency, w.Drill
	if w.State == policy.WindowScheduled && q.State == policy.RequestConditional {
		e.State = string(policy.RequestConditional)
	}
	e.changed = later(e.changed, w.ClosedAt)
	if w.Attendant != "" {
		e.Attendant = w.Attendant
		e.AttendantName, err = r.person(w.Attendant)
	}
	return e, err
}

// ofRequest gives the times of a pending request, under the ids its windows would get.
func (r *reading) ofRequest(q store.Request) ([]entry, error) {
	before, err := r.s.Windows(store.WindowFilter{Request: q.No, Limit: mostPlanned})
	if err != nil {
		return nil, fmt.Errorf("read windows of %s: %w", q.No, err)
	}
	common, err := r.common(q)
	if err != nil {
		return nil, err
	}
	common.Pending, common.State, common.Drill = true, string(q.State), q.Body.Drill
	asked := q.Body.Occurrences
	if len(asked) == 0 {
		asked = []store.Interval{{Start: q.Start, End: q.End}}
	}
	var entries []entry
	for i, a := range asked {
		e := common
		e.ID, e.Start, e.End = fmt.Sprintf("%s-%d", q.No, len(before)+i+1), a.Start, a.End
		entries = append(entries, e)
	}
	return entries, nil
}

// common is the part that a request's windows share.
func (r *reading) common(q store.Request) (entry, error) {
	sys, err := r.system(q.System)
	if err != nil {
		return entry{}, err
	}
	v, err := known(r.vendors, q.Vendor, r.s.Vendor)
	if err != nil {
		return entry{}, fmt.Errorf("read vendor %s: %w", q.Vendor, err)
	}
	e := entry{
		CalendarEntry: api.CalendarEntry{
			Request: q.No, System: sys.ID, SystemName: sys.Name, Section: sys.Section, Vendor: v.ID, VendorName: v.Name,
			Attendant: q.Body.Attendant, Attended: sys.Attendance != policy.AttendanceNone, Exclusive: sys.Exclusive,
		},
		version: q.Version, changed: q.Changed,
	}
	if e.Attendant != "" {
		e.AttendantName, err = r.person(e.Attendant)
	}
	return e, err
}

// person is a name; empty for a person who is no longer registered.
func (r *reading) person(id string) (string, error) {
	p, err := known(r.people, id, r.s.Person)
	if errors.Is(err, store.ErrNotFound) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read person %s: %w", id, err)
	}
	return p.Name, nil
}
