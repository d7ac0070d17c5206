package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"sekimori/broker/ledger"
)

// Snap is a consistent view of the database. It is valid inside the function it was given to,
// and belongs to that goroutine.
type Snap struct {
	// Now is the clock's reading when the snapshot was asked for; in a Tx, the transaction's
	// one time: max(clock, time of the last ledger entry), to the millisecond, UTC.
	Now  time.Time
	tx   *sql.Tx
	zone *time.Location
	db   *DB
	// known is what Facts has read already, by kind and id; nil in a Tx.
	known map[string]any
}

// Tx is a business act under way. Every mutator marks it dirty; a dirty Tx needs an entry.
type Tx struct {
	*Snap
	Clock time.Time // the clock's reading, which the entries record when it differs from Now

	dirty      bool
	size       int64          // of the ledger, entries of this transaction included
	appended   []ledger.Entry // of this transaction; their leaves get into the tree at the end of it
	unknown    []string       // what they have that the catalogue of kinds lacks
	touched    bindings       // rows written, as they were left
	forgot     []FactorFilter // what ForgetFactors dropped
	checkpoint []byte
}

// KeepKind names what a Keep transaction writes.
type KeepKind string

// What may be written without a ledger entry. The list is closed: a test pins it. None of it gives anybody
// a right. A presence names a window, but of its attendant only, who took the post by an entry.
const (
	KeepCodeStep     KeepKind = "code-step"     // a one-time code is used up, also where the act it was for fails
	KeepThrottle     KeepKind = "throttle"      // failures counted per address and person
	KeepTokenUse     KeepKind = "token-use"     // when a token was last seen
	KeepEnrolmentTry KeepKind = "enrolment-try" // a wrong answer to an enrolment code costs a try
	KeepHeartbeat    KeepKind = "heartbeat"     // the broker was alive at this time
	KeepPresence     KeepKind = "presence"      // the attendant of a window was heard of at this time
	// KeepRecordingCheck: a sealed recording was read again; a finding is an alarm, and that is an act.
	KeepRecordingCheck KeepKind = "recording-check"
)

// KeepKinds is the closed list.
func KeepKinds() []KeepKind {
	return []KeepKind{KeepCodeStep, KeepThrottle, KeepTokenUse, KeepEnrolmentTry, KeepHeartbeat, KeepPresence, KeepRecordingCheck}
}

// KeepTx is a Keep transaction. It offers the mutators of the closed list only, each of which
// fails under another kind than its own.
type KeepTx struct {
	*Snap
	what KeepKind
}

func (k *KeepTx) allow(what KeepKind) error {
	if k.what != what {
		return fmt.Errorf("store: %s inside Keep of %s", what, k.what)
	}
	return nil
}

// Write runs one business act. What fn returns rolls everything back; a panic does too and goes
// on. Nil commits, provided that the ledger got an entry for what changed. After the commit the
// checkpoint goes out and whoever asked by Changed is woken.
func (db *DB) Write(ctx context.Context, fn func(*Tx) error) error {
	tx, err := db.w.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin write: %w", err)
	}
	defer tx.Rollback() // no effect after Commit; runs when fn panics
	t := &Tx{Snap: &Snap{tx: tx, zone: db.opt.Zone, db: db}, touched: bindings{}}
	if err := t.begin(db.opt.Clock()); err != nil {
		return fmt.Errorf("begin write: %w", err)
	}
	if err := fn(t); err != nil {
		return err
	}
	if t.dirty && len(t.appended) == 0 {
		return ErrNoEntry
	}
	if len(t.appended) > 0 {
		if err := t.bind(); err != nil {
			return fmt.Errorf("bind what was written: %w", err)
		}
		if err := t.grow(); err != nil {
			return err
		}
		if err := t.sign(); err != nil {
			return fmt.Errorf("sign checkpoint: %w", err)
		}
	}
	// Before the commit, so that the next transaction knows it; after it once more, for a factor that was found remembered in between.
	db.forgotten.note(t.forgot)
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	db.forgotten.note(t.forgot)
	if t.checkpoint != nil {
		db.pub.offer(t.checkpoint)
	}
	for _, what := range t.unknown {
		db.opt.Uncatalogued(what)
	}
	db.subs.signal()
	return nil
}

// Keep writes something of the closed list, without a ledger entry and without waking anybody.
func (db *DB) Keep(ctx context.Context, what KeepKind, fn func(*KeepTx) error) error {
	known := false
	for _, k := range KeepKinds() {
		known = known || k == what
	}
	if !known {
		return fmt.Errorf("store: Keep does not know %q", what)
	}
	tx, err := db.w.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin keep: %w", err)
	}
	defer tx.Rollback()
	k := &KeepTx{Snap: &Snap{Now: db.opt.Clock().UTC().Truncate(time.Millisecond), tx: tx, zone: db.opt.Zone, db: db}, what: what}
	if err := fn(k); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// Read gives fn a consistent snapshot. It does not wait for writers, nor they for it.
func (db *DB) Read(ctx context.Context, fn func(*Snap) error) error {
	tx, err := db.r.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin read: %w", err)
	}
	defer tx.Rollback()
	return fn(&Snap{Now: db.opt.Clock().UTC().Truncate(time.Millisecond), tx: tx, zone: db.opt.Zone, db: db, known: map[string]any{}})
}

// scanner is what sql.Row and sql.Rows have in common.
type scanner interface{ Scan(...any) error }

// get reads one row; none is ErrNotFound.
func get[T any](s *Snap, scan func(scanner) (T, error), query string, args ...any) (T, error) {
	v, err := scan(s.tx.QueryRow(query, args...))
	if errors.Is(err, sql.ErrNoRows) {
		return v, ErrNotFound
	}
	return v, err
}

// list reads all rows.
func list[T any](s *Snap, scan func(scanner) (T, error), query string, args ...any) ([]T, error) {
	rows, err := s.tx.Query(query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, rows.Err()
}

// one changes exactly one row; none is ErrNotFound.
func (t *Tx) one(query string, args ...any) error {
	res, err := t.exec(query, args...)
	if err != nil {
		return err
	}
	return affected(res)
}

func affected(res sql.Result) error {
	n, err := res.RowsAffected()
	if err != nil {
		return err
	}
	if n == 0 {
		return ErrNotFound
	}
	return nil
}
