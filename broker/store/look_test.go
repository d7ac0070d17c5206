package store_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sekimori/broker/internal/testbed"
	"sekimori/broker/keys"
	"sekimori/broker/ledger"
	"sekimori/broker/store"

	"golang.org/x/mod/sumdb/note"
)

// TestLookWritesNothing: a database of the earlier version is verified as it is, and its files stay unchanged.
func TestLookWritesNothing(t *testing.T) {
	packed, err := gzip.NewReader(bytes.NewReader(basicProcedure))
	if err != nil {
		t.Fatal(err)
	}
	before, err := io.ReadAll(packed)
	path := filepath.Join(t.TempDir(), "sekimori.db")
	if err != nil || os.WriteFile(path, before, 0o600) != nil {
		t.Fatal(err)
	}
	verifier, err := note.NewVerifier(basicKey)
	if err != nil {
		t.Fatal(err)
	}
	o := store.Options{Clock: func() time.Time { return time.Date(2026, 11, 24, 1, 30, 0, 0, time.UTC) }, Verifier: verifier, Origin: "townhall.example/ledger"}
	looked := false
	err = store.Look(t.Context(), path, o, func(s *store.Snap, seen store.Seen) error {
		looked = true
		if seen.Schema != 1 || seen.Pending < 1 {
			t.Errorf("%+v", seen)
		}
		return s.VerifyLedger(nil, nil)
	})
	if err != nil || !looked {
		t.Fatal(err)
	}
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(after, before) {
		t.Errorf("looking has changed the database (%v)", err)
	}
	if err := store.Look(t.Context(), filepath.Join(t.TempDir(), "none.db"), o, nil); err == nil {
		t.Error("there is none, and it was seen")
	} else if _, made := os.Stat(filepath.Join(filepath.Dir(path), "none.db")); !errors.Is(made, fs.ErrNotExist) {
		t.Error("looking has made a database")
	}
}

// TestLookAtWhatABrokerHas: Look sees committed rows without a lock, while a broker writes and after it has gone. No migration is pending
// after an Open.
func TestLookAtWhatABrokerHas(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	ring, err := keys.Create(filepath.Join(dir, "keys"), bytes.Repeat([]byte{7}, keys.MasterSize), "townhall.example/ledger")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "sekimori.db")
	o := store.Options{Clock: testbed.At, Signer: ring.LedgerSigner(), Verifier: ring.LedgerVerifier(), Origin: "townhall.example/ledger"}
	db, err := store.Open(t.Context(), path, o)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Write(t.Context(), func(tx *store.Tx) error {
		_, err := tx.Append(ledger.Draft{Kind: "test.happened", Actor: ledger.Actor{Kind: "broker", Via: "timer"}})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, when := range []string{"while it writes", "after it has gone"} {
		err = store.Look(t.Context(), path, o, func(s *store.Snap, seen store.Seen) error {
			if size, err := s.LedgerSize(); err != nil || size != 1 || seen.Pending != 0 {
				t.Errorf("%s: %d entries (%v), %+v", when, size, err, seen)
			}
			return s.VerifyLedger(nil, nil)
		})
		if err != nil {
			t.Errorf("%s: %v", when, err)
		}
		if err := db.Close(); err != nil { // a second Close does no harm
			t.Fatal(err)
		}
	}
	if err := store.CheckModes(dir); err != nil {
		t.Error(err)
	}
	o.Origin = "another.example/ledger"
	err = store.Look(t.Context(), path, o, func(s *store.Snap, _ store.Seen) error { return s.VerifyLedger(nil, nil) })
	if err == nil || !strings.Contains(err.Error(), "another.example/ledger") {
		t.Errorf("the ledger of somebody else is taken: %v", err)
	}
}
