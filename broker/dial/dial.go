package dial

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"
	"golang.org/x/crypto/ssh"

	"sekimori/broker/wire"
	"sekimori/policy"
)

// Target is what is to be reached, as the registry has it.
type Target struct {
	ID      string        // "hr-db", for errors and the log
	Addr    string        // host:port
	Login   string        // account on the target
	HostKey ssh.PublicKey // pinned; nil refuses
}

// Dialer reaches targets. The zero value works.
type Dialer struct {
	Timeout time.Duration // of everything up to the finished login; 0: 10 s
	Version string        // of our software, as we say it; empty: wire.Version
	Wire    wire.Options
	Log     hclog.Logger // nil: silent
	// Connect makes the TCP connection; nil: the system's. Tests without sockets put theirs.
	Connect func(ctx context.Context, addr string) (net.Conn, error)
}

// Conn is an SSH connection to a target. The caller takes Chans and Reqs until they are closed.
type Conn struct {
	ssh.Conn
	Chans <-chan ssh.NewChannel
	Reqs  <-chan *ssh.Request
	Wire  *wire.Conn
}

// Abort ends the connection by force. Unlike Close it cannot hang.
func (c *Conn) Abort() { c.Wire.Abort() }

const (
	defaultTimeout = 10 * time.Second
	// maxBanner and maxBanners bound what a target may say before the login; it is not shown.
	maxBanner  = 16 << 10
	maxBanners = 8

	// loginRefusal is how the library's error for a refused credential begins; it has no type.
	loginRefusal = "ssh: unable to authenticate"
)

var (
	errNoHostKey  = errors.New("the target has no registered host key")
	errOtherKey   = errors.New("the target shows another host key")
	errBanner     = errors.New("the target's banner is too long")
	errTimeout    = errors.New("no finished login within the time limit")
	errDeprecated = errors.New("the registered host key is of a kind that is no longer accepted")
)

// Dial connects, checks the host key against the pinned one and logs in with auth, all within
// the time limit and ctx. Every error is an *Error.
func (d *Dialer) Dial(ctx context.Context, t Target, auth []ssh.AuthMethod) (*Conn, error) {
	if t.HostKey == nil {
		return nil, &Error{Reason: policy.TargetKeyChanged, Target: t.ID, Err: errNoHostKey}
	}
	algorithms := hostKeyAlgorithms(t.HostKey)
	if len(algorithms) == 0 {
		return nil, &Error{Reason: policy.TargetKeyChanged, Target: t.ID, Err: fmt.Errorf("%w: %s", errDeprecated, t.HostKey.Type())}
	}
	timeout := d.Timeout
	if timeout == 0 {
		timeout = defaultTimeout
	}
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, errTimeout)
	defer cancel()

	raw, err := d.connect(ctx, t.Addr)
	if err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return nil, &Error{Reason: policy.TargetUnreachable, Target: t.ID, Err: err}
	}
	conn := wire.Wrap(raw, d.Wire)
	// The end of ctx ends the handshake wherever it is, without a deadline to be cleared later.
	stop := context.AfterFunc(ctx, conn.Abort)
	c, chans, reqs, err := ssh.NewClientConn(conn, t.Addr, d.config(t, auth, algorithms))
	if !stop() && err == nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		conn.Abort()
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return nil, classify(t, err)
	}
	if d.Log != nil {
		d.Log.Debug("target_reached", "target", t.ID)
	}
	return &Conn{Conn: c, Chans: chans, Reqs: reqs, Wire: conn}, nil
}

func (d *Dialer) connect(ctx context.Context, addr string) (net.Conn, error) {
	if d.Connect != nil {
		return d.Connect(ctx, addr)
	}
	var system net.Dialer
	return system.DialContext(ctx, "tcp", addr)
}

func (d *Dialer) config(t Target, auth []ssh.AuthMethod, hostKeys []string) *ssh.ClientConfig {
	said, banners := 0, 0
	return &ssh.ClientConfig{
		Config:            algorithms(),
		User:              t.Login,
		Auth:              auth,
		ClientVersion:     wire.VersionLine(d.Version),
		HostKeyAlgorithms: hostKeys,
		HostKeyCallback: func(_ string, _ net.Addr, key ssh.PublicKey) error {
			if !bytes.Equal(key.Marshal(), t.HostKey.Marshal()) {
				return fmt.Errorf("%w: %s instead of %s", errOtherKey, ssh.FingerprintSHA256(key), ssh.FingerprintSHA256(t.HostKey))
			}
			return nil
		},
		BannerCallback: func(text string) error {
			said, banners = said+len(text), banners+1
			if said > maxBanner || banners > maxBanners {
				return errBanner
			}
			return nil
		},
	}
}

// Error is why a target could not be reached.
type Error struct {
	Reason  policy.Reason // policy.TargetUnreachable or policy.TargetKeyChanged
	Target  string        // id
	Refused bool          // the target was reached and refused the broker's credential
	Err     error         // what happened, for the log; never shown to the engineer
}

// Error says what was attempted and what happened.
func (e *Error) Error() string {
	if e.Refused {
		return fmt.Sprintf("dial target %s: it refused the broker's credential: %v", e.Target, e.Err)
	}
	return fmt.Sprintf("dial target %s: %v", e.Target, e.Err)
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// classify finds the reason for a failed handshake. A target that no longer has a key of the
// registered kind shows another key, though no key was exchanged.
func classify(t Target, err error) *Error {
	e := &Error{Reason: policy.TargetUnreachable, Target: t.ID, Err: err}
	var negotiation *ssh.AlgorithmNegotiationError
	switch {
	case errors.Is(err, errOtherKey):
		e.Reason = policy.TargetKeyChanged
	case errors.As(err, &negotiation) && negotiation.What == "host key":
		e.Reason = policy.TargetKeyChanged
	case strings.Contains(err.Error(), loginRefusal):
		e.Refused = true
	}
	return e
}
