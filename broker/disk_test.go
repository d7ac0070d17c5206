package broker_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"sekimori/broker"
	"sekimori/broker/api"
	"sekimori/broker/store"
	"sekimori/policy"
)

// mounted gives the office a data directory on a file system of its own, so that the disk can
// really be full. It needs root; elsewhere the test is skipped, and the faults of testbed.Disk in
// the tests beside it replace it.
func mounted(t *testing.T, size string) func(*broker.Config) {
	t.Helper()
	dir := t.TempDir()
	if err := unix.Mount("sekimori-test", dir, "tmpfs", 0, "mode=0700,size="+size); err != nil {
		t.Skipf("no file system of its own for this test: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Errorf("unmount %s: %v", dir, err)
		}
	})
	return func(c *broker.Config) {
		c.DataDir = dir
		c.Recordings.MinFreeSpace = 24 << 20
	}
}

// grow gives the full file system more room.
func (o *office) grow(size string) {
	o.t.Helper()
	if err := unix.Mount("sekimori-test", o.config.DataDir, "tmpfs", unix.MS_REMOUNT, "size="+size); err != nil {
		o.t.Fatal(err)
	}
}

// refusedFor logs in, expects an immediate refusal with the reason, and gives the text.
func (e *engineer) refusedFor(addr string, want policy.Reason) {
	e.o.t.Helper()
	began := time.Now()
	c, err := e.dial(addr)
	if err != nil {
		e.o.t.Fatalf("the login broke instead of being refused: %v", err)
	}
	_, said, exit, err := c.run("print never")
	c.Close()
	<-c.gone
	if err != nil || exit != want.Exit() || !strings.Contains(said, numbered(want)) {
		e.o.t.Errorf("exit %d, %v, said %q; want %s", exit, err, said, want)
	}
	if took := time.Since(began); took > 20*time.Second { // before the client's own deadline
		e.o.t.Errorf("the refusal took %s", took)
	}
}

// TestDiskFullForReal fills the file system of data and recordings by the output of a session.
func TestDiskFullForReal(t *testing.T) {
	o := found(t, time.Hour, mounted(t, "96m"))
	b := o.start()
	people := o.engineers(3)
	quiet := people[1].mustDial(b.addr).mustStream(t, "cat") // an uninvolved session
	flood := people[0].mustDial(b.addr).mustStream(t, "noise")
	// The last look with room left: the session may go on for a second after it. The reserve that is given up afterwards is no such room.
	roomUntil := make(chan time.Time, 1)
	go func() {
		last, least := time.Now(), uint64(1<<62)
		for {
			var st unix.Statfs_t
			if err := unix.Statfs(o.config.DataDir, &st); err == nil && st.Bavail > 0 && st.Bavail <= least {
				last, least = time.Now(), st.Bavail
			}
			select {
			case <-flood.over:
				roomUntil <- last
				return
			case <-time.After(2 * time.Millisecond):
			}
		}
	}()
	<-flood.over
	took := time.Since(<-roomUntil)
	t.Logf("the session ended %s after the last look at which there was room", took)
	if took > cutWithin {
		t.Errorf("the session went on for %s on a full disk", took)
	}
	if !strings.Contains(flood.problems.String(), "[210]") {
		t.Errorf("the engineer was told %q", flood.problems.String())
	}
	row := o.awaitEnd(people[0].id)
	if row.Reason != policy.RecordingFailed {
		t.Errorf("ended as %s", row.Reason)
	}
	if e, ok := o.ended()[row.ID]; !ok || e.Number != 210 {
		t.Errorf("the ledger says %+v", e)
	}
	recorded := o.recorded(row)
	if got := flood.bytes(); !bytes.HasPrefix(recorded, got) {
		t.Errorf("%d bytes were relayed, %d are recorded", len(got), len(recorded))
	}
	people[2].refusedFor(b.addr, policy.RecordingUnavailable)
	o.verifyLedger()

	o.grow("512m")
	if out, problems, _, err := people[2].mustDial(b.addr).run("print room again"); out != "room again" || err != nil {
		t.Errorf("with room again: %q, %q, %v", out, problems, err)
	}
	b.close()
	<-quiet.over
	for _, s := range o.sessions("") {
		if s.State.Live() {
			t.Errorf("session %s is left %s", s.ID, s.State)
		}
	}
	o.verifyLedger()
}

// awaitEnd waits until the newest session of the person has ended in the store.
func (o *office) awaitEnd(person string) store.Session {
	o.t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for limit := time.Now().Add(time.Minute); time.Now().Before(limit); <-tick.C {
		if list := o.sessions(person); len(list) > 0 && !list[0].State.Live() {
			return list[0]
		}
	}
	o.t.Fatalf("the session of %s has no end", person)
	return store.Session{}
}

// TestEndIsOwedWhileNothingCanBeWritten leaves neither room nor reserve: the end of a session
// cannot be ledgered. It is not lost: the broker writes it when there is room.
func TestEndIsOwedWhileNothingCanBeWritten(t *testing.T) {
	o := found(t, time.Hour, mounted(t, "64m"))
	b := o.start()
	people := o.engineers(2)
	c := people[0].mustDial(b.addr)
	c.mustStream(t, "wait")
	o.awaitActive(people[0].id)
	if err := os.Remove(filepath.Join(o.config.RecordingsDir(), ".reserve")); err != nil {
		t.Fatal(err)
	}
	hog := filepath.Join(o.config.DataDir, "hog")
	fill(t, hog)
	c.Close()
	// The database's log may still have had room in its last page: after a few more logins, none of which
	// may hang, it has none.
	for range 3 {
		if c, err := people[1].dial(b.addr); err == nil {
			out, _, exit, err := c.run("print never") // a connection that ends without a status lets no one in
			if out != "" || exit == 0 && err == nil {
				t.Errorf("somebody was let in although nothing could be written: %q, %d, %v", out, exit, err)
			}
			c.Close()
			<-c.gone
		}
	}
	if err := os.Remove(hog); err != nil {
		t.Fatal(err)
	}
	row := o.awaitEnd(people[0].id)
	if e, ok := o.ended()[row.ID]; !ok {
		t.Errorf("session %s ended without an entry: %+v", row.ID, e)
	}
	if out, problems, _, err := people[1].mustDial(b.addr).run("print again"); out != "again" || err != nil {
		t.Errorf("with room again: %q, %q, %v", out, problems, err)
	}
	b.close()
	o.verifyLedger()
}

// TestStoppedWhileNothingCanBeWritten: the next start finds an end that is still owed when the
// broker stops.
func TestStoppedWhileNothingCanBeWritten(t *testing.T) {
	o := found(t, time.Hour, mounted(t, "64m"))
	b := o.start()
	e := o.engineers(1)[0]
	c := e.mustDial(b.addr)
	s := c.mustStream(t, "beat")
	s.await(10_000)
	row := o.awaitActive(e.id)
	if err := os.Remove(filepath.Join(o.config.RecordingsDir(), ".reserve")); err != nil {
		t.Fatal(err)
	}
	hog := filepath.Join(o.config.DataDir, "hog")
	fill(t, hog)
	<-s.over // its recording fails, or its window of room was a little larger than the rest
	b.once = true
	if err := b.Close(context.Background()); err != nil {
		t.Logf("the stop said: %v", err)
	}
	if err := os.Remove(hog); err != nil {
		t.Fatal(err)
	}
	again := o.start()
	// The space freed by the failed recording may have been enough for the entry; otherwise the end
	// was owed, and the start has written it.
	cause := policy.RecordingFailed
	if slices.Contains(again.EndedAfterCrash(), row.ID) {
		cause = policy.BrokerCrashed
	}
	row = o.sessions(e.id)[0]
	if recorded := o.sealed(row, o.ended()[row.ID], cause); !bytes.HasPrefix(recorded, s.bytes()) {
		t.Errorf("%d bytes were relayed, %d are recorded", len(s.bytes()), len(recorded))
	}
	o.verifyLedger()
}

// fill writes until the file system is full.
func fill(t *testing.T, path string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for chunk := make([]byte, 1<<20); ; {
		n, err := f.Write(chunk)
		if errors.Is(err, syscall.ENOSPC) {
			if len(chunk) == 1 {
				return
			}
			chunk = chunk[:max(1, len(chunk)/2)]
		} else if err != nil {
			t.Fatal(n, err)
		}
	}
}

// awaitActive waits until the newest session of the person has reached its target.
func (o *office) awaitActive(person string) store.Session {
	o.t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for limit := time.Now().Add(time.Minute); time.Now().Before(limit); <-tick.C {
		if list := o.sessions(person); len(list) > 0 && list[0].State == store.SessionActive {
			return list[0]
		}
	}
	o.t.Fatalf("the session of %s never became active", person)
	return store.Session{}
}

// TestTooLittleRoomAdmitsNobody: below min_free_space every login is refused, and running sessions stay.
func TestTooLittleRoomAdmitsNobody(t *testing.T) {
	t.Parallel()
	o := found(t, time.Hour, func(c *broker.Config) { c.Recordings.MinFreeSpace = 1 << 60 })
	b := o.start()
	e := o.engineers(1)[0]
	e.refusedFor(b.addr, policy.RecordingUnavailable)
	b.close()
	for _, row := range o.sessions(e.id) {
		if row.State != store.SessionRefused || row.Reason != policy.RecordingUnavailable {
			t.Errorf("session %s is %s, %s", row.ID, row.State, row.Reason)
		}
	}
}

// TestFreezeOnAFullDisk: nothing was recorded when the disk filled, so that no session has given the reserve up. A freeze through the API is
// written all the same, and so are the ends of the sessions that it cuts and the alarm. When there is room again, the reserve is made anew.
func TestFreezeOnAFullDisk(t *testing.T) {
	waitsForALook(t)
	o := found(t, time.Hour, mounted(t, "96m"))
	b := o.start()
	e := o.engineers(1)[0]
	c := e.mustDial(b.addr)
	s := c.mustStream(t, "wait")
	o.awaitActive(e.id)
	reserve, hog := filepath.Join(o.config.RecordingsDir(), ".reserve"), filepath.Join(o.config.DataDir, "hog")
	if _, err := os.Stat(reserve); err != nil {
		t.Fatal(err)
	}
	fill(t, hog)
	made := post(o, api.Freezes.New(), api.FreezeBody{Scope: string(policy.FreezeAll), Reason: "訓練ではない"})
	if made.ID == "" {
		t.Fatalf("no freeze: %+v", made)
	}
	if _, err := os.Stat(reserve); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the reserve was not needed: %v", err)
	}
	<-s.over
	row := o.awaitEnd(e.id)
	if row.Reason != policy.CutByFreeze {
		t.Errorf("ended as %s", row.Reason)
	}
	if _, ok := o.ended()[row.ID]; !ok {
		t.Error("the end is not in the ledger")
	}
	if alarm := o.awaitAlarm(store.AlarmFreeze); !strings.Contains(alarm, made.ID) {
		t.Error(alarm)
	}
	o.verifyLedger()
	if err := os.Remove(hog); err != nil {
		t.Fatal(err)
	}
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for limit := time.Now().Add(time.Minute); ; <-tick.C {
		if info, err := os.Stat(reserve); err == nil && info.Size() == 16<<20 {
			break
		}
		if time.Now().After(limit) {
			t.Fatal("the reserve was not made again")
		}
	}
	b.close()
	o.verifyLedger()
}
