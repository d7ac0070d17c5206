package relay_test

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"

	"sekimori/broker/internal/testbed"
	"sekimori/recordings"
)

// port is the listening port of the rig's gate.
func (r *rig) port() string {
	_, port, _ := net.SplitHostPort(r.addr)
	return port
}

// program runs a client until it ends.
func program(t *testing.T, path string, args ...string) {
	t.Helper()
	within(t, path, func() {
		if out, err := exec.CommandContext(t.Context(), path, args...).CombinedOutput(); err != nil {
			t.Errorf("%s %q: %v\n%s", path, args, err, out)
		}
	})
}

// libsshClient compiles the client of libssh into a directory.
func libsshClient(t *testing.T, dir string) string {
	t.Helper()
	gcc := testbed.Need(t, "gcc")
	if _, err := os.Stat("/usr/include/libssh/sftp.h"); err != nil {
		if os.Getenv("SEKIMORI_REQUIRE_PEERS") == "1" {
			t.Fatal("libssh (libssh-dev) is required and not installed")
		}
		t.Skip("libssh (libssh-dev) is not installed")
	}
	out := filepath.Join(dir, "symlink")
	program(t, gcc, "-o", out, "testdata/symlink.c", "-lssh")
	return out
}

// asyncTarget is an SFTP server other than OpenSSH's. It orders the arguments by its client's version.
func asyncTarget(t *testing.T) *testbed.Target {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), testbed.NeedPython(t, "asyncssh"), "testdata/target.py")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = t.Output()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close(); _ = cmd.Wait() })
	var line string
	within(t, "the target starts", func() { line, _ = bufio.NewReader(out).ReadString('\n') })
	port, key, _ := strings.Cut(line, " ")
	hostKey, _, _, _, err := ssh.ParseAuthorizedKey([]byte(key))
	if err != nil {
		t.Fatalf("%q: %v", line, err)
	}
	return &testbed.Target{Addr: "127.0.0.1:" + port, HostKey: hostKey}
}

// draftTarget reads the arguments in the draft's order for every client, and makes the link.
func draftTarget(t *testing.T) *testbed.Target {
	return sftpTarget(t, func(s *testbed.TargetSession) {
		rd := bufio.NewReader(s)
		for {
			head := make([]byte, 5)
			if _, err := io.ReadFull(rd, head); err != nil {
				return
			}
			body := make([]byte, int(head[3])|int(head[2])<<8-1)
			if _, err := io.ReadFull(rd, body); err != nil {
				return
			}
			switch head[4] {
			case 1:
				s.Write(packet(2, uint32(3)))
			case 16, 19, 17, 7: // a path to resolve, a link to read, attributes
				s.Write(packet(104, body[:4], uint32(1), "/", "/", uint32(0)))
			case 20:
				n := int(body[7]) | int(body[6])<<8
				link, to := string(body[8:8+n]), string(body[12+n:])
				var code uint32
				if err := os.Symlink(to, link); err != nil {
					code = 4
				}
				s.Write(packet(101, body[:4], code, "", ""))
			default:
				s.Write(packet(101, body[:4], uint32(8), "", ""))
			}
		}
	})
}

// Every client gets the link that it asked for, for every version that the broker states and every target.
func TestSymlinkArguments(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var compiling sync.Mutex // guards libssh
	var libssh string        // compiled on first use
	clients := map[string]func(t *testing.T, r *rig, to, link string){
		"OpenSSH": func(t *testing.T, r *rig, to, link string) {
			cmd := exec.CommandContext(t.Context(), testbed.Need(t, "sftp"), "-F", "none", "-P", r.port(), "-o", "BatchMode=yes",
				"-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-b", "-", "sato@127.0.0.1")
			cmd.Stdin = strings.NewReader("symlink " + to + " " + link + "\n")
			within(t, "sftp", func() {
				if out, err := cmd.CombinedOutput(); err != nil {
					t.Errorf("%v\n%s", err, out)
				}
			})
		},
		"libssh": func(t *testing.T, r *rig, to, link string) {
			compiling.Lock()
			defer compiling.Unlock()
			if libssh == "" {
				libssh = libsshClient(t, dir)
			}
			program(t, libssh, r.port(), to, link)
		},
		"AsyncSSH": func(t *testing.T, r *rig, to, link string) {
			program(t, testbed.NeedPython(t, "asyncssh"), "testdata/client.py", "asyncssh", r.port(), "symlink", to, link)
		},
		"paramiko": func(t *testing.T, r *rig, to, link string) {
			program(t, testbed.NeedPython(t, "paramiko"), "testdata/client.py", "paramiko", r.port(), "symlink", to, link)
		},
		"pkg/sftp": func(t *testing.T, r *rig, to, link string) {
			c, err := sftp.NewClient(r.client())
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if err := c.Symlink(to, link); err != nil {
				t.Error(err)
			}
		},
	}
	signer := testbed.NewSigner(t)
	targets := map[string]func(t *testing.T) rigOptions{
		"OpenSSH": func(t *testing.T) rigOptions {
			return rigOptions{sshd: testbed.StartSSHD(t, testbed.SSHDOptions{Keys: []ssh.PublicKey{signer.PublicKey()}}), auth: []ssh.AuthMethod{ssh.PublicKeys(signer)}}
		},
		"AsyncSSH":  func(t *testing.T) rigOptions { return rigOptions{target: asyncTarget(t)} },
		"the draft": func(t *testing.T) rigOptions { return rigOptions{target: draftTarget(t)} },
	}
	for _, version := range []string{"", "Sekimori"} {
		for targetName, options := range targets {
			t.Run("say "+version+" to "+targetName, func(t *testing.T) {
				t.Parallel()
				o := options(t)
				o.version = version
				draft := targetName == "the draft" || targetName == "AsyncSSH" && version != ""
				for clientName, symlink := range clients {
					if version != "" && (clientName == "paramiko" || clientName == "pkg/sftp") {
						continue // like OpenSSH they ignore the version
					}
					t.Run(clientName, func(t *testing.T) {
						r := newRig(t, o)
						dir := t.TempDir()
						to, link := filepath.Join(dir, "points-here"), filepath.Join(dir, "link")
						symlink(t, r, to, link)
						r.kill()
						if got, err := os.Readlink(link); got != to {
							t.Errorf("the link points to %q, %v", got, err)
						}
						if op, end := r.find(recordings.FileSymlink, link); op.To != to || !end.OK {
							t.Errorf("recorded %+v, %+v", op, end)
						}
						// The recording holds the relayed request, in the target's order.
						sent := r.recorded(recordings.Stdin)
						first, second := bytes.Index(sent, []byte(to)), bytes.Index(sent, []byte(link))
						if first < 0 || second < 0 || draft != (second < first) {
							t.Errorf("forwarded %q at %d, %q at %d", to, first, link, second)
						}
					})
				}
			})
		}
	}
}
