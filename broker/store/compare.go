package store

import (
	"context"
	"database/sql"
	"errors"
	"maps"
	"os"
	"slices"

	"sekimori/broker/ledger"
)

// bound is the newest binding of a row.
type bound struct {
	digest *string // nil: deleted
	entry  int64
}

// newest maps table and key to the newest binding of the row.
type newest map[string]map[string]bound

func (l newest) take(e ledger.Entry) error {
	b, err := boundBy(e)
	for table, rows := range b {
		if l[table] == nil {
			l[table] = map[string]bound{}
		}
		for id, digest := range rows {
			l[table][id] = bound{digest, e.Index}
		}
	}
	return err
}

func (l newest) of(table, id string) (digest *string, known bool) {
	b, known := l[table][id]
	return b.digest, known
}

// rows reads all bound rows: digests by table and key.
func (s *Snap) rows() (bindings, error) {
	all := bindings{}
	err := s.eachRow(func(v *shape, values []any) error {
		d := v.digest(values)
		all.put(v.table, v.id(values), &d)
		return nil
	})
	return all, err
}

func (s *Snap) eachRow(fn func(*shape, []any) error) error {
	shapes, err := s.shapes()
	if err != nil {
		return err
	}
	for _, table := range slices.Sorted(maps.Keys(shapes)) {
		v := shapes[table]
		rows, err := s.tx.Query(`SELECT ` + v.list() + ` FROM "` + table + `"`)
		if err != nil {
			return err
		}
		for rows.Next() {
			values, err := v.scan(rows)
			if err == nil {
				err = fn(v, values)
			}
			if err != nil {
				rows.Close()
				return err
			}
		}
		if err := rows.Err(); err != nil {
			return err
		}
	}
	return nil
}

// compared is the result of comparing the rows with their entries.
type compared struct {
	bound newest
	bad   map[string]bool // "table key"
	first error           // *Damage of the first

	unread bool // an entry could not be read: its bindings are unknown
}

// compare holds the rows beside the ledger against it. A ledger of an earlier version, which binds nothing yet, is not compared.
func (s *Snap) compare(l newest) (compared, error) {
	c := compared{bound: l, bad: map[string]bool{}}
	if len(l) == 0 {
		return c, nil
	}
	note := func(table, id string, err error) {
		c.bad[table+" "+id] = true
		if c.first == nil {
			c.first = err
		}
	}
	seen := map[string]map[string]bool{}
	err := s.eachRow(func(v *shape, values []any) error {
		id, digest := v.id(values), v.digest(values)
		if seen[v.table] == nil {
			seen[v.table] = map[string]bool{}
		}
		seen[v.table][id] = true
		b, known := l[v.table][id]
		switch {
		case !known:
			note(v.table, id, damagedState("表 %s の行 %s は、どの記載にもありません(手で加えられています)", "row %[2]s of the table %[1]s stands in no entry: it was put in by hand", v.table, id))
		case b.digest == nil:
			note(v.table, id, damagedState("表 %s の行 %s は、記載%dで削除されたものです(手で戻されています)", "row %[2]s of the table %[1]s was deleted by entry %[3]d: it was put back by hand", v.table, id, b.entry))
		case *b.digest != digest:
			note(v.table, id, damagedState("表 %s の行 %s が、記載%dのときの内容と違います(手で書き換えられています)", "row %[2]s of the table %[1]s is not what entry %[3]d left: it was edited by hand", v.table, id, b.entry))
		}
		return nil
	})
	if err != nil {
		return c, err
	}
	for _, table := range slices.Sorted(maps.Keys(l)) {
		for _, id := range slices.Sorted(maps.Keys(l[table])) {
			if b := l[table][id]; b.digest != nil && !seen[table][id] {
				note(table, id, damagedState("表 %s の行 %s がありません。記載%dにはあります(手で消されています)", "row %[2]s of the table %[1]s is missing, entry %[3]d left it there: it was deleted by hand", table, id, b.entry))
			}
		}
	}
	return c, nil
}

// damagedState is damage to the rows stored beside the ledger.
func damagedState(ja, en string, values ...any) error {
	err := damaged(nil, ja, en, values...)
	err.(*Damage).beside = true
	return err
}

// subjectIndex walks the index of subjects beside the entries.
type subjectIndex struct {
	rows    *sql.Rows
	idx     int64
	subject string
	more    bool
}

func (s *Snap) subjectIndex() (*subjectIndex, error) {
	rows, err := s.tx.Query(`SELECT idx, subject FROM ledger_subjects ORDER BY idx`)
	if err != nil {
		return nil, err
	}
	x := &subjectIndex{rows: rows}
	return x, x.next()
}

func (x *subjectIndex) next() error {
	if x.more = x.rows.Next(); !x.more {
		return x.rows.Err()
	}
	return x.rows.Scan(&x.idx, &x.subject)
}

// take holds the index against one entry, in order: no index row may be missing or extra.
func (x *subjectIndex) take(e ledger.Entry) error {
	due := map[string]bool{}
	for _, subject := range e.Subjects {
		due[subject] = true
	}
	for x.more && x.idx <= e.Index {
		if x.idx < e.Index || !due[x.subject] {
			return x.tooMany()
		}
		delete(due, x.subject)
		if err := x.next(); err != nil {
			return err
		}
	}
	for _, subject := range slices.Sorted(maps.Keys(due)) {
		return damagedState("対象の索引に、記載%dの %s がありません(手で消されています)", "the index of subjects lacks %[2]s of entry %[1]d: it was deleted by hand", e.Index, subject)
	}
	return nil
}

// end checks that no index rows are left.
func (x *subjectIndex) end() error {
	if x.more {
		return x.tooMany()
	}
	return nil
}

func (x *subjectIndex) tooMany() error {
	return damagedState("対象の索引に、記載%dにない %s があります(手で加えられています)", "the index of subjects has %[2]s, which entry %[1]d has not: it was put in by hand", x.idx, x.subject)
}

// comparedBefore compares the rows before a migration changes them, while they still have the shape that was bound.
// The result is zero where there is nothing to migrate.
func comparedBefore(ctx context.Context, path string, o Options) (c compared, err error) {
	c = compared{bound: newest{}, bad: map[string]bool{}}
	if info, err := os.Stat(path); err != nil || info.Size() == 0 {
		return c, err
	}
	looked := false
	err = Look(ctx, path, o, func(s *Snap, seen Seen) (err error) {
		looked = true
		if seen.Schema > 0 { // a trigger put in by hand would run with the migrations
			if err := s.checkSchema(); err != nil {
				return err
			}
		}
		if seen.Pending == 0 {
			return nil
		}
		for i := int64(0); ; i++ {
			switch e, err := s.Entry(i); {
			case errors.Is(err, ErrNotFound):
				damaged := c.unread
				c, err = s.compare(c.bound)
				c.unread = damaged
				return err
			case err != nil: // verification names it; here it must not keep the broker from starting
				c.unread = true
			default:
				if err := c.bound.take(e); err != nil {
					return err
				}
			}
		}
	})
	if !looked { // there is no schema yet, or the file is not ours: the migration says so
		return c, nil
	}
	return c, err
}
