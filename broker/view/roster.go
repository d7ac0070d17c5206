package view

import (
	"context"
	"errors"

	"sekimori/broker/api"
	"sekimori/broker/roster"
	"sekimori/broker/store"
	"sekimori/policy"
)

// Roster shows the state of a vendor's statement of who works for it. Errors: store.ErrNotFound, also for a vendor whose papers the
// person does not see.
func (v *Views) Roster(ctx context.Context, by Reader, vendor string) (out api.Roster, err error) {
	err = v.o.DB.Read(ctx, func(s *store.Snap) error {
		row, err := s.Vendor(vendor)
		if err == nil {
			err = seesPapers(s, by.Person, row.ID)
		}
		if err != nil {
			return err
		}
		out, err = v.rosterOf(s, row)
		out.Offers = roster.OnVendor.Offers(s, by.Person, row.ID)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		err = v.hidden(ctx, by, "vendor", vendor)
	}
	return out, err
}

// RosterNow shows it as an act left it.
func (v *Views) RosterNow(ctx context.Context, vendor string) (out api.Roster, err error) {
	err = v.o.DB.Read(ctx, func(s *store.Snap) error {
		row, err := s.Vendor(vendor)
		if err == nil {
			out, err = v.rosterOf(s, row)
		}
		return err
	})
	return out, err
}

func (v *Views) rosterOf(s *store.Snap, row store.Vendor) (api.Roster, error) {
	z := v.o.Zone
	out := api.Roster{Vendor: row.ID, Engineers: []api.RosterName{}}
	institution, err := s.Institution()
	if err != nil {
		return out, err
	}
	if term, asked := policy.RosterTermOf(&row.Vendor, &institution, z); asked {
		out.Asked, out.State, out.Due, out.Stops = true, string(term.At(s.Now)), At(term.Due, z), At(term.Stops, z)
	}
	last, err := s.Rosters(row.ID, 1)
	if err != nil {
		return out, err
	}
	if len(last) > 0 {
		out.Last = &api.RosterSaid{By: last[0].By, At: At(last[0].At, z), Staying: last[0].Staying, Left: last[0].Left, Note: last[0].Note}
	}
	people, err := roster.Engineers(s, row.ID)
	for _, p := range people {
		out.Engineers = append(out.Engineers, api.RosterName{ID: p.ID, Name: p.Name})
	}
	return out, err
}
