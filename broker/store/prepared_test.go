package store

import (
	"fmt"
	"path/filepath"
	"testing"
)

// TestPreparedStatements: kept statements answer as fresh ones do: while another of the same text is being read, after an
// error in the middle of a run, and when there are more of them than are kept.
func TestPreparedStatements(t *testing.T) {
	db, err := openPrepared(dsn(filepath.Join(t.TempDir(), "x.db")))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	tx, err := db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	if _, err := tx.Exec(`CREATE TABLE n (v INTEGER NOT NULL CONSTRAINT n_pk PRIMARY KEY) STRICT`); err != nil {
		t.Fatal(err)
	}
	const insert, above = `INSERT INTO n (v) VALUES (?)`, `SELECT v FROM n WHERE v > ? ORDER BY v`
	for i := range 4 {
		if _, err := tx.Exec(insert, i); err != nil {
			t.Fatal(err)
		}
		if _, err := tx.Exec(insert, i); err == nil {
			t.Fatal("a row stands there twice")
		}
	}
	rows, err := tx.Query(above, 0)
	if err != nil {
		t.Fatal(err)
	}
	var got string
	for rows.Next() {
		var v, w int
		if err := rows.Scan(&v); err != nil {
			t.Fatal(err)
		}
		if err := tx.QueryRow(above, v-1).Scan(&w); err != nil { // the outer one is being read
			t.Fatal(err)
		}
		got += fmt.Sprint(v, w, ";")
	}
	if err := rows.Close(); err != nil || got != "1 1;2 2;3 3;" {
		t.Errorf("read %q, %v", got, err)
	}
	for i := range preparedMost + 10 {
		var v int
		if err := tx.QueryRow(fmt.Sprintf(`SELECT %d + ?`, i), 1).Scan(&v); err != nil || v != i+1 {
			t.Fatalf("%d: %d, %v", i, v, err)
		}
	}
	if _, err := tx.Query(`SELECT nothing FROM nowhere`); err == nil {
		t.Error("nonsense was prepared")
	}
	if _, err := tx.Exec(`ALTER TABLE n ADD COLUMN w INTEGER NOT NULL DEFAULT 7`); err != nil {
		t.Fatal(err)
	}
	var v, w int
	if err := tx.QueryRow(`SELECT * FROM n WHERE v = ?`, 3).Scan(&v, &w); err != nil || v != 3 || w != 7 {
		t.Errorf("after a change of the schema: %d %d, %v", v, w, err)
	}
}
