package store

import (
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"sekimori/broker/ledger"
)

// begin fixes the transaction's time and place in the ledger.
func (t *Tx) begin(clock time.Time) error {
	t.Clock = clock.UTC().Truncate(time.Millisecond)
	t.Now = t.Clock
	var last sql.NullInt64
	var lastAt sql.NullInt64
	err := t.tx.QueryRow(`SELECT idx, at FROM ledger_entries ORDER BY idx DESC LIMIT 1`).Scan(&last, &lastAt)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	if last.Valid {
		t.size = last.Int64 + 1
		if at := fromMS(lastAt.Int64); at.After(t.Now) {
			t.Now = at
		}
	}
	// Rows deleted from the end while the broker runs must not be signed over.
	var signed int64
	if err := t.tx.QueryRow(`SELECT coalesce(max(size), 0) FROM checkpoints`).Scan(&signed); err != nil {
		return err
	}
	if signed != t.size {
		return fmt.Errorf("%w: %d entries, checkpoint of %d", ErrTampered, t.size, signed)
	}
	return nil
}

// brokerID is the broker's own id as an actor, the same for all of its packages. Entries of earlier versions carry none.
const brokerID = "broker"

// Append writes an entry. A transaction may write several; the checkpoint covers them all. Digest and payload of the last one
// are final only at the commit, because that entry takes up the digests of the written rows.
func (t *Tx) Append(d ledger.Draft) (ledger.Entry, error) {
	if d.Actor.Kind == "broker" {
		d.Actor.ID = brokerID
	}
	var salt [ledger.SaltSize]byte
	if _, err := rand.Read(salt[:]); err != nil {
		return ledger.Entry{}, err
	}
	e, err := ledger.Seal(d, t.size, t.Now, t.Clock, salt)
	if err != nil {
		return ledger.Entry{}, err
	}
	if _, err := t.run(`INSERT INTO ledger_entries (idx, at, kind, header, salt, payload) VALUES (?, ?, ?, ?, ?, ?)`,
		e.Index, ms(e.Time), e.Kind, e.Header, e.Salt, e.Payload); err != nil {
		return ledger.Entry{}, fmt.Errorf("append entry %d: %w", e.Index, err)
	}
	for _, sub := range e.Subjects {
		t.change.add(entryAbout + sub)
		if _, err := t.run(`INSERT INTO ledger_subjects (subject, idx) VALUES (?, ?) ON CONFLICT DO NOTHING`, sub, e.Index); err != nil {
			return ledger.Entry{}, fmt.Errorf("append entry %d: %w", e.Index, err)
		}
	}
	if err := t.outgoing(e); err != nil {
		return ledger.Entry{}, err
	}
	t.size++
	t.appended = append(t.appended, e)
	if t.db.opt.Uncatalogued != nil {
		t.unknown = append(t.unknown, ledger.Uncatalogued(e.Kind, e.Payload)...)
	}
	return e, nil
}

// grow puts the leaves of the appended entries into the tree. It runs last, because the last entry takes up the
// digests of the written rows and so changes until then.
func (t *Tx) grow() error {
	for _, e := range t.appended {
		rows, err := ledger.Rows(e.Index, e.Leaf(), t.hashes())
		if err != nil {
			return err
		}
		for _, r := range rows {
			if _, err := t.run(`INSERT INTO ledger_hashes (idx, hash) VALUES (?, ?)`, r.Index, r.Hash[:]); err != nil {
				return fmt.Errorf("append entry %d: %w", e.Index, err)
			}
		}
	}
	return nil
}

// sign writes the checkpoint over the appended entries.
func (t *Tx) sign() error {
	root, err := ledger.Root(t.size, t.hashes())
	if err != nil {
		return err
	}
	c, err := ledger.SignCheckpoint(t.db.opt.Origin, t.size, root, t.db.opt.Signer)
	if err != nil {
		return err
	}
	// A signer that is configured but does not work is noticed here and not at the next audit.
	if v := t.db.opt.Verifier; v != nil {
		if _, err := ledger.OpenCheckpoint(c, v); err != nil {
			return err
		}
	}
	if _, err := t.run(`INSERT INTO checkpoints (size, note) VALUES (?, ?)`, t.size, c); err != nil {
		return err
	}
	t.checkpoint = c
	return nil
}

// hashes reads the rows of the tree.
func (s *Snap) hashes() tlog.HashReader {
	return tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))
		for i, x := range indexes {
			var h [32]byte
			err := s.tx.QueryRow(`SELECT hash FROM ledger_hashes WHERE idx = ?`, x).Scan(hash{&h})
			if err != nil {
				return nil, fmt.Errorf("ledger hash %d: %w", x, err)
			}
			out[i] = h
		}
		return out, nil
	})
}

// LedgerSize is the number of entries.
func (s *Snap) LedgerSize() (int64, error) {
	var n int64
	err := s.tx.QueryRow(`SELECT coalesce(max(idx), -1) + 1 FROM ledger_entries`).Scan(&n)
	return n, err
}

const entryColumns = `SELECT e.header, e.salt, e.payload FROM ledger_entries e`

func scanEntry(r scanner) (ledger.Entry, error) {
	var header, salt, payload []byte
	if err := r.Scan(&header, &salt, &payload); err != nil {
		return ledger.Entry{}, err
	}
	return ledger.ParseEntry(header, salt, payload)
}

// Entry reads one entry. Errors: ErrNotFound, and the errors of ledger.ParseEntry where bytes were
// changed.
func (s *Snap) Entry(index int64) (ledger.Entry, error) {
	return get(s, scanEntry, entryColumns+` WHERE e.idx = ?`, index)
}

func scanNote(r scanner) ([]byte, error) {
	var b []byte
	err := r.Scan(&b)
	return b, err
}

// LatestCheckpoint gives the signed checkpoint over the whole ledger. Errors: ErrNotFound while
// the ledger is empty.
func (s *Snap) LatestCheckpoint() ([]byte, error) {
	return get(s, scanNote, `SELECT note FROM checkpoints ORDER BY size DESC LIMIT 1`)
}

// CheckpointAt gives the first checkpoint that covers at least so many entries. Errors: ErrNotFound.
func (s *Snap) CheckpointAt(size int64) ([]byte, error) {
	return get(s, scanNote, `SELECT note FROM checkpoints WHERE size >= ? ORDER BY size LIMIT 1`, size)
}
