package view

import (
	"context"
	"errors"
	"slices"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/attendance"
	"sekimori/broker/reports"
	"sekimori/broker/requests"
	"sekimori/broker/session"
	"sekimori/broker/store"
	"sekimori/policy"
)

// Windows lists the windows that the person sees: those that are not over, by their start, then the latest.
func (v *Views) Windows(ctx context.Context, by Reader, p Page) (out api.List[api.Window], err error) {
	err = v.o.DB.Read(ctx, func(s *store.Snap) error {
		sight, err := requestSight(s, by.Person)
		if err != nil {
			return err
		}
		page, err := s.WindowPage(store.WindowFilter{Sight: &sight}, p)
		if err != nil {
			return err
		}
		is, err := s.WindowsNow(Each(page.Rows, func(w store.Window) string { return w.ID })...)
		out = listed(page, func(w store.Window) api.Window { return Window(w, is[w.ID], s.Now, v.o.Zone) })
		return err
	})
	return out, err
}

// Window shows one; its attendant also sees which engineers to call. Errors as of Request.
func (v *Views) Window(ctx context.Context, by Reader, id string) (api.Window, error) {
	var w store.Window
	var out api.Window
	err := v.seeRequestOf(ctx, by, requestOf(id, &w), func(s *store.Snap, _ store.Request) error {
		is, err := s.WindowsNow(id)
		if err != nil {
			return err
		}
		out = Window(w, is[id], s.Now, v.o.Zone)
		out.Offers = windowOffers(s, by, id)
		if policy.SeesTargets(by.Person) {
			if err := v.lineOn(s, &out); err != nil {
				return err
			}
			out.Inventories, err = windowInventories(s, id, v.o.Zone)
		}
		return err
	})
	out.Waiting = v.waitingFor(by, w)
	if err == nil && w.State == policy.WindowAttended && policy.SeesCalls(by.Person, w.Window) {
		out.Calls, err = v.calls(ctx, id)
	}
	if err != nil {
		return api.Window{}, err
	}
	return out, nil
}

// windowOffers are the offers of all packages for the window.
func windowOffers(s *store.Snap, by Reader, id string) []api.Offer {
	return slices.Concat(attendance.OnWindow.Offers(s, by.Person, id), lineOffers(s, by, id), requests.OnWindow.Offers(s, by.Person, id), reports.OnWindow.Offers(s, by.Person, id))
}

// requestOf reads a window and names its request.
func requestOf(id string, w *store.Window) func(*store.Snap) (string, error) {
	return func(s *store.Snap) (string, error) {
		var err error
		*w, err = s.Window(id)
		return w.Request, err
	}
}

// WindowNow shows a window as an act left it, without an entry about a look and without its sessions.
func (v *Views) WindowNow(ctx context.Context, id string) (out api.Window, err error) {
	err = v.o.DB.Read(ctx, func(s *store.Snap) error {
		w, err := s.Window(id)
		out = Window(w, asActed(w), s.Now, v.o.Zone)
		return err
	})
	return out, err
}

// Attendance shows a window as its attendant sees it. The look is ledgered (L1). Errors as of Request.
func (v *Views) Attendance(ctx context.Context, by Reader, id string) (api.Attendance, error) {
	var w store.Window
	if err := v.seeRequestOf(ctx, by, requestOf(id, &w), nil); err != nil {
		return api.Attendance{}, err
	}
	if err := v.Looked(ctx, by, "window.viewed", []string{id, w.Request, by.ID}, map[string]string{"window": id}); err != nil {
		return api.Attendance{}, err
	}
	out, err := v.AttendanceNow(ctx, by, id, true)
	if err != nil {
		return api.Attendance{}, err
	}
	err = v.o.DB.Read(ctx, func(s *store.Snap) error { out.Offers = windowOffers(s, by, id); return nil })
	return out, err
}

// AttendanceNow is Attendance after an act or a heartbeat, without an entry about a look; items adds the check items.
func (v *Views) AttendanceNow(ctx context.Context, by Reader, id string, items bool) (api.Attendance, error) {
	shown, err := v.o.Attendance.Show(ctx, id, items)
	if err != nil {
		return api.Attendance{}, err
	}
	out := Attendance(shown, v.o.Zone)
	if err := v.o.DB.Read(ctx, func(s *store.Snap) error { return v.lineOn(s, &out.Window) }); err != nil {
		return api.Attendance{}, err
	}
	v.Living(out.Sessions)
	if policy.SeesHeld(by.Person, shown.Window.Window) {
		for i := range out.Sessions {
			v.waiting(&out.Sessions[i])
		}
	}
	out.Waiting = v.waitingFor(by, shown.Window)
	if len(shown.Checks) > 0 && policy.SeesCalls(by.Person, shown.Window.Window) {
		out.Calls, err = v.calls(ctx, id)
	}
	return out, err
}

// waitingFor lists the engineers in the waiting room.
func (v *Views) waitingFor(by Reader, w store.Window) []api.Waiting {
	if !policy.SeesWaiting(by.Person, w.Window) {
		return nil
	}
	return Each(v.o.Sessions.WaitingFor(w.ID), func(w session.Waiting) api.Waiting {
		return api.Waiting{Session: w.Session, Person: w.Person, Name: w.Name, Source: w.Source, Since: At(w.Since, v.o.Zone), State: w.State}
	})
}

// calls lists the engineers to call, with telephone numbers, for the attendant. It leaves out the digits: the attendant must hear them.
func (v *Views) calls(ctx context.Context, window string) ([]api.IdentityCall, error) {
	checks, err := v.o.Attendance.IdentityChecks(ctx, window)
	if err != nil {
		return nil, err
	}
	waits := v.o.Sessions.WaitingFor(window)
	var calls []api.IdentityCall
	err = v.o.DB.Read(ctx, func(s *store.Snap) error {
		present := map[string]string{} // of the connections that still stand and were not refused: the person
		for _, n := range checks {
			if n.Failed {
				continue
			}
			one, err := s.Session(n.Session)
			if err != nil && !errors.Is(err, store.ErrNotFound) { // a waiting connection is no session yet
				return err
			}
			if err == nil && one.State.Live() || slices.ContainsFunc(waits, func(w session.Waiting) bool { return w.Session == n.Session }) {
				present[n.Session] = n.Person
			}
		}
		for _, n := range checks {
			p, err := s.Person(n.Person)
			if err != nil {
				return err
			}
			calls = append(calls, api.IdentityCall{Person: p.ID, Name: p.Name, Phone: p.Phone, Session: n.Session, Source: n.Source, Matched: n.Matched, Failed: n.Failed,
				Gone: present[n.Session] == "", Beside: besides(present, n)})
		}
		return nil
	})
	return calls, err
}

// besides counts the same person's other connections among those that stand: only one may be the person's own.
func besides(present map[string]string, one attendance.IdentityCheck) (n int) {
	for session, person := range present {
		if person == one.Person && session != one.Session {
			n++
		}
	}
	return n
}

// Window gives a stored window with the state shown to people.
func Window(w store.Window, is store.WindowNow, now time.Time, z *time.Location) api.Window {
	return api.Window{
		ID: w.ID, Request: w.Request, System: w.System, Start: At(w.Start, z), End: At(w.End, z), State: string(windowState(w, is, now)),
		Attendant: w.Attendant, OpenedAt: At(w.OpenedAt, z), PermittedAt: At(w.PermittedAt, z), PermittedBy: w.PermittedBy,
		ClosedAt: At(w.ClosedAt, z), ClosedBy: w.ClosedBy, Reason: w.Reason,
	}
}
