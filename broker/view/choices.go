package view

import (
	"context"
	"slices"

	"sekimori/broker/store"
	"sekimori/policy"
)

// Choices are what a request's form offers to a person. They help to type: what may be asked for is judged when the form is handed in.
type Choices struct {
	Systems    []Named
	Accounts   []AccountBrief // of the chosen system
	Attendants []Named        // of the section that owns it
	Vendors    []Named        // that may answer for the work
	Engineers  []Crew
	Lead       int // least minutes from handing in to the start
	Longest    int // most minutes of one window
	Recent     []Recent
	Declared   bool // the institution asks for the declarations
}

// Crew are the engineers of one vendor.
type Crew struct {
	Vendor  Named
	People  []Named
	Left    int    // further engineers whom the list leaves out
	Partner string // name of the prime contractor, for a subcontractor
}

// Recent is an earlier request that a new one may be copied from.
type Recent struct {
	No, System, Purpose string
}

// mostCrew bounds the engineers that a form lists for a vendor, and mostRecent the requests to copy from.
const (
	mostCrew   = 60
	mostRecent = 10
)

// Choices lists what the person may choose from. system is the one chosen so far; empty: none. People of a vendor see only what earlier
// requests of their vendor named.
func (v *Views) Choices(ctx context.Context, by Reader, system string) (c Choices, err error) {
	err = v.o.DB.Read(ctx, func(s *store.Snap) error {
		sight, err := requestSight(s, by.Person)
		if err != nil {
			return err
		}
		past, err := s.Requests(store.RequestFilter{Sight: &sight, System: system, Limit: 200})
		if err != nil {
			return err
		}
		n := naming{s: s}
		c = Choices{Recent: recent(past)}
		house, err := s.Institution()
		if err != nil {
			return err
		}
		c.Declared = house.Declared
		if by.Vendor == "" {
			err = c.staff(s, &n, by.Person, system)
		} else {
			err = c.outside(s, &n, by.Person, past)
		}
		if err != nil {
			return err
		}
		if sys, err := s.System(system); err == nil {
			c.Longest, c.Lead = int(sys.Longest().Minutes()), int(max(sys.Lead, house.Lead).Minutes())
		}
		return n.err
	})
	return c, err
}

func recent(past []store.Request) (out []Recent) {
	for _, r := range past {
		if len(out) == mostRecent {
			break
		}
		out = append(out, Recent{No: r.No, System: r.System, Purpose: r.Body.Purpose})
	}
	return out
}

// staff lists the section's own systems, and all vendors.
func (c *Choices) staff(s *store.Snap, n *naming, p policy.Person, system string) error {
	systems, err := s.Systems()
	if err != nil {
		return err
	}
	for _, sys := range systems {
		if !policy.OfSection(p, sys.System) {
			continue
		}
		c.Systems = append(c.Systems, Named{ID: sys.ID, Name: sys.Name})
		if sys.ID == system {
			if err := c.systemOf(s, n, sys); err != nil {
				return err
			}
		}
	}
	vendors, err := s.Vendors()
	if err != nil {
		return err
	}
	for _, v := range vendors {
		c.Vendors = append(c.Vendors, Named{ID: v.ID, Name: v.Name})
		if err := c.crew(s, n, v.ID, v.Name, v.Prime); err != nil {
			return err
		}
	}
	return nil
}

// systemOf lists the accounts and the attendants of a system.
func (c *Choices) systemOf(s *store.Snap, n *naming, sys store.System) error {
	targets, err := s.Targets(sys.ID)
	if err != nil {
		return err
	}
	for _, t := range targets {
		accounts, err := s.Accounts(t.ID)
		if err != nil {
			return err
		}
		for _, a := range accounts {
			c.Accounts = append(c.Accounts, n.account(a.ID))
		}
	}
	people, err := s.Persons(store.PersonFilter{Kind: policy.Staff, Section: sys.Section, Role: policy.Attendant})
	if err != nil {
		return err
	}
	for _, p := range people {
		if policy.IsAttendant(p.Person, sys.System) && p.Locked == nil {
			c.Attendants = append(c.Attendants, n.person(p.ID))
		}
	}
	return nil
}

// outside lists what earlier requests of the person's vendor named, and its engineers.
func (c *Choices) outside(s *store.Snap, n *naming, p policy.Person, past []store.Request) error {
	for _, r := range past {
		if !slices.ContainsFunc(c.Systems, func(k Named) bool { return k.ID == r.System }) {
			name := r.System
			if sys, err := s.System(r.System); err == nil {
				name = sys.Name
			}
			c.Systems = append(c.Systems, Named{ID: r.System, Name: name})
		}
		for _, id := range r.Body.Accounts {
			if !slices.ContainsFunc(c.Accounts, func(k AccountBrief) bool { return k.ID == id }) {
				c.Accounts = append(c.Accounts, n.account(id))
			}
		}
	}
	v, err := s.Vendor(p.Vendor)
	if err != nil {
		return err
	}
	c.Vendors = append(c.Vendors, Named{ID: v.ID, Name: v.Name})
	if v.Prime != "" {
		c.Vendors = append(c.Vendors, n.vendor(v.Prime))
	}
	return c.crew(s, n, v.ID, v.Name, v.Prime)
}

func (c *Choices) crew(s *store.Snap, n *naming, id, name, prime string) error {
	people, err := s.Persons(store.PersonFilter{Kind: policy.Engineer, Vendor: id})
	if err != nil || len(people) == 0 {
		return err
	}
	crew := Crew{Vendor: Named{ID: id, Name: name}, Partner: n.vendor(prime).Name}
	for _, p := range people {
		if len(crew.People) == mostCrew {
			crew.Left = len(people) - mostCrew
			break
		}
		crew.People = append(crew.People, Named{ID: p.ID, Name: p.Name, Phone: p.Phone})
	}
	c.Engineers = append(c.Engineers, crew)
	return nil
}
