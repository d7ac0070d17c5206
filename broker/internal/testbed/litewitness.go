package testbed

import (
	"crypto/ed25519"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"golang.org/x/crypto/ssh/agent"
	"golang.org/x/mod/sumdb/tlog"
	_ "modernc.org/sqlite" // the database of the witness

	"sekimori/broker/ledger"
	"sekimori/broker/testrun"
)

// StartLitewitness starts torchwood's witness for the ledger of this origin and public key. It returns its address and public key. Its own
// signing key stays in an agent of this process, as it asks for.
func StartLitewitness(t testing.TB, origin, ledgerKey string) (address, key string) {
	t.Helper()
	program := Need(t, "litewitness")
	dir, err := os.MkdirTemp("/tmp", "litewitness") // a socket's path is short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	public, secret, err := ed25519.GenerateKey(nil)
	if err != nil {
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
	at := testrun.FreeAddress(t)
	db := filepath.Join(dir, "litewitness.db")
	addLog(t, db, origin, ledgerKey)
	hash := sha256.Sum256(public)
	cmd := exec.CommandContext(t.Context(), program, "-name", "litewitness.example/w", "-db", db, "-ssh-agent", socket, "-key", hex.EncodeToString(hash[:]), "-listen", at)
	cmd.Stderr = t.Output()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	AwaitDoor(t, at)
	return "http://" + at, ledger.WitnessKeyText("litewitness.example/w", public)
}

// addLog does what `witnessctl add-log` and `add-key` do: it names the ledger and its key in the witness's database.
func addLog(t testing.TB, file, origin, ledgerKey string) {
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
		{`INSERT INTO key (origin, key) VALUES (?, ?)`, []any{origin, ledgerKey}},
	} {
		if _, err := db.Exec(step.query, step.args...); err != nil {
			t.Fatal(err)
		}
	}
}
