package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"sync"

	"github.com/pressly/goose/v3"
)

// The digests of rows say nothing about the tables that hold them. A trigger can swallow writes, a view can replace a table, a moved
// default changes what a digest leaves out, and an index that lacks a row hides the row from every query that uses it. So the schema
// is compared with the one that this program's migrations make, and the indexes with their tables.

// object is a table, index, view or trigger as sqlite_schema has it.
type object struct{ kind, name string }

// definition is the compared part of an object.
type definition struct{ table, sql string }

// statistics are the tables that ANALYZE makes. They change how a query runs and not its result.
var statistics = map[object]definition{
	{"table", "sqlite_stat1"}: {"sqlite_stat1", "CREATE TABLE sqlite_stat1(tbl,idx,stat)"},
	{"table", "sqlite_stat4"}: {"sqlite_stat4", "CREATE TABLE sqlite_stat4(tbl,idx,neq,nlt,ndlt,sample)"},
}

// applied is goose's own table. Its SQL text comes from the goose version that made it, which may be older.
const applied = "goose_db_version"

// checkSchema compares the schema with the one that the migrations make up to the database's version. Error: *Damage, which names
// the object.
func (s *Snap) checkSchema() error {
	var version int64
	if err := s.tx.QueryRow(`SELECT coalesce(max(version_id), 0) FROM ` + applied + ` WHERE is_applied`).Scan(&version); err != nil {
		return fmt.Errorf("read schema version: %w", err)
	}
	due, err := schemaOf(version)
	if err != nil {
		return fmt.Errorf("make schema %d to compare with: %w", version, err)
	}
	found, err := readSchema(func(query string) (*sql.Rows, error) { return s.tx.Query(query) })
	if err != nil {
		return err
	}
	for _, o := range sorted(due) {
		d, there := found[o]
		switch {
		case !there:
			return damagedSchema("%s %s がありません", "the %s %s is missing", o)
		case d.table != due[o].table || d.sql != due[o].sql && o.name != applied:
			return damagedSchema("%s %s が、この版の作るものではありません", "the %s %s is not as this program makes it", o)
		}
	}
	for _, o := range sorted(found) {
		if _, known := due[o]; !known && found[o] != statistics[o] {
			return damagedSchema("%s %s を、この版は作りません(手で加えられています)", "the %s %s is none of this program's: it was put in by hand", o)
		}
	}
	return nil
}

// checkIndexes compares every index with its table, by reading both.
func (s *Snap) checkIndexes() error {
	names, err := list(s, func(r scanner) (n string, err error) { err = r.Scan(&n); return n, err },
		`SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name`)
	if err != nil {
		return err
	}
	for _, name := range names {
		said, err := list(s, func(r scanner) (n string, err error) { err = r.Scan(&n); return n, err }, `SELECT integrity_check FROM pragma_integrity_check(?)`, name)
		if err != nil {
			return fmt.Errorf("check the indexes of %s: %w", name, err)
		}
		if len(said) > 0 && said[0] != "ok" {
			d := damagedSchema("%s %s の行と索引が合いません", "the rows and indexes of the %s %s do not match", object{"table", name}).(*Damage)
			d.Text.JA, d.Text.EN = d.Text.JA+" ["+said[0]+"]", d.Text.EN+": "+said[0]
			return d
		}
	}
	return nil
}

// kindsJA name the kinds of objects.
var kindsJA = map[string]string{"table": "表", "index": "索引", "view": "ビュー", "trigger": "トリガー"}

// damagedSchema is damage to the schema.
func damagedSchema(ja, en string, o object) error {
	kind := kindsJA[o.kind]
	if kind == "" {
		kind = o.kind
	}
	d := damaged(nil, "", "").(*Damage)
	d.schema = true
	d.Text.JA, d.Text.EN = fmt.Sprintf(ja, kind, o.name), fmt.Sprintf(en, o.kind, o.name)
	return d
}

func sorted(m map[object]definition) []object {
	return slices.SortedFunc(maps.Keys(m), func(a, b object) int {
		if a.kind != b.kind {
			return cmp.Compare(a.kind, b.kind)
		}
		return cmp.Compare(a.name, b.name)
	})
}

// readSchema reads every object. Two objects with the same name or the same page of the file are damage.
func readSchema(query func(string) (*sql.Rows, error)) (map[object]definition, error) {
	rows, err := query(`SELECT type, name, tbl_name, coalesce(sql, ''), coalesce(rootpage, 0) FROM sqlite_schema`)
	if err != nil {
		return nil, fmt.Errorf("read schema: %w", err)
	}
	defer rows.Close()
	all, roots := map[object]definition{}, map[int64]bool{}
	for rows.Next() {
		var o object
		var d definition
		var root int64
		if err := rows.Scan(&o.kind, &o.name, &d.table, &d.sql, &root); err != nil {
			return nil, fmt.Errorf("read schema: %w", err)
		}
		if _, twice := all[o]; twice || root > 0 && roots[root] {
			return nil, damagedSchema("%s %s が、二重に登録されています", "the %s %s stands in the schema twice, or in the place of another", o)
		}
		all[o], roots[root] = d, true
	}
	return all, rows.Err()
}

// made holds the schemas by version, as functions that build each once in a process.
var made sync.Map

// schemaOf gives the schema that the migrations make up to a version, by object.
func schemaOf(version int64) (map[object]definition, error) {
	once, _ := made.LoadOrStore(version, sync.OnceValues(func() (map[object]definition, error) { return makeSchema(version) }))
	return once.(func() (map[object]definition, error))()
}

// makeSchema runs the migrations in memory.
func makeSchema(version int64) (_ map[object]definition, err error) {
	ctx := context.Background() // the result is shared with other callers, and takes milliseconds
	w, err := sql.Open("sqlite", "file::memory:?_pragma=foreign_keys(1)")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	w.SetMaxOpenConns(1) // each connection would have an in-memory database of its own
	p, err := migrator(w)
	if err != nil {
		return nil, err
	}
	if _, err := p.UpTo(ctx, version); err != nil {
		return nil, err
	}
	return readSchema(func(query string) (*sql.Rows, error) { return w.QueryContext(ctx, query) })
}

// migrator runs the migrations of this program on a database.
func migrator(w *sql.DB) (*goose.Provider, error) {
	dir, err := fs.Sub(migrations, "migrations/sqlite")
	if err != nil {
		return nil, err
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, w, dir, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	return p, nil
}
