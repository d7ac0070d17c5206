package relay_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"filippo.io/age"
	"golang.org/x/crypto/ssh"

	"sekimori/broker/dial"
	"sekimori/broker/internal/testbed"
	"sekimori/broker/relay"
	"sekimori/broker/wire"
	"sekimori/policy"
	"sekimori/recordings"
)

// door is a gate that admits any number of connections to one target, each as its own session. A rig admits one and lets a
// test look into it.
type door struct {
	host, port string
	hostKey    ssh.PublicKey

	mu   sync.Mutex
	bad  []error               // ends with an error
	next int                   // number of the next session
	all  map[*relay.Relay]bool // sessions under way
}

// newDoor opens a door in front of a real sshd.
func newDoor(tb testing.TB, conf ...string) *door {
	tb.Helper()
	signer := testbed.NewSigner(tb)
	sshd := testbed.StartSSHD(tb, testbed.SSHDOptions{Keys: []ssh.PublicKey{signer.PublicKey()}, Conf: conf})
	return newDoorTo(tb, dial.Target{ID: "hr-db", Addr: sshd.Addr, Login: sshd.Login, HostKey: sshd.HostKey}, signer)
}

func newDoorTo(tb testing.TB, target dial.Target, credential ssh.Signer) *door {
	tb.Helper()
	out, err := age.GenerateX25519Identity()
	if err != nil {
		tb.Fatal(err)
	}
	in, err := age.GenerateX25519Identity()
	if err != nil {
		tb.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	signer := testbed.NewSigner(tb)
	config := &ssh.ServerConfig{NoClientAuth: true}
	config.AddHostKey(signer)
	d := &door{hostKey: signer.PublicKey(), all: map[*relay.Relay]bool{}}
	d.host, d.port, _ = net.SplitHostPort(l.Addr().String())
	dir := tb.TempDir()
	ctx, stop := context.WithCancel(context.Background())
	var work sync.WaitGroup
	work.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			work.Go(func() {
				if err := d.serve(ctx, c, config, target, credential, dir, out.Recipient(), in.Recipient()); err != nil && ctx.Err() == nil {
					d.mu.Lock()
					d.bad = append(d.bad, err)
					d.mu.Unlock()
				}
			})
		}
	})
	tb.Cleanup(func() {
		l.Close()
		stop()
		within(tb, "every session ends", work.Wait)
	})
	return d
}

// serve runs one session as the session package does. Its error is the end of the session if that was not an ordinary one.
func (d *door) serve(ctx context.Context, c net.Conn, config *ssh.ServerConfig, target dial.Target, credential ssh.Signer, dir string, out, in age.Recipient) error {
	near := wire.Wrap(c, wire.Options{})
	defer near.Abort()
	conn, chans, reqs, err := ssh.NewServerConn(near, config)
	if err != nil {
		return err
	}
	d.mu.Lock()
	d.next++
	path := filepath.Join(dir, fmt.Sprint(d.next, ".skr"))
	d.mu.Unlock()
	started := time.Now()
	rec, err := recordings.Create(path, recordings.Header{Session: "S-20261124-03", Started: started}, recordings.Options{
		OutputTo: []age.Recipient{out}, InputTo: []age.Recipient{in},
		Elapsed: func() time.Duration { return time.Since(started) },
	})
	if err != nil {
		return err
	}
	defer rec.Close(recordings.End{Cause: "session-ended", At: started})
	far, err := (&dial.Dialer{}).Dial(ctx, target, []ssh.AuthMethod{ssh.PublicKeys(credential)})
	if err != nil {
		return err
	}
	defer far.Abort()
	r := relay.New(relay.Config{
		Files:    (&rigOptions{}).terms,
		Recorder: rec,
		Decide:   func(context.Context, policy.Asked) policy.Decision { return policy.Decision{Allow: true} },
		Refuse:   func(d policy.Decision) (string, int) { return string(d.Reason), d.Reason.Exit() },
	})
	d.mu.Lock()
	d.all[r] = true
	d.mu.Unlock()
	r.Notify("started", "[sekimori] Started")
	err = r.Serve(ctx, conn, chans, reqs, far, far.Chans, far.Reqs)
	d.mu.Lock()
	delete(d.all, r)
	d.mu.Unlock()
	near.Abort()
	far.Abort()
	return errors.Join(err, r.Wait(context.Background()))
}

// ends returns the errors so far.
func (d *door) ends() []error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]error(nil), d.bad...)
}

// run runs a client and returns its output. While the client runs, every session shows "5 min left".
func (d *door) run(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	var out, errs bytes.Buffer
	cmd.Stdout = &out
	cmd.Stderr = &errs
	d.notify(t, cmd)
	if errs.Len() > 0 {
		t.Logf("stderr: %q", errs.String())
	}
	return out.String()
}

// check runs a client. Its output must equal want, and its stderr must contain the notices.
func (d *door) check(t *testing.T, cmd *exec.Cmd, want string, notices ...string) {
	t.Helper()
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	d.notify(t, cmd)
	if out.String() != want {
		t.Errorf("output %q, want %q", out.String(), want)
	}
	for _, n := range notices {
		if !strings.Contains(errs.String(), n) {
			t.Errorf("stderr %q, want %q in it", errs.String(), n)
		}
	}
}

// notify runs cmd to its end and shows one more notice in each new session.
func (d *door) notify(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	said := make(chan struct{})
	over := make(chan struct{})
	go func() {
		defer close(said)
		done := map[*relay.Relay]bool{}
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-over:
				return
			case <-tick.C:
			}
			d.mu.Lock()
			for r := range d.all {
				if !done[r] {
					done[r] = true
					r.Notify("warning", "[sekimori] 5 min left.")
				}
			}
			d.mu.Unlock()
		}
	}()
	err := cmd.Run()
	close(over)
	<-said
	if err != nil {
		t.Errorf("%s: %v", cmd.Path, err)
	}
}
