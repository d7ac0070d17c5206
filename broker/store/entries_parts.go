package store

import (
	"context"
	"iter"

	"sekimori/broker/ledger"
)

// entriesPart is how many bytes of entries EntriesTo reads at once.
const entriesPart = 1 << 20

// EntriesTo iterates over the first size entries of the ledger, with a snapshot for each part: its reader may stall for any time. Errors:
// ErrTampered where the ledger is shorter.
func (db *DB) EntriesTo(ctx context.Context, size int64) iter.Seq2[ledger.Entry, error] {
	return func(yield func(ledger.Entry, error) bool) {
		for next := int64(0); next < size; {
			var part []ledger.Entry
			err := db.Read(ctx, func(s *Snap) error {
				bytes := 0
				for e, err := range s.Entries(EntryFilter{From: next, To: size}) {
					if err != nil {
						return err
					}
					part = append(part, e)
					if bytes += len(e.Header) + len(e.Payload); bytes >= entriesPart {
						break
					}
				}
				return nil
			})
			if err == nil && len(part) == 0 {
				err = ErrTampered
			}
			if err != nil {
				yield(ledger.Entry{}, err)
				return
			}
			for _, e := range part {
				if !yield(e, nil) {
					return
				}
			}
			next = part[len(part)-1].Index + 1
		}
	}
}
