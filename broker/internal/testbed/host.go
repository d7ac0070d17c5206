package testbed

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
)

// Host is a real sshd whose accounts, crontabs, logs and processes are its own: it runs in namespaces of its own, over copies of the
// machine's directories, so that a test can add accounts and plant keys without touching the machine. It needs root.
type Host struct {
	*SSHD
	Root string // the directories that the host sees as /etc, /home, /var/log, /var/spool/cron and /var/lib/systemd
}

// HostOptions say what the host has.
type HostOptions struct {
	Accounts []string        // ordinary accounts, with homes and a shell
	Steward  ssh.PublicKey   // key of the administrative connection, as root, with the forced command
	Program  string          // the forced command, a file
	Keys     []ssh.PublicKey // that open every account
	CA       ssh.PublicKey   // user certificates of this authority open the accounts; nil: none
	Conf     []string        // lines of sshd_config that come before the others
	Said     func(string)    // is told each line of the server's log; nil: no one is
	Setup    string          // shell lines that run before the server, as root of the host
	Network  string          // the network namespace of the host; empty: the machine's
	Listen   string          // SSHDOptions.Listen
}

// StartHost starts the host. It ends with the test.
func StartHost(tb testing.TB, o HostOptions) *Host {
	tb.Helper()
	NeedRoot(tb)
	unshare := Need(tb, "unshare")
	if out, err := exec.Command(unshare, "--mount", "--pid", "--fork", "--mount-proc", "--propagation", "private", "true").CombinedOutput(); err != nil {
		said := "no namespaces for a host of the test's own: " + strings.TrimSpace(string(out))
		if os.Getenv("SEKIMORI_REQUIRE_PEERS") == "1" {
			tb.Fatal(said)
		}
		tb.Skip(said)
	}
	h := &Host{Root: tb.TempDir()}
	// The accounts' homes are reached by accounts that are not root.
	for dir := h.Root; strings.Contains(dir, filepath.Base(os.TempDir())) && dir != os.TempDir() && len(dir) > 1; dir = filepath.Dir(dir) {
		if err := os.Chmod(dir, 0o755); err != nil {
			tb.Fatal(err)
		}
	}
	var b strings.Builder
	b.WriteString("set -e\n")
	for _, dir := range []string{"/etc", "/home", "/var/log", "/var/spool/cron", "/var/lib/systemd"} {
		own := filepath.Join(h.Root, strings.ReplaceAll(dir[1:], "/", "-"))
		fmt.Fprintf(&b, "mkdir -p %[1]s %[2]s\n", own, dir)
		if dir == "/etc" {
			fmt.Fprintf(&b, "cp -a /etc/. %s\n", own)
		}
		fmt.Fprintf(&b, "mount --bind %s %s\n", own, dir)
	}
	b.WriteString("mkdir -p /var/spool/cron/crontabs /var/spool/cron/atjobs /var/spool/cron/atspool /etc/sekimori/probes\nchmod 1777 /var/spool/cron/crontabs\n" +
		"echo 0 >/var/spool/cron/atjobs/.SEQ\nchmod 600 /var/spool/cron/atjobs/.SEQ\nchown daemon:daemon /var/spool/cron/atjobs /var/spool/cron/atspool /var/spool/cron/atjobs/.SEQ 2>/dev/null || true\nchmod 1770 /var/spool/cron/atjobs /var/spool/cron/atspool\n: >/var/log/wtmp\n: >/etc/sekimori/groups\n")
	b.WriteString("rm -f /etc/nologin /run/nologin\n")
	for _, a := range o.Accounts {
		fmt.Fprintf(&b, "useradd -m -s /bin/sh %[1]s\necho %[1]s >>/etc/sekimori/accounts\n", a)
	}
	b.WriteString(o.Setup + "\nexec \"$@\"\n")
	setup := filepath.Join(h.Root, "setup")
	Program(tb, setup, "#!/bin/sh\n"+b.String())
	so := SSHDOptions{Keys: o.Keys, CA: o.CA, Conf: o.Conf, Said: o.Said, Listen: o.Listen, Wrap: []string{unshare, "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--propagation", "private", setup}}
	if o.Network != "" {
		so.Wrap = append([]string{"ip", "netns", "exec", o.Network}, so.Wrap...)
	}
	if o.Steward != nil {
		so.Lines = []string{fmt.Sprintf("restrict,command=%q %s", o.Program, strings.TrimSpace(string(ssh.MarshalAuthorizedKey(o.Steward))))}
	}
	h.SSHD = StartSSHD(tb, so)
	for _, name := range []string{"authorized_keys", "ca.pub"} { // sshd reads them as the account
		if err := os.Chmod(filepath.Join(h.Dir, name), 0o644); err != nil {
			tb.Fatal(err)
		}
	}
	return h
}

// Path is where a path of the host lies on the machine.
func (h *Host) Path(path string) string {
	for _, dir := range []string{"/var/spool/cron", "/var/lib/systemd", "/var/log", "/etc", "/home"} {
		if rest, ok := strings.CutPrefix(path, dir); ok {
			return filepath.Join(h.Root, strings.ReplaceAll(dir[1:], "/", "-"), rest)
		}
	}
	return path
}
