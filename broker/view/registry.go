package view

import (
	"context"
	"strings"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/freeze"
	"sekimori/broker/papers"
	"sekimori/broker/store"
)

// People lists all people by number.
func (v *Views) People(ctx context.Context, _ Reader, p Page) (api.List[api.Person], error) {
	return listRead(ctx, v, p, func(s *store.Snap) ([]api.Person, error) {
		rows, err := s.Persons(store.PersonFilter{})
		out := Each(rows, func(p store.Person) api.Person { return Person(p, v.o.Zone) })
		for _, one := range out {
			if err == nil {
				err = v.withLifts(s, store.LockOfPerson, one.ID, one.Locked)
			}
		}
		return out, err
	}, itself, func(p api.Person) string { return p.ID })
}

// PeopleNames gives what people are called, by number, for showing beside the ids that entries and states name. It leaves no entry: no more
// is told than pages show beside an id.
func (v *Views) PeopleNames(ctx context.Context, _ Reader, p Page) (api.List[api.Name], error) {
	return listRead(ctx, v, p, func(s *store.Snap) ([]api.Name, error) {
		rows, err := s.Persons(store.PersonFilter{})
		return Each(rows, func(p store.Person) api.Name {
			return api.Name{ID: p.ID, Name: strings.TrimSpace(p.Title + " " + p.Name)}
		}), err
	}, itself, func(n api.Name) string { return n.ID })
}

// Person shows one with their keys. The look is ledgered (L1). Errors: store.ErrNotFound.
func (v *Views) Person(ctx context.Context, by Reader, id string) (api.Person, error) {
	return opened(ctx, v, by, "person", func(p api.Person) string { return p.ID }, func(s *store.Snap) (api.Person, error) {
		out, err := v.WholePerson(s, id)
		if err == nil {
			out.Offers = freeze.OnPerson.Offers(s, by.Person, out.ID)
		}
		return out, err
	})
}

// WholePerson is a person with their keys.
func (v *Views) WholePerson(s *store.Snap, id string) (api.Person, error) {
	p, err := s.Person(id)
	if err != nil {
		return api.Person{}, err
	}
	keys, err := s.Keys(p.ID)
	if err != nil {
		return api.Person{}, err
	}
	out := Person(p, v.o.Zone)
	out.Keys = Each(keys, func(k store.Key) api.Key { return Key(k, v.o.Zone) })
	return out, v.withLifts(s, store.LockOfPerson, p.ID, out.Locked)
}

// WholeVendor is a vendor, with the progress of a lock's release.
func (v *Views) WholeVendor(s *store.Snap, id string) (api.Vendor, error) {
	row, err := s.Vendor(id)
	if err != nil {
		return api.Vendor{}, err
	}
	out := Vendor(row, v.o.Zone)
	return out, v.withLifts(s, store.LockOfVendor, row.ID, out.Locked)
}

// withLifts adds the progress of a lock's release.
func (v *Views) withLifts(s *store.Snap, kind store.LockKind, id string, l *api.Lock) error {
	if l == nil {
		return nil
	}
	row, err := s.LockInForce(kind, id)
	if err != nil {
		return err
	}
	if l.State = "locked"; len(row.Lifts) > 0 {
		l.State = "lift-one"
	}
	l.Lifts = Lifts(row.Lifts, v.o.Zone)
	return nil
}

// Systems lists the systems by number.
func (v *Views) Systems(ctx context.Context, _ Reader, p Page) (api.List[api.System], error) {
	return listRead(ctx, v, p, (*store.Snap).Systems, System, func(s api.System) string { return s.ID })
}

// System shows one. The look is ledgered (L1). Errors: store.ErrNotFound.
func (v *Views) System(ctx context.Context, by Reader, id string) (api.System, error) {
	return opened(ctx, v, by, "system", func(s api.System) string { return s.ID }, func(s *store.Snap) (api.System, error) {
		row, err := s.System(id)
		return System(row), err
	})
}

// Targets lists the targets by number.
func (v *Views) Targets(ctx context.Context, _ Reader, p Page) (api.List[api.Target], error) {
	return listRead(ctx, v, p, func(s *store.Snap) ([]store.Target, error) { return s.Targets("") }, Target, func(t api.Target) string { return t.ID })
}

// TargetNow is Target as an act left it, without an entry.
func (v *Views) TargetNow(ctx context.Context, by Reader, id string) (out api.Target, err error) {
	err = v.o.DB.Read(ctx, func(s *store.Snap) error {
		out, err = v.target(s, by, id)
		return err
	})
	return out, err
}

// Target shows one. The look is ledgered (L1). Errors: store.ErrNotFound.
func (v *Views) Target(ctx context.Context, by Reader, id string) (api.Target, error) {
	return opened(ctx, v, by, "target", func(t api.Target) string { return t.ID }, func(s *store.Snap) (api.Target, error) {
		return v.target(s, by, id)
	})
}

// Accounts lists the accounts by number.
func (v *Views) Accounts(ctx context.Context, _ Reader, p Page) (api.List[api.Account], error) {
	return listRead(ctx, v, p, func(s *store.Snap) ([]store.Account, error) { return s.Accounts("") }, Account, func(a api.Account) string { return a.ID })
}

// Account shows one, without its secret. The look is ledgered (L1). Errors: store.ErrNotFound.
func (v *Views) Account(ctx context.Context, by Reader, id string) (api.Account, error) {
	return opened(ctx, v, by, "account", func(a api.Account) string { return a.ID }, func(s *store.Snap) (api.Account, error) {
		return v.account(s, id)
	})
}

// Vendors lists the vendors by number, each with its standing.
func (v *Views) Vendors(ctx context.Context, _ Reader, p Page) (api.List[api.VendorLine], error) {
	lines, err := v.o.Papers.Vendors(ctx)
	if err != nil {
		return api.List[api.VendorLine]{}, err
	}
	return pageOf(Each(lines, func(l papers.Line) api.VendorLine {
		return api.VendorLine{Vendor: Vendor(l.Vendor, v.o.Zone), Standing: Standing(l.Standing, v.o.Zone)}
	}), func(l api.VendorLine) string { return l.Vendor.ID }, p)
}

// VendorPage shows a vendor with all its papers. The look is ledgered. Errors: *policy.Denied; store.ErrNotFound.
func (v *Views) VendorPage(ctx context.Context, by Reader, id string) (out api.VendorPage, err error) {
	if err := v.o.Papers.Look(ctx, id, by.actor()); err != nil {
		return out, err
	}
	err = v.o.DB.Read(ctx, func(s *store.Snap) error {
		p, err := v.o.Papers.Page(s, id)
		if err != nil {
			return err
		}
		out = VendorPage(p, v.o.Zone)
		out.Offers = append(freeze.OnVendor.Offers(s, by.Person, p.Vendor.ID), papers.OnVendor.Offers(s, by.Person, p.Vendor.ID)...)
		return v.withLifts(s, store.LockOfVendor, p.Vendor.ID, out.Vendor.Locked)
	})
	return out, err
}

// Keys lists the reader's own keys, or those of a person for whom the reader keeps the register. Errors: *policy.Denied;
// store.ErrNotFound.
func (v *Views) Keys(ctx context.Context, by Reader, person string, p Page) (api.List[api.Key], error) {
	list, err := v.o.Registry.Keys(ctx, person, by.actor())
	if err != nil {
		return api.List[api.Key]{}, err
	}
	return pageOf(Each(list, func(k store.Key) api.Key { return Key(k, v.o.Zone) }), func(k api.Key) string { return oldestFirst(k.Added) + k.Fingerprint }, p)
}

// Passkeys lists the reader's own passkeys, or those of a person for whom the reader keeps the register. Errors: *policy.Denied;
// store.ErrNotFound.
func (v *Views) Passkeys(ctx context.Context, by Reader, person string, p Page) (api.List[api.Passkey], error) {
	list, err := v.o.Registry.Passkeys(ctx, person, by.actor())
	if err != nil {
		return api.List[api.Passkey]{}, err
	}
	return pageOf(Each(list, func(k store.Passkey) api.Passkey { return passkey(k, v.o.Zone) }), func(k api.Passkey) string { return oldestFirst(k.Added) + k.ID }, p)
}

// Passkey is one of them. Errors: those of Passkeys.
func (v *Views) Passkey(ctx context.Context, by Reader, person, id string) (api.Passkey, error) {
	list, err := v.o.Registry.Passkeys(ctx, person, by.actor())
	if err != nil {
		return api.Passkey{}, err
	}
	for _, k := range list {
		if k.ID == id {
			return passkey(k, v.o.Zone), nil
		}
	}
	return api.Passkey{}, store.ErrNotFound
}

func passkey(k store.Passkey, z *time.Location) api.Passkey {
	out := api.Passkey{ID: k.ID, Person: k.Person, Label: k.Label, State: string(store.KeyActive), Added: At(k.Added, z), LastUsed: At(k.LastUsed, z), Ended: At(k.Ended, z)}
	if !k.Ended.IsZero() {
		out.State = string(store.KeyRevoked)
	}
	return out
}

// Changes lists the changes that await a second person, the oldest first.
func (v *Views) Changes(ctx context.Context, _ Reader, p Page) (api.List[api.PendingChange], error) {
	list, err := v.o.Registry.Pending(ctx)
	if err != nil {
		return api.List[api.PendingChange]{}, err
	}
	return pageOf(Each(list, func(c api.PendingChange) api.PendingChange {
		c.At = At(c.At, v.o.Zone)
		return c
	}), func(c api.PendingChange) string { return oldestFirst(c.At) + c.No }, p)
}

func itself[T any](v T) T { return v }

// opened shows a thing whose opening is ledgered (screens §2, L1): the entry is committed before anything is shown. A thing that does
// not exist gets no entry. what names the kind of thing and is the member for its id, which id reads.
func opened[T any](ctx context.Context, v *Views, by Reader, what string, id func(T) string, read func(*store.Snap) (T, error)) (out T, err error) {
	err = v.o.DB.Read(ctx, func(s *store.Snap) (err error) {
		out, err = read(s)
		return err
	})
	if err == nil {
		err = v.Looked(ctx, by, what+".viewed", []string{id(out), by.ID}, map[string]string{what: id(out)})
	}
	if err != nil {
		var none T
		return none, err
	}
	return out, nil
}
