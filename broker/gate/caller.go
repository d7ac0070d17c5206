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
)

// lastWords is how long the gate waits for a client to take a refusal before it hangs up.
const lastWords = 10 * time.Second

// maxRejected is how many channels a client may try to open while nothing may be opened.
const maxRejected = 64

// caller is one connection before admission. One goroutine, ServeConn's, runs it.
type caller struct {
	s      *Server
	conn   *wire.Conn
	source netip.AddrPort
	place  *connlimit.Place // before the gate, until authenticated
	log    hclog.Logger

	// leash cuts the connection when something takes too long. A timer instead of deadlines
	// on the socket: it needs no wall clock.
	leash  *time.Timer
	banner func(string) error // says something before authentication is complete

	identity drawn  // drawn in the waiting room
	joined   string // person as whose connection it counts; guarded by s.mu

	crowdedOut bool // refused because its person has too many

	shows      cardPlace
	unanswered *passage // its card was sent, and no answer came yet

	mark  store.FactorMark // when the code that was right was given
	ahead time.Duration    // how far ahead of now the wrong code before was; 0: it was not

	spoke  bool // got as far as authentication
	proven bool // the key was proven

	offered string // person and fingerprint of the key offered last; proves nothing
}

// passage is what authentication ended with. It travels in the Permissions of the callback
// that came last, and only there: nothing decided before the last factor counts.
type passage struct {
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

// passageKey finds the passage in the Permissions.
type passageKey struct{}

// serve takes the connection from handshake to its end.
func (c *caller) serve() {
	c.leash = time.AfterFunc(c.s.o.Limits.Hello, c.conn.Abort)
	defer c.leash.Stop()
	hello := &helloConn{Conn: c.conn, began: func() { c.leash.Reset(c.s.o.Limits.Handshake) }}
	conn, chans, reqs, err := ssh.NewServerConn(hello, c.config(hello))
	now := c.s.o.Clock()
	c.s.limit.Leave(c.place, now, err == nil)
	if err != nil {
		c.failed(now, err, hello.hello.Load())
		return
	}
	c.leash.Stop()
	p, ok := conn.Permissions.ExtraData[passageKey{}].(*passage)
	if !ok { // no callback of ours returns without one
		c.log.Error("no_passage_after_authentication")
		return
	}
	c.log = c.log.With("person", p.person.ID)
	// Whatever happens before admission ends when the server stops.
	ctx, cancel := context.WithCancel(c.s.accepting)
	defer cancel()

	limit, leave := c.firstChannelLimit(p)
	c.leash.Reset(limit + writeLimit)
	first, why := c.firstChannel(chans, reqs, limit)
	c.leash.Stop()
	leave()
	if first == nil {
		c.abandonFor(p, why)
		if why == policy.IdleTimeout { // in order, which a client shows as such
			_ = conn.Close()
		}
		return
	}
	in := &entrance{conn: conn, first: first, chans: chans, reqs: reqs}
	switch {
	case p.denied:
		c.refuse(p, in)
	case p.login.Choose && c.crowded(ctx, p):
		c.refuse(p, in)
	case p.login.Choose:
		c.choose(ctx, p, in)
	case !p.decision.Allow:
		c.wait(ctx, p, in, nil)
	default:
		c.admit(p, in, first)
	}
}

// entrance is an authenticated connection whose first channel has been asked for.
type entrance struct {
	conn  *ssh.ServerConn
	first ssh.NewChannel
	chans <-chan ssh.NewChannel
	reqs  <-chan *ssh.Request
}

// mostUnopened is how many connections of a person that were admitted may wait long for their first channel.
const mostUnopened = 8

// firstChannelLimit is how long the connection may do without a channel: a master that is opened before it is used
// (ssh -N, ControlMaster) until the system's limit of idleness, where the connection is admitted and few of the person's
// wait so; otherwise Limits.FirstChannel. Whatever is opened then is judged again by the session. leave ends the waiting.
func (c *caller) firstChannelLimit(p *passage) (limit time.Duration, leave func()) {
	limit = c.s.o.Limits.FirstChannel
	if p.denied || p.login.Choose || !p.decision.Allow || !c.s.waits(p.person.ID, 1) {
		return limit, func() {}
	}
	t := p.facts.Targets[c.targetOf(p)]
	system := p.facts.Systems[t.System]
	idle := policy.IdleLimit(system)
	// While it waits it keeps no more than it needs (see admit).
	p.facts = policy.Facts{Targets: map[string]policy.Target{t.ID: t}, Systems: map[string]policy.System{system.ID: system}}
	return max(limit, idle), func() { c.s.waits(p.person.ID, -1) }
}

// waits counts the connections of a person that wait long for their first channel; false: they are too many already.
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

// firstChannel waits for the client to ask for a channel, answering global requests. Nothing
// is opened at the target for a connection that wants nothing. Without a channel it tells why: the
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

// admit hands the connection to the supervisor. first is the channel as the session is to see
// it: as it came, or one that the gate had open.
func (c *caller) admit(p *passage, in *entrance, first ssh.NewChannel) {
	if !c.s.admitted(c.conn) {
		in.first = first
		c.turnAway(p, in, policy.BrokerStopped)
		return
	}
	// The passage lives as long as the connection. What was known of everybody else's sessions when
	// this one was let in must not: with a thousand sessions that would be a million rows.
	p.facts = policy.Facts{}
	p.attempt.Grant = p.decision.Grant.ID // the session decides again, on this grant alone
	err := c.s.o.Sessions.Run(c.s.running, session.Admission{
		ID: p.number, Person: p.person, Fingerprint: p.fingerprint, Source: c.source,
		Attempt: p.attempt, Factor: p.factor, FactorMark: p.mark, Lang: cmp.Or(p.lang, p.person.Lang), Notice: c.s.o.Notice.Version,
		ClientVersion: neutral(string(in.conn.ClientVersion()), 80),
		Conn:          in.conn, First: first, Chans: in.chans, Reqs: in.reqs, Wire: c.conn,
	})
	if err != nil {
		c.log.Warn("session_failed", "session", p.number, "error", err)
	}
	_ = c.conn.Close()
}

// handOver hands the open channel on. A peer that reads nothing may hold the front in the middle of
// an answer; the leash frees it then.
func (c *caller) handOver(f *front, done <-chan struct{}) ssh.NewChannel {
	c.leash.Reset(writeLimit)
	defer c.leash.Stop()
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

// startDrain starts draining; halt ends it without losing what comes next.
func (c *caller) startDrain(in *entrance, message string) *drain {
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

// halt stops the drain. A peer that reads nothing may hold it in the middle of an answer; the
// leash frees it then.
func (c *caller) halt(d *drain) {
	c.leash.Reset(writeLimit)
	close(d.stop)
	<-d.done
	c.leash.Stop()
}
