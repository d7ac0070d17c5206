package web

import (
	"context"
	"slices"
	"strings"

	"sekimori/broker/store"
	"sekimori/policy"
)

// show reads in one transaction and replies with the view.
func show[T any](s *Server, c *call, read func(*store.Snap) (T, error)) error {
	v, err := view(s, c, read)
	if err != nil {
		return err
	}
	return c.reply(v)
}

// opened is show for one thing whose opening is ledgered (screens §2, L1): the entry is committed before anything of it is shown, and
// what is not there was not opened. what names the thing, and is the field of its id, which id reads.
func opened[T any](s *Server, c *call, what string, id func(T) string, read func(*store.Snap) (T, error)) error {
	v, err := view(s, c, read)
	if err != nil {
		return err
	}
	if err := s.looked(c, what+".viewed", []string{id(v), c.person.ID}, map[string]string{what: id(v)}); err != nil {
		return err
	}
	return c.reply(v)
}

func view[T any](s *Server, c *call, read func(*store.Snap) (T, error)) (v T, err error) {
	err = s.o.DB.Read(c.r.Context(), func(snap *store.Snap) (err error) {
		v, err = read(snap)
		return err
	})
	return v, err
}

// each turns rows into views; the result is never nil, so that JSON says [].
func each[R, V any](rows []R, view func(R) V) []V {
	out := make([]V, 0, len(rows))
	for _, r := range rows {
		out = append(out, view(r))
	}
	return out
}

func (s *Server) emptyRegistry(ctx context.Context) (bool, error) { return s.o.Registry.Empty(ctx) }

func (s *Server) people(c *call) error {
	return show(s, c, func(snap *store.Snap) ([]Person, error) {
		rows, err := snap.Persons(store.PersonFilter{})
		out := each(rows, func(p store.Person) Person { return viewPerson(p, s.o.Zone) })
		for _, v := range out {
			if err == nil {
				err = s.withLifts(snap, store.LockOfPerson, v.ID, v.Locked)
			}
		}
		return out, err
	})
}

func (s *Server) personByID(c *call) error {
	return opened(s, c, "person", func(v Person) string { return v.ID }, func(snap *store.Snap) (Person, error) { return s.wholePerson(snap, c.r.PathValue("id")) })
}

// wholePerson is a person with their keys.
func (s *Server) wholePerson(snap *store.Snap, id string) (Person, error) {
	p, err := snap.Person(id)
	if err != nil {
		return Person{}, err
	}
	keys, err := snap.Keys(p.ID)
	if err != nil {
		return Person{}, err
	}
	v := viewPerson(p, s.o.Zone)
	v.Keys = each(keys, func(k store.Key) Key { return viewKey(k, s.o.Zone) })
	return v, s.withLifts(snap, store.LockOfPerson, p.ID, v.Locked)
}

func (s *Server) systems(c *call) error {
	return show(s, c, func(snap *store.Snap) ([]System, error) {
		rows, err := snap.Systems()
		return each(rows, viewSystem), err
	})
}

func (s *Server) system(c *call) error {
	return opened(s, c, "system", func(v System) string { return v.ID }, func(snap *store.Snap) (System, error) {
		v, err := snap.System(c.r.PathValue("id"))
		return viewSystem(v), err
	})
}

func (s *Server) targets(c *call) error {
	return show(s, c, func(snap *store.Snap) ([]Target, error) {
		rows, err := snap.Targets("")
		return each(rows, viewTarget), err
	})
}

func (s *Server) target(c *call) error {
	return opened(s, c, "target", func(v Target) string { return v.ID }, func(snap *store.Snap) (Target, error) {
		v, err := snap.Target(c.r.PathValue("id"))
		return viewTarget(v), err
	})
}

func (s *Server) accounts(c *call) error {
	return show(s, c, func(snap *store.Snap) ([]Account, error) {
		rows, err := snap.Accounts("")
		return each(rows, viewAccount), err
	})
}

func (s *Server) account(c *call) error {
	return opened(s, c, "account", func(v Account) string { return v.ID }, func(snap *store.Snap) (Account, error) {
		v, err := snap.Account(c.r.PathValue("id"))
		return viewAccount(v), err
	})
}

// sees tells whether the person may look at something of a system: their own section's, or all.
func (s *Server) sees(snap *store.Snap, p policy.Person, system string) (bool, error) {
	if everywhere(p) {
		return true, nil
	}
	if p.Kind != policy.Staff {
		return false, nil
	}
	sys, err := snap.System(system)
	if err != nil {
		return false, err
	}
	return sys.Section == p.Section, nil
}

// statesAsked reads ?state= of a list. One that there is not is no filter that hits nothing: who misspells it would read that
// nothing awaits them.
func statesAsked[T ~string](c *call, known []T) ([]T, error) {
	asked := T(c.query("state"))
	if asked == "" {
		return nil, nil
	}
	if !slices.Contains(known, asked) {
		words := make([]string, 0, len(known))
		for _, v := range known {
			words = append(words, string(v))
		}
		return nil, faultBadRequest("state は次のどれかです: "+strings.Join(words, "、"), "state is one of "+strings.Join(words, ", "), nil)
	}
	return []T{asked}, nil
}
