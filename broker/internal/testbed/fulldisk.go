package testbed

import (
	"database/sql"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/mod/sumdb/note"
	_ "modernc.org/sqlite" // the driver of the database that is full
)

// FullDisk signs checkpoints. Once asked, it finds the disk full at the next checkpoint, which is the last step of an act before its commit.
type FullDisk struct {
	note.Signer
	full atomic.Pointer[error]
}

// Fill makes the next act find the disk full.
func (d *FullDisk) Fill(tb testing.TB) {
	tb.Helper()
	err := errFull()
	if err == nil {
		tb.Fatal("a full database takes another page")
	}
	d.full.Store(&err)
}

// Sign implements note.Signer. Error: SQLite's of a full disk, once after Fill.
func (d *FullDisk) Sign(msg []byte) ([]byte, error) {
	if err := d.full.Swap(nil); err != nil {
		return nil, *err
	}
	return d.Signer.Sign(msg)
}

// errFull is the error of a real database that may not grow.
var errFull = sync.OnceValue(func() error {
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		return err
	}
	defer db.Close()
	db.SetMaxOpenConns(1) // each connection has a database and a limit of its own
	for _, s := range []string{"PRAGMA max_page_count = 2", "CREATE TABLE t (b BLOB)", "INSERT INTO t VALUES (zeroblob(1048576))"} {
		if _, err = db.Exec(s); err != nil {
			return err
		}
	}
	return nil
})
