package relay_test

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"testing"

	"golang.org/x/crypto/ssh"

	"sekimori/broker/internal/testbed"
	"sekimori/broker/relay"
)

// TestRefusedFeaturesAreSaidWithTheirNumber: ssh -R, -X and -A show nothing, or nothing with a number.
func TestRefusedFeaturesAreSaidWithTheirNumber(t *testing.T) {
	r := newRig(t, rigOptions{})
	c := r.client()
	for range 2 { // once each
		if ok, _, err := c.SendRequest("tcpip-forward", true, ssh.Marshal(struct {
			Host string
			Port uint32
		}{"", 8080})); ok || err != nil {
			t.Fatal(ok, err)
		}
	}
	s := session(t, c)
	if ok, err := s.SendRequest("auth-agent-req@openssh.com", true, nil); ok || err != nil {
		t.Fatal(ok, err)
	}
	in, _ := s.StdinPipe()
	errs, _ := s.StderrPipe()
	var out bytes.Buffer
	s.Stdout = &out
	if err := s.Start("cat"); err != nil {
		t.Fatal(err)
	}
	got := waitFor(t, errs, "agent forwarding\n")
	if strings.Count(got, "Sekimori: [117]") != 2 || strings.Count(got, "port forwarding\n") != 1 {
		t.Errorf("%q", got)
	}
	// A running session gets the remark at once, on stderr and not in its output.
	x11, err := c.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	if ok, err := x11.SendRequest("x11-req", true, []byte{0}); ok || err != nil {
		t.Fatal(ok, err)
	}
	waitFor(t, errs, "X11 forwarding\n")
	x11.Close()
	in.Close()
	if err := s.Wait(); err != nil || out.Len() != 0 {
		t.Errorf("%v, output %q", err, out.String())
	}
}

func TestOpenSSHReadsWhyTheForwardIsRefused(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	cmd := exec.CommandContext(t.Context(), testbed.Need(t, "ssh"), append(sshOptions(d), "-A", "-R", "0:127.0.0.1:9", d.host, "echo done; sleep 0.3")...)
	cmd.Env = append(os.Environ(), "SSH_AUTH_SOCK=/nonexistent")
	d.check(t, cmd, "done\n", "[117]", "port forwarding")
}

// A long TERM lost the terminal without an explanation.
func TestALongTERMKeepsTheTerminal(t *testing.T) {
	for _, term := range []string{strings.Repeat("x", 65), "xterm\x1b[2J", "端末"} {
		seen := make(chan string, 1)
		target := testbed.StartTarget(t, testbed.TargetOptions{Session: func(s *testbed.TargetSession) {
			seen <- s.Term
			_, _ = io.Copy(io.Discard, s)
		}})
		r := newRig(t, rigOptions{target: target})
		s := session(t, r.client())
		if err := s.RequestPty(term, 24, 80, nil); err != nil {
			t.Fatal(err)
		}
		if _, err := s.StdinPipe(); err != nil {
			t.Fatal(err)
		}
		errs, _ := s.StderrPipe()
		if err := s.Shell(); err != nil {
			t.Fatal(err)
		}
		waitFor(t, errs, `the target is told "dumb"`)
		if got := <-seen; got != "dumb" {
			t.Errorf("TERM %q", got)
		}
	}
}

// TestTwoHundredChannelsAtOnce: tools for many simultaneous checks open that many channels on one connection. All of them
// work in parallel, and the memory stays bounded.
func TestTwoHundredChannelsAtOnce(t *testing.T) {
	r := newRig(t, rigOptions{})
	c := r.client()
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	ins := make([]io.WriteCloser, relay.MaxChannels)
	outs := make([]io.Reader, relay.MaxChannels)
	sessions := make([]*ssh.Session, relay.MaxChannels)
	for i := range sessions {
		s := session(t, c)
		ins[i], _ = s.StdinPipe()
		outs[i], _ = s.StdoutPipe()
		if err := s.Start("cat"); err != nil {
			t.Fatalf("channel %d: %v", i, err)
		}
		sessions[i] = s
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	// Client, relay and target share the process: 3 ends of each channel, and stacks.
	each := (int64(after.HeapInuse+after.StackInuse) - int64(before.HeapInuse+before.StackInuse)) / relay.MaxChannels
	t.Logf("%d channels, %d KiB each", relay.MaxChannels, each>>10)
	if each > 256<<10 {
		t.Errorf("%d KiB each", each>>10)
	}
	if _, err := c.NewSession(); err == nil || !strings.Contains(err.Error(), "too many channels at once (200)") {
		t.Errorf("one more: %v", err)
	}
	var work sync.WaitGroup
	for i := range sessions {
		work.Go(func() {
			data := bytes.Repeat([]byte{byte(i)}, 10_000)
			go func() { ins[i].Write(data); ins[i].Close() }()
			if got, err := io.ReadAll(outs[i]); !bytes.Equal(got, data) || err != nil {
				t.Errorf("channel %d: %d bytes, %v", i, len(got), err)
			}
			if err := sessions[i].Wait(); err != nil {
				t.Errorf("channel %d: %v", i, err)
			}
		})
	}
	within(t, "every channel ends", work.Wait)
	if _, _, err := run1(c, "exit 3"); exitStatus(err) != 3 {
		t.Errorf("a channel after them: %v", err)
	}
}

func run1(c *ssh.Client, command string) (out, errs string, err error) {
	s, err := c.NewSession()
	if err != nil {
		return "", "", err
	}
	var o, e bytes.Buffer
	s.Stdout, s.Stderr = &o, &e
	err = s.Run(command)
	return o.String(), e.String(), err
}

// TestATargetThatOpensNoFurtherSessionIsSaidToBeThat: sshd allows ten sessions per connection by default.
func TestATargetThatOpensNoFurtherSessionIsSaidToBeThat(t *testing.T) {
	d := newDoor(t, "MaxSessions 1")
	c, err := ssh.Dial("tcp", d.host+":"+d.port, &ssh.ClientConfig{User: "sato", HostKeyCallback: ssh.InsecureIgnoreHostKey()})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	first := session(t, c)
	if _, err := first.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := first.Start("cat"); err != nil {
		t.Fatal(err)
	}
	second := session(t, c)
	errs, _ := second.StderrPipe()
	if err := second.Start("true"); err == nil {
		t.Error("a second session")
	}
	waitFor(t, errs, "Sekimori: the target opens no further session (MaxSessions)\n")
}
