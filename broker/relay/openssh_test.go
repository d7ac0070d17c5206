package relay_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"sekimori/broker/internal/testbed"
	"sekimori/broker/testrun"
	"sekimori/policy"
	"sekimori/recordings"
)

// openssh is a rig between the real client programs and a real sshd.
type openssh struct {
	*rig
	options []string
	host    string
}

func newOpenSSH(t *testing.T, deny ...policy.ChannelKind) *openssh {
	t.Helper()
	testbed.Need(t, "ssh")
	signer := testbed.NewSigner(t)
	sshd := testbed.StartSSHD(t, testbed.SSHDOptions{Keys: []ssh.PublicKey{signer.PublicKey()}})
	denied := map[policy.ChannelKind]bool{}
	for _, k := range deny {
		denied[k] = true
	}
	r := newRig(t, rigOptions{sshd: sshd, auth: []ssh.AuthMethod{ssh.PublicKeys(signer)}, deny: denied})
	host, port, _ := net.SplitHostPort(r.addr)
	return &openssh{rig: r, host: host, options: []string{
		"-F", "none", "-o", "Port=" + port, "-o", "User=sato", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no",
		"-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", "-o", "SendEnv=LANG LC_CTYPE",
	}}
}

// run runs a client program with the options before args.
func (o *openssh) run(t *testing.T, stdin, program string, args ...string) (out, errs string, status int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, testbed.Need(t, program), append(append([]string{}, o.options...), args...)...)
	cmd.Env = append(os.Environ(), "LC_CTYPE=C.UTF-8")
	cmd.Stdin = strings.NewReader(stdin)
	var bo, be bytes.Buffer
	cmd.Stdout, cmd.Stderr = &bo, &be
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		t.Fatalf("%s hangs; it said %q, %q", program, bo.String(), be.String())
	case errors.As(err, &exit):
		status = exit.ExitCode()
	case err != nil:
		t.Fatal(err)
	}
	return bo.String(), be.String(), status
}

func TestOpenSSHExec(t *testing.T) {
	o := newOpenSSH(t)
	out, errs, status := o.run(t, "入力", "ssh", o.host, `cat; echo "苦情 $LC_CTYPE" >&2; exit 7`)
	if out != "入力" || errs != "苦情 C.UTF-8\n" || status != 7 {
		t.Errorf("%q, %q, %d", out, errs, status)
	}
	if err := o.end(); err != nil {
		t.Errorf("a client that left in order: %v", err)
	}
	o.kill()
	if got := string(o.recorded(recordings.Stderr)); got != errs {
		t.Errorf("recorded stderr %q", got)
	}
}

func TestOpenSSHShellOnATerminal(t *testing.T) {
	t.Parallel()
	testbed.NeedTerminal(t)
	o := newOpenSSH(t)
	o.relay.Notify("started", "[sekimori] Started")
	out, errs, status := o.run(t, "stty size; echo $TERM; exit 3\n", "ssh", "-tt", o.host)
	if status != 3 || !strings.Contains(errs, "[sekimori] Started\r\n\a") {
		t.Errorf("%d, %q, %q", status, out, errs)
	}
	if e := o.events("pty-req"); len(e) != 1 {
		t.Errorf("terminals %q", e)
	}
}

func TestOpenSSHSignalEndsTheCommand(t *testing.T) {
	t.Parallel()
	o := newOpenSSH(t)
	if _, _, status := o.run(t, "", "ssh", o.host, "kill -TERM $$"); status != 255 && status != 128+15 {
		t.Errorf("status %d", status)
	}
	if e := o.events("exit-signal"); len(e) != 1 || !strings.Contains(e[0], "TERM") {
		t.Errorf("exit signals %q", e)
	}
}

func TestOpenSSHHalfClose(t *testing.T) {
	o := newOpenSSH(t)
	out, _, status := o.run(t, strings.Repeat("行\n", 100000), "ssh", o.host, "wc -l; echo done")
	if strings.Fields(out)[0] != "100000" || !strings.HasSuffix(out, "done\n") || status != 0 {
		t.Errorf("%q, %d", out, status)
	}
}

func TestOpenSSHWithoutInput(t *testing.T) {
	o := newOpenSSH(t)
	if out, _, status := o.run(t, "", "ssh", "-n", o.host, "echo x"); out != "x\n" || status != 0 {
		t.Errorf("%q, %d", out, status)
	}
}

func TestOpenSSHCopies(t *testing.T) {
	t.Parallel()
	for name, flags := range map[string][]string{"sftp protocol": {"-s"}, "scp protocol": {"-O"}} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			data := bytes.Repeat([]byte("複写\x00"), 100000)
			from, there, back := filepath.Join(dir, "from"), filepath.Join(dir, "there"), filepath.Join(dir, "back")
			if err := os.WriteFile(from, data, 0o600); err != nil {
				t.Fatal(err)
			}
			// One rig is one connection, so each direction has its own.
			o := newOpenSSH(t)
			if _, errs, status := o.run(t, "", "scp", append(flags, from, o.host+":"+there)...); status != 0 {
				t.Fatalf("%d, %q", status, errs)
			}
			o = newOpenSSH(t)
			if _, errs, status := o.run(t, "", "scp", append(flags, o.host+":"+there, back)...); status != 0 {
				t.Fatalf("%d, %q", status, errs)
			}
			if got, err := os.ReadFile(back); err != nil || !bytes.Equal(got, data) {
				t.Errorf("%d bytes came back, %v", len(got), err)
			}
		})
	}
}

func TestOpenSSHRefusedCopiesSayWhyAndDoNotHang(t *testing.T) {
	dir := t.TempDir()
	from := filepath.Join(dir, "from")
	if err := os.WriteFile(from, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		program string
		args    func(o *openssh) []string
	}{
		"scp up, sftp protocol":  {"scp", func(o *openssh) []string { return []string{"-s", from, o.host + ":" + dir + "/there"} }},
		"scp up, scp protocol":   {"scp", func(o *openssh) []string { return []string{"-O", from, o.host + ":" + dir + "/there"} }},
		"scp down, scp protocol": {"scp", func(o *openssh) []string { return []string{"-O", o.host + ":" + from, dir + "/there"} }},
		"sftp":                   {"sftp", func(o *openssh) []string { return []string{o.host} }},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOpenSSH(t, policy.ChannelSFTP, policy.ChannelCopy)
			_, errs, status := o.run(t, "ls\n", tc.program, tc.args(o)...)
			if status == 0 || !strings.Contains(errs, "[117] 許可されていない機能") {
				t.Errorf("status %d, %q", status, errs)
			}
			if _, err := os.Stat(filepath.Join(dir, "there")); err == nil {
				t.Error("the file arrived")
			}
		})
	}
}

func TestOpenSSHSFTPBatch(t *testing.T) {
	o := newOpenSSH(t)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, errs, status := o.run(t, "put "+dir+"/a "+dir+"/b\nrename "+dir+"/b "+dir+"/c\nls "+dir+"\n", "sftp", "-b", "-", o.host)
	if status != 0 {
		t.Errorf("%d, %q", status, errs)
	}
	if _, err := os.Stat(filepath.Join(dir, "c")); err != nil {
		t.Error(err)
	}
}

func TestOpenSSHGitClone(t *testing.T) {
	git := testbed.Need(t, "git")
	o := newOpenSSH(t)
	dir := t.TempDir()
	shell := func(args ...string) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), git, args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GIT_SSH_COMMAND=ssh "+strings.ReplaceAll(strings.Join(o.options, " "), "SendEnv=LANG LC_CTYPE", "SendEnv=LANG"),
			"GIT_CONFIG_GLOBAL=/dev/null", "GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.jp", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.jp")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	shell("init", "-q", "origin")
	shell("-C", "origin", "commit", "-q", "--allow-empty", "-m", "x")
	shell("clone", "-q", "ssh://"+o.host+dir+"/origin", "copy")
}

// A client that has stopped reading says so (eow@openssh.com), and the command ends as without a broker; a target likewise.
// OpenSSH sends it only to a peer whose version begins with OpenSSH.
func TestOpenSSHEndsACommandWhoseOutputNobodyReads(t *testing.T) {
	for name, script := range map[string]string{
		"down": `ssh "$@" yes | head -1`,
		"up":   `yes | ssh "$@" 'head -1; exec <&-; echo done; sleep 2'`,
	} {
		t.Run(name, func(t *testing.T) {
			o := newOpenSSH(t)
			args := append([]string{"-c", script, "sh"}, append(o.options, o.host)...)
			o.options = nil
			out, errs, status := o.run(t, "", "sh", args...)
			if !strings.HasPrefix(out, "y\n") || status != 0 {
				t.Errorf("%q, %q, %d", out, errs, status)
			}
			o.kill()
			if e := o.events(recordings.EventEOW); len(e) != 1 {
				t.Errorf("events %q", e)
			}
		})
	}
}

// A stale LocalForward in a person's configuration, with OpenSSH itself: each of a thousand connections to it is refused, and
// the session goes on.
func TestOpenSSHStaleLocalForward(t *testing.T) {
	o := newOpenSSH(t)
	forward := testrun.FreeAddress(t)
	cmd := exec.CommandContext(t.Context(), "ssh", append(append([]string{}, o.options...), "-L", forward+":127.0.0.1:1", o.host, "echo ready; cat")...)
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
	const times = 1000
	for i := range times {
		c, err := net.Dial("tcp", forward)
		if err != nil {
			t.Fatalf("connection %d: %v", i, err)
		}
		within(t, "the refusal", func() { _, _ = c.Read(make([]byte, 1)) })
		c.Close()
	}
	if _, err := in.Write([]byte("still here\n")); err != nil {
		t.Fatal(err)
	}
	waitFor(t, out, "still here\n")
	in.Close()
	if err := cmd.Wait(); err != nil {
		t.Errorf("ssh: %v", err)
	}
	o.kill()
	if count, events := o.refusals("client", "direct-tcpip"); count != times || events > 10 {
		t.Errorf("%d refusals in %d events", count, events)
	}
}
