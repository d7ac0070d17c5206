package gate

import (
	"context"
	"fmt"
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

// putty writes the engineer's key as PuTTY reads it.
func (c *client) putty() (key, hostKey string) {
	c.t.Helper()
	key = filepath.Join(c.dir, "key.ppk")
	empty := filepath.Join(c.dir, "empty")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		c.t.Fatal(err)
	}
	out, err := exec.Command(testbed.Need(c.t, "puttygen"), filepath.Join(c.dir, "key"), "-O", "private", "-o", key,
		"--old-passphrase", empty, "--new-passphrase", empty).CombinedOutput()
	if err != nil {
		c.t.Fatalf("puttygen: %v\n%s", err, out)
	}
	known, err := os.ReadFile(filepath.Join(c.dir, "known"))
	if err != nil {
		c.t.Fatal(err)
	}
	_, _, public, _, _, err := ssh.ParseKnownHosts(known)
	if err != nil {
		c.t.Fatal(err)
	}
	return key, ssh.FingerprintSHA256(public)
}

// typed runs a program on a terminal and answers: each question of the pairs is waited for before its answer is typed.
func typed(t *testing.T, c *client, command []string, pairs ...string) (text string, exit int) {
	t.Helper()
	var script strings.Builder
	script.WriteString("set timeout 60\nset stty_init \"rows 40 columns 80\"\nspawn -noecho")
	for _, word := range command {
		script.WriteString(" {" + word + "}")
	}
	script.WriteString("\n")
	for i := 0; i+1 < len(pairs); i += 2 {
		fmt.Fprintf(&script, "expect {\n  -ex {%s} {}\n  default {exit 99}\n}\nsend -- {%s}\nsend \"\\r\"\n", pairs[i], pairs[i+1])
	}
	script.WriteString("expect eof\ncatch wait result\nexit [lindex $result 3]\n")
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, testbed.Need(t, "expect"), "-c", script.String())
	cmd.Env = append(os.Environ(), "HOME="+c.dir, "LC_ALL=C.UTF-8")
	out, _ := cmd.CombinedOutput() // its error is the exit status
	return string(out), cmd.ProcessState.ExitCode()
}

// plink shows no banner where it runs a command: the card stands in the question, whole, before the answer.
func TestPlinkShowsTheCardBeforeTheQuestion(t *testing.T) {
	t.Parallel()
	plink := testbed.Need(t, "plink")
	w := newWorld(t)
	e := w.engineer("sato", "en")
	w.window(e, "maint", noon.Add(-time.Hour), 2*time.Hour, policy.WindowPermitted)
	c := e.openSSH(t)
	key, hostKey := c.putty()
	code, err := os.ReadFile(filepath.Join(c.dir, "code"))
	if err != nil {
		t.Fatal(err)
	}
	text, exit := typed(t, c, []string{plink, "-P", c.port, "-hostkey", hostKey, "-i", key, "-no-antispoof", "sato+hr-db@" + c.host, "uptime"},
		"One-time code (6 digits): ", strings.TrimSpace(string(code)), "Continue? yes/no: ", "", "see the text. yes/no: ", "Y")
	at := func(part string) int {
		i := strings.Index(text, part)
		if i < 0 {
			t.Errorf("no %q in:\n%s", part, text)
		}
		return i
	}
	asked, card, question, again := at("One-time code"), at("Sekimori S-20261124-01"), at("Continue? yes/no: "), at("? to see the text")
	if asked > card || card > question || question > again {
		t.Errorf("order %d %d %d %d:\n%s", asked, card, question, again, text)
	}
	if !strings.Contains(text, "ran uptime") || exit != 7 {
		t.Errorf("%d\n%s", exit, text)
	}
}

// A client that leaves between the card and the question leaves no attempt open.
func TestClientLeavesAtTheCard(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e := w.engineer("sato", "en")
	w.window(e, "maint", noon.Add(-time.Hour), 2*time.Hour, policy.WindowPermitted)
	for _, version := range []string{"SSH-2.0-Go", "SSH-2.0-OpenSSH_9.2"} {
		a := &answers{code: e.code}
		gone := 0
		_, err := ssh.Dial("tcp", w.addr, &ssh.ClientConfig{User: "sato+hr-db", ClientVersion: version,
			Auth: []ssh.AuthMethod{ssh.PublicKeys(e.key), ssh.KeyboardInteractive(a.respond)},
			BannerCallback: func(text string) error {
				if strings.Contains(text, "Sekimori S-") {
					gone++
					return os.ErrClosed // the library hangs up
				}
				return nil
			}, HostKeyCallback: ssh.InsecureIgnoreHostKey(), Timeout: 10 * time.Second})
		if err == nil || gone != 1 {
			t.Fatalf("%s: %v, card seen %d times", version, err, gone)
		}
	}
	w.gate.Stop()
	w.gate.callers.Wait()
	got := w.entries("session.refused")
	if len(got) != 2 || got[0]["reason"] != string(policy.ClientLost) || got[1]["reason"] != string(policy.ClientLost) {
		t.Errorf("refusals: %v", got)
	}
}

// Clients of other makes: the card before the question, each asked once, and the target reached.
func TestOtherClientsSeeTheCardBeforeTheQuestion(t *testing.T) {
	t.Parallel()
	for name, login := range map[string]func(t *testing.T, c *client, code string) (string, int){
		"dbclient": func(t *testing.T, c *client, code string) (string, int) {
			key := filepath.Join(c.dir, "key.db")
			if out, err := exec.Command(testbed.Need(t, "dropbearconvert"), "openssh", "dropbear", filepath.Join(c.dir, "key"), key).CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			return typed(t, c, []string{testbed.Need(t, "dbclient"), "-y", "-y", "-p", c.port, "-i", key, "sato+hr-db@" + c.host, "uptime"},
				"One-time code (6 digits): ", code, "Continue? yes/no: ", "y")
		},
		"asyncssh": func(t *testing.T, c *client, code string) (string, int) {
			cmd := exec.Command(testbed.NeedPython(t, "asyncssh"), "-c", `
import asyncio, asyncssh, sys
host, port, key, code = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
class Client(asyncssh.SSHClient):
    def auth_banner_received(self, text, lang): print(text)
    def kbdint_auth_requested(self): return ""
    def kbdint_challenge_received(self, name, instructions, lang, prompts):
        for p, _ in prompts: print(p)
        return ["はい" if p.endswith("yes/no: ") else code for p, _ in prompts]
async def main():
    async with asyncssh.connect(host, port, username="sato+hr-db", client_keys=[key], known_hosts=None, client_factory=Client, agent_path=None, config=None) as conn:
        r = await conn.run("uptime")
        print(r.stdout)
        sys.exit(r.exit_status)
asyncio.run(main())
`, c.host, c.port, filepath.Join(c.dir, "key"), code)
			timer := time.AfterFunc(2*time.Minute, func() { _ = cmd.Process.Kill() })
			defer timer.Stop()
			out, _ := cmd.CombinedOutput()
			return string(out), cmd.ProcessState.ExitCode()
		},
		"ssh, asked once": func(t *testing.T, c *client, code string) (string, int) {
			return typed(t, c, []string{c.program, "-F", "none", "-p", c.port, "-i", filepath.Join(c.dir, "key"), "-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none",
				"-o", "UserKnownHostsFile=" + filepath.Join(c.dir, "known"), "-o", "NumberOfPasswordPrompts=1", "sato+hr-db@" + c.host, "uptime"},
				"One-time code (6 digits): ", code, "Continue? yes/no: ", "yes")
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, func(o *Options) { o.ChaCha20 = name == "dbclient" }) // as Debian builds it, it has no GCM and no ETM
			e := w.engineer("sato", "en")
			w.window(e, "maint", noon.Add(-time.Hour), 2*time.Hour, policy.WindowPermitted)
			c := e.openSSH(t)
			code, err := os.ReadFile(filepath.Join(c.dir, "code"))
			if err != nil {
				t.Fatal(err)
			}
			text, exit := login(t, c, strings.TrimSpace(string(code)))
			card, question := strings.Index(text, "Sekimori S-20261124-01"), strings.Index(text, "Continue? yes/no: ")
			if card < 0 || question < card || strings.Count(text, "Continue?") != 1 || !strings.Contains(text, "ran uptime") ||
				exit != 7 && name != "dbclient" { // under expect dbclient now and then ends by a hang-up; the relay's tests hold its statuses
				t.Errorf("exit %d, card at %d, question at %d:\n%s", exit, card, question, text)
			}
		})
	}
}
