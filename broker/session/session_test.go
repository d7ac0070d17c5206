package session

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/crypto/ssh"

	"sekimori/broker/internal/testbed"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// cutWithin is what promise 3 gives a cut from its cause to both connections being gone. A program
// under the race detector is many times slower and promises nothing.
const cutWithin = time.Second * slowness

// reports makes a target that prints a line every so often, a number of times, and then goes on in
// silence. It notes when that was.
func reports(w *world, pace time.Duration, times int, stopped *atomic.Int64) {
	w.targets(func(s *testbed.TargetSession) {
		go ssh.DiscardRequests(s.Requests)
		for range times {
			<-time.After(pace)
			if _, err := io.WriteString(s, "going on\n"); err != nil {
				return
			}
		}
		stopped.Store(time.Now().UnixNano())
		_, _ = io.Copy(io.Discard, s)
	})
}

// flooded makes a target whose shell never stops printing numbered lines.
func flooded(w *world, pace time.Duration) {
	w.targets(func(s *testbed.TargetSession) {
		go ssh.DiscardRequests(s.Requests)
		for i := 0; ; i++ {
			if _, err := fmt.Fprintf(s, "line %d\r\n", i); err != nil {
				return
			}
			<-time.After(pace)
		}
	})
}

// targets makes a target that runs script on each channel.
func (w *world) targets(script func(s *testbed.TargetSession)) {
	w.target = testbed.NewTarget(w.t, testbed.TargetOptions{Session: script})
	w.write("test.registered", func(tx *store.Tx) error {
		t, err := tx.Target("hr-db")
		if err != nil {
			return err
		}
		t.HostKey = string(ssh.MarshalAuthorizedKey(w.target.HostKey))
		return tx.PutTarget(t)
	})
}

func TestSessionEndsWithTheWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 12*time.Minute)
		flooded(w, time.Second)
		v := w.admit(w.engineer(0))
		_, _, screen := v.shell()
		end := w.start.Add(12 * time.Minute)
		if err := <-v.over; err != nil {
			t.Fatal(err)
		}
		if late := v.endedAt.Sub(end); late < 0 || late > cutWithin {
			t.Errorf("ended %s after the window", late)
		}
		v.gone()
		seen := screen.String()
		for _, want := range []string{"Started ", "] 10 min left", "Extend: ssh e-0001@gate extend 15m", "] 5 min left", "] 1 min left", "[201]"} {
			if n := strings.Count(seen, want); n != 1 {
				t.Errorf("the engineer saw %q %d times", want, n)
			}
		}
		row, payload := v.stored("session.ended")
		if row.State != store.SessionEnded || row.Reason != policy.WindowEnded || payload["number"] != float64(201) {
			t.Errorf("stored as %s, %s: %v", row.State, row.Reason, payload)
		}
		recorded := v.recorded()
		for line := range strings.Lines(seen) {
			if strings.HasPrefix(line, "line ") && strings.HasSuffix(line, "\r\n") && !strings.Contains(recorded, line) {
				t.Fatalf("the engineer saw %q, the recording has not", line)
			}
		}
	})
}

func TestClockSetBackDoesNotProlongTheWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 2*time.Minute)
		v := w.admit(w.engineer(0))
		_, _, screen := v.shell()
		screen.await(t, "Started")
		w.clock.Step(-time.Hour)
		began := time.Now()
		<-v.over
		if lived := v.endedAt.Sub(began); lived > 2*time.Minute+cutWithin {
			t.Errorf("the session lived %s after the clock was set back", lived)
		}
		f, err := w.sup.Facts(context.Background(), "E-0001")
		if err != nil {
			t.Fatal(err)
		}
		if f.Runtime.Clock != policy.ClockUntrusted {
			t.Errorf("the clock counts as %q after running back", f.Runtime.Clock)
		}
		w.clock.Step(time.Hour)
	})
}

func TestClockSetForwardEndsTheSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, time.Hour, often)
		v := w.admit(w.engineer(0))
		_, _, screen := v.shell()
		screen.await(t, "Started")
		w.clock.Step(24 * time.Hour)
		began := time.Now()
		<-v.over
		if took := v.endedAt.Sub(began); took > 3*time.Second+cutWithin {
			t.Errorf("it took %s to notice", took)
		}
		if row, _ := v.stored("session.ended"); row.Reason != policy.WindowEnded && row.Reason != policy.Lapsed {
			t.Errorf("ended as %s", row.Reason)
		}
	})
}

// TestWhatEndsALiveSession has a row for each act that must cut a session at once.
func TestWhatEndsALiveSession(t *testing.T) {
	t.Parallel()
	window := func(state policy.WindowState) func(*testing.T, *world, *visit) {
		return func(t *testing.T, w *world, _ *visit) {
			w.write("test.changed", func(tx *store.Tx) error {
				win, err := tx.Window("R8-0001-1")
				if err != nil {
					return err
				}
				win.State, win.ClosedBy, win.Reason = state, "U-001", "test"
				return tx.UpdateWindow(win)
			})
		}
	}
	for name, c := range map[string]struct {
		act  func(*testing.T, *world, *visit)
		want policy.Reason
	}{
		"freeze during output": {func(t *testing.T, w *world, _ *visit) {
			w.write("test.frozen", func(tx *store.Tx) error {
				return tx.AddFreeze(policy.Freeze{ID: "I-001", Scope: policy.FreezeAll, By: "U-001", Since: tx.Now, Reason: "test"})
			})
		}, policy.CutByFreeze},
		"person locked": {func(t *testing.T, w *world, _ *visit) {
			w.write("person.locked", func(tx *store.Tx) error { return tx.LockPerson("E-0001", "U-001", "test") })
		}, policy.Locked},
		"vendor locked": {func(t *testing.T, w *world, _ *visit) {
			w.write("vendor.locked", func(tx *store.Tx) error { return tx.LockVendor("V-001", "U-001", "test") })
		}, policy.Locked},
		"grant revoked": {func(t *testing.T, w *world, _ *visit) {
			w.write("test.revoked", func(tx *store.Tx) error {
				return tx.SetGrantState("R8-0001-1-E-0001", policy.GrantRevoked, "U-001", "test")
			})
		}, policy.GrantRevokedLive},
		"window closed": {window(policy.WindowClosed), policy.WindowWasClosed},
		"window cut":    {window(policy.WindowCut), policy.CutByAttendant},
		"cut by a person": {func(t *testing.T, w *world, v *visit) {
			by := ledger.Actor{Kind: "person", ID: "U-001", Via: "cli"}
			if err := w.sup.End(v.id, policy.CutByAttendant, by, "unexpected work"); err != nil {
				t.Fatal(err)
			}
		}, policy.CutByAttendant},
		"broker stopping": {func(t *testing.T, w *world, _ *visit) { go w.sup.Close(context.Background()) }, policy.BrokerStopped},
		"target gone":     {func(t *testing.T, w *world, _ *visit) { w.target.Break() }, policy.TargetLost},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, time.Hour)
			flooded(w, time.Millisecond)
			v := w.admit(w.engineer(0))
			_, _, screen := v.shell()
			screen.await(t, "line 5")
			c.act(t, w, v)
			began := time.Now() // the cause is in force once its transaction has ended
			<-v.over
			// target-lost drains first, as decisions.md allows; the others are cuts.
			if took := v.endedAt.Sub(began); took > cutWithin && c.want != policy.TargetLost {
				t.Errorf("took %s", took)
			}
			v.gone()
			row, payload := v.stored("session.ended")
			if row.Reason != c.want || payload["end_cause"] != string(c.want) {
				t.Errorf("ended as %s, ledger says %v; want %s", row.Reason, payload["end_cause"], c.want)
			}
			if want := fmt.Sprintf("[%d]", c.want.Number()); !strings.Contains(screen.String(), want) {
				t.Errorf("the engineer was not told %s:\n%.300s", want, screen.String()[max(0, len(screen.String())-300):])
			}
			v.recorded()
		})
	}
}

func TestOrdinaryEndPassesTheStatusOn(t *testing.T) {
	w := newWorld(t, time.Hour)
	v := w.admit(w.engineer(0))
	if out, _, exit := v.run("exit 42"); exit != 42 || out != "" {
		t.Errorf("exit %d, output %q", exit, out)
	}
	if out, problems, exit := v.run("complain oh"); exit != 0 || out != "" || problems != "oh" {
		t.Errorf("exit %d, stdout %q, stderr %q", exit, out, problems)
	}
	v.client.Close()
	if err := <-v.over; err != nil {
		t.Fatal(err)
	}
	row, payload := v.stored("session.ended")
	if row.Reason != policy.EndedByEngineer || payload["seconds"] == nil {
		t.Errorf("ended as %s: %v", row.Reason, payload)
	}
	if got := v.recorded(); got != "oh" {
		t.Errorf("recorded output %q", got)
	}
}

func TestIdleSessionIsWarnedAndCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 2*time.Hour)
		v := w.admit(w.engineer(0))
		_, in, screen := v.shell()
		screen.await(t, "Started")
		time.Sleep(9 * time.Minute)
		fmt.Fprint(in, "x") // a key keeps it alive
		last := time.Now()
		<-v.over
		if idle := v.endedAt.Sub(last); idle < 15*time.Minute || idle > 15*time.Minute+cutWithin+2*time.Second {
			t.Errorf("cut %s after the last key", idle)
		}
		v.gone()
		if seen := screen.String(); strings.Count(seen, "Idle. Cut in") != 1 || !strings.Contains(seen, "[202]") {
			t.Errorf("the engineer saw:\n%s", seen)
		}
	})
}

// TestADownloadIsNotIdle: scp -O, rsync and commands that report send nothing for long, and were cut.
func TestADownloadIsNotIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 3*time.Hour)
		var stopped atomic.Int64
		reports(w, 4*time.Minute, 15, &stopped)
		v := w.admit(w.engineer(0))
		s, err := v.client.NewSession()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.StdinPipe(); err != nil {
			t.Fatal(err)
		}
		if err := s.Start("report"); err != nil {
			t.Fatal(err)
		}
		<-v.over
		if took := v.endedAt.Sub(w.start); took < time.Hour {
			t.Errorf("cut after %s, while the command was reporting", took)
		}
		if idle := v.endedAt.Sub(time.Unix(0, stopped.Load())); idle < 15*time.Minute || idle > 15*time.Minute+cutWithin+2*time.Second {
			t.Errorf("cut %s after the last byte", idle)
		}
	})
}

// TestOutputKeepsNoShellAlive: a program can print in a shell without a person at the keys.
func TestOutputKeepsNoShellAlive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 3*time.Hour)
		var stopped atomic.Int64
		reports(w, 4*time.Minute, 15, &stopped)
		v := w.admit(w.engineer(0))
		v.shell()
		began := time.Now()
		<-v.over
		if lived := v.endedAt.Sub(began); lived > 15*time.Minute+cutWithin+2*time.Second {
			t.Errorf("cut after %s without a key", lived)
		}
	})
}

func TestDiskFullEndsTheSession(t *testing.T) {
	w := newWorld(t, time.Hour)
	flooded(w, time.Millisecond)
	v := w.admit(w.engineer(0))
	_, _, screen := v.shell()
	screen.await(t, "line 20")
	w.disk.Fail(syscall.ENOSPC, 200)
	began := time.Now()
	<-v.over
	if took := v.endedAt.Sub(began); took > cutWithin {
		t.Errorf("took %s", took)
	}
	v.gone()
	seen := screen.String()
	if !strings.Contains(seen, "[210]") {
		t.Errorf("the engineer was not told: %.300s", seen[max(0, len(seen)-300):])
	}
	row, _ := v.stored("session.ended")
	if row.Reason != policy.RecordingFailed {
		t.Errorf("ended as %s", row.Reason)
	}
	// The disk stays full, so the recording has no end; its beginning can be read.
	recorded := v.output(filepath.Join(w.dir, "recordings", filepath.FromSlash(row.Recording)))
	for line := range strings.Lines(seen) {
		if strings.HasPrefix(line, "line ") && strings.HasSuffix(line, "\r\n") && !strings.Contains(recorded, line) {
			t.Fatalf("relayed %q without recording it", line)
		}
	}
}

func TestDiskFullBeforeTheStartAdmitsNobody(t *testing.T) {
	w := newWorld(t, time.Hour)
	p := w.engineer(0)
	w.disk.Fail(syscall.ENOSPC, 0)
	v := w.admit(p)
	_, problems, exit := v.run("print never")
	if exit != policy.ExitSafeguard || !strings.Contains(problems, "[128]") {
		t.Errorf("exit %d: %s", exit, problems)
	}
	<-v.over
	if row, _ := v.stored("session.ended"); row.Reason != policy.RecordingUnavailable {
		t.Errorf("ended as %s", row.Reason)
	}
}

func TestClientThatNeverReadsIsClosedAtTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, time.Minute)
		v := w.admit(w.engineer(0))
		s, err := v.client.NewSession()
		if err != nil {
			t.Fatal(err)
		}
		pipe, err := s.StdoutPipe() // never read: the window fills and the relay stalls
		if err != nil {
			t.Fatal(err)
		}
		defer io.Copy(io.Discard, pipe)
		if err := s.Start("flood 100000000"); err != nil {
			t.Fatal(err)
		}
		<-v.over
		if late := v.endedAt.Sub(w.start.Add(time.Minute)); late > cutWithin {
			t.Errorf("ended %s after the window", late)
		}
	})
}

func TestChangedHostKeyRefusesTheSession(t *testing.T) {
	w := newWorld(t, time.Hour)
	p := w.engineer(0)
	w.write("test.registered", func(tx *store.Tx) error {
		target, err := tx.Target("hr-db")
		if err != nil {
			return err
		}
		target.HostKey = string(ssh.MarshalAuthorizedKey(testbed.NewSigner(t).PublicKey()))
		return tx.PutTarget(target)
	})
	v := w.admit(p)
	_, problems, exit := v.run("print never")
	if exit != policy.TargetKeyChanged.Exit() || !strings.Contains(problems, "[131]") {
		t.Errorf("exit %d: %s", exit, problems)
	}
	<-v.over
	if row, _ := v.stored("session.ended"); row.Reason != policy.TargetKeyChanged {
		t.Errorf("ended as %s", row.Reason)
	}
}

func TestTargetThatIsDownIsSaid(t *testing.T) {
	w := newWorld(t, time.Hour)
	w.refuse = errors.New("connection refused")
	v := w.admit(w.engineer(0))
	_, problems, exit := v.run("print never")
	if exit != policy.TargetUnreachable.Exit() || !strings.Contains(problems, "[130]") || strings.Contains(problems, "refused") {
		t.Errorf("exit %d: %s", exit, problems)
	}
	<-v.over
}

// TestLimitCannotBeRaced admits ten people at the same moment to a window for one.
func TestLimitCannotBeRaced(t *testing.T) {
	w := newWorld(t, time.Hour)
	var people []policy.Person
	for range 10 {
		people = append(people, w.engineer(0))
	}
	visits := make([]*visit, len(people))
	for i, p := range people {
		visits[i] = w.admit(p)
	}
	var mu sync.Mutex
	in := 0
	var work sync.WaitGroup
	for _, v := range visits {
		work.Go(func() {
			s, err := v.client.NewSession()
			if err != nil {
				t.Error(err)
				return
			}
			out, err := s.Output("print in")
			mu.Lock()
			defer mu.Unlock()
			if err == nil && string(out) == "in" {
				in++
			}
		})
	}
	work.Wait()
	if in != 1 {
		t.Errorf("%d people worked at the same time in a window for one", in)
	}
	for _, v := range visits {
		v.client.Close()
		<-v.over
	}
}

func TestReconcileEndsWhatACrashLeft(t *testing.T) {
	w := newWorld(t, time.Hour)
	v := w.admit(w.engineer(0))
	_, in, screen := v.shell()
	fmt.Fprint(in, "seen by the engineer")
	screen.await(t, "seen by the engineer")
	// Another supervisor on the same store finds the session live, as after kill -9.
	after, err := New(w.sup.o)
	if err != nil {
		t.Fatal(err)
	}
	defer after.Close(context.Background())
	ended, err := after.Reconcile(context.Background())
	if err != nil || len(ended) != 1 || ended[0] != v.id {
		t.Fatalf("ended %v, %v", ended, err)
	}
	row, payload := v.stored("session.ended")
	if row.Reason != policy.BrokerCrashed || payload["end_cause"] != "broker-crashed" {
		t.Errorf("ended as %s: %v", row.Reason, payload)
	}
	if got := v.recorded(); !strings.Contains(got, "seen by the engineer") {
		t.Errorf("the recording holds %q", got)
	}
	if again, err := after.Reconcile(context.Background()); err != nil || len(again) != 0 {
		t.Errorf("a second time it ended %v, %v", again, err)
	}
}
