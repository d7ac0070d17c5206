package files_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"sekimori/broker/files"
	"sekimori/broker/internal/testbed"
	"sekimori/broker/keys"
	"sekimori/broker/store"
)

// Held contents go when their time is over, and the ledger names them.
func TestHeldContentsExpire(t *testing.T) {
	dir := t.TempDir()
	ring, err := keys.Create(filepath.Join(dir, "keys"), make([]byte, keys.MasterSize), "sekimori.test/ledger")
	if err != nil {
		t.Fatal(err)
	}
	db, err := store.Open(t.Context(), filepath.Join(dir, "sekimori.db"), store.Options{Clock: testbed.At, Signer: ring.LedgerSigner(), Origin: "sekimori.test/ledger", Uncatalogued: testbed.Catalogued(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	held := filepath.Join(dir, "held")
	g, err := files.Open(files.Options{DB: db, Ring: ring, Dir: held, Outbox: held + "-out"})
	if err != nil {
		t.Fatal(err)
	}
	const keep = 24 * time.Hour
	for name, age := range map[string]time.Duration{"old": keep, "young": keep - time.Second} {
		path := filepath.Join(held, name)
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, time.Time{}, testbed.At().Add(-age)); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		if err := g.Expire(t.Context(), keep); err != nil {
			t.Fatal(err)
		}
	}
	if left, _ := os.ReadDir(held); len(left) != 1 || left[0].Name() != "young" {
		t.Errorf("left: %v", left)
	}
	n := 0
	err = db.Read(t.Context(), func(s *store.Snap) error {
		for _, err := range s.Entries(store.EntryFilter{Kind: "file.disposed"}) {
			if err != nil {
				return err
			}
			n++
		}
		return s.VerifyLedger(nil, nil)
	})
	if err != nil || n != 1 {
		t.Errorf("%d entries, %v", n, err)
	}
}
