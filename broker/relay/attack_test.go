package relay_test

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"sekimori/broker/internal/testbed"
	"sekimori/broker/relay"
	"sekimori/recordings"
)

func wantAbuse(t *testing.T, err error, side string) {
	t.Helper()
	var abuse *relay.AbuseError
	if !errors.As(err, &abuse) || abuse.Side != side {
		t.Errorf("got %v, want abuse by the %s", err, side)
	}
}

func TestAttackRejectedChannelsInALoop(t *testing.T) {
	r := newRig(t, rigOptions{})
	c := r.client()
	go func() {
		for {
			if _, _, err := c.OpenChannel("direct-tcpip", nil); err != nil {
				var open *ssh.OpenChannelError
				if !errors.As(err, &open) {
					return
				}
			}
		}
	}()
	wantAbuse(t, r.end(), "client")
	r.kill()
	if got := len(r.events("refused")); got == 0 || got > 100 {
		t.Errorf("%d refusals recorded: the record itself must be bounded", got)
	}
}

func TestAttackThousandsOfChannelsAtOnce(t *testing.T) {
	r := newRig(t, rigOptions{})
	c := r.client()
	opened := 0
	for range 2 * relay.MaxChannels {
		ch, _, err := c.OpenChannel("session", nil)
		if err != nil {
			break
		}
		defer ch.Close()
		opened++
	}
	if opened != relay.MaxChannels {
		t.Errorf("%d channels opened", opened)
	}
}

func TestAttackRefusedRequestsInALoop(t *testing.T) {
	for name, attack := range map[string]func(*ssh.Client, ssh.Channel) error{
		"global": func(c *ssh.Client, _ ssh.Channel) error {
			_, _, err := c.SendRequest("tcpip-forward", false, nil)
			return err
		},
		"channel": func(_ *ssh.Client, ch ssh.Channel) error {
			_, err := ch.SendRequest("x11-req", false, nil)
			return err
		},
		"after the refusal": func(_ *ssh.Client, ch ssh.Channel) error {
			_, err := ch.SendRequest("exec", false, make([]byte, 200))
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, rigOptions{})
			c := r.client()
			ch, _, err := c.OpenChannel("session", nil)
			if err != nil {
				t.Fatal(err)
			}
			go func() {
				for attack(c, ch) == nil {
				}
			}()
			wantAbuse(t, r.end(), "client")
		})
	}
}

func TestAttackFloodOfWindowChanges(t *testing.T) {
	sizes := make(chan struct{}, 1<<16)
	target := testbed.StartTarget(t, testbed.TargetOptions{Session: func(s *testbed.TargetSession) {
		for req := range s.Requests {
			if req.Type == "window-change" {
				sizes <- struct{}{}
			}
		}
	}})
	r := newRig(t, rigOptions{target: target})
	c := r.client()
	s := session(t, c)
	if err := s.RequestPty("xterm", 24, 80, nil); err != nil {
		t.Fatal(err)
	}
	if err := s.Shell(); err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	for i := range 50000 {
		if err := s.WindowChange(24, 80+i%100); err != nil {
			t.Fatal(err)
		}
	}
	// The engineer's other channels go on.
	if _, err := session(t, c).SendRequest("keepalive", true, nil); err != nil {
		t.Fatal(err)
	}
	<-sizes // one size reaches it
	got, recorded := 1+len(sizes), len(r.events(recordings.EventWindowChange))
	most := int(time.Since(begun)/(50*time.Millisecond)) + 2 // measured after counting, because sizes keep arriving
	if got > most {
		t.Errorf("%d sizes reached the target, at most %d should", got, most)
	}
	if recorded > most {
		t.Errorf("%d sizes recorded", recorded)
	}
}

func TestAttackTargetOpensChannels(t *testing.T) {
	target := testbed.StartTarget(t, testbed.TargetOptions{Connected: func(c *ssh.ServerConn) {
		go func() { // nothing waits for it: the library's OpenChannel never returns if the connection dies at the wrong moment
			for {
				_, _, err := c.OpenChannel("x11", nil)
				var open *ssh.OpenChannelError
				if !errors.As(err, &open) || open.Reason != ssh.Prohibited {
					return
				}
			}
		}()
		_ = c.Wait()
	}})
	r := newRig(t, rigOptions{target: target})
	r.client()
	wantAbuse(t, r.end(), "target")
}

func TestAttackTargetFloodsRequests(t *testing.T) {
	target := testbed.StartTarget(t, testbed.TargetOptions{Session: func(s *testbed.TargetSession) {
		for {
			if _, err := s.SendRequest("auth-agent-req@openssh.com", false, nil); err != nil {
				return
			}
		}
	}})
	r := newRig(t, rigOptions{target: target})
	if err := session(t, r.client()).Start("x"); err != nil {
		t.Fatal(err)
	}
	wantAbuse(t, r.end(), "target")
}

func TestAttackTargetSendsManyExits(t *testing.T) {
	target := testbed.StartTarget(t, testbed.TargetOptions{Session: func(s *testbed.TargetSession) {
		for i := range 20 {
			s.Exit(uint32(40 + i))
		}
	}})
	r := newRig(t, rigOptions{target: target})
	if got := exitStatus(session(t, r.client()).Run("x")); got != 40 {
		t.Errorf("status %d: the first one counts", got)
	}
}

// A client that keeps the connection open and never reads fills every buffer up to the target. Close would wait for it; the
// cut must not.
func TestAttackClientThatNeverReads(t *testing.T) {
	ctx, cut := context.WithCancelCause(context.Background())
	r := newRig(t, rigOptions{context: ctx})
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
	for range 4 {
		ch, _, err := c.OpenChannel("session", nil)
		if err != nil {
			t.Fatal(err)
		}
		if ok, err := ch.SendRequest("exec", true, ssh.Marshal(struct{ C string }{"flood 1000000000"})); !ok || err != nil {
			t.Fatal(ok, err)
		}
	}
	stalled.now.Store(true)
	within(t, "buffers fill up", func() {
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for r.output.Load() < 4<<20 {
			<-tick.C
		}
	})
	begun := time.Now()
	cause := errors.New("the window has ended")
	cut(cause)
	if err := r.end(); !errors.Is(err, cause) {
		t.Errorf("%v", err)
	}
	limit, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	r.relay.Finish(limit, "[201]\n", 252)
	r.kill()
	if took := time.Since(begun); took > cutWithin {
		t.Errorf("the cut took %v", took)
	}
}

// stalledConn stops reading once now is set.
type stalledConn struct {
	net.Conn
	now     atomic.Bool
	release chan struct{}
}

func (c *stalledConn) Read(p []byte) (int, error) {
	if c.now.Load() {
		<-c.release
	}
	return c.Conn.Read(p)
}
