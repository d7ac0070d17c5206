package relay_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/crypto/ssh"

	"sekimori/broker/internal/testbed"
)

// statusRounds is the number of runs per client: SEKIMORI_STATUS_ROUNDS, 50 in CI and 500 for the whole soak.
func statusRounds(t *testing.T) int {
	text := os.Getenv("SEKIMORI_STATUS_ROUNDS")
	if text == "" {
		return 5
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("SEKIMORI_STATUS_ROUNDS: %v", err)
	}
	return n
}

// clientProgram is a real client that can run one command.
type clientProgram struct {
	name    string
	program string
	args    func(d *door) []string // before the command
}

// oneShot are clients that make a connection for each command. Debian's packages: openssh-client, putty-tools, dropbear-bin.
var oneShot = []clientProgram{
	{"ssh", "ssh", func(d *door) []string { return append(sshOptions(d), d.host) }},
	{"plink", "plink", func(d *door) []string {
		return []string{"-batch", "-ssh", "-P", d.port, "-l", "sato", "-hostkey", ssh.FingerprintSHA256(d.hostKey), d.host}
	}},
	{"dbclient", "dbclient", func(d *door) []string { return []string{"-y", "-y", "-p", d.port, "sato@" + d.host} }},
}

func sshOptions(d *door) []string {
	return []string{
		"-F", "none", "-p", d.port, "-l", "sato", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no",
		"-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR",
	}
}

// multiplexed is ssh sharing one connection, which is closed at the test's end.
func multiplexed(t *testing.T, d *door) clientProgram {
	t.Helper()
	program := testbed.Need(t, "ssh")
	dir, err := os.MkdirTemp("", "mux") // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	socket := filepath.Join(dir, "s")
	master := exec.Command(program, append(sshOptions(d), "-M", "-N", "-S", socket, d.host)...)
	if err := master.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = exec.Command(program, "-S", socket, "-O", "exit", d.host).Run()
		_ = master.Wait()
	})
	within(t, "the master listens", func() {
		for exec.Command(program, "-S", socket, "-O", "check", d.host).Run() != nil {
			if t.Failed() {
				return
			}
		}
	})
	return clientProgram{"ssh multiplexed", "ssh", func(d *door) []string {
		return append(sshOptions(d), "-S", socket, d.host)
	}}
}

// status runs a command with a client. stdin names one of the kinds below.
func (c clientProgram) status(t *testing.T, d *door, stdin, command string) (status int, said string) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, c.program, append(c.args(d), command)...)
	cmd.Env = append(os.Environ(), "HOME="+t.TempDir())
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	switch stdin {
	case "ended": // nil is /dev/null
	case "ends while the command runs":
		r, w, err := os.Pipe()
		if err != nil {
			t.Error(err)
			return -1, ""
		}
		defer r.Close()
		cmd.Stdin = r
		late := time.AfterFunc(100*time.Millisecond, func() { w.Close() })
		defer late.Stop()
	case "data":
		cmd.Stdin = strings.NewReader(strings.Repeat("行\n", 50_000))
	}
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		status = exit.ExitCode()
	case err != nil:
		t.Error(err)
	}
	return status, out.String()
}

// TestTheStatusOfAFailedCommandIsNeverLost: a client closes a channel once both of its directions have ended, and plink and
// dbclient report success if no status came before. A failed backup looked successful.
func TestTheStatusOfAFailedCommandIsNeverLost(t *testing.T) {
	t.Parallel()
	cases := []struct {
		stdin, command string
		want           int
		share          int // one round in this many
	}{
		{"ended", "exit 6", 6, 1},
		{"ended", "echo out; echo err >&2; exit 7", 7, 5},
		{"data", "cat >/dev/null; exit 8", 8, 5},
		{"ended", "exec >&- 2>&-; sleep 0.3; exit 5", 5, 5},
		{"ends while the command runs", "exec >&- 2>&-; sleep 0.3; exit 9", 9, 5},
		{"data", "exec >&- 2>&-; cat >/dev/null; sleep 0.2; exit 10", 10, 5},
		{"ended", "sleep 0.1; kill -TERM $$", -1, 10}, // any status but success
	}
	d := newDoor(t)
	clients := []clientProgram{multiplexed(t, d)}
	for _, c := range oneShot {
		c.program = testbed.Need(t, c.program)
		clients = append(clients, c)
	}
	rounds := statusRounds(t)
	var mu sync.Mutex
	wrong := map[string]int{}
	var work sync.WaitGroup
	for _, c := range clients {
		work.Go(func() { // all four at once, so that they compete for the machine
			for i := range rounds {
				for _, tc := range cases {
					if i%tc.share != 0 {
						continue
					}
					if tc.want < 0 && c.name == "dbclient" {
						continue // it does not know exit-signal, from any server
					}
					got, said := c.status(t, d, tc.stdin, tc.command)
					if got == tc.want || tc.want < 0 && got != 0 {
						continue
					}
					mu.Lock()
					key := fmt.Sprintf("%s, stdin %s, %q: %d instead of %d", c.name, tc.stdin, tc.command, got, tc.want)
					if wrong[key]++; wrong[key] == 1 {
						t.Logf("%s said %q", key, said)
					}
					mu.Unlock()
				}
			}
		})
	}
	work.Wait()
	for what, n := range wrong {
		t.Errorf("%s, in %d of %d rounds", what, n, rounds)
	}
	if bad := d.ends(); len(bad) > 0 {
		t.Errorf("%d ordinary ends were taken for another: %v", len(bad), bad[0])
	}
}

// TestAProgramThatClosedItsOutputEndsTheOutput: after its peer has hung up, nc closes its output and waits for the end of its
// input. An ssh that connects through it would wait for ever.
func TestAProgramThatClosedItsOutputEndsTheOutput(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := bubble(t, func(s *testbed.TargetSession) {
			go ssh.DiscardRequests(s.Requests)
			_, _ = io.WriteString(s, "bye\n")
			_ = s.CloseWrite()
			_, _ = io.Copy(io.Discard, s)
			s.Exit(4)
		})
		s := session(t, c)
		in, _ := s.StdinPipe()
		out, _ := s.StdoutPipe()
		begun := time.Now()
		if err := s.Start("nc"); err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(out); string(got) != "bye\n" || err != nil {
			t.Fatalf("%q, %v", got, err)
		}
		if took := time.Since(begun); took < time.Minute || took > 3*time.Minute {
			t.Errorf("the output ended after %v", took)
		}
		in.Close()
		if got := exitStatus(s.Wait()); got != 4 {
			t.Errorf("status %d", got)
		}
	})
}

// TestAnUploadToAProgramThatClosedItsOutputKeepsItsStatus: the restore writes its messages to a file, and the engineer's
// client sends for minutes. The end of its input must not lose the status.
func TestAnUploadToAProgramThatClosedItsOutputKeepsItsStatus(t *testing.T) {
	for name, pause := range map[string]time.Duration{"input goes on": 5 * time.Second, "input pauses for long": 10 * time.Minute, "input has ended": 0} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, _ := bubble(t, func(s *testbed.TargetSession) {
					go ssh.DiscardRequests(s.Requests)
					_ = s.CloseWrite()
					_, _ = io.Copy(io.Discard, s)
					time.Sleep(10 * time.Minute)
					s.Exit(5)
				})
				// OpenSSH, plink and dbclient close once both directions have ended.
				ch, reqs, err := c.OpenChannel("session", nil)
				if err != nil {
					t.Fatal(err)
				}
				status := make(chan string, 1)
				go func() {
					defer close(status)
					for req := range reqs {
						if req.Type == "exit-status" {
							status <- fmt.Sprintf("%x", req.Payload)
						}
					}
				}()
				if ok, err := ch.SendRequest("exec", true, ssh.Marshal(struct{ Command string }{"restore"})); !ok || err != nil {
					t.Fatal(ok, err)
				}
				if pause > 0 {
					for range 100 {
						time.Sleep(pause)
						if _, err := ch.Write([]byte("a row")); err != nil {
							t.Fatal(err)
						}
					}
				}
				_ = ch.CloseWrite()
				_, _ = io.Copy(io.Discard, ch)
				_ = ch.Close()
				if got := <-status; got != "00000005" {
					t.Errorf("status %q", got)
				}
			})
		})
	}
}
