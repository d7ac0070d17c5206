package broker_test

import (
	"bytes"
	"errors"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sekimori/broker"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/broker/witness"
)

// watched is a witness on another machine, as far as the broker is concerned: it is reached by its address alone.
type watched struct {
	w    *witness.Witness
	http *httptest.Server
	keys []string
	dir  string
}

// witnessed makes an office whose ledger a witness follows.
func witnessed(t *testing.T, change ...func(*broker.Config)) (*office, *watched) {
	t.Helper()
	s := &watched{dir: filepath.Join(t.TempDir(), "witness")}
	var err error
	if s.keys, err = witness.Init(s.dir, "witness.example/w1"); err != nil {
		t.Fatal(err)
	}
	s.http = httptest.NewUnstartedServer(nil)
	s.http.Start()
	t.Cleanup(s.http.Close)
	o := found(t, time.Hour, append(change, func(c *broker.Config) {
		c.Ledger.Witnesses = []broker.WitnessConfig{{URL: s.http.URL, Keys: s.keys}}
	})...)
	if _, err := witness.Add(s.dir, o.ring.LedgerVerifierKey()); err != nil {
		t.Fatal(err)
	}
	if s.w, err = witness.Open(s.dir, o.clock.Now); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.w.Close() })
	s.http.Config.Handler = s.w.Handler()
	return o, s
}

// cosigned waits until the witness has cosigned the whole ledger, and gives the checkpoint with its signatures.
func (o *office) cosigned() (checkpoint []byte) {
	o.t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(patience)
	for {
		o.read(func(s *store.Snap) error {
			size, err := s.LedgerSize()
			if err != nil {
				return err
			}
			checkpoint, err = s.CosignedCheckpoint(size, 1, true)
			if errors.Is(err, store.ErrNotFound) {
				return nil
			}
			return err
		})
		if checkpoint != nil {
			return checkpoint
		}
		select {
		case <-tick.C:
		case <-limit:
			o.t.Fatal("the witness has not cosigned the ledger")
		}
	}
}

// The policy that the configuration gives accepts the broker's checkpoint once its witness has cosigned it with both keys.
func TestCheckpointsAreCosignedByAWitness(t *testing.T) {
	t.Parallel()
	o, _ := witnessed(t)
	o.start()
	checkpoint := o.cosigned()
	policy, err := ledger.ParsePolicy([]byte(o.config.Ledger.Policy(o.ring.LedgerVerifierKey())))
	if err != nil {
		t.Fatal(err)
	}
	if names, met := policy.Cosigners(checkpoint); !met || len(names) != 2 || policy.Log(checkpoint) == nil {
		t.Errorf("cosigners %v, quorum %t\n%s", names, met, checkpoint)
	}
	if _, met := policy.Cosigners(checkpoint[:bytes.LastIndexByte(checkpoint[:len(checkpoint)-1], '\n')+1]); met {
		t.Error("one signature of two is a quorum")
	}
}

// TestAttackDatabaseRestoredUnderAWitness: the copy is consistent, with all its signatures, and so is the directory of checkpoints, which was taken
// back with it. Only the witness remembers.
func TestAttackDatabaseRestoredUnderAWitness(t *testing.T) {
	t.Parallel()
	o, _ := witnessed(t)
	older := o.copyDatabase()
	b := o.start()
	seen, err := ledger.ReadCheckpoint(o.cosigned())
	if err != nil {
		t.Fatal(err)
	}
	b.close()
	o.restoreDatabase(older)
	if err := os.RemoveAll(o.config.Ledger.CheckpointDir); err != nil {
		t.Fatal(err)
	}
	o.start()
	alarm := o.awaitAlarm(store.AlarmRollback)
	if !strings.Contains(alarm, "witness.example/w1") {
		t.Errorf("the alarm does not name the witness: %s", alarm)
	}
	if seen.Size == 0 {
		t.Error("the witness had seen nothing")
	}
}
