package store

import (
	"context"
	"errors"
	"fmt"

	"sekimori/broker/ledger"
)

// PayloadDisposal is a disposal of payloads as PrepareDisposal made it ready.
type PayloadDisposal struct {
	indexes []int64
	again   newest // rows that none but these entries bind, as of size
	size    int64
}

// PrepareDisposal finds the rows that entries bind and that no later entry binds. It reads the whole ledger, so that Dispose need not do it
// while it holds the lock on the database.
func (s *Snap) PrepareDisposal(indexes ...int64) (d PayloadDisposal, err error) {
	d = PayloadDisposal{indexes: indexes, again: newest{}}
	if d.size, err = s.LedgerSize(); err != nil {
		return d, err
	}
	return d, d.bound(s, 0, d.size)
}

// bound reads entries [from, to) and keeps the rows whose newest entry is one of those that go.
func (d *PayloadDisposal) bound(s *Snap, from, to int64) error {
	if from == to {
		return nil
	}
	going := map[int64]bool{}
	for _, i := range d.indexes {
		going[i] = true
	}
	for e, err := range s.Entries(EntryFilter{From: from, To: to}) {
		var b bindings
		if err == nil {
			b, err = boundBy(e)
		}
		if err != nil {
			return fmt.Errorf("rows that the entries bind: %w", err)
		}
		for table, rows := range b {
			for id, digest := range rows {
				if !going[e.Index] {
					delete(d.again[table], id)
					continue
				}
				if d.again[table] == nil {
					d.again[table] = map[string]bound{}
				}
				d.again[table][id] = bound{digest, e.Index}
			}
		}
	}
	return nil
}

// Dispose deletes the payloads of entries whose retention has ended. rule names the rule, by the person who authorised it, or
// ledger.ByRule. The entry ledger.disposed is in the same transaction; without it verification fails. It binds the rows that only the
// disposed entries bound, with the digests that they had: a row that was edited by hand is still found. Refused are entries whose payload
// is gone already, and entries that authorise a disposal themselves. Errors: ErrNotFound.
func (t *Tx) Dispose(rule, by string, actor ledger.Actor, d PayloadDisposal) error {
	if rule == "" || by == "" || len(d.indexes) == 0 {
		return errors.New("store: a disposal names a rule, a person and entries")
	}
	gone := make([]ledger.Entry, 0, len(d.indexes))
	for _, i := range d.indexes {
		e, err := t.Entry(i)
		if err != nil {
			return fmt.Errorf("dispose of entry %d: %w", i, err)
		}
		if e.Disposed() || e.Kind == ledger.KindDisposed {
			return fmt.Errorf("store: entry %d cannot be disposed of", i)
		}
		gone = append(gone, e)
	}
	now, err := t.LedgerSize()
	if err == nil {
		err = d.bound(t.Snap, d.size, now) // entries since it was prepared
	}
	if err != nil {
		return err
	}
	for table, rows := range d.again {
		for id, b := range rows {
			t.touched.put(table, id, b.digest)
		}
	}
	var subjects []string
	if by != ledger.ByRule {
		subjects = []string{by}
	}
	if _, err := t.Append(ledger.Draft{Kind: ledger.KindDisposed, Actor: actor, Subjects: subjects, Payload: ledger.NewDisposal(rule, by, gone...)}); err != nil {
		return err
	}
	for _, i := range d.indexes {
		if err := t.runOne(`UPDATE ledger_entries SET salt = NULL, payload = NULL WHERE idx = ?`, i); err != nil {
			return fmt.Errorf("dispose of entry %d: %w", i, err)
		}
	}
	return nil
}

// EmptyJournal moves all of the write-ahead journal into the database and empties its file, so that payloads which were disposed of do not stay in older
// pages of it. While a reader needs those pages they stay; the next call removes them.
func (db *DB) EmptyJournal(ctx context.Context) error {
	if _, err := db.w.ExecContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`); err != nil {
		return fmt.Errorf("empty the journal: %w", err)
	}
	return nil
}
