package relay_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"sekimori/broker/internal/testbed"
	"sekimori/broker/testrun"
	"sekimori/recordings"
)

// refusals returns the number of one side's refusals, and the number of their events.
func (r *rig) refusals(side, what string) (count int64, events int) {
	r.tb.Helper()
	for _, body := range r.events(recordings.EventRefused) {
		var e recordings.Refused
		if err := json.Unmarshal([]byte(body), &e); err != nil {
			r.tb.Fatal(err)
		}
		if e.Side == side && e.What == what {
			count += max(e.Count, 1)
			events++
		}
	}
	return count, events
}

// A stale LocalForward in a person's configuration, and a program that keeps trying.
func TestStaleLocalForwardDoesNotEndTheSession(t *testing.T) {
	r := newRig(t, rigOptions{})
	c := r.client()
	for range 1000 {
		var open *ssh.OpenChannelError
		if _, err := c.Dial("tcp", "127.0.0.1:5432"); !errors.As(err, &open) {
			t.Fatalf("the connection: %v", err)
		}
	}
	if out, err := session(t, c).Output("print goes on"); err != nil || string(out) != "goes on" {
		t.Errorf("after 1,000 refused forwards: %q, %v", out, err)
	}
	r.kill()
	if count, events := r.refusals("client", "direct-tcpip"); count != 1000 || events > 10 {
		t.Errorf("%d refusals in %d events", count, events)
	}
	for _, feature := range r.refused {
		if feature != "forward" {
			t.Errorf("refused %q", feature)
		}
	}
	if len(r.refused) != 1000 {
		t.Errorf("the session was told of %d", len(r.refused))
	}
}

// Unknown requests are answered with failure and cost nothing, in any number. The names are those of PuTTY, libssh2, JSch,
// paramiko, Apache MINA, Trilead, Tera Term and WinSCP, and invented ones.
func TestUnknownRequestsAndForeignKeepalives(t *testing.T) {
	r := newRig(t, rigOptions{})
	c := r.client()
	s := session(t, c)
	in, _ := s.StdinPipe()
	if err := s.Start("cat"); err != nil {
		t.Fatal(err)
	}
	names := []string{"keepalive@libssh2.org", "keepalive@jcraft.com", "keepalive@lag.net", "keepalive@sshd.apache.org", "keepalive@trilead.com",
		"keep-alive@libssh.org", "winadj@putty.projects.tartarus.org", "simple@putty.projects.tartarus.org", "hostkeys-prove-00@openssh.com", "ping", ""}
	const each = 500
	for _, name := range names {
		for i := range each {
			want := i%10 == 0
			if ok, _, err := c.SendRequest(name, want, []byte("whatever")); ok || err != nil {
				t.Fatalf("global %q: %v, %v", name, ok, err)
			}
			if ok, err := s.SendRequest(name, want, []byte("whatever")); ok || err != nil {
				t.Fatalf("%q on the channel: %v, %v", name, ok, err)
			}
		}
	}
	if ok, _, err := c.SendRequest("keepalive@openssh.com", true, nil); !ok || err != nil {
		t.Errorf("OpenSSH's own keepalive: %v, %v", ok, err)
	}
	in.Close()
	if err := s.Wait(); err != nil {
		t.Errorf("the session did not live on: %v", err)
	}
	r.kill()
	for _, name := range names {
		if count, events := r.refusals("client", name); count != 2*each || events > 10 {
			t.Errorf("%q: %d refusals in %d events", name, count, events)
		}
	}
	if len(r.refused) > 0 {
		t.Errorf("the ledger would be told of %q", r.refused)
	}
}

// A peer that invents names must not fill the recording or the memory.
func TestAttackRequestsOfEndlessNames(t *testing.T) {
	r := newRig(t, rigOptions{})
	c := r.client()
	for i := range 5000 {
		if _, _, err := c.SendRequest(fmt.Sprintf("%d@%s", i, strings.Repeat("x", 5000)), i%100 == 0, nil); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := session(t, c).Output("print x"); err != nil || string(out) != "x" {
		t.Errorf("%q, %v", out, err)
	}
	r.kill()
	size := 0
	events := r.events(recordings.EventRefused)
	for _, e := range events {
		size += len(e)
	}
	if len(events) > 300 || size > 300*1024 {
		t.Errorf("%d events of %d bytes", len(events), size)
	}
	if count, _ := r.refusals("client", "…"); count != 5000-256 {
		t.Errorf("%d are summed up without a name", count)
	}
}

// PuTTY with forwards sends "winadj" at every half of its window of 16 kB until output has filled the window, and measures by
// the answer, a failure. A session of 20 MB has more of them than any count would allow.
func TestPuTTYWinadjUnderSteadyOutput(t *testing.T) {
	plink := testbed.Need(t, "plink")
	r := newRig(t, rigOptions{})
	host, port, _ := net.SplitHostPort(r.addr)
	forward := testrun.FreeAddress(t) + ":127.0.0.1:1" // a stale one: its connections are refused
	cmd := exec.Command(plink, "-batch", "-ssh", "-hostkey", r.hostKey, "-P", port, "-l", "sato", "-L", forward, host, "cat")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var errs strings.Builder
	cmd.Stderr = &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	sent, back := bytes.Repeat([]byte("steady.\n"), 512), make([]byte, 4096)
	for i := range 5000 {
		if _, err := in.Write(sent); err != nil {
			t.Fatalf("round %d: %v: %s", i, err, errs.String())
		}
		if _, err := io.ReadFull(out, back); err != nil || !bytes.Equal(sent, back) {
			t.Fatalf("round %d: %v: %s", i, err, errs.String())
		}
	}
	in.Close()
	if err := cmd.Wait(); err != nil {
		t.Errorf("plink: %v: %s", err, errs.String())
	}
	if err := r.end(); err != nil {
		t.Errorf("the session ended: %v", err)
	}
	r.kill()
	count, events := r.refusals("client", "winadj@putty.projects.tartarus.org")
	if count <= 1000 || events > 10 {
		t.Errorf("%d requests of winadj in %d events: up to 1,000 this proves nothing", count, events)
	}
	t.Logf("%d requests of winadj in %d events", count, events)
}
