package store

import (
	"errors"

	"sekimori/policy"
)

// Owner gives the section, the vendor and the prime contractor that a thing concerns. system and vendor are ids; each may be empty. Only
// people who see everything see a thing whose system and vendor are not in the registry.
func (s *Snap) Owner(system, vendor string) (policy.Owner, error) {
	o := policy.Owner{Vendor: vendor}
	if system != "" {
		sys, err := s.System(system)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return o, err
		}
		o.Section = sys.Section
	}
	if vendor != "" {
		v, err := s.Vendor(vendor)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return o, err
		}
		o.Prime = v.Prime
	}
	return o, nil
}
