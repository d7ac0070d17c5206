package store

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"sekimori/broker/ledger"
	"sekimori/policy"
)

// HoldsAfter is the time after a session's end in which a freeze or a lock of its scope still holds its recording.
const HoldsAfter = 7 * 24 * time.Hour

// Hold keeps one recording from being disposed of (証拠の保全). A recording may be under several.
type Hold struct {
	Number   int64
	Session  string
	Cause    string // of an incident or a lock; empty: by hand
	By       string
	Since    time.Time
	Reason   string
	Live     bool      // the session was under way
	Released time.Time // zero: in force
	Releases []Lift    // agreements to release it
}

const holdColumns = `SELECT id, session, cause, by, since, reason, live, released FROM holds`

func scanHold(r scanner) (Hold, error) {
	var h Hold
	err := r.Scan(&h.Number, &h.Session, &h.Cause, &h.By, at(&h.Since), &h.Reason, &h.Live, at(&h.Released))
	return h, err
}

// Holds lists the holds in force on a session's recording, the oldest first.
func (s *Snap) Holds(session string) ([]Hold, error) {
	all, err := list(s, scanHold, holdColumns+` WHERE session = ? AND released = 0 ORDER BY id`, session)
	for i := range all {
		if err != nil {
			break
		}
		all[i].Releases, err = list(s, scanLift, `SELECT by, at, reason FROM hold_releases WHERE hold = ? ORDER BY at, by`, all[i].Number)
	}
	return all, err
}

// Held reports whether a session's recording must not be disposed of.
func (s *Snap) Held(session string) (bool, error) {
	_, err := get(s, scanHold, holdColumns+` WHERE session = ? AND released = 0 LIMIT 1`, session)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// HeldBy counts the recordings that a cause holds now, and how many sessions it found under way. A recording that is disposed of is not held.
func (s *Snap) HeldBy(cause string) (held, live int, err error) {
	type counts struct{ held, live int }
	c, err := get(s, func(r scanner) (counts, error) {
		var c counts
		err := r.Scan(&c.held, &c.live)
		return c, err
	}, `SELECT coalesce(sum(released = 0 AND session NOT IN (SELECT session FROM disposals)), 0), coalesce(sum(live), 0) FROM holds WHERE cause = ?`, cause)
	return c.held, c.live, err
}

// HoldScope says which recordings are held. Zero fields do not narrow.
type HoldScope struct {
	Person string
	Vendor string // and its subcontractors
	System string
	Drill  bool // sessions of windows that are drills only
}

// HoldScopeOf is the scope of a freeze.
func HoldScopeOf(f policy.Freeze) HoldScope {
	h := HoldScope{Drill: f.Drill}
	switch f.Scope {
	case policy.FreezeVendor:
		h.Vendor, h.System = f.Subject, f.System
	case policy.FreezeSystem:
		h.System = f.Subject
	}
	return h
}

// HoldRecordings holds the recordings of the sessions in the scope that are under way, or that ended no longer ago
// than HoldsAfter, and names the sessions. A session under way gets its recording later. gone names those whose recording is disposed of: the hold
// keeps only their files and the payloads of their entries.
func (t *Tx) HoldRecordings(scope HoldScope, cause, by, reason string) (held, gone []string, err error) {
	var w where
	w.and("(state IN ('opening', 'active') OR (recording <> '' AND ended >= ?))", ms(t.Now.Add(-HoldsAfter)))
	w.text("person = ?", scope.Person)
	if scope.Vendor != "" {
		w.and("vendor IN (SELECT id FROM vendors WHERE id = ? OR prime = ?)", scope.Vendor, scope.Vendor)
	}
	w.text("system = ?", scope.System)
	if scope.Drill {
		w.and("window IN (SELECT id FROM windows WHERE drill = 1)")
	}
	// One statement: a freeze of everything must be in force before the sessions it cuts have gone on for long.
	if _, err := t.exec(`INSERT INTO holds (session, cause, by, since, reason, live) SELECT id, ?, ?, ?, ?, state IN ('opening', 'active')
		FROM sessions`+w.String()+` ORDER BY rowid`, append([]any{cause, by, ms(t.Now), reason}, w.args...)...); err != nil {
		return nil, nil, exists(err)
	}
	type row struct {
		session string
		gone    bool
	}
	rows, err := list(t.Snap, func(r scanner) (h row, err error) { return h, r.Scan(&h.session, &h.gone) },
		`SELECT session, session IN (SELECT session FROM disposals) FROM holds WHERE cause = ? AND released = 0 ORDER BY id`, cause)
	for _, h := range rows {
		if h.gone {
			gone = append(gone, h.session)
		} else {
			held = append(held, h.session)
		}
	}
	return held, gone, err
}

// subjectsAnEntry bounds an entry: a freeze of everything may hold thousands of recordings.
const subjectsAnEntry = 500

// LedgerHeld ledgers the sessions that a cause holds, in as many entries as they need. gone has no recording left, and the entries say so.
func (t *Tx) LedgerHeld(cause string, held, gone []string, by ledger.Actor) error {
	for len(held)+len(gone) > 0 {
		n := min(len(held), subjectsAnEntry)
		m := min(len(gone), subjectsAnEntry-n)
		said := map[string]any{"cause": cause, "sessions": append([]string{}, held[:n]...)}
		if m > 0 {
			said["disposed"] = gone[:m]
		}
		if _, err := t.Append(ledger.Draft{Kind: "recording.held", Actor: by, Subjects: slices.Concat([]string{cause}, held[:n], gone[:m]), Payload: said}); err != nil {
			return fmt.Errorf("ledger recording.held: %w", err)
		}
		held, gone = held[n:], gone[m:]
	}
	return nil
}

// AddHold holds one recording from now on. Errors: ErrExists when the cause holds it already.
func (t *Tx) AddHold(h Hold) error {
	_, err := t.exec(`INSERT INTO holds (session, cause, by, since, reason, live) VALUES (?, ?, ?, ?, ?, ?)`,
		h.Session, h.Cause, h.By, ms(t.Now), h.Reason, h.Live)
	return exists(err)
}

// AddRelease records one person's agreement to release a hold. Errors: ErrExists when the person agreed before.
func (t *Tx) AddRelease(hold int64, by, reason string) error {
	_, err := t.exec(`INSERT INTO hold_releases (hold, by, at, reason) VALUES (?, ?, ?, ?)`, hold, by, ms(t.Now), reason)
	return exists(err)
}

// EndHold ends a hold. Errors: ErrNotFound when it is not in force.
func (t *Tx) EndHold(hold int64) error {
	return t.one(`UPDATE holds SET released = ? WHERE id = ? AND released = 0`, ms(t.Now), hold)
}

// LockOfCause reports whether the lock that a cause names is in force; false for any other cause.
func (s *Snap) LockOfCause(cause string) (bool, error) {
	n, err := get(s, func(r scanner) (int, error) {
		var n int
		err := r.Scan(&n)
		return n, err
	}, `SELECT count(*) FROM locks WHERE lifted = 0 AND 'lock-' || id = ?`, cause)
	return n > 0, err
}
