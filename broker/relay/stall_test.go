package relay_test

import (
	"bytes"
	"io"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/crypto/ssh"

	"sekimori/broker/internal/testbed"
	"sekimori/broker/relay"
)

// sink is a writer that a test looks into.
type sink struct {
	mu sync.Mutex // guards b
	b  bytes.Buffer
}

func (s *sink) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *sink) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// TestAStalledRelayPassesNothing: of no kind of channel, in neither direction. A command that ends meanwhile keeps its output and its status,
// however long the stall lasts; a window's new size arrives afterwards; a notice passes at once; Stop ends a stalled relay.
func TestAStalledRelayPassesNothing(t *testing.T) {
	const stall = 8 * time.Second // longer than the time in which an ended command's output must be read
	for name, c := range map[string]struct {
		terminal, file bool
		change         func(*relay.Config)
		want           string
	}{
		"command":                 {want: "line 123456789018\n"},
		"terminal":                {terminal: true, want: "line 123456789018\n"},
		"command, numbers masked": {change: func(c *relay.Config) { c.OnNumbers = func(int) {} }, want: "line ************\n"},
		"files":                   {file: true, want: string(packetVersion)},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				speak, took, sized := make(chan struct{}), &sink{}, make(chan struct{}, 1)
				change := []func(*relay.Config){}
				if c.change != nil {
					change = append(change, c.change)
				}
				client, r := bubble(t, func(s *testbed.TargetSession) {
					go func() {
						for req := range s.Requests {
							if req.Type == "window-change" {
								sized <- struct{}{}
							}
							_ = req.Reply(true, nil)
						}
					}()
					if c.file {
						_, _ = io.CopyN(took, s, int64(len(packetInit)))
						_, _ = s.Write(packetVersion)
						_, _ = io.Copy(io.Discard, s)
						return
					}
					<-speak
					_, _ = io.WriteString(s, "line 123456789018\n")
					if !c.terminal {
						_, _ = s.SendRequest("exit-status", false, ssh.Marshal(struct{ N uint32 }{3}))
						return
					}
					_, _ = io.Copy(took, s)
				}, change...)
				session, err := client.NewSession()
				if err != nil {
					t.Fatal(err)
				}
				out, said := &sink{}, &sink{}
				in, _ := session.StdinPipe()
				if !c.file { // the library copies the output of a command only
					session.Stdout, session.Stderr = out, said
				}
				switch {
				case c.file:
					from, _ := session.StdoutPipe()
					go func() { _, _ = io.Copy(out, from) }()
					err = session.RequestSubsystem("sftp")
				case c.terminal:
					if err = session.RequestPty("xterm", 24, 80, nil); err == nil {
						err = session.Shell()
					}
				default:
					err = session.Start("list")
				}
				if err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				r.Stall(true)
				close(speak)
				if c.terminal {
					_ = session.WindowChange(50, 132)
					r.Notify("paused", "slow disk\n")
				}
				if c.terminal || c.file {
					_, _ = in.Write(packetInit[:3])
					if c.file {
						_, _ = in.Write(packetInit[3:])
					}
				}
				time.Sleep(stall)
				if out.String() != "" || took.String() != "" || len(sized) > 0 {
					t.Errorf("while stalled %q came out, %q went in, %d sizes", out, took, len(sized))
				}
				if c.terminal && !bytes.Contains([]byte(said.String()), []byte("slow disk")) {
					t.Errorf("the notice did not pass: %q", said)
				}
				r.Stall(false)
				time.Sleep(time.Second)
				if got := out.String(); got != c.want {
					t.Errorf("afterwards %q came out, want %q", got, c.want)
				}
				if c.terminal && (took.String() != string(packetInit[:3]) || len(sized) != 1) {
					t.Errorf("afterwards %q went in, %d sizes", took, len(sized))
				}
				if !c.terminal && !c.file {
					if status := exitStatus(session.Wait()); status != 3 {
						t.Errorf("status %d", status)
					}
				}
				r.Stall(true)
				r.Stop() // the cleanup waits for every goroutine of the relay
			})
		})
	}
}
