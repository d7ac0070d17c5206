package store

import (
	"database/sql"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"sekimori/broker/ledger"
	"sekimori/policy"
)

// lived gives a closed store that holds rows of every kind.
func lived(t *testing.T) (opt Options, path string) {
	t.Helper()
	o := open(t)
	o.declare()
	o.write(func(tx *Tx) error { _, err := tx.Append(act("request.approved", "R8-0124")); return err })
	o.write(func(tx *Tx) error {
		return all(
			tx.AddSession(Session{ID: "S-20261124-01", State: SessionEnded, Person: "E-0031", Grant: "g", Window: "w", System: "hr", Reason: policy.CutByAttendant, Created: noon, Ended: noon}),
			tx.AddReview(Review{ID: "S-20261124-01", Session: "S-20261124-01", Due: noon}),
			tx.AddToken(Token{Hash: HashToken("x"), Person: "U-001", Created: noon, Expires: noon}),
		)
	})
	// The fixture verifies its own file when the test ends; the test edits the copy.
	path = t.TempDir() + "/sekimori.db"
	if _, err := o.w.Exec(`VACUUM INTO ?`, path); err != nil {
		t.Fatal(err)
	}
	return o.opt, path
}

func edit(t *testing.T, path, statements string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, q := range strings.Split(statements, ";") {
		res, err := db.Exec(q)
		if err != nil {
			t.Fatalf("%s: %v", q, err)
		}
		if n, err := res.RowsAffected(); n == 0 && err == nil && (strings.HasPrefix(q, "UPDATE") || strings.HasPrefix(q, "INSERT") || strings.HasPrefix(q, "DELETE")) {
			t.Fatalf("%s: nothing was edited", q)
		}
	}
}

// Verification names a row beside the ledger that was edited by hand.
func TestAttackRowBesideTheLedgerEdited(t *testing.T) {
	opt, path := lived(t)
	if err := verify(opt, path, nil); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, edit, says string }{
		{"a role given", `UPDATE persons SET body = json_set(body, '$.roles', json('["auditor"]')) WHERE id = 'U-001'`, "row U-001 of the table persons is not what entry"},
		{"an end cause", `UPDATE sessions SET reason = 'ended-by-engineer', reason_number = 200 WHERE id = 'S-20261124-01'`, "row S-20261124-01 of the table sessions is not what entry"},
		{"a session gone", `PRAGMA foreign_keys = 0;DELETE FROM sessions WHERE id = 'S-20261124-01'`, "row S-20261124-01 of the table sessions is missing"},
		{"a session put in", `INSERT INTO sessions SELECT 'S-20261124-02', state, person, vendor, grant_id, window, request, system, target, account, source, fingerprint, factor, reason, reason_number, detail, by, created, started, ended, until, recording, recording_sum, recording_size, client_version, notice, paused, paused_by, masked, ruled, masked_count FROM sessions LIMIT 1`, "row S-20261124-02 of the table sessions stands in no entry"},
		{"a review signed", `UPDATE window_reviews SET verdict = 'ok', signed_by = 'U-002', signed_at = 1`, "row S-20261124-01 of the table window_reviews"},
		{"a lock lifted before it was set", `INSERT INTO locks (kind, subject, by, reason, since) VALUES ('person', 'U-001', 'U-002', 'x', 1)`, "row 1 of the table locks stands in no entry"},
		{"a key moved to another person", `UPDATE persons SET vendor = NULL, section = 'jinji', kind = 'staff' WHERE id = 'E-0031'`, "row E-0031 of the table persons"},
		{"a token that lives for ever", `UPDATE tokens SET expires = 9000000000000`, "of the table tokens"},
		{"a subject taken out of the index", `DELETE FROM ledger_subjects WHERE idx = (SELECT idx FROM ledger_subjects ORDER BY idx DESC LIMIT 1)`, "the index of subjects lacks"},
		{"a subject put into the index", `INSERT INTO ledger_subjects VALUES ('S-20261124-09', 0)`, "the index of subjects has S-20261124-09"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := t.TempDir() + "/sekimori.db"
			if err := os.WriteFile(path, whole, 0o600); err != nil {
				t.Fatal(err)
			}
			edit(t, path, c.edit)
			err := verify(opt, path, nil)
			var d *Damage
			if !errors.As(err, &d) || !errors.Is(err, ErrTampered) || !strings.Contains(err.Error(), c.says) {
				t.Fatalf("%v, want a word of %q", err, c.says)
			}
			if d.Text.JA == d.Text.EN || !strings.ContainsFunc(d.Text.JA, func(r rune) bool { return r > 0x3000 }) || strings.Contains(err.Error(), "%!") || strings.Contains(d.Text.JA, "%!") {
				t.Errorf("said as %+v, %v", d.Text, err)
			}
		})
	}
}

// In every bound table and every bound column a changed value is found.
func TestEveryBoundColumnIsCompared(t *testing.T) {
	opt, path := lived(t)
	db, err := Open(t.Context(), path, opt)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	tried := 0
	for table, v := range db.shapes {
		for _, col := range v.columns {
			err := db.Read(t.Context(), func(s *Snap) error {
				row, err := get(s, v.scan, `SELECT `+v.list()+` FROM "`+table+`" LIMIT 1`)
				if errors.Is(err, ErrNotFound) {
					return nil
				}
				if err != nil {
					return err
				}
				was := v.digest(row)
				i := slices.IndexFunc(v.columns, func(c column) bool { return c.name == col.name })
				switch x := row[i].(type) {
				case int64:
					row[i] = x + 1
				case string:
					row[i] = x + "x"
				case []byte:
					row[i] = append(slices.Clone(x), 0)
				case nil:
					row[i] = "x"
				}
				tried++
				if v.digest(row) == was {
					t.Errorf("%s.%s is not in the digest", table, col.name)
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	if tried < 60 {
		t.Errorf("only %d columns were tried", tried)
	}
}

// All rows that Keep writes are unbound, and no others: the test reads the statements of Keep from the source.
func TestKeepWritesNothingBound(t *testing.T) {
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	statement := regexp.MustCompile("k\\.(?:tx\\.Exec|run)\\(`(INSERT INTO|UPDATE|DELETE FROM) (\\w+)([^`]*)`")
	set := regexp.MustCompile(`(\w+) = `)
	tables, columns := map[string]bool{}, map[string]bool{}
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), ".go") || strings.HasSuffix(f.Name(), "_test.go") {
			continue
		}
		text, err := os.ReadFile(f.Name())
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range statement.FindAllStringSubmatch(string(text), -1) {
			table, rest := m[2], m[3]
			if _, whole := unbound[table]; whole {
				tables[table] = true
				continue
			}
			if m[1] != "UPDATE" {
				t.Errorf("%s: Keep writes whole rows of %s, which is bound", f.Name(), table)
				continue
			}
			assigned, _, _ := strings.Cut(rest, " WHERE ")
			for _, col := range set.FindAllStringSubmatch(assigned, -1) {
				if !slices.Contains(unboundColumns[table], col[1]) {
					t.Errorf("%s: Keep writes %s.%s, which is bound", f.Name(), table, col[1])
				}
				columns[table+"."+col[1]] = true
			}
		}
	}
	want := 0
	for _, cols := range unboundColumns {
		want += len(cols)
	}
	if len(tables) < 3 || len(columns) != want {
		t.Errorf("found %v and %v: the statements are not where this test looks", tables, columns)
	}
	o := open(t)
	for table, cols := range unboundColumns {
		if o.shapes[table] == nil || len(cols) == 0 {
			t.Errorf("%s is not bound", table)
		}
	}
}

// A column that a later migration adds does not change the digests in older entries. Rows that a migration changes are
// bound anew, except those edited by hand before it.
func TestMigrationsDoNotLaunderEdits(t *testing.T) {
	opt, path := lived(t)
	edit(t, path, `UPDATE sessions SET reason = 'ended-by-engineer' WHERE id = 'S-20261124-01'`)
	// The review goes with its table: it stays missing too.
	edit(t, path, without(t, 15))
	db, err := Open(t.Context(), path, opt)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	err = db.Read(t.Context(), func(s *Snap) error { return s.VerifyLedger(nil, nil) })
	if err == nil || !strings.Contains(err.Error(), "row S-20261124-01 of the table sessions is not what entry") {
		t.Errorf("%v", err)
	}
	err = db.Read(t.Context(), func(s *Snap) error {
		for range s.Entries(EntryFilter{Kind: kindBound}) {
			t.Error("the migration changed nothing that is bound, and something was bound anew")
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	edit(t, path, `ALTER TABLE vendors ADD COLUMN rank INTEGER NOT NULL DEFAULT 7`) // as a later migration does
	err = db.Read(t.Context(), func(s *Snap) error {
		l := newest{}
		for e, err := range s.Entries(EntryFilter{}) {
			if err = errors.Join(err, l.take(e)); err != nil {
				return err
			}
		}
		c, err := s.compare(l)
		if len(c.bad) != 2 || !c.bad["sessions S-20261124-01"] || !c.bad["window_reviews S-20261124-01"] {
			t.Errorf("with a column more: %v", c.bad)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// The rows that a migration rewrites are bound by an entry of its own.
func TestWhatAMigrationRewritesIsBoundAnew(t *testing.T) {
	opt, path := lived(t)
	db, err := Open(t.Context(), path, opt)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var before compared
	if err := db.Read(t.Context(), func(s *Snap) (err error) {
		l := newest{}
		for e, err := range s.Entries(EntryFilter{}) {
			if err == nil {
				err = l.take(e)
			}
			if err != nil {
				return err
			}
		}
		before, err = s.compare(l)
		return errors.Join(err, before.first)
	}); err != nil {
		t.Fatal(err)
	}
	for _, q := range []string{`UPDATE sessions SET detail = 'said anew'`, `DELETE FROM window_reviews`, `UPDATE vendors SET name = name || '社'`} {
		if _, err := db.w.Exec(q); err != nil {
			t.Fatal(err)
		}
	}
	holds := func() error { return db.Read(t.Context(), func(s *Snap) error { return s.VerifyLedger(nil, nil) }) }
	if holds() == nil {
		t.Fatal("nothing was noticed")
	}
	if err := db.rebind(t.Context(), 15, 16, before); err != nil {
		t.Fatal(err)
	}
	if err := holds(); err != nil {
		t.Error(err)
	}
}

// Rows whose entry is disposed of are bound by the entry that authorises the disposal.
func TestDisposalCarriesBindingsOn(t *testing.T) {
	o := open(t)
	o.declare()
	var indexes []int64
	o.read(func(s *Snap) error {
		for e, err := range s.Entries(EntryFilter{}) {
			if err != nil {
				return err
			}
			indexes = append(indexes, e.Index)
		}
		return nil
	})
	if err := o.Write(t.Context(), func(tx *Tx) error {
		return tx.disposeOf("retention", "U-001", indexes...)
	}); err != nil {
		t.Fatal(err)
	}
	o.read(func(s *Snap) error { return s.VerifyLedger(nil, nil) })
}

// One transaction with many rows spreads them over several entries.
func TestManyRowsAreBoundInSeveralEntries(t *testing.T) {
	o := open(t)
	o.declare()
	const n = mostBound + 3
	o.write(func(tx *Tx) error {
		for i := range n {
			if err := tx.AddSession(Session{ID: fmt.Sprintf("S-20261124-%05d", i), State: SessionRefused, Created: noon}); err != nil {
				return err
			}
		}
		return nil
	})
	bound := 0
	o.read(func(s *Snap) error {
		for e, err := range s.Entries(EntryFilter{}) {
			b, err2 := boundBy(e)
			if err = errors.Join(err, err2); err != nil {
				return err
			}
			bound += len(b["sessions"])
		}
		return nil
	})
	if bound != n {
		t.Errorf("%d of %d rows are bound", bound, n)
	}
}

// The member of the payload is found only where it binds rows.
func TestOnlyTheLastMemberBinds(t *testing.T) {
	for payload, want := range map[string]int{
		`{"a":1,"rows":{"sessions":{"S":"x"}}}`:                          1,
		`{"rows":{"sessions":{"S":null}}}`:                               1,
		`{"a":{"rows":{"sessions":{"S":"x"}}}}`:                          0,
		`{"rows":{"sessions":{"S":"x"}},"a":1}`:                          0,
		`{"note":"\"rows\":{\"sessions\":{\"S\":\"x\"}}"}`:               0,
		`{"rows":{"a":1}}`:                                               0,
		`{}`:                                                             0,
		`{"rows":{"persons":{}},"rows":{"sessions":{"S":"x"}}}`:          1,
		`{"a":"\\\"rows\":{","rows":{"sessions":{"S":"x"}}}`:             1,
		`{"a":[{"rows":{"sessions":{"S":"x"}}}],"rows":{"t":{"S":"x"}}}`: 1,
	} {
		b, err := boundBy(ledger.Entry{Payload: []byte(payload)})
		if err != nil || b.count() != want {
			t.Errorf("%s binds %v, %v", payload, b, err)
		}
	}
}

// A digest must stay the same for ever: ledgers hold it.
func TestGoldenDigestOfARow(t *testing.T) {
	v := &shape{table: "sessions", key: []int{1, 2}, columns: []column{{name: "by", def: ""}, {name: "id"}, {name: "n", def: int64(7)}, {name: "note"}, {name: "sealed"}}}
	row := []any{"", "S,1", int64(8), nil, []byte{0, 255}}
	// SHA-256 of t‖8‖sessions, c‖2‖id, s‖3‖S,1, c‖1‖n, i‖1‖8, c‖6‖sealed, b‖2‖00ff, each length in eight bytes.
	if got := v.digest(row); got != "e8huPvBxgYtSs3TB2pvMmeOyiUBOTwro" {
		t.Errorf("digest %s", got)
	}
	if got := v.id(row); got != `S\,1,8` {
		t.Errorf("key %s", got)
	}
	v.columns = append(v.columns, column{name: "added", def: "x"}) // by a later migration
	if got := v.digest(append(row, "x")); got != "e8huPvBxgYtSs3TB2pvMmeOyiUBOTwro" {
		t.Errorf("with a column more: %s", got)
	}
}

// without gives the statements that take a database back to the time before a migration, as far as tables and indexes go.
func without(t *testing.T, version int64) string {
	t.Helper()
	before, err := schemaOf(version - 1)
	if err != nil {
		t.Fatal(err)
	}
	var after int64
	o := open(t)
	if err := o.Read(t.Context(), func(s *Snap) error {
		return s.tx.QueryRow(`SELECT max(version_id) FROM goose_db_version`).Scan(&after)
	}); err != nil {
		t.Fatal(err)
	}
	all, err := schemaOf(after)
	if err != nil {
		t.Fatal(err)
	}
	var tables, indexes string
	for o := range all {
		if _, known := before[o]; known {
			continue
		}
		switch o.kind {
		case "table":
			tables += "DROP TABLE " + o.name + ";"
		case "index":
			indexes += "DROP INDEX IF EXISTS " + o.name + ";"
		}
	}
	return tables + indexes + addedSince(t, version, func(table string) bool { return !strings.Contains(tables, "DROP TABLE "+table+";") }) + fmt.Sprintf("DELETE FROM goose_db_version WHERE version_id >= %d", version)
}

// addedSince gives the statements that drop the columns which migrations from version on add to older tables.
func addedSince(t *testing.T, version int64, older func(table string) bool) (drops string) {
	t.Helper()
	files, err := migrations.ReadDir("migrations/sqlite")
	if err != nil {
		t.Fatal(err)
	}
	added := regexp.MustCompile(`(?m)^ALTER TABLE (\w+) ADD COLUMN (\w+)`)
	for _, f := range files {
		number, _, _ := strings.Cut(f.Name(), "_")
		n, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		if n < version {
			continue
		}
		text, err := migrations.ReadFile("migrations/sqlite/" + f.Name())
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range added.FindAllStringSubmatch(string(text), -1) {
			if older(m[1]) {
				drops += "ALTER TABLE " + m[1] + " DROP COLUMN " + m[2] + ";"
			}
		}
	}
	return drops
}
