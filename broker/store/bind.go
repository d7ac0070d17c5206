package store

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"

	"sekimori/broker/ledger"
)

// Every row that a transaction writes is bound to the ledger. The last entry of the transaction carries, in the member rows
// of its payload, the digest of each row as the transaction left it, or null for a deleted row. Verification then finds a row
// that was edited, inserted or deleted by hand. Mutators need not do anything: exec asks SQLite which rows it wrote.

// bindings are digests by table and key; nil: the row was deleted.
type bindings map[string]map[string]*string

func (b bindings) put(table, id string, digest *string) {
	if b[table] == nil {
		b[table] = map[string]*string{}
	}
	b[table][id] = digest
}

func (b bindings) count() (n int) {
	for _, rows := range b {
		n += len(rows)
	}
	return n
}

// membersRows is the member of a payload that binds rows. It stands last.
const memberRows = "rows"

// mostBound is how many rows one entry binds; further rows go into entries of their own.
const mostBound = 10_000

// kindBound is the kind of those entries, and of the entries that bind rows changed by a migration.
const kindBound = "state.bound"

var writes = regexp.MustCompile(`^\s*(INSERT INTO|UPDATE|DELETE FROM)\s+(\w+)`)

// writeStatement is a statement that returns the rows it wrote.
type writeStatement struct {
	text    string
	shape   *shape // nil: of a table that is not bound
	deletes bool
	inserts bool // it inserts at least one row; inserting none is an error
}

// mayInsertNone matches the forms of INSERT that may rightly insert no row.
var mayInsertNone = regexp.MustCompile(`\bSELECT\b|\bDO NOTHING\b|\bDO UPDATE\b[^;]*\bWHERE\b`)

// errNothingInserted: an INSERT changed nothing and reported no error. A trigger put in by hand can cause this.
var errNothingInserted = errors.New("the database took a row and did not keep it: the schema was changed by hand")

func (db *DB) writeStatement(query string) (writeStatement, error) {
	if w, ok := db.writeStatements.Load(query); ok {
		return w.(writeStatement), nil
	}
	m := writes.FindStringSubmatch(query)
	if m == nil {
		return writeStatement{}, fmt.Errorf("store: not a statement that writes one table: %.60q", query)
	}
	w := writeStatement{text: query, shape: db.shapes[m[2]], deletes: m[1] == "DELETE FROM", inserts: m[1] == "INSERT INTO" && !mayInsertNone.MatchString(query)}
	if w.shape != nil {
		w.text += " RETURNING " + w.shape.list()
	} else if _, known := unbound[m[2]]; !known {
		return writeStatement{}, fmt.Errorf("store: no table %q", m[2])
	}
	db.writeStatements.Store(query, w)
	return w, nil
}

// writeResult is the result of a statement.
type writeResult struct{ rows, last int64 }

func (w writeResult) RowsAffected() (int64, error) { return w.rows, nil }

func (w writeResult) LastInsertId() (int64, error) {
	if w.rows == 0 {
		return 0, errors.New("nothing was inserted")
	}
	return w.last, nil
}

// exec changes state and marks the transaction dirty.
func (t *Tx) exec(query string, args ...any) (sql.Result, error) {
	t.dirty = true
	w, err := t.db.writeStatement(query)
	if err != nil {
		return nil, err
	}
	if w.shape == nil {
		return t.run(query, args...)
	}
	rows, err := t.tx.Query(w.text, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var done writeResult
	for rows.Next() {
		values, err := w.shape.scan(rows)
		if err != nil {
			return nil, err
		}
		done.rows++
		if n, ok := values[w.shape.key[0]].(int64); ok {
			done.last = n
		}
		var digest *string
		if !w.deletes {
			d := w.shape.digest(values)
			digest = &d
		}
		t.touched.put(w.shape.table, w.shape.id(values), digest)
		t.change.row(w.shape, values)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	if w.inserts && done.rows == 0 {
		return nil, fmt.Errorf("insert into %s: %w", w.shape.table, errNothingInserted)
	}
	return done, nil
}

// run runs a statement whose rows are not bound. An INSERT must have changed at least one row.
func (s *Snap) run(query string, args ...any) (sql.Result, error) {
	done, err := s.tx.Exec(query, args...)
	if err != nil {
		return nil, err
	}
	w, err := s.db.writeStatement(query)
	if err != nil {
		return nil, err
	}
	if n, err := done.RowsAffected(); err != nil || w.inserts && n == 0 {
		return nil, errors.Join(err, fmt.Errorf("%.40q: %w", query, errNothingInserted))
	}
	return done, nil
}

// runOne is run for a statement that changes exactly one row; ErrNotFound where it changed none.
func (s *Snap) runOne(query string, args ...any) error {
	done, err := s.run(query, args...)
	if err != nil {
		return err
	}
	return affected(done)
}

// bind puts the digests of the written rows into the transaction's last entry.
func (t *Tx) bind() error {
	if len(t.touched) == 0 {
		return nil
	}
	parts := split(t.touched, mostBound)
	t.touched = bindings{}
	last := t.appended[len(t.appended)-1]
	if e, err := last.With(memberRows, parts[0]); err == nil {
		t.appended[len(t.appended)-1] = e
		if err := t.runOne(`UPDATE ledger_entries SET header = ?, payload = ? WHERE idx = ?`, e.Header, e.Payload, e.Index); err != nil {
			return fmt.Errorf("bind rows to entry %d: %w", e.Index, err)
		}
		parts = parts[1:]
	} else if form := new(ledger.FormError); !errors.As(err, &form) { // the payload has no room left
		return err
	}
	for _, part := range parts {
		if _, err := t.Append(ledger.Draft{Kind: kindBound, Actor: ledger.Actor{Kind: "broker", Via: "timer"}, Payload: map[string]any{memberRows: part}}); err != nil {
			return err
		}
	}
	return nil
}

// split cuts bindings into parts of at most n rows, in order.
func split(b bindings, n int) []bindings {
	parts, room := []bindings{{}}, n
	for _, table := range slices.Sorted(maps.Keys(b)) {
		for _, id := range slices.Sorted(maps.Keys(b[table])) {
			if room == 0 {
				parts, room = append(parts, bindings{}), n
			}
			room--
			parts[len(parts)-1].put(table, id, b[table][id])
		}
	}
	return parts
}

// boundBy reads the rows that an entry binds. The member stands last in the payload; in a string value its quotation marks would be escaped.
func boundBy(e ledger.Entry) (bindings, error) {
	at := bytes.LastIndex(e.Payload, []byte(`"`+memberRows+`":{`))
	if at < 0 {
		return nil, nil
	}
	d := json.NewDecoder(bytes.NewReader(e.Payload[at+len(memberRows)+3:]))
	var b bindings
	if err := d.Decode(&b); err != nil {
		return nil, nil // a nested member of that name, of another form
	}
	if rest := e.Payload[at+len(memberRows)+3+int(d.InputOffset()):]; string(rest) != "}" {
		return nil, nil // nested
	}
	return b, nil
}

// rebind binds the rows that a migration changed. before says which rows did not match their entry even before the
// migration. Those stay as they are, so that verification keeps naming them.
func (db *DB) rebind(ctx context.Context, from, to int64, before compared) error {
	return db.Write(ctx, func(tx *Tx) error {
		now, err := tx.rows()
		if err != nil {
			return err
		}
		for table, rows := range now {
			for id, digest := range rows {
				old, known := before.bound.of(table, id)
				if before.bad[table+" "+id] || !known && before.unread {
					continue
				}
				if !known || old == nil || *old != *digest {
					tx.touched.put(table, id, digest)
				}
			}
		}
		for table, rows := range before.bound {
			for id, b := range rows {
				if _, there := now[table][id]; !there && b.digest != nil && !before.bad[table+" "+id] {
					tx.touched.put(table, id, nil)
				}
			}
		}
		if len(tx.touched) == 0 {
			return nil
		}
		_, err = tx.Append(ledger.Draft{Kind: kindBound, Actor: ledger.Actor{Kind: "broker", Via: "timer"},
			Payload: map[string]any{"schema_before": from, "schema": to, "number": tx.touched.count(), "left_out": len(before.bad)}})
		return err
	})
}
