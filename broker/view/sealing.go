package view

import (
	"context"
	"fmt"

	"sekimori/broker/api"
	"sekimori/broker/sealing"
	"sekimori/broker/store"
	"sekimori/policy"
	"sekimori/recordings"
)

// ViewingKeys lists the viewing keys of recordings, the newest first, with what the person may do. Errors: *policy.Denied.
func (v *Views) ViewingKeys(ctx context.Context, by Reader, p Page) (api.List[api.ViewingKey], error) {
	if err := policy.SeesViewingKeys(by.Person).Err(); err != nil {
		return api.List[api.ViewingKey]{}, err
	}
	var out []api.ViewingKey
	err := v.o.DB.Read(ctx, func(s *store.Snap) error {
		all, err := v.viewingKeys(s)
		out = nil
		for _, one := range all {
			shown := ViewingKey(one, v)
			shown.Offers = sealing.OnKey.Offers(s, by.Person, one.Name())
			out = append(out, shown)
		}
		return err
	})
	if err != nil {
		return api.List[api.ViewingKey]{}, err
	}
	return pageOf(out, func(k api.ViewingKey) string {
		n, _ := sealing.KeyNumber(k.Key)
		return fmt.Sprintf("%09d", 999_999_999-n)
	}, p)
}

// viewingKeys are the rows; before the first change the key of the installation.
func (v *Views) viewingKeys(s *store.Snap) ([]store.ViewingKey, error) {
	all, err := s.ViewingKeys()
	if err != nil || len(all) > 0 {
		return all, err
	}
	for _, k := range v.o.Ring.ViewingKeys() {
		if k.Number == 1 {
			all = append(all, store.ViewingKey{Number: 1, Recipient: k.Recipient, State: policy.ViewingKeyCurrent})
		}
	}
	return all, nil
}

// ViewingKeyNow shows a viewing key as an act left it. Errors: store.ErrNotFound.
func (v *Views) ViewingKeyNow(ctx context.Context, id string) (out api.ViewingKey, err error) {
	number, err := sealing.KeyNumber(id)
	if err != nil {
		return out, err
	}
	err = v.o.DB.Read(ctx, func(s *store.Snap) error {
		all, err := v.viewingKeys(s)
		for _, one := range all {
			if one.Number == number {
				out = ViewingKey(one, v)
				return err
			}
		}
		if err == nil {
			err = fmt.Errorf("viewing key %q: %w", id, store.ErrNotFound)
		}
		return err
	})
	return out, err
}

// ViewingKey is a viewing key as people see it.
func ViewingKey(k store.ViewingKey, v *Views) api.ViewingKey {
	return api.ViewingKey{
		Key: k.Name(), Fingerprint: recordings.Fingerprint(k.Recipient), PostQuantum: postQuantum(k.Recipient), State: string(k.State),
		Begun: At(k.Begun, v.o.Zone), BegunBy: k.BegunBy, Settled: At(k.Settled, v.o.Zone), SettledBy: k.SettledBy, Destroyed: At(k.Destroyed, v.o.Zone),
	}
}

// Accesses lists the further keys that open earlier recordings: those that wait for a second person first, then the newest. Errors:
// *policy.Denied.
func (v *Views) Accesses(ctx context.Context, by Reader, p Page) (api.List[api.Access], error) {
	if err := policy.SeesViewingKeys(by.Person).Err(); err != nil {
		return api.List[api.Access]{}, err
	}
	var out []api.Access
	err := v.o.DB.Read(ctx, func(s *store.Snap) error {
		all, err := s.Accesses()
		out = nil
		for _, one := range all {
			shown := Access(one, v)
			shown.Offers = sealing.OnAccess.Offers(s, by.Person, one.ID)
			out = append(out, shown)
		}
		return err
	})
	if err != nil {
		return api.List[api.Access]{}, err
	}
	return pageOf(out, func(a api.Access) string {
		part := "1"
		if a.State == string(policy.AccessAsked) {
			part = "0"
		}
		return part + newestFirst(a.Asked) + a.ID
	}, p)
}

// AccessNow shows an access as an act left it. Errors: store.ErrNotFound.
func (v *Views) AccessNow(ctx context.Context, id string) (out api.Access, err error) {
	err = v.o.DB.Read(ctx, func(s *store.Snap) error {
		row, err := s.Access(id)
		out = Access(row, v)
		return err
	})
	return out, err
}

// Access is an access as people see it.
func Access(a store.Access, v *Views) api.Access {
	return api.Access{
		ID: a.ID, Fingerprint: recordings.Fingerprint(a.Recipient), PostQuantum: postQuantum(a.Recipient), Holder: a.Holder, Sessions: a.Sessions, All: a.Everything,
		Reason: a.Reason, State: string(a.State), Asked: At(a.Asked, v.o.Zone), AskedBy: a.AskedBy, Decided: At(a.Decided, v.o.Zone), DecidedBy: a.DecidedBy,
		Ended: At(a.Ended, v.o.Zone), EndedBy: a.EndedBy, Written: a.Written,
	}
}

func postQuantum(recipient string) bool {
	r, err := recordings.ParseRecipient(recipient)
	return err == nil && recordings.PostQuantum(r)
}
