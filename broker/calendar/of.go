package calendar

import (
	"time"

	"sekimori/policy"
)

// Override is a day of the institution's own list.
type Override = policy.Holiday

// Of makes the calendar that the rules ask, valid for [from, until): the institution's declared hours, the public holidays of
// those years as changed by its own list, and its no-work times. A nil zone is UTC. The previous and the next year are
// included, because a rule may look a month beyond.
func Of(i policy.Institution, overrides []Override, nowork []policy.NoWork, zone *time.Location, from, until time.Time) policy.Calendar {
	if zone == nil {
		zone = time.UTC
	}
	c := policy.Calendar{Zone: zone, Hours: i.Hours, Holidays: map[policy.Date]string{}, NoWork: nowork}
	first, last := from.In(zone).Year()-1, until.In(zone).Year()+1
	for year := first; year <= last; year++ {
		for day, h := range Public(year) {
			c.Holidays[day] = h.JA
		}
	}
	for _, o := range overrides {
		if o.Open {
			delete(c.Holidays, o.Date)
			continue
		}
		c.Holidays[o.Date] = o.Name
	}
	return c
}
