package evidence

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"sekimori/broker/ledger"
	"sekimori/broker/store"
)

func plainly(r io.Reader) io.Reader { return r }

// A replaced and a deleted recording are found within a month even if no person opens them.
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
	// Each is read at least once a month. A persisting finding is raised again after it was acknowledged.
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

// No row delays a reading: neither a row with a past or future last reading, nor a missing row or index.
func TestAttackReadingPutOffByHand(t *testing.T) {
	r := newRoom(t)
	const third = "S-20261124-03"
	for _, id := range []string{mine, others, third} {
		r.session(id, "ls\n")
	}
	r.ahead.Store(int64(dueAfter))
	r.byHand(`INSERT INTO recording_checks (session, at, finding) VALUES (?, 9000000000000, '')`, mine)
	r.byHand(`INSERT INTO recording_checks (session, at, finding) VALUES (?, ?, '')`, third, r.clock().UnixMilli())
	r.byHand(`DELETE FROM sessions WHERE id = ?`, others)
	r.byHand(`DELETE FROM ledger_subjects WHERE subject = ?`, third)
	r.byHand(`UPDATE ledger_entries SET kind = 'session.viewed' WHERE idx = 2`)
	for _, id := range []string{mine, others, third} {
		if err := os.Remove(r.file(id)); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.k.pass(t.Context(), plainly); err != nil {
		t.Fatal(err)
	}
	if missing, edited := r.alarmsOf(Missing), r.alarmsOf(RowDiffers); missing != 3 || edited != 2 {
		t.Errorf("%d missing, %d edited: %+v", missing, edited, r.alarms())
	}
}

// Readings are noted by ranges. A recording that was not due then is read in its turn, and a restarted broker does not repeat
// noted readings.
func TestWhatWasReadIsNotedInTheLedger(t *testing.T) {
	r := newRoom(t)
	r.session(mine, "ls\n")
	r.row(store.Session{ID: "S-20261124-09", State: store.SessionEnded}, &ledger.Draft{Kind: "session.ended", Actor: timer, Subjects: []string{"S-20261124-09"}, Payload: map[string]any{"session_id": "S-20261124-09"}})
	r.session(others, "ls\n")
	r.ahead.Add(int64(24 * time.Hour))
	r.session("S-20261125-01", "ls\n")
	var read []int
	for range 3 {
		r.ahead.Store(int64(dueAfter) + int64(len(read))*int64(24*time.Hour))
		for range 2 {
			if err := r.k.pass(t.Context(), plainly); err != nil {
				t.Fatal(err)
			}
			r.k = New(r.k.o)
		}
		read = append(read, r.entries(kindReread))
	}
	if !slices.Equal(read, []int{1, 2, 2}) {
		t.Errorf("entries of re-reading by day: %v", read)
	}
	var ends [][][2]int64
	err := r.db.Read(t.Context(), func(s *store.Snap) error {
		for e, err := range s.Entries(store.EntryFilter{Kind: kindReread}) {
			var p passed
			if err = errors.Join(err, json.Unmarshal(e.Payload, &p)); err != nil {
				return err
			}
			ends = append(ends, p.Ends)
		}
		return nil
	})
	if err != nil || len(ends) != 2 || !slices.Equal(ends[0], [][2]int64{{0, 2}}) || !slices.Equal(ends[1], [][2]int64{{3, 3}}) {
		t.Errorf("%v, %v", ends, err)
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
	changed := r.db.Changed()
	defer changed.Stop()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = r.k.Reread(ctx) }()
	for len(r.alarms()) == 0 {
		<-changed.C
	}
	cancel()
	<-done
}
