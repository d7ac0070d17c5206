package store

import (
	"errors"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// WhenFull sets the function that makes room when a transaction of an act finds the disk full: release gives up a reserve and reports whether there was
// one. The transaction then runs once more, so that on a full disk a freeze, the end of a session and an alarm are still written. release
// must be quick and may not use the database.
func (db *DB) WhenFull(release func() bool) { db.release.Store(&release) }

// withRoom runs a transaction, and once more after a reserve was given up for it.
func (db *DB) withRoom(run func() error) error {
	err := run()
	if !noRoom(err) {
		return err
	}
	if release := db.release.Load(); release == nil || !(*release)() {
		return err
	}
	db.opt.Log.Error("disk_full_reserve_given_up", "error", err)
	return run()
}

// noRoom reports whether a transaction failed because the file system took no more bytes. SQLite tells a full disk from a used-up quota, and
// the file of shared memory fails with a code of its own.
func noRoom(err error) bool {
	var failed *sqlite.Error
	if !errors.As(err, &failed) {
		return false
	}
	switch failed.Code() {
	case sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_SHMSIZE:
		return true
	}
	return false
}
