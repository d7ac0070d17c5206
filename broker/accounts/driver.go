package accounts

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"

	"sekimori/broker/dial"
	"sekimori/broker/hook"
	"sekimori/broker/store"
	"sekimori/policy/text"
)

// within bounds one order, the connection included.
const within = 30 * time.Second

// mostErrors bounds what is kept of a program's standard error.
const mostErrors = 4 << 10

// driver carries orders to a target's program.
type driver interface {
	run(ctx context.Context, order []byte) (answer []byte, err error)
}

// driverOf is the driver that a target's steward names: an absolute path is a program of the broker's host, anything else the login of
// the administrative connection. nil: the target has none.
func (s *Steward) driverOf(t store.Target) (driver, error) {
	switch {
	case t.Steward == "":
		return nil, nil
	case filepath.IsAbs(t.Steward):
		return program{hook.Hook{Path: t.Steward, Within: within}, t}, nil
	}
	to, err := reached(t, t.Steward)
	if err != nil {
		return nil, err
	}
	signer, err := s.o.Signer()
	if err != nil {
		return nil, err
	}
	return connection{dialer: s.o.Dialer, signer: signer, target: to}, nil
}

// program runs a hook.
type program struct {
	hook   hook.Hook
	target store.Target
}

func (p program) run(ctx context.Context, order []byte) ([]byte, error) {
	got, err := p.hook.Run(ctx, []string{
		"SEKIMORI_TARGET=" + p.target.ID, "SEKIMORI_HOST=" + p.target.Host, "SEKIMORI_PORT=" + strconv.Itoa(p.target.Port),
	}, order)
	if err != nil {
		return nil, err
	}
	if got.Exit != 0 {
		return nil, fmt.Errorf("%w: exit status %d: %s", ErrUnclear, got.Exit, text.OneLine(string(got.Stderr), 300))
	}
	return got.Stdout, nil
}

// connection is the administrative SSH connection. The target's authorized_keys forces one command for its key.
type connection struct {
	dialer *dial.Dialer
	signer ssh.Signer
	target dial.Target
}

func (c connection) run(ctx context.Context, order []byte) (_ []byte, err error) {
	conn, err := c.dialer.Dial(ctx, c.target, []ssh.AuthMethod{ssh.PublicKeys(c.signer)})
	if err != nil {
		return nil, err
	}
	defer conn.Abort()
	// The end of ctx ends the connection at any point, so no read below waits longer.
	defer context.AfterFunc(ctx, conn.Abort)()
	defer func() {
		if err != nil && ctx.Err() != nil {
			err = fmt.Errorf("%s: %w", c.target.ID, context.Cause(ctx))
		}
	}()
	client := ssh.NewClient(conn.Conn, conn.Chans, conn.Reqs)
	session, err := client.NewSession()
	if err != nil {
		return nil, fmt.Errorf("administrative connection to %s: %w", c.target.ID, err)
	}
	out, errs := &limited{most: mostAnswer + 1}, &limited{most: mostErrors}
	out.over = func() { conn.Abort() }
	session.Stdin, session.Stdout, session.Stderr = bytes.NewReader(order), out, errs
	// The target's authorized_keys runs its own command whatever is asked for.
	switch err := session.Run("sekimori-target"); {
	case out.full():
		return nil, fmt.Errorf("%w: more than %d bytes", ErrUnclear, mostAnswer)
	case err != nil:
		var exit *ssh.ExitError
		if errors.As(err, &exit) {
			return nil, fmt.Errorf("%w: exit status %d: %s", ErrUnclear, exit.ExitStatus(), text.OneLine(errs.String(), 300))
		}
		return nil, fmt.Errorf("administrative connection to %s: %w", c.target.ID, err)
	}
	return out.Bytes(), nil
}

// limited keeps the first bytes of an output. Both outputs of a session may go to one. It has no method but Write that takes bytes: copying
// would prefer one that reads from the other side, and so go round the limit.
type limited struct {
	most int
	over func() // called once when more comes; nil: the rest is dropped

	mu   sync.Mutex // guards kept
	kept bytes.Buffer
}

// Write implements io.Writer.
func (l *limited) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	room := l.most - l.kept.Len()
	if len(p) <= room {
		return l.kept.Write(p)
	}
	l.kept.Write(p[:room])
	if l.over != nil {
		l.over()
		return 0, io.ErrShortWrite
	}
	return len(p), nil
}

// Bytes are the kept bytes, once the writers are done.
func (l *limited) Bytes() []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.kept.Bytes()
}

// String is Bytes as a text.
func (l *limited) String() string { return string(l.Bytes()) }

// Len is how many bytes are kept.
func (l *limited) Len() int { return len(l.Bytes()) }

func (l *limited) full() bool { return l.Len() >= l.most }

// ask sends one order to a target and reads the answer. Errors: ErrNone where the target has no program.
func (s *Steward) ask(ctx context.Context, t store.Target, o Order) ([]Line, error) {
	d, err := s.driverOf(t)
	if err != nil {
		return nil, err
	}
	if d == nil {
		return nil, ErrNone
	}
	order, err := o.bytes()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, within, fmt.Errorf("%s on %s: no answer within %s", o.Verb, t.ID, within))
	defer cancel()
	answer, err := d.run(ctx, order)
	var lines []Line
	if err == nil {
		lines, err = parse(o.Verb, answer)
	}
	var reached *dial.Error
	switch {
	case err == nil:
		return lines, nil
	case o.Password == "" || errors.As(err, &reached):
		return nil, err
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	}
	// A program may repeat its order in its complaint, and what is said here reaches the ledger.
	return nil, fmt.Errorf("%s on %s failed; the words of the program are left out, because they may repeat the secret", o.Verb, t.ID)
}

// ErrNone: the target has no program that looks after its accounts.
var ErrNone = errors.New("the target has no administrative connection")
