package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"
	"golang.org/x/mod/sumdb/note"
)

//go:embed migrations/sqlite/*.sql
var migrations embed.FS

// Errors that callers branch on.
var (
	ErrNotFound = errors.New("not found")
	ErrNoEntry  = errors.New("the transaction changed state without a ledger entry")
	ErrNotLive  = errors.New("no such live session")
	ErrExists   = errors.New("exists already")
	ErrCodeUsed = errors.New("code used already") // of a step at or below the last one accepted
	ErrTampered = errors.New("the ledger does not match its checkpoint")
	// ErrUnreadable: the file is not a database, or is damaged.
	ErrUnreadable = errors.New("the database file is damaged")
)

// readers is how many snapshots may be read at once. Each holds its own connection.
const readers = 4

// Options are what Open needs beside the path. Clock, Signer and Origin are required.
type Options struct {
	Clock  func() time.Time
	Signer note.Signer // signs checkpoints, in the transaction
	// Verifier belongs to Signer. With it, Open checks the last checkpoint's signature and
	// every commit checks what was just signed; without it, the tree alone is checked.
	Verifier note.Verifier
	Origin   string // first line of every checkpoint
	// Publish takes a checkpoint to a place that the data directory's owner cannot reach. One
	// goroutine calls it after commits, never under a lock; a newer checkpoint replaces
	// a waiting one. Nil: nothing is published.
	Publish func(ctx context.Context, checkpoint []byte) error
	// Uncatalogued is called after the commit with everything in an entry that the catalogue of kinds (ledger.Uncatalogued)
	// lacks. The entry is written all the same. Nil: no call.
	Uncatalogued func(what string)
	// Told says whether someone is told of an entry. Such an entry has a row in the outbox, in the same transaction. It looks at the entry
	// alone and does not fail. Nil: no one is told of anything.
	Told func(kind string, payload []byte) bool
	Log  hclog.Logger   // nil: none
	Zone *time.Location // of the institution: numbers, Facts. Nil: UTC
}

// DB is the open database. All methods are safe for concurrent use.
type DB struct {
	opt  Options
	w    *sql.DB // one connection
	r    *sql.DB
	subs subscribers
	pub  *publisher

	release        atomic.Pointer[func() bool] // gives room on a full disk; nil: none is kept
	droppedFactors droppedFactors
	begun          atomic.Int64 // transactions

	shapes          map[string]*shape // of the tables whose rows are bound to entries
	writeStatements sync.Map          // writing by text of the statement; there are as many as mutators
}

// Open opens the database at path, migrates its schema and compares the ledger's tree with the last checkpoint. It compares
// the schema with the migrations before and after migrating. Errors: ErrTampered when they differ, as a *Damage that names
// the place; any other error is the file system's or a migration's. The context bounds opening only.
func Open(ctx context.Context, path string, o Options) (*DB, error) {
	if o.Clock == nil || o.Signer == nil || o.Origin == "" {
		return nil, errors.New("open store: clock, signer and origin are required")
	}
	if o.Log == nil {
		o.Log = hclog.NewNullLogger()
	}
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	if err := createPrivate(path); err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	before, err := comparedBefore(ctx, path, o)
	if err != nil {
		return nil, fmt.Errorf("open store %s: %w", path, err)
	}
	from, to, err := migrate(ctx, dsn(path, "_txlock=immediate"))
	if err != nil {
		if damage := damagedFile(ctx, path); damage != nil {
			err = damage // the migration's own error helps no reader
		}
		return nil, fmt.Errorf("open store %s: %w", path, err)
	}
	// SQLite overwrites deleted and replaced contents with zeros: a payload that is disposed of must not stay in free pages of the file.
	w, err := openPrepared(dsn(path, "_txlock=immediate", "_pragma=secure_delete(1)"))
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	w.SetMaxOpenConns(1)
	w.SetMaxIdleConns(1)
	r, err := openPrepared(dsn(path, "_txlock=deferred", "_pragma=query_only(1)"))
	if err != nil {
		w.Close()
		return nil, fmt.Errorf("open store: %w", err)
	}
	r.SetMaxOpenConns(readers)
	r.SetMaxIdleConns(readers)
	db := &DB{opt: o, w: w, r: r}
	err = db.Read(ctx, func(s *Snap) (err error) {
		if err := errors.Join(s.checkSchema(), s.checkHead()); err != nil {
			return err
		}
		db.shapes, err = s.shapes()
		return err
	})
	if err != nil {
		r.Close()
		w.Close()
		return nil, fmt.Errorf("open store %s: %w", path, err)
	}
	db.pub = startPublisher(o)
	if from != to {
		if err := db.rebind(ctx, from, to, before); err != nil {
			return nil, errors.Join(fmt.Errorf("open store %s: bind what the migration changed: %w", path, err), db.Close())
		}
	}
	return db, nil
}

// Close waits for a checkpoint that is being published and, for at most closeWait, for running transactions, then closes the file. sql.DB.Close
// does not wait for connections in use, and SQLite's last one writes the log into the file: it must not do so after Close.
func (db *DB) Close() error {
	db.pub.stop()
	return errors.Join(closePool(db.r), closePool(db.w))
}

// closeWait is how long a transaction may go on after Close was called.
const closeWait = 2 * time.Second

// closePool closes idle connections, lets no new transaction begin, and waits for the connections in use.
func closePool(pool *sql.DB) error {
	err := pool.Close()
	look := time.NewTicker(time.Millisecond)
	defer look.Stop()
	limit := time.NewTimer(closeWait)
	defer limit.Stop()
	for pool.Stats().OpenConnections > 0 {
		select {
		case <-look.C:
		case <-limit.C:
			return errors.Join(err, fmt.Errorf("close store: a transaction still runs after %s", closeWait))
		}
	}
	return err
}

// createPrivate makes the file with mode 0600 before SQLite would make it with a looser one.
// SQLite gives the -wal and -shm beside it the mode of the database.
func createPrivate(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

func dsn(path string, more ...string) string {
	abs, err := filepath.Abs(path)
	if err != nil {
		abs = path
	}
	u := url.URL{Scheme: "file", Path: abs, RawQuery: "_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)" +
		"&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)"}
	for _, m := range more {
		u.RawQuery += "&" + m
	}
	return u.String()
}

// migrate uses a connection of its own, so that no prepared statement of a migration is kept.
func migrate(ctx context.Context, dsn string) (from, to int64, err error) {
	w, err := sql.Open("sqlite", dsn)
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	w.SetMaxOpenConns(1)
	p, err := migrator(w)
	if err != nil {
		return 0, 0, err
	}
	current, target, err := p.GetVersions(ctx)
	if err != nil {
		return 0, 0, fmt.Errorf("read schema version: %w", err)
	}
	if current > target {
		return 0, 0, fmt.Errorf("the database has schema %d, this program knows %d: it was written by a newer version", current, target)
	}
	if _, err := p.Up(ctx); err != nil {
		return 0, 0, fmt.Errorf("migrate from schema %d to %d: %w", current, target, err)
	}
	return current, target, nil
}

// HashToken gives the stored form of a token or enrolment code: the SHA-256 of the secret that the person
// holds. Both are random with 128 bits or more, so no salt and no slow hash is needed.
func HashToken(secret string) [32]byte { return sha256.Sum256([]byte(secret)) }

// damagedFile gives SQLite's finding about the file; nil where it finds no damage. It reads the whole file, so callers
// use it only after something failed.
func damagedFile(ctx context.Context, path string) error {
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Path: path, RawQuery: "mode=ro&_pragma=query_only(1)"}).String())
	if err != nil {
		return nil
	}
	defer db.Close()
	var found string
	err = db.QueryRowContext(ctx, `PRAGMA quick_check(1)`).Scan(&found)
	switch {
	case ctx.Err() != nil:
		return nil
	case err != nil:
		return fmt.Errorf("%w: %w", ErrUnreadable, err)
	case found != "ok":
		return fmt.Errorf("%w: %s", ErrUnreadable, strings.ReplaceAll(found, "\n", " "))
	}
	return nil
}
