package store

import (
	"bytes"
	"errors"
	"fmt"
	"iter"
	"time"

	"sekimori/broker/ledger"
	"sekimori/policy"
)

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
		return damaged(nil, "記載は%d件ありますが、確定点がありません", "%d entries and no checkpoint", size)
	case err != nil:
		return damaged(err, "最後の確定点", "last checkpoint")
	case c.Origin != s.db.opt.Origin:
		return fmt.Errorf("the ledger belongs to %q, the configuration says %q", c.Origin, s.db.opt.Origin)
	case c.Size != size:
		return damaged(nil, "記載は%d件で、確定点は%d件のものです", "%d entries, the checkpoint is of %d", size, c.Size)
	}
	root, err := ledger.Root(size, s.hashes())
	if err != nil {
		return damaged(err, "検証値の木", "tree")
	}
	if root != c.Root {
		return damaged(nil, "検証値の木の根が違います", "the root of the tree is another")
	}
	return s.checkLeaf(size - 1)
}

// checkLeaf compares an entry with its leaf in the tree.
func (s *Snap) checkLeaf(index int64) error {
	e, err := s.Entry(index)
	if err != nil {
		return damaged(err, "記載%d", "entry %d", index)
	}
	leaf, err := s.hashes().ReadHashes([]int64{ledger.LeafRow(index)})
	if err != nil {
		return damaged(err, "検証値の木", "tree")
	}
	if e.Leaf() != leaf[0] {
		return damaged(nil, "記載%dは、検証値の木にあるものではありません", "entry %d is not the one in the tree", index)
	}
	return nil
}

// headEntries bounds the entries that one VerifyHead compares with the tree.
const headEntries = 500

// VerifyHead checks the newest output of the broker itself: the last checkpoint with its signature, that it covers the last entry, and that the
// entries from since on, headEntries at most, are those of the tree. It reads few rows, so that it can be repeated all the time. It gives
// the size of the ledger. Errors: as VerifyLedger.
func (s *Snap) VerifyHead(since int64) (size int64, err error) {
	if err := s.checkHead(); err != nil {
		return 0, err
	}
	if size, err = s.LedgerSize(); err != nil {
		return 0, err
	}
	for i := max(since, size-headEntries, 0); i < size; i++ {
		if err := s.checkLeaf(i); err != nil {
			return 0, err
		}
	}
	return size, nil
}

// VerifyLedger reads the whole ledger and names the first place that does not hold. It compares every entry with its place,
// its time, its leaf and the columns beside it; the tree with the last checkpoint; the rows beside the ledger with their
// entries (*Damage names the row); the schema with the migrations; and the indexes with their tables. since is an older
// checkpoint that must be a prefix, or nil. progress may be nil; it receives the number of entries read.
func (s *Snap) VerifyLedger(since []byte, progress func(n int64)) error {
	if err := errors.Join(s.checkSchema(), s.checkHead()); err != nil {
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
	var disposals ledger.Disposals
	bound := newest{}
	subjects, err := s.subjectIndex()
	if err != nil {
		return err
	}
	defer subjects.rows.Close()
	for v, err := range s.storedEntries() {
		if err != nil {
			return damaged(err, "記載%d", "entry %d", front.Size())
		}
		if err := v.check(front.Size(), before); err != nil {
			return damaged(err, "記載%d", "entry %d", front.Size())
		}
		before = v.entry.Time
		disposals.Take(v.entry)
		if err := bound.take(v.entry); err != nil {
			return damaged(err, "記載%d", "entry %d", front.Size())
		}
		if err := subjects.take(v.entry); err != nil {
			return err
		}
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
	if err := s.checkFront(&front, older); err != nil {
		return err
	}
	if gone := disposals.First(); gone >= 0 {
		return damaged(nil, "記載%dの内容がありません。廃棄を認める記載(ledger.disposed)もありません", "entry %d has lost its payload, and no entry ledger.disposed authorises that", gone)
	}
	if err := subjects.end(); err != nil {
		return err
	}
	c, err := s.compare(bound)
	if err != nil {
		return err
	}
	if c.first != nil {
		return c.first
	}
	return s.checkIndexes()
}

// openSince reads the older checkpoint as strictly as the newest.
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

// checkSince compares the tree with the older checkpoint when it has reached its size.
func checkSince(front *ledger.Frontier, older ledger.Checkpoint) error {
	if front.Size() != older.Size {
		return nil
	}
	root, err := front.Root()
	if err != nil {
		return err
	}
	if root != older.Root {
		return damaged(nil, "初めの%d件は、以前の確定点のものではありません", "the first %d entries are not those of the older checkpoint", older.Size)
	}
	return nil
}

func (s *Snap) checkFront(front *ledger.Frontier, older ledger.Checkpoint) error {
	if front.Size() < older.Size {
		return damaged(nil, "記載は%d件で、以前の確定点では%d件でした。終わりの記載がありません", "%d entries, the older checkpoint had %d: entries are missing at the end", front.Size(), older.Size)
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
		return damaged(nil, "記載から確定点の根が得られません。どれかが、見出しの検証値とともに書き換えられています",
			"the entries do not give the checkpoint's root: one was changed and its header's digest with it")
	}
	return nil
}

// stored is an entry with the index columns beside it.
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
		return &misplaced{policy.Text{JA: fmt.Sprintf("%d番の行に、記載%dがあります", v.idx, v.entry.Index), EN: fmt.Sprintf("the row is %d and says it is entry %d", v.idx, v.entry.Index)}}
	case v.at != ms(v.entry.Time) || v.kind != v.entry.Kind:
		return &misplaced{policy.Text{JA: "横に置かれた時刻か種類が、見出しのものと違います", EN: "time or kind beside it are not those of its header"}}
	case v.entry.Time.Before(before):
		return &misplaced{policy.Text{JA: "時刻が前の記載より戻っています", EN: "its time is before that of the entry before it"}}
	case !v.entry.ClockHolds(before, place == 0):
		return &misplaced{policy.Text{JA: "時計が戻ったとありますが、時刻が前の記載の時刻ではありません", EN: "it says that the clock had run back, and its time is not that of the entry before it"}}
	case !bytes.Equal(v.leaf, leaf[:]):
		return &misplaced{policy.Text{JA: "見出しが、検証値の木にあるものと違います", EN: "its header is not the one in the tree"}}
	}
	return nil
}
