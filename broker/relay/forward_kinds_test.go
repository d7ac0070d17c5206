package relay_test

import (
	"context"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"sekimori/broker/internal/testbed"
	"sekimori/broker/testrun"
	"sekimori/recordings"
)

// TestAttackForwardsOfOpenSSH asks with OpenSSH's own options for all that a client can forward. Each is refused as what it is: to the engineer,
// in the recording and to the caller, which writes the entry.
func TestAttackForwardsOfOpenSSH(t *testing.T) {
	testbed.Need(t, "ssh")
	dir := t.TempDir()
	agent, err := net.Listen("unix", filepath.Join(dir, "agent"))
	if err != nil {
		t.Fatal(err)
	}
	defer agent.Close()
	go func() { // an agent without keys: it hangs up
		for {
			c, err := agent.Accept()
			if err != nil {
				return
			}
			c.Close()
		}
	}()
	local, socks, socket := testrun.FreeAddress(t), testrun.FreeAddress(t), filepath.Join(dir, "l")
	dial := func(network, address string, say string) func() {
		return func() {
			c, err := net.Dial(network, address)
			if err != nil {
				return // not listening yet: the caller tries again
			}
			defer c.Close()
			_ = c.SetDeadline(time.Now().Add(2 * time.Second))
			_, _ = io.WriteString(c, say)
			_, _ = io.ReadAll(c)
		}
	}
	for _, c := range []struct {
		name, feature, what string
		options             []string
		use                 func() // nil: the client asks by itself
		need                string // a file
	}{
		{"-L", "forward", "direct-tcpip", []string{"-L", local + ":127.0.0.1:22"}, dial("tcp", local, "x"), ""},
		{"-D", "forward", "direct-tcpip", []string{"-D", socks}, dial("tcp", socks, "\x05\x01\x00\x05\x01\x00\x01\x7f\x00\x00\x01\x00\x16"), ""},
		{"-R", "forward-remote", "tcpip-forward", []string{"-R", "0:127.0.0.1:22"}, nil, ""},
		{"-L of a socket", "forward-socket", "direct-streamlocal@openssh.com", []string{"-L", socket + ":/run/x.sock"}, dial("unix", socket, "x"), ""},
		{"-R of a socket", "forward-socket", "streamlocal-forward@openssh.com", []string{"-R", "/tmp/sekimori-test-x.sock:127.0.0.1:22"}, nil, ""},
		{"-A", "agent", "auth-agent-req@openssh.com", []string{"-A"}, nil, ""},
		{"-X", "x11", "x11-req", []string{"-X"}, nil, ""},
		{"-Y", "x11", "x11-req", []string{"-Y"}, nil, ""},
		{"-w", "tunnel", "tun@openssh.com", []string{"-w", "any"}, nil, "/dev/net/tun"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.need != "" {
				f, err := os.OpenFile(c.need, os.O_RDWR, 0)
				if err != nil {
					t.Skip(c.need + " cannot be opened")
				}
				f.Close()
			}
			o := newOpenSSH(t)
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			cmd := exec.CommandContext(ctx, "ssh", append(append(append([]string{}, o.options...), c.options...), o.host, "cat")...)
			cmd.Env = append(os.Environ(), "SSH_AUTH_SOCK="+agent.Addr().String(), "DISPLAY=127.0.0.1:77")
			in, err := cmd.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			var said strings.Builder
			cmd.Stderr = &said
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			told := func() bool {
				o.mu.Lock()
				defer o.mu.Unlock()
				return slices.Contains(o.refused, c.feature)
			}
			tick := time.NewTicker(20 * time.Millisecond)
			defer tick.Stop()
			for !told() && ctx.Err() == nil {
				if c.use != nil {
					c.use()
				}
				<-tick.C
			}
			in.Close()
			err = cmd.Wait()
			if err != nil {
				t.Errorf("the session did not go on: %v; said is %q", err, said.String())
			}
			events := o.events(recordings.EventRefused)
			if !slices.ContainsFunc(events, func(e string) bool {
				return strings.Contains(e, `"what":"`+c.what+`"`) && strings.Contains(e, `"number":117`)
			}) {
				t.Errorf("recorded are %q", events)
			}
			o.mu.Lock()
			defer o.mu.Unlock()
			if len(o.refused) == 0 || slices.ContainsFunc(o.refused, func(f string) bool { return f != c.feature }) {
				t.Errorf("told as %q, want %s", o.refused, c.feature)
			}
		})
	}
}
