package relay_test

import (
	"io"
	"sync/atomic"
	"testing"
	"time"

	"sekimori/broker/internal/testbed"
	"sekimori/policy"
)

// The target is asked for a channel when the engineer may have one, and takes its time. The relay decides again before it
// sends the command.
func TestDecidedAgainWhenTheTargetIsReady(t *testing.T) {
	open := make(chan struct{})
	var ran atomic.Int32
	target := testbed.StartTarget(t, testbed.TargetOptions{
		Opening: func() { <-open },
		Session: func(s *testbed.TargetSession) { ran.Add(1); s.Exit(0) },
	})
	asked := make(chan struct{}, 2)
	var revoked atomic.Bool
	r := newRig(t, rigOptions{target: target, decide: func(policy.ChannelKind) policy.Decision {
		asked <- struct{}{}
		if revoked.Load() {
			return policy.Decision{Reason: policy.FeatureNotGranted}
		}
		return policy.Decision{Allow: true}
	}})
	s := session(t, r.client())
	done := make(chan error, 1)
	go func() { done <- s.Run("touch file") }()
	<-asked
	revoked.Store(true)
	close(open)
	if exit := exitStatus(<-done); exit != policy.FeatureNotGranted.Exit() {
		t.Errorf("exit status %d", exit)
	}
	if n := ran.Load(); n != 0 {
		t.Errorf("%d commands ran", n)
	}
}

// A pause that comes while the recorder is busy with a piece holds that piece too.
func TestPauseWhileAPieceIsRecorded(t *testing.T) {
	reached := make(chan string, 16)
	target := testbed.StartTarget(t, testbed.TargetOptions{Session: func(s *testbed.TargetSession) {
		b := make([]byte, 64)
		for {
			n, err := s.Read(b)
			if n > 0 {
				reached <- string(b[:n])
			}
			if err != nil {
				return
			}
		}
	}})
	r := newRig(t, rigOptions{target: target})
	s := session(t, r.client())
	in, _ := s.StdinPipe()
	if err := s.Shell(); err != nil {
		t.Fatal(err)
	}
	io.WriteString(in, "one")
	if got := <-reached; got != "one" {
		t.Fatalf("%q", got)
	}
	writing, goOn := r.disk.Stall()
	io.WriteString(in, "two")
	<-writing // recorded, on its way to the disk
	r.relay.Pause(true)
	goOn()
	select {
	case got := <-reached:
		t.Errorf("%q reached the target during the pause", got)
	case <-time.After(300 * time.Millisecond):
	}
	r.relay.Pause(false)
	if got := <-reached; got != "two" {
		t.Errorf("%q after the pause", got)
	}
}
