package broker_test

import (
	"bytes"
	"errors"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"sekimori/broker/act"
	"sekimori/broker/api"
	"sekimori/broker/internal/testbed"
	"sekimori/broker/store"
	"sekimori/policy"
)

// end is a way in which a session ends while its client goes on opening channels.
type end struct {
	want  policy.Reason
	cause func(o *office, e *engineer)
}

var ends = map[string]end{
	"the window ends": {policy.WindowEnded, func(o *office, _ *engineer) { o.endsAt(o.clock.Now().Add(300 * time.Millisecond)) }},
	"the attendant cuts": {policy.CutByAttendant, func(o *office, e *engineer) {
		post(o, api.Sessions.Act(o.sessions(e.id)[0].ID, "end"), act.Said{Reason: "様子がおかしい"})
	}},
	"a freeze": {policy.CutByFreeze, func(o *office, _ *engineer) {
		o.write(func(tx *store.Tx) error {
			return tx.AddFreeze(policy.Freeze{ID: "I-001", Scope: policy.FreezeAll, By: "U-001", Since: tx.Now, Reason: "調査"})
		})
	}},
	"a lock": {policy.Locked, func(o *office, e *engineer) {
		o.write(func(tx *store.Tx) error { return tx.LockPerson(e.id, "U-001", "調査") })
	}},
	"the target goes away": {policy.TargetLost, func(o *office, _ *engineer) { o.target.Break() }},
}

// anyReason is a reason's number in a text.
var anyReason = regexp.MustCompile(`\[\d{3}\]`)

// TestChannelsAroundTheEnd: a client opens one channel after the other while its session ends. Each command runs, or is refused
// with a reason's number and exit status; no channel is refused without one. When the connection is gone, nothing can be told.
func TestChannelsAroundTheEnd(t *testing.T) {
	t.Parallel()
	for name, c := range ends {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := found(t, time.Hour)
			e := o.engineers(1)[0]
			b := o.start()
			v := e.mustDial(b.addr)
			v.mustStream(t, "beat").await(1)
			told := o.until(c, e, 2, func() (string, string, int, error) { return v.run("print x") }, func(err error) bool {
				var refused *ssh.OpenChannelError
				return errors.As(err, &refused)
			})
			<-v.gone
			if row := o.awaitEnd(e.id); row.Reason != c.want {
				t.Errorf("ended as %s", row.Reason)
			}
			if c.want == policy.TargetLost && told == 0 { // the others have less time than a busy machine may need
				t.Error("no command was told the end")
			}
		})
	}
}

// until runs commands, some at a time, until each has been told the end or the connection is gone, and returns how many were told.
// The cause of the end comes after the first commands.
func (o *office) until(c end, e *engineer, parallel int, run func() (out, said string, exit int, err error), refused func(error) bool) (told int) {
	o.t.Helper()
	var all, begun sync.WaitGroup
	var mu sync.Mutex // guards told
	begun.Add(parallel)
	for range parallel {
		all.Go(func() {
			first := sync.OnceFunc(begun.Done)
			defer first()
			for {
				out, said, exit, err := run()
				first()
				switch {
				case err != nil && refused(err):
					o.t.Errorf("refused without a reason: %v", err)
					return
				case err != nil:
					return // the connection is gone
				case exit == 0 && out == "x":
				case !anyReason.MatchString(said) || exit == 0:
					o.t.Errorf("ended without a reason: %q, %q, exit %d", out, said, exit)
					return
				case strings.Contains(said, numbered(c.want)):
					if exit != c.want.Exit() {
						o.t.Errorf("exit %d of %s", exit, c.want)
					}
					mu.Lock()
					told++
					mu.Unlock()
					return
				}
			}
		})
	}
	begun.Wait()
	c.cause(o, e)
	all.Wait()
	return told
}

// TestOpenSSHChannelsAroundTheEnd: the same with OpenSSH, whose commands share the connection of a master.
func TestOpenSSHChannelsAroundTheEnd(t *testing.T) {
	t.Parallel()
	program := testbed.Need(t, "ssh")
	for name, c := range ends {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := found(t, time.Hour)
			e := o.engineers(1)[0]
			b := o.start()
			_, port, _ := strings.Cut(b.addr, ":")
			control := filepath.Join(o.dir, "control")
			command := func(more ...string) *exec.Cmd {
				return exec.Command(program, append([]string{"-F", "none", "-p", port, "-i", e.file, "-S", control, "-o", "IdentitiesOnly=yes",
					"-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR"}, more...)...)
			}
			to := e.login + "+hr-db@127.0.0.1"
			master := command("-M", "-N", to)
			var said bytes.Buffer
			master.Stderr = &said
			if err := master.Start(); err != nil {
				t.Fatal(err)
			}
			gone := make(chan struct{})
			go func() { defer close(gone); _ = master.Wait() }()
			defer func() { _ = master.Process.Kill(); <-gone }()
			for command("-O", "check", to).Run() != nil {
				select {
				case <-gone:
					t.Fatalf("the master ended: %s", said.String())
				case <-time.After(10 * time.Millisecond):
				}
			}
			// Without the master a command must not connect by itself.
			run := func() (string, string, int, error) {
				cmd := command("-o", "ProxyCommand=false", to, "print x")
				var out, problems bytes.Buffer
				cmd.Stdout, cmd.Stderr = &out, &problems
				err := cmd.Run()
				var exit *exec.ExitError
				switch {
				case errors.As(err, &exit) && exit.ExitCode() == 255:
					return "", "", 0, errors.New(problems.String())
				case errors.As(err, &exit):
					return out.String(), problems.String(), exit.ExitCode(), nil
				}
				return out.String(), problems.String(), 0, err
			}
			told := o.until(c, e, 2, run, func(err error) bool {
				return strings.Contains(err.Error(), "refused") || strings.Contains(err.Error(), "open failed")
			})
			if row := o.awaitEnd(e.id); row.Reason != c.want {
				t.Errorf("ended as %s", row.Reason)
			}
			t.Logf("%d told", told)
		})
	}
}
