package view

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/store"
	"sekimori/policy"
)

// The bounds of what is looked through for one page.
const (
	prepareAhead = 15 * time.Minute    // before the start the attendant begins with the checklist
	recordsBack  = 30 * 24 * time.Hour // attendance records that are still asked for
	mostWindows  = 200
)

// Today tells what waits for the person, and the day in order of time. It leaves no entry.
func (v *Views) Today(ctx context.Context, by Reader) (out api.Today, err error) {
	if out.Day, out.Next, err = v.o.Agenda.Today(ctx, v.o.Clock(), by.actor()); err != nil {
		return out, err
	}
	err = v.o.DB.Read(ctx, func(s *store.Snap) error {
		now := At(s.Now, v.o.Zone)
		out.At = now
		for _, e := range out.Day.Entries {
			switch policy.WindowState(e.State) {
			case policy.WindowFinished, policy.WindowClosed, policy.WindowCut:
				out.Ended++
			case policy.WindowUnused:
				out.Unused++
			}
		}
		out.Todo, err = v.todo(s, by.Person, now)
		return err
	})
	return out, err
}

// todo lists the duties that have something waiting.
func (v *Views) todo(s *store.Snap, p policy.Person, now time.Time) (all []api.Todo, err error) {
	standsInFor, err := s.StandsInFor(p.ID)
	if err != nil {
		return nil, fmt.Errorf("read for whom %s decides: %w", p.ID, err)
	}
	sight := policy.SeeRequests(p, standsInFor)
	for _, duty := range policy.Duties(p, len(standsInFor) > 0) {
		var some []api.Todo
		switch duty {
		case policy.DutyDecideFirst:
			some, err = waiting(s, duty, store.RequestFilter{Sight: &sight, States: []policy.RequestState{policy.PendingFirst}})
		case policy.DutyDecideSecond:
			some, err = waiting(s, duty, store.RequestFilter{Sight: &sight, States: []policy.RequestState{policy.PendingSecond}})
		case policy.DutySeen:
			some, err = waiting(s, duty, store.RequestFilter{SeenDue: p.ID})
		case policy.DutyReport:
			some, err = waiting(s, duty, store.RequestFilter{Sight: &sight, States: []policy.RequestState{policy.ReportDue}})
		case policy.DutyReview:
			some, err = reviewing(s, p)
		case policy.DutyAnswer:
			some, err = asked(s, p)
		case policy.DutyCorrect:
			some, err = toCorrect(s, p)
		case policy.DutyRoom:
			some = v.room(s)
		case policy.DutyAttend:
			some, err = v.attending(s, p, &sight, now)
		}
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

// waiting counts requests and finds the one that starts first.
func waiting(s *store.Snap, duty policy.Duty, f store.RequestFilter) ([]api.Todo, error) {
	page, err := s.RequestPage(f, store.Page{Limit: 1})
	if err != nil || page.Total == 0 {
		return nil, err
	}
	f.Soonest, f.Limit = true, 1
	first, err := s.Requests(f)
	if err != nil || len(first) == 0 {
		return nil, err
	}
	return []api.Todo{{Duty: string(duty), Count: page.Total, Earliest: first[0].Start, Request: first[0].No}}, nil
}

func reviewing(s *store.Snap, p policy.Person) ([]api.Todo, error) {
	sight := policy.SeeRecords(p)
	totals, err := s.ReviewTotals(store.ReviewFilter{Sight: &sight, Unsigned: true})
	if err != nil {
		return nil, err
	}
	answered, err := s.AnsweredQuestions(store.ReviewFilter{Sight: &sight})
	if err != nil || totals.All+answered == 0 {
		return nil, err
	}
	todo := api.Todo{Duty: string(policy.DutyReview), Count: totals.All, Overdue: totals.Overdue, Answered: answered}
	todo.Soon, todo.By, err = dueSoon(s, p)
	return []api.Todo{todo}, err
}

// dueSoon counts the person's own reviews of which they are reminded now, with the earliest date.
func dueSoon(s *store.Snap, p policy.Person) (n int, first time.Time, err error) {
	page, err := s.ReviewPage(store.ReviewFilter{Auditor: p.ID, Unsigned: true}, store.Page{Limit: mostWindows})
	if err != nil {
		return 0, first, err
	}
	for _, r := range page.Rows {
		system, err := s.System(r.System)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return 0, first, err
		}
		if !system.ReviewDueSoon(r.Due, s.Now) {
			continue
		}
		if n++; first.IsZero() || r.Due.Before(first) {
			first = r.Due
		}
	}
	return n, first, nil
}

// room tells that there is room for fewer days of recordings than the institution wants. Rules that cannot be read leave the other
// duties standing.
func (v *Views) room(s *store.Snap) []api.Todo {
	i, err := s.Institution()
	if err != nil || i.SpaceDays == 0 || v.o.Sessions == nil {
		return nil
	}
	left := v.o.Sessions.SpaceDays(s)
	if left < 0 || left >= i.SpaceDays {
		return nil
	}
	return []api.Todo{{Duty: string(policy.DutyRoom), Left: left, Wanted: i.SpaceDays}}
}

// attending lists the windows of the day that the person attends, and those whose attendance record they still owe.
func (v *Views) attending(s *store.Snap, p policy.Person, sight *policy.Sight, now time.Time) (all []api.Todo, err error) {
	end := time.Date(now.Year(), now.Month(), now.Day()+1, 0, 0, 0, 0, now.Location())
	soon, err := s.Windows(store.WindowFilter{Sight: sight, States: []policy.WindowState{policy.WindowScheduled, policy.WindowAttended, policy.WindowPermitted}, EndAfter: now, StartBefore: end, Limit: mostWindows})
	if err != nil {
		return nil, err
	}
	for _, w := range soon {
		named, err := namedAttendant(s, w)
		if err != nil {
			return nil, err
		}
		if named == p.ID {
			all = append(all, api.Todo{Duty: string(policy.DutyAttend), By: At(w.Start.Add(-prepareAhead), v.o.Zone), Window: w.ID, Request: w.Request})
		}
	}
	past, err := s.Windows(store.WindowFilter{Sight: sight, EndAfter: now.Add(-recordsBack), StartBefore: now, Newest: true, Limit: mostWindows})
	if err != nil {
		return nil, err
	}
	for _, w := range past {
		if w.Attendant != p.ID || w.OpenedAt.IsZero() || w.End.After(now) && w.ClosedAt.IsZero() {
			continue
		}
		made, err := s.AttendanceRecords(store.ReportFilter{Window: w.ID})
		if err != nil {
			return nil, err
		}
		if len(made) == 0 {
			all = append(all, api.Todo{Duty: "record", Window: w.ID, Request: w.Request})
		}
	}
	return all, nil
}

// namedAttendant is who attends a window, or is named for it in the request. The request names people by id or login.
func namedAttendant(s *store.Snap, w store.Window) (string, error) {
	if w.Attendant != "" {
		return w.Attendant, nil
	}
	r, err := s.Request(w.Request)
	if err != nil || r.Body.Attendant == "" {
		return "", err
	}
	p, err := s.Person(r.Body.Attendant)
	if errors.Is(err, store.ErrNotFound) {
		return "", nil
	}
	return p.ID, err
}

// Names gives what ids are called: of people, vendors, systems, sections. An id that names nothing is missing. The caller has the ids from
// something that the reader sees.
func (v *Views) Names(ctx context.Context, ids ...string) (map[string]string, error) {
	names := map[string]string{}
	err := v.o.DB.Read(ctx, func(s *store.Snap) error {
		for _, id := range ids {
			if _, known := names[id]; known || id == "" {
				continue
			}
			name, err := nameOf(s, id)
			if err != nil {
				return err
			}
			if name != "" {
				names[id] = name
			}
		}
		return nil
	})
	return names, err
}

func nameOf(s *store.Snap, id string) (string, error) {
	for _, read := range []func() (string, error){
		func() (string, error) { p, err := s.Person(id); return p.Name, err },
		func() (string, error) { y, err := s.System(id); return y.Name, err },
		func() (string, error) { d, err := s.Vendor(id); return d.Name, err },
		func() (string, error) { c, err := s.Section(id); return c.Name, err },
	} {
		name, err := read()
		if err == nil || !errors.Is(err, store.ErrNotFound) {
			return name, err
		}
	}
	return "", nil
}
