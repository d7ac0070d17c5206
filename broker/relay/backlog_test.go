package relay_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"net"
	"runtime"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"sekimori/broker/internal/testbed"
	"sekimori/broker/relay"
	"sekimori/policy"
)

// The bound stated in DESIGN.md: a side may have sent backlogMost unread bytes and one step of reading more. Memory is at
// most one and a half times that, plus the SSH library's own data in transit (4 MiB).
const (
	backlogMost   = 16 << 20
	backlogSlack  = 1 << 20
	backlogMemory = 28 << 20
)

// windowPassed is the most that one channel passes on to a target that reads nothing, in bytes of the wire: the library's window,
// the relay's buffer, and a frame for each packet of 32 KiB.
const windowPassed = 2<<20 + relay.LargeBuffer + (2<<20+relay.LargeBuffer)/(32<<10)*64

// heap is the process's current heap in bytes.
func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// heldBack waits until a continuing sender is no longer read: read has stood still for a while.
func heldBack(t *testing.T, read func() int64) int64 {
	t.Helper()
	tick := time.NewTicker(300 * time.Millisecond)
	defer tick.Stop()
	limit := time.NewTimer(2 * patience)
	defer limit.Stop()
	for last := int64(-1); ; {
		select {
		case <-tick.C:
			now := read()
			if now == last && now > backlogMost/2 {
				return now
			}
			last = now
		case <-limit.C:
			t.Fatalf("%d bytes were read, and it goes on", read())
		}
	}
}

// A client sends the costliest packets to channels that are not read.
func TestAttackMemoryOfChannelsThatTakeNothing(t *testing.T) {
	one, large := []byte("x"), make([]byte, 32<<10)
	for name, a := range map[string]struct {
		channels int
		start    string // each channel's first request; empty: none, so it is never decided
		pause    bool
		passed   int64 // the capacity of the target's windows
		send     func(ch ssh.Channel) error
	}{
		"one byte at a time, undecided": {channels: 8, send: func(ch ssh.Channel) error { _, err := ch.Write(one); return err }},
		"large, undecided":              {channels: 32, send: func(ch ssh.Channel) error { _, err := ch.Write(large); return err }},
		"one byte at a time, paused":    {channels: 4, start: "cat", pause: true, send: func(ch ssh.Channel) error { _, err := ch.Write(one); return err }},
		"large, not read by the target": {channels: 32, start: "wait", passed: 32 * windowPassed, send: func(ch ssh.Channel) error { _, err := ch.Write(large); return err }},
	} {
		t.Run(name, func(t *testing.T) {
			target := testbed.StartTarget(t, testbed.TargetOptions{Session: func(s *testbed.TargetSession) {
				for req := range s.Requests { // reads no data
					_ = req.Reply(false, nil)
				}
			}})
			r := newRig(t, rigOptions{target: target})
			c := r.client()
			before := heap()
			var sending sync.WaitGroup
			var open []ssh.Channel
			for range a.channels {
				ch, reqs, err := c.OpenChannel("session", nil)
				if err != nil {
					t.Fatal(err)
				}
				go ssh.DiscardRequests(reqs)
				if a.start != "" {
					if ok, err := ch.SendRequest("exec", true, ssh.Marshal(struct{ C string }{a.start})); !ok || err != nil {
						t.Fatal(ok, err)
					}
				}
				open = append(open, ch)
			}
			r.relay.Pause(a.pause)
			for _, ch := range open {
				sending.Go(func() {
					for a.send(ch) == nil {
					}
				})
			}
			read := heldBack(t, r.near.BytesRead)
			grown := heap() - before
			t.Logf("%d KiB were read, %d KiB are held", read>>10, grown>>10)
			if read > a.passed+backlogMost+backlogSlack {
				t.Errorf("%d bytes were read", read)
			}
			if a.passed == 0 && grown > backlogMemory { // the target of this test shares the process
				t.Errorf("%d bytes are held", grown)
			}
			r.kill()
			c.Close()
			sending.Wait()
		})
	}
}

// A target floods an engineer who reads nothing, in packets of one byte.
func TestAttackMemoryOfATargetThatNobodyReads(t *testing.T) {
	target := testbed.StartTarget(t, testbed.TargetOptions{Session: func(s *testbed.TargetSession) {
		one := []byte("x")
		for {
			if _, err := s.Write(one); err != nil {
				return
			}
		}
	}})
	ctx, cut := context.WithCancelCause(context.Background())
	r := newRig(t, rigOptions{target: target, context: ctx})
	raw, err := net.Dial("tcp", r.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	stalled := &stalledConn{Conn: raw, release: make(chan struct{})}
	defer close(stalled.release)
	conn, chans, reqs, err := ssh.NewClientConn(stalled, "", &ssh.ClientConfig{HostKeyCallback: ssh.InsecureIgnoreHostKey()})
	if err != nil {
		t.Fatal(err)
	}
	c := ssh.NewClient(conn, chans, reqs)
	before := heap()
	for range 4 {
		if err := session(t, c).Start("x"); err != nil {
			t.Fatal(err)
		}
	}
	stalled.now.Store(true)
	heldBack(t, r.far.Wire.BytesRead)
	grown := heap() - before
	t.Logf("%d KiB are held", grown>>10)
	if grown > 2*backlogMemory { // both sides: the engineer's unread data is queued as well
		t.Errorf("%d bytes are held", grown)
	}
	// The cut does not wait for the held-back data.
	begun := time.Now()
	cut(errors.New("the window has ended"))
	_ = r.end()
	r.kill()
	if took := time.Since(begun); took > cutWithin {
		t.Errorf("the cut took %v", took)
	}
}

// Standard error flows to the client. A client that sends it anyway reaches nothing.
func TestAttackStandardErrorOfTheClient(t *testing.T) {
	r := newRig(t, rigOptions{})
	c := r.client()
	before := heap()
	for range 16 {
		ch, _, err := c.OpenChannel("session", nil)
		if err != nil {
			break // the channel has ended already
		}
		go func() {
			b := make([]byte, 32<<10)
			for {
				if _, err := ch.Stderr().Write(b); err != nil {
					return
				}
			}
		}()
	}
	err := r.end()
	if grown := heap() - before; grown > backlogMemory {
		t.Errorf("%d bytes are held", grown)
	}
	wantAbuse(t, err, "client")
	r.kill()
	if count, events := r.refusals("client", "extended data"); count < 4000 || events > 40 {
		t.Errorf("%d refusals in %d events", count, events)
	}
}

// Requests of a quarter of a megabyte, to channels that wait for their decision.
func TestAttackLargeRequestsWhileTheDecisionWaits(t *testing.T) {
	decide := make(chan struct{})
	r := newRig(t, rigOptions{decide: func(policy.ChannelKind) policy.Decision { <-decide; return policy.Decision{Allow: true} }})
	defer close(decide)
	c := r.client()
	before := heap()
	payload := make([]byte, 200<<10)
	var open []ssh.Channel
	for range 16 {
		ch, _, err := c.OpenChannel("session", nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ch.SendRequest("exec", false, ssh.Marshal(struct{ C string }{"x"})); err != nil {
			t.Fatal(err)
		}
		open = append(open, ch)
	}
	// The requests are read all the time, so the backlog does not grow and the connection goes on.
	for range 20 {
		for _, ch := range open {
			if _, err := ch.SendRequest("env", false, payload); err != nil {
				t.Fatal(err)
			}
		}
	}
	within(t, "a keepalive while channels wait", func() {
		if ok, _, err := c.SendRequest("keepalive@openssh.com", true, nil); !ok || err != nil {
			t.Errorf("%v, %v", ok, err)
		}
	})
	if grown := heap() - before; grown > backlogMemory {
		t.Errorf("%d bytes are held", grown)
	}
}

// If a window is resized while a channel waits for its decision, the last size counts.
func TestSizesWhileTheDecisionWaits(t *testing.T) {
	decide, sizes := make(chan struct{}), make(chan [2]uint32, 1000)
	target := testbed.StartTarget(t, testbed.TargetOptions{Session: func(s *testbed.TargetSession) {
		sizes <- [2]uint32{s.Cols, s.Rows}
		for req := range s.Requests {
			var p struct{ C, R, W, H uint32 }
			if req.Type == "window-change" && ssh.Unmarshal(req.Payload, &p) == nil {
				sizes <- [2]uint32{p.C, p.R}
			}
		}
	}})
	r := newRig(t, rigOptions{target: target, decide: func(policy.ChannelKind) policy.Decision { <-decide; return policy.Decision{Allow: true} }})
	c := r.client()
	s := session(t, c)
	if err := s.RequestPty("xterm", 24, 80, nil); err != nil {
		t.Fatal(err)
	}
	started := make(chan error, 1)
	go func() { started <- s.Shell() }()
	within(t, "the channel waits", func() { // for the answer to a request behind it
		for i := range 100 {
			if err := s.WindowChange(24, 100+i); err != nil {
				t.Error(err)
			}
		}
		if _, _, err := c.SendRequest("keepalive@openssh.com", true, nil); err != nil {
			t.Error(err)
		}
	})
	close(decide)
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	within(t, "the last size", func() {
		for got := range sizes {
			if got == [2]uint32{199, 24} {
				return
			}
		}
	})
}

// Honest uploads during a pause, larger than the bound, are held back and arrive whole afterwards.
func TestUploadsThroughAPause(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	c := r.client()
	const uploads, size = 12, 4 << 20
	data := bytes.Repeat([]byte("0123456789abcdef"), size/16)
	want := sha256.Sum256(data)
	var work sync.WaitGroup
	paused := make(chan struct{})
	for range uploads {
		s := session(t, c)
		in, err := s.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		out, err := s.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Start("cat"); err != nil {
			t.Fatal(err)
		}
		work.Go(func() { <-paused; _, _ = in.Write(data); in.Close() })
		work.Go(func() {
			sum := sha256.New()
			n, err := io.Copy(sum, out)
			if got := [32]byte(sum.Sum(nil)); got != want {
				t.Errorf("%d of %d bytes came back, %v", n, size, err)
			}
		})
	}
	r.relay.Pause(true)
	close(paused)
	heldBack(t, r.near.BytesRead)
	r.relay.Pause(false)
	within(t, "the uploads arrive", work.Wait)
}

// A channel that is not read for hours, as of "sleep" with a file as input, must not slow down the others.
func TestOneStalledChannelDoesNotSlowOthers(t *testing.T) {
	target := testbed.StartTarget(t, testbed.TargetOptions{Session: func(s *testbed.TargetSession) {
		if s.Command == "sleep" {
			for range s.Requests {
			}
			return
		}
		go ssh.DiscardRequests(s.Requests)
		_, _ = io.Copy(s, s)
		s.Exit(0)
	}})
	r := newRig(t, rigOptions{target: target})
	c := r.client()
	for range 2 {
		s := session(t, c)
		in, _ := s.StdinPipe()
		if err := s.Start("sleep"); err != nil {
			t.Fatal(err)
		}
		go func() { _, _ = in.Write(make([]byte, 16<<20)) }()
	}
	for _, chunk := range []int{100, 4 << 10, 32 << 10} {
		s := session(t, c)
		in, _ := s.StdinPipe()
		out, _ := s.StdoutPipe()
		if err := s.Start("cat"); err != nil {
			t.Fatal(err)
		}
		total := 64 << 20
		if chunk == 100 {
			total = 1 << 20
		}
		piece := make([]byte, chunk)
		within(t, "an upload beside it", func() {
			go func() {
				for n := 0; n < total; n += chunk {
					if _, err := in.Write(piece); err != nil {
						return
					}
				}
				in.Close()
			}()
			if n, err := io.Copy(io.Discard, out); n < int64(total) || err != nil {
				t.Errorf("chunks of %d: %d came back, %v", chunk, n, err)
			}
		})
	}
}
