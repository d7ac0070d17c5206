package session

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"sekimori/broker/internal/testbed"
	"sekimori/policy"
	"sekimori/recordings"
)

// TestNoOneIsAdmittedToADiskThatTakesNoWrites: the free space looks well in each case. Nothing is opened, no recording begins, and with the
// disk mended the same person gets in.
func TestNoOneIsAdmittedToADiskThatTakesNoWrites(t *testing.T) {
	w := newWorld(t, time.Hour)
	p := w.engineer(0)
	for _, fault := range []syscall.Errno{syscall.EROFS, syscall.EIO, syscall.EDQUOT, syscall.ENOSPC} {
		w.disk.FailProbe(fault)
		w.clock.Step(probeFresh)
		v := w.admit(p)
		_, problems, exit := v.run("print never")
		if exit != policy.ExitSafeguard || !strings.Contains(problems, "[128]") {
			t.Errorf("%v: exit %d: %s", fault, exit, problems)
		}
		<-v.over
		if row, _ := v.stored("session.refused"); row.Reason != policy.RecordingUnavailable || row.Recording != "" {
			t.Errorf("%v: refused as %s, with recording %q", fault, row.Reason, row.Recording)
		}
		if why := w.sup.TakeUnkept(); !strings.Contains(why, fault.Error()) {
			t.Errorf("%v: staff are told %q", fault, why)
		}
		w.disk.FailProbe(nil)
		v = w.admit(p)
		if out, problems, exit := v.run("print again"); out != "again" {
			t.Errorf("%v: with the disk mended: exit %d: %s", fault, exit, problems)
		}
		v.client.Close()
		<-v.over
	}
}

// TestTheDiskOfTheDatabaseIsProbedToo: a session whose end could not be ledgered is not begun.
func TestTheDiskOfTheDatabaseIsProbedToo(t *testing.T) {
	var dir string
	w := newWorld(t, time.Hour, func(o *Options) { dir = filepath.Dir(o.Dir); o.Database = dir })
	if err := w.sup.Preflight(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, ".probe"), 0o700); err != nil { // root can write anywhere, but not into this
		t.Fatal(err)
	}
	w.clock.Step(probeFresh)
	if err := w.sup.Preflight(t.Context()); !errors.Is(err, syscall.EISDIR) || w.sup.Runtime().Recorder != policy.RecorderFailed {
		t.Errorf("%v, recorder %s", err, w.sup.Runtime().Recorder)
	}
}

// slowDisk holds every write of a probe up until it is let go.
type slowDisk struct {
	recordings.FS
	writes atomic.Int64
	goOn   chan struct{}
}

func (d *slowDisk) OpenFile(name string, flag int, perm fs.FileMode) (recordings.File, error) {
	f, err := d.FS.OpenFile(name, flag, perm)
	if err != nil {
		return nil, err
	}
	return slowFile{f, d}, nil
}

type slowFile struct {
	recordings.File
	disk *slowDisk
}

func (f slowFile) Write(p []byte) (int, error) {
	f.disk.writes.Add(1)
	<-f.disk.goOn
	return f.File.Write(p)
}

// TestAttackADiskThatNeverAnswers: an admission waits two seconds for it and no longer, further ones not at all, and one probe hangs, not one
// for each. When the disk answers again, so does the probe.
func TestAttackADiskThatNeverAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &slowDisk{FS: recordings.OS(), goOn: make(chan struct{})}
		f := &preflight{places: []place{{t.TempDir(), d}}, clock: (&testbed.Clock{}).Now}
		began := time.Now()
		if err := f.ask(t.Context()); !errors.Is(err, errDiskSilent) || time.Since(began) != probeWithin {
			t.Errorf("%v after %s", err, time.Since(began))
		}
		began = time.Now()
		for range 100 {
			if err := f.ask(t.Context()); !errors.Is(err, errDiskSilent) {
				t.Fatal(err)
			}
		}
		if took, n := time.Since(began), d.writes.Load(); took != 0 || n != 1 {
			t.Errorf("100 further admissions waited %s and wrote %d times", took, n-1)
		}
		if f.last() == nil {
			t.Error("a silent disk counts as ready")
		}
		close(d.goOn)
		synctest.Wait()
		if err := f.ask(t.Context()); err != nil || f.last() != nil {
			t.Errorf("with the disk back: %v", err)
		}
	})
}

// TestTheDiskIsProbedOnceASecond: a storm of logins costs one write and sync a second; a failure is never kept.
func TestTheDiskIsProbedOnceASecond(t *testing.T) {
	clock := &testbed.Clock{}
	d := &slowDisk{FS: recordings.OS(), goOn: make(chan struct{})}
	close(d.goOn)
	f := &preflight{places: []place{{t.TempDir(), d}}, clock: clock.Now}
	asked := func(times int, want int64) {
		t.Helper()
		for range times {
			if err := f.ask(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if n := d.writes.Load(); n != want {
			t.Errorf("%d probes, want %d", n, want)
		}
	}
	asked(1, 1)
	clock.Step(-time.Hour) // the clock ran back: the probe is of no known age
	asked(1, 2)
	clock.Step(probeFresh)
	asked(1, 3)
	f.places[0].dir = filepath.Join(f.places[0].dir, "gone")
	clock.Step(probeFresh)
	if err := f.ask(t.Context()); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	f.places[0].dir = filepath.Dir(f.places[0].dir)
	asked(1, 4)
}
