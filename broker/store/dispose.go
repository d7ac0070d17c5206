package store

import (
	"errors"
	"fmt"

	"sekimori/broker/ledger"
)

// Dispose deletes the payloads of entries whose retention has ended. rule names the rule, by the person who authorised it. The
// entry ledger.disposed is in the same transaction; without it verification fails. Refused are entries whose payload is gone
// already, and entries that authorise a disposal themselves. Errors: ErrNotFound.
func (t *Tx) Dispose(rule, by string, actor ledger.Actor, indexes ...int64) error {
	if rule == "" || by == "" || len(indexes) == 0 {
		return errors.New("store: a disposal names a rule, a person and entries")
	}
	gone := make([]ledger.Entry, 0, len(indexes))
	for _, i := range indexes {
		e, err := t.Entry(i)
		if err != nil {
			return fmt.Errorf("dispose of entry %d: %w", i, err)
		}
		if e.Disposed() || e.Kind == ledger.KindDisposed {
			return fmt.Errorf("store: entry %d cannot be disposed of", i)
		}
		gone = append(gone, e)
	}
	if err := t.bindAgain(gone); err != nil {
		return err
	}
	if _, err := t.Append(ledger.Draft{Kind: ledger.KindDisposed, Actor: actor, Subjects: []string{by}, Payload: ledger.NewDisposal(rule, by, gone...)}); err != nil {
		return err
	}
	for _, i := range indexes {
		if err := t.runOne(`UPDATE ledger_entries SET salt = NULL, payload = NULL WHERE idx = ?`, i); err != nil {
			return fmt.Errorf("dispose of entry %d: %w", i, err)
		}
	}
	return nil
}

// bindAgain makes the disposal's entry bind the rows that the disposed entries bound, where their digests match the stored rows:
// otherwise no entry would bind these rows. A row that differs is bound by a later entry, or was edited by hand and stays unbound.
func (t *Tx) bindAgain(gone []ledger.Entry) error {
	l, going := newest{}, map[int64]bool{}
	for _, e := range gone {
		going[e.Index] = true
	}
	for e, err := range t.Entries(EntryFilter{}) {
		if err == nil {
			err = l.take(e)
		}
		if err != nil {
			return fmt.Errorf("what the entries bind: %w", err)
		}
	}
	now, err := t.rows()
	if err != nil {
		return err
	}
	for table, rows := range l {
		for id, b := range rows {
			digest, there := now[table][id]
			if going[b.entry] && there == (b.digest != nil) && (!there || *digest == *b.digest) {
				t.touched.put(table, id, b.digest)
			}
		}
	}
	return nil
}
