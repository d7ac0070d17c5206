package relay_test

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"sekimori/broker/internal/testbed"
	"sekimori/broker/relay"
)

// TestNoticesAroundRealFullScreenPrograms: after vi, which leaves a scrolling region of the whole screen behind, the notices
// of the last 10, 5 and 1 minutes never appeared. While a program draws, a notice may only change the title; after the
// program has left, every notice appears.
func TestNoticesAroundRealFullScreenPrograms(t *testing.T) {
	t.Parallel()
	testbed.NeedTerminal(t)
	file := filepath.Join(t.TempDir(), "f")
	var text strings.Builder
	for i := range 20 {
		fmt.Fprintf(&text, "line %d\n", i)
	}
	if err := os.WriteFile(file, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	socket := fmt.Sprint("sekimori-test-", os.Getpid())
	programs := []struct {
		name, command, drawn, quit string
		blind                      map[string]bool // terminals on which the program does not show that it draws
	}{
		{"vim", "vim -n -i NONE " + file, "line 17", "\x1b:q!\r", map[string]bool{"linux": true}},
		{"nano", "nano -I " + file, "line 17", "\x18", map[string]bool{"linux": true}},
		{"less", "less " + file, "line 17", "q", map[string]bool{"linux": true, "vt100": true}},
		{"top", "top", "load average", "q", map[string]bool{"linux": true}},
		{"tmux", "tmux -L " + socket + " -f /dev/null new -s $TERM 'cat " + file + "; exec cat'", "line 17", "\x02d", map[string]bool{"linux": true}},
	}
	for _, p := range programs {
		testbed.Need(t, p.name)
	}
	t.Cleanup(func() { _ = exec.Command("tmux", "-L", socket, "kill-server").Run() })
	d := newDoor(t, "SetEnv LESS= LANG=C.UTF-8 HISTFILE=/dev/null HOME="+t.TempDir())
	c, err := ssh.Dial("tcp", d.host+":"+d.port, &ssh.ClientConfig{User: "sato", HostKeyCallback: ssh.InsecureIgnoreHostKey()})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, term := range []string{"xterm", "vt100", "linux", "tmux-256color"} {
		for _, p := range programs {
			t.Run(p.name+" on "+term, func(t *testing.T) {
				s := session(t, c)
				defer s.Close()
				in, _ := s.StdinPipe()
				out, _ := s.StdoutPipe()
				errs, _ := s.StderrPipe()
				if err := s.RequestPty(term, 30, 100, nil); err != nil {
					t.Fatal(err)
				}
				if err := s.Shell(); err != nil {
					t.Fatal(err)
				}
				io.WriteString(in, "echo here$((1+1)); stty -echo\r")
				waitFor(t, out, "here2")
				io.WriteString(in, p.command+"; echo back$((1+1))\r")
				waitFor(t, out, p.drawn)
				if !p.blind[term] {
					d.session(t).Notify("warning", "5 min left.\nSave.")
					if got := waitFor(t, errs, "5 min left.\a\a"); strings.Contains(got, "Save") {
						t.Errorf("inside: %q", got)
					}
				}
				quit(in, p.quit, func() { waitFor(t, out, "back2") })
				d.session(t).Notify("warning", "1 min left.")
				got := waitFor(t, errs, "\r\n1 min left.\r\n\a")
				if !p.blind[term] && !strings.Contains(got, "\r\n5 min left.\r\nSave.\r\n") {
					t.Errorf("after: %q", got)
				}
			})
		}
	}
}

// quit types keys until left returns: a program that still queries the terminal may swallow them.
func quit(in io.Writer, keys string, left func()) {
	over, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		again := time.NewTicker(8 * time.Second)
		defer again.Stop()
		for {
			io.WriteString(in, keys)
			select {
			case <-over:
				return
			case <-again.C:
			}
		}
	}()
	left()
	close(over)
	<-done
}

// session returns the only running session.
func (d *door) session(t *testing.T) *relay.Relay {
	t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	for r := range d.all {
		return r
	}
	t.Fatal("no session is under way")
	return nil
}
