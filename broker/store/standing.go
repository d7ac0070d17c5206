package store

import (
	"encoding/json"
	"errors"

	"sekimori/policy"
)

// Standing is Facts without the live sessions and without the requests that have no grant. policy.Recheck uses
// neither, and with a thousand people at work on one system they would be a million rows on every commit.
// An admission must not be decided on it. Errors: ErrNotFound.
func (s *Snap) Standing(ref string) (policy.Facts, error) {
	p, err := s.Person(ref)
	if err != nil {
		return policy.Facts{}, err
	}
	grants, err := s.GrantsWhere(GrantFilter{Person: p.ID, EndAfter: s.Now.Add(-factsPast)})
	if err != nil {
		return policy.Facts{}, err
	}
	keys, err := s.activeKeys(`person = ?`, p.ID)
	if err != nil {
		return policy.Facts{}, err
	}
	return s.standing(p, grants, keys[p.ID])
}

// StandingOf is Standing of many people, by id, in as many queries as for one: every commit asks for all people at work. The map lacks
// people who are not found. One unreadable row fails the call for all; then ask for each person by Standing.
func (s *Snap) StandingOf(ids []string) (map[string]policy.Facts, error) {
	wanted, err := json.Marshal(ids)
	if err != nil {
		return nil, err
	}
	people, err := list(s, scanPerson, personColumns+` WHERE p.id IN (SELECT value FROM json_each(?))`, string(wanted))
	if err == nil {
		people, err = s.pledged(people...)
	}
	if err != nil {
		return nil, err
	}
	all, err := list(s, scanGrant, grantColumns+` WHERE g.person IN (SELECT value FROM json_each(?)) AND g.ends > ? ORDER BY w.starts, g.id`,
		string(wanted), ms(s.Now.Add(-factsPast)))
	if err != nil {
		return nil, err
	}
	grants := make(map[string][]policy.Grant, len(people))
	for _, g := range all {
		grants[g.Person] = append(grants[g.Person], g)
	}
	keys, err := s.activeKeys(`person IN (SELECT value FROM json_each(?))`, string(wanted))
	if err != nil {
		return nil, err
	}
	out := make(map[string]policy.Facts, len(people))
	for _, p := range people {
		if out[p.ID], err = s.standing(p, grants[p.ID], keys[p.ID]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// standing adds to a person and the grants the facts that they share with others.
func (s *Snap) standing(p Person, grants []policy.Grant, keys []string) (policy.Facts, error) {
	f := policy.Facts{
		Zone: s.zone, Person: p.Person, Keys: keys, Grants: grants,
		Systems: map[string]policy.System{}, Targets: map[string]policy.Target{}, Accounts: map[string]policy.Account{},
	}
	if p.Vendor != "" {
		v, err := oncePerSnapshot(s, "vendor "+p.Vendor, func() (Vendor, error) { return s.Vendor(p.Vendor) })
		if err != nil && !errors.Is(err, ErrNotFound) {
			return policy.Facts{}, err
		}
		f.Vendor = v.Vendor
	}
	if f.Vendor.Prime != "" {
		v, err := oncePerSnapshot(s, "vendor "+f.Vendor.Prime, func() (Vendor, error) { return s.Vendor(f.Vendor.Prime) })
		if err != nil && !errors.Is(err, ErrNotFound) {
			return policy.Facts{}, err
		}
		if err == nil {
			f.Prime = &v.Vendor
		}
	}
	var err error
	if f.Institution, err = s.Institution(); err != nil {
		return policy.Facts{}, err
	}
	if p.Vendor != "" {
		f.FollowUps, err = oncePerSnapshot(s, "follow-ups "+p.Vendor, func() ([]policy.FollowUp, error) { return s.FollowUps(p.Vendor) })
		if err != nil {
			return policy.Facts{}, err
		}
	}
	if p.Vendor != "" && f.Institution.Declared && f.Institution.StandingPermits {
		if f.Permits, err = s.permitsOf(p.Vendor); err != nil {
			return policy.Facts{}, err
		}
	}
	if err := s.objects(&f); err != nil {
		return policy.Facts{}, err
	}
	frozen, err := oncePerSnapshot(s, "freezes", func() ([]Freeze, error) {
		return list(s, scanFreeze, freezeColumns+` WHERE lifted = 0 ORDER BY since, id`)
	})
	if err != nil {
		return policy.Facts{}, err
	}
	for _, z := range frozen {
		f.Freezes = append(f.Freezes, z.Freeze)
	}
	f.LockedStaff, err = oncePerSnapshot(s, "locked staff", s.lockedStaff)
	return f, err
}

// activeKeys are the fingerprints of the active keys of people, by person.
func (s *Snap) activeKeys(of, arg string) (map[string][]string, error) {
	type key struct{ person, print string }
	all, err := list(s, func(r scanner) (k key, err error) {
		err = r.Scan(&k.person, &k.print)
		return k, err
	}, `SELECT person, fingerprint FROM person_keys WHERE state = 'active' AND `+of+` ORDER BY id`, arg)
	if err != nil {
		return nil, err
	}
	out := make(map[string][]string, len(all))
	for _, k := range all {
		out[k.person] = append(out[k.person], k.print)
	}
	return out, nil
}

// lockedStaff are the members of staff who are locked now, by id.
func (s *Snap) lockedStaff() ([]string, error) {
	return list(s, func(r scanner) (id string, err error) {
		err = r.Scan(&id)
		return id, err
	}, `SELECT p.id FROM locks l JOIN persons p ON p.id = l.subject WHERE l.kind = 'person' AND l.lifted = 0 AND p.kind = 'staff' ORDER BY p.id`)
}
