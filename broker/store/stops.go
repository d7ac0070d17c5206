package store

import (
	"database/sql"
	"fmt"
	"time"

	"sekimori/policy"
)

// DrillAsk is a drill that one person asked for and that needs another person's agreement.
type DrillAsk struct {
	ID       string // an incident's number; the drill's freeze will have the same
	Scope    policy.FreezeScope
	Subject  string
	System   string // as of a freeze
	By       string
	At       time.Time
	Reason   string
	AgreedBy string
	AgreedAt time.Time // zero: only asked for; it stops nothing yet
}

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

// LockKind says what a lock stops.
type LockKind string

// The kinds of lock.
const (
	LockOfPerson LockKind = "person"
	LockOfVendor LockKind = "vendor"
)

// LockRow is a lock in force and the agreements to lift it.
type LockRow struct {
	policy.Lock
	Number int64
	Lifts  []Lift
}

// Cause is the cause that the holds of a lock carry.
func (l LockRow) Cause() string { return fmt.Sprintf("lock-%d", l.Number) }

// LockInForce reads the lock of a person or vendor, named by id. Errors: ErrNotFound when there is none.
func (s *Snap) LockInForce(kind LockKind, subject string) (LockRow, error) {
	l, err := get(s, func(r scanner) (LockRow, error) {
		var l LockRow
		err := r.Scan(&l.Number, &l.By, &l.Reason, at(&l.Since))
		return l, err
	}, `SELECT id, by, reason, since FROM locks WHERE kind = ? AND subject = ? AND lifted = 0`, string(kind), subject)
	if err != nil {
		return l, err
	}
	l.Lifts, err = list(s, scanLift, `SELECT by, at, reason FROM lock_lifts WHERE lock = ? ORDER BY at, by`, l.Number)
	return l, err
}

// AddLockLift records one person's agreement to lift a lock. Errors: ErrExists when the person agreed before.
func (t *Tx) AddLockLift(lock int64, by, reason string) error {
	_, err := t.exec(`INSERT INTO lock_lifts (lock, by, at, reason) VALUES (?, ?, ?, ?)`, lock, by, ms(t.Now), reason)
	return exists(err)
}

// SetLockReason replaces the reason of a lock in force. Errors: ErrNotFound.
func (t *Tx) SetLockReason(lock int64, reason string) error {
	return t.one(`UPDATE locks SET reason = ? WHERE id = ? AND lifted = 0`, reason, lock)
}

// EnrolledStaff lists the staff who can sign in: they have a second factor, and are not locked.
func (s *Snap) EnrolledStaff() ([]Person, error) {
	return list(s, scanPerson, personColumns+` WHERE p.kind = 'staff' AND l.since IS NULL
		AND EXISTS (SELECT 1 FROM totp f WHERE f.person = p.id) ORDER BY p.id`)
}

const freezeColumns = `SELECT id, scope, subject, system, by, since, reason, lifted, drill FROM freezes`

func scanFreeze(r scanner) (Freeze, error) {
	var f Freeze
	err := r.Scan(&f.ID, &f.Scope, &f.Subject, &f.System, &f.By, at(&f.Since), &f.Reason, at(&f.Lifted), &f.Drill)
	return f, err
}

func scanLift(r scanner) (Lift, error) {
	var l Lift
	err := r.Scan(&l.By, at(&l.At), &l.Reason)
	return l, err
}

func (s *Snap) withLifts(f Freeze) (Freeze, error) {
	var err error
	f.Lifts, err = list(s, scanLift, `SELECT by, at, reason FROM freeze_lifts WHERE freeze = ? ORDER BY at, by`, f.ID)
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
	_, err := t.exec(`INSERT INTO freezes (id, scope, subject, system, by, since, reason, drill) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
		f.ID, string(f.Scope), f.Subject, f.System, f.By, ms(f.Since), f.Reason, f.Drill)
	return exists(err)
}

// SetFreezeReason replaces the reason of a freeze, in force or lifted. Errors: ErrNotFound.
func (t *Tx) SetFreezeReason(id, reason string) error {
	return t.one(`UPDATE freezes SET reason = ? WHERE id = ?`, reason, id)
}

// covered reports whether a freeze in force covers the vendor (directly or through its prime contractor) or the system.
// A drill covers drills only.
func (s *Snap) covered(vendor, system string, drill bool) (bool, error) {
	return get(s, func(r scanner) (bool, error) {
		var n int
		err := r.Scan(&n)
		return n > 0, err
	}, `SELECT count(*) FROM freezes WHERE lifted = 0 AND (drill = 0 OR ?) AND (scope = 'all' OR (scope = 'system' AND subject = ?)
		OR (scope = 'vendor' AND system IN ('', ?) AND subject IN (SELECT id FROM vendors WHERE id = ? UNION SELECT prime FROM vendors WHERE id = ?)))`,
		drill, system, system, vendor, vendor)
}

const drillColumns = `SELECT id, scope, subject, system, by, at, reason, agreed_by, agreed_at FROM drill_asks`

func scanDrill(r scanner) (DrillAsk, error) {
	var d DrillAsk
	err := r.Scan(&d.ID, &d.Scope, &d.Subject, &d.System, &d.By, at(&d.At), &d.Reason, &d.AgreedBy, at(&d.AgreedAt))
	return d, err
}

// DrillAsk reads one drill that was asked for. Errors: ErrNotFound.
func (s *Snap) DrillAsk(id string) (DrillAsk, error) {
	return get(s, scanDrill, drillColumns+` WHERE id = ?`, id)
}

// DrillAsks lists every drill that was asked for, the oldest first.
func (s *Snap) DrillAsks() ([]DrillAsk, error) {
	return list(s, scanDrill, drillColumns+` ORDER BY at, id`)
}

// AddDrillAsk records that a drill is asked for. The id comes from NextIncidentNo.
func (t *Tx) AddDrillAsk(d DrillAsk) error {
	_, err := t.exec(`INSERT INTO drill_asks (id, scope, subject, system, by, at, reason) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		d.ID, string(d.Scope), d.Subject, d.System, d.By, ms(t.Now), d.Reason)
	return exists(err)
}

// AgreeDrill records the second person. Errors: ErrNotFound when it is agreed already.
func (t *Tx) AgreeDrill(id, by string) error {
	return t.one(`UPDATE drill_asks SET agreed_by = ?, agreed_at = ? WHERE id = ? AND agreed_at = 0`, by, ms(t.Now), id)
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
