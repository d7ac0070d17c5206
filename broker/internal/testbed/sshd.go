package testbed

import (
	"bufio"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"sekimori/broker/testrun"

	"golang.org/x/crypto/ssh"
)

// SSHD is a real OpenSSH server on loopback, for the account that runs the test.
type SSHD struct {
	Addr    string // host:port
	Login   string // the current account
	HostKey ssh.PublicKey
	Dir     string // its files; removed with the test
}

// SSHDOptions says which keys the server admits.
type SSHDOptions struct {
	CA    ssh.PublicKey   // user certificates of this authority; nil: none
	Keys  []ssh.PublicKey // plain keys
	Lines []string        // further lines of authorized_keys, such as a key with a forced command
	Wrap  []string        // a command that runs the server, such as unshare; nil: none
	Said  func(string)    // is told each line of the server's log; nil: no one is
	Conf  []string        // lines of sshd_config that come before the others, such as "PermitTTY no"
	// Listen is the address of the server, such as one of a network namespace in which Wrap runs it; empty: 127.0.0.1.
	Listen string
}

// StartSSHD starts a server that ends with the test. Need("sshd") is implied.
func StartSSHD(tb testing.TB, o SSHDOptions) *SSHD {
	tb.Helper()
	program := Need(tb, "sshd")
	me, err := user.Current()
	if err != nil {
		tb.Fatal(err)
	}
	if os.Getuid() == 0 {
		// Run as root, sshd insists on the directory for its unprivileged half.
		if err := os.MkdirAll("/run/sshd", 0o755); err != nil {
			tb.Fatal(err)
		}
	}
	s := &SSHD{Login: me.Username, Dir: tb.TempDir()}
	s.HostKey = writeKey(tb, filepath.Join(s.Dir, "host"))
	var keys strings.Builder
	for _, k := range o.Keys {
		keys.Write(ssh.MarshalAuthorizedKey(k))
	}
	for _, l := range o.Lines {
		keys.WriteString(l + "\n")
	}
	write(tb, filepath.Join(s.Dir, "authorized_keys"), keys.String())
	var trusted string
	if o.CA != nil {
		trusted = string(ssh.MarshalAuthorizedKey(o.CA))
	}
	write(tb, filepath.Join(s.Dir, "ca.pub"), trusted)
	// Between choosing a port and listening on it another process may take it.
	for range 5 {
		if s.start(tb, program, o) {
			return s
		}
	}
	tb.Fatal("sshd did not start")
	return nil
}

// start runs the server once and reports whether it listens. Shells read no start-up files of the person who runs the tests: these may
// wait, and a cut session may leave their locks behind.
func (s *SSHD) start(tb testing.TB, program string, o SSHDOptions) bool {
	tb.Helper()
	port := testrun.FreePort(tb)
	listen := o.Listen
	if listen == "" {
		listen = "127.0.0.1"
	}
	s.Addr = net.JoinHostPort(listen, port)
	home := "SetEnv HOME=" + s.Dir + "\n"
	if len(o.Wrap) > 0 { // a host with accounts, and homes, of its own
		home = ""
	}
	conf := fmt.Sprintf(`%[3]s
Port %[1]s
ListenAddress %[5]s
HostKey %[2]s/host
AuthorizedKeysFile %[2]s/authorized_keys
TrustedUserCAKeys %[2]s/ca.pub
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
PermitRootLogin prohibit-password
MaxStartups 1000
MaxSessions 200
%[4]sAcceptEnv LANG LC_*
PrintMotd no
PrintLastLog no
UseDNS no
LogLevel INFO
Subsystem sftp internal-sftp
`, port, s.Dir, strings.Join(o.Conf, "\n"), home, listen)
	path := filepath.Join(s.Dir, "sshd_config")
	write(tb, path, conf)
	run := append(slices.Clone(o.Wrap), program, "-D", "-e", "-f", path)
	cmd := exec.Command(run[0], run[1:]...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	stderr, err := cmd.StderrPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	lines := bufio.NewScanner(stderr)
	var said []string
	for lines.Scan() {
		said = append(said, lines.Text())
		if strings.HasPrefix(lines.Text(), "Server listening on") {
			done := make(chan struct{})
			go func() {
				defer close(done)
				for lines.Scan() { // an unread pipe would stop the server one day
					if o.Said != nil {
						o.Said(lines.Text())
					}
				}
			}()
			tb.Cleanup(func() {
				// The group is the server's own: Setpgid made it.
				_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
				stderr.Close()
				<-done
				_ = cmd.Wait()
			})
			return true
		}
	}
	_ = cmd.Wait()
	tb.Logf("sshd: %s", strings.Join(said, " / "))
	return false
}

// WriteKey writes a fresh key in OpenSSH's format for a real client and returns its public half.
func WriteKey(tb testing.TB, path string) ssh.PublicKey { tb.Helper(); return writeKey(tb, path) }

func writeKey(tb testing.TB, path string) ssh.PublicKey {
	tb.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		tb.Fatal(err)
	}
	write(tb, path, string(pem.EncodeToMemory(block)))
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		tb.Fatal(err)
	}
	return signer.PublicKey()
}

func write(tb testing.TB, path, text string) {
	tb.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		tb.Fatal(err)
	}
}
