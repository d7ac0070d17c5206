package view

import (
	"context"
	"fmt"
	"strings"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/store"
	"sekimori/policy"
)

// Feeds lists the person's own feeds and those of their section, the oldest first, without the secret
// address. Errors: *policy.Denied.
func (v *Views) Feeds(ctx context.Context, by Reader, p Page) (api.List[api.Feed], error) {
	list, err := v.o.Agenda.Feeds(ctx, by.actor())
	if err != nil {
		return api.List[api.Feed]{}, err
	}
	return pageOf(Each(list, itself), func(f api.Feed) string { return oldestFirst(f.Created) + f.ID }, p)
}

// Institution shows the institution's rules, with the days and the no-work periods that concern the person.
func (v *Views) Institution(ctx context.Context, by Reader) (out api.Institution, err error) {
	err = v.o.DB.Read(ctx, func(s *store.Snap) error {
		i, err := s.Institution()
		if err != nil {
			return err
		}
		days, err := s.Holidays()
		if err != nil {
			return err
		}
		out = api.Institution{
			Declared: i.Declared, Lead: Length(i.Lead), Certifications: i.Certifications, PledgeCopy: i.PledgeCopy, SpecialClauses: i.SpecialClauses,
			AuditReport: i.AuditReport, SpaceDays: i.SpaceDays, StandingPermits: i.StandingPermits, RosterFrom: string(i.RosterFrom), ReviewWeights: i.ReviewWeights, Holidays: Each(days, func(h store.Holiday) api.Holiday {
				return api.Holiday{Date: string(h.Date), Name: h.Name, Open: h.Open}
			}),
		}
		if v.o.Sessions != nil {
			if left := v.o.Sessions.RoomDays(s); left >= 0 {
				out.SpaceLeft = &left
			}
		}
		for _, t := range i.Tell {
			out.Tell = append(out.Tell, api.TellRule{Key: t.Key, JA: t.Who.JA, EN: t.Who.EN, Within: t.Within.String(), Note: t.Note})
		}
		for d, h := range i.Hours {
			if h.From < h.Until {
				if out.Hours == nil {
					out.Hours = map[string]string{}
				}
				out.Hours[strings.ToLower(time.Weekday(d).String()[:3])] = partOfDay(h)
			}
		}
		out.NoWork, err = v.noWork(s, by)
		return err
	})
	return out, err
}

// noWork lists the no-work periods of every system, and of the systems that the person sees.
func (v *Views) noWork(s *store.Snap, by Reader) (out []api.NoWork, err error) {
	times, err := s.NoWork()
	for _, n := range times {
		o, err := s.Owner(n.System, "")
		if err != nil {
			return nil, err
		}
		if n.System == "" || policy.SeeRecords(by.Person).Sees(o) {
			out = append(out, api.NoWork{System: n.System, From: At(n.From, v.o.Zone), Until: At(n.Until, v.o.Zone), Reason: n.Reason})
		}
	}
	return out, err
}

func partOfDay(h policy.Hours) string {
	clock := func(d time.Duration) string { return fmt.Sprintf("%02d:%02d", int(d/time.Hour), int(d/time.Minute)%60) }
	return clock(h.From) + "-" + clock(h.Until)
}
