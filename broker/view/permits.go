package view

import (
	"context"

	"sekimori/broker/api"
	"sekimori/broker/permits"
	"sekimori/broker/store"
	"sekimori/policy"
)

// Permits lists the standing permits that the person sees: those that wait for a decision first, then the others, the newest first.
func (v *Views) Permits(ctx context.Context, by Reader, p Page) (api.List[api.Permit], error) {
	return listRead(ctx, v, p, func(s *store.Snap) ([]api.Permit, error) {
		sight, err := permitSight(s, by.Person)
		if err != nil || sight.Nothing() {
			return nil, err
		}
		all, err := s.Permits(store.PermitFilter{Vendor: sight.Vendor})
		out := make([]api.Permit, 0, len(all))
		for _, row := range all {
			o, err := s.Owner(row.System, row.Vendor)
			if err != nil {
				return nil, err
			}
			if sight.Sees(o) {
				out = append(out, Permit(row, v))
			}
		}
		return out, err
	}, itself, func(one api.Permit) string {
		part := "1"
		if one.State == string(policy.PermitAsked) {
			part = "0"
		}
		return part + newestFirst(one.AskedAt) + one.ID
	})
}

// Permit shows one with the offers of the acts on it. Errors: store.ErrNotFound, also for one that the person does not see.
func (v *Views) Permit(ctx context.Context, by Reader, id string) (out api.Permit, err error) {
	seen := false
	err = v.o.DB.Read(ctx, func(s *store.Snap) error {
		row, err := s.Permit(id)
		if err != nil {
			return err
		}
		sight, err := permitSight(s, by.Person)
		if err != nil {
			return err
		}
		o, err := s.Owner(row.System, row.Vendor)
		if seen = sight.Sees(o); seen {
			out = Permit(row, v)
			out.Offers = permits.OnPermit.Offers(s, by.Person, id)
		}
		return err
	})
	if err == nil && !seen {
		err = v.hidden(ctx, by, "permit", id)
	}
	return out, err
}

// PermitNow shows a permit as an act left it.
func (v *Views) PermitNow(ctx context.Context, id string) (out api.Permit, err error) {
	err = v.o.DB.Read(ctx, func(s *store.Snap) error {
		row, err := s.Permit(id)
		out = Permit(row, v)
		return err
	})
	return out, err
}

func permitSight(s *store.Snap, p policy.Person) (policy.Sight, error) {
	sections, err := s.StandsInFor(p.ID)
	return policy.SeePermits(p, sections), err
}

// Permit is a permit as people see it.
func Permit(p store.Permit, v *Views) api.Permit {
	z, now := v.o.Zone, v.o.Clock()
	return api.Permit{
		ID: p.ID, Vendor: p.Vendor, System: p.System, State: string(p.State), From: At(p.From, z), Until: At(p.Until, z),
		InForce: p.State == policy.PermitGranted && !now.Before(p.From) && now.Before(p.Until),
		Purpose: p.Purpose, Accounts: p.Accounts, Root: p.Root, Files: p.Files, OfficeHours: p.Office, Hours: permits.Hours(p.Hours), Longest: Length(p.Longest),
		AskedBy: p.AskedBy, AskedAt: At(p.AskedAt, z), DecidedBy: p.DecidedBy, DecidedAt: At(p.DecidedAt, z), Reason: p.Reason,
		EndedBy: p.EndedBy, EndedAt: At(p.EndedAt, z), EndedWhy: p.EndedWhy,
	}
}
