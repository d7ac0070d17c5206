package gate

import (
	"cmp"
	"context"
	"net/netip"
	"runtime/debug"
	"time"

	"github.com/hashicorp/go-hclog"
	"golang.org/x/crypto/ssh"

	"sekimori/broker/connlimit"
	"sekimori/broker/session"
	"sekimori/broker/store"
	"sekimori/broker/wire"
	"sekimori/policy"
	"sekimori/policy/text"
)

// lastWords is how long the gate waits for a client to take a refusal before it hangs up.
const lastWords = 10 * time.Second

// maxRejected is how many channels a client may try to open while nothing may be opened.
const maxRejected = 64

// caller is one connection before admission. Only ServeConn's goroutine runs it.
type caller struct {
	s      *Server
	conn   *wire.Conn
	source netip.AddrPort
	place  *connlimit.Place // before the gate, until authenticated
	log    hclog.Logger

	// watchdog cuts the connection when a step takes too long. It is a timer and no deadline
	// on the socket, so that it needs no wall clock.
	watchdog *time.Timer
	banner   func(string) error // sends a text before authentication is complete

	identity   identityDigits // drawn in the waiting room
	countedFor string         // id of the person under whom the connection counts; guarded by s.mu

	tooManyConnections bool // refused because its person has too many

	remembered bool // the second factor is, but the decision was no plain yes
	shows      cardPlace
	unanswered *authResult // its card was sent, and no answer came yet

	mark  store.FactorMark // when the right code was given
	ahead time.Duration    // how far ahead of now the previous wrong code was; 0: it was not

	spoke  bool // got as far as authentication
	proven bool // the key was proven

	offered string // person and fingerprint of the key offered last; proves nothing
}

// authResult is the result of an authentication. It travels only in the Permissions of the
// last callback: a decision before the last factor does not count.
type authResult struct {
	login       login
	person      policy.Person
	fingerprint string           // of the proven key
	factor      string           // factorCode or factorRemembered
	mark        store.FactorMark // when the factor was given, or found remembered
	number      string           // session number; empty while no window is chosen
	grant       string           // id of the grant chosen by its number in the list; empty: any that fits
	attempt     policy.Attempt
	decision    policy.Decision
	facts       policy.Facts
	lang        string      // from the client's locale, once a channel told it; else the person's
	denied      bool        // decision is a denial that waiting does not help; say it on the channel
	note        policy.Text // replaces the reason's cause, for faults of form
}

// How the second factor came, as the ledger and the session's row say it.
const (
	factorCode       = "code"
	factorRemembered = "remembered"
)

// authResultKey finds the result in the Permissions.
type authResultKey struct{}

// serve handles the connection from the handshake to its end.
func (c *caller) serve() {
	c.watchdog = time.AfterFunc(c.s.o.Limits.Hello, c.conn.Abort)
	defer c.watchdog.Stop()
	hello := &helloConn{Conn: c.conn, began: func() { c.watchdog.Reset(c.s.o.Limits.Handshake) }}
	conn, chans, reqs, err := ssh.NewServerConn(hello, c.config(hello))
	now := c.s.o.Clock()
	c.s.limit.Leave(c.place, now, err == nil)
	if err != nil {
		c.failed(now, err, hello.hello.Load())
		return
	}
	c.watchdog.Stop()
	p, ok := conn.Permissions.ExtraData[authResultKey{}].(*authResult)
	if !ok { // no callback of ours returns without one
		c.log.Error("no_result_after_authentication")
		return
	}
	c.log = c.log.With("person", p.person.ID)
	// All steps before admission end when the server stops.
	ctx, cancel := context.WithCancel(c.s.accepting)
	defer cancel()

	limit, leave := c.firstChannelLimit(p)
	c.watchdog.Reset(limit + writeLimit)
	first, why := c.firstChannel(chans, reqs, limit)
	c.watchdog.Stop()
	leave()
	if first == nil {
		c.abandonFor(p, why)
		if why == policy.IdleTimeout { // an orderly end, which a client shows as such
			_ = conn.Close()
		}
		return
	}
	in := &authenticatedConn{conn: conn, first: first, chans: chans, reqs: reqs}
	switch {
	case p.denied:
		c.refuse(p, in)
	case p.login.Choose && c.overConnectionLimit(ctx, p):
		c.refuse(p, in)
	case p.login.Choose:
		c.choose(ctx, p, in)
	case !p.decision.Allow:
		c.wait(ctx, p, in, nil)
	default:
		c.admit(p, in, first)
	}
}

// authenticatedConn is an authenticated connection whose first channel has been asked for.
type authenticatedConn struct {
	conn  *ssh.ServerConn
	first ssh.NewChannel
	chans <-chan ssh.NewChannel
	reqs  <-chan *ssh.Request
}

// mostUnopened is the number of a person's admitted connections that may wait long for their first channel.
const mostUnopened = 8

// firstChannelLimit is how long the connection may be without a channel. A master that is opened before it is used
// (ssh -N, ControlMaster) may wait until the system's limit of idleness, where the connection is admitted and few of the person's
// wait so. Otherwise the limit is Limits.FirstChannel. The session judges every later channel again. leave ends the waiting.
func (c *caller) firstChannelLimit(p *authResult) (limit time.Duration, leave func()) {
	limit = c.s.o.Limits.FirstChannel
	if p.denied || p.login.Choose || !p.decision.Allow || !c.s.waits(p.person.ID, 1) {
		return limit, func() {}
	}
	t := p.facts.Targets[c.targetOf(p)]
	system := p.facts.Systems[t.System]
	idle := policy.IdleLimit(system)
	// A waiting connection keeps no more than it needs (see admit).
	p.facts = policy.Facts{Targets: map[string]policy.Target{t.ID: t}, Systems: map[string]policy.System{system.ID: system}}
	return max(limit, idle), func() { c.s.waits(p.person.ID, -1) }
}

// waits counts the connections of a person that wait long for their first channel; false: there are too many already.
func (s *Server) waits(person string, n int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n > 0 && s.unopened[person] >= mostUnopened {
		return false
	}
	if s.unopened[person] += n; s.unopened[person] == 0 {
		delete(s.unopened, person)
	}
	return true
}

// firstChannel waits for the client to ask for a channel, and answers global requests. The gate
// opens nothing at the target for a connection without a channel. Without a channel it gives the reason: the
// client left, was idle for too long, or the broker is stopping.
func (c *caller) firstChannel(chans <-chan ssh.NewChannel, reqs <-chan *ssh.Request, wait time.Duration) (ssh.NewChannel, policy.Reason) {
	limit := time.NewTimer(wait)
	defer limit.Stop()
	for {
		select {
		case nc, ok := <-chans:
			if !ok {
				return nil, policy.ClientLost
			}
			return nc, ""
		case r, ok := <-reqs:
			if !ok {
				reqs = nil
				continue
			}
			_ = r.Reply(false, nil)
		case <-limit.C:
			return nil, policy.IdleTimeout
		case <-c.s.stopping:
			return nil, policy.BrokerStopped
		}
	}
}

// admit hands the connection to the supervisor. first is the channel that the session gets: as
// it came, or one that the gate had open.
func (c *caller) admit(p *authResult, in *authenticatedConn, first ssh.NewChannel) {
	if !c.s.admitted(c.conn) {
		in.first = first
		c.turnAway(p, in, policy.BrokerStopped)
		return
	}
	// The result lives as long as the connection. The facts of all other sessions
	// must not: with a thousand sessions that would be a million rows.
	p.facts = policy.Facts{}
	p.attempt.Grant = p.decision.Grant.ID // the session decides again, on this grant alone
	err := c.s.o.Sessions.Run(c.s.running, session.Admission{
		ID: p.number, Person: p.person, Fingerprint: p.fingerprint, Source: c.source,
		Attempt: p.attempt, Factor: p.factor, FactorMark: p.mark, Lang: cmp.Or(p.lang, p.person.Lang), Notice: c.s.o.Notice.Version,
		ClientVersion: text.OneLine(string(in.conn.ClientVersion()), 80),
		Conn:          in.conn, First: first, Chans: in.chans, Reqs: in.reqs, Wire: c.conn,
	})
	if err != nil {
		c.log.Warn("session_failed", "session", p.number, "error", err)
	}
	_ = c.conn.Close()
}

// handOver hands the open channel on. A peer that reads nothing may block the front in the middle of
// an answer; the watchdog frees it then.
func (c *caller) handOver(f *front, done <-chan struct{}) ssh.NewChannel {
	c.watchdog.Reset(writeLimit)
	defer c.watchdog.Stop()
	return f.handOver(done)
}

// catch keeps the fault of a goroutine of this connection to this connection. It must be deferred
// itself.
func (c *caller) catch() {
	if p := recover(); p != nil {
		c.log.Error("connection_panicked", "panic", p, "stack", string(debug.Stack()))
		c.conn.Abort()
	}
}

// drain keeps a connection's multiplexer moving while nothing may be opened: further channels
// and global requests are refused.
type drain struct {
	stop chan struct{}
	done chan struct{}
	lost chan struct{} // closed when the connection is gone
}

// startDrain starts draining; halt ends it and loses nothing that comes later.
func (c *caller) startDrain(in *authenticatedConn, message string) *drain {
	d := &drain{stop: make(chan struct{}), done: make(chan struct{}), lost: make(chan struct{})}
	go func() {
		defer close(d.done)
		defer c.catch()
		chans, reqs, rejected := in.chans, in.reqs, 0
		for {
			select {
			case <-d.stop:
				return
			case r, ok := <-reqs:
				if !ok {
					reqs = nil
					continue
				}
				_ = r.Reply(false, nil)
			case nc, ok := <-chans:
				if !ok {
					close(d.lost)
					chans = nil
					continue
				}
				if rejected++; rejected > maxRejected {
					c.log.Warn("too_many_channels_before_admission")
					c.conn.Abort()
				}
				_ = nc.Reject(ssh.Prohibited, message)
			}
		}
	}()
	return d
}

// halt stops the drain. A peer that reads nothing may block it in the middle of an answer; the
// watchdog frees it then.
func (c *caller) halt(d *drain) {
	c.watchdog.Reset(writeLimit)
	close(d.stop)
	<-d.done
	c.watchdog.Stop()
}
