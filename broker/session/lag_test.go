package session

import (
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"sekimori/broker/internal/testbed"
	"sekimori/broker/store"
	"sekimori/policy"
	"sekimori/recordings"
)

// promptly syncs each write within the time that the broker promises.
func promptly(o *Options) { o.Sync = 200 * time.Millisecond }

// TestNothingPassesWhileTheRecordingLags: two seconds after a sync began that does not return, neither output nor input passes. The
// engineer, the ledger and staff are told. When the disk has caught up, everything goes on from where it stood.
func TestNothingPassesWhileTheRecordingLags(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, time.Hour, promptly)
		flooded(w, 10*time.Millisecond)
		v := w.admit(w.engineer(0))
		_, in, screen := v.shell()
		screen.await(t, "line 20")
		goOn := w.disk.StallSync()
		time.Sleep(lagPauses / 2)
		before := len(screen.String())
		time.Sleep(lagPauses/2 - 300*time.Millisecond)
		if len(screen.String()) == before {
			t.Error("paused before the bound")
		}
		if l := w.sup.Live(); len(l) != 1 || !l[0].Behind.IsZero() {
			t.Errorf("shown as paused before the bound: %+v", l)
		}
		time.Sleep(time.Second)
		seen := screen.String()
		if _, err := in.Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
		typed := time.Now()
		time.Sleep(lagEnds / 2)
		if grown := strings.TrimPrefix(screen.String(), seen); strings.Contains(grown, "line") {
			t.Errorf("%d bytes passed while the recording lagged", len(grown))
		}
		if !strings.Contains(screen.String(), "the recording's disk is slow") {
			t.Errorf("the engineer was told nothing: %.300s", seen[max(0, len(seen)-300):])
		}
		if l := w.sup.find(v.id); l == nil || l.lastInput.Load() >= typed.UnixNano() {
			t.Error("a key counted as delivered")
		}
		if l := w.sup.Live()[0]; typed.Sub(l.Behind).Abs() > time.Second || l.Paused != "" {
			t.Errorf("shown as paused since %s, by %q", l.Behind, l.Paused)
		}
		if why := w.sup.TakeUnkept(); !strings.Contains(why, "is paused after 2s") {
			t.Errorf("staff are told %q", why)
		}
		goOn()
		synctest.Wait()
		last := len(screen.String())
		time.Sleep(time.Second)
		if len(screen.String()) == last {
			t.Error("nothing passes although the disk has caught up")
		}
		if l := w.sup.Live(); len(l) != 1 || !l[0].Behind.IsZero() {
			t.Errorf("still shown as paused: %+v", l)
		}
		w.sup.EndWindow("R8-0001-1", policy.CutByAttendant, attendant, "終わり")
		<-v.over
		v.gone()
		row, _ := v.stored("session.ended")
		recorded := v.output(filepath.Join(w.dir, "recordings", filepath.FromSlash(row.Recording)))
		next := 0
		for line := range strings.Lines(recorded) {
			if strings.HasPrefix(line, "line ") {
				next++
			}
		}
		if got := strings.Count(screen.String(), "line "); got > next || got < 100 {
			t.Errorf("%d lines were relayed, %d are recorded", got, next)
		}
		if got := v.kinds(); !slices.Contains(got, "paused broker broker") || !slices.Contains(got, "resumed broker broker") {
			t.Errorf("the ledger tells %v", got)
		}
	})
}

// TestARecordingThatStaysBehindEndsItsSession at the stated time, and not another person's whose recording is durable.
func TestARecordingThatStaysBehindEndsItsSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, time.Hour, promptly)
		flooded(w, 10*time.Millisecond)
		v := w.admit(w.engineer(0))
		_, _, screen := v.shell()
		screen.await(t, "line 20")
		began := time.Now()
		goOn := w.disk.StallSync()
		_ = v.client.Wait()
		if took := time.Since(began); took < lagPauses+lagEnds || took > lagPauses+lagEnds+cutWithin {
			t.Errorf("ended after %s, want %s", took, lagPauses+lagEnds)
		}
		goOn()
		<-v.over
		v.gone()
		if !strings.Contains(screen.String(), "[210]") {
			t.Error("the engineer was not told")
		}
		if row, _ := v.stored("session.ended"); row.Reason != policy.RecordingFailed {
			t.Errorf("ended as %s", row.Reason)
		}
	})
}

// TestAWriteThatHangsEndsItsSession: the disk holds the write itself up, not only its sync. The session is paused and ended at the same times;
// its connection closes and the ledger tells of the end although the write never returns. A session beside it goes on. When the disk answers,
// the recording is sealed and the end is whole.
func TestAWriteThatHangsEndsItsSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, time.Hour, promptly, func(o *Options) { o.Recheck = time.Second })
		flooded(w, 10*time.Millisecond)
		v, beside := w.admit(w.engineer(2)), w.admit(w.engineer(2))
		_, _, screen := v.shell()
		screen.await(t, "line 20")
		hung, goOn := w.disk.Stall()
		<-hung
		began := time.Now()
		_, _, other := beside.shell()
		time.Sleep(lagPauses + 500*time.Millisecond)
		if !strings.Contains(screen.String(), "the recording's disk is slow") {
			t.Error("the engineer is told nothing")
		}
		if err := w.sup.Pause(t.Context(), v.id, attendant, "様子を見る"); err != nil { // its mark waits for the disk as well, and holds no one up
			t.Fatal(err)
		}
		_ = v.client.Wait()
		if took := time.Since(began); took < lagPauses+lagEnds-time.Second || took > lagPauses+lagEnds+cutWithin {
			t.Errorf("ended after %s, want %s", took, lagPauses+lagEnds)
		}
		if !strings.Contains(screen.String(), "[210]") {
			t.Error("the engineer was not told why")
		}
		<-v.over
		e := w.entries("session.unsealed")
		if len(e) != 1 || e[0]["session_id"] != v.id || e[0]["end_cause"] != string(policy.RecordingFailed) {
			t.Errorf("the ledger tells %v", e)
		}
		seen := len(other.String())
		time.Sleep(time.Second)
		if len(other.String()) == seen {
			t.Errorf("the session beside it has stopped: %.600s", other.String()[max(0, seen-600):])
		}
		goOn()
		time.Sleep(2 * time.Second)
		v.gone()
		if row, _ := v.stored("session.ended"); row.Reason != policy.RecordingFailed || row.RecordingSum == "" {
			t.Errorf("ended as %s, recording %q", row.Reason, row.RecordingSum)
		}
		w.sup.EndWindow("R8-0001-1", policy.CutByAttendant, attendant, "終わり")
		<-beside.over
	})
}

// TestAPersonsPauseOutlastsTheLag: the disk catches up, and what a person has paused stays paused.
func TestAPersonsPauseOutlastsTheLag(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, time.Hour, promptly)
		flooded(w, 10*time.Millisecond)
		v := w.admit(w.engineer(0))
		_, in, screen := v.shell()
		screen.await(t, "line 20")
		goOn := w.disk.StallSync()
		time.Sleep(lagPauses + time.Second)
		if err := w.sup.Pause(t.Context(), v.id, attendant, "様子を見る"); err != nil {
			t.Fatal(err)
		}
		if l := w.sup.Live()[0]; l.Behind.IsZero() || l.Paused != policy.PausedByAttendant {
			t.Errorf("both pauses are shown as %q, behind since %s", l.Paused, l.Behind)
		}
		goOn()
		synctest.Wait()
		if l := w.sup.Live()[0]; !l.Behind.IsZero() || l.Paused != policy.PausedByAttendant {
			t.Errorf("the person's pause is shown as %q, behind since %s", l.Paused, l.Behind)
		}
		typed := time.Now()
		if _, err := in.Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
		seen := len(screen.String())
		time.Sleep(time.Second)
		l := w.sup.find(v.id)
		if l.lastInput.Load() > typed.UnixNano() {
			t.Error("a key passed although a person has paused the session")
		}
		if len(screen.String()) == seen {
			t.Error("output passes no more")
		}
		if err := w.sup.Resume(t.Context(), v.id, attendant, ""); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		if l.lastInput.Load() <= typed.UnixNano() {
			t.Error("the key never passed")
		}
		w.sup.EndWindow("R8-0001-1", policy.CutByAttendant, attendant, "終わり")
		<-v.over
	})
}

// TestADiskThatHangsAsARecordingBeginsRefusesItsSession: the probe before was answered, and the header of the recording never becomes durable. The
// engineer is refused in time. A file that comes late is removed, because the ledger names none.
func TestADiskThatHangsAsARecordingBeginsRefusesItsSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, time.Hour, promptly)
		goOn := w.disk.StallSync()
		began := time.Now()
		v := w.admit(w.engineer(0))
		_, said, exit := v.run("id")
		if took := time.Since(began); took > recordWithin+5*time.Second || exit != policy.RecordingUnavailable.Exit() || !strings.Contains(said, "[128]") {
			t.Errorf("after %s: exit %d, %q", took, exit, said)
		}
		<-v.over
		row, _ := v.stored("session.ended")
		goOn()
		synctest.Wait()
		if row.Reason != policy.RecordingUnavailable || row.RecordingSum != "" {
			t.Errorf("ended as %s, recording %q", row.Reason, row.RecordingSum)
		}
		if left, err := filepath.Glob(filepath.Join(w.dir, "recordings", "*", "*", "*")); err != nil || len(left) > 0 {
			t.Errorf("left over: %v, %v", left, err)
		}
	})
}

// fifoDisk hands writes to a FIFO that no one reads, once it is on: the kernel blocks them, as it does on a disk that is gone.
type fifoDisk struct {
	recordings.FS
	on atomic.Bool
	fd int
}

func newFifoDisk(t *testing.T) *fifoDisk {
	t.Helper()
	path := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Skipf("no FIFO: %v", err)
	}
	fd, err := syscall.Open(path, syscall.O_RDWR|syscall.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Close(fd) })
	if err := syscall.SetNonblock(fd, true); err != nil {
		t.Fatal(err)
	}
	for b := make([]byte, 4096); ; {
		if _, err := syscall.Write(fd, b); errors.Is(err, syscall.EAGAIN) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.SetNonblock(fd, false); err != nil {
		t.Fatal(err)
	}
	return &fifoDisk{FS: recordings.OS(), fd: fd}
}

// drain lets every write return.
func (d *fifoDisk) drain() {
	d.on.Store(false)
	for b := make([]byte, 64<<10); ; {
		n, _ := syscall.Read(d.fd, b)
		if n < len(b) {
			return
		}
	}
}

func (d *fifoDisk) OpenFile(name string, flag int, perm fs.FileMode) (recordings.File, error) {
	f, err := d.FS.OpenFile(name, flag, perm)
	if err != nil || filepath.Base(name) == ".probe" {
		return f, err
	}
	return &fifoFile{File: f, disk: d}, nil
}

type fifoFile struct {
	recordings.File
	disk *fifoDisk
}

func (f *fifoFile) Write(p []byte) (int, error) {
	if f.disk.on.Load() {
		if _, err := syscall.Write(f.disk.fd, p[:1]); err != nil {
			return 0, err
		}
	}
	return f.File.Write(p)
}

// TestARealWriteThatTheKernelBlocksEndsItsSession is TestAWriteThatHangsEndsItsSession by the clock of the machine and a write that the
// kernel holds.
func TestARealWriteThatTheKernelBlocksEndsItsSession(t *testing.T) {
	if !testbed.Whole() {
		t.Skip("takes twelve seconds; whole runs do it")
	}
	t.Parallel()
	disk := newFifoDisk(t)
	w := newWorld(t, time.Hour, func(o *Options) { o.FS, o.Sync, o.Recheck = disk, 200*time.Millisecond, time.Second })
	drain := sync.OnceFunc(disk.drain)
	t.Cleanup(drain)
	flooded(w, time.Millisecond)
	v := w.admit(w.engineer(0))
	_, _, screen := v.shell()
	screen.await(t, "line 5")
	disk.on.Store(true)
	began := time.Now()
	_ = v.client.Wait()
	took := time.Since(began)
	t.Logf("ended after %s", took)
	if took < lagPauses+lagEnds || took > lagPauses+lagEnds+cutWithin {
		t.Errorf("ended after %s, want %s", took, lagPauses+lagEnds)
	}
	screen.await(t, "the recording's disk is slow")
	screen.await(t, "[210]")
	<-v.over
	if e := w.entries("session.unsealed"); len(e) != 1 {
		t.Errorf("the ledger tells %v", e)
	}
	drain()
	w.paid()
	var row store.Session
	if row, _ = v.stored("session.ended"); row.Reason != policy.RecordingFailed {
		t.Errorf("ended as %s", row.Reason)
	}
}
