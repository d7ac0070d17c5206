package blank

import (
	"context"
	"crypto/rand"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"sekimori/broker/internal/testbed"
	"sekimori/broker/store"
)

// Database writes an empty database to path, for store.Open: no row, no entry, no ledger's name yet.
func Database(t testing.TB, path string) {
	t.Helper()
	b, err := schema()
	if err != nil {
		t.Fatalf("blank database: %v", err)
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatalf("blank database: %v", err)
	}
}

// schema is the file that store.Open makes from nothing. Without an entry it carries no ledger's name and no signature.
var schema = sync.OnceValues(func() (_ []byte, err error) {
	dir, err := os.MkdirTemp("", "blank")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	const origin = "blank.test/ledger"
	private, _, err := note.GenerateKey(rand.Reader, origin)
	if err != nil {
		return nil, err
	}
	signer, err := note.NewSigner(private)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dir, "blank.db")
	db, err := store.Open(context.Background(), path, store.Options{Clock: testbed.At, Signer: signer, Origin: origin})
	if err != nil {
		return nil, err
	}
	if err := db.Close(); err != nil { // the last connection takes the write-ahead log into the file
		return nil, err
	}
	return os.ReadFile(path)
})
