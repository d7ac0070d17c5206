package confirmation_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/confirmation"
	"sekimori/broker/forms"
	"sekimori/broker/internal/fieldtest"
	"sekimori/broker/internal/townhall"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// jst is the zone of the institution in these tests.
var jst = time.FixedZone("JST", 9*60*60)

type world struct {
	*testing.T
	h *townhall.Hall
	b *confirmation.Book
	s store.Session
}

func found(t *testing.T) *world {
	h := townhall.Open(t)
	h.Apply(t, strings.Replace(townhall.Registry(t), "staff:\n", "staff:\n  - {login: kakari, name: 係長, section: personnel, roles: [attendant]}\n", 1), "admin")
	w := &world{t, h, confirmation.New(confirmation.Options{DB: h.DB, Acts: h.Runner(), Zone: jst}), store.Session{
		State: store.SessionActive, Person: "E-0031", Vendor: "V-012", Request: "R8-0001", Window: "R8-0001-1", Grant: "R8-0001-1-1",
		System: "map", Target: "map-web", Account: "map-web/web", Until: h.Now().Add(time.Hour)}}
	window := policy.Window{ID: w.s.Window, Request: w.s.Request, System: w.s.System, Start: h.Now(), End: w.s.Until, State: policy.WindowPermitted, Attendant: "ito"}
	w.act(func(tx *store.Tx) error {
		return errors.Join(
			tx.AddRequest(store.Request{No: w.s.Request, State: policy.RequestApproved, Version: 1, ApprovedVersion: 1, System: w.s.System, Vendor: w.s.Vendor,
				Requester: "kato", Start: window.Start, End: window.End}),
			tx.AddWindow(store.Window{Window: window}),
			tx.AddGrant(policy.Grant{ID: w.s.Grant, Person: w.s.Person, Vendor: w.s.Vendor, Target: w.s.Target, Account: w.s.Account, Window: window,
				Request: w.s.Request, Files: policy.FilesNone, State: policy.GrantActive}))
	})
	return w
}

func (w *world) act(fn func(*store.Tx) error) {
	w.Helper()
	err := w.h.DB.Write(w.Context(), func(tx *store.Tx) error {
		if err := fn(tx); err != nil {
			return err
		}
		_, err := tx.Append(ledger.Draft{Kind: "test.act", Actor: ledger.Actor{Kind: "broker", Via: "timer"}})
		return err
	})
	if err != nil {
		w.Fatal(err)
	}
}

// begin begins a session; end ends it.
func (w *world) begin() store.Session {
	w.Helper()
	s := w.s
	w.act(func(tx *store.Tx) (err error) {
		if s.ID, err = tx.NextSessionNo(tx.Now); err != nil {
			return err
		}
		s.Created, s.Started = tx.Now, tx.Now
		return tx.AddSession(s)
	})
	return s
}

func (w *world) end(s store.Session) {
	w.Helper()
	s.State, s.Ended, s.Reason = store.SessionEnded, w.h.Now(), policy.EndedByEngineer
	w.act(func(tx *store.Tx) error {
		return errors.Join(tx.UpdateSession(s), confirmation.Owe(tx, s.ID, jst), confirmation.Owe(tx, s.ID, jst))
	})
}

func (w *world) day(id string) (d store.Day, made []store.DayConfirmation) {
	w.Helper()
	err := w.h.DB.Read(w.Context(), func(s *store.Snap) (err error) {
		if d, err = s.Day(id); err == nil {
			made, err = s.DayConfirmations(id)
		}
		return err
	})
	if err != nil {
		w.Fatal(err)
	}
	return d, made
}

func (w *world) confirm(id, by string) error {
	return w.b.Confirm(w.Context(), id, api.ConfirmDayBody{Note: "申請のとおり"}, townhall.Caller(by))
}

func (w *world) want(what string, err error, reason string) {
	w.Helper()
	if got := townhall.Reason(err); got != reason {
		w.Errorf("%s: %q, want %q", what, got, reason)
	}
}

func (w *world) alarms() (list []store.Alarm) {
	w.Helper()
	if err := w.h.DB.Read(w.Context(), func(s *store.Snap) (err error) {
		list, err = s.Alarms(store.AlarmFilter{What: store.AlarmUnconfirmed})
		return err
	}); err != nil {
		w.Fatal(err)
	}
	return list
}

func TestASectionConfirmsItsDay(t *testing.T) {
	w := found(t)
	id := store.DayID(policy.DateOf(w.h.Now(), jst), "map")
	s := w.begin()
	w.end(s)
	d, _ := w.day(id)
	next := d.Due.In(jst).AddDate(0, 0, -1)
	if d.System != "map" || !d.Confirmed.IsZero() || !d.Due.After(w.h.Now().Add(24*time.Hour)) && next.Hour() != 0 {
		t.Fatalf("%+v", d)
	}
	again := w.begin()
	var bad *forms.Invalid
	if err := w.confirm(id, "head"); !errors.As(err, &bad) || !bad.Has("still-live") {
		t.Errorf("with a session under way: %v", err)
	}
	w.end(again)
	w.want("the attendant", w.confirm(id, "ito"), "forbidden")
	w.want("an auditor", w.confirm(id, "mori"), "forbidden")
	w.want("an engineer", w.confirm(id, "E-0031"), "forbidden")
	w.want("the administrator", w.confirm(id, "admin"), "forbidden")
	w.want("no such day", w.confirm("2001-01-01-map", "head"), `day "2001-01-01-map": not found`)
	w.want("the head", w.confirm(id, "head"), "")
	w.want("twice", w.confirm(id, "kato"), "already-decided")
	if d, made := w.day(id); !d.Confirmed.Equal(w.h.Now()) || len(made) != 1 || made[0].By != "head" || !slices.Equal(made[0].Sessions, []string{s.ID, again.ID}) {
		t.Errorf("%+v %+v", d, made)
	}
	if kinds := w.h.Kinds(t, s.ID); !slices.Contains(kinds, "day.confirmed") {
		t.Errorf("the ledger tells %v", kinds)
	}
	w.h.Pass(time.Minute)
	w.end(w.begin()) // a later session asks for another confirmation, and the earlier one stays
	w.want("after a later session", w.confirm(id, "kato"), "")
	if _, made := w.day(id); len(made) != 2 || len(made[1].Sessions) != 3 {
		t.Errorf("%+v", made)
	}
}

func TestTheHeadsDeputyConfirms(t *testing.T) {
	w := found(t)
	id := store.DayID(policy.DateOf(w.h.Now(), jst), "map")
	w.end(w.begin())
	w.want("before the deputation", w.confirm(id, "kakari"), "forbidden")
	w.act(func(tx *store.Tx) error {
		_, err := tx.AddDeputation(store.Deputation{Deputation: policy.Deputation{For: "head", Deputy: "kakari", From: tx.Now, Until: tx.Now.Add(time.Hour), SetBy: "head", Reason: "出張"}})
		return err
	})
	w.want("the deputy", w.confirm(id, "kakari"), "")
	if _, made := w.day(id); len(made) != 1 || made[0].Behalf != "head" {
		t.Errorf("%+v", made)
	}
}

func TestAnUnconfirmedDayRaisesAnAlarmOnce(t *testing.T) {
	w := found(t)
	id := store.DayID(policy.DateOf(w.h.Now(), jst), "map")
	w.end(w.begin())
	d, _ := w.day(id)
	due := func() {
		t.Helper()
		if err := w.b.Due(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	w.h.Pass(d.Due.Sub(w.h.Now()) - time.Millisecond)
	due()
	if list := w.alarms(); len(list) != 0 {
		t.Errorf("a moment before: %+v", list)
	}
	w.h.Pass(time.Millisecond)
	due()
	due()
	list := w.alarms()
	if len(list) != 1 || list[0].About != id || len(list[0].Desks) != 2 {
		t.Fatalf("%+v", list)
	}
	w.want("late", w.confirm(id, "head"), "")
	due()
	if list := w.alarms(); len(list) != 1 {
		t.Errorf("%+v", list)
	}
}

// Without a rule the end of the next open day is meant; the system's rule counts further open days.
func TestWhenADayIsDue(t *testing.T) {
	for _, c := range []struct {
		within int
		days   int // open days from the day of the session on
	}{{0, 1}, {1, 1}, {3, 3}} {
		w := found(t)
		if c.within > 0 {
			w.act(func(tx *store.Tx) error {
				sys, err := tx.System("map")
				sys.ConfirmWithin = c.within
				return errors.Join(err, tx.PutSystem(sys))
			})
		}
		w.end(w.begin())
		date := policy.DateOf(w.h.Now(), jst)
		d, _ := w.day(store.DayID(date, "map"))
		open, at := 0, w.h.Now().In(jst)
		for at = time.Date(at.Year(), at.Month(), at.Day()+1, 0, 0, 0, 0, jst); at.Before(d.Due); at = at.AddDate(0, 0, 1) {
			if at.Weekday() != time.Saturday && at.Weekday() != time.Sunday {
				open++
			}
		}
		if open != c.days || d.Due.In(jst).Hour() != 0 {
			t.Errorf("within %d: due %v, %d open days after %s", c.within, d.Due.In(jst), open, date)
		}
	}
}

func TestConfirmingHoldsItsBody(t *testing.T) { fieldtest.Holds(t, confirmation.Confirming) }
