package view

import (
	"context"
	"errors"
	"strconv"
	"time"

	"sekimori/broker/announcement"
	"sekimori/broker/api"
	"sekimori/broker/store"
	"sekimori/policy"
)

// announced gives the announced change of what is kept, as a version that is still to come.
func (v *Views) announced(ctx context.Context, zone *time.Location) (out []api.NoticeVersion, err error) {
	err = v.o.DB.Read(ctx, func(s *store.Snap) error {
		n, err := s.AnnouncedChange()
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		at := At(n.At, zone)
		out = []api.NoticeVersion{{Version: n.Version, From: string(policy.DateOf(n.Keeping().Earliest(), zone)), NotedAt: &at, KeptDays: n.After, KeptBefore: n.Before, Change: n.No, Agreed: len(n.Agreed)}}
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
