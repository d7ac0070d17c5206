package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"sekimori/broker/ledger"
)

// Snap is a consistent view of the database. It is valid only inside the function that received it,
// and only in that goroutine.
type Snap struct {
	// Now is the clock's reading when the snapshot was asked for; in a Tx, the transaction's
	// one time: max(clock, time of the last ledger entry), to the millisecond, UTC.
	Now  time.Time
	tx   *sql.Tx
	zone *time.Location
	db   *DB
	// known caches shared facts by kind and id; nil in a Tx.
	known map[string]any
}

// Zone is the institution's, by which days and office hours go.
func (s *Snap) Zone() *time.Location { return s.zone }

// Tx is a business act under way. Every mutator marks it dirty; a dirty Tx needs an entry.
type Tx struct {
	*Snap
	Clock time.Time // the clock's reading, which the entries record when it differs from Now

	dirty          bool
	size           int64          // of the ledger, entries of this transaction included
	appended       []ledger.Entry // of this transaction; grow puts their leaves into the tree at the end
	unknown        []string       // parts of these entries that the catalogue of kinds lacks
	touched        bindings       // digests of the written rows, as they were left
	change         Change         // subjects of rows and entries
	droppedFactors []FactorFilter // dropped by ForgetFactors
	checkpoint     []byte
}

// KeepKind names what a Keep transaction writes.
type KeepKind string

// The writes that need no ledger entry. The list is closed: a test pins it. None of them gives a person a
// right. A presence names a window, but only that of its attendant, whose post has an entry.
const (
	KeepCodeStep     KeepKind = "code-step"     // a one-time code is used up, even where its act fails
	KeepThrottle     KeepKind = "throttle"      // failures counted per address and person
	KeepTokenUse     KeepKind = "token-use"     // when a token was last seen
	KeepEnrolmentTry KeepKind = "enrolment-try" // a wrong answer to an enrolment code costs a try
	KeepHeartbeat    KeepKind = "heartbeat"     // the broker was alive at this time
	KeepPresence     KeepKind = "presence"      // the attendant of a window gave a sign at this time
	// KeepRecordingCheck: a sealed recording was read again; a finding is an alarm, and that is an act.
	KeepRecordingCheck KeepKind = "recording-check"
	// KeepNotices: addressees of what is in the outbox, deliveries and their tries, what a person has seen.
	KeepNotices KeepKind = "notices"
	// KeepLineProbe: a probe of a line saw its side up or down at this time. A verdict on a line that matters to a session has an entry.
	KeepLineProbe  KeepKind = "line-probe"
	KeepPasskeyUse KeepKind = "passkey-use" // when a passkey was last used, and its own count of uses
	// KeepOwnLogin: the broker itself logged in to a target. What a session does there has entries of its own.
	KeepOwnLogin KeepKind = "own-login"
	// KeepCosignatures: witnesses' signatures under checkpoints, and how each witness answered last. What is wrong with a witness is an alarm, and that is an act.
	KeepCosignatures KeepKind = "cosignatures"
	// KeepForwarded: how far the ledger went out to a collector. An entry for each step would have to go out too, without end.
	KeepForwarded KeepKind = "forwarded"
)

// KeepKinds is the closed list.
func KeepKinds() []KeepKind {
	return []KeepKind{KeepCodeStep, KeepThrottle, KeepTokenUse, KeepEnrolmentTry, KeepHeartbeat, KeepPresence, KeepRecordingCheck, KeepNotices, KeepPasskeyUse, KeepLineProbe, KeepOwnLogin, KeepCosignatures, KeepForwarded}
}

// KeepTx is a Keep transaction. It offers the mutators of the closed list only. Each of them
// fails in a transaction of another kind than its own.
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

// Write runs one business act. An error from fn rolls everything back; so does a panic, which then
// continues. Nil commits, provided that the changes have a ledger entry. After the commit the
// checkpoint is published and the readers of Changed are woken. On a full disk fn may run twice (WhenFull): it sets each variable outside it
// anew, adds to none, and does nothing outside the database that a second run would repeat.
func (db *DB) Write(ctx context.Context, fn func(*Tx) error) error {
	return db.withRoom(func() error { return db.write(ctx, fn) })
}

func (db *DB) write(ctx context.Context, fn func(*Tx) error) error {
	db.begun.Add(1)
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
	// Noted before the commit for the next transaction, and once more after it for a factor that was found remembered in between.
	db.droppedFactors.note(t.droppedFactors)
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	db.droppedFactors.note(t.droppedFactors)
	if t.checkpoint != nil {
		db.pub.offer(t.checkpoint)
	}
	for _, what := range t.unknown {
		db.opt.Uncatalogued(what)
	}
	t.change.all = t.change.all || len(t.droppedFactors) > 0
	db.subs.signal(t.change)
	return nil
}

// Keep writes one kind of the closed list, without a ledger entry and without waking readers of Changed.
func (db *DB) Keep(ctx context.Context, what KeepKind, fn func(*KeepTx) error) error {
	keep := func() error { return db.keep(ctx, what, fn) }
	switch what {
	case KeepCodeStep, KeepThrottle, KeepTokenUse: // they come before a person's act
		return db.withRoom(keep)
	}
	return keep()
}

func (db *DB) keep(ctx context.Context, what KeepKind, fn func(*KeepTx) error) error {
	db.begun.Add(1)
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

// Read gives fn a consistent snapshot. It neither waits for writers nor makes them wait.
func (db *DB) Read(ctx context.Context, fn func(*Snap) error) error {
	db.begun.Add(1)
	tx, err := db.r.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin read: %w", err)
	}
	defer tx.Rollback()
	return fn(&Snap{Now: db.opt.Clock().UTC().Truncate(time.Millisecond), tx: tx, zone: db.opt.Zone, db: db, known: map[string]any{}})
}

// Begun counts the transactions of all kinds since the database was opened.
func (db *DB) Begun() int64 { return db.begun.Load() }

// scanner is the common part of sql.Row and sql.Rows.
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
