package broker_test

import (
	"bytes"
	"os"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"sekimori/broker/internal/testbed"
	"sekimori/policy"
)

// stopped is how often the broker is stopped over the end: SEKIMORI_STOPS, for a long soak.
func stopped(t testing.TB) int {
	text := os.Getenv("SEKIMORI_STOPS")
	if text == "" {
		return 3
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("SEKIMORI_STOPS: %v", err)
	}
	return n
}

// received is when the target received commands, typed and as channels of their own.
type received struct {
	mu   sync.Mutex // guards what follows
	last time.Time
	n    int
}

func (r *received) note() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.last = time.Now()
	r.n++
}

// read notes the start of a session and each piece that it is sent.
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

func (r *received) latest() (time.Time, int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.last, r.n
}

// typists is how many type while the broker is stopped: when it goes on it finds some of them in the middle of being relayed.
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

// A broker that is stopped by SIGSTOP before the end and goes on after it finds commands waiting in its sockets. Not one of
// them reaches the target, however the goroutines that relay and the timers that end the session are scheduled.
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

		// Many type without a pause; one runs commands one after the other.
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
		_, before := got.latest()
		if before < 20 {
			t.Fatalf("round %d: only %d commands before the end: the round proves nothing", round, before)
		}
		if err := b.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		<-time.After(left() + time.Duration(200+300*round)*time.Millisecond)
		if err := b.cmd.Process.Signal(syscall.SIGCONT); err != nil {
			t.Fatal(err)
		}
		for _, g := range gone {
			<-g
		}
		close(done)
		work.Wait()
		last, n := got.latest()
		if late := last.Sub(o.end.Add(-o.clock.Ahead())); late > 0 {
			t.Errorf("round %d: a command reached the target %s after the end (%d received)", round, late, n)
		}
		b.stop(t)
		ended := o.ended()
		for _, e := range people {
			row := o.sessions(e.id)[0]
			o.sealed(row, ended[row.ID], policy.WindowEnded)
		}
		o.verifyLedger()
	}
}

// The wall clock of a running broker is stepped past the end of the window.
func TestClockSteppedPastTheEnd(t *testing.T) {
	t.Parallel()
	var got received
	o := foundWith(t, time.Hour, testbed.TargetOptions{Session: func(s *testbed.TargetSession) {
		got.read(s)
	}})
	e := o.engineers(1)[0]
	b := o.start()
	c := e.mustDial(b.addr)
	done := make(chan struct{})
	var typing sync.WaitGroup
	typing.Go(func() { c.typeUntil(done) })
	<-time.After(500 * time.Millisecond)
	_, before := got.latest()
	o.clock.Step(2 * time.Hour)
	set := time.Now()
	<-c.gone
	close(done)
	typing.Wait()
	// One may be on its way when the clock is set.
	if last, n := got.latest(); before < 20 || last.Sub(set) > 100*time.Millisecond {
		t.Errorf("%d commands before the clock was set, %d after it, the last %s after it", before, n-before, last.Sub(set))
	}
	b.close()
	row := o.sessions(e.id)[0]
	o.sealed(row, o.ended()[row.ID], policy.WindowEnded)
}
