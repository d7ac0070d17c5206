package view

import (
	"context"
	"fmt"
	"slices"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/attendance"
	"sekimori/broker/requests"
	"sekimori/broker/session"
	"sekimori/broker/store"
	"sekimori/policy"
)

// newestShown is how many of the latest events a console shows.
const newestShown = 20

// Console shows a window to its attendant, or one of its sessions to a person who may watch it; session is empty for the window. first tells
// that the person opens it: the look is ledgered (L1) then, and not when the page refreshes itself. Errors: *policy.Denied, ledgered;
// store.ErrNotFound.
func (v *Views) Console(ctx context.Context, by Reader, window, id string, first bool) (api.Console, error) {
	var out api.Console
	if id != "" {
		if _, err := v.May(ctx, by, policy.Attempt{Act: policy.ActWatch, Session: id, Purpose: string(policy.Attendance)}, "session"); err != nil {
			return out, err
		}
	}
	var w store.Window
	err := v.seeRequestOf(ctx, by, func(s *store.Snap) (string, error) {
		if id != "" {
			r, err := s.Session(id)
			if err != nil {
				return "", err
			}
			window = r.Window
		}
		var err error
		w, err = s.Window(window)
		return w.Request, err
	}, func(s *store.Snap, r store.Request) error { return v.console(s, by, w, r, id, &out) })
	if err != nil {
		return out, err
	}
	if id == "" && !out.Post && !out.Prepares {
		if err := v.mayStopHere(ctx, by, w); err != nil {
			return api.Console{}, err
		}
	}
	if first {
		kind, payload := "window.viewed", map[string]string{"window": w.ID}
		subjects := []string{w.ID, w.Request, by.ID}
		if id != "" {
			kind, payload, subjects = "session.viewed", map[string]string{"session_id": id}, []string{id, by.ID}
		}
		if err := v.Looked(ctx, by, kind, subjects, payload); err != nil {
			return api.Console{}, err
		}
	}
	offers := out.Attendance.Offers
	if out.Attendance, err = v.AttendanceNow(ctx, by, w.ID, first && id == ""); err != nil {
		return api.Console{}, err
	}
	out.Attendance.Offers = offers
	v.livingConsole(&out)
	out.Happened = v.happened(w.ID, out.Happened)
	return out, nil
}

// console reads what one snapshot holds.
func (v *Views) console(s *store.Snap, by Reader, w store.Window, r store.Request, id string, out *api.Console) error {
	sys, err := s.System(w.System)
	if err != nil {
		return fmt.Errorf("system %s: %w", w.System, err)
	}
	out.Post = w.Attendant == by.ID && w.Attended()
	out.Prepares = policy.IsAttendant(by.Person, sys.System)
	out.Attendance.Offers = windowOffers(s, by, w.ID)
	out.LiveRules = len(sys.LiveRules)
	section, err := s.Section(sys.Section)
	if err != nil {
		return fmt.Errorf("section %s: %w", sys.Section, err)
	}
	out.Phone, out.VendorID = section.Phone, r.Vendor
	vendor, err := s.Vendor(r.Vendor)
	if err != nil {
		return fmt.Errorf("vendor %s: %w", r.Vendor, err)
	}
	out.Vendor = vendor.Name
	left, err := requests.LeftToAttendant(s, w, r, sys)
	if err != nil {
		return err
	}
	out.Delegated = int(left / time.Minute)
	for e, err := range s.Entries(store.EntryFilter{Kind: store.KindBookmarked, Subject: w.ID, Newest: true, Limit: newestShown}) {
		if err != nil {
			return fmt.Errorf("read bookmarks: %w", err)
		}
		b, err := bookmarkOf(e)
		if err != nil {
			return err
		}
		out.Happened = append(out.Happened, api.Operation{At: At(b.at, v.o.Zone), Person: b.by, Kind: string(api.MarkBookmark), JA: "しおり「" + b.note + "」", EN: "bookmark: " + b.note})
	}
	asked, err := s.Extensions(store.ExtensionFilter{Window: w.ID, States: []store.ExtensionState{store.ExtensionAsked}})
	if err != nil {
		return fmt.Errorf("read extensions: %w", err)
	}
	for _, x := range asked {
		out.Answers = append(out.Answers, api.OfferAnswer{Extension: x.ID, Offers: requests.OnExtension.Offers(s, by.Person, x.ID)})
	}
	if id == "" {
		return nil
	}
	row, err := s.Session(id)
	if err != nil {
		return err
	}
	one := Session(row, v.o.Zone)
	if !row.Ended.IsZero() && policy.SeesTargets(by.Person) {
		if err := verifiedEnd(s, &one); err != nil {
			return err
		}
		if out.Inventories, err = windowInventories(s, w.ID, v.o.Zone); err != nil {
			return err
		}
	}
	out.Session, out.Offers = &one, attendance.OnSession.Offers(s, by.Person, id)
	engineer, err := s.Person(row.Person)
	out.Engineer = engineer.Name
	return err
}

// livingConsole adds to the sessions what no row holds. An attendant learns on each console of the window which commands wait.
func (v *Views) livingConsole(out *api.Console) {
	if out.Post || out.Prepares {
		for i := range out.Attendance.Sessions {
			v.waiting(&out.Attendance.Sessions[i])
		}
	}
	if out.Session == nil {
		return
	}
	list := []api.Session{*out.Session}
	v.Living(list)
	out.Session = &list[0]
	v.waiting(out.Session)
}

// mayStopHere admits the people who may stop the window's work to its console, and ledgers the refusal of others.
func (v *Views) mayStopHere(ctx context.Context, by Reader, w store.Window) error {
	allowed := false
	err := v.o.DB.Read(ctx, func(s *store.Snap) error {
		sys, err := s.System(w.System)
		allowed = err == nil && policy.MayStop(by.Person, sys.System)
		return err
	})
	if err != nil || allowed {
		return err
	}
	payload := map[string]string{"act": "look", "reason": string(policy.Forbidden), "what": "console"}
	if err := v.RefusedOnce(ctx, by, "look console", []string{by.ID, w.ID}, payload); err != nil {
		return err
	}
	return &policy.Denied{Reason: policy.Forbidden, Args: map[string]string{"role": string(policy.Attendant)}, Ledgered: true}
}

// happened joins the operations in the window's sessions with the bookmarks, newest first.
func (v *Views) happened(window string, notes []api.Operation) []api.Operation {
	out := append([]api.Operation{}, notes...)
	for _, o := range v.o.Sessions.Newest(window, newestShown) {
		out = append(out, operation(o))
	}
	slices.SortStableFunc(out, func(a, b api.Operation) int { return b.At.Compare(a.At) })
	return out[:min(len(out), newestShown)]
}

func operation(o session.Told) api.Operation {
	return api.Operation{No: o.No, At: o.At, Session: o.Session, Person: o.Person, Kind: o.Kind, JA: o.JA, EN: o.EN}
}
