package session

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"runtime/debug"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"
	"golang.org/x/crypto/ssh"

	"sekimori/broker/dial"
	"sekimori/broker/ledger"
	"sekimori/broker/relay"
	"sekimori/broker/store"
	"sekimori/broker/wire"
	"sekimori/policy"
	"sekimori/recordings"
	"sekimori/recordings/live"
)

// Admission is the gate's hand-over of a person who is to be let in.
type Admission struct {
	ID            string // session number, allotted with the attempt
	Person        policy.Person
	Fingerprint   string // of the proven key
	Source        netip.AddrPort
	Attempt       policy.Attempt   // consent given
	Factor        string           // "code" or "remembered"
	FactorMark    store.FactorMark // when it was given, or found remembered
	Lang          string
	Notice        string // version of the notice that was consented to
	ClientVersion string

	Conn  ssh.Conn
	First ssh.NewChannel // asked for before the admission; nil: none was
	Chans <-chan ssh.NewChannel
	Reqs  <-chan *ssh.Request
	Wire  *wire.Conn
}

// quickAcks is for how many reads and writes acknowledgements go out at once when a channel opens
// or ends, where small packets follow each other.
const quickAcks = 16

// session is one live session. Its goroutine is Run's caller.
type session struct {
	sup     *Supervisor
	a       Admission
	log     hclog.Logger
	opened  time.Time // when it was admitted
	grant   policy.Grant
	system  policy.System
	section store.Section
	target  policy.Target
	login   string // account's name on the target
	path    string // of the recording

	feed  *live.Feed
	marks marks
	lag   lag

	reading atomic.Bool // ReadBack reads the recording

	done operations
	conn *dial.Conn
	// Set by Run as it gets there, read by the supervisor too; nil before.
	rec   atomic.Pointer[recordings.Writer]
	relay atomic.Pointer[relay.Relay]

	beside      sync.WaitGroup // work beside the relay: the entry session.started
	refused     refusedFeatures
	held        heldCommands
	masked      atomic.Int64 // how many individual numbers were masked in it
	watchers    watchers
	over        chan struct{}                    // closed once the session is over
	reached     atomic.Int64                     // unix nanoseconds of the session's clock; when the target was reached. 0: not yet
	silentSince atomic.Int64                     // unix nanoseconds of the session's clock; since when the client has not answered. 0: it does
	lastInput   atomic.Int64                     // unix nanoseconds of the session's clock; last in use (relay.Config.OnActivity)
	term        atomic.Pointer[deadline]         // the one in force
	files       atomic.Pointer[policy.FileTerms] // by the facts known last; nil: nothing moves
	ruled       atomic.Pointer[ruling]           // the last that allowed a channel
	next        atomic.Int64                     // unix nanoseconds; when the verdict may change by itself. 0: not known
	moved       chan struct{}                    // the deadline changed; capacity 1
	tell        chan remark                      // notices for watch to show; those that do not fit are dropped

	mu       sync.Mutex // guards the fields below
	facts    *policy.Facts
	manual   bool              // a person pressed pause
	acted    recordings.Pause  // the person of a pause or resume that is under way
	pause    policy.PauseCause // why input is held back; empty: it is not
	freed    chan struct{}     // closed when input passes again; nil while it does
	timers   timers
	answered map[string]store.ExtensionState // extensions the engineer was told of

	cared    bool          // the account is prepared by the target's steward, who takes it away
	special  bool          // individual numbers may be visible in this work
	verified store.Finding // whether both connections are gone; close asks

	now *wait // names the step that is under way, for a stop that runs out of time

	ending sync.Once       // of the first end
	ctx    context.Context // cancelled with the *Cause that ended the session
	cancel context.CancelCauseFunc
}

// Run opens the session, relays until it ends, and seals it. It returns when the
// session is over and its end is in the ledger (or kept for it). The error is for the log: the
// engineer has been told already.
func (s *Supervisor) Run(ctx context.Context, a Admission) (err error) {
	l := &session{sup: s, a: a, log: s.o.Log.With("session", a.ID), moved: make(chan struct{}, 1), over: make(chan struct{}), tell: make(chan remark, 16), feed: live.New(0)}
	l.marks.wake = make(chan struct{}, 1)
	l.done.ops = recordings.NewOperations()
	defer l.feed.Close()
	l.ctx, l.cancel = context.WithCancelCause(ctx)
	defer l.cancel(nil)

	l.now = s.waits.begin("session " + a.ID)
	defer l.now.over()
	if !s.enter() {
		return l.turnAway(Cause{Reason: policy.BrokerStopped, Actor: broker})
	}
	defer s.leave(l)

	l.now.at("ask the disks")
	_ = s.Preflight(ctx) // open decides by what it found
	l.now.at("open")
	// 1. One transaction decides again and opens: the gate's decision may be minutes old.
	switch denied, err := l.open(ctx); {
	case err != nil:
		l.log.Error("open_failed", "error", err)
		s.notKept(err)
		return errors.Join(err, l.refuse(l.causeOr(Cause{Reason: policy.RecordingUnavailable, Actor: broker})))
	case denied != nil:
		return l.refuse(*denied)
	}
	defer func() { // a fault of ours ends this session like any other end: sealed and ledgered
		if p := recover(); p != nil {
			l.log.Error("session_panicked", "panic", p, "stack", string(debug.Stack()))
			err = l.close(Cause{Reason: policy.BrokerCrashed, Actor: broker})
		}
	}()
	s.windows.begin(l.grant.Window.ID)
	defer s.windows.end(l.grant.Window.ID)
	l.tellBegin()
	// 2. The recording's header is on disk before anything else happens.
	l.now.at("begin the recording")
	if err := l.record(); err != nil {
		l.log.Error("recording_not_started", "error", err)
		s.notKept(err)
		return errors.Join(err, l.close(l.causeOr(Cause{Reason: policy.RecordingUnavailable, Actor: broker})))
	}
	// 3. The account on the target, prepared and probed.
	l.now.at("prepare the account")
	if err := l.prepare(); err != nil {
		l.log.Warn("account_not_prepared", "account", l.grant.Account, "error", err)
		return l.close(l.causeOr(causeOfAccount(l.target, err)))
	}
	// 4. The target, with a credential the engineer never sees.
	l.now.at("reach the target")
	if err := l.reach(); err != nil {
		l.log.Warn("target_not_reached", "target", l.target.ID, "error", err)
		return l.close(l.causeOr(causeOfDial(l.target, err)))
	}
	// 5. Relay until an end.
	l.now.at("relay")
	return l.close(l.carry())
}

// maxAhead is how much an engineer's client may send while the target is being reached and its channel has no reader.
const maxAhead = 4 << 20

// holdAhead has the engineer's connection read no further than maxAhead, until release or until the relay governs it.
func (l *session) holdAhead() (release func()) {
	done := make(chan struct{})
	most := l.a.Wire.BytesRead() + maxAhead
	l.a.Wire.Govern(func(read int64, ending <-chan struct{}) int64 {
		if read >= most {
			select {
			case <-done:
			case <-ending:
			}
			return read
		}
		return most
	})
	return func() { close(done) }
}

// reach dials the target with the credential of this session.
func (l *session) reach() error {
	defer l.holdAhead()()
	auth, err := l.credential()
	if err != nil {
		return err
	}
	key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(l.target.HostKey))
	if err != nil {
		return fmt.Errorf("registered host key of %s: %w", l.target.ID, err)
	}
	l.conn, err = l.sup.o.Dialer.DialFrom(l.ctx, dial.Target{
		ID: l.target.ID, Addr: net.JoinHostPort(l.target.Host, strconv.Itoa(l.target.Port)), Login: l.login, HostKey: key,
		Legacy: l.target.LegacyAlgorithms != "",
	}, auth)
	if err == nil {
		// Bytes that wait in the queue toward the target are checked against the deadline when they leave for the kernel.
		l.conn.Wire.Allow(l.inTime)
	}
	return err
}

// carry relays until the session ends, and gives the cause.
func (l *session) carry() Cause {
	files := l.passage()
	r := relay.New(relay.Config{
		Hold: l.hold(files), Deliver: l.deliver(files),
		First: l.a.First, Recorder: l.rec.Load(), Decide: l.decide, Forwards: l.grant.Forwards, Refuse: l.refusal, Lang: l.a.Lang, Env: l.sup.o.Env,
		InTime:     l.inTime,
		OnActivity: func() { l.lastInput.Store(l.sup.o.Clock().UnixNano()) },
		Quicken:    func() { l.a.Wire.QuickAck(quickAcks); l.conn.Wire.QuickAck(quickAcks) },
		Files:      l.fileTerms,
		OnNumbers:  l.onNumbers(),
		Rules:      policy.NewLiveRules(l.system.LiveRules), OnRule: l.onRule,
		OnRefused: l.featureRefused, Clock: l.sup.o.Clock, Log: l.log,
	})
	r.Govern(l.a.Wire, l.conn.Wire)
	l.relay.Store(r)
	l.stallNew(r)
	l.mu.Lock()
	r.Pause(l.pause != "") // it may have been paused while the target was being reached
	l.mu.Unlock()
	l.reached.Store(l.sup.o.Clock().UnixNano())
	// A cut must not wait for the store, so this is not done under l.ctx's watch but joined in close.
	l.beside.Go(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(l.ctx), 5*time.Second)
		defer cancel()
		if err := l.ledgerStarted(ctx); err != nil {
			l.log.Error("session_start_not_ledgered", "error", err)
			l.end(Cause{Reason: policy.RecordingFailed, Actor: broker})
		}
	})
	// Every end cuts the session here too, and not only where close gets to it: no
	// further byte, the target's leg at once, the engineer's after its last words.
	context.AfterFunc(l.ctx, func() {
		r.Stop()
		l.conn.Abort()
		time.AfterFunc(l.cause().words()+watchdogGrace, l.a.Wire.Abort)
	})
	over := make(chan error, 1)
	go func() {
		over <- r.Serve(l.ctx, l.a.Conn, l.a.Chans, l.a.Reqs, l.conn, l.conn.Chans, l.conn.Reqs)
	}()
	return l.watch(r, over)
}

// decide rules on one channel, on the facts of now. While input is held back a new channel waits, since a command is
// input too. The relay asks when the engineer asks, and again when the target is ready.
func (l *session) decide(ctx context.Context, asked policy.Asked) policy.Decision {
	l.awaitFree()
	if d, ok := l.decided(asked); ok {
		return d
	}
	begun, commits := l.sup.o.Clock(), l.sup.o.DB.Commits()
	f, err := l.sup.Facts(ctx, l.a.Person.ID)
	switch {
	case l.ctx.Err() != nil: // a channel that comes while the session ends is told the reason
		c := l.cause()
		return policy.Decision{Reason: c.Reason, Args: c.Args}
	case err != nil:
		l.log.Error("facts_failed", "error", err)
		return policy.Decision{Reason: policy.RecordingUnavailable}
	}
	attempt := l.a.Attempt
	attempt.Session, attempt.Channel, attempt.Command, attempt.To = l.a.ID, asked.Kind, asked.Command, asked.To
	d := policy.Decide(f, attempt, l.sup.o.Clock())
	if d.Allow {
		l.setTerms(&f)
		l.ruled.Store(&ruling{asked: asked, decision: d, at: begun, commits: commits})
	}
	return d
}

// ruling is the last decision that allowed a channel, with its facts.
type ruling struct {
	asked    policy.Asked
	decision policy.Decision
	at       time.Time
	commits  uint64
}

// rulingFresh is the time for which an allowing decision answers the same question again while nothing was committed. Another
// process may commit too, so it is short.
const rulingFresh = 50 * time.Millisecond

// decided is the last decision, where it still answers the question.
func (l *session) decided(asked policy.Asked) (policy.Decision, bool) {
	r := l.ruled.Load()
	if r == nil || r.asked != asked || r.commits != l.sup.o.DB.Commits() || l.ctx.Err() != nil || !l.inTime() {
		return policy.Decision{}, false
	}
	age := l.sup.o.Clock().Sub(r.at)
	return r.decision, age >= 0 && age < rulingFresh
}

// causeOr is the cause of the session's end where it ended meanwhile, else c: a dial that a cut broke
// off tells nothing about the target.
func (l *session) causeOr(c Cause) Cause {
	if l.ctx.Err() != nil {
		return l.cause()
	}
	return c
}

// end asks the session to end. The first cause counts. While it relays, its engineer's connection is closed in time after the cause, also where
// processors are so busy that the work of the end begins late.
func (l *session) end(c Cause) {
	if l.relay.Load() != nil {
		l.ending.Do(func() { time.AfterFunc(c.latest(), l.a.Wire.Abort) })
	}
	l.cancel(&c)
}

func (l *session) info() Info {
	return Info{
		ID: l.a.ID, Person: l.a.Person.ID, Vendor: l.grant.Vendor, System: l.system.ID,
		Target: l.target.ID, Account: l.login, Request: l.grant.Request, Window: l.grant.Window.ID,
		Source: l.a.Source.String(), Started: l.startedAt(),
		Until: l.deadline().In(l.sup.o.Zone), Watchers: l.watchers.count(), Paused: l.paused(), NoAnswer: l.noAnswerSince(), Behind: l.behindSince(), Masked: l.masked.Load(),
	}
}

// reachedAt is when the target was reached; zero: it was not.
func (l *session) reachedAt() time.Time {
	if at := l.reached.Load(); at != 0 {
		return time.Unix(0, at)
	}
	return time.Time{}
}

// startedAt is reachedAt as texts show it.
func (l *session) startedAt() time.Time {
	if at := l.reachedAt(); !at.IsZero() {
		return at.In(l.sup.o.Zone)
	}
	return time.Time{}
}

// phone is the system's telephone, or its section's where it has none of its own.
func (l *session) phone() string {
	if l.system.Phone != "" {
		return l.system.Phone
	}
	return l.section.Phone
}

// engineer is the session's person as an actor of the ledger.
func (l *session) engineer() ledger.Actor {
	return ledger.Actor{Kind: "person", ID: l.a.Person.ID, Via: "ssh"}
}

// row is the session as the store keeps it.
func (l *session) row(tx *store.Tx, state store.SessionState) store.Session {
	row := store.Session{
		ID: l.a.ID, State: state, Person: l.a.Person.ID, Vendor: l.a.Person.Vendor,
		Grant: l.grant.ID, Window: l.grant.Window.ID, Request: l.grant.Request, System: l.system.ID,
		Target: l.target.ID, Account: l.grant.Account, Source: l.a.Source, Fingerprint: l.a.Fingerprint,
		Factor: l.a.Factor, Created: tx.Now, ClientVersion: l.a.ClientVersion, Notice: l.a.Notice,
	}
	if state == store.SessionOpening {
		row.Until, row.Recording = l.deadline(), l.file()
	} else {
		row.Target, row.Account = l.a.Attempt.Target, l.a.Attempt.Account
	}
	return row
}
