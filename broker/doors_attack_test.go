package broker_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"sekimori/broker/act"
	"sekimori/broker/api"
	"sekimori/broker/internal/testbed"
	"sekimori/broker/store"
	"sekimori/broker/testrun"
	"sekimori/policy"
)

// command is OpenSSH's client, with options before the destination and a command behind it.
func (e *engineer) command(ctx context.Context, addr string, options []string, remote ...string) *exec.Cmd {
	e.o.t.Helper()
	_, port, _ := net.SplitHostPort(addr)
	all := append([]string{"-F", "none", "-p", port, "-i", e.file, "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no",
		"-o", "UserKnownHostsFile=/dev/null", "-o", "ExitOnForwardFailure=yes"}, options...)
	return exec.CommandContext(ctx, testbed.Need(e.o.t, "ssh"), append(append(all, e.login+"+hr-db@127.0.0.1"), remote...)...)
}

// TestAttackTheTargetsOwnSSHServer: an engineer whose grant has a forward reaches the target's own SSH server, past the recording, by no
// kind of forward of a real client: -W, -L, -D. The target is asked for the listed destination.
func TestAttackTheTargetsOwnSSHServer(t *testing.T) {
	t.Parallel()
	o := found(t, time.Hour)
	db, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	e := o.engineers(1)[0]
	o.write(func(tx *store.Tx) error {
		sys, err := tx.System("hr")
		if err != nil {
			return err
		}
		// Even a rule and a grant that list it do not open it.
		sys.Forwards = []string{db.Addr().String(), o.target.Addr}
		return tx.PutSystem(sys)
	})
	o.sql(`UPDATE grants SET forwards = '["` + db.Addr().String() + `","` + o.target.Addr + `"]'`)
	b := o.start()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if out, err := e.command(ctx, b.addr, []string{"-W", db.Addr().String()}).CombinedOutput(); err == nil || !bytes.Contains(out, []byte("the target did not connect to "+db.Addr().String())) { // it was asked; this target makes no connections
		t.Errorf("the listed destination: %q, %v", out, err)
	}
	if out, err := e.command(ctx, b.addr, []string{"-W", o.target.Addr}).CombinedOutput(); err == nil || !bytes.Contains(out, []byte("117")) || bytes.Contains(out, []byte("SSH-2.0")) {
		t.Errorf("-W: %q, %v", out, err)
	}
	local, dynamic := testrun.FreePort(t), testrun.FreePort(t)
	c := e.command(ctx, b.addr, []string{"-N", "-L", local + ":" + o.target.Addr, "-D", dynamic})
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Process.Kill(); _ = c.Wait() })
	reads := func(port string, say []byte) []byte {
		var conn net.Conn
		eventually(t, "the client listens", func() bool { conn, err = net.Dial("tcp", "127.0.0.1:"+port); return err == nil })
		defer conn.Close()
		_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
		_, _ = conn.Write(say)
		got, _ := io.ReadAll(conn)
		return got
	}
	if got := reads(local, nil); len(got) != 0 {
		t.Errorf("-L: %q", got)
	}
	host, port, _ := net.SplitHostPort(o.target.Addr)
	n, _ := net.LookupPort("tcp", port)
	ask := append([]byte{5, 1, 0, 5, 1, 0, 1}, net.ParseIP(host).To4()...) // SOCKS5: no authentication; connect to an IPv4 address
	if got := reads(dynamic, append(ask, byte(n>>8), byte(n))); bytes.Contains(got, []byte("SSH-2.0")) {
		t.Errorf("-D: %q", got)
	}
}

// TestAttackWaysBackAndAround: what leads from the target back to the engineer's side, and what makes a network of the session, is refused:
// -R, the agent, X11, -w, a socket of the target. The session goes on.
func TestAttackWaysBackAndAround(t *testing.T) {
	t.Parallel()
	o := found(t, time.Hour)
	e := o.engineers(1)[0]
	b := o.start()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if out, err := e.command(ctx, b.addr, []string{"-N", "-R", "0:127.0.0.1:22"}).CombinedOutput(); err == nil || !bytes.Contains(out, []byte("remote port forwarding failed")) {
		t.Errorf("-R: %q, %v", out, err)
	}
	if out, err := e.command(ctx, b.addr, []string{"-A"}, "env SSH_AUTH_SOCK").Output(); err != nil || len(bytes.TrimSpace(out)) != 0 {
		t.Errorf("-A: %q, %v", out, err)
	}
	v := e.mustDial(b.addr)
	for kind, payload := range map[string][]byte{
		"tun@openssh.com":                ssh.Marshal(struct{ Mode, Unit uint32 }{1, 0x7fffffff}),
		"direct-streamlocal@openssh.com": ssh.Marshal(struct{ Path, Reserved string }{"/run/docker.sock", ""}),
		"x11": ssh.Marshal(struct {
			Addr string
			Port uint32
		}{"127.0.0.1", 6000}),
		"auth-agent@openssh.com": nil,
		"forwarded-tcpip":        nil,
	} {
		if _, _, err := v.OpenChannel(kind, payload); err == nil {
			t.Errorf("a channel %s was opened", kind)
		}
	}
	for _, request := range []string{"tcpip-forward", "streamlocal-forward@openssh.com", "hostkeys-prove-00@openssh.com"} {
		if ok, _, err := v.SendRequest(request, true, nil); ok || err != nil {
			t.Errorf("%s: %v, %v", request, ok, err)
		}
	}
	s, err := v.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	for _, request := range []string{"x11-req", "auth-agent-req@openssh.com"} {
		if ok, err := s.SendRequest(request, true, nil); ok || err != nil {
			t.Errorf("%s: %v, %v", request, ok, err)
		}
	}
	if out, _, exit, err := v.run("print still"); out != "still" || exit != 0 || err != nil {
		t.Errorf("the session: %q, %d, %v", out, exit, err)
	}
}

// TestAttackSmuggledEnvironment: variables that change how a program at the target runs do not reach it. The language does.
func TestAttackSmuggledEnvironment(t *testing.T) {
	t.Parallel()
	o := found(t, time.Hour)
	e := o.engineers(1)[0]
	b := o.start()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	set := []string{"-o", "SetEnv=LD_PRELOAD=/tmp/x.so BASH_ENV=/tmp/x PATH=/tmp PROMPT_COMMAND=id LANG=ja_JP.UTF-8 LC_ALLX%n=x"}
	for _, name := range []string{"LD_PRELOAD", "BASH_ENV", "PATH", "PROMPT_COMMAND"} {
		if out, err := e.command(ctx, b.addr, set, "env "+name).Output(); err != nil || len(bytes.TrimSpace(out)) != 0 {
			t.Errorf("%s: %q, %v", name, out, err)
		}
	}
	if out, err := e.command(ctx, b.addr, set, "env LANG").Output(); err != nil || strings.TrimSpace(string(out)) != "ja_JP.UTF-8" {
		t.Errorf("LANG: %q, %v", out, err)
	}
}

// TestAttackMultiplexedChannelsAfterTheEnd: a control master of OpenSSH holds its socket open beyond the end. A command through it does not
// run any more, nor does one on a connection of its own.
func TestAttackMultiplexedChannelsAfterTheEnd(t *testing.T) {
	t.Parallel()
	o := found(t, time.Hour)
	e := o.engineers(1)[0]
	b := o.start()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	socket := filepath.Join(o.dir, "m")
	master := e.command(ctx, b.addr, []string{"-M", "-S", socket, "-N"})
	if err := master.Start(); err != nil {
		t.Fatal(err)
	}
	over := make(chan struct{})
	go func() { _ = master.Wait(); close(over) }()
	t.Cleanup(func() { cancel(); <-over })
	through := func(word string) string {
		out, _ := e.command(ctx, b.addr, []string{"-S", socket}, "print "+word).Output()
		return string(out)
	}
	eventually(t, "the master listens", func() bool { _, err := os.Stat(socket); return err == nil })
	if out := through("before"); out != "before" {
		t.Errorf("before the end: %q", out)
	}
	o.endsAt(o.clock.Now())
	if row := o.awaitEnd(e.id); row.Reason != policy.WindowEnded {
		t.Errorf("ended as %s", row.Reason)
	}
	for range 3 {
		if out := through("after"); out != "" {
			t.Errorf("after the end: %q", out)
		}
	}
}

// TestAttackReconnectAfterACut: the engineer whose session was cut connects again at once, and again. Nothing runs.
func TestAttackReconnectAfterACut(t *testing.T) {
	t.Parallel()
	for name, cut := range map[string]func(o *office, e *engineer){
		"the attendant cuts": func(o *office, e *engineer) {
			post(o, api.Sessions.Act(o.sessions(e.id)[0].ID, "end"), act.Said{Reason: "様子がおかしい"})
		},
		"a freeze": func(o *office, _ *engineer) {
			post(o, api.Freezes.New(), api.FreezeBody{Scope: "all", Reason: "疑わしい通信"})
		},
		"the window ends": func(o *office, _ *engineer) { o.endsAt(o.clock.Now()) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := found(t, time.Hour)
			e := o.engineers(1)[0]
			b := o.start()
			v := e.mustDial(b.addr)
			v.mustStream(t, "beat").await(1)
			cut(o, e)
			<-v.gone
			for range 5 {
				c, err := e.dial(b.addr)
				if err != nil {
					continue // asked for a code, which no one has
				}
				out, said, exit, err := c.run("print back")
				if out != "" || exit == 0 && err == nil {
					t.Errorf("back in: %q, %q, %d, %v", out, said, exit, err)
				}
				c.Close()
				<-c.gone
			}
		})
	}
}
