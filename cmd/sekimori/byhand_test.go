package main

import (
	"database/sql"
	"path/filepath"

	"github.com/rogpeppe/go-internal/testscript"
)

// byHandStory: `by-hand STATEMENT` edits the database of the broker, as an administrator could beside it.
func byHandStory(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg || len(args) != 1, "by-hand STATEMENT")
	db, err := sql.Open("sqlite", filepath.Join(ts.Getenv("BROKER"), "data", "sekimori.db")+"?_pragma=busy_timeout(10000)")
	ts.Check(err)
	defer db.Close()
	res, err := db.Exec(args[0])
	ts.Check(err)
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		ts.Fatalf("nothing was edited (%v)", err)
	}
}
