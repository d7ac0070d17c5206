package store

import (
	"errors"
	"fmt"

	"sekimori/broker/ledger"
)

// Continues checks that this ledger continues an older checkpoint that was kept elsewhere: nil when the
// checkpoint's entries are the first entries of this ledger. It reads a few rows only and proves the prefix
// against the last checkpoint, which Open has compared with the tree. Errors: ErrTampered when entries are
// missing or differ; any other error means that the checkpoint itself cannot be used.
func (s *Snap) Continues(checkpoint []byte) error {
	older, err := s.openSince(checkpoint)
	if err != nil {
		return err
	}
	size, err := s.LedgerSize()
	if err != nil {
		return err
	}
	if size < older.Size {
		return fmt.Errorf("%w: %d entries, the older checkpoint had %d: entries are missing at the end", ErrTampered, size, older.Size)
	}
	newest, err := s.openLatest()
	if errors.Is(err, ErrNotFound) {
		return nil // both are empty
	}
	if err != nil {
		return err
	}
	proof, err := ledger.ProvePrefix(size, older.Size, s.hashes())
	if err != nil {
		return fmt.Errorf("%w: %w", ErrTampered, err)
	}
	if err := ledger.CheckPrefix(proof, newest, older); err != nil {
		return fmt.Errorf("%w: %w", ErrTampered, err)
	}
	return nil
}
