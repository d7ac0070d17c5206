package files_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"sekimori/broker/files"
	"sekimori/broker/internal/testbed"
	"sekimori/broker/keys"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
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

// A file whose contents cannot be removed keeps no other's from their end, is tried again, and keeps no broker from its start.
func TestAttackContentsThatCannotBeRemoved(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ring, err := keys.Create(filepath.Join(dir, "keys"), make([]byte, keys.MasterSize), "sekimori.test/ledger")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	db, err := store.Open(t.Context(), filepath.Join(dir, "sekimori.db"), store.Options{Clock: func() time.Time { return now }, Signer: ring.LedgerSigner(), Origin: "sekimori.test/ledger", Uncatalogued: testbed.Catalogued(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	held := filepath.Join(dir, "held")
	open := func() *files.Gate {
		t.Helper()
		g, err := files.Open(files.Options{DB: db, Ring: ring, Dir: held, Outbox: held + "-out"})
		if err != nil {
			t.Fatal(err)
		}
		return g
	}
	g := open()
	stuck, fine := "S-20261124-03-1", "S-20261124-03-2"
	err = db.Write(t.Context(), func(tx *store.Tx) error {
		if err := tx.PutSection(store.Section{ID: "jinji", Name: "人事課"}); err != nil {
			return err
		}
		if err := tx.PutSystem(store.System{System: policy.System{ID: "hr", Section: "jinji", Line: policy.LineNone}}); err != nil {
			return err
		}
		for _, id := range []string{stuck, fine} {
			f := store.File{ID: id, Direction: policy.FilesIn, State: policy.FileHalted, Session: "S-20261124-03", System: "hr", Target: "hr-db", Path: []byte("/srv/x"), Kept: []string{id}, Content: id, Findings: json.RawMessage("[]")}
			if err := tx.AddFile(f); err != nil {
				return err
			}
		}
		_, err := tx.Append(ledger.Draft{Kind: "test.furnished", Actor: ledger.Actor{Kind: "broker", Via: "timer"}, Payload: json.RawMessage("{}")})
		return err
	})
	within := filepath.Join(held, stuck, "x") // a directory with something in it cannot be removed
	if err := errors.Join(err, os.MkdirAll(within, 0o700), os.WriteFile(filepath.Join(held, fine), nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	there := func(id string) bool { _, err := os.Lstat(filepath.Join(held, id)); return err == nil }
	now = now.Add(2 * time.Hour)
	if err := g.Expire(t.Context(), time.Hour); err == nil || there(fine) {
		t.Fatalf("%v; the other file's contents are still there: %t", err, there(fine))
	}
	g = open()
	if err := g.Reconcile(t.Context()); err != nil {
		t.Fatalf("the broker does not start: %v", err)
	}
	if err := g.Expire(t.Context(), time.Hour); err == nil {
		t.Error("the chore does not say that contents stay")
	}
	if err := os.Remove(within); err != nil {
		t.Fatal(err)
	}
	if err := g.Expire(t.Context(), time.Hour); err != nil || there(stuck) {
		t.Errorf("%v; still there: %t", err, there(stuck))
	}
}
