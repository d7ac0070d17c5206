package gate

import (
	"context"
	"os"
	"path/filepath"
	"time"

	"filippo.io/age"
	"github.com/hashicorp/go-hclog"

	"sekimori/broker/dial"
	"sekimori/broker/internal/testbed"
	"sekimori/broker/registry"
	"sekimori/broker/session"
	"sekimori/broker/store"
)

// parts makes the registry and the supervisor behind the gate.
func (w *world) parts() {
	w.t.Helper()
	// No one gives a password to the gate; the registry hashes one of its own when it begins.
	w.reg = registry.New(registry.Options{DB: w.db, Keys: w.ring, Zone: w.zone, Hash: registry.Cost{Passes: 1, MemoryKiB: 64, Lanes: 1}})
	offline, err := age.GenerateX25519Identity()
	if err != nil {
		w.t.Fatal(err)
	}
	dir := filepath.Join(w.dir, "recordings")
	if err := os.Mkdir(dir, 0o700); err != nil {
		w.t.Fatal(err)
	}
	w.sup, err = session.New(session.Options{
		DB: w.db, Ring: w.ring, Dialer: &dial.Dialer{}, Dir: dir,
		OutputTo: []age.Recipient{w.ring.ViewingRecipient()}, InputTo: []age.Recipient{offline.Recipient()},
		Clock: w.clock.Now, Zone: w.zone, Log: hclog.NewNullLogger(),
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) closeParts() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := w.sup.Close(ctx); err != nil {
		w.t.Errorf("close supervisor: %v\n%s", err, testbed.Goroutines())
	}
}

// putFactor gives the person the second factor that the tests know.
func (w *world) putFactor(tx *store.Tx, person string) error {
	sealed, err := w.ring.Seal("totp:"+person, []byte(factorSecret))
	if err != nil {
		return err
	}
	return tx.PutTOTP(store.TOTP{Person: person, Sealed: sealed})
}
