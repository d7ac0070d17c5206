package view

import (
	"context"
	"errors"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/confirmation"
	"sekimori/broker/store"
	"sekimori/policy"
)

// sightOfDays is the person's sight of days of work.
func sightOfDays(s *store.Snap, p policy.Person) (policy.Sight, error) {
	standsIn, err := s.StandsInFor(p.ID)
	return policy.SeeDays(p, standsIn), err
}

// Days lists the days of work: those to be confirmed first, the earliest due on top; then the latest.
func (v *Views) Days(ctx context.Context, by Reader, owed bool, p Page) (out api.List[api.WorkDay], err error) {
	err = v.o.DB.Read(ctx, func(s *store.Snap) error {
		sight, err := sightOfDays(s, by.Person)
		if err != nil {
			return err
		}
		page, err := s.DayPage(store.DayFilter{Sight: &sight, Owed: owed}, p)
		if err != nil {
			return err
		}
		out = listed(page, func(d store.Day) api.WorkDay {
			one, failed := v.workDay(s, d)
			err = errors.Join(err, failed)
			return one
		})
		return err
	})
	return out, err
}

// Day shows a day with its sessions. The look is ledgered (L1). Errors: store.ErrNotFound, also for a day that the person does not see.
func (v *Views) Day(ctx context.Context, by Reader, id string) (out api.WorkDay, err error) {
	sees := false
	err = v.o.DB.Read(ctx, func(s *store.Snap) error {
		d, err := s.Day(id)
		if err != nil {
			return err
		}
		sight, err := sightOfDays(s, by.Person)
		if err != nil {
			return err
		}
		o, err := s.Owner(d.System, "")
		if sees = sight.Sees(o); err != nil || !sees {
			return err
		}
		if out, err = v.wholeDay(s, d); err != nil {
			return err
		}
		out.Offers = confirmation.OnDay(v.o.Zone).Offers(s, by.Person, id)
		return nil
	})
	if err == nil && !sees {
		err = v.hidden(ctx, by, "day", id)
	}
	if err == nil {
		err = v.Looked(ctx, by, "day.viewed", []string{id, by.ID}, map[string]string{"day": id})
	}
	if err != nil {
		return api.WorkDay{}, err
	}
	return out, nil
}

// DayNow shows a day as an act left it, without an entry about a look.
func (v *Views) DayNow(ctx context.Context, id string) (out api.WorkDay, err error) {
	err = v.o.DB.Read(ctx, func(s *store.Snap) error {
		d, err := s.Day(id)
		if err != nil {
			return err
		}
		out, err = v.wholeDay(s, d)
		return err
	})
	return out, err
}

func (v *Views) workDay(s *store.Snap, d store.Day) (api.WorkDay, error) {
	out := api.WorkDay{ID: d.ID, Date: d.Date, System: d.System, State: dayState(d, s.Now), Due: At(d.Due, v.o.Zone), Confirmed: At(d.Confirmed, v.o.Zone)}
	made, err := s.DayConfirmations(d.ID)
	for _, c := range made {
		if !d.Confirmed.IsZero() {
			out.By = c.By
		}
		out.Confirmations = append(out.Confirmations, api.DayConfirmation{By: c.By, Behalf: c.Behalf, At: At(c.At, v.o.Zone), Note: c.Note, Sessions: c.Sessions})
	}
	return out, err
}

func (v *Views) wholeDay(s *store.Snap, d store.Day) (api.WorkDay, error) {
	out, err := v.workDay(s, d)
	if err != nil {
		return out, err
	}
	all, err := confirmation.Of(s, d, v.o.Zone)
	if err != nil {
		return out, err
	}
	out.Refused = Each(all.Refused, func(one store.Session) api.Session { return Session(one, v.o.Zone) })
	out.Sessions, err = v.briefly(s, append(all.Ended, all.Live...))
	return out, err
}

func dayState(d store.Day, now time.Time) api.DayState {
	switch {
	case !d.Confirmed.IsZero():
		return api.DayConfirmed
	case !now.Before(d.Due):
		return api.DayOverdue
	}
	return api.DayOwed
}
