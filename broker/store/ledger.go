package store

import (
	"bytes"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"iter"
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
	// Rows taken from the end while the broker runs must not be signed over.
	var signed int64
	if err := t.tx.QueryRow(`SELECT coalesce(max(size), 0) FROM checkpoints`).Scan(&signed); err != nil {
		return err
	}
	if signed != t.size {
		return fmt.Errorf("%w: %d entries, checkpoint of %d", ErrTampered, t.size, signed)
	}
	return nil
}

// Append writes an entry. A transaction may write several; the checkpoint covers them all.
func (t *Tx) Append(d ledger.Draft) (ledger.Entry, error) {
	var salt [ledger.SaltSize]byte
	if _, err := rand.Read(salt[:]); err != nil {
		return ledger.Entry{}, err
	}
	e, err := ledger.Seal(d, t.size, t.Now, t.Clock, salt)
	if err != nil {
		return ledger.Entry{}, err
	}
	rows, err := ledger.Rows(t.size, e.Leaf(), t.hashes())
	if err != nil {
		return ledger.Entry{}, err
	}
	if _, err := t.tx.Exec(`INSERT INTO ledger_entries (idx, at, kind, header, salt, payload) VALUES (?, ?, ?, ?, ?, ?)`,
		e.Index, ms(e.Time), e.Kind, e.Header, e.Salt, e.Payload); err != nil {
		return ledger.Entry{}, fmt.Errorf("append entry %d: %w", e.Index, err)
	}
	for _, sub := range e.Subjects {
		if _, err := t.tx.Exec(`INSERT INTO ledger_subjects (subject, idx) VALUES (?, ?) ON CONFLICT DO NOTHING`, sub, e.Index); err != nil {
			return ledger.Entry{}, fmt.Errorf("append entry %d: %w", e.Index, err)
		}
	}
	for _, r := range rows {
		if _, err := t.tx.Exec(`INSERT INTO ledger_hashes (idx, hash) VALUES (?, ?)`, r.Index, r.Hash[:]); err != nil {
			return ledger.Entry{}, fmt.Errorf("append entry %d: %w", e.Index, err)
		}
	}
	t.size++
	t.appended++
	return e, nil
}

// sign writes the checkpoint over what the transaction appended.
func (t *Tx) sign() error {
	root, err := ledger.Root(t.size, t.hashes())
	if err != nil {
		return err
	}
	c, err := ledger.SignCheckpoint(t.db.opt.Origin, t.size, root, t.db.opt.Signer)
	if err != nil {
		return err
	}
	// A signer that is configured but does not work is noticed here, not at the next audit.
	if v := t.db.opt.Verifier; v != nil {
		if _, err := ledger.OpenCheckpoint(c, v); err != nil {
			return err
		}
	}
	if _, err := t.tx.Exec(`INSERT INTO checkpoints (size, note) VALUES (?, ?)`, t.size, c); err != nil {
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

// Entry reads one entry. Errors: ErrNotFound, and what ledger.ParseEntry says of bytes that were
// changed.
func (s *Snap) Entry(index int64) (ledger.Entry, error) {
	return get(s, scanEntry, entryColumns+` WHERE e.idx = ?`, index)
}

// EntryFilter narrows Entries. Zero fields do not narrow.
type EntryFilter struct {
	From    int64  // index
	To      int64  // index, exclusive; 0: to the end
	Kind    string // "session.opening"; a trailing '*' stands for any ending: "session.*"
	Subject string
	Newest  bool // newest first
	Limit   int  // 0: no limit
}

// Entries iterates in order of the index, while the snapshot lasts. Breaking off is fine.
func (s *Snap) Entries(f EntryFilter) iter.Seq2[ledger.Entry, error] {
	var w where
	w.and("e.idx >= ?", f.From)
	if f.To > 0 {
		w.and("e.idx < ?", f.To)
	}
	if n := len(f.Kind); n > 0 && f.Kind[n-1] == '*' {
		w.and("substr(e.kind, 1, ?) = ?", n-1, f.Kind[:n-1])
	} else {
		w.text("e.kind = ?", f.Kind)
	}
	w.text("e.idx IN (SELECT idx FROM ledger_subjects WHERE subject = ?)", f.Subject)
	order := " ORDER BY e.idx"
	if f.Newest {
		order += " DESC"
	}
	if f.Limit > 0 {
		order += " LIMIT ?"
		w.args = append(w.args, f.Limit)
	}
	return func(yield func(ledger.Entry, error) bool) {
		rows, err := s.tx.Query(entryColumns+w.String()+order, w.args...)
		if err != nil {
			yield(ledger.Entry{}, err)
			return
		}
		defer rows.Close()
		for rows.Next() {
			e, err := scanEntry(rows)
			if !yield(e, err) || err != nil {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(ledger.Entry{}, err)
		}
	}
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

// openLatest reads and, with a key at hand, verifies the last checkpoint.
func (s *Snap) openLatest() (ledger.Checkpoint, error) {
	b, err := s.LatestCheckpoint()
	if err != nil {
		return ledger.Checkpoint{}, err
	}
	if v := s.db.opt.Verifier; v != nil {
		return ledger.OpenCheckpoint(b, v)
	}
	return ledger.ReadCheckpoint(b)
}

// checkHead compares the stored tree with the last checkpoint, reading a few rows only.
func (s *Snap) checkHead() error {
	size, err := s.LedgerSize()
	if err != nil {
		return err
	}
	c, err := s.openLatest()
	switch {
	case errors.Is(err, ErrNotFound) && size == 0:
		return nil
	case errors.Is(err, ErrNotFound):
		return fmt.Errorf("%w: %d entries and no checkpoint", ErrTampered, size)
	case err != nil:
		return fmt.Errorf("%w: last checkpoint: %w", ErrTampered, err)
	case c.Origin != s.db.opt.Origin:
		return fmt.Errorf("the ledger belongs to %q, the configuration says %q", c.Origin, s.db.opt.Origin)
	case c.Size != size:
		return fmt.Errorf("%w: %d entries, the checkpoint is of %d", ErrTampered, size, c.Size)
	}
	root, err := ledger.Root(size, s.hashes())
	if err != nil {
		return fmt.Errorf("%w: %w", ErrTampered, err)
	}
	if root != c.Root {
		return fmt.Errorf("%w: the root of the tree is another", ErrTampered)
	}
	e, err := s.Entry(size - 1)
	if err != nil {
		return fmt.Errorf("%w: last entry: %w", ErrTampered, err)
	}
	leaf, err := s.hashes().ReadHashes([]int64{ledger.LeafRow(size - 1)})
	if err != nil {
		return fmt.Errorf("%w: %w", ErrTampered, err)
	}
	if e.Leaf() != leaf[0] {
		return fmt.Errorf("%w: entry %d is not the one in the tree", ErrTampered, size-1)
	}
	return nil
}

// VerifyLedger reads the whole ledger and names the first place that does not hold: every entry
// against its place, its time, its leaf and the columns beside it, and the tree against the last
// checkpoint. since is an older checkpoint that must be a prefix, or nil. progress, if given, is
// told how many entries were read.
func (s *Snap) VerifyLedger(since []byte, progress func(n int64)) error {
	if err := s.checkHead(); err != nil {
		return err
	}
	older := ledger.Checkpoint{Size: -1}
	if since != nil {
		var err error
		if older, err = s.openSince(since); err != nil {
			return err
		}
	}
	var front ledger.Frontier
	if err := checkSince(&front, older); err != nil {
		return err
	}
	var before time.Time
	for v, err := range s.storedEntries() {
		if err != nil {
			return fmt.Errorf("%w: entry %d: %w", ErrTampered, front.Size(), err)
		}
		if err := v.check(front.Size(), before); err != nil {
			return fmt.Errorf("%w: entry %d: %w", ErrTampered, front.Size(), err)
		}
		before = v.entry.Time
		if err := front.Append(v.entry.Leaf()); err != nil {
			return err
		}
		if err := checkSince(&front, older); err != nil {
			return err
		}
		if progress != nil {
			progress(front.Size())
		}
	}
	return s.checkFront(&front, older)
}

// openSince reads the older checkpoint as strictly as the newest one.
func (s *Snap) openSince(b []byte) (ledger.Checkpoint, error) {
	read := ledger.ReadCheckpoint
	if v := s.db.opt.Verifier; v != nil {
		read = func(b []byte) (ledger.Checkpoint, error) { return ledger.OpenCheckpoint(b, v) }
	}
	c, err := read(b)
	if err != nil {
		return c, fmt.Errorf("older checkpoint: %w", err)
	}
	if c.Origin != s.db.opt.Origin {
		return c, fmt.Errorf("older checkpoint is of the ledger %q, this is %q", c.Origin, s.db.opt.Origin)
	}
	return c, nil
}

// checkSince compares the tree with the older checkpoint at the moment it has its size.
func checkSince(front *ledger.Frontier, older ledger.Checkpoint) error {
	if front.Size() != older.Size {
		return nil
	}
	root, err := front.Root()
	if err != nil {
		return err
	}
	if root != older.Root {
		return fmt.Errorf("%w: the first %d entries are not those of the older checkpoint", ErrTampered, older.Size)
	}
	return nil
}

func (s *Snap) checkFront(front *ledger.Frontier, older ledger.Checkpoint) error {
	if front.Size() < older.Size {
		return fmt.Errorf("%w: %d entries, the older checkpoint had %d: entries are missing at the end", ErrTampered, front.Size(), older.Size)
	}
	if front.Size() == 0 {
		return nil
	}
	c, err := s.openLatest()
	if err != nil {
		return err
	}
	root, err := front.Root()
	if err != nil {
		return err
	}
	if front.Size() != c.Size || root != c.Root {
		return fmt.Errorf("%w: the entries do not give the checkpoint's root: one was changed and its header's digest with it", ErrTampered)
	}
	return nil
}

// stored is an entry with the columns that only help to find it.
type stored struct {
	entry ledger.Entry
	idx   int64
	at    int64
	kind  string
	leaf  []byte
}

func (s *Snap) storedEntries() iter.Seq2[stored, error] {
	return func(yield func(stored, error) bool) {
		rows, err := s.tx.Query(`SELECT e.idx, e.at, e.kind, e.header, e.salt, e.payload FROM ledger_entries e ORDER BY e.idx`)
		if err != nil {
			yield(stored{}, err)
			return
		}
		defer rows.Close()
		for rows.Next() {
			var v stored
			var header, salt, payload []byte
			err := rows.Scan(&v.idx, &v.at, &v.kind, &header, &salt, &payload)
			if err == nil {
				v.entry, err = ledger.ParseEntry(header, salt, payload)
			}
			if err == nil {
				err = s.tx.QueryRow(`SELECT hash FROM ledger_hashes WHERE idx = ?`, ledger.LeafRow(v.idx)).Scan(&v.leaf)
			}
			if !yield(v, err) || err != nil {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(stored{}, err)
		}
	}
}

func (v stored) check(place int64, before time.Time) error {
	leaf := v.entry.Leaf()
	switch {
	case v.idx != place || v.entry.Index != place:
		return fmt.Errorf("the row is %d and says it is entry %d", v.idx, v.entry.Index)
	case v.at != ms(v.entry.Time) || v.kind != v.entry.Kind:
		return errors.New("time or kind beside it are not those of its header")
	case v.entry.Time.Before(before):
		return errors.New("its time is before that of the entry before it")
	case !bytes.Equal(v.leaf, leaf[:]):
		return errors.New("its header is not the one in the tree")
	}
	return nil
}
