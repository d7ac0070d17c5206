package main

import (
	"database/sql"
	"os"
	"path/filepath"

	"github.com/rogpeppe/go-internal/testscript"
)

// settled waits until the sessions of clients that are gone have ended in the database too. An end is sealed and written a moment after its
// client was told, and the next line of a story may ask about it. A session may stay live for each client that still runs.
func (s *story) settled(ts *testscript.TestScript) {
	file := filepath.Join(ts.Getenv("BROKER"), "data", "sekimori.db")
	if _, err := os.Stat(file); err != nil || s.broker == nil {
		return
	}
	db, err := sql.Open("sqlite", "file:"+file+"?mode=ro&_pragma=busy_timeout(10000)")
	ts.Check(err)
	defer db.Close()
	await(ts, "the sessions of clients that are gone have ended", func() bool {
		var live int
		ts.Check(db.QueryRow(`SELECT count(*) FROM sessions WHERE state IN ('opening', 'active')`).Scan(&live))
		for _, r := range s.running {
			if !r.once && len(r.done) == 0 {
				live--
			}
		}
		return live <= 0
	})
}
