package confirmation

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"sekimori/broker/act"
	"sekimori/broker/api"
	"sekimori/broker/field"
	"sekimori/broker/forms"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// day has the facts for the act on a day.
type day struct {
	Day      store.Day
	System   store.System
	Sessions Sessions
	parties  []string // person ids of the attendants
	standsIn func(person string) ([]string, error)
}

// Sessions are those of a day on a system, in order.
type Sessions struct {
	Ended, Live, Refused []store.Session
}

// Bounds of one day. Attempts that were refused never keep a session out.
const (
	mostOfADay   = 20_000
	mostAttempts = 5000 // that were refused, the newest
)

// Of reads the sessions of a day.
func Of(s *store.Snap, d store.Day, zone *time.Location) (out Sessions, err error) {
	from, err := time.ParseInLocation(time.DateOnly, string(d.Date), zone)
	if err != nil {
		return out, fmt.Errorf("date of day %s: %w", d.ID, err)
	}
	// The day begins and ends by its date: in some zones midnight is missing on the day of the change.
	f := store.SessionFilter{System: d.System, From: from.Add(-2 * time.Hour), To: from.AddDate(0, 0, 1).Add(2 * time.Hour), Limit: mostAttempts, States: []store.SessionState{store.SessionRefused}}
	all, err := s.Sessions(f)
	if err == nil {
		var worked []store.Session
		f.Limit, f.States = mostOfADay, []store.SessionState{store.SessionOpening, store.SessionActive, store.SessionEnded}
		worked, err = s.Sessions(f)
		all = append(all, worked...)
	}
	if err != nil {
		return out, fmt.Errorf("sessions of day %s: %w", d.ID, err)
	}
	slices.Reverse(all)
	for _, v := range all {
		switch {
		case policy.DateOf(v.Created, zone) != d.Date:
		case v.State == store.SessionRefused:
			out.Refused = append(out.Refused, v)
		case v.State.Live():
			out.Live = append(out.Live, v)
		default:
			out.Ended = append(out.Ended, v)
		}
	}
	return out, nil
}

// Confirming is the table of the body.
var Confirming = field.Table[api.ConfirmDayBody]{
	field.Text("note", "気付いたこと", "Remarks", func(b *api.ConfirmDayBody) *string { return &b.Note }).Most(2000),
}

var confirm = act.Spec{Name: "confirm", Path: api.Days.Pattern("id", "confirm"), Command: "day confirm", Operands: "DAY",
	JA: "その日の接続を確認した(所管課の責任者、または担当)", EN: "confirm the day's sessions (whoever is responsible in the owning section)", Fields: Confirming,
	Callers: act.Callers{Roles: []policy.Role{policy.Approver, policy.Requester}, Deputies: true}, Shows: act.ShowsDay}

// OnDay is a day with the acts on it.
func OnDay(zone *time.Location) act.Subject[day] {
	return act.Subject[day]{Load: func(s *store.Snap, id string) (day, error) { return load(s, id, zone) },
		Acts: []act.Act[day]{{Spec: confirm, May: may, Ready: over}}}
}

// Acts are the acts that the doors mount.
func Acts() []act.Mount[*Book] { return []act.Mount[*Book]{act.With(confirm, (*Book).Confirm)} }

func load(s *store.Snap, id string, zone *time.Location) (on day, err error) {
	if on.Day, err = s.Day(id); err != nil {
		return on, fmt.Errorf("day %q: %w", id, err)
	}
	if on.System, err = s.System(on.Day.System); err != nil && !errors.Is(err, store.ErrNotFound) {
		return on, fmt.Errorf("system %s: %w", on.Day.System, err)
	}
	if on.Sessions, err = Of(s, on.Day, zone); err != nil {
		return on, err
	}
	on.standsIn = s.StandsInFor
	seen := map[string]bool{}
	for _, v := range on.Sessions.Ended {
		if v.Window == "" || seen[v.Window] {
			continue
		}
		seen[v.Window] = true
		w, err := s.WindowSubject(v.Window)
		if err != nil {
			return on, fmt.Errorf("window %s: %w", v.Window, err)
		}
		on.parties = append(on.parties, w.Attendants...)
	}
	return on, nil
}

func may(p policy.Person, on day, now time.Time) policy.Decision {
	standsIn, err := on.standsIn(p.ID)
	if err != nil {
		standsIn = nil // unknown denies
	}
	return policy.MayConfirmDay(p, policy.DayFacts{System: on.System.System, Attendants: on.parties, StandsInFor: standsIn,
		Owed: on.Day.Confirmed.IsZero(), Day: on.Day.ID}, now)
}

// over refuses a confirmation while one of the day's sessions is under way.
func over(_ *store.Snap, _ policy.Person, on day) error {
	if len(on.Sessions.Live) > 0 {
		return forms.Wrong("day", "still-live", "接続中の作業があります。終わってから確認してください。", "a session of the day has not ended yet")
	}
	return nil
}

// Confirm confirms the sessions of a day that have ended. Errors: *policy.Denied — forbidden, already-decided; *forms.Invalid while a session
// is under way; store.ErrNotFound.
func (b *Book) Confirm(ctx context.Context, id string, in api.ConfirmDayBody, by act.Caller) error {
	subject := OnDay(b.o.Zone)
	return act.Do(ctx, b.o.Acts, subject, subject.Acts[0], id, by, func(tx *store.Tx, p act.Person, on day) error {
		c := store.DayConfirmation{By: p.ID, Note: forms.Printable(in.Note), Sessions: []string{}}
		for _, v := range on.Sessions.Ended {
			c.Sessions = append(c.Sessions, v.ID)
		}
		if !policy.AnswersFor(p.Person, on.System.System) {
			made, err := tx.Deputations(store.DeputationFilter{Deputy: p.ID, Section: on.System.Section, Holding: tx.Now, Limit: 1})
			if err != nil {
				return fmt.Errorf("for whom %s decides: %w", p.ID, err)
			}
			if len(made) > 0 {
				c.Behalf = made[0].For
			}
		}
		if err := tx.ConfirmDay(id, c); err != nil {
			return fmt.Errorf("confirm day %s: %w", id, err)
		}
		_, err := tx.Append(ledger.Draft{Kind: "day.confirmed", Actor: p.By, OnBehalf: c.Behalf, Subjects: append([]string{id, on.Day.System}, c.Sessions...),
			Payload: map[string]any{"day": id, "date": on.Day.Date, "system": on.Day.System, "sessions": c.Sessions, "refused": len(on.Sessions.Refused),
				"due": on.Day.Due, "late": !tx.Now.Before(on.Day.Due), "note": c.Note}})
		return err
	})
}
