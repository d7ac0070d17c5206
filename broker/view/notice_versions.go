package view

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/store"
	"sekimori/policy"
)

// NoticeChange tells, in the institution's words, what a version changes from a day on.
type NoticeChange struct {
	Version int
	From    policy.Date
	JA, EN  string
}

// mostNoticeVersions bounds the history that the notice shows.
const mostNoticeVersions = 100

// Notice tells what is recorded, who sees it and how long it is kept, with the versions: those that the ledger noted, and those that
// the settings alone tell of.
func (v *Views) Notice(ctx context.Context, n NoticeSettings) (api.Notice, error) {
	out := noticeText(n)
	zone := n.Zone
	if zone == nil {
		zone = time.UTC
	}
	noted, err := v.noticesNoted(ctx, zone)
	if err != nil {
		return out, err
	}
	today := policy.DateOf(v.o.Clock(), zone)
	out.History = noted
	for _, change := range n.Changes {
		row := api.NoticeVersion{Version: change.Version, From: string(change.From), JA: change.JA, EN: change.EN}
		if change.From > today {
			out.Announced = append(out.Announced, row)
			continue
		}
		// The entry of the version's own start takes the words; a later entry of the same version is a change of the retention alone.
		i := -1
		for k, one := range out.History {
			if one.Version == change.Version && one.NotedAt != nil && one.JA == "" {
				i = k
			}
		}
		if i < 0 {
			out.History = append(out.History, row)
			continue
		}
		out.History[i].JA, out.History[i].EN, out.History[i].From = row.JA, row.EN, row.From
	}
	announced, err := v.announced(ctx, zone)
	if err != nil {
		return out, err
	}
	out.Announced = append(out.Announced, announced...)
	slices.SortStableFunc(out.Announced, func(a, b api.NoticeVersion) int { return compareDays(a.From, b.From) })
	slices.SortStableFunc(out.History, func(a, b api.NoticeVersion) int {
		if a.Version != b.Version {
			return b.Version - a.Version
		}
		return compareDays(b.From, a.From)
	})
	for _, one := range out.History {
		if one.Version == n.Version {
			out.From = one.From // the list is newest first, so the last one of this version is its beginning
		}
	}
	return out, nil
}

func compareDays(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// noticesNoted reads the versions from the ledger, newest first, each with the retention before it.
func (v *Views) noticesNoted(ctx context.Context, zone *time.Location) (out []api.NoticeVersion, err error) {
	err = v.o.DB.Read(ctx, func(s *store.Snap) error {
		var after store.NoticeInForce // the version before this one in the list
		for e, err := range s.Entries(store.EntryFilter{Kind: store.KindNoticeInForce, Newest: true, Limit: mostNoticeVersions}) {
			if err != nil {
				return err
			}
			var said store.NoticeInForce
			if json.Unmarshal(e.Payload, &said) != nil || said.Version < 1 {
				continue // disposed of, or damaged: verification names it
			}
			at := At(e.Time, zone)
			if n := len(out); n > 0 {
				if out[n-1].KeptDays != said.KeptDays {
					out[n-1].KeptBefore = said.KeptDays
				}
				out[n-1].Ledger, out[n-1].Looks = api.ChangedTimes(said.LedgerDays, after.LedgerDays), api.ChangedTimes(said.LooksDays, after.LooksDays)
			}
			after = said
			out = append(out, api.NoticeVersion{Version: said.Version, From: string(policy.DateOf(e.Time, zone)), NotedAt: &at, KeptDays: said.KeptDays})
		}
		return nil
	})
	return out, err
}
