package store

import (
	"database/sql"

	"sekimori/policy"
)

// lockColumns scans the outer join of a lock in force.
type lockColumns struct {
	by, reason sql.NullString
	since      sql.NullInt64
}

func (l lockColumns) lock() *policy.Lock {
	if !l.since.Valid {
		return nil
	}
	return &policy.Lock{By: l.by.String, Reason: l.reason.String, Since: fromMS(l.since.Int64)}
}

func (t *Tx) lock(kind, subject, by, reason string) error {
	_, err := t.exec(`INSERT INTO locks (kind, subject, by, reason, since) VALUES (?, ?, ?, ?, ?)`,
		kind, subject, by, reason, ms(t.Now))
	return exists(err)
}

func (t *Tx) unlock(kind, subject, by string) error {
	return t.one(`UPDATE locks SET lifted = ?, lifted_by = ? WHERE kind = ? AND subject = ? AND lifted = 0`,
		ms(t.Now), by, kind, subject)
}

// LockPerson stops a person from now on. Errors: ErrExists when a lock is in force.
func (t *Tx) LockPerson(id, by, reason string) error { return t.lock("person", id, by, reason) }

// UnlockPerson lifts the lock in force. Errors: ErrNotFound when there is none.
func (t *Tx) UnlockPerson(id, by string) error { return t.unlock("person", id, by) }

// LockVendor stops a vendor from now on. Errors: ErrExists when a lock is in force.
func (t *Tx) LockVendor(id, by, reason string) error { return t.lock("vendor", id, by, reason) }

// UnlockVendor lifts the lock in force. Errors: ErrNotFound when there is none.
func (t *Tx) UnlockVendor(id, by string) error { return t.unlock("vendor", id, by) }

const freezeColumns = `SELECT id, scope, subject, by, since, reason, lifted FROM freezes`

func scanFreeze(r scanner) (Freeze, error) {
	var f Freeze
	err := r.Scan(&f.ID, &f.Scope, &f.Subject, &f.By, at(&f.Since), &f.Reason, at(&f.Lifted))
	return f, err
}

func (s *Snap) withLifts(f Freeze) (Freeze, error) {
	var err error
	f.Lifts, err = list(s, func(r scanner) (Lift, error) {
		var l Lift
		err := r.Scan(&l.By, at(&l.At), &l.Reason)
		return l, err
	}, `SELECT by, at, reason FROM freeze_lifts WHERE freeze = ? ORDER BY at, by`, f.ID)
	return f, err
}

// Freeze reads one freeze with the agreements to lift it. Errors: ErrNotFound.
func (s *Snap) Freeze(id string) (Freeze, error) {
	f, err := get(s, scanFreeze, freezeColumns+` WHERE id = ?`, id)
	if err != nil {
		return f, err
	}
	return s.withLifts(f)
}

// Freezes lists freezes, oldest first: those in force only, or all.
func (s *Snap) Freezes(inForce bool) ([]Freeze, error) {
	var w where
	if inForce {
		w.and("lifted = 0")
	}
	all, err := list(s, scanFreeze, freezeColumns+w.String()+` ORDER BY since, id`, w.args...)
	for i := range all {
		if err == nil {
			all[i], err = s.withLifts(all[i])
		}
	}
	return all, err
}

// AddFreeze puts a freeze into force. The id comes from NextIncidentNo.
func (t *Tx) AddFreeze(f policy.Freeze) error {
	_, err := t.exec(`INSERT INTO freezes (id, scope, subject, by, since, reason) VALUES (?, ?, ?, ?, ?, ?)`,
		f.ID, string(f.Scope), f.Subject, f.By, ms(f.Since), f.Reason)
	return exists(err)
}

// AddLift records one person's agreement to lift. Errors: ErrExists when the person agreed before.
func (t *Tx) AddLift(freeze, by, reason string) error {
	_, err := t.exec(`INSERT INTO freeze_lifts (freeze, by, at, reason) VALUES (?, ?, ?, ?)`, freeze, by, ms(t.Now), reason)
	return exists(err)
}

// EndFreeze ends a freeze in force. Errors: ErrNotFound when it is not in force.
func (t *Tx) EndFreeze(id string) error {
	return t.one(`UPDATE freezes SET lifted = ? WHERE id = ? AND lifted = 0`, ms(t.Now), id)
}
