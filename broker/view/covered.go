package view

import (
	"fmt"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/store"
)

// covered says how much of a session's recording people were sent. A session without a recording has none.
func covered(s *store.Snap, one store.Session) (*api.Covered, error) {
	if one.Recording == "" {
		return nil, nil
	}
	c, err := s.Covered(one.ID)
	if err != nil {
		return nil, fmt.Errorf("looks at the recording of %s: %w", one.ID, err)
	}
	out := &api.Covered{Session: one.ID, Length: c.Length, Sent: c.All.Seconds(), People: []api.CoveredBy{}}
	if out.Length == 0 && one.Ended.After(one.Started) {
		out.Length = int64((one.Ended.Sub(one.Started) + time.Second - 1) / time.Second) // a begun second counts, as it does in the intervals
	}
	for _, v := range c.People {
		out.People = append(out.People, api.CoveredBy{Person: v.Person, Sent: v.All.Seconds(), Looks: v.Looks, Open: v.Open, Unmeasured: v.Unmeasured})
	}
	return out, nil
}

// coverage is that of several sessions; those without a recording are left out.
func coverage(s *store.Snap, sessions []store.Session) (out []api.Covered, err error) {
	for _, one := range sessions {
		c, err := covered(s, one)
		if err != nil {
			return nil, err
		}
		if c != nil {
			out = append(out, *c)
		}
	}
	return out, nil
}

// sentTo sums up the lengths of recordings, and the parts of them that one person was sent.
func sentTo(person string, all []api.Covered) (sent, length int64) {
	for _, c := range all {
		length += c.Length
		for _, v := range c.People {
			if v.Person == person {
				sent += v.Sent
			}
		}
	}
	return sent, length
}
