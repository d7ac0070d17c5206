package gate

import (
	"context"
	"encoding/pem"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"sekimori/broker/internal/testbed"
	"sekimori/policy"
)

// client is OpenSSH's ssh with its own key file and known hosts; prompts are answered by a
// program, as a desktop would, and written down.
type client struct {
	t       *testing.T
	program string
	dir     string
	host    string
	port    string
}

func (e *engineer) openSSH(t *testing.T) *client {
	t.Helper()
	c := &client{t: t, program: testbed.Need(t, "ssh"), dir: t.TempDir()}
	var err error
	if c.host, c.port, err = net.SplitHostPort(e.w.addr); err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(e.private, "")
	if err != nil {
		t.Fatal(err)
	}
	known := "[" + c.host + "]:" + c.port + " " + string(ssh.MarshalAuthorizedKey(e.w.ring.HostSigner().PublicKey()))
	// The answer to a card is yes; to anything else the code.
	answer := "#!/bin/sh\nprintf '%s\\n' \"$1\" >> '" + c.dir + "/prompts'\n" +
		"case \"$1\" in *'yes/no: ') echo yes;; *) cat '" + c.dir + "/code';; esac\n"
	for name, f := range map[string]struct {
		text string
		mode os.FileMode
	}{
		"key": {string(pem.EncodeToMemory(block)), 0o600}, "known": {known, 0o600},
		"answer": {answer, 0o700}, "prompts": {"", 0o600}, "code": {e.code() + "\n", 0o600},
	} {
		if err := os.WriteFile(filepath.Join(c.dir, name), []byte(f.text), f.mode); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// run logs in and gives outputs and exit status.
func (c *client) run(args ...string) (stdout, stderr string, exit int) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	all := append([]string{
		"-F", "none", "-p", c.port, "-i", filepath.Join(c.dir, "key"), "-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none",
		"-o", "UserKnownHostsFile=" + filepath.Join(c.dir, "known"), "-o", "GlobalKnownHostsFile=none", "-o", "StrictHostKeyChecking=yes",
	}, args...)
	cmd := exec.CommandContext(ctx, c.program, all...)
	cmd.Env = append(os.Environ(), "SSH_ASKPASS="+filepath.Join(c.dir, "answer"), "SSH_ASKPASS_REQUIRE=force", "DISPLAY=:0", "LC_ALL=C.UTF-8")
	var o, e strings.Builder
	cmd.Stdout, cmd.Stderr = &o, &e
	err := cmd.Run()
	var status *exec.ExitError
	if err != nil && !errors.As(err, &status) {
		c.t.Fatalf("ssh: %v\n%s", err, e.String())
	}
	return o.String(), e.String(), cmd.ProcessState.ExitCode()
}

func (c *client) prompts() string {
	c.t.Helper()
	b, err := os.ReadFile(filepath.Join(c.dir, "prompts"))
	if err != nil {
		c.t.Fatal(err)
	}
	return string(b)
}

// With the ordinary ssh: banner, code, the card whole in one prompt, then the target; a second
// time under BatchMode with the key alone.
func TestOpenSSHLogin(t *testing.T) {
	t.Parallel()
	testbed.Need(t, "ssh")
	w := newWorld(t)
	e := w.engineer("sato", "ja")
	w.window(e, "maint", noon.Add(-time.Hour), 2*time.Hour, policy.WindowPermitted)
	c := e.openSSH(t)

	_, stderr, exit := c.run("-o", "BatchMode=yes", "sato+hr-db@"+c.host, "uptime")
	if exit != 255 || !strings.Contains(stderr, "手でログイン") {
		t.Errorf("before the first login by hand: %d\n%s", exit, stderr)
	}
	stdout, stderr, exit := c.run("sato+hr-db@"+c.host, "uptime")
	if stdout != "ran uptime\n" || exit != 7 || !strings.Contains(stderr, "warned") {
		t.Fatalf("by hand: %d %q\n%s\nprompts:\n%s", exit, stdout, stderr, c.prompts())
	}
	for _, want := range []string{"許可された保守作業専用です。", "https://gate.example.jp/notice", "\n関守 S-20261124-", "\n立会者 人事課 職員B 内線1234"} {
		if !strings.Contains(stderr, want) {
			t.Errorf("banners lack %q:\n%s", want, stderr)
		}
	}
	if asked := strings.Split(c.prompts(), "\n"); len(asked) != 3 || !strings.HasSuffix(asked[0], "One-time code / 認証コード(6桁): ") ||
		!strings.HasSuffix(asked[1], "Continue? / 同意して進みますか? yes/no: ") {
		t.Errorf("prompts: %q", asked)
	}
	stdout, stderr, exit = c.run("-o", "BatchMode=yes", "sato+hr-db@"+c.host, "uptime")
	if stdout != "ran uptime\n" || exit != 7 || strings.Contains(stderr, "Sekimori remote maintenance gate") || strings.Contains(stderr, "手でログイン") {
		t.Errorf("remembered: %d %q\n%s", exit, stdout, stderr)
	}
	// On a terminal the waiting room and the refusal use the terminal's line ends.
	stdout, stderr, exit = c.run("-tt", "sato+elsewhere@"+c.host)
	if exit != 255 { // the code is used up: refused before any reason is given
		t.Errorf("replayed code: %d %q\n%s", exit, stdout, stderr)
	}
}

func TestOpenSSHRefusals(t *testing.T) {
	t.Parallel()
	testbed.Need(t, "ssh")
	for _, tt := range []struct {
		args   []string
		say    string
		status int
	}{
		{[]string{"sato+hr-db@127.0.0.1", "true"}, "[106]", 250},
		{[]string{"-tt", "sato+hr-db@127.0.0.1"}, "[106]", 250},
		{[]string{"-s", "sato+hr-db@127.0.0.1", "sftp"}, "[106]", 250},
		{[]string{"-W", "hr-db:22", "sato+hr-db@127.0.0.1"}, "[106]", 255},
		{[]string{"-W", "hr-db:22", "sato@127.0.0.1"}, "[117]", 255},
		{[]string{"sato+a@b@127.0.0.1", "true"}, "[106]", 250},
		{[]string{"sato+a+b@127.0.0.1", "true"}, "[113]", 250},
		{[]string{"sato@127.0.0.1", "help"}, "", 0},
	} {
		t.Run(strings.Join(tt.args, " "), func(t *testing.T) {
			w := newWorld(t)
			c := w.engineer("sato", "ja").openSSH(t)
			stdout, stderr, exit := c.run(tt.args...)
			if exit != tt.status || !strings.Contains(stdout+stderr, tt.say) {
				t.Errorf("exit %d\nstdout %q\nstderr %s", exit, stdout, stderr)
			}
			if n := w.target.reached(); n != 0 {
				t.Errorf("target reached %d times", n)
			}
		})
	}
}
