package view

import (
	"context"
	"errors"
	"slices"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/store"
	"sekimori/policy"
)

// Named is a person or a company with the name that people know.
type Named struct {
	ID, Name, Title string
	Section         string // name of a member of staff's section
	Phone           string
}

// AccountBrief is an account with what people know of it.
type AccountBrief struct {
	ID, Target, Login, Note string
	Root, Registered        bool
}

// Brief is what a card says of a request beside its own fields: what its ids are called.
type Brief struct {
	System, Section, SectionPhone string
	Head                          Named // of the section; zero: by role alone
	Attendance                    policy.AttendanceMode
	Delegated                     time.Duration // what an attendant may extend by, in all
	SecondStage                   bool
	Vendor, Responsible           Named
	Requester, Proposer           Named
	Attendant                     Named // zero: none is named
	Engineers                     []Named
	Accounts                      []AccountBrief
	People                        map[string]Named // everyone whom decisions name
}

// Brief reads the names of a request that the person was shown. A thing that is gone from the registry keeps its id for a name.
func (v *Views) Brief(ctx context.Context, r api.Request) (b Brief, err error) {
	err = v.o.DB.Read(ctx, func(s *store.Snap) (err error) {
		b, err = brief(s, r)
		return err
	})
	return b, err
}

func brief(s *store.Snap, r api.Request) (b Brief, err error) {
	n := naming{s: s}
	b.System = r.System
	if sys, err := s.System(r.System); err == nil {
		b.System, b.Attendance, b.Delegated, b.SecondStage = sys.Name, sys.AttendanceRule(), sys.Delegated, sys.SecondStage
		b.Section, b.SectionPhone = sys.Section, sys.Phone
		if section, err := s.Section(sys.Section); err == nil {
			b.Section, b.Head = section.Name, n.person(section.Head)
			if b.SectionPhone == "" {
				b.SectionPhone = section.Phone
			}
		} else {
			n.note(err)
		}
	} else {
		n.note(err)
	}
	b.Vendor, b.Responsible = n.vendor(r.Vendor), n.vendor(r.ResponsibleParty)
	b.Requester, b.Proposer, b.Attendant = n.person(r.Requester), n.person(r.Proposer), n.person(r.Attendant)
	for _, id := range r.Engineers {
		b.Engineers = append(b.Engineers, n.person(id))
	}
	for _, id := range r.Accounts {
		b.Accounts = append(b.Accounts, n.account(id))
	}
	b.People = map[string]Named{}
	for _, d := range r.Decisions {
		for _, id := range []string{d.By, d.OnBehalf} {
			if id != "" {
				b.People[id] = n.person(id)
			}
		}
	}
	return b, n.err
}

// naming looks names up. A missing one is no error.
type naming struct {
	s   *store.Snap
	err error
}

func (n *naming) note(err error) {
	if n.err == nil && err != nil && !errors.Is(err, store.ErrNotFound) {
		n.err = err
	}
}

func (n *naming) person(id string) Named {
	if id == "" {
		return Named{}
	}
	p, err := n.s.Person(id)
	if err != nil {
		n.note(err)
		return Named{ID: id, Name: id}
	}
	out := Named{ID: p.ID, Name: p.Name, Title: p.Title, Phone: p.Phone}
	if p.Section != "" {
		if section, err := n.s.Section(p.Section); err == nil {
			out.Section = section.Name
		} else {
			n.note(err)
		}
	}
	return out
}

func (n *naming) vendor(id string) Named {
	if id == "" {
		return Named{}
	}
	v, err := n.s.Vendor(id)
	if err != nil {
		n.note(err)
		return Named{ID: id, Name: id}
	}
	return Named{ID: v.ID, Name: v.Name, Phone: v.Phone}
}

func (n *naming) account(id string) AccountBrief {
	a, err := n.s.Account(id)
	if err != nil {
		n.note(err)
		return AccountBrief{ID: id}
	}
	return AccountBrief{ID: a.ID, Target: a.Target, Login: a.Login, Note: a.Note, Root: a.Root, Registered: true}
}

// Deciding is how the person would take the decision that a request awaits.
type Deciding struct {
	Open     bool
	Why      policy.Reason // it is not open
	Stage    int
	OnBehalf Named // the approver for whom the person decides as deputy; zero: for themselves
	From     time.Time
	Until    time.Time
	Reason   string // why the approver is away
	Lapses   time.Time
}

// Deciding tells whether and how the person decides on a request that they were shown. A freeze, or a missing reason for an administrator's
// rights, does not close the page: returning and rejecting stay open.
func (v *Views) Deciding(ctx context.Context, by Reader, no string) (d Deciding, err error) {
	err = v.o.DB.Read(ctx, func(s *store.Snap) error {
		facts, err := s.PolicyRequest(no)
		if err != nil {
			return err
		}
		ruled := policy.MayRefuse(by.Person, facts, s.Now)
		d = Deciding{Open: ruled.Allow, Why: ruled.Reason, Stage: facts.Stage(), Lapses: facts.Start}
		if ruled.OnBehalf == "" {
			return nil
		}
		n := naming{s: s}
		d.OnBehalf = n.person(ruled.OnBehalf)
		if at := slices.IndexFunc(facts.Deputations, func(p policy.Deputation) bool { return p.For == ruled.OnBehalf && p.Deputy == by.ID }); at >= 0 {
			one := facts.Deputations[at]
			d.From, d.Until, d.Reason = At(one.From, v.o.Zone), At(one.Until, v.o.Zone), one.Reason
		}
		return n.err
	})
	return d, err
}
