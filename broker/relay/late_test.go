package relay_test

import (
	"bytes"
	"context"
	"io"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/crypto/ssh"

	"sekimori/broker/relay"
)

// A channel that comes after the end, before the others are told or after that, is told the reason and gets its exit status. So is
// one whose client asks for its command only then, one whose recording has failed, and one with a terminal.
func TestChannelThatComesAfterTheEnd(t *testing.T) {
	finish := func(r *rig) func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		r.tb.Cleanup(cancel)
		return func() { r.relay.Finish(ctx, "[212] gone\n", 254) }
	}
	told := func(t *testing.T, s *ssh.Session, run func() error) {
		t.Helper()
		var out, said bytes.Buffer
		s.Stdout, s.Stderr = &out, &said
		var err error
		within(t, "the channel ends", func() { err = run() })
		if exitStatus(err) != 254 || strings.TrimSpace(said.String()) != "[212] gone" || out.Len() != 0 {
			t.Errorf("%v, %q, %q", err, out.String(), said.String())
		}
	}
	for name, how := range map[string]func(t *testing.T, r *rig, finish func()){
		"before the others are told": func(t *testing.T, r *rig, finish func()) {
			r.relay.Stop()
			s := session(t, r.client())
			go finish()
			told(t, s, func() error { return s.Run("print never") })
		},
		"after the others were told": func(t *testing.T, r *rig, finish func()) {
			r.relay.Stop()
			finish()
			s := session(t, r.client())
			told(t, s, func() error { return s.Run("print never") })
		},
		"with a terminal": func(t *testing.T, r *rig, finish func()) {
			r.relay.Stop()
			finish()
			s := session(t, r.client())
			if err := s.RequestPty("xterm", 24, 80, nil); err != nil {
				t.Fatal(err)
			}
			told(t, s, func() error {
				if err := s.Shell(); err != nil {
					return err
				}
				return s.Wait()
			})
		},
		"opened before the end, and asked after it": func(t *testing.T, r *rig, finish func()) {
			s := session(t, r.client())
			r.relay.Stop()
			finished := make(chan struct{})
			go func() { defer close(finished); finish() }()
			told(t, s, func() error { return s.Run("print never") })
			within(t, "all were told", func() { <-finished })
		},
		"after the recording has failed": func(t *testing.T, r *rig, finish func()) {
			c := r.client()
			r.disk.Fail(syscall.EIO, 0)
			s := session(t, c) // its opening, or its start, cannot be recorded
			go func() { _ = r.end(); finish() }()
			told(t, s, func() error { return s.Run("print never") })
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, rigOptions{})
			how(t, r, finish(r))
			r.kill()
		})
	}
}

// A client that opens channels without end after the end is told on a few of them only.
func TestAttackManyChannelsAfterTheEnd(t *testing.T) {
	r := newRig(t, rigOptions{})
	c := r.client()
	r.relay.Stop()
	taken := 0
	for range 20 {
		ch, reqs, err := c.OpenChannel("session", nil)
		if err != nil {
			continue
		}
		taken++
		go ssh.DiscardRequests(reqs)
		go io.Copy(io.Discard, ch)
	}
	if taken != relay.MaxLate {
		t.Errorf("%d channels were taken", taken)
	}
	r.kill()
}
