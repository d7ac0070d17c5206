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
