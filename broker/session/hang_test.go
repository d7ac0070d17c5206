package session

import (
	"errors"
	"io/fs"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sekimori/broker/store"
	"sekimori/policy"
	"sekimori/recordings"
)

// stuckDisk is a disk that stops answering: its callers wait until the test lets go.
type stuckDisk struct {
	recordings.FS
	sync, write atomic.Bool // which calls wait
	release     chan struct{}
}

func (d *stuckDisk) OpenFile(name string, flag int, perm fs.FileMode) (recordings.File, error) {
	f, err := d.FS.OpenFile(name, flag, perm)
	if err != nil {
		return nil, err
	}
	if filepath.Base(name) == ".probe" { // the disk hangs for the recordings that are open, not for an admission
		return f, nil
	}
	return &stuckFile{File: f, d: d}, nil
}

type stuckFile struct {
	recordings.File
	d *stuckDisk
}

func (f *stuckFile) Sync() error {
	if f.d.sync.Load() {
		<-f.d.release
	}
	return f.File.Sync()
}

func (f *stuckFile) Write(p []byte) (int, error) {
	if f.d.write.Load() {
		<-f.d.release
	}
	return f.File.Write(p)
}

// TestWindowEndsWhileTheDiskHangs: a disk that neither works nor fails must not keep a connection open.
func TestWindowEndsWhileTheDiskHangs(t *testing.T) {
	for name, hang := range map[string]func(*stuckDisk){
		"in fsync": func(d *stuckDisk) { d.sync.Store(true) },
		"in write": func(d *stuckDisk) { d.write.Store(true) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			disk := &stuckDisk{FS: recordings.OS(), release: make(chan struct{})}
			w := newWorld(t, time.Hour, func(o *Options) { o.FS, o.Sync, o.Recheck = disk, 50*time.Millisecond, time.Second })
			flooded(w, time.Millisecond)
			v := w.admit(w.engineer(0))
			_, _, screen := v.shell()
			screen.await(t, "line 5")
			hang(disk)
			end := w.clock.Now().Add(2 * time.Second).Truncate(time.Millisecond) // only now: how long it took to get here is the machine's
			w.write("test.changed", func(tx *store.Tx) error {
				win, err := tx.Window("R8-0001-1")
				win.End = end
				return errors.Join(err, tx.UpdateWindow(win))
			})
			v.client.Wait()
			if late := time.Since(end); late < 0 || late > cutWithin {
				t.Errorf("the engineer's connection closed %s after the window", late)
			}
			close(disk.release)
			<-v.over
			w.paid()
			if row, _ := v.stored("session.ended"); row.Reason != policy.WindowEnded {
				t.Errorf("ended as %s", row.Reason)
			}
		})
	}
}

// TestAttackLoginBetweenACutAndItsEntry: remembered factors go with the entry of the end, which a disk that hangs holds up. A
// connection that comes before it is not let in by them.
func TestAttackLoginBetweenACutAndItsEntry(t *testing.T) {
	t.Parallel()
	disk := &stuckDisk{FS: recordings.OS(), release: make(chan struct{})}
	w := newWorld(t, time.Hour, func(o *Options) { o.FS, o.Sync, o.Recheck = disk, 50*time.Millisecond, time.Second })
	flooded(w, time.Millisecond)
	p := w.engineer(0)
	v := w.admit(p)
	_, _, screen := v.shell()
	screen.await(t, "line 5")
	disk.sync.Store(true)
	if err := w.sup.End(v.id, policy.CutByAuthority, broker, "様子がおかしい"); err != nil {
		t.Fatal(err)
	}
	v.client.Wait()
	release := sync.OnceFunc(func() { close(disk.release) })
	next := w.admit(p)
	defer time.AfterFunc(time.Minute, func() { release(); next.client.Close() }).Stop() // one that is let in goes on for ever
	if _, said, exit := next.run("id"); exit != policy.FactorDropped.Exit() {
		t.Errorf("exit %d, %q", exit, said)
	}
	release()
	<-v.over
	<-next.over
	w.paid()
	if row, _ := v.stored("session.ended"); row.Reason != policy.CutByAuthority {
		t.Errorf("ended as %s", row.Reason)
	}
	if row, _ := next.stored("session.refused"); row.Reason != policy.FactorDropped {
		t.Errorf("refused as %s", row.Reason)
	}
}
