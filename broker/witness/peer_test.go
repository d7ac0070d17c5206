package witness_test

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/crypto/ssh/agent"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
	_ "modernc.org/sqlite"

	"sekimori/broker/internal/testbed"
	"sekimori/broker/ledger"
	"sekimori/broker/witness"
)

// litewitness starts torchwood's witness for the ledger and returns its address and key. Its own signing key stays in an agent of
// this process, as it asks for.
func litewitness(t *testing.T, l *tree) (address string, key note.Verifier) {
	t.Helper()
	program := testbed.Need(t, "litewitness")
	dir := t.TempDir()
	public, secret, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	if key, err = ledger.ParseWitnessKey(ledger.WitnessKeyText("lite.example/w", public)); err != nil {
		t.Fatal(err)
	}
	ring := agent.NewKeyring()
	if err := ring.Add(agent.AddedKey{PrivateKey: secret}); err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(dir, "agent")
	door, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = door.Close() })
	go func() {
		for {
			conn, err := door.Accept()
			if err != nil {
				return
			}
			go func() { _ = agent.ServeAgent(ring, conn) }()
		}
	}()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := free.Addr().String()
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}
	db := filepath.Join(dir, "litewitness.db")
	addLog(t, db, l)
	hash := sha256.Sum256(public)
	cmd := exec.CommandContext(t.Context(), program, "-name", "lite.example/w", "-db", db, "-ssh-agent", socket, "-key", hex.EncodeToString(hash[:]), "-listen", at)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	testbed.AwaitDoor(t, at)
	return "http://" + at, key
}

// addLog does what `witnessctl add-log` and `add-key` do: it names the ledger and its key in the witness's database.
func addLog(t *testing.T, file string, l *tree) {
	t.Helper()
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	empty, err := tlog.TreeHash(0, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		query string
		args  []any
	}{
		{`CREATE TABLE log (origin TEXT PRIMARY KEY, tree_size INTEGER NOT NULL, tree_hash TEXT NOT NULL)`, nil},
		{`CREATE TABLE key (origin TEXT NOT NULL, key TEXT NOT NULL, FOREIGN KEY(origin) REFERENCES log(origin))`, nil},
		{`INSERT INTO log (origin, tree_size, tree_hash) VALUES (?, 0, ?)`, []any{origin, empty.String()}},
		{`INSERT INTO key (origin, key) VALUES (?, ?)`, []any{origin, l.public}},
	} {
		if _, err := db.Exec(step.query, step.args...); err != nil {
			t.Fatal(err)
		}
	}
}

// torchwood's litewitness answers our requests, and our client reads its refusals.
func TestLitewitnessCosigns(t *testing.T) {
	l := newTree(t, origin).grow(50, "entry")
	address, key := litewitness(t, l)
	c := witness.Client{HTTP: &http.Client{Timeout: 10 * time.Second}}
	ask := func(l *tree, old, size int64) ([]ledger.Cosignature, error) {
		return c.Ask(context.Background(), address, []note.Verifier{key}, old, l.proof(size, old), l.checkpoint(size))
	}
	for _, step := range [][2]int64{{0, 7}, {7, 33}, {33, 33}, {33, 50}} {
		if list, err := ask(l, step[0], step[1]); err != nil || len(list) != 1 || list[0].Witness != "lite.example/w" {
			t.Fatalf("%v: %v, %v", step, list, err)
		}
	}
	if _, err := ask(l, 7, 33); refusedWith(err) != 50 {
		t.Errorf("an older copy: %v, want a conflict of size 50", err)
	}
	if _, err := ask(l.fork(20).grow(60, "forged"), 50, 60); refusedWith(err) != -1 {
		t.Errorf("a rewritten past: %v, want a refusal", err)
	}
}

// refusedWith is the size that a refusal names; -2: it is none.
func refusedWith(err error) int64 {
	var r *witness.Refusal
	if !errors.As(err, &r) {
		return -2
	}
	return r.Size
}
