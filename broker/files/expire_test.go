package files_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"sekimori/broker/files"
	"sekimori/broker/internal/testbed"
	"sekimori/broker/keys"
	"sekimori/broker/store"
)

// Names that no session of the ledger has are left alone: neither the start nor the chore removes what the broker does not know.
func TestForeignFilesStay(t *testing.T) {
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
	names := []string{"README", "S-20261124-03-1", "-", ".x"}
	for _, name := range names {
		if err := os.WriteFile(filepath.Join(held, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(g.Reconcile(t.Context()), g.Expire(t.Context(), time.Hour)); err != nil {
		t.Fatal(err)
	}
	if left, _ := os.ReadDir(held); len(left) != len(names) {
		t.Errorf("left: %v", left)
	}
}
