package relay_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"sekimori/broker/internal/testbed"
	"sekimori/recordings"
)

// Clients that vendors use copy a file there and back. Each reads and writes in its own way: many parallel requests,
// temporary names, attributes before and after.
func TestSFTPClients(t *testing.T) {
	t.Parallel()
	data := bytes.Repeat([]byte("複写\x00\r\n"), 200_000)
	for name, copies := range map[string]func(t *testing.T, r *rig, from, there, back string) *exec.Cmd{
		"AsyncSSH": func(t *testing.T, r *rig, from, there, back string) *exec.Cmd {
			return exec.CommandContext(t.Context(), testbed.NeedPython(t, "asyncssh"), "testdata/client.py", "asyncssh", r.port(), "copy", from, there, back)
		},
		"paramiko": func(t *testing.T, r *rig, from, there, back string) *exec.Cmd {
			return exec.CommandContext(t.Context(), testbed.NeedPython(t, "paramiko"), "testdata/client.py", "paramiko", r.port(), "copy", from, there, back)
		},
		"lftp": func(t *testing.T, r *rig, from, there, back string) *exec.Cmd {
			return exec.CommandContext(t.Context(), testbed.Need(t, "lftp"), "-c", "set cmd:fail-exit yes; set net:max-retries 1; "+
				"set sftp:auto-confirm yes; set sftp:connect-program 'ssh -a -x -F none -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null'; "+
				"open -u sato,unused -p "+r.port()+" sftp://127.0.0.1; put "+from+" -o "+there+"; get "+there+" -o "+back)
		},
		"rclone": func(t *testing.T, r *rig, from, there, back string) *exec.Cmd {
			// One process is one connection; the second copy starts from the result of the first.
			remote := ":sftp,host=127.0.0.1,user=sato,pass=" + obscured(t) + ",port=" + r.port() + ",shell_type=none,disable_hashcheck=true:"
			return exec.CommandContext(t.Context(), "sh", "-c", `exec "$0" --config /dev/null --retries 1 copyto "$1" "$2$3"`, testbed.Need(t, "rclone"), from, remote, there)
		},
		"psftp": func(t *testing.T, r *rig, from, there, back string) *exec.Cmd {
			script := filepath.Join(t.TempDir(), "script")
			if err := os.WriteFile(script, []byte("put "+from+" "+there+"\nget "+there+" "+back+"\nquit\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			return exec.CommandContext(t.Context(), testbed.Need(t, "psftp"), "-batch", "-P", r.port(), "-l", "sato", "-hostkey", r.hostKey, "-b", script, "127.0.0.1")
		},
		"sftp with a program of its own": func(t *testing.T, r *rig, from, there, back string) *exec.Cmd {
			const program = "/usr/lib/openssh/sftp-server"
			if _, err := os.Stat(program); err != nil {
				t.Skip(program + " is not installed")
			}
			cmd := exec.CommandContext(t.Context(), testbed.Need(t, "sftp"), "-F", "none", "-P", r.port(), "-s", program, "-o", "BatchMode=yes",
				"-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-b", "-", "sato@127.0.0.1")
			cmd.Stdin = bytes.NewReader([]byte("put " + from + " " + there + "\nget " + there + " " + back + "\n"))
			return cmd
		},
	} {
		t.Run(name, func(t *testing.T) {
			testbed.Need(t, "ssh")
			signer := testbed.NewSigner(t)
			sshd := testbed.StartSSHD(t, testbed.SSHDOptions{Keys: []ssh.PublicKey{signer.PublicKey()}})
			r := newRig(t, rigOptions{sshd: sshd, auth: []ssh.AuthMethod{ssh.PublicKeys(signer)}})
			dir := t.TempDir()
			from, there, back := filepath.Join(dir, "from"), filepath.Join(dir, "there"), filepath.Join(dir, "back")
			if err := os.WriteFile(from, data, 0o600); err != nil {
				t.Fatal(err)
			}
			cmd := copies(t, r, from, there, back)
			within(t, name, func() {
				if out, err := cmd.CombinedOutput(); err != nil {
					t.Errorf("%v\n%s", err, out)
				}
			})
			r.kill()
			for _, e := range r.events(recordings.EventRefused) {
				if strings.Contains(e, `"what":"sftp"`) {
					t.Errorf("refused %s", e)
				}
			}
			want := []string{there, back}
			if name == "rclone" {
				want = want[:1]
			}
			for _, path := range want {
				if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, data) {
					t.Errorf("%s: %d bytes, %v", path, len(got), err)
				}
			}
			var read, written uint64
			ops, ends := r.fileOps()
			for _, op := range ops {
				end, ok := ends[op.ID]
				if !ok {
					t.Errorf("%+v has no end", op)
				}
				if op.Op == recordings.FileOpen { // lftp hangs up without closing the files it read
					read, written = read+end.Read, written+end.Written
				}
			}
			// paramiko asks again for pieces that its thread has not asked for yet: how often it reads one depends on the machine's load.
			again := name == "rclone" || name == "paramiko" && read > uint64(len(data))
			if n := uint64(len(data)); written != n || read != n && !again {
				t.Errorf("%d bytes read, %d written in %+v, %+v", read, written, ops, ends)
			}
		})
	}
}

// obscured is a password in the form of rclone's options; the rig checks none.
func obscured(t *testing.T) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	out, err := exec.CommandContext(ctx, testbed.Need(t, "rclone"), "obscure", "unused").Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(bytes.TrimSpace(out))
}
