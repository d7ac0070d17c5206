package broker_test

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"sekimori/broker/internal/testbed"
	"sekimori/policy"
)

// stopped is how often the broker is stopped across the end: SEKIMORI_STOPS, for a long soak.
func stopped(t testing.TB) int {
	text := os.Getenv("SEKIMORI_STOPS")
	if text == "" && !testbed.Whole() {
		return 1
	} else if text == "" {
		return 3
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("SEKIMORI_STOPS: %v", err)
	}
	return n
}

// received counts what the target received of commands, typed and as channels of their own.
type received struct{ n atomic.Int64 }

func (r *received) note() { r.n.Add(1) }

// read notes the start of a session and each piece that it receives.
func (r *received) read(s *testbed.TargetSession) {
	r.note()
	go ssh.DiscardRequests(s.Requests)
	b := make([]byte, 32<<10)
	for s.Kind == "shell" {
		n, err := s.Read(b)
		if n > 0 {
			r.note()
		}
		if err != nil {
			return
		}
	}
}

// rests waits until nothing has come for a while, and gives how much has come by then. A busy machine reads late what was sent in time.
func (r *received) rests() int64 {
	for n := int64(-1); ; <-time.After(200 * time.Millisecond) {
		last := n
		if n = r.n.Load(); n == last {
			return n
		}
	}
}

// typists is how many clients type while the broker is stopped: when it resumes, some pieces are in the middle of being relayed.
const typists = 6

// typeUntil types without a pause until done is closed or the connection is gone.
func (c *client) typeUntil(done <-chan struct{}) {
	s, err := c.NewSession()
	if err != nil {
		return
	}
	in, err := s.StdinPipe()
	if err != nil || s.Shell() != nil {
		return
	}
	lines := bytes.Repeat([]byte("touch file\n"), 100)
	for {
		select {
		case <-done:
			return
		default:
		}
		if _, err := in.Write(lines); err != nil {
			return
		}
	}
}

// A broker stopped by SIGSTOP before the end and resumed after it finds commands waiting in its sockets. None of
// them reaches the target, however the relaying goroutines and the ending timers are scheduled.
func TestStoppedOverTheEnd(t *testing.T) {
	t.Parallel()
	rounds := stopped(t)
	for round := range rounds {
		var got received
		o := foundWith(t, time.Hour, testbed.TargetOptions{Session: func(s *testbed.TargetSession) {
			got.read(s)
			s.Exit(0)
		}})
		people := o.engineers(typists + 1)
		b := o.spawn()

		// Many type without a pause; one client runs commands one after the other.
		done := make(chan struct{})
		var work sync.WaitGroup
		var gone []chan struct{}
		for _, e := range people[1:] {
			c := e.mustDial(b.addr)
			gone = append(gone, c.gone)
			work.Go(func() { c.typeUntil(done) })
		}
		runner := people[0].mustDial(b.addr)
		gone = append(gone, runner.gone)
		work.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				if _, _, _, err := runner.run("touch"); err != nil {
					return
				}
			}
		})
		o.endsAt(o.clock.Now().Add(4 * time.Second))
		left := func() time.Duration { return o.end.Sub(o.clock.Now()) }
		<-time.After(left() - 700*time.Millisecond)
		before := got.n.Load()
		if before < 20 {
			t.Fatalf("round %d: only %d commands before the end: the round proves nothing", round, before)
		}
		if err := b.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		<-time.After(left() + time.Duration(200+300*round)*time.Millisecond)
		inTime := got.rests() // the broker stands still since before the end: all that comes later was sent after it
		if err := b.cmd.Process.Signal(syscall.SIGCONT); err != nil {
			t.Fatal(err)
		}
		for _, g := range gone {
			<-g
		}
		close(done)
		work.Wait()
		b.stop(t) // and the connections to the target are over as well
		if late := got.rests() - inTime; late > 0 {
			t.Errorf("round %d: %d pieces reached the target after the end, %d before it", round, late, inTime)
		}
		ended := o.ended()
		for _, e := range people {
			row := o.sessions(e.id)[0]
			o.sealed(row, ended[row.ID], policy.WindowEnded)
		}
		o.verifyLedger()
	}
}

// The wall clock of a running broker is stepped past the end of the window. A command that is typed after that never reaches the
// target. The commands are numbered, so that the time at which the target gets to read one does not matter.
func TestClockSteppedPastTheEnd(t *testing.T) {
	t.Parallel()
	var arrived atomic.Int64 // the highest number that the target has read
	o := foundWith(t, time.Hour, testbed.TargetOptions{Session: func(s *testbed.TargetSession) {
		go ssh.DiscardRequests(s.Requests)
		for in := bufio.NewReader(s); ; {
			line, err := in.ReadString('\n')
			if err != nil {
				return // the last line may be a part of one
			}
			var n int64
			if _, err := fmt.Sscanf(line, "touch file%d", &n); err != nil {
				t.Errorf("the target reads %q", line)
				return
			}
			arrived.Store(n)
		}
	}})
	e := o.engineers(1)[0]
	b := o.start()
	c := e.mustDial(b.addr)
	s, err := c.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	in, err := s.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Shell(); err != nil {
		t.Fatal(err)
	}
	var typed atomic.Int64 // the number of the command that is being written
	var typing sync.WaitGroup
	typing.Go(func() {
		for n := int64(1); ; n++ {
			typed.Store(n)
			if _, err := fmt.Fprintf(in, "touch file%08d\n", n); err != nil {
				return
			}
		}
	})
	for began := time.Now(); arrived.Load() < 100; <-time.After(time.Millisecond) {
		if time.Since(began) > time.Minute {
			t.Fatalf("%d commands arrived in a minute", arrived.Load())
		}
	}
	o.clock.Step(2 * time.Hour)
	last := typed.Load()
	<-c.gone
	typing.Wait()
	b.close() // and the connection to the target is over as well
	if got := arrived.Load(); got > last {
		t.Errorf("command %d reached the target; %d was the last one before the clock was set", got, last)
	}
	row := o.sessions(e.id)[0]
	o.sealed(row, o.ended()[row.ID], policy.WindowEnded)
}
