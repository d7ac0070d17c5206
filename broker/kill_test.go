package broker_test

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"sekimori/broker/internal/testbed"
	"sekimori/broker/store"
	"sekimori/policy"
)

// child is a broker in a process of its own.
type child struct {
	addr  string
	ended []string // the sessions it ended at its start
	cmd   *exec.Cmd
	stdin io.WriteCloser
	out   *bufio.Reader
}

// spawn starts a child on the office's directory.
func (o *office) spawn() *child {
	o.t.Helper()
	c := &child{cmd: exec.Command(os.Args[0])}
	c.cmd.Env = append(os.Environ(), childConfig+"="+o.file, childAhead+"="+o.clock.Ahead().String())
	var problems bytes.Buffer
	c.cmd.Stderr = &problems
	var err error
	if c.stdin, err = c.cmd.StdinPipe(); err != nil {
		o.t.Fatal(err)
	}
	out, err := c.cmd.StdoutPipe()
	if err == nil {
		err = c.cmd.Start()
	}
	if err != nil {
		o.t.Fatal(err)
	}
	c.out = bufio.NewReader(out)
	line, err := c.out.ReadString('\n')
	if err != nil {
		o.t.Fatalf("the broker did not start: %v, %v\n%s", err, c.cmd.Wait(), problems.String())
	}
	fields := strings.Fields(line)
	c.addr, c.ended = fields[0], fields[1:]
	return c
}

// kill ends it with SIGKILL, as the kernel does when memory runs out.
func (c *child) kill(t testing.TB) {
	t.Helper()
	if err := c.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = c.cmd.Wait() // "signal: killed" is what was asked for
	_ = c.stdin.Close()
}

// stop ends it in order.
func (c *child) stop(t testing.TB) {
	t.Helper()
	if err := c.stdin.Close(); err != nil {
		t.Fatal(err)
	}
	if err := c.cmd.Wait(); err != nil {
		t.Errorf("a planned stop: %v", err)
	}
}

// worker is an engineer at work when the broker is killed, with the bytes received by then.
type worker interface {
	// received waits for the end of the connection.
	received() []byte
}

func (s *stream) received() []byte { <-s.over; return s.bytes() }

// openssh is OpenSSH's client running the target's "lines".
type openssh struct {
	cmd  *exec.Cmd
	out  bytes.Buffer
	once sync.Once
}

func (s *openssh) received() []byte {
	s.once.Do(func() { _ = s.cmd.Wait() }) // 255, since the connection broke
	return s.out.Bytes()
}

// startWork begins to work; nil when the broker was killed before.
func (e *engineer) startWork(addr, program string, real bool) worker {
	if real && program != "" {
		if s := e.openssh(program, addr); s != nil {
			return s
		}
		return nil
	}
	c, err := e.dial(addr)
	if err != nil {
		return nil
	}
	e.o.t.Cleanup(func() { c.Close() })
	s, err := c.stream("lines")
	if err != nil {
		return nil
	}
	return s
}

func (e *engineer) openssh(program, addr string) *openssh {
	_, port, _ := strings.Cut(addr, ":")
	s := &openssh{cmd: exec.Command(program, "-F", "none", "-p", port, "-i", e.file, "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes",
		"-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR",
		e.login+"+hr-db@127.0.0.1", "lines")}
	s.cmd.Stdout = &s.out
	if s.cmd.Start() != nil {
		return nil
	}
	return s
}

// kills is how often the broker is killed: SEKIMORI_KILLS, for a long soak (200 take six minutes on two busy cores).
func kills(t testing.TB) int {
	text := os.Getenv("SEKIMORI_KILLS")
	if text == "" {
		return 4
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("SEKIMORI_KILLS: %v", err)
	}
	return n
}

// TestKilledDuringOutput kills the broker at random moments, from the login to the middle of a
// flood. After each restart the recordings hold every byte that the clients received, the
// sessions are ended as broker-crashed with their digests, and the ledger verifies.
func TestKilledDuringOutput(t *testing.T) {
	t.Parallel()
	o := found(t, 3*time.Hour)
	people := o.engineers(3)
	program, _ := exec.LookPath("ssh") // without it, all three are x/crypto's
	if os.Getenv("SEKIMORI_REQUIRE_PEERS") == "1" {
		program = testbed.Need(t, "ssh")
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	moment := rand.New(rand.NewPCG(seed, 0))

	b := o.spawn()
	checked := map[string]bool{}
	total, seen := 0, 0
	for round := range kills(t) {
		// In every other round the kill may come anywhere from the handshake on; in the others all sessions
		// are in the middle of output.
		work := make([]worker, len(people))
		var logins sync.WaitGroup
		for i, e := range people {
			logins.Go(func() { work[i] = e.startWork(b.addr, program, i == 0) })
		}
		if round%2 == 0 {
			logins.Wait()
			for i, s := range work {
				if s == nil {
					t.Fatalf("round %d: %s did not get in", round, people[i].id)
				}
				if s, ok := s.(*stream); ok {
					s.t = t
					s.await(1 << 20)
				}
			}
		}
		<-time.After(time.Duration(moment.IntN(300)) * time.Millisecond)
		b.kill(t)
		logins.Wait()
		b = o.spawn()

		o.verifyLedger()
		ended := o.ended()
		for i, e := range people {
			var got []byte
			if work[i] != nil {
				got = work[i].received()
			}
			fresh := slices.DeleteFunc(o.sessions(e.id), func(s store.Session) bool { return checked[s.ID] })
			if len(fresh) == 0 {
				// Killed before the opening committed: then nothing can have come through.
				if len(got) > 0 {
					t.Fatalf("round %d: %s received %d bytes and there is no session", round, e.id, len(got))
				}
				continue
			}
			row := fresh[0]
			checked[row.ID] = true
			total++
			if !slices.Contains(b.ended, row.ID) {
				t.Errorf("round %d: the start did not say that it ended %s", round, row.ID)
			}
			recorded := o.crashed(row, ended[row.ID], len(got) > 0)
			if !bytes.HasPrefix(recorded, got) {
				t.Fatalf("round %d, session %s: the client received %d bytes, the recording of %d does not begin with them", round, row.ID, len(got), len(recorded))
			}
			if len(got) > 0 {
				seen++
			}
		}
	}
	b.stop(t)
	if seen == 0 {
		t.Error("nobody had received anything when the broker was killed: the moments prove nothing")
	}
	t.Logf("%d sessions ended by a kill, %d of them with output on the client's screen", total, seen)
}

// crashed checks the end of a session that a kill ended. Before the recording's header there is
// nothing to seal, and nothing was relayed.
func (o *office) crashed(row store.Session, ended endedEntry, relayed bool) []byte {
	o.t.Helper()
	path := filepath.Join(o.config.RecordingsDir(), filepath.FromSlash(row.Recording))
	if _, err := os.Lstat(path + ".new"); !errors.Is(err, os.ErrNotExist) {
		o.t.Errorf("session %s: what the crash left of a recording that never began is there: %v", row.ID, err)
	}
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) && !relayed {
		if row.State != store.SessionEnded || ended.Cause != string(policy.BrokerCrashed) || ended.Recording != nil {
			o.t.Errorf("session %s without a recording is %s; the ledger says %+v", row.ID, row.State, ended)
		}
		return nil
	}
	return o.sealed(row, ended, policy.BrokerCrashed)
}

// A broker that was asked to stop by a signal, as systemd does, ends its sessions as a planned stop.
func TestTerminatedBySignal(t *testing.T) {
	t.Parallel()
	o := found(t, time.Hour)
	e := o.engineers(1)[0]
	b := o.spawn()
	s := e.mustDial(b.addr).mustStream(t, "beat")
	s.await(1)
	if err := b.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := b.cmd.Wait(); err != nil {
		t.Errorf("ended with %v", err)
	}
	got := s.received()
	row := o.sessions(e.id)[0]
	if recorded := o.sealed(row, o.ended()[row.ID], policy.BrokerStopped); !bytes.HasPrefix(recorded, got) {
		t.Error("the client received what the recording does not begin with")
	}
	o.verifyLedger()
}
