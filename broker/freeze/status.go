package freeze

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/store"
	"sekimori/policy"
)

// Status is a freeze, or a drill that was asked for, and its state.
type Status struct {
	store.Freeze
	AgreedBy string // of a drill: the second person; empty: only asked for, and stops nothing
	Lapsed   bool   // of a drill: no one agreed in time
	Held     int    // recordings it keeps from disposal
	Cut      int    // sessions that were under way when it began

	Tells   []store.IncidentTell // who must be told, those not yet told first
	LastCut time.Time            // when the last of the sessions that it cut had ended; zero: it cut none, or none has ended
	NotOver int                  // of the sessions that it cut
}

// The states of a freeze, as screens §6 names them, and two of drills.
const (
	Frozen      = string(api.FreezeFrozen)
	LiftOne     = string(api.FreezeLiftOne)
	Lifted      = string(api.FreezeLifted)
	DrillAsked  = string(api.FreezeDrillAsked)
	DrillLapsed = string(api.FreezeDrillLapsed)
)

// State gives the freeze's state.
func (s Status) State() string {
	switch {
	case s.Lapsed:
		return DrillLapsed
	case s.Drill && s.AgreedBy == "":
		return DrillAsked
	case !s.Lifted.IsZero():
		return Lifted
	case len(s.Lifts) > 0:
		return LiftOne
	}
	return Frozen
}

// Status lists the freezes in force, drills among them, oldest first.
func (f *Freezer) Status(ctx context.Context) ([]Status, error) {
	all, err := f.All(ctx)
	return slices.DeleteFunc(all, func(s Status) bool { return s.State() != Frozen && s.State() != LiftOne }), err
}

// All lists every freeze and every drill ever asked for, oldest first.
func (f *Freezer) All(ctx context.Context) ([]Status, error) {
	var all []Status
	err := f.o.DB.Read(ctx, func(s *store.Snap) error {
		freezes, err := s.Freezes(false)
		if err != nil {
			return err
		}
		for _, z := range freezes {
			one, err := complete(s, z)
			if err != nil {
				return err
			}
			all = append(all, one)
		}
		asks, err := s.DrillAsks()
		for _, a := range asks {
			if a.AgreedBy == "" {
				all = append(all, asked(a, s.Now))
			}
		}
		return err
	})
	slices.SortStableFunc(all, func(a, b Status) int { return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.ID, b.ID)) })
	return all, err
}

// One reads one freeze or drill. Error: store.ErrNotFound.
func (f *Freezer) One(ctx context.Context, id string) (Status, error) {
	var out Status
	err := f.o.DB.Read(ctx, func(s *store.Snap) (err error) {
		out, err = one(s, id)
		return err
	})
	return out, err
}

func one(s *store.Snap, id string) (Status, error) {
	out, err := status(s, id)
	if errors.Is(err, store.ErrNotFound) {
		var a store.DrillAsk
		if a, err = s.DrillAsk(id); err == nil {
			out = asked(a, s.Now)
		}
	}
	return out, err
}

func status(s *store.Snap, id string) (Status, error) {
	z, err := s.Freeze(id)
	if err != nil {
		return Status{}, err
	}
	return complete(s, z)
}

func complete(s *store.Snap, z store.Freeze) (Status, error) {
	out := Status{Freeze: z}
	var err error
	if out.Held, out.Cut, err = s.HeldBy(z.ID); err != nil {
		return out, err
	}
	if out.LastCut, out.NotOver, err = s.LastCut(z.ID); err != nil {
		return out, err
	}
	if out.Tells, err = s.IncidentTells(z.ID); err != nil || !z.Drill {
		return out, err
	}
	a, err := s.DrillAsk(z.ID)
	out.AgreedBy = a.AgreedBy
	return out, err
}

func asked(a store.DrillAsk, now time.Time) Status {
	return Status{
		Freeze: store.Freeze{Freeze: policy.Freeze{ID: a.ID, Scope: a.Scope, Subject: a.Subject, System: a.System, By: a.By, Since: a.At, Reason: a.Reason, Drill: true}},
		Lapsed: !now.Before(a.At.Add(askLife)),
	}
}
