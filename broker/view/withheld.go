package view

import (
	"errors"
	"slices"

	"sekimori/broker/api"
	"sekimori/broker/store"
	"sekimori/policy"
)

// reading is how one person reads the entries of the ledger.
type reading struct {
	s     *store.Snap
	by    string
	sight policy.Sight
	owner map[string]policy.Owner // of the subjects that were asked about
}

func readingOf(s *store.Snap, by Reader) (*reading, error) {
	sight, _, err := sightOfLedger(s, by.Person)
	return &reading{s: s, by: by.ID, sight: sight, owner: map[string]policy.Owner{}}, err
}

// withhold leaves out what an entry says where the person does not read it.
func (r *reading) withhold(e *api.Entry) error {
	if r.sight.All || e.Actor.ID == r.by || slices.Contains(e.Subjects, r.by) {
		return nil
	}
	ok, err := r.sees(e.Subjects)
	if err == nil && !ok {
		*e = api.Entry{No: e.No, Time: e.Time, Clock: e.Clock, Kind: e.Kind, Actor: api.Actor{Kind: e.Actor.Kind}, Hash: e.Hash, Withheld: true}
	}
	return err
}

func (r *reading) sees(subjects []string) (bool, error) {
	if r.sight.All {
		return true, nil
	}
	var about []policy.Owner
	for _, id := range subjects {
		o, known := r.owner[id]
		if !known {
			var err error
			if o, err = r.ownerOf(id); err != nil {
				return false, err
			}
			r.owner[id] = o
		}
		if o.Section != "" {
			about = append(about, o)
		}
	}
	return policy.SeesEntry(r.sight, about), nil
}

// ownerOf finds the section behind a system, or behind a request, window or session; empty: the id is of another kind of thing.
func (r *reading) ownerOf(id string) (policy.Owner, error) {
	system := id
	w, err := r.s.Window(id)
	if errors.Is(err, store.ErrNotFound) {
		var q store.Request
		if q, err = r.s.Request(id); err == nil {
			system = q.System
		}
	} else if err == nil {
		system = w.System
	}
	if errors.Is(err, store.ErrNotFound) {
		var one store.Session
		if one, err = r.s.Session(id); err == nil {
			system = one.System
		}
	}
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return policy.Owner{}, err
	}
	sys, err := r.s.System(system)
	if errors.Is(err, store.ErrNotFound) {
		return policy.Owner{}, nil
	}
	return policy.Owner{Section: sys.Section}, err
}
