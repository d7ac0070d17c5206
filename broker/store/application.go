package store

import (
	"strings"

	"sekimori/policy"
)

// This file reads earlier work for the check items (screens §3.1).

// LastWork reads the last session of a vendor on one of the targets that ended, of a request other than but. Errors: ErrNotFound: never.
func (s *Snap) LastWork(vendor, system string, targets []string, but string) (Session, error) {
	args := []any{system, vendor, but}
	for _, t := range targets {
		args = append(args, t)
	}
	if len(targets) == 0 {
		return Session{}, ErrNotFound
	}
	return get(s, scanSession, sessionColumns+` WHERE system = ? AND vendor = ? AND request <> ? AND state = 'ended' AND target IN (?`+
		strings.Repeat(", ?", len(targets)-1)+`) ORDER BY created DESC, id DESC LIMIT 1`, args...)
}

// Attended tells whether a person held the post on a system before, in a window of a request other than but.
func (s *Snap) Attended(person, system, but string) (bool, error) {
	return get(s, scanAny, `SELECT EXISTS (SELECT 1 FROM windows WHERE system = ? AND attendant = ? AND opened_at > 0 AND request <> ?)`,
		system, person, but)
}

// SharedWith tells whether another vendor holds a grant on an account that is not over yet.
func (s *Snap) SharedWith(account, vendor string) (bool, error) {
	return get(s, scanAny, `SELECT EXISTS (SELECT 1 FROM grants WHERE account = ? AND vendor <> ? AND state = 'active' AND ends > ?)`,
		account, vendor, ms(s.Now))
}

func scanAny(r scanner) (bool, error) {
	var n int
	err := r.Scan(&n)
	return n > 0, err
}

// Past reads the terms of a session's work, with which the next request is compared (前回). The request keeps the
// terms that were asked for, so the caller applies the conditions of the approval.
func (s *Snap) Past(v Session) (policy.Past, Request, error) {
	p := policy.Past{Session: v.ID, Request: v.Request, At: v.Ended, Source: v.Source.Addr().String()}
	r, err := s.Request(v.Request)
	if err != nil {
		return p, r, err
	}
	w, err := s.Window(v.Window)
	if err != nil {
		return p, r, err
	}
	p.Start, p.End = w.Start, w.End
	p.Review, err = s.verdict(v.ID)
	return p, r, err
}
