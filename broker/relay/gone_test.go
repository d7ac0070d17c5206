package relay_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"sekimori/broker/internal/testbed"
	"sekimori/broker/relay"
)

// hangsUpAt is a target that closes its connection at a request, or at "session", the opening.
func hangsUpAt(t *testing.T, stage string) *testbed.Target {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	signer := testbed.NewSigner(t)
	config := &ssh.ServerConfig{PublicKeyCallback: func(ssh.ConnMetadata, ssh.PublicKey) (*ssh.Permissions, error) { return nil, nil }}
	config.AddHostKey(signer)
	done := make(chan struct{})
	go func() {
		defer close(done)
		nc, err := l.Accept()
		if err != nil {
			return
		}
		defer nc.Close()
		_, chans, reqs, err := ssh.NewServerConn(nc, config)
		if err != nil {
			t.Error(err)
			return
		}
		go ssh.DiscardRequests(reqs)
		for c := range chans {
			if stage == "session" {
				return
			}
			_, reqs, err := c.Accept()
			if err != nil {
				return
			}
			for req := range reqs {
				if req.Type == stage {
					return
				}
				_ = req.Reply(true, nil)
			}
		}
	}()
	t.Cleanup(func() { l.Close(); <-done })
	return &testbed.Target{Addr: l.Addr().String(), HostKey: signer.PublicKey()}
}

// Wherever a target hangs up, the engineer reads the reason. A client told of a failed request would show less, or nothing.
func TestTargetThatHangsUpIsAlwaysSaid(t *testing.T) {
	for _, stage := range []string{"session", "pty-req", "env", "shell", "exec", "subsystem"} {
		t.Run(stage, func(t *testing.T) {
			r := newRig(t, rigOptions{target: hangsUpAt(t, stage)})
			// As the session package ends it: the engineer is told while the channel is open.
			told := make(chan struct{})
			go func() {
				defer close(told)
				if err := r.end(); !errors.Is(err, relay.ErrTargetGone) {
					t.Errorf("Serve: %v", err)
				}
				ctx, cancel := context.WithTimeout(context.Background(), patience)
				defer cancel()
				r.relay.Finish(ctx, "[212] 接続先との通信が切れた\n", 254)
			}()
			status, said := -1, ""
			if stage == "subsystem" {
				status, said = newRawSFTP(t, r).ended()
			} else {
				s := session(t, r.client())
				var errs bytes.Buffer
				s.Stderr = &errs
				if err := s.Setenv("LANG", "C"); err != nil {
					t.Fatal(err)
				}
				if err := s.RequestPty("xterm", 24, 80, nil); err != nil {
					t.Fatal(err)
				}
				within(t, "the channel ends", func() {
					if stage == "exec" {
						status = exitStatus(s.Run("id"))
					} else if err := s.Shell(); err == nil {
						status = exitStatus(s.Wait())
					}
				})
				said = errs.String()
			}
			within(t, "the engineer is told", func() { <-told })
			if status != 254 || !strings.Contains(said, "[212]") {
				t.Errorf("%d, %q", status, said)
			}
		})
	}
}
