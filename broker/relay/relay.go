package relay

import (
	"context"
	"errors"
	"fmt"
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

// How Serve ends by itself.
var (
	ErrClientGone = errors.New("relay: the engineer's connection broke off")
	ErrTargetGone = errors.New("relay: the target's connection is gone")
)

// RecordingError says that the recorder failed. Nothing was relayed after it.
type RecordingError struct{ Err error }

func (e *RecordingError) Error() string { return "relay: recording failed: " + e.Err.Error() }

// Unwrap gives the recorder's error.
func (e *RecordingError) Unwrap() error { return e.Err }

// AbuseError says that one side went beyond a limit that no honest one comes near
// (policy.ProtocolAbuse).
type AbuseError struct {
	Side string // "client" or "target"
	What string // which limit
}

func (e *AbuseError) Error() string {
	return "relay: protocol abuse by the " + e.Side + ": " + e.What
}

// FaultError says that the relay itself is at fault: one of its goroutines panicked. The session
// ends, and nobody else's.
type FaultError struct{ Panic any }

func (e *FaultError) Error() string { return fmt.Sprintf("relay: fault: %v", e.Panic) }

// Config is what a Relay needs. Recorder, Decide and Refuse are required.
type Config struct {
	// Recorder takes everything before it is relayed.
	Recorder *recordings.Writer
	// Decide is asked for each channel once it says what it is, and again when the target is ready to start it. It may
	// take its time, and waits while input is held back.
	Decide func(ctx context.Context, kind policy.ChannelKind) policy.Decision
	// Refuse gives the lines for the engineer, "\n" ends, and the exit status of a denial.
	Refuse func(policy.Decision) (text string, exit int)
	// Env names the environment variables that may pass; a trailing * stands for any ending.
	// nil: LANG and LC_*.
	Env []string
	// InTime is asked before each piece, request and channel is handed on, in both directions. False: the session's
	// time is over and nothing passes any more; to end Serve is the caller's business. It must be quick. nil: no limit.
	InTime func() bool
	// OnActivity is called for what counts against idleness: a channel that starts, every piece of
	// input and every signal before it is relayed, and on channels other than a shell every piece of
	// output after it. What a shell prints shows no person at the keys; a download or a command that reports is work. It
	// must be quick.
	OnActivity func()
	// OnRefused is called for each refusal of a feature that the engineer asked for, for the ledger. feature comes from a
	// list: a policy.ChannelKind, "env", "channel" or "request". It must be quick. nil: nobody wants to know.
	OnRefused func(feature string, reason policy.Reason)
	// Clock gives the time that rates are measured by. nil: the machine's.
	Clock func() time.Time
	// Quicken is called when a channel opens or ends, where acknowledgements should not be
	// delayed: the session passes wire.Conn.QuickAck of both connections. nil: not done.
	Quicken func()
	// First is a channel that the engineer asked for before Serve, to be served before those of
	// Serve. nil: there is none.
	First ssh.NewChannel
	Lang  string       // of what the relay itself says: "ja", "en"; empty: both
	Log   hclog.Logger // nil: silent
}

// Relay carries one session.
type Relay struct {
	cfg    Config
	log    hclog.Logger
	valve  valve
	client ssh.Conn
	target ssh.Conn

	fromClient *backlog
	fromTarget *backlog
	clientRate rate // of refusals
	targetRate rate
	refusals   refusalLog

	broken    chan struct{} // closed when the relay has failed
	breakOnce sync.Once
	cause     error // why; set before broken is closed

	noMore chan struct{} // no-more-sessions was asked for

	asking atomic.Bool // AskClient awaits an answer

	work sync.WaitGroup // every goroutine of the relay

	mu       sync.Mutex          // guards what follows
	channels map[uint32]*channel // open or closing, by number
	next     uint32              // number of the next channel
	closing  bool                // no-more-sessions was asked for and holds
	early    []string            // notices from before the first terminal
	shown    bool                // there was a terminal
	remarked map[string]bool     // features whose refusal the engineer was told of
	owed     []string            // remarks for the next session
	saidLost bool                // a terminal was told of variables that were dropped
	busy     int                 // channels whose work is not finished
	idle     chan struct{}       // closed while busy is 0
	begun    bool                // a channel was opened
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
	r.fromClient, r.fromTarget = newBacklog(r, clientSide), newBacklog(r, targetSide)
	return r
}

// Govern bounds what each side may send that is not taken: its connection is read from no further. Without it there is no
// such limit. It must be called before Serve.
func (r *Relay) Govern(client, target *wire.Conn) {
	r.fromClient.govern(client)
	r.fromTarget.govern(target)
}

const (
	// drainLimit is how long output may take to reach the engineer after the target has ended a
	// command or has gone.
	drainLimit = 2 * time.Second
	// answerLimit is how long a target may take to open a channel or to answer a request.
	answerLimit = 10 * time.Second
	// partLimit is how long a target that ended a channel without a word may take to show that it
	// is still there.
	partLimit = 2 * time.Second
)

// Serve relays until the engineer's or the target's connection is gone, the recorder fails, a
// limit is broken or ctx ends, and says which: nil where the engineer's client had no work left
// or said that it was leaving, ErrClientGone where it vanished in the middle, ErrTargetGone, a
// *RecordingError, an *AbuseError, or the cause of ctx. Nothing is relayed after it returns. The caller then
// closes both connections by force and calls Wait.
func (r *Relay) Serve(ctx context.Context,
	client ssh.Conn, clientChans <-chan ssh.NewChannel, clientReqs <-chan *ssh.Request,
	target ssh.Conn, targetChans <-chan ssh.NewChannel, targetReqs <-chan *ssh.Request,
) error {
	r.client, r.target = client, target
	clientGone, targetGone := make(chan error, 1), make(chan error, 1)
	// A connection's requests end when the connection does, so that Wait then answers at once.
	r.run(func() { r.serveClientRequests(clientReqs); clientGone <- client.Wait() })
	r.run(func() { r.serveTarget(targetChans, targetReqs); targetGone <- target.Wait() })
	r.run(func() { r.serveChannels(ctx, clientChans) })

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

// clientEnd tells leaving from vanishing.
func (r *Relay) clientEnd(err error) error {
	if cause := r.failure(); cause != nil {
		return cause
	}
	r.mu.Lock()
	finished := r.begun
	for _, c := range r.channels {
		// A client that was told the exit status has what it came for, and may hang up before the
		// target has closed the channel.
		finished = finished && (c.done.Load() || c.exited.Load())
	}
	r.mu.Unlock()
	if finished || saidGoodbye(err) {
		return nil
	}
	return fmt.Errorf("%w (%w)", ErrClientGone, err)
}

// targetEnd gives what the target sent before it went the time to reach the engineer.
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

// Wait returns when every goroutine of the relay has ended, or when ctx has, and the last refusals are recorded. Serve must have
// returned, both connections must have been closed by force, and the recorder must still be open. An error says that goroutines
// go on: a fault, for which the session's end must not wait. They relay nothing, and a recorder that is closed takes nothing of them.
func (r *Relay) Wait(ctx context.Context) error {
	ended := make(chan struct{})
	go func() { r.work.Wait(); close(ended) }()
	var err error
	select {
	case <-ended:
	case <-ctx.Done():
		err = fmt.Errorf("relay: not all of it has ended: %w", context.Cause(ctx))
	}
	r.recordRest()
	return err
}

// Stop ends relaying, at once and for good, in both directions: no data is handed on that was
// not handed on before. Requests other than those of Finish are not passed either.
func (r *Relay) Stop() {
	r.valve.close()
	r.fromClient.look() // whoever is held up may go on to the end
	r.fromTarget.look()
}

// Pause holds the engineer's input back, or lets it go on. What was typed meanwhile is neither
// recorded nor relayed before.
func (r *Relay) Pause(held bool) { r.valve.hold(held) }

// run does work in a goroutine of the relay's. What it meets was sent by peers that nobody vouches
// for; a fault of ours in handling it ends this session and not the broker.
func (r *Relay) run(work func()) {
	r.work.Go(func() {
		defer r.catch()
		work()
	})
}

// catch makes a panic of the calling goroutine the end of the session. It must be deferred itself.
func (r *Relay) catch() {
	if p := recover(); p != nil {
		r.log.Error("relay_panicked", "panic", p, "stack", string(debug.Stack()))
		r.fail(&FaultError{Panic: p})
	}
}

// targetAnswers asks the target whether it is still there. False: it is not, and Serve is about to
// say so. left ends the question early.
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

// AskClient asks the engineer's client whether it is still there, unless an answer is still awaited. It does not wait: an answer is a
// byte that is read. It may be called while Serve runs.
func (r *Relay) AskClient() {
	if !r.asking.CompareAndSwap(false, true) {
		return
	}
	r.work.Go(func() {
		defer r.asking.Store(false)
		_, _, _ = r.client.SendRequest("keepalive@openssh.com", true, nil)
	})
}

// fail ends the relay with cause, the first time.
func (r *Relay) fail(cause error) {
	r.breakOnce.Do(func() {
		r.cause = cause
		close(r.broken)
	})
	r.Stop()
}

// failure returns the cause of fail, or nil.
func (r *Relay) failure() error {
	select {
	case <-r.broken:
		return r.cause
	default:
		return nil
	}
}

// event records what is no data. It reports whether the recorder took it; where it did not, the
// relay has failed.
func (r *Relay) event(channel uint32, kind string, body any) bool {
	if err := r.cfg.Recorder.Event(channel, kind, body); err != nil {
		r.fail(&RecordingError{Err: err})
		return false
	}
	return true
}
