package relay_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"sekimori/broker/internal/testbed"
	"sekimori/broker/testrun"
	"sekimori/policy"
	"sekimori/recordings"
)

// echoServer is a destination on loopback that answers each connection with its input after a greeting.
func echoServer(tb testing.TB) (addr string) {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				_, _ = io.WriteString(c, "hello\n")
				_, _ = io.Copy(c, c)
			}()
		}
	}()
	return l.Addr().String()
}

// forwarding is a session with a real target that may forward to the destinations.
func forwarding(tb testing.TB, to ...string) *rig {
	tb.Helper()
	signer := testbed.NewSigner(tb)
	sshd := testbed.StartSSHD(tb, testbed.SSHDOptions{Keys: []ssh.PublicKey{signer.PublicKey()}})
	return newRig(tb, rigOptions{sshd: sshd, auth: []ssh.AuthMethod{ssh.PublicKeys(signer)}, forward: to})
}

// TestForwardIsRecorded: what passes through a forward is in the recording, in both directions, with its destination.
func TestForwardIsRecorded(t *testing.T) {
	to := echoServer(t)
	r := forwarding(t, to)
	c := r.client()
	fwd, err := c.Dial("tcp", to)
	if err != nil {
		t.Fatal(err)
	}
	sent := bytes.Repeat([]byte("a row of a table\n"), 20000)
	go func() {
		_, _ = fwd.Write(sent)
		_ = fwd.(interface{ CloseWrite() error }).CloseWrite()
	}()
	var got []byte
	within(t, "the answer", func() { got, err = io.ReadAll(fwd) })
	want := append([]byte("hello\n"), sent...)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%d of %d bytes came back, %v", len(got), len(want), err)
	}
	fwd.Close()
	// The forward counts as work that is over: the session goes on, and ends in order.
	s := session(t, c)
	if out, err := s.Output("echo on"); err != nil || string(out) != "on\n" {
		t.Errorf("%q, %v", out, err)
	}
	c.Close()
	if err := r.end(); err != nil {
		t.Errorf("end: %v", err)
	}
	r.kill()
	if !bytes.Equal(bytes.TrimSuffix(r.recorded(recordings.Stdout), []byte("on\n")), want) || !bytes.HasPrefix(r.recorded(recordings.Stdin), sent) {
		t.Errorf("recorded: %d bytes out, %d in", len(r.recorded(recordings.Stdout)), len(r.recorded(recordings.Stdin)))
	}
	opened := strings.Join(r.events("open"), " ")
	if !strings.Contains(opened, `{"type":"direct-tcpip","to":"`+to+`"}`) {
		t.Errorf("opened: %s", opened)
	}
}

// TestAttackForwardElsewhere: no other destination, no other kind of forward and no other spelling gets through, and each refusal
// says its number.
func TestAttackForwardElsewhere(t *testing.T) {
	to, other := echoServer(t), echoServer(t)
	r := forwarding(t, to)
	c := r.client()
	_, port, _ := net.SplitHostPort(to)
	for _, to := range []string{other, "localhost:" + port, "127.1:" + port, "2130706433:" + port, "0.0.0.0:" + port} {
		if fwd, err := c.Dial("tcp", to); err == nil {
			fwd.Close()
			t.Errorf("%s was opened", to)
		} else if why := new(ssh.OpenChannelError); !errors.As(err, &why) || why.Reason != ssh.Prohibited || !strings.Contains(why.Message, "[117]") {
			t.Errorf("%s: %v", to, err)
		}
	}
	for kind, payload := range map[string][]byte{
		"direct-tcpip": {0, 0, 0, 9}, "direct-streamlocal@openssh.com": ssh.Marshal(struct{ Path, R string }{"/run/x", ""}), "forwarded-tcpip": nil, "tun@openssh.com": nil,
	} {
		if _, _, err := c.OpenChannel(kind, payload); err == nil {
			t.Errorf("%s was opened", kind)
		}
	}
	if l, err := c.Listen("tcp", "127.0.0.1:0"); err == nil {
		l.Close()
		t.Error("a remote forward was opened")
	}
	// The listed one still opens.
	fwd, err := c.Dial("tcp", to)
	if err != nil {
		t.Fatal(err)
	}
	fwd.Close()
	r.kill()
}

// TestAClientWhoseForwardIsRefusedHasLeft: ssh -W hangs up without a word then. It was not lost: it had no work left.
func TestAClientWhoseForwardIsRefusedHasLeft(t *testing.T) {
	r := forwarding(t)
	c := r.client()
	if fwd, err := c.Dial("tcp", "127.0.0.1:1"); err == nil {
		fwd.Close()
		t.Fatal("opened")
	}
	c.Close()
	if err := r.end(); err != nil {
		t.Errorf("end: %v", err)
	}
	r.kill()
}

// TestForwardIsDecided: the list is not enough. The decision is asked, and once more when the target has connected.
func TestForwardIsDecided(t *testing.T) {
	for _, allowed := range []int{0, 1} {
		to := echoServer(t)
		signer := testbed.NewSigner(t)
		sshd := testbed.StartSSHD(t, testbed.SSHDOptions{Keys: []ssh.PublicKey{signer.PublicKey()}})
		asked := 0
		r := newRig(t, rigOptions{sshd: sshd, auth: []ssh.AuthMethod{ssh.PublicKeys(signer)}, forward: []string{to}, decide: func(k policy.ChannelKind) policy.Decision {
			if k != policy.ChannelForward {
				t.Errorf("asked about %s", k)
			}
			if asked++; asked <= allowed {
				return policy.Decision{Allow: true}
			}
			return policy.Decision{Reason: policy.Frozen}
		}})
		c := r.client()
		if fwd, err := c.Dial("tcp", to); err == nil {
			fwd.Close()
			t.Error("opened")
		} else if !strings.Contains(err.Error(), fmt.Sprintf("[%d]", policy.Frozen.Number())) {
			t.Errorf("%v", err)
		}
		r.kill()
		if len(r.recorded(recordings.Stdout)) > 0 {
			t.Errorf("%d bytes came from the destination", len(r.recorded(recordings.Stdout)))
		}
	}
}

// TestOpenSSHForward: ssh -L beside a command, through the library's no-more-sessions, and with a destination that refuses.
func TestOpenSSHForward(t *testing.T) {
	testbed.Need(t, "ssh")
	to := echoServer(t)
	nobody := "127.0.0.1:" + strconv.Itoa(testrun.ClosedPort(t))
	r := forwarding(t, to, nobody)
	local := [2]string{testrun.FreeAddress(t), testrun.FreeAddress(t)}
	host, port, _ := net.SplitHostPort(r.addr)
	cmd := exec.CommandContext(t.Context(), "ssh", "-F", "none", "-o", "Port="+port, "-o", "User=sato", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no",
		"-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", "-L", local[0]+":"+to, "-L", local[1]+":"+nobody, host, "echo ready; cat")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	waitFor(t, out, "ready\n")
	for range 20 {
		c, err := net.Dial("tcp", local[0])
		if err != nil {
			t.Fatal(err)
		}
		within(t, "the greeting", func() { waitFor(t, c, "hello\n") })
		c.Close()
	}
	c, err := net.Dial("tcp", local[1])
	if err != nil {
		t.Fatal(err)
	}
	within(t, "the refusal", func() {
		if n, _ := c.Read(make([]byte, 1)); n > 0 {
			t.Error("a byte came from a destination that refuses")
		}
	})
	c.Close()
	in.Close()
	if err := cmd.Wait(); err != nil {
		t.Errorf("ssh: %v", err)
	}
	r.kill()
	if got := strings.Count(strings.Join(r.events("open"), " "), to); got != 20 {
		t.Errorf("%d forwards are recorded", got)
	}
}
