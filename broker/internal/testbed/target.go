package testbed

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"
)

// Target is an SSH server inside the test's process. Without a script it knows a few commands:
//
//	cat           gives its input back, ends with status 0
//	exit N        ends with status N
//	print TEXT    TEXT on stdout, complain TEXT: on stderr
//	flood N       N bytes of output
//	lines         numbered lines, without end, as fast as they are taken
//	beat          a hundred numbered lines every ten milliseconds
//	noise         bytes that do not compress, without end
//	env NAME      the variable's value
//	kill          ends with the signal TERM
//	wait          ends when its input does, with status 7
//
// and a shell that gives its input back; the sftp subsystem serves files in memory.
type Target struct {
	Addr    string // host:port; empty for a target without a listener
	HostKey ssh.PublicKey
	o       TargetOptions
	config  *ssh.ServerConfig
	files   sftp.Handlers // in memory, the same in every channel

	mu    sync.Mutex // guards conns
	conns []net.Conn
	work  sync.WaitGroup
}

// TargetOptions script a target.
type TargetOptions struct {
	// Login decides who may log in; nil: anyone with a key.
	Login func(login string, key ssh.PublicKey) error
	// Algorithms, where set, are the only ones that the target speaks.
	Algorithms ssh.Config
	// Banner is shown before the login.
	Banner string
	// Connected is called for each connection after the login, in its own goroutine.
	Connected func(c *ssh.ServerConn)
	// Opening is called before each session channel is accepted; others wait meanwhile.
	Opening func()
	// Asked is called for each request about a session channel before it is answered.
	Asked func(request string)
	// Files changes what serves files; nil: nothing.
	Files func(sftp.Handlers) sftp.Handlers
	// Session runs each session channel; nil: the commands above. The channel is closed when
	// it returns.
	Session func(s *TargetSession)
}

// TargetSession is one session channel at a target.
type TargetSession struct {
	ssh.Channel
	Conn     *ssh.ServerConn
	Kind     string // "shell", "exec", "subsystem"
	Command  string // of an exec, name of a subsystem
	Term     string // empty: no terminal
	Cols     uint32
	Rows     uint32
	Env      map[string]string
	Requests <-chan *ssh.Request // requests after Kind; answered by the script, or dropped at its end
}

// Exit tells the client the status.
func (s *TargetSession) Exit(status uint32) {
	_, _ = s.SendRequest("exit-status", false, ssh.Marshal(struct{ Status uint32 }{status}))
}

// NewTarget makes a target without a listener: ServeConn gives it connections.
func NewTarget(tb testing.TB, o TargetOptions) *Target {
	tb.Helper()
	signer := NewSigner(tb)
	t := &Target{files: sftp.InMemHandler(), HostKey: signer.PublicKey(), o: o}
	if o.Files != nil {
		t.files = o.Files(t.files)
	}
	t.config = &ssh.ServerConfig{
		Config: o.Algorithms,
		PublicKeyCallback: func(c ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
			if o.Login != nil {
				return nil, o.Login(c.User(), key)
			}
			return nil, nil
		},
	}
	if o.Banner != "" {
		t.config.BannerCallback = func(ssh.ConnMetadata) string { return o.Banner }
	}
	t.config.AddHostKey(signer)
	tb.Cleanup(t.Close)
	return t
}

// StartTarget makes a target that listens on loopback until the test ends.
func StartTarget(tb testing.TB, o TargetOptions) *Target {
	tb.Helper()
	t := NewTarget(tb, o)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	t.Addr = l.Addr().String()
	accepting := make(chan struct{})
	go func() {
		defer close(accepting)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			t.work.Go(func() { t.ServeConn(c) })
		}
	}()
	tb.Cleanup(func() { l.Close(); <-accepting })
	return t
}

// Close breaks every connection and waits for what served them.
func (t *Target) Close() {
	t.Break()
	t.work.Wait()
}

// Break breaks every connection that is open now.
func (t *Target) Break() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, c := range t.conns {
		c.Close()
	}
}

// ServeConn serves one connection and returns when it has ended.
func (t *Target) ServeConn(c net.Conn) {
	defer c.Close()
	t.mu.Lock()
	t.conns = append(t.conns, c)
	t.mu.Unlock()
	conn, chans, reqs, err := ssh.NewServerConn(c, t.config)
	if err != nil {
		return
	}
	var work sync.WaitGroup
	defer work.Wait()
	work.Go(func() { ssh.DiscardRequests(reqs) })
	if t.o.Connected != nil {
		work.Go(func() { t.o.Connected(conn) })
	}
	for nc := range chans {
		if nc.ChannelType() != "session" {
			_ = nc.Reject(ssh.UnknownChannelType, "")
			continue
		}
		if t.o.Opening != nil {
			t.o.Opening()
		}
		ch, reqs, err := nc.Accept()
		if err != nil {
			continue
		}
		work.Go(func() {
			defer func() { ssh.DiscardRequests(reqs) }()
			t.session(&TargetSession{Channel: ch, Conn: conn, Env: map[string]string{}, Requests: reqs})
		})
	}
}

func (t *Target) session(s *TargetSession) {
	defer s.Close()
	for req := range s.Requests {
		if t.o.Asked != nil {
			t.o.Asked(req.Type)
		}
		switch req.Type {
		case "pty-req":
			var p struct {
				Term                      string
				Cols, Rows, Width, Height uint32
				Modes                     string
			}
			_ = req.Reply(ssh.Unmarshal(req.Payload, &p) == nil, nil)
			s.Term, s.Cols, s.Rows = p.Term, p.Cols, p.Rows
		case "env":
			var e struct{ Name, Value string }
			_ = req.Reply(ssh.Unmarshal(req.Payload, &e) == nil, nil)
			s.Env[e.Name] = e.Value
		case "shell", "exec", "subsystem":
			var c struct{ Command string }
			if req.Type != "shell" && ssh.Unmarshal(req.Payload, &c) != nil {
				_ = req.Reply(false, nil)
				continue
			}
			s.Kind, s.Command = req.Type, c.Command
			_ = req.Reply(true, nil)
			if t.o.Session != nil {
				t.o.Session(s)
			} else {
				s.run(t.files)
			}
			return
		default:
			_ = req.Reply(false, nil)
		}
	}
}

// run is the default script, with these files.
func (s *TargetSession) run(files sftp.Handlers) {
	var ends sync.WaitGroup
	defer ends.Wait()
	defer s.Close()
	ends.Go(func() { ssh.DiscardRequests(s.Requests) })
	if s.Kind == "shell" {
		_, _ = io.Copy(s, s)
		s.Exit(0)
		return
	}
	if s.Kind == "subsystem" {
		server := sftp.NewRequestServer(s, files)
		_ = server.Serve()
		s.Exit(0)
		return
	}
	name, rest, _ := strings.Cut(s.Command, " ")
	status, err := s.command(name, rest)
	if err != nil {
		fmt.Fprintln(s.Stderr(), err)
		status = 127
	}
	if name != "kill" {
		_ = s.CloseWrite()
		s.Exit(status)
	}
}

var errUnknown = errors.New("no such command")

func (s *TargetSession) command(name, rest string) (uint32, error) {
	switch name {
	case "cat":
		_, err := io.Copy(s, s)
		return 0, err
	case "exit":
		n, err := strconv.ParseUint(rest, 10, 32)
		return uint32(n), err
	case "print":
		_, err := io.WriteString(s, rest)
		return 0, err
	case "complain":
		_, err := io.WriteString(s.Stderr(), rest)
		return 0, err
	case "env":
		_, err := io.WriteString(s, s.Env[rest])
		return 0, err
	case "flood":
		n, err := strconv.Atoi(rest)
		if err != nil {
			return 0, err
		}
		chunk := make([]byte, 32<<10)
		for n > 0 {
			k := min(n, len(chunk))
			if _, err := s.Write(chunk[:k]); err != nil {
				return 0, nil
			}
			n -= k
		}
		return 0, nil
	case "lines":
		return 0, s.lines(func() {})
	case "beat":
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		return 0, s.lines(func() { <-tick.C })
	case "noise":
		chunk := make([]byte, 32<<10)
		for {
			rand.Read(chunk)
			if _, err := s.Write(chunk); err != nil {
				return 0, nil
			}
		}
	case "kill":
		_, _ = s.SendRequest("exit-signal", false, ssh.Marshal(struct {
			Signal  string
			Core    bool
			Message string
			Lang    string
		}{"TERM", false, "", ""}))
		return 0, nil
	case "wait":
		_, _ = io.Copy(io.Discard, s)
		return 7, nil
	}
	return 0, errUnknown
}

// lines writes numbered lines until the reader is gone, a hundred at a time.
func (s *TargetSession) lines(pace func()) error {
	var chunk []byte
	for n := 1; ; n++ {
		chunk = fmt.Appendf(chunk, "line %09d\n", n)
		if n%100 != 0 {
			continue
		}
		if _, err := s.Write(chunk); err != nil {
			return nil // the other side has gone, which is how this ends
		}
		chunk = chunk[:0]
		pace()
	}
}
