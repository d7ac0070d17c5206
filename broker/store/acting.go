package store

import (
	"errors"

	"sekimori/broker/ledger"
	"sekimori/policy"
)

// ActingPerson reads the acting person as they stand in this transaction. A person who was locked or lost the role
// since signing in can no longer act. Errors: *policy.Denied where the id is unknown or may not act.
func (s *Snap) ActingPerson(by ledger.Actor) (policy.Person, error) {
	nobody := &policy.Denied{Reason: policy.Forbidden, Args: map[string]string{"role": "staff"}}
	if by.Kind != "person" || by.ID == "" {
		return policy.Person{}, nobody
	}
	p, err := s.Person(by.ID)
	switch {
	case errors.Is(err, ErrNotFound):
		return policy.Person{}, nobody
	case err != nil:
		return policy.Person{}, err
	case p.ID != by.ID:
		return policy.Person{}, nobody // an entry names people by id, never by login
	case p.Locked != nil:
		return policy.Person{}, &policy.Denied{Reason: policy.EngineerLocked, Args: map[string]string{
			"reason": p.Locked.Reason, "date": p.Locked.Since.In(s.zone).Format("2006-01-02"),
		}}
	}
	return p.Person, nil
}
