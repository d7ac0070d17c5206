package store

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"sekimori/broker/ledger"
	"sekimori/policy"
)

// PayloadsBefore lists entries before an instant whose payload is there, from an index on, in order.
func (s *Snap) PayloadsBefore(from int64, before time.Time, limit int) ([]ledger.Entry, error) {
	return list(s, scanEntry, entryColumns+` WHERE e.idx >= ? AND e.at < ? AND e.payload IS NOT NULL ORDER BY e.idx LIMIT ?`, from, ms(before), limit)
}

// LedgerKept is how long the payload of an entry of a kind is kept by the times in force; zero: for ever.
func (n NoticeInForce) LedgerKept(kind string) time.Duration {
	days := n.LedgerDays
	if ledger.OfLooks(kind) {
		days = n.LooksDays
	}
	return time.Duration(days) * 24 * time.Hour
}

// PayloadFacts are the facts about disposing of an entry's payload, beside those of yearly reports. kept are the times in force.
func (s *Snap) PayloadFacts(e ledger.Entry, kept NoticeInForce) (policy.PayloadFacts, error) {
	f := policy.PayloadFacts{Disposable: !ledger.KeptForEver(e.Kind), At: e.Time, Keep: kept.LedgerKept(e.Kind), Disposed: e.Disposed()}
	for _, subject := range e.Subjects {
		about, err := s.about(subject)
		if err != nil {
			return policy.PayloadFacts{}, fmt.Errorf("facts about %q: %w", subject, err)
		}
		f.Held, f.Open, f.Stored = f.Held || about.Held, f.Open || about.Open, f.Stored || about.Stored
	}
	return f, nil
}

// sessionsOf are the sessions that an id names: a session, a window, a request, or an incident by what it holds.
const sessionsOf = `SELECT s.id, s.state, s.recording FROM sessions s WHERE s.id = ?1 OR s.window = ?1 OR s.request = ?1
	OR s.id IN (SELECT h.session FROM holds h WHERE h.cause = ?1)`

// about reads how things stand that an id names. One id may name several: a review has the id of its window.
func (s *Snap) about(id string) (f policy.PayloadFacts, err error) {
	f, err = get(s, func(r scanner) (f policy.PayloadFacts, err error) {
		return f, r.Scan(&f.Held, &f.Open, &f.Stored)
	}, `WITH named AS (`+sessionsOf+`) SELECT
		EXISTS (SELECT 1 FROM named n JOIN holds h ON h.session = n.id WHERE h.released = 0),
		EXISTS (SELECT 1 FROM named WHERE state IN ('opening', 'active'))
			OR EXISTS (SELECT 1 FROM requests WHERE no = ?1 AND state NOT IN ('rejected', 'withdrawn', 'lapsed', 'revoked', 'closed'))
			OR EXISTS (SELECT 1 FROM windows WHERE id = ?1 AND state NOT IN ('closed', 'cut', 'cancelled'))
			OR EXISTS (SELECT 1 FROM window_reviews v WHERE `+owedWords+` AND (v.id = ?1 OR v.request = ?1 OR v.id IN (SELECT id FROM named)))
			OR EXISTS (SELECT 1 FROM findings f JOIN window_reviews v ON v.id = f.review WHERE f.closed_at = 0 AND (f.no = ?1 OR v.id = ?1 OR v.request = ?1 OR v.session IN (SELECT id FROM named)
				OR v.window IN (SELECT s.window FROM sessions s WHERE s.id = ?1 AND s.window <> '')))
			OR EXISTS (SELECT 1 FROM freezes WHERE id = ?1 AND lifted = 0)
			OR EXISTS (SELECT 1 FROM alarm_desks WHERE alarm = ?1 AND acked_at = 0),
		EXISTS (SELECT 1 FROM named n WHERE n.recording <> '' AND NOT EXISTS (SELECT 1 FROM disposals d WHERE d.session = n.id AND d.done > 0))
			OR EXISTS (SELECT 1 FROM files WHERE (id = ?1 OR session = ?1) AND disposed = 0 AND state NOT IN ('file-rejected', 'stopped', 'expired'))
			OR EXISTS (SELECT 1 FROM papers WHERE id = ?1 AND disposed = 0)`, id)
	if err != nil {
		return policy.PayloadFacts{}, err
	}
	corrected, is := strings.CutPrefix(id, "ledger/")
	if !is {
		return f, nil
	}
	index, err := strconv.ParseInt(corrected, 10, 64)
	if err != nil {
		return policy.PayloadFacts{}, err
	}
	e, err := s.Entry(index)
	if errors.Is(err, ErrNotFound) || err == nil && !e.Disposed() {
		f.Open, err = true, nil // a correction stays as long as the words that it corrects
	}
	return f, err
}
