package store

import (
	"fmt"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"sekimori/broker/ledger"
)

// Checked is the latest re-reading of a sealed recording from the disk and its comparison with the ledger.
type Checked struct {
	Session string
	At      time.Time
	Finding string // empty: the recording matched
}

// RecordingCheck reads when a recording was last read again. Errors: ErrNotFound.
func (s *Snap) RecordingCheck(session string) (Checked, error) {
	return get(s, func(r scanner) (Checked, error) {
		var c Checked
		err := r.Scan(&c.Session, at(&c.At), &c.Finding)
		return c, err
	}, `SELECT session, at, finding FROM recording_checks WHERE session = ?`, session)
}

// NoteRecordingCheck notes that a recording was read again just now.
func (k *KeepTx) NoteRecordingCheck(session, finding string) error {
	if err := k.allow(KeepRecordingCheck); err != nil {
		return err
	}
	_, err := k.run(`INSERT INTO recording_checks (session, at, finding) VALUES (?, ?, ?)
		ON CONFLICT (session) DO UPDATE SET at = excluded.at, finding = excluded.finding`, session, ms(k.Now), finding)
	return err
}

// Prove checks an entry against the newest signed checkpoint by an inclusion proof. An entry that was edited in the
// database, even together with its leaf, fails. Error: ErrTampered.
func (s *Snap) Prove(e ledger.Entry) error {
	c, err := s.openLatest()
	if err != nil {
		return damaged(err, "最後の確定点", "last checkpoint")
	}
	proof, err := tlog.ProveRecord(c.Size, e.Index, s.hashes())
	if err != nil {
		return damaged(err, "記載%d", "entry %d", e.Index)
	}
	if err := tlog.CheckRecord(proof, c.Size, c.Root, e.Index, e.Leaf()); err != nil {
		return damaged(fmt.Errorf("inclusion: %w", err), "記載%d", "entry %d", e.Index)
	}
	return nil
}
