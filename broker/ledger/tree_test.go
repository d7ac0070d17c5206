package ledger

import (
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

func mustRoot(t testing.TB, b *book, size int64) tlog.Hash {
	t.Helper()
	root, err := Root(size, b.reader())
	if err != nil {
		t.Fatal(err)
	}
	return root
}

func grown(t testing.TB, n int) *book {
	b := newBook(t)
	at := time.Date(2026, 11, 24, 1, 0, 0, 0, time.UTC)
	for range n {
		b.add(Draft{Kind: "a", Actor: Actor{"broker", "", "timer"}}, at, time.Time{})
	}
	return b
}

// The edge alone gives the same root as all rows, at every size, and stays small.
func TestFrontierAgreesWithTheWholeTree(t *testing.T) {
	b := grown(t, 200)
	var f Frontier
	for i, e := range b.entries {
		if err := f.Append(e.Leaf()); err != nil {
			t.Fatal(err)
		}
		root, err := f.Root()
		if err != nil {
			t.Fatal(err)
		}
		if root != mustRoot(t, b, int64(i+1)) {
			t.Fatalf("roots differ at size %d", i+1)
		}
		if len(f.nodes) > 8 {
			t.Fatalf("%d hashes kept at size %d", len(f.nodes), i+1)
		}
		if b.rows[LeafRow(int64(i))] != e.Leaf() {
			t.Fatalf("row of leaf %d holds something else", i)
		}
	}
}

func TestProofs(t *testing.T) {
	const n = 21
	b := grown(t, n)
	now := Checkpoint{Origin: testOrigin, Size: n, Root: mustRoot(t, b, n)}
	for i := range int64(n) {
		p, err := ProveEntry(n, i, b.reader())
		if err != nil {
			t.Fatal(err)
		}
		if err := CheckEntry(p, now, i, b.entries[i].Leaf()); err != nil {
			t.Error(err)
		}
		if CheckEntry(p, now, i, b.entries[(i+1)%n].Leaf()) == nil {
			t.Errorf("entry %d proved to be another", i)
		}
	}
	for then := range int64(n + 1) {
		older := Checkpoint{Origin: testOrigin, Size: then, Root: mustRoot(t, b, then)}
		p, err := ProvePrefix(n, then, b.reader())
		if err != nil {
			t.Fatal(err)
		}
		if err := CheckPrefix(p, now, older); err != nil {
			t.Error(err)
		}
		if then > 0 {
			older.Root[0] ^= 1
			if CheckPrefix(p, now, older) == nil {
				t.Errorf("a prefix of %d that is none was proved", then)
			}
		}
		older.Origin = "elsewhere.example"
		if CheckPrefix(p, now, older) == nil {
			t.Error("another ledger was proved a prefix")
		}
	}
	if _, err := ProvePrefix(n, n+1, b.reader()); err == nil {
		t.Error("a longer ledger was proved a prefix")
	}
	if _, err := ProveEntry(n, n, b.reader()); err == nil {
		t.Error("an entry beyond the end was proved")
	}
}
