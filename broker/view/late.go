package view

import (
	"context"
	"sort"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/lateentry"
	"sekimori/broker/store"
	"sekimori/policy"
)

// LateEntries lists the late entries that the person sees: those that await a second person first, then the others, the newest first.
func (v *Views) LateEntries(ctx context.Context, by Reader, p Page) (api.List[api.LateEntry], error) {
	return listRead(ctx, v, p, func(s *store.Snap) (out []api.LateEntry, err error) {
		sight, err := lateSight(s, by.Person)
		if err != nil || sight.Nothing() {
			return nil, err
		}
		all, err := s.LateEntries(store.LateEntryFilter{Sight: &sight})
		for _, row := range all {
			out = append(out, v.late(row))
		}
		return out, err
	}, itself, func(one api.LateEntry) string {
		part := "1"
		if one.State == string(policy.LateEntered) {
			part = "0"
		}
		return part + newestFirst(one.EnteredAt) + one.ID
	})
}

// LateEntry shows one with the offers of the acts on it. The look is ledgered (L1). Errors: store.ErrNotFound, also for one that the person
// does not see.
func (v *Views) LateEntry(ctx context.Context, by Reader, id string) (out api.LateEntry, err error) {
	seen := false
	err = v.o.DB.Read(ctx, func(s *store.Snap) error {
		row, err := s.LateEntry(id)
		if err != nil {
			return err
		}
		sight, err := lateSight(s, by.Person)
		if err != nil {
			return err
		}
		o, err := s.Owner(row.System, row.Vendor)
		if err != nil {
			return err
		}
		if seen = sight.Sees(o); !seen {
			return nil
		}
		if out, err = v.wholeLate(s, row); err != nil {
			return err
		}
		out.Offers = lateentry.OnEntry.Offers(s, by.Person, id)
		return nil
	})
	switch {
	case err != nil:
		return api.LateEntry{}, err
	case !seen:
		return api.LateEntry{}, v.hidden(ctx, by, "late-entry", id)
	}
	return out, v.Looked(ctx, by, "late-entry.viewed", []string{id, by.ID}, map[string]string{"late_entry": id})
}

// LateEntryNow shows an entry as an act left it.
func (v *Views) LateEntryNow(ctx context.Context, id string) (out api.LateEntry, err error) {
	err = v.o.DB.Read(ctx, func(s *store.Snap) error {
		row, err := s.LateEntry(id)
		if err != nil {
			return err
		}
		out, err = v.wholeLate(s, row)
		return err
	})
	return out, err
}

func lateSight(s *store.Snap, p policy.Person) (policy.Sight, error) {
	sections, err := s.StandsInFor(p.ID)
	return policy.SeeLate(p, sections), err
}

func (v *Views) late(e store.LateEntry) api.LateEntry {
	z, w := v.o.Zone, e.Work
	return api.LateEntry{ID: e.ID, State: string(e.State), EnteredBy: e.EnteredBy, EnteredAt: At(e.EnteredAt, z), DecidedBy: e.DecidedBy, DecidedAt: At(e.DecidedAt, z), Reason: e.Reason,
		From: At(e.From, z), Until: At(e.Until, z),
		LateEntryBody: api.LateEntryBody{Forms: w.Forms, System: e.System, Vendor: e.Vendor, Engineers: w.Engineers, Targets: w.Targets, Account: w.Account,
			Approver: w.Approver, Attendant: w.Attendant, Purpose: w.Purpose, Done: w.Done, Deviation: w.Deviation, Remarks: w.Remarks, KeptAt: w.KeptAt}}
}

// wholeLate adds which forms the papers are, and how many entries of the ledger lie within the time of the work: someone who compares
// it with the papers sees whether the system was really down.
func (v *Views) wholeLate(s *store.Snap, e store.LateEntry) (api.LateEntry, error) {
	out := v.late(e)
	for _, no := range e.Work.Forms {
		f, err := s.BlankForm(no)
		if err != nil {
			return out, err
		}
		out.FormKinds = append(out.FormKinds, f.Form)
	}
	from, err := entriesBefore(s, e.From)
	if err != nil {
		return out, err
	}
	until, err := entriesBefore(s, e.Until)
	out.Entries = until - from
	return out, err
}

// entriesBefore is how many entries of the ledger are earlier than an instant. Their times never run back.
func entriesBefore(s *store.Snap, t time.Time) (int64, error) {
	size, err := s.LedgerSize()
	if err != nil {
		return 0, err
	}
	n := sort.Search(int(size), func(i int) bool {
		e, one := s.Entry(int64(i))
		if one != nil {
			err = one
			return true
		}
		return !e.Time.Before(t)
	})
	return int64(n), err
}
