package store

import (
	"errors"
	"time"
)

// Forwarded is how far the ledger went out to a collector of logs.
type Forwarded struct {
	Collector string    // its address
	Next      int64     // the first entry that the collector has not confirmed
	At        time.Time // of the last confirmation; zero: none yet
	Error     string    // of the last try; empty: it succeeded
}

// Forwarded reads how far the ledger went out to a collector. One that is not known has got nothing.
func (s *Snap) Forwarded(collector string) (Forwarded, error) {
	f, err := get(s, func(r scanner) (f Forwarded, err error) { return f, r.Scan(&f.Collector, &f.Next, at(&f.At), &f.Error) },
		`SELECT collector, next_entry, at, error FROM forwarded WHERE collector = ?`, collector)
	if errors.Is(err, ErrNotFound) {
		return Forwarded{Collector: collector}, nil
	}
	return f, err
}

// NoteForwarded notes that a collector has confirmed the entries below next. The position never goes back. Kind: KeepForwarded.
func (k *KeepTx) NoteForwarded(collector string, next int64) error {
	if err := k.allow(KeepForwarded); err != nil {
		return err
	}
	_, err := k.run(`INSERT INTO forwarded (collector, next_entry, at, error) VALUES (?, ?, ?, '')
		ON CONFLICT (collector) DO UPDATE SET next_entry = max(next_entry, excluded.next_entry), at = excluded.at, error = ''`, collector, next, ms(k.Now))
	return err
}

// NoteNotForwarded notes why a try failed. Kind: KeepForwarded.
func (k *KeepTx) NoteNotForwarded(collector, problem string) error {
	if err := k.allow(KeepForwarded); err != nil {
		return err
	}
	_, err := k.run(`INSERT INTO forwarded (collector, next_entry, at, error) VALUES (?, 0, 0, ?)
		ON CONFLICT (collector) DO UPDATE SET error = excluded.error`, collector, problem)
	return err
}
