package store

import (
	"errors"
	"fmt"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"sekimori/broker/ledger"
)

// cosignaturesWhole is how long every cosigned checkpoint is kept. Of older ones the last of each day stays: a later checkpoint covers
// all that an earlier one does.
const cosignaturesWhole = 30 * 24 * time.Hour

// WitnessState is how a witness answered last.
type WitnessState struct {
	Name     string
	Since    time.Time // when it was first asked
	Answered time.Time // when it cosigned last, by the broker's clock; zero: never
	Size     int64     // of the checkpoint that it cosigned last
	Finding  string    // what was wrong with its last answer; empty: nothing
}

// WitnessState reads how a witness answered last. Errors: ErrNotFound before it was first asked.
func (s *Snap) WitnessState(name string) (WitnessState, error) {
	return get(s, func(r scanner) (w WitnessState, err error) {
		err = r.Scan(&w.Name, at(&w.Since), at(&w.Answered), &w.Size, &w.Finding)
		return w, err
	}, `SELECT name, since, answered, size, finding FROM witnesses WHERE name = ?`, name)
}

// NoteWitness notes how a witness answered just now; w.Since and w.Answered are not read. Kind: KeepCosignatures.
func (k *KeepTx) NoteWitness(w WitnessState, answered bool) error {
	if err := k.allow(KeepCosignatures); err != nil {
		return err
	}
	when := int64(0)
	if answered {
		when = ms(k.Now)
	}
	_, err := k.run(`INSERT INTO witnesses (name, since, answered, size, finding) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (name) DO UPDATE SET answered = max(answered, excluded.answered), size = excluded.size, finding = excluded.finding`,
		w.Name, ms(k.Now), when, w.Size, w.Finding)
	return err
}

// AddCosignatures stores the verified signatures of a witness under the checkpoint of this size, and drops old ones that later ones cover.
// Kind: KeepCosignatures.
func (k *KeepTx) AddCosignatures(size int64, list []ledger.Cosignature) error {
	if err := k.allow(KeepCosignatures); err != nil {
		return err
	}
	for _, c := range list {
		if _, err := k.run(`INSERT INTO cosignatures (size, witness, key, at, line) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT (size, witness, key) DO UPDATE SET at = excluded.at, line = excluded.line`, size, c.Witness, int64(c.KeyHash), ms(c.At), c.Line); err != nil {
			return fmt.Errorf("cosignature of %s: %w", c.Witness, err)
		}
	}
	const day = 24 * 60 * 60 * 1000
	_, err := k.run(`DELETE FROM cosignatures WHERE at < ? AND EXISTS (SELECT 1 FROM cosignatures l
		WHERE l.witness = cosignatures.witness AND l.key = cosignatures.key AND l.size > cosignatures.size AND l.at / ? = cosignatures.at / ?)`,
		ms(k.Now.Add(-cosignaturesWhole)), int64(day), int64(day))
	return err
}

// Cosignatures lists the signatures of witnesses under the checkpoint of this size, by the names of their keys.
func (s *Snap) Cosignatures(size int64) ([]ledger.Cosignature, error) {
	return list(s, func(r scanner) (c ledger.Cosignature, err error) {
		err = r.Scan(&c.Witness, &c.KeyHash, at(&c.At), &c.Line)
		return c, err
	}, `SELECT witness, key, at, line FROM cosignatures WHERE size = ? ORDER BY witness, key`, size)
}

// CosignedCheckpoint gives the first checkpoint of at least so many entries that this many witnesses have cosigned, or the newest such
// one, with their signatures. Errors: ErrNotFound.
func (s *Snap) CosignedCheckpoint(from int64, witnesses int, newest bool) ([]byte, error) {
	order := ""
	if newest {
		order = " DESC"
	}
	size, err := get(s, func(r scanner) (n int64, err error) { return n, r.Scan(&n) },
		`SELECT size FROM cosignatures WHERE size >= ? GROUP BY size HAVING count(DISTINCT witness) >= ? ORDER BY size`+order+` LIMIT 1`, from, max(witnesses, 1))
	if err != nil {
		return nil, err
	}
	checkpoint, err := get(s, scanNote, `SELECT note FROM checkpoints WHERE size = ?`, size)
	if err != nil {
		return nil, err
	}
	list, err := s.Cosignatures(size)
	return ledger.Cosigned(checkpoint, list), err
}

// OutsideCheckpoint is the checkpoint to hand out for entries up to this number: the newest one that the witnesses have cosigned, else the
// newest. covers says how many entries it must cover at least.
func (s *Snap) OutsideCheckpoint(covers int64, witnesses int) ([]byte, error) {
	c, err := s.CosignedCheckpoint(covers, witnesses, true)
	if !errors.Is(err, ErrNotFound) {
		return c, err
	}
	if c, err = s.LatestCheckpoint(); err != nil {
		return nil, err
	}
	size, err := s.LedgerSize()
	if err != nil {
		return nil, err
	}
	list, err := s.Cosignatures(size)
	return ledger.Cosigned(c, list), err
}

// ProvePrefix proves that the ledger of older entries is a prefix of that of size entries.
func (s *Snap) ProvePrefix(size, older int64) (tlog.TreeProof, error) {
	return ledger.ProvePrefix(size, older, s.hashes())
}

// ProofOf is the proof of an entry under a checkpoint of this ledger.
func (s *Snap) ProofOf(index int64, checkpoint []byte) (ledger.Proof, error) {
	c, err := ledger.ReadCheckpoint(checkpoint)
	if err != nil {
		return ledger.Proof{}, err
	}
	e, err := s.Entry(index)
	if err != nil {
		return ledger.Proof{}, err
	}
	path, err := ledger.ProveEntry(c.Size, index, s.hashes())
	return ledger.Proof{Entry: e, Hashes: path, Checkpoint: checkpoint}, err
}
