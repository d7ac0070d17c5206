package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"path/filepath"

	"github.com/pressly/goose/v3"
)

// Seen is what Look learns about a database before fn reads it.
type Seen struct {
	Schema  int64 // the newest migration that has been applied
	Pending int   // migrations that Open would apply
}

// Look reads the database at path as it is: it migrates nothing, makes nothing and locks no data directory. The snapshot serves the
// ledger. The ledger's tables are those of the first schema, which no migration changed, so that a database that a newer program has
// yet to migrate can be verified too. Other tables may lack columns that this program expects. A broker may be writing meanwhile.
// Errors: fs.ErrNotExist; a schema newer than this program; those of fn.
func Look(ctx context.Context, path string, o Options, fn func(*Snap, Seen) error) (err error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		abs = path
	}
	// SQLite coordinates readers through files beside the database (-wal, -shm). A read-only connection makes and reads those, and writes no page.
	r, err := openPrepared((&url.URL{Scheme: "file", Path: abs, RawQuery: "mode=ro&_txlock=deferred&_pragma=busy_timeout(10000)&_pragma=query_only(1)"}).String())
	if err != nil {
		return fmt.Errorf("look at store: %w", err)
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	seen := Seen{}
	if err := r.QueryRowContext(ctx, `SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied`).Scan(&seen.Schema); err != nil {
		return fmt.Errorf("look at store %s: read schema version: %w", path, err)
	}
	files, err := fs.Glob(migrations, "migrations/sqlite/*.sql")
	if err != nil {
		return err
	}
	known := int64(0)
	for _, f := range files { // 00014_name.sql; numbers may be missing
		n, err := goose.NumericComponent(f)
		if err != nil {
			return fmt.Errorf("look at store: migration %s: %w", f, err)
		}
		known = max(known, n)
		if n > seen.Schema {
			seen.Pending++
		}
	}
	if seen.Schema > known {
		return fmt.Errorf("look at store %s: the database has schema %d, this program knows %d: it was written by a newer version", path, seen.Schema, known)
	}
	db := &DB{opt: o, r: r}
	return db.Read(ctx, func(s *Snap) error { return fn(s, seen) })
}
