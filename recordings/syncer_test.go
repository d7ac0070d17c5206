package recordings_test

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"sekimori/recordings"
)

// slowDisk notes when each byte was written and synced, and takes a while for a sync.
type slowDisk struct {
	recordings.FS
	took time.Duration // of a sync

	mu     sync.Mutex // guards the rest
	syncs  int
	oldest map[string]time.Time // of each file: its oldest byte that no sync covers
	worst  time.Duration
	fail   string // base name of a file whose syncs fail
}

func (d *slowDisk) OpenFile(name string, flag int, perm fs.FileMode) (recordings.File, error) {
	f, err := d.FS.OpenFile(name, flag, perm)
	if err != nil {
		return nil, err
	}
	return &slowFile{f, d, filepath.Base(name)}, nil
}

type slowFile struct {
	recordings.File
	disk *slowDisk
	name string
}

func (f *slowFile) Write(p []byte) (int, error) {
	f.disk.mu.Lock()
	if _, waits := f.disk.oldest[f.name]; !waits {
		f.disk.oldest[f.name] = time.Now()
	}
	f.disk.mu.Unlock()
	return f.File.Write(p)
}

func (f *slowFile) Sync() error {
	f.disk.mu.Lock()
	f.disk.syncs++
	since, waits := f.disk.oldest[f.name]
	delete(f.disk.oldest, f.name)
	failing := f.disk.fail != "" && f.disk.fail == f.name
	f.disk.mu.Unlock()
	time.Sleep(f.disk.took)
	if failing {
		return syscall.EIO
	}
	if waits {
		f.disk.mu.Lock()
		f.disk.worst = max(f.disk.worst, time.Since(since))
		f.disk.mu.Unlock()
	}
	return nil
}

// A hundred sessions that write all the time: every byte is durable within 200 ms, and each recording is synced at most once in half
// of that, however often it is written. Sessions at rest cost no sync.
func TestWritesOfAHundredSessionsAreSyncedInGroups(t *testing.T) {
	k := newKeys(t)
	synctest.Test(t, func(t *testing.T) {
		const sessions, idle, within = 100, 20, 200 * time.Millisecond
		disk := &slowDisk{FS: nosync{recordings.OS()}, took: 8 * time.Millisecond, oldest: map[string]time.Time{}}
		syncer := recordings.NewSyncer(within)
		dir := t.TempDir()
		var writers []*recordings.Writer
		for i := range sessions + idle {
			o := k.options()
			o.FS, o.Syncer = disk, syncer
			w, err := recordings.Create(filepath.Join(dir, fmt.Sprintf("%03d.skr", i)), header(), o)
			must(t, err)
			writers = append(writers, w)
		}
		begun, start := disk.syncs, time.Now()
		var wg sync.WaitGroup
		for i, w := range writers[:sessions] {
			wg.Go(func() {
				for n := range 300 { // 3 s, at a pace of its own for each
					if err := w.Data(0, recordings.Stdout, fmt.Appendf(nil, "%d", n)); err != nil {
						t.Error(err)
						return
					}
					time.Sleep(10*time.Millisecond + time.Duration(i)*37*time.Microsecond)
				}
			})
		}
		wg.Wait()
		time.Sleep(time.Second) // nothing more is written: the last round, and then no other
		disk.mu.Lock()
		took, n, worst, unsynced := time.Since(start), disk.syncs-begun, disk.worst, len(disk.oldest)
		disk.mu.Unlock()
		if worst == 0 || worst > within {
			t.Errorf("a byte waited %v for the disk, want at most %v", worst, within)
		}
		if most := sessions * int(took/(within/2)+1); n == 0 || n > most {
			t.Errorf("%d syncs of %d sessions in %v, want at most %d", n, sessions, took, most)
		}
		if unsynced != 0 {
			t.Errorf("%d recordings were never synced", unsynced)
		}
		t.Logf("%d writes, %d syncs, the oldest byte waited %v", sessions*300, n, worst)
		for _, w := range writers {
			_, err := w.Close(theEnd)
			must(t, err)
		}
	})
}

// One recording whose sync fails ends; the others are synced as before.
func TestAFailedSyncEndsOneRecordingOnly(t *testing.T) {
	k := newKeys(t)
	synctest.Test(t, func(t *testing.T) {
		disk := &slowDisk{FS: nosync{recordings.OS()}, oldest: map[string]time.Time{}}
		syncer := recordings.NewSyncer(200 * time.Millisecond)
		dir := t.TempDir()
		told := make(chan error, 4)
		var writers []*recordings.Writer
		for _, name := range []string{"bad.skr", "good.skr"} {
			o := k.options()
			o.FS, o.Syncer, o.SyncFailed = disk, syncer, func(err error) { told <- err }
			w, err := recordings.Create(filepath.Join(dir, name), header(), o)
			must(t, err)
			writers = append(writers, w)
		}
		disk.mu.Lock()
		disk.fail = "bad.skr.new" // a recording is opened under the name under which it begins
		disk.mu.Unlock()
		for _, w := range writers {
			must(t, w.Data(0, recordings.Stdout, []byte("x")))
		}
		if err := <-told; !errors.Is(err, syscall.EIO) {
			t.Errorf("told %v", err)
		}
		time.Sleep(time.Second)
		if err := writers[0].Data(0, recordings.Stdout, []byte("y")); !errors.Is(err, syscall.EIO) {
			t.Errorf("the recording goes on: %v", err)
		}
		must(t, writers[1].Data(0, recordings.Stdout, []byte("y")))
		_, err := writers[1].Close(theEnd)
		must(t, err)
		if _, err := writers[0].Close(theEnd); err == nil {
			t.Error("the failure was forgotten")
		}
		if len(told) > 0 {
			t.Errorf("told again: %v", <-told)
		}
	})
}

// hungDisk holds every write up, once it is told to.
type hungDisk struct {
	recordings.FS
	goOn atomic.Pointer[chan struct{}] // nil: writes pass
}

func (d *hungDisk) OpenFile(name string, flag int, perm fs.FileMode) (recordings.File, error) {
	f, err := d.FS.OpenFile(name, flag, perm)
	if err != nil {
		return nil, err
	}
	return &hungFile{f, d}, nil
}

type hungFile struct {
	recordings.File
	disk *hungDisk
}

func (f *hungFile) Write(p []byte) (int, error) {
	if wait := f.disk.goOn.Load(); wait != nil {
		<-*wait
	}
	return f.File.Write(p)
}

// Slow is told of a write that does not return, as of a sync: at the stated time, and not before. When the write returns it is told so, and the
// write is durable by then. After a failure of the recording Slow hears nothing more.
func TestAWriteThatHangsIsToldAsSlow(t *testing.T) {
	k := newKeys(t)
	for _, fails := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			disk := &hungDisk{FS: nosync{recordings.OS()}}
			o := k.options()
			slow := make(chan bool, 4)
			o.FS, o.Syncer, o.SlowAfter, o.Slow = disk, recordings.NewSyncer(200*time.Millisecond), 2*time.Second, func(s bool) { slow <- s }
			w, err := recordings.Create(filepath.Join(t.TempDir(), "one.skr"), header(), o)
			must(t, err)
			must(t, w.Data(0, recordings.Stdout, []byte("before")))
			time.Sleep(time.Second)
			goOn := make(chan struct{})
			disk.goOn.Store(&goOn)
			begun, written := time.Now(), make(chan error, 1)
			go func() { written <- w.Data(0, recordings.Stdout, []byte("x")) }()
			if !<-slow {
				t.Error("told that the disk is quick")
			}
			if took := time.Since(begun); took != 2*time.Second+100*time.Millisecond {
				t.Errorf("told after %v", took)
			}
			if fails {
				_ = w.Fail(errors.New("given up"))
			}
			disk.goOn.Store(nil)
			close(goOn)
			if err := <-written; err != nil && !fails {
				t.Error(err)
			}
			time.Sleep(time.Second)
			if len(slow) > 0 && <-slow || len(slow) > 0 {
				t.Error("told that the disk is slow once more")
			}
			_, err = w.Close(theEnd)
			if err != nil != fails {
				t.Error(err)
			}
		})
	}
}
