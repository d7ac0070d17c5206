package view

import (
	"context"
	"slices"

	"sekimori/broker/api"
	"sekimori/broker/freeze"
	"sekimori/broker/registry"
	"sekimori/broker/store"
	"sekimori/policy"
)

// Alarms lists the alarms of the person's desks; an auditor sees all. open keeps only those that one of these desks has not acknowledged.
// Open ones come first; alarms that name no known person or vendor come last, since strangers can raise any number of them.
func (v *Views) Alarms(ctx context.Context, by Reader, open bool, p Page) (out api.List[api.Alarm], err error) {
	sight := policy.SeeAlarms(by.Person)
	f := store.AlarmFilter{Desks: registry.DesksOf(sight), Open: open}
	switch {
	case sight.All && !open:
		f.Desks = nil
	case len(f.Desks) == 0:
		return Whole([]api.Alarm{}), nil
	}
	err = v.o.DB.Read(ctx, func(s *store.Snap) error {
		page, err := s.AlarmPage(f, p)
		out = listed(page, func(a store.Alarm) api.Alarm { return Alarm(a, v.o.Zone) })
		return err
	})
	return out, err
}

// Alarm shows one. Errors: store.ErrNotFound, also for an alarm of other desks.
func (v *Views) Alarm(ctx context.Context, by Reader, id string) (out api.Alarm, err error) {
	sight := policy.SeeAlarms(by.Person)
	err = v.o.DB.Read(ctx, func(s *store.Snap) error {
		a, err := s.Alarm(id)
		if err != nil {
			return err
		}
		mine := registry.DesksOf(sight)
		if !sight.All && !slices.ContainsFunc(a.Desks, func(d store.AlarmDesk) bool { return slices.Contains(mine, d.Desk) }) {
			return store.ErrNotFound
		}
		out = Alarm(a, v.o.Zone)
		return nil
	})
	return out, err
}

// Freezes lists the freezes and drills: those that are not over come first, oldest first; then the newest.
func (v *Views) Freezes(ctx context.Context, _ Reader, p Page) (api.List[api.Freeze], error) {
	all, err := v.o.Freezer.All(ctx)
	if err != nil {
		return api.List[api.Freeze]{}, err
	}
	return pageOf(Each(all, func(f freeze.Status) api.Freeze { return Freeze(f, v.o.Clock(), v.o.Zone) }), func(f api.Freeze) string {
		if f.State == freeze.Lifted || f.State == freeze.DrillLapsed {
			return "2" + newestFirst(f.Since) + f.ID
		}
		return "1" + oldestFirst(f.Since) + f.ID
	}, p)
}

// CountIncidents counts freezes, and drills apart from them; a drill counts once it was agreed to.
func (v *Views) CountIncidents(ctx context.Context) (freezes, drills int, err error) {
	all, err := v.o.Freezer.All(ctx)
	for _, f := range all {
		switch {
		case !f.Drill:
			freezes++
		case f.AgreedBy != "":
			drills++
		}
	}
	return freezes, drills, err
}

// Freeze shows one freeze or drill. The look is ledgered (L1). Errors: store.ErrNotFound.
func (v *Views) Freeze(ctx context.Context, by Reader, id string) (out api.Freeze, err error) {
	st, err := v.o.Freezer.One(ctx, id)
	if err != nil {
		return out, err
	}
	out = Freeze(st, v.o.Clock(), v.o.Zone)
	err = v.o.DB.Read(ctx, func(s *store.Snap) error {
		out.Offers = freeze.OnFreeze.Offers(s, by.Person, id)
		return nil
	})
	if err == nil {
		err = v.Looked(ctx, by, "freeze.viewed", []string{id, by.ID}, map[string]string{"incident": id})
	}
	if err != nil {
		return api.Freeze{}, err
	}
	return out, nil
}
