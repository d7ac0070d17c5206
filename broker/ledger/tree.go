package ledger

import (
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// Row is one stored hash of the tree: tlog's stored-hash index and the hash. Rows are only added; none changes when the tree
// grows.
type Row struct {
	Index int64
	Hash  tlog.Hash
}

// Rows returns the hashes to store when the entry of this index (= the size before) with this leaf is appended, lowest index
// first. r reads the rows of the earlier entries.
func Rows(index int64, leaf tlog.Hash, r tlog.HashReader) ([]Row, error) {
	hashes, err := tlog.StoredHashesForRecordHash(index, leaf, r)
	if err != nil {
		return nil, fmt.Errorf("ledger: hashes for entry %d: %w", index, err)
	}
	rows := make([]Row, len(hashes))
	first := tlog.StoredHashIndex(0, index)
	for i, h := range hashes {
		rows[i] = Row{Index: first + int64(i), Hash: h}
	}
	return rows, nil
}

// LeafRow is the row index of an entry's leaf.
func LeafRow(index int64) int64 { return tlog.StoredHashIndex(0, index) }

// Root is the root hash of the first size entries.
func Root(size int64, r tlog.HashReader) (tlog.Hash, error) {
	root, err := tlog.TreeHash(size, r)
	if err != nil {
		return tlog.Hash{}, fmt.Errorf("ledger: root of %d entries: %w", size, err)
	}
	return root, nil
}

// ProveEntry proves that the entry of this index is in the ledger of this size.
func ProveEntry(size, index int64, r tlog.HashReader) (tlog.RecordProof, error) {
	p, err := tlog.ProveRecord(size, index, r)
	if err != nil {
		return nil, fmt.Errorf("ledger: prove entry %d of %d: %w", index, size, err)
	}
	return p, nil
}

// CheckEntry checks ProveEntry's proof against a checkpoint.
func CheckEntry(p tlog.RecordProof, c Checkpoint, index int64, leaf tlog.Hash) error {
	if err := tlog.CheckRecord(p, c.Size, c.Root, index, leaf); err != nil {
		return fmt.Errorf("ledger: entry %d is not in the ledger of %d entries: %w", index, c.Size, err)
	}
	return nil
}

// ProvePrefix proves that the ledger of older entries is a prefix of the ledger of size entries.
func ProvePrefix(size, older int64, r tlog.HashReader) (tlog.TreeProof, error) {
	if older == 0 {
		return tlog.TreeProof{}, nil // the empty ledger is a prefix of every ledger
	}
	p, err := tlog.ProveTree(size, older, r)
	if err != nil {
		return nil, fmt.Errorf("ledger: prove %d a prefix of %d: %w", older, size, err)
	}
	return p, nil
}

// CheckPrefix checks ProvePrefix's proof: the older checkpoint is a prefix of the newer one.
func CheckPrefix(p tlog.TreeProof, newer, older Checkpoint) error {
	if newer.Origin != older.Origin {
		return fmt.Errorf("ledger: checkpoints of two ledgers: %q and %q", newer.Origin, older.Origin)
	}
	if older.Size == 0 {
		return nil
	}
	if err := tlog.CheckTree(p, newer.Size, newer.Root, older.Size, older.Root); err != nil {
		return fmt.Errorf("ledger: checkpoint of %d entries is no prefix of that of %d: %w", older.Size, newer.Size, err)
	}
	return nil
}

// Frontier is the right edge of a growing tree. It can append and give the root, in memory logarithmic in the size. The zero
// value is the empty tree. Not safe for concurrent use.
type Frontier struct {
	size  int64
	nodes map[int64]tlog.Hash // the roots of the complete subtrees, by stored-hash index
}

// Size is the number of leaves.
func (f *Frontier) Size() int64 { return f.size }

// Append adds a leaf.
func (f *Frontier) Append(leaf tlog.Hash) error {
	rows, err := Rows(f.size, leaf, tlog.HashReaderFunc(f.read))
	if err != nil {
		return err
	}
	if f.nodes == nil {
		f.nodes = map[int64]tlog.Hash{}
	}
	// Each row above the leaf joins the complete subtree to its left on that level, which is not needed afterwards.
	for level := range len(rows) - 1 {
		delete(f.nodes, tlog.StoredHashIndex(level, f.size>>level-1))
	}
	top := rows[len(rows)-1]
	f.nodes[top.Index] = top.Hash
	f.size++
	return nil
}

// Root is the root hash of all appended leaves.
func (f *Frontier) Root() (tlog.Hash, error) { return Root(f.size, tlog.HashReaderFunc(f.read)) }

func (f *Frontier) read(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		h, ok := f.nodes[x]
		if !ok {
			return nil, fmt.Errorf("ledger: hash %d is not on the tree's edge", x)
		}
		out[i] = h
	}
	return out, nil
}
