package store

import (
	"fmt"
	"time"

	"sekimori/policy"
)

// HeldSession is a session whose recording an incident holds or held.
type HeldSession struct {
	ID, Window, Request, System, Vendor string
	Cut                                 bool      // it was under way when the incident began
	Ended                               time.Time // zero: it is still under way
}

// SessionsHeldBy lists the sessions whose recordings a cause holds or held, in the order in which it held them.
func (s *Snap) SessionsHeldBy(cause string) ([]HeldSession, error) {
	return list(s, func(r scanner) (h HeldSession, err error) {
		return h, r.Scan(&h.ID, &h.Window, &h.Request, &h.System, &h.Vendor, &h.Cut, at(&h.Ended))
	}, `SELECT s.id, s.window, s.request, s.system, s.vendor, h.live, s.ended FROM holds h JOIN sessions s ON s.id = h.session WHERE h.cause = ? ORDER BY h.id`, cause)
}

// Refused is an attempt to connect that a freeze refused.
type Refused struct{ ID, System, Vendor string }

// RefusedDuring lists the attempts that were refused as frozen while a freeze was in force, in its scope, the oldest first. An attempt that
// several freezes refused belongs to each.
func (s *Snap) RefusedDuring(f Freeze) ([]Refused, error) {
	var w where
	w.and("state = 'refused' AND reason = ? AND created >= ?", string(policy.Frozen), ms(f.Since))
	if !f.Lifted.IsZero() {
		w.and("created <= ?", ms(f.Lifted))
	}
	scope := HoldScopeOf(f.Freeze)
	if scope.Vendor != "" {
		w.and("vendor IN (SELECT id FROM vendors WHERE id = ? OR prime = ?)", scope.Vendor, scope.Vendor)
	}
	w.text("system = ?", scope.System)
	if scope.Drill {
		w.and("window IN (SELECT id FROM windows WHERE drill = 1)")
	}
	return list(s, func(r scanner) (a Refused, err error) { return a, r.Scan(&a.ID, &a.System, &a.Vendor) },
		`SELECT id, system, vendor FROM sessions`+w.String()+` ORDER BY created, id`, w.args...)
}

// IncidentTell is one who must be told of an incident, as the institution's list stood when it began.
type IncidentTell struct {
	Incident string
	Key      string
	Who      policy.Text
	Note     string
	Due      time.Time
	At       time.Time // when it was noted that they were told; zero: not yet
	By       string
	Words    string
}

const tellColumns = `SELECT t.incident, t.key, t.ja, t.en, t.note, t.due, t.told_at, t.told_by, t.words FROM incident_tells t`

func scanTell(r scanner) (t IncidentTell, err error) {
	return t, r.Scan(&t.Incident, &t.Key, &t.Who.JA, &t.Who.EN, &t.Note, at(&t.Due), at(&t.At), &t.By, &t.Words)
}

// IncidentTells lists those who must be told of an incident: those not yet told by when it is due, then the others by when it was noted.
func (s *Snap) IncidentTells(incident string) ([]IncidentTell, error) {
	return list(s, scanTell, tellColumns+` WHERE t.incident = ? ORDER BY t.told_at > 0, CASE t.told_at WHEN 0 THEN t.due ELSE t.told_at END, t.key`, incident)
}

// UntoldTells lists those of real incidents who should have been told by now and for whom no alarm was raised, the longest overdue first.
func (s *Snap) UntoldTells() ([]IncidentTell, error) {
	return list(s, scanTell, tellColumns+` JOIN freezes f ON f.id = t.incident WHERE t.told_at = 0 AND t.raised = 0 AND t.due < ? AND f.drill = 0 ORDER BY t.due, t.incident, t.key LIMIT 100`, ms(s.Now))
}

// AddIncidentTell puts a row on an incident's list. Errors: ErrExists.
func (t *Tx) AddIncidentTell(i IncidentTell) error {
	_, err := t.exec(`INSERT INTO incident_tells (incident, key, ja, en, note, due) VALUES (?, ?, ?, ?, ?, ?)`, i.Incident, i.Key, i.Who.JA, i.Who.EN, i.Note, ms(i.Due))
	return exists(err)
}

// SayTold notes that one on the list was told. Errors: ErrNotFound where there is no such row, or it was noted before.
func (t *Tx) SayTold(incident, key, by, words string) error {
	return t.one(`UPDATE incident_tells SET told_at = ?, told_by = ?, words = ? WHERE incident = ? AND key = ? AND told_at = 0`, ms(t.Now), by, words, incident, key)
}

// RaiseUntold notes that an alarm says that one on the list was not told in time. Errors: ErrNotFound.
func (t *Tx) RaiseUntold(incident, key string) error {
	return t.one(`UPDATE incident_tells SET raised = ? WHERE incident = ? AND key = ? AND told_at = 0 AND raised = 0`, ms(t.Now), incident, key)
}

// LastCut is when the last of the sessions that an incident found under way ended, and how many of them are not over. Zero: it found none, or none
// has ended.
func (s *Snap) LastCut(incident string) (last time.Time, live int, err error) {
	type cut struct {
		last time.Time
		live int
	}
	c, err := get(s, func(r scanner) (c cut, err error) { return c, r.Scan(at(&c.last), &c.live) },
		`SELECT coalesce(max(s.ended), 0), coalesce(sum(s.ended = 0), 0) FROM holds h JOIN sessions s ON s.id = h.session WHERE h.cause = ? AND h.live = 1`, incident)
	return c.last, c.live, err
}

// EntriesConcerning lists the numbers of the entries below an index that name one of the ids, or one of the requests and no window of it beside
// the given ones: a request of many windows is told of only as far as these go.
func (s *Snap) EntriesConcerning(ids, requests, windows []string, below int64) ([]int64, error) {
	own, err := encode(orEmpty(append(append([]string{}, ids...), windows...)))
	if err != nil {
		return nil, err
	}
	asked, err := encode(orEmpty(requests))
	if err != nil {
		return nil, err
	}
	found, err := list(s, func(r scanner) (idx int64, err error) { return idx, r.Scan(&idx) }, `WITH own (id) AS (SELECT value FROM json_each(?)), asked (no) AS (SELECT value FROM json_each(?))
		SELECT idx FROM (SELECT idx FROM ledger_subjects WHERE subject IN (SELECT no FROM asked)
			EXCEPT SELECT idx FROM ledger_subjects WHERE subject IN (SELECT w.id FROM windows w WHERE w.request IN (SELECT no FROM asked) AND w.id NOT IN (SELECT id FROM own))
			EXCEPT SELECT idx FROM ledger_subjects WHERE subject IN (SELECT x.id FROM sessions x JOIN windows w ON w.id = x.window WHERE w.request IN (SELECT no FROM asked) AND w.id NOT IN (SELECT id FROM own))
			UNION SELECT idx FROM ledger_subjects WHERE subject IN (SELECT id FROM own))
		WHERE idx < ? ORDER BY idx`, own, asked, below)
	if err != nil {
		return nil, fmt.Errorf("entries about an incident: %w", err)
	}
	return found, nil
}
