package dial

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"
	"golang.org/x/crypto/ssh"

	"sekimori/broker/wire"
	"sekimori/policy"
)

// Target is a target to reach, from the registry.
type Target struct {
	ID      string        // "hr-db", for errors and the log
	Addr    string        // host:port
	Login   string        // account on the target
	HostKey ssh.PublicKey // pinned; nil refuses
	Legacy  bool          // speak group14, ssh-rsa, CTR and SHA-1 MACs too
}

// Dialer reaches targets. The zero value works.
type Dialer struct {
	Timeout time.Duration // of everything up to the finished login; 0: 10 s
	Version string        // sent to the target; empty: wire.Version
	Wire    wire.Options
	Log     hclog.Logger // nil: silent
	// Connect makes the TCP connection; nil: the system's. Tests without sockets replace it.
	Connect func(ctx context.Context, addr string) (net.Conn, error)
	// LoggingIn is told of each login before it is tried, with the broker's end of the connection. It must not wait long. Nil: nothing is told.
	LoggingIn func(ctx context.Context, t Target, from netip.AddrPort)
}

// Conn is an SSH connection to a target. The caller must read Chans and Reqs until they are closed.
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
	// maxBanner and maxBanners bound a target's text before the login; it is not shown.
	maxBanner  = 16 << 10
	maxBanners = 8
)

var (
	errNoHostKey  = errors.New("the target has no registered host key")
	errOtherKey   = errors.New("the target shows another host key")
	errBanner     = errors.New("the target's banner is too long")
	errTimeout    = errors.New("no finished login within the time limit")
	errDeprecated = errors.New("the registered host key is of a kind that is no longer accepted")
)

// Auth gives the proofs for a connection that leaves from an address of the broker. The zero address: the connection has none.
type Auth func(from netip.Addr) ([]ssh.AuthMethod, error)

// Dial connects as DialFrom does, with the same proofs from every address.
func (d *Dialer) Dial(ctx context.Context, t Target, auth []ssh.AuthMethod) (*Conn, error) {
	return d.DialFrom(ctx, t, func(netip.Addr) ([]ssh.AuthMethod, error) { return auth, nil })
}

// DialFrom connects, checks the host key against the pinned one and logs in with auth, all within
// the time limit and ctx. Every error is an *Error.
func (d *Dialer) DialFrom(ctx context.Context, t Target, auth Auth) (*Conn, error) {
	if t.HostKey == nil {
		return nil, &Error{Reason: policy.TargetKeyChanged, Target: t.ID, Err: errNoHostKey}
	}
	algorithms := hostKeyAlgorithms(t.HostKey, t.Legacy)
	if len(algorithms) == 0 {
		return nil, &Error{Reason: policy.TargetTooOld, Target: t.ID, Err: fmt.Errorf("%w: %s", errDeprecated, t.HostKey.Type())}
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
	proofs, err := auth(localOf(raw))
	if err != nil {
		return nil, &Error{Reason: policy.TargetUnreachable, Target: t.ID, Err: errors.Join(err, raw.Close())}
	}
	if d.LoggingIn != nil {
		var from netip.AddrPort
		if a, ok := raw.LocalAddr().(*net.TCPAddr); ok {
			from = netip.AddrPortFrom(a.AddrPort().Addr().Unmap().WithZone(""), a.AddrPort().Port())
		}
		d.LoggingIn(ctx, t, from)
	}
	conn := wire.Wrap(raw, d.Wire)
	// The end of ctx aborts the handshake at any point, and no deadline must be cleared later.
	stop := context.AfterFunc(ctx, conn.Abort)
	var shown atomic.Bool
	c, chans, reqs, err := ssh.NewClientConn(conn, t.Addr, d.config(t, proofs, algorithms, &shown))
	if !stop() && err == nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		conn.Abort()
		if ctx.Err() != nil {
			return nil, &Error{Reason: policy.TargetUnreachable, Target: t.ID, Err: context.Cause(ctx)}
		}
		return nil, classify(t, err, shown.Load())
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

// localOf is the broker's address of a connection.
func localOf(c net.Conn) netip.Addr {
	if a, ok := c.LocalAddr().(*net.TCPAddr); ok {
		return a.AddrPort().Addr().Unmap().WithZone("")
	}
	return netip.Addr{}
}

// config is the configuration of a connection. shown is set once the target has shown the pinned key.
func (d *Dialer) config(t Target, auth []ssh.AuthMethod, hostKeys []string, shown *atomic.Bool) *ssh.ClientConfig {
	said, banners := 0, 0
	return &ssh.ClientConfig{
		Config:            algorithms(t.Legacy),
		User:              t.Login,
		Auth:              auth,
		ClientVersion:     wire.VersionLine(d.Version),
		HostKeyAlgorithms: hostKeys,
		HostKeyCallback: func(_ string, _ net.Addr, key ssh.PublicKey) error {
			if !bytes.Equal(key.Marshal(), t.HostKey.Marshal()) {
				return fmt.Errorf("%w: %s instead of %s", errOtherKey, ssh.FingerprintSHA256(key), ssh.FingerprintSHA256(t.HostKey))
			}
			shown.Store(true)
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
