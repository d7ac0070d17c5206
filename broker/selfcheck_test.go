package broker_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sekimori/broker/internal/testbed"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// waitsForALook leaves a test that waits for the broker's look, which comes every five seconds, to whole runs.
func waitsForALook(t *testing.T) {
	t.Helper()
	if !testbed.Whole() {
		t.Skip("waits for a look that comes every five seconds; whole runs do it")
	}
	t.Parallel()
}

// TestAttackAnEntryIsEditedWhileTheBrokerRuns: the broker finds one of the newest by itself within seconds, without anyone asking, also
// where further entries follow.
func TestAttackAnEntryIsEditedWhileTheBrokerRuns(t *testing.T) {
	waitsForALook(t)
	o := found(t, time.Hour)
	b := o.start()
	o.engineers(1)[0].mustDial(b.addr).Close()
	o.sql(`UPDATE ledger_entries SET payload = CAST(CAST(payload AS TEXT) || ' ' AS BLOB) WHERE idx = (SELECT max(idx) - 1 FROM ledger_entries)`)
	if alarm := o.awaitAlarm(store.AlarmLedger); !strings.Contains(alarm, "newest checkpoint and entries") {
		t.Error(alarm)
	}
}

// TestAttackThePublishedCheckpointIsReplaced by an older one: the broker compares the file with the one that it wrote.
func TestAttackThePublishedCheckpointIsReplaced(t *testing.T) {
	waitsForALook(t)
	o := found(t, time.Hour)
	latest := filepath.Join(o.config.Ledger.CheckpointDir, "latest")
	b := o.start()
	e := o.engineers(1)[0]
	var older []byte
	eventually(t, "the checkpoint of the start is published", func() (there bool) {
		var err error
		older, err = os.ReadFile(latest)
		return err == nil
	})
	c := e.mustDial(b.addr)
	c.Close()
	<-c.gone
	o.awaitEnd(e.id)
	// Whenever a newer one goes out, the older one is put back, until the broker has noticed it.
	stop := make(chan struct{})
	put := make(chan struct{})
	go func() {
		defer close(put)
		for tick := time.NewTicker(50 * time.Millisecond); ; {
			select {
			case <-tick.C:
				_ = os.WriteFile(latest, older, 0o600)
			case <-stop:
				tick.Stop()
				return
			}
		}
	}()
	alarm := o.awaitAlarm(store.AlarmCheckpoint)
	close(stop)
	<-put
	if !strings.Contains(alarm, "another checkpoint") || !strings.Contains(alarm, latest) {
		t.Error(alarm)
	}
	if _, err := ledger.ReadCheckpoint(older); err != nil {
		t.Errorf("the older one was none: %v", err)
	}
}

// TestAttackALiveRecordingIsCut: a person with root cuts the file of a session that goes on. The session ends, staff are told, and a session
// beside it goes on.
func TestAttackALiveRecordingIsCut(t *testing.T) {
	waitsForALook(t)
	o := found(t, time.Hour)
	b := o.start()
	people := o.engineers(2)
	s := people[0].mustDial(b.addr).mustStream(t, "cat")
	beside := people[1].mustDial(b.addr).mustStream(t, "cat")
	for _, s := range []interface{ Write([]byte) (int, error) }{s.in, beside.in} {
		if _, err := s.Write([]byte("begun\n")); err != nil {
			t.Fatal(err)
		}
	}
	s.await(6)
	beside.await(6)
	row := o.awaitActive(people[0].id)
	path := filepath.Join(o.config.RecordingsDir(), filepath.FromSlash(row.Recording))
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, info.Size()-3); err != nil {
		t.Fatal(err)
	}
	<-s.over
	if row := o.awaitEnd(people[0].id); row.Reason != policy.RecordingFailed {
		t.Errorf("ended as %s", row.Reason)
	}
	if alarm := o.awaitAlarm(store.AlarmEvidence); !strings.Contains(alarm, row.ID) || !strings.Contains(alarm, row.Recording) {
		t.Error(alarm)
	}
	if _, err := beside.in.Write([]byte("more\n")); err != nil {
		t.Fatal(err)
	}
	beside.await(11)
}
