package store

import (
	"errors"
	"strings"

	"sekimori/policy"
)

// What the check items look back at (screens §3.1).

// LastWork reads the last session of a vendor on one of the targets that ended. Errors: ErrNotFound: never.
func (s *Snap) LastWork(vendor, system string, targets []string) (Session, error) {
	args := []any{system, vendor}
	for _, t := range targets {
		args = append(args, t)
	}
	if len(targets) == 0 {
		return Session{}, ErrNotFound
	}
	return get(s, scanSession, sessionColumns+` WHERE system = ? AND vendor = ? AND state = 'ended' AND target IN (?`+
		strings.Repeat(", ?", len(targets)-1)+`) ORDER BY created DESC, id DESC LIMIT 1`, args...)
}

// Attended tells whether a person held the post on a system before, in another request's window.
func (s *Snap) Attended(person, system, but string) (bool, error) {
	return get(s, scanAny, `SELECT EXISTS (SELECT 1 FROM windows WHERE system = ? AND attendant = ? AND opened_at > 0 AND request <> ?)`,
		system, person, but)
}

// SharedWith tells whether another vendor holds a grant on an account that is not over yet.
func (s *Snap) SharedWith(account, vendor string) (bool, error) {
	return get(s, scanAny, `SELECT EXISTS (SELECT 1 FROM grants WHERE account = ? AND vendor <> ? AND state = 'active' AND ends > ?)`,
		account, vendor, ms(s.Now))
}

// OverdueReviews counts the reviews of a system's sessions that were due before now.
func (s *Snap) OverdueReviews(system string) (int, error) {
	return get(s, func(r scanner) (int, error) {
		var n int
		err := r.Scan(&n)
		return n, err
	}, `SELECT count(*) FROM reviews v JOIN sessions s ON s.id = v.session WHERE v.verdict = '' AND v.due < ? AND s.system = ?`, ms(s.Now), system)
}

func scanAny(r scanner) (bool, error) {
	var n int
	err := r.Scan(&n)
	return n > 0, err
}

// Verdict of a session's review; empty where none is signed or owed.
func (s *Snap) verdict(session string) (string, error) {
	v, err := s.Review(session)
	if errors.Is(err, ErrNotFound) {
		return "", nil
	}
	return v.Verdict, err
}

// Past tells what was granted for a session's work: what the next request is compared with (前回). Conditions of the approval
// are the caller's to apply, since the request keeps what was asked for.
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
