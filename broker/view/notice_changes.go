package view

import (
	"context"
	"errors"
	"strconv"
	"time"

	"sekimori/broker/announcement"
	"sekimori/broker/api"
	"sekimori/broker/registry"
	"sekimori/broker/store"
	"sekimori/policy"
)

// announced gives the changes by which more or less would be kept, as versions that are still to come: the institution's, and longer times of
// single systems that wait for their second person.
func (v *Views) announced(ctx context.Context, zone *time.Location) (out []api.NoticeVersion, err error) {
	err = v.o.DB.Read(ctx, func(s *store.Snap) error {
		systems, err := registry.Widenings(s)
		if err != nil {
			return err
		}
		for _, w := range systems {
			out = append(out, api.NoticeVersion{From: string(policy.DateOf(w.Earliest(), zone)), KeptDays: w.To.Recordings, KeptBefore: w.From.Recordings,
				JA: "システム " + w.System + " の変更の提案 " + w.Change, EN: "proposed change " + w.Change + " of the system " + w.System})
		}
		n, err := s.AnnouncedChange()
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		at := At(n.At, zone)
		one := api.NoticeVersion{Version: n.Version, From: string(policy.DateOf(n.Keeping().Earliest(), zone)), NotedAt: &at, KeptDays: n.After.Recordings, Change: n.No, Agreed: len(n.Agreed),
			Ledger: api.ChangedTimes(n.Before.Ledger, n.After.Ledger), Looks: api.ChangedTimes(n.Before.Looks, n.After.Looks)}
		if n.Before.Recordings != n.After.Recordings {
			one.KeptBefore = n.Before.Recordings
		}
		out = append(out, one)
		return nil
	})
	return out, err
}

// NoticeChange shows the announced change with this number, with the act that is open to the person. Errors: store.ErrNotFound.
func (v *Views) NoticeChange(ctx context.Context, by Reader, no string) (out api.NoticeChange, offers []api.Offer, err error) {
	err = v.o.DB.Read(ctx, func(s *store.Snap) error {
		n, err := s.AnnouncedChange()
		if err == nil && strconv.FormatInt(n.No, 10) != no {
			err = store.ErrNotFound
		}
		if err != nil {
			return err
		}
		out = announcement.Shown(n)
		out.At, out.Earliest = At(out.At, v.o.Zone), At(out.Earliest, v.o.Zone)
		offers = announcement.OnChange.Offers(s, by.Person, no)
		return nil
	})
	return out, offers, err
}
