package evidence

import (
	"context"
	"errors"
	"io"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"sekimori/broker/ledger"
	"sekimori/broker/store"
)

func plainly(r io.Reader) io.Reader { return r }

// A recording that was replaced, and one that was deleted, are found within a month although nobody opens them.
func TestReplacedAndDeletedAreFoundByTheBrokerItself(t *testing.T) {
	r := newRoom(t)
	ids := []string{"S-20261124-01", "S-20261124-02", "S-20261124-03", "S-20261124-04"}
	for _, id := range ids {
		r.session(id, "ls\n")
	}
	pass := func() {
		t.Helper()
		if err := r.k.pass(t.Context(), plainly); err != nil {
			t.Fatal(err)
		}
	}
	r.write(ids[1], r.read(ids[0]))
	if err := os.Remove(r.file(ids[2])); err != nil {
		t.Fatal(err)
	}
	pass()
	if n := len(r.alarms()) + r.entries("recordings.reread"); n != 0 {
		t.Fatalf("read again on the day it was sealed: %d", n)
	}
	r.ahead.Store(int64(dueAfter))
	pass()
	found := map[string]string{}
	for _, a := range r.alarms() {
		found[a.About], _ = a.Detail["finding"].(string)
	}
	if len(found) != 2 || found[ids[1]] != string(OtherSession) || found[ids[2]] != string(Missing) {
		t.Errorf("found %v", found)
	}
	checked := func(id string) store.Checked {
		t.Helper()
		var c store.Checked
		if err := r.db.Read(t.Context(), func(s *store.Snap) (err error) { c, err = s.RecordingCheck(id); return err }); err != nil {
			t.Fatal(err)
		}
		return c
	}
	if c := checked(ids[0]); c.Finding != "" || !c.At.Equal(r.clock()) {
		t.Errorf("%+v", c)
	}
	if c := checked(ids[1]); c.Finding != string(OtherSession) {
		t.Errorf("%+v", c)
	}
	pass() // nothing is due: nothing is read, nothing written
	if n := r.entries("recordings.reread"); n != 1 {
		t.Errorf("%d entries of re-reading", n)
	}
	// Each is read at least once a month. A finding that stands is said again once it was acknowledged.
	for range 3 {
		r.ahead.Add(int64(30 * 24 * time.Hour))
		pass()
	}
	if n := r.entries("recordings.reread"); n != 4 {
		t.Errorf("%d entries of re-reading in four months", n)
	}
	all := r.alarms()
	if len(all) != 2 {
		t.Errorf("%d alarms in four months that nobody acknowledged", len(all))
	}
	err := r.db.Write(t.Context(), func(tx *store.Tx) error {
		_, err := tx.Append(ledger.Draft{Kind: "test.act", Actor: timer})
		return errors.Join(tx.AckAlarm(all[0].ID, store.CentralDesk, "U-001", ""), err)
	})
	if err != nil {
		t.Fatal(err)
	}
	r.ahead.Add(int64(30 * 24 * time.Hour))
	pass()
	if n := len(r.alarms()); n != 3 {
		t.Errorf("%d alarms after one was acknowledged", n)
	}
}

// A time of the last reading that is still to come was put there by hand; so was a session's row that is gone.
func TestAttackReadingPutOffByHand(t *testing.T) {
	r := newRoom(t)
	r.session(mine, "ls\n")
	r.session(others, "ls\n")
	r.byHand(`INSERT INTO recording_checks (session, at, finding) VALUES (?, 9000000000000, '')`, mine)
	r.byHand(`DELETE FROM sessions WHERE id = ?`, others)
	for _, id := range []string{mine, others} {
		if err := os.Remove(r.file(id)); err != nil {
			t.Fatal(err)
		}
	}
	r.ahead.Store(int64(dueAfter))
	if err := r.k.pass(t.Context(), plainly); err != nil {
		t.Fatal(err)
	}
	if all := r.alarms(); len(all) != 2 {
		t.Errorf("alarms: %+v", all)
	}
}

// The rate is bounded, and waiting ends with the broker.
func TestRereadingIsSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		n, err := io.Copy(io.Discard, &slow{ctx: t.Context(), r: io.LimitReader(zeros{}, 10*rate)})
		took := time.Since(began)
		if err != nil || n != 10*rate || took < 9*time.Second || took > 10*time.Second {
			t.Errorf("%d bytes in %s, %v", n, took, err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		if n, err := io.Copy(io.Discard, &slow{ctx: ctx, r: zeros{}}); err == nil || n > 4*rate {
			t.Errorf("%d bytes, %v", n, err)
		}
	})
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { return len(b), nil }

// serve reads in the background from its start and ends when it is told to.
func TestRereadEndsWithTheBroker(t *testing.T) {
	r := newRoom(t)
	r.session(mine, "ls\n")
	if err := os.Remove(r.file(mine)); err != nil {
		t.Fatal(err)
	}
	r.ahead.Store(int64(dueAfter))
	changed, stop := r.db.Changed()
	defer stop()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); r.k.Reread(ctx) }()
	for len(r.alarms()) == 0 {
		<-changed
	}
	cancel()
	<-done
}
