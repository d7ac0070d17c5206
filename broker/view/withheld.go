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

// mostExamined bounds how many entries one look examines of a subject whose entries are not all seen, a person's or a vendor's: each is read. A list
// says where it goes on, and its total is the number found among that many.
const mostExamined = 2000

// whole reports whether no entry of the list is left out: every one, or those of a thing that the person sees.
func (r *reading) whole(subject string) (bool, error) {
	if subject == "" || r.sight.All {
		return true, nil
	}
	o, err := r.ownerOf(subject)
	return err == nil && o.Section != "" && r.sight.Sees(o), err
}

// count counts the entries of a list. Where it is not whole, it counts those that the person reads among the newest mostExamined.
func (r *reading) count(f store.EntryFilter, whole bool) (n int, err error) {
	if whole {
		return r.s.CountEntries(f)
	}
	f.Limit = mostExamined
	for e, err := range r.s.Entries(f) {
		if err != nil {
			return 0, err
		}
		one := api.Entry{Actor: api.Actor{ID: e.Actor.ID}, Subjects: e.Subjects}
		if err := r.withhold(&one); err != nil {
			return 0, err
		}
		if !one.Withheld {
			n++
		}
	}
	return n, nil
}

// ownerOf finds the section behind a system, or behind a thing of one; empty: the id is of another kind of thing.
func (r *reading) ownerOf(id string) (policy.Owner, error) {
	system, err := r.s.SystemOf(id)
	if err != nil || system == "" {
		return policy.Owner{}, err
	}
	sys, err := r.s.System(system)
	if errors.Is(err, store.ErrNotFound) {
		return policy.Owner{}, nil
	}
	return policy.Owner{Section: sys.Section}, err
}
