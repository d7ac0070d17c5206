package session

import (
	"context"
	"strings"
	"testing"
	"time"

	"sekimori/broker/store"
	"sekimori/policy"
	"sekimori/recordings"
)

// A disk that hangs while it seals a recording holds up neither the end of the session nor, for longer than its bound, a stop,
// which names it. The ledger has the end, with the recording, once the disk answers.
func TestEndOfASessionWhoseRecordingIsNotSealed(t *testing.T) {
	t.Parallel()
	disk := &stuckDisk{FS: recordings.OS(), release: make(chan struct{})}
	w := newWorld(t, time.Hour, func(o *Options) { o.FS, o.Recheck = disk, 50*time.Millisecond })
	p := w.engineer(0)
	v := w.admit(p)
	_, _, screen := v.shell()
	screen.await(t, "Started")
	disk.sync.Store(true)
	if err := w.sup.End(v.id, policy.CutByAuthority, broker, "様子がおかしい"); err != nil {
		t.Fatal(err)
	}
	<-v.over // though the disk has not answered
	if row, payload := v.stored("session.ended"); !row.State.Live() || payload != nil {
		t.Errorf("not sealed, and stored as %s: %v", row.State, payload)
	}
	if file, live := w.sup.Recording(v.id); !live || file == "" {
		t.Errorf("the recording passes for complete: %q, %v", file, live)
	}
	// The remembered factor goes with the entry that is still owed.
	next := w.admit(p)
	if _, said, exit := next.run("id"); exit != policy.FactorDropped.Exit() {
		t.Errorf("the next login: exit %d, %q", exit, said)
	}
	<-next.over
	close(disk.release)
	w.paid()
	if row, payload := v.stored("session.ended"); row.State != store.SessionEnded || row.Reason != policy.CutByAuthority || payload["recording"] == nil {
		t.Errorf("stored as %s, %s: %v", row.State, row.Reason, payload)
	}
}

// paid returns when no end is owed to the ledger. The world's regular look must come often.
func (w *world) paid() {
	w.t.Helper()
	for deadline := time.Now().Add(time.Minute); ; <-time.After(time.Millisecond) {
		w.sup.mu.Lock()
		owed := len(w.sup.pendingEnds)
		w.sup.mu.Unlock()
		if owed == 0 {
			return
		}
		if time.Now().After(deadline) {
			w.t.Fatalf("%d ends are not in the ledger", owed)
		}
	}
}

// A stop whose session is being sealed by a disk that hangs names the end that the ledger does not have.
func TestStopNamesTheEndThatIsOwed(t *testing.T) {
	t.Parallel()
	sealed := make(chan struct{})
	w := newWorld(t, time.Hour)
	w.sup.lastWrites = 200 * time.Millisecond
	w.sup.mu.Lock()
	w.sup.pendingEnds["S-x"] = pendingEnd{sealed: sealed, write: func(context.Context) error { return nil }}
	w.sup.mu.Unlock()
	begun := time.Now()
	err := w.sup.Close(context.Background())
	if took := time.Since(begun); took > 2*w.sup.lastWrites+5*time.Second {
		t.Errorf("the stop took %s", took)
	}
	if err == nil || !strings.Contains(err.Error(), "ends not in the ledger: 1, the first of session S-x") {
		t.Errorf("the stop says %v", err)
	}
	close(sealed)
	if err := w.sup.Close(context.Background()); err != nil {
		t.Errorf("after the disk has answered: %v", err)
	}
}
