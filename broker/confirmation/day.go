package confirmation

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sekimori/broker/act"
	"sekimori/broker/calendar"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// Options are the arguments of New. DB and Acts are required.
type Options struct {
	DB   *store.DB
	Acts *act.Runner
	Zone *time.Location // of the institution. Nil: UTC
}

// Book is safe for concurrent use.
type Book struct{ o Options }

// New makes a book on an open store.
func New(o Options) *Book {
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	return &Book{o: o}
}

// Owe notes that the day of an ended session is to be confirmed, inside the transaction that ends the session.
func Owe(tx *store.Tx, session string, zone *time.Location) error {
	v, err := tx.Session(session)
	if err != nil {
		return fmt.Errorf("owe the confirmation of %s: %w", session, err)
	}
	date := policy.DateOf(v.Created, zone)
	d := store.Day{ID: store.DayID(date, v.System), System: v.System, Date: date}
	if before, err := tx.Day(d.ID); err == nil && before.Confirmed.IsZero() {
		return nil // owed already
	} else if err != nil && !errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("day %s: %w", d.ID, err)
	}
	if d.Due, err = due(tx.Snap, v, zone); err != nil {
		return fmt.Errorf("when day %s is due: %w", d.ID, err)
	}
	if err := tx.OweDay(d); err != nil {
		return fmt.Errorf("owe day %s: %w", d.ID, err)
	}
	return nil
}

// due is the end of the open day until which the session's day is confirmed, counted from the session's end.
func due(s *store.Snap, v store.Session, zone *time.Location) (time.Time, error) {
	sys, err := s.System(v.System)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return time.Time{}, err
	}
	i, err := s.Institution()
	if err != nil {
		return time.Time{}, err
	}
	overrides, err := s.Holidays()
	if err != nil {
		return time.Time{}, err
	}
	at := v.Ended
	if at.IsZero() {
		at = s.Now
	}
	c := calendar.Of(i, overrides, nil, zone, at, at)
	for range max(1, sys.ConfirmWithin) {
		at = c.NextOpenDay(at).Add(-time.Millisecond) // still on that day
	}
	return at.Add(time.Millisecond), nil
}

// Due raises an alarm for each day whose confirmation is overdue, once. The broker's timer calls it.
func (b *Book) Due(ctx context.Context) error {
	late := false
	err := b.o.DB.Read(ctx, func(s *store.Snap) error {
		list, err := s.OverdueDays()
		late = len(list) > 0
		return err
	})
	if err != nil || !late {
		return err
	}
	return b.o.DB.Write(ctx, func(tx *store.Tx) error {
		list, err := tx.OverdueDays()
		if err != nil {
			return err
		}
		for _, d := range list {
			if err := raise(tx, d); err != nil {
				return fmt.Errorf("raise day %s: %w", d.ID, err)
			}
		}
		return nil
	})
}

func raise(tx *store.Tx, d store.Day) error {
	sys, err := tx.System(d.System)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if err := tx.RaiseDay(d.ID); err != nil {
		return err
	}
	_, err = tx.RaiseAlarm(store.Alarm{What: store.AlarmUnconfirmed, About: d.ID, Detail: map[string]any{"date": d.Date, "system": d.System}},
		[]string{sys.Section}, ledger.Actor{Kind: "broker", Via: "timer"})
	return err
}
