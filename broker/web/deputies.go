package web

import (
	"context"
	"slices"
	"time"

	"sekimori/broker/store"
	"sekimori/policy"
)

// Deputy is a period in which somebody decides for an approver who is away (代決).
type Deputy struct {
	No        int64     `json:"deputation"`
	For       string    `json:"for"`
	Deputy    string    `json:"deputy"`
	From      time.Time `json:"from"`
	Until     time.Time `json:"until"` // exclusive
	Reason    string    `json:"reason"`
	SetBy     string    `json:"set_by"`
	SetAt     time.Time `json:"set_at"`
	ClearedBy string    `json:"cleared_by,omitempty"`
	ClearedAt time.Time `json:"cleared_at,omitzero"`
	State     string    `json:"state"` // ahead | in-force | over | cleared
}

// DeputyBody sets a deputy. From and Until are RFC 3339, or a local time of the institution; a missing From means now.
type DeputyBody struct {
	For    string `json:"for"`
	Deputy string `json:"deputy"`
	From   string `json:"from,omitempty"`
	Until  string `json:"until"`
	Reason string `json:"reason"`
	Fresh
}

func viewDeputy(d store.Deputation, now time.Time, z *time.Location) Deputy {
	state := "ahead"
	switch {
	case d.ClearedBy != "":
		state = "cleared"
	case !now.Before(d.Until):
		state = "over"
	case d.Holds(now):
		state = "in-force"
	}
	return Deputy{No: d.ID, For: d.For, Deputy: d.Deputation.Deputy, From: at(d.From, z), Until: at(d.Until, z), Reason: d.Reason, SetBy: d.SetBy,
		SetAt: at(d.SetAt, z), ClearedBy: d.ClearedBy, ClearedAt: at(d.ClearedAt, z), State: state}
}

// deputies lists those of the caller's section that are not over; all of them with ?all=1.
func (s *Server) deputies(c *call) error {
	f := store.DeputationFilter{}
	now := s.o.Clock()
	if c.r.FormValue("all") == "" {
		f.Current = now
	}
	if !everywhere(c.person) {
		f.Section = c.person.Section
	}
	list, err := s.o.Desk.Deputations(c.r.Context(), f)
	if err != nil {
		return err
	}
	return c.reply(each(list, func(d store.Deputation) Deputy { return viewDeputy(d, now, s.o.Zone) }))
}

func (s *Server) setDeputy(c *call) error {
	var in DeputyBody
	if err := c.read(&in); err != nil {
		return err
	}
	from, err := s.instant("from", in.From)
	if err != nil {
		return err
	}
	until, err := s.instant("until", in.Until)
	if err != nil {
		return err
	}
	if err := s.fresh(c, in.Fresh); err != nil {
		return err
	}
	d, err := s.o.Desk.SetDeputy(c.r.Context(), policy.Deputation{For: in.For, Deputy: in.Deputy, From: from, Until: until, Reason: in.Reason}, c.actor())
	if err != nil {
		return err
	}
	return c.reply(viewDeputy(d, s.o.Clock(), s.o.Zone))
}

func (s *Server) clearDeputy(c *call) error {
	no, err := c.number("no")
	if err != nil {
		return err
	}
	d, err := s.o.Desk.ClearDeputy(c.r.Context(), no, c.actor())
	if err != nil {
		return err
	}
	return c.reply(viewDeputy(d, s.o.Clock(), s.o.Zone))
}

// deputising tells whether a member of staff decides for somebody just now: a route that takes deputies lets them in then.
func (s *Server) deputising(ctx context.Context, w who, p policy.Person) (bool, error) {
	if !w.deputies || p.Kind != policy.Staff || p.ID == "" {
		return false, nil
	}
	list, err := s.o.Desk.Deputations(ctx, store.DeputationFilter{Deputy: p.ID, Holding: s.o.Clock(), Limit: 1})
	return len(list) > 0, err
}

// standsIn tells whether the person decides just now for an approver of the section.
func standsIn(snap *store.Snap, p policy.Person, section string) (bool, error) {
	list, err := snap.StandsInFor(p.ID)
	return slices.Contains(list, section), err
}

// sections are those whose procedure a member of staff reads: their own, and those for whose approvers they decide just now.
func (s *Server) sections(c *call) (own string, also []string, err error) {
	err = s.o.DB.Read(c.r.Context(), func(snap *store.Snap) (err error) {
		also, err = snap.StandsInFor(c.person.ID)
		return err
	})
	return c.person.Section, also, err
}
