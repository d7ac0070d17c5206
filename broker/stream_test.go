package broker_test

import (
	"bytes"
	"io"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

// patience bounds the wait for what must come, also on a busy machine.
const patience = time.Minute

// stream is a running command whose output is collected until the connection is over.
type stream struct {
	t        testing.TB
	session  *ssh.Session
	in       io.WriteCloser // left open, unless the test closes it
	problems bytes.Buffer   // stderr; valid after over
	over     chan struct{}  // closed when there is nothing more to come

	mu    sync.Mutex // guards out
	out   []byte
	grown chan struct{}
}

// stream starts a command.
func (c *client) stream(command string) (*stream, error) {
	session, err := c.NewSession()
	if err != nil {
		return nil, err
	}
	s := &stream{session: session, over: make(chan struct{}), grown: make(chan struct{}, 1)}
	session.Stdout, session.Stderr = s, &s.problems
	if s.in, err = session.StdinPipe(); err != nil {
		return nil, err
	}
	if err := session.Start(command); err != nil {
		return nil, err
	}
	go func() {
		defer close(s.over)
		_ = session.Wait() // how it ended is for the ledger to say
	}()
	return s, nil
}

func (c *client) mustStream(t testing.TB, command string) *stream {
	t.Helper()
	s, err := c.stream(command)
	if err != nil {
		t.Fatalf("start %q: %v", command, err)
	}
	s.t = t
	return s
}

// Write implements io.Writer for the session's stdout.
func (s *stream) Write(p []byte) (int, error) {
	s.mu.Lock()
	s.out = append(s.out, p...)
	s.mu.Unlock()
	select {
	case s.grown <- struct{}{}:
	default:
	}
	return len(p), nil
}

func (s *stream) bytes() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.out
}

// await waits until that many bytes have come.
func (s *stream) await(n int) {
	s.t.Helper()
	limit := time.NewTimer(patience)
	defer limit.Stop()
	for len(s.bytes()) < n {
		select {
		case <-s.grown:
		case <-s.over:
			s.t.Fatalf("over after %d bytes, awaited %d: %s", len(s.bytes()), n, s.problems.String())
		case <-limit.C:
			s.t.Fatalf("%d bytes came, awaited %d", len(s.bytes()), n)
		}
	}
}
