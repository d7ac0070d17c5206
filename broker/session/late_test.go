package session

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/crypto/ssh"

	"sekimori/broker/internal/testbed"
	"sekimori/broker/store"
	"sekimori/policy"
)

// arrivals is what a target received, and by which time of the bubble.
type arrivals struct {
	mu              sync.Mutex // guards what follows
	typed, commands []string
}

func (a *arrivals) count() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.typed) + len(a.commands)
}

// receiving makes the world's target note every line that it is typed and every command, and print one line for each.
func (w *world) receiving() *arrivals {
	a := &arrivals{}
	w.target = testbed.NewTarget(w.t, testbed.TargetOptions{Session: func(s *testbed.TargetSession) {
		if s.Kind == "exec" {
			a.mu.Lock()
			a.commands = append(a.commands, s.Command)
			a.mu.Unlock()
			s.Exit(0)
			return
		}
		b := make([]byte, 1024)
		for {
			n, err := s.Read(b)
			if n > 0 {
				a.mu.Lock()
				a.typed = append(a.typed, string(b[:n]))
				a.mu.Unlock()
				fmt.Fprintf(s, "done %s", b[:n])
			}
			if err != nil {
				return
			}
		}
	}})
	w.rekey()
	return a
}

// rekey registers the host key of the world's target, which was changed.
func (w *world) rekey() {
	w.t.Helper()
	w.write("test.registered", func(tx *store.Tx) error {
		t, err := tx.Target("hr-db")
		if err != nil {
			return err
		}
		t.HostKey = string(ssh.MarshalAuthorizedKey(w.target.HostKey))
		return tx.PutTarget(t)
	})
}

// Timers fire late in a process that was stopped and on a machine that slept, and not at all when the wall clock is set. What
// comes before they do must not pass: each piece, request and channel is held against the deadline itself.
func TestCommandsAfterTheEnd(t *testing.T) {
	t.Parallel()
	late := map[string]func(*testbed.Clock){
		"the wall clock is stepped past the end":               func(c *testbed.Clock) { c.Step(time.Hour) },
		"the machine sleeps over the end":                      func(c *testbed.Clock) { c.Suspend(time.Hour) },
		"it sleeps, and its wall clock is set back afterwards": func(c *testbed.Clock) { c.Suspend(time.Hour); c.Step(time.Millisecond - time.Hour) },
	}
	for name, happen := range late {
		for _, way := range []string{"typed", "command", "signal"} {
			t.Run(name+"/"+way, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t, 30*time.Minute)
					got := w.receiving()
					v := w.admit(w.engineer(1))
					s, in, out := v.shell()
					io.WriteString(in, "before\r")
					out.await(t, "done before")
					synctest.Wait()
					before := got.count()

					happen(w.clock)
					switch way {
					case "typed":
						io.WriteString(in, "after\r")
					case "command":
						if c, err := v.client.NewSession(); err == nil {
							c.Start("after")
						}
					case "signal":
						s.Signal("INT")
					}
					synctest.Wait()
					if after := got.count(); after != before {
						t.Errorf("the target received %d more after the end: %q, %q", after-before, got.typed, got.commands)
					}
					if err := <-v.over; err != nil {
						t.Fatal(err)
					}
					if row, _ := v.stored("session.ended"); row.Reason != policy.WindowEnded {
						t.Errorf("ended as %s", row.Reason)
					}
					v.gone()
					if strings.Contains(out.String(), "done after") {
						t.Error("the answer to it reached the engineer")
					}
				})
			})
		}
	}
}

// Output too stops at the deadline, not at the timer.
func TestOutputAfterTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 30*time.Minute)
		more := make(chan struct{})
		w.target = testbed.NewTarget(t, testbed.TargetOptions{Session: func(s *testbed.TargetSession) {
			fmt.Fprint(s, "early\r\n")
			<-more
			fmt.Fprint(s, "late\r\n")
			io.Copy(io.Discard, s)
		}})
		w.rekey()
		v := w.admit(w.engineer(1))
		_, _, out := v.shell()
		out.await(t, "early")
		w.clock.Step(time.Hour)
		close(more)
		<-v.over
		v.gone()
		if strings.Contains(out.String(), "late") {
			t.Error("output passed after the end")
		}
	})
}

// An extension moves both reckonings; the wall clock set back an instant before does not shorten the session.
func TestExtensionMovesBothClocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 10*time.Minute)
		got := w.receiving()
		v := w.admit(w.engineer(1))
		_, in, out := v.shell()
		w.write("test.extended", func(tx *store.Tx) error {
			win, err := tx.Window("R8-0001-1")
			if err != nil {
				return err
			}
			win.End = win.End.Add(time.Hour)
			return tx.UpdateWindow(win)
		})
		synctest.Wait()
		time.Sleep(14 * time.Minute)
		io.WriteString(in, "longer\r")
		out.await(t, "done longer")
		if got.count() != 1 {
			t.Errorf("received %q", got.typed)
		}
		w.clock.Suspend(2 * time.Hour)
		io.WriteString(in, "too late\r")
		<-v.over
		if got.count() != 1 {
			t.Errorf("received %q", got.typed)
		}
	})
}

// Before each piece the clocks are read: that must cost neither memory nor, as a rule, a system call.
func BenchmarkInTime(b *testing.B) {
	l := &session{sup: &Supervisor{o: Options{Clock: time.Now, SinceBoot: sinceBoot}}}
	l.term.Store(l.sup.newDeadline(time.Now().Add(time.Hour)))
	b.ReportAllocs()
	for b.Loop() {
		if !l.inTime() {
			b.Fatal("over")
		}
	}
}

func TestInTimeAllocatesNothing(t *testing.T) {
	asked := 0
	l := &session{sup: &Supervisor{o: Options{Clock: time.Now, SinceBoot: func() time.Duration { asked++; return sinceBoot() }}}}
	l.term.Store(l.sup.newDeadline(time.Now().Add(time.Hour)))
	begun := time.Now()
	const pieces = 100_000
	if n := testing.AllocsPerRun(pieces, func() { l.inTime() }); n != 0 {
		t.Errorf("%v allocations for a piece", n)
	}
	if most := int(time.Since(begun)/bootFresh) + 3; asked > most {
		t.Errorf("%d pieces asked the kernel %d times, more than the %d that the time allows", pieces, asked, most)
	}
}
