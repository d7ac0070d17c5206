package relay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"
	"golang.org/x/crypto/ssh"

	"sekimori/broker/wire"
	"sekimori/policy"
	"sekimori/recordings"
)

// Results of Serve.
var (
	ErrClientGone = errors.New("relay: the engineer's connection broke off")
	ErrTargetGone = errors.New("relay: the target's connection is gone")
)

// RecordingError says that the recorder failed. Nothing was relayed afterwards.
type RecordingError struct{ Err error }

func (e *RecordingError) Error() string { return "relay: recording failed: " + e.Err.Error() }

// Unwrap returns the recorder's error.
func (e *RecordingError) Unwrap() error { return e.Err }

// AbuseError says that one side exceeded a limit that no honest one comes near (policy.ProtocolAbuse).
type AbuseError struct {
	Side string // "client" or "target"
	What string // the exceeded limit
}

func (e *AbuseError) Error() string {
	return "relay: protocol abuse by the " + e.Side + ": " + e.What
}

// FaultError says that a goroutine of the relay panicked. Only this session ends.
type FaultError struct{ Panic any }

func (e *FaultError) Error() string { return fmt.Sprintf("relay: fault: %v", e.Panic) }

// Config configures a Relay. Recorder, Decide and Refuse are required.
type Config struct {
	// Recorder records everything before it is relayed.
	Recorder *recordings.Writer
	// Decide is asked for each channel at its main request, and again when the target is ready to start it. It may block,
	// and waits while input is held back.
	Decide func(ctx context.Context, asked policy.Asked) policy.Decision
	// Files returns the terms of the grant for files. It is asked at each operation on a file, so it must be quick. nil:
	// no file moves.
	Files func() *policy.FileTerms
	// Hold serves an SFTP channel in place of the target where the terms hold files. It is given the target's SFTP server and a
	// way to resolve paths there; it serves near until that ends, and closes both. say writes to the engineer beside the protocol. nil:
	// such a channel is refused.
	Hold func(near, target io.ReadWriteCloser, resolve func(path []byte, follow bool) (string, error), say func(policy.Text))
	// Deliver runs beside the session until ctx ends. It may open the target's SFTP server to deliver files that the broker kept. nil: not called.
	Deliver func(ctx context.Context, open func() (io.ReadWriteCloser, error), resolve func(path []byte, follow bool) (string, error))
	// Refuse returns the lines for the engineer, "\n" ends, and the exit status of a denial.
	Refuse func(policy.Decision) (text string, exit int)
	// Forwards are the destinations (policy.Destination) that Decide may permit a forward to. nil: every forward is refused.
	Forwards []string
	// Env names the permitted environment variables; a trailing * matches any ending. nil: LANG and LC_*.
	Env []string
	// InTime is asked before each piece, request and channel is relayed, in both directions. False: the session's time is
	// over and nothing more passes; the caller must end Serve. It must be quick. nil: no limit.
	InTime func() bool
	// OnActivity is called for activity that ends idleness: a channel that starts, every piece of input and every signal
	// before it is relayed, and every piece of output after it on channels other than a shell. A shell's output does not
	// show that a person is at the keys; a download or a command's progress is work. It must be quick.
	OnActivity func()
	// OnRefused is called for each refused feature that the engineer asked for, for the ledger. feature comes from a list: a
	// policy.ChannelKind, a policy.FileRefusal, "env", "channel" or "request". It must be quick. nil: not called.
	OnRefused func(feature string, reason policy.Reason)
	// OnNumbers is called with how many individual numbers were masked in a shell's or command's output. It must be quick.
	// nil: output passes as it is.
	OnNumbers func(found int)
	// Rules are the system's live rules. nil: there are none, and input is not looked at.
	Rules *policy.LiveRules
	// OnRule is called for each command on which a rule has an effect. For a held one it waits for the answer, or until ctx ends:
	// nothing waits for it any more. Only policy.LiveAllowed lets the command go on. Required where Rules is set.
	OnRule func(ctx context.Context, hit RuleHit) policy.LiveAnswer
	// Clock gives the time for rates. nil: the machine's.
	Clock func() time.Time
	// Quicken is called when a channel opens or ends, where acknowledgements should not be delayed: the session passes
	// wire.Conn.QuickAck of both connections. nil: not called.
	Quicken func()
	// First is a channel that the engineer opened before Serve; it is served first. nil: none.
	First ssh.NewChannel
	Lang  string       // of the relay's own messages: "ja", "en"; empty: both
	Log   hclog.Logger // nil: silent
}

// Relay carries one session.
type Relay struct {
	cfg    Config
	log    hclog.Logger
	valve  valve
	places *places
	plain  bool // set by a benchmark only: SFTP without bounds is copied and not inspected
	client ssh.Conn
	target ssh.Conn

	fromClient *backlog
	fromTarget *backlog
	clientRate rate // of the client's refusals
	ruleRate   rate // of commands on which a live rule has an effect: each has an entry
	targetRate rate
	refusals   refusalLog

	broken    chan struct{} // closed when the relay has failed
	breakOnce sync.Once
	cause     error // the failure; set before broken is closed

	noMore chan struct{} // closed once no-more-sessions was asked for

	helds  atomic.Int64 // commands that were held
	asking atomic.Bool  // AskClient waits for an answer

	work sync.WaitGroup // every goroutine of the relay

	mu            sync.Mutex          // guards what follows
	channels      map[uint32]*channel // open or closing, by number
	next          uint32              // number of the next channel
	closing       bool                // no-more-sessions is in force
	early         []string            // notices from before the first terminal
	shown         bool                // a terminal was open once
	remarked      map[string]bool     // features whose refusal the engineer has read
	owed          []string            // remarks for the next session
	toldOfLostEnv bool                // a terminal has shown the dropped variables
	busy          int                 // channels with unfinished work
	idle          chan struct{}       // closed while busy is 0
	begun         bool                // a channel was opened once
	turnedAway    bool                // a channel of the engineer was rejected
	bye           *farewell           // Finish was called; nil: it was not
	lates         int                 // channels that came when nothing was relayed any more
}

// New makes a Relay. It does nothing until Serve.
func New(cfg Config) *Relay {
	if cfg.Env == nil {
		cfg.Env = []string{"LANG", "LC_*"}
	}
	if cfg.Clock == nil {
		cfg.Clock = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = hclog.NewNullLogger()
	}
	idle := make(chan struct{})
	close(idle)
	r := &Relay{
		cfg:      cfg,
		log:      cfg.Log,
		valve:    valve{inTime: cfg.InTime},
		broken:   make(chan struct{}),
		noMore:   make(chan struct{}, 1),
		channels: make(map[uint32]*channel),
		idle:     idle,
	}
	r.places = newPlaces(r)
	r.fromClient, r.fromTarget = newBacklog(r, clientSide), newBacklog(r, targetSide)
	return r
}

// Govern bounds each side's unread bytes: beyond the bound its connection is not read. Without Govern there is no such limit.
// Call it before Serve.
func (r *Relay) Govern(client, target *wire.Conn) {
	r.fromClient.govern(client)
	r.fromTarget.govern(target)
}

const (
	// drainLimit bounds the wait for output to reach the engineer after the target has ended a command or has gone.
	drainLimit = 2 * time.Second
	// answerLimit bounds the target's time to open a channel or to answer a request.
	answerLimit = 10 * time.Second
	// partLimit bounds the time in which a target that closed a channel without a status must show that it is still there.
	partLimit = 2 * time.Second
)

// Serve relays until the engineer's or the target's connection ends, the recorder fails, a limit is exceeded or ctx ends. It
// returns nil if the engineer's client had no work left or announced that it was leaving, ErrClientGone if the client
// vanished during work, ErrTargetGone, a *RecordingError, an *AbuseError, a *FaultError, or the cause of ctx. Nothing is
// relayed afterwards. The caller then closes both connections by force and calls Wait.
func (r *Relay) Serve(ctx context.Context,
	client ssh.Conn, clientChans <-chan ssh.NewChannel, clientReqs <-chan *ssh.Request,
	target ssh.Conn, targetChans <-chan ssh.NewChannel, targetReqs <-chan *ssh.Request,
) error {
	r.client, r.target = client, target
	clientGone, targetGone := make(chan error, 1), make(chan error, 1)
	// A connection's requests end with the connection, so Wait then returns at once.
	r.run(func() { r.serveClientRequests(clientReqs); clientGone <- client.Wait() })
	r.run(func() { r.serveTarget(targetChans, targetReqs); targetGone <- target.Wait() })
	r.run(func() { r.serveChannels(ctx, clientChans) })
	if r.cfg.Deliver != nil {
		beside, stop := context.WithCancel(ctx)
		defer stop()
		r.run(func() {
			r.cfg.Deliver(beside, func() (io.ReadWriteCloser, error) { return r.openSFTP() }, r.places.resolve)
		})
	}

	defer r.Stop()
	select {
	case <-r.broken:
		return r.cause
	case <-ctx.Done():
		return context.Cause(ctx)
	case err := <-clientGone:
		return r.clientEnd(err)
	case err := <-targetGone:
		return r.targetEnd(ctx, err, clientGone)
	}
}

// clientEnd distinguishes leaving from vanishing.
func (r *Relay) clientEnd(err error) error {
	if cause := r.failure(); cause != nil {
		return cause
	}
	r.mu.Lock()
	finished := r.begun || r.turnedAway // ssh -W leaves without a word when its forward is refused
	for _, c := range r.channels {
		// A client that has the exit status has its result, and may hang up before the target has closed the channel.
		finished = finished && (c.done.Load() || c.exited.Load())
	}
	r.mu.Unlock()
	if finished || isDisconnect(err) {
		return nil
	}
	return fmt.Errorf("%w (%w)", ErrClientGone, err)
}

// targetEnd waits until the target's last output has reached the engineer.
func (r *Relay) targetEnd(ctx context.Context, err error, clientGone <-chan error) error {
	r.mu.Lock()
	idle := r.idle
	r.mu.Unlock()
	limit := time.NewTimer(drainLimit)
	defer limit.Stop()
	select {
	case <-idle:
	case <-limit.C:
	case <-clientGone:
	case <-ctx.Done():
	case <-r.broken:
	}
	if cause := r.failure(); cause != nil {
		return cause
	}
	return fmt.Errorf("%w (%w)", ErrTargetGone, err)
}

// Wait returns when every goroutine of the relay has ended and the last refusals are recorded, or when ctx ends, also while a disk does not
// answer. Before:
// Serve has returned, both connections were closed by force, and the recorder is still open. An error says that goroutines
// still run. That is a fault, and the session's end must not wait for them. They relay nothing, and a closed recorder accepts
// nothing from them.
func (r *Relay) Wait(ctx context.Context) error {
	ended := make(chan struct{})
	go func() { r.work.Wait(); close(ended) }()
	var err error
	select {
	case <-ended:
	case <-ctx.Done():
		err = fmt.Errorf("relay: not all of it has ended: %w", context.Cause(ctx))
	}
	recorded := make(chan struct{})
	go func() { r.recordRest(); close(recorded) }()
	select {
	case <-recorded:
	case <-ctx.Done():
		if err == nil {
			err = fmt.Errorf("relay: the last refusals are not recorded: %w", context.Cause(ctx))
		}
	}
	return err
}

// Stop ends relaying at once and for good, in both directions: data not yet relayed stays unrelayed. Only the requests of
// Finish are still sent.
func (r *Relay) Stop() {
	r.valve.close()
	r.fromClient.look() // blocked readers may go on to the end
	r.fromTarget.look()
}

// Pause holds the engineer's input back, or releases it. Input typed meanwhile is neither recorded nor relayed until then.
func (r *Relay) Pause(held bool) { r.valve.hold(held) }

// Stall holds data of both directions back, or releases it: its recording does not become durable in time. What was read already is
// recorded and waits; nothing more is read, so that both peers are slowed down. Notices pass.
func (r *Relay) Stall(stalled bool) { r.valve.stall(stalled) }

// run runs work in a goroutine of the relay. The work handles untrusted data; a fault of ours there ends this session only,
// not the broker.
func (r *Relay) run(work func()) {
	r.work.Go(func() {
		defer r.catch()
		work()
	})
}

// catch turns a panic of the calling goroutine into the end of the session. It must be deferred directly.
func (r *Relay) catch() {
	if p := recover(); p != nil {
		r.log.Error("relay_panicked", "panic", p, "stack", string(debug.Stack()))
		r.fail(&FaultError{Panic: p})
	}
}

// targetAnswers asks the target for a sign of life. False: the target is gone, and Serve is about to return that. left ends
// the question early.
func (r *Relay) targetAnswers(left <-chan struct{}) bool {
	answered := make(chan bool, 1)
	r.work.Go(func() {
		_, _, err := r.target.SendRequest("keepalive@openssh.com", true, nil)
		answered <- err == nil
	})
	limit := time.NewTimer(partLimit)
	defer limit.Stop()
	select {
	case ok := <-answered:
		return ok
	case <-left:
		return true
	case <-r.broken:
	case <-limit.C:
		r.fail(ErrTargetGone)
	}
	return false
}

// AskClient asks the engineer's client for a sign of life, unless an answer is still outstanding. It does not wait: any byte
// from the client counts as an answer. It may be called while Serve runs.
func (r *Relay) AskClient() {
	if !r.asking.CompareAndSwap(false, true) {
		return
	}
	r.work.Go(func() {
		defer r.asking.Store(false)
		_, _, _ = r.client.SendRequest("keepalive@openssh.com", true, nil)
	})
}

// fail ends the relay with cause; only the first call counts.
func (r *Relay) fail(cause error) {
	r.breakOnce.Do(func() {
		r.cause = cause
		close(r.broken)
	})
	r.Stop()
}

// failure returns the cause given to fail, or nil.
func (r *Relay) failure() error {
	select {
	case <-r.broken:
		return r.cause
	default:
		return nil
	}
}

// event records an event. It returns false if the recorder failed, and the relay with it.
func (r *Relay) event(channel uint32, kind string, body any) bool {
	if err := r.cfg.Recorder.Event(channel, kind, body); err != nil {
		r.fail(&RecordingError{Err: err})
		return false
	}
	return true
}
