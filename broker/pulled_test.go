package broker_test

import (
	"bytes"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"sekimori/broker/internal/testbed"
	"sekimori/broker/store"
	"sekimori/policy"
)

// diskFaults are the ways in which a disk goes away under a recording.
var diskFaults = []struct {
	name  string
	spoil func(d *testbed.Disk, after int64)
}{
	{"ENOSPC", func(d *testbed.Disk, after int64) { d.Fail(syscall.ENOSPC, after) }},
	{"EIO", func(d *testbed.Disk, after int64) { d.Fail(syscall.EIO, after) }},
	{"EDQUOT", func(d *testbed.Disk, after int64) { d.Fail(syscall.EDQUOT, after) }},
	{"EROFS", func(d *testbed.Disk, after int64) { d.Fail(syscall.EROFS, after) }},
	{"EIO of a sync", func(d *testbed.Disk, _ int64) { d.FailSync(syscall.EIO) }},
}

// TestAttackTheDiskIsPulledAwayDuringAFlood fails the disk at a random byte while OpenSSH's client and another receive a flood. Both are
// cut within a second, and every byte that they received is in the recording. With the disk back the next login gets in.
func TestAttackTheDiskIsPulledAwayDuringAFlood(t *testing.T) {
	t.Parallel()
	program, _ := exec.LookPath("ssh") // without it, both are x/crypto's
	if os.Getenv("SEKIMORI_REQUIRE_PEERS") == "1" {
		program = testbed.Need(t, "ssh")
	}
	o := found(t, time.Hour)
	b := o.start()
	people := o.engineers(2)
	faults := diskFaults
	if !testbed.Whole() { // one of them; a whole run tries all
		n := rand.IntN(len(faults))
		faults = faults[n : n+1]
	}
	for _, fault := range faults {
		eventually(t, "no connection is left", func() bool { return legs(t, b.addr) == 0 })
		work := make([]worker, len(people))
		rows := make([]store.Session, len(people))
		for i, e := range people {
			if work[i] = e.startWork(b.addr, program, i == 0); work[i] == nil {
				t.Fatalf("%s: %s did not get in", fault.name, e.id)
			}
			rows[i] = o.awaitActive(e.id)
			o.awaitRecorded(rows[i], 256<<10)
		}
		began := time.Now()
		fault.spoil(o.disk, rand.Int64N(32<<10))
		// By the broker's kernel: the clients of a busy machine see the end, and leave, a moment later.
		var lived time.Duration
		eventually(t, "both are cut", func() bool {
			asked := time.Since(began)
			left := legs(t, b.addr)
			if left > 0 {
				lived = asked
			}
			return left == 0
		})
		if lived > cutWithin {
			t.Errorf("%s: the sessions went on for %s", fault.name, lived)
		}
		for i := range people {
			got := work[i].received()
			row := o.awaitEnd(people[i].id)
			if row.ID != rows[i].ID || row.Reason != policy.RecordingFailed {
				t.Errorf("%s: session %s ended as %s", fault.name, row.ID, row.Reason)
			}
			recorded := o.recorded(row)
			if len(got) == 0 || !bytes.HasPrefix(recorded, got) {
				t.Errorf("%s: session %s: %d bytes were relayed, %d are recorded", fault.name, row.ID, len(got), len(recorded))
			}
			t.Logf("%s: %s: %d bytes relayed, %d recorded", fault.name, row.ID, len(got), len(recorded))
		}
		o.disk.Fail(nil, 0)
		o.disk.FailSync(nil)
		c := people[1].mustDial(b.addr)
		if out, problems, _, err := c.run("print usable"); out != "usable" || err != nil {
			t.Errorf("%s: with the disk back: %q, %q, %v", fault.name, out, problems, err)
		}
		c.Close()
	}
	b.close()
	o.verifyLedger()
}

// awaitRecorded waits until the file of a recording has a size.
func (o *office) awaitRecorded(row store.Session, size int64) {
	o.t.Helper()
	path := filepath.Join(o.config.RecordingsDir(), filepath.FromSlash(row.Recording))
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for limit := time.Now().Add(time.Minute); time.Now().Before(limit); <-tick.C {
		if info, err := os.Stat(path); err == nil && info.Size() >= size {
			return
		}
	}
	o.t.Fatalf("the recording of %s does not grow to %d bytes", row.ID, size)
}
