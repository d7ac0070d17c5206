package session

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
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

// Admission is what the gate hands over once somebody is to be let in.
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
	done  operations
	conn  *dial.Conn
	// Set by Run as it gets there, read by the supervisor too; nil before.
	rec   atomic.Pointer[recordings.Writer]
	relay atomic.Pointer[relay.Relay]

	beside      sync.WaitGroup // what goes on beside the relay: the entry session.started
	refused     refusedFeatures
	watchers    atomic.Int32
	reached     atomic.Int64             // unix nanoseconds of the session's clock; when the target was reached. 0: not yet
	silentSince atomic.Int64             // unix nanoseconds of the session's clock; since when the client has not answered. 0: it does
	lastInput   atomic.Int64             // unix nanoseconds of the session's clock; last in use (relay.Config.OnActivity)
	term        atomic.Pointer[deadline] // the one in force
	ruled       atomic.Pointer[ruling]   // the last that allowed a channel
	next        atomic.Int64             // unix nanoseconds; when the verdict may change by itself. 0: not known
	moved       chan struct{}            // the deadline changed; capacity 1
	tell        chan remark              // notices for watch to show; what does not fit is dropped

	mu       sync.Mutex // guards what follows
	facts    *policy.Facts
	manual   bool              // somebody pressed pause
	acted    recordings.Pause  // who is pausing or resuming by name, while that is being done
	pause    policy.PauseCause // why input is held back; empty: it is not
	freed    chan struct{}     // closed when input passes again; nil while it does
	timers   timers
	answered map[string]store.ExtensionState // extensions the engineer was told of

	ctx    context.Context // cancelled with the *Cause that ended the session
	cancel context.CancelCauseFunc
}

// Run opens the session, relays until something ends it, and seals it. It returns when the
// session is over and its end is in the ledger (or owed to it). The error is for the log: what
// the engineer had to be told has been told.
func (s *Supervisor) Run(ctx context.Context, a Admission) (err error) {
	l := &session{sup: s, a: a, log: s.o.Log.With("session", a.ID), moved: make(chan struct{}, 1), tell: make(chan remark, 16), feed: live.New(0)}
	l.marks.wake = make(chan struct{}, 1)
	l.done.ops = recordings.NewOperations()
	defer l.feed.Close()
	l.ctx, l.cancel = context.WithCancelCause(ctx)
	defer l.cancel(nil)

	if !s.enter() {
		return l.turnAway(Cause{Reason: policy.BrokerStopped, Actor: broker})
	}
	defer s.leave(l)

	// 1. One transaction decides again and opens: what was decided in the gate may be minutes old.
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
	if err := l.record(); err != nil {
		l.log.Error("recording_not_started", "error", err)
		s.notKept(err)
		return errors.Join(err, l.close(l.causeOr(Cause{Reason: policy.RecordingUnavailable, Actor: broker})))
	}
	// 3. The target, with a credential the engineer never sees.
	if err := l.reach(); err != nil {
		l.log.Warn("target_not_reached", "target", l.target.ID, "error", err)
		return l.close(l.causeOr(causeOfDial(l.target, err)))
	}
	// 4. Relay until an end.
	return l.close(l.carry())
}

// enter makes the session known to the supervisor; false when the broker is stopping.
func (s *Supervisor) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.running.Add(1)
	s.trim.changed()
	return true
}

func (s *Supervisor) leave(l *session) {
	s.mu.Lock()
	delete(s.live, l.a.ID)
	s.mu.Unlock()
	s.trim.changed()
	s.running.Done()
}

// open decides on the facts of the very transaction that inserts the session, so that limits
// such as "one at a time" cannot be raced. A denial comes back as the cause to refuse with. ctx is not
// the session's own: an end that comes meanwhile must find the opening written, not undone.
func (l *session) open(ctx context.Context) (denied *Cause, err error) {
	s := l.sup
	err = s.o.DB.Write(ctx, func(tx *store.Tx) error {
		f, err := s.facts(tx.Snap, l.a.Person.ID)
		if err != nil {
			return err
		}
		attempt := l.a.Attempt
		attempt.Session = l.a.ID
		d := policy.Decide(f, attempt, tx.Now)
		if d.Allow {
			// The connection may have waited for its first channel while another session of the person's was cut.
			if attempt.Dropped, err = tx.Dropped(store.Remembered{Person: l.a.Person.ID, Fingerprint: l.a.Fingerprint, Window: d.Grant.Window.ID}, l.a.FactorMark); err != nil {
				return fmt.Errorf("second factor: %w", err)
			}
			if !attempt.Dropped {
				if attempt.Dropped, err = s.dropping(tx.Snap, l.a.Person.ID); err != nil {
					return err
				}
			}
			d = policy.Decide(f, attempt, tx.Now)
		}
		if !d.Allow {
			denied = &Cause{Reason: d.Reason, Args: d.Args, Actor: broker}
			return l.ledgerRefusal(tx, *denied)
		}
		l.grant, l.target = d.Grant, f.Targets[d.Grant.Target]
		l.system, l.login = f.Systems[l.target.System], f.Accounts[d.Grant.Account].Login
		if l.section, err = tx.Section(l.system.Section); err != nil {
			return err
		}
		l.opened = tx.Now
		l.path = filepath.Join(s.o.Dir, l.opened.In(s.o.Zone).Format("2006/01"), l.a.ID+".skr")
		l.setUntil(d.Until)
		l.lastInput.Store(s.o.Clock().UnixNano())
		if err := l.ledgerOpening(tx); err != nil {
			return err
		}
		// Before the commit: whatever is committed after this one is then judged with this session
		// in it. A freeze in between would otherwise miss it until the next look.
		s.watchOver(l)
		return nil
	})
	return denied, err
}

// dropping tells whether a session of the person's has been cut by something that drops remembered factors, and its end is not
// written yet: the factors go with that entry, and a connection that comes between the two must not be let in by them.
func (s *Supervisor) dropping(snap *store.Snap, person string) (bool, error) {
	for _, l := range s.sessions() {
		if l.a.Person.ID != person || l.ctx.Err() == nil || !forgets(l.cause().Reason) {
			continue
		}
		row, err := snap.Session(l.a.ID)
		if errors.Is(err, store.ErrNotFound) { // it did not open
			continue
		}
		if err != nil || row.State.Live() {
			return true, err
		}
	}
	return false, nil
}

// watchOver puts the session under the supervisor's eyes; Run takes it away again. One that comes
// while the broker is stopping ends at once.
func (s *Supervisor) watchOver(l *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.live[l.a.ID] = l
	if s.closed {
		l.end(Cause{Reason: policy.BrokerStopped, Actor: broker})
	}
}

// record creates the recording.
func (l *session) record() error {
	s := l.sup
	if err := os.MkdirAll(filepath.Dir(l.path), 0o700); err != nil {
		return err
	}
	clock, start := s.o.Clock, s.o.Clock()
	rec, err := recordings.Create(l.path, recordings.Header{
		Session: l.a.ID, Request: l.grant.Request, Window: l.grant.Window.ID, Grant: l.grant.ID,
		Person: l.a.Person.ID, Vendor: l.grant.Vendor, System: l.system.ID, Target: l.target.ID,
		Account: l.login, Source: l.a.Source.String(), Zone: s.o.Zone.String(), Notice: l.a.Notice,
		Started: l.opened,
	}, recordings.Options{
		FS: s.o.FS, OutputTo: s.o.OutputTo, InputTo: s.o.InputTo,
		Elapsed: func() time.Duration { return clock().Sub(start) },
		Tap:     l.tap,
	})
	if err != nil {
		return fmt.Errorf("create recording: %w", err)
	}
	l.rec.Store(rec)
	return nil
}

// maxAhead is how much an engineer's client may send while the target is being reached, when nobody reads its channel.
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
	l.conn, err = l.sup.o.Dialer.Dial(l.ctx, dial.Target{
		ID: l.target.ID, Addr: net.JoinHostPort(l.target.Host, strconv.Itoa(l.target.Port)), Login: l.login, HostKey: key,
		Legacy: l.target.LegacyAlgorithms != "",
	}, auth)
	if err == nil {
		// What waits in the queue toward the target is held against the deadline where it leaves for the kernel.
		l.conn.Wire.Allow(l.inTime)
	}
	return err
}

// carry relays until something ends the session and says what did.
func (l *session) carry() Cause {
	r := relay.New(relay.Config{
		First: l.a.First, Recorder: l.rec.Load(), Decide: l.decide, Refuse: l.refusal, Lang: l.a.Lang, Env: l.sup.o.Env,
		InTime:     l.inTime,
		OnActivity: func() { l.lastInput.Store(l.sup.o.Clock().UnixNano()) },
		Quicken:    func() { l.a.Wire.QuickAck(quickAcks); l.conn.Wire.QuickAck(quickAcks) },
		OnRefused:  l.featureRefused, Clock: l.sup.o.Clock, Log: l.log,
	})
	r.Govern(l.a.Wire, l.conn.Wire)
	l.relay.Store(r)
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
	l.keepDurable()
	// Whatever ends the session cuts it here too, and not only where close gets to it: not one
	// byte more, the target's leg at once, the engineer's after the time for last words.
	context.AfterFunc(l.ctx, func() {
		r.Stop()
		l.conn.Abort()
		time.AfterFunc(lastWords+watchdogGrace, l.a.Wire.Abort)
	})
	over := make(chan error, 1)
	go func() {
		over <- r.Serve(l.ctx, l.a.Conn, l.a.Chans, l.a.Reqs, l.conn, l.conn.Chans, l.conn.Reqs)
	}()
	return l.watch(r, over)
}

// decide rules on one channel, on the facts of now. While input is held back a new channel waits, since a command is
// input too. The relay asks when the engineer asks, and again when the target is ready.
func (l *session) decide(ctx context.Context, kind policy.ChannelKind) policy.Decision {
	l.awaitFree()
	if d, ok := l.decided(kind); ok {
		return d
	}
	begun, commits := l.sup.o.Clock(), l.sup.o.DB.Commits()
	f, err := l.sup.Facts(ctx, l.a.Person.ID)
	switch {
	case l.ctx.Err() != nil: // a channel that comes while the session ends is told why it ends
		c := l.cause()
		return policy.Decision{Reason: c.Reason, Args: c.Args}
	case err != nil:
		l.log.Error("facts_failed", "error", err)
		return policy.Decision{Reason: policy.RecordingUnavailable}
	}
	attempt := l.a.Attempt
	attempt.Session, attempt.Channel = l.a.ID, kind
	d := policy.Decide(f, attempt, l.sup.o.Clock())
	if d.Allow {
		l.ruled.Store(&ruling{kind: kind, decision: d, at: begun, commits: commits})
	}
	return d
}

// ruling is the last decision that allowed a channel, and what it was made on.
type ruling struct {
	kind     policy.ChannelKind
	decision policy.Decision
	at       time.Time
	commits  uint64
}

// rulingFresh is for how long an allowing decision answers the same question again where nothing was committed since. Another
// process may commit too, so it is short.
const rulingFresh = 50 * time.Millisecond

// decided is the last decision, where it still answers the question.
func (l *session) decided(kind policy.ChannelKind) (policy.Decision, bool) {
	r := l.ruled.Load()
	if r == nil || r.kind != kind || r.commits != l.sup.o.DB.Commits() || l.ctx.Err() != nil || !l.inTime() {
		return policy.Decision{}, false
	}
	age := l.sup.o.Clock().Sub(r.at)
	return r.decision, age >= 0 && age < rulingFresh
}

// causeOr is why the session was ended meanwhile, or c where it was not: dialling that a cut broke
// off says nothing about the target.
func (l *session) causeOr(c Cause) Cause {
	if l.ctx.Err() != nil {
		return l.cause()
	}
	return c
}

// end asks the session to end. The first cause counts.
func (l *session) end(c Cause) { l.cancel(&c) }

func (l *session) info() Info {
	return Info{
		ID: l.a.ID, Person: l.a.Person.ID, Vendor: l.grant.Vendor, System: l.system.ID,
		Target: l.target.ID, Account: l.login, Request: l.grant.Request, Window: l.grant.Window.ID,
		Source: l.a.Source.String(), Started: l.startedAt(),
		Until: l.deadline().In(l.sup.o.Zone), Watchers: int(l.watchers.Load()), Paused: l.paused(), NoAnswer: l.noAnswerSince(),
	}
}

// reachedAt is when the target was reached; zero: it was not.
func (l *session) reachedAt() time.Time {
	if at := l.reached.Load(); at != 0 {
		return time.Unix(0, at)
	}
	return time.Time{}
}

// startedAt is reachedAt as it is said.
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
