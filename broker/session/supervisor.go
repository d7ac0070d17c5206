package session

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"sort"
	"sync"
	"sync/atomic"
	"time"

	"filippo.io/age"
	"github.com/hashicorp/go-hclog"

	"sekimori/broker/dial"
	"sekimori/broker/keys"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
	"sekimori/recordings"
	"sekimori/recordings/live"
)

// Options is what a Supervisor needs. Every field without a default named here is required.
type Options struct {
	DB          *store.DB
	Ring        *keys.Ring
	Dialer      *dial.Dialer
	Dir         string          // recordings/, below it YYYY/MM/ID.skr
	FS          recordings.FS   // nil: the operating system's
	OutputTo    []age.Recipient // who may open output: the viewing key and the auditors' keys
	InputTo     []age.Recipient // who may open input: offline keys only
	MinFree     uint64          // bytes; below it nobody is admitted
	Clock       func() time.Time
	TargetClock func() time.Time     // what the targets' clocks show; nil: Clock
	SinceBoot   func() time.Duration // since the machine was booted, its sleep included; nil: the system's
	Zone        *time.Location
	GateName    string        // the host that engineers type after the @; empty: gate
	Recheck     time.Duration // how often every live session is judged again; 0: three seconds
	Answer      time.Duration // how often the engineer's client is listened for, and asked; 0: 15 seconds. After five in vain it is lost
	Sync        time.Duration // how often recordings are made durable; 0: one second
	Env         []string      // names an engineer may set; nil: LANG and LC_*
	Connections int           // most connections of one person at a time; 0: policy's default
	WaitingRoom time.Duration // how early people may wait for the start; 0: policy's default
	Log         hclog.Logger
}

// Supervisor watches over every live session.
type Supervisor struct {
	o Options
	// unkept is why a recording or an entry could not be kept last, until TakeUnkept takes it.
	unkept atomic.Pointer[string]
	clock  clockwatch
	space  space
	trim   trim

	windows windows

	notes struct {
		mu   sync.Mutex    // guards list
		list []pauseNote   // pauses that are not in the ledger yet
		wake chan struct{} // capacity 1
	}
	look chan struct{} // Heard was called; capacity 1

	mu     sync.Mutex      // guards live, owed, closed, heard
	heard  map[string]bool // windows whose attendant was heard of since the last look
	live   map[string]*session
	owed   map[string]owedEnd // ends whose entry could not be written yet, by session
	closed bool

	running sync.WaitGroup // one for each session in Run
	stop    context.CancelFunc
	done    chan struct{}
}

// ErrNotLive says that no session of that number is under way.
var ErrNotLive = errors.New("no such live session")

// New starts a supervisor. Close ends it.
func New(o Options) (*Supervisor, error) {
	if len(o.OutputTo) == 0 || len(o.InputTo) == 0 {
		return nil, errors.New("recordings need a key for output and an offline key for input")
	}
	if o.TargetClock == nil {
		o.TargetClock = o.Clock
	}
	if o.Recheck == 0 {
		o.Recheck = 3 * time.Second
	}
	if o.Answer == 0 {
		o.Answer = answerEvery
	}
	if o.Sync == 0 {
		o.Sync = time.Second
	}
	if o.SinceBoot == nil {
		o.SinceBoot = sinceBoot
	}
	if o.Env == nil {
		o.Env = []string{"LANG", "LC_*"}
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("directory of recordings: %w", err)
	}
	ctx, stop := context.WithCancel(context.Background())
	s := &Supervisor{
		o: o, live: map[string]*session{}, owed: map[string]owedEnd{},
		space: space{dir: o.Dir, minFree: o.MinFree}, stop: stop, done: make(chan struct{}),
		look: make(chan struct{}, 1), heard: map[string]bool{},
	}
	s.windows.all = map[string]*told{}
	s.notes.wake = make(chan struct{}, 1)
	if err := s.remember(ctx); err != nil {
		stop()
		return nil, err
	}
	if err := s.space.keep(); err != nil {
		o.Log.Warn("reserve_not_kept", "error", err)
	}
	changed, cancel := o.DB.Changed()
	go func() {
		defer close(s.done)
		defer cancel()
		var beside sync.WaitGroup
		beside.Go(func() { s.scribe(ctx) })
		s.supervise(ctx, changed)
		beside.Wait()
		s.trim.end()
	}()
	return s, nil
}

// remember takes the time of the ledger's last entry as one that the clock has shown: what it showed before the broker was stopped
// must not be forgotten by starting it again.
func (s *Supervisor) remember(ctx context.Context) error {
	return s.o.DB.Read(ctx, func(snap *store.Snap) error {
		for e, err := range snap.Entries(store.EntryFilter{Newest: true, Limit: 1}) {
			if err != nil {
				return fmt.Errorf("read the ledger's last entry: %w", err)
			}
			s.clock.observe(e.Time)
			if now := s.o.Clock(); s.clock.observe(now) != policy.ClockTrusted {
				s.o.Log.Error("clock_behind_the_ledger", "clock", now, "last_entry", e.Time)
			}
		}
		return nil
	})
}

// Facts is what Decide may know of a person now: one read transaction and the state of the clock
// and the recorder. The line stays unknown, which denies wherever a system asks for one.
func (s *Supervisor) Facts(ctx context.Context, person string) (policy.Facts, error) {
	var f policy.Facts
	err := s.o.DB.Read(ctx, func(snap *store.Snap) (err error) {
		f, err = s.facts(snap, person)
		return err
	})
	return f, err
}

// MostConnections is how many connections one person may have at a time.
func (s *Supervisor) MostConnections() int {
	return cmp.Or(s.o.Connections, policy.DefaultConnections)
}

// facts adds what no row can say.
func (s *Supervisor) facts(snap *store.Snap, person string) (policy.Facts, error) {
	f, err := snap.Facts(person)
	if err != nil {
		return policy.Facts{}, fmt.Errorf("facts: %w", err)
	}
	f.WaitingRoom, f.Connections, f.Runtime = s.o.WaitingRoom, s.o.Connections, s.Runtime()
	return f, nil
}

// supervise judges every live session on each commit, every few seconds, and when a verdict changes by itself; those of
// a window when its attendant was heard of.
func (s *Supervisor) supervise(ctx context.Context, changed <-chan struct{}) {
	tick := time.NewTicker(s.o.Recheck)
	defer tick.Stop()
	next := time.NewTimer(time.Hour)
	defer next.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.look:
			s.recheck(ctx, s.takeHeard())
			s.sleep(next)
			continue
		case <-changed:
		case <-next.C:
		case <-tick.C:
			s.payOwed(ctx)
		}
		s.recheck(ctx, nil)
		s.sleep(next)
	}
}

// sleep sets the timer to the earliest instant at which a verdict changes by itself. Beyond the next tick it does not matter.
func (s *Supervisor) sleep(next *time.Timer) {
	now, wait := s.o.Clock(), time.Hour
	for _, l := range s.sessions() {
		if at := l.next.Load(); at != 0 {
			wait = min(wait, time.Unix(0, at).Sub(now))
		}
	}
	next.Reset(max(wait, time.Millisecond))
}

// Heard says that the attendant of a window was heard of, which is kept without a commit that would wake anybody: its sessions
// are judged at once, and what was paused for want of an attendant goes on.
func (s *Supervisor) Heard(window string) {
	s.mu.Lock()
	s.heard[window] = true
	s.mu.Unlock()
	select {
	case s.look <- struct{}{}:
	default:
	}
}

func (s *Supervisor) takeHeard() map[string]bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	heard := s.heard
	s.heard = map[string]bool{}
	return heard
}

func (s *Supervisor) sessions() []*session {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]*session, 0, len(s.live))
	for _, l := range s.live {
		out = append(out, l)
	}
	return out
}

// owedEnd is an end that is not in the ledger yet.
type owedEnd struct {
	pay  func(context.Context) error
	file string // of the recording; empty: there is none
}

// payOwed writes the ends that could not be written when they happened, for instance because
// the disk was full.
func (s *Supervisor) payOwed(ctx context.Context) {
	s.mu.Lock()
	owed := maps.Clone(s.owed)
	s.mu.Unlock()
	for id, o := range owed {
		if err := o.pay(ctx); err != nil {
			s.o.Log.Error("session_end_not_ledgered", "session", id, "error", err)
			continue
		}
		s.mu.Lock()
		delete(s.owed, id)
		s.mu.Unlock()
	}
	if len(owed) == 0 {
		if err := s.space.keep(); err != nil {
			s.o.Log.Warn("reserve_not_kept", "error", err)
		}
	}
}

// Info describes a live session.
type Info struct {
	ID       string    `json:"session_id"`
	Person   string    `json:"engineer"`
	Vendor   string    `json:"vendor"`
	System   string    `json:"system"`
	Target   string    `json:"target"`
	Account  string    `json:"account"`
	Request  string    `json:"request_no"`
	Window   string    `json:"window"`
	Source   string    `json:"source"`
	Started  time.Time `json:"started_at,omitzero"` // zero: the target was not reached yet
	Until    time.Time `json:"until"`
	Watchers int       `json:"watchers"`
	NoAnswer time.Time `json:"no_answer_since,omitzero"` // the client has not been heard of since; zero: it is

	Paused policy.PauseCause `json:"paused,omitempty"` // why input is held back
}

// Live lists the sessions under way, oldest number first.
func (s *Supervisor) Live() []Info {
	var out []Info
	for _, l := range s.sessions() {
		out = append(out, l.info())
	}
	sort.Slice(out, func(i, j int) bool { return out[i].ID < out[j].ID })
	return out
}

// find gives a live session; nil: there is none of that number.
func (s *Supervisor) find(id string) *session {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.live[id]
}

// Recording tells whether a session is under way, or is over and its end is still owed to the ledger, and the file of its recording below
// the directory of recordings; empty: not begun.
func (s *Supervisor) Recording(id string) (file string, live bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if l := s.live[id]; l != nil {
		if l.rec.Load() == nil {
			return "", true
		}
		return l.file(), true
	}
	o, live := s.owed[id]
	return o.file, live
}

// TakeUnkept tells why a recording or an entry could not be kept since it was asked last; empty: none failed.
func (s *Supervisor) TakeUnkept() string {
	if why := s.unkept.Swap(nil); why != nil {
		return *why
	}
	return ""
}

func (s *Supervisor) notKept(err error) {
	why := noteOf(err)
	s.unkept.Store(&why)
}

// Runtime is what no row can say of now, for those who ask outside a session.
func (s *Supervisor) Runtime() policy.Runtime {
	return policy.Runtime{Clock: s.clock.observe(s.o.Clock()), Recorder: s.space.state()}
}

// EndWindow cuts the live sessions of a window at once, as End does.
func (s *Supervisor) EndWindow(window string, reason policy.Reason, by ledger.Actor, note string) {
	for _, l := range s.sessions() {
		if l.grant.Window.ID == window {
			l.end(Cause{Reason: reason, Args: map[string]string{"reason": note}, Actor: by, Note: note})
		}
	}
}

// EndPerson cuts the live sessions of a person at once, as End does: those that a key opened; all of them for an empty
// fingerprint.
func (s *Supervisor) EndPerson(person, fingerprint string, reason policy.Reason, by ledger.Actor, note string) {
	for _, l := range s.sessions() {
		if l.a.Person.ID == person && (fingerprint == "" || l.a.Fingerprint == fingerprint) {
			l.end(Cause{Reason: reason, Args: map[string]string{"reason": note}, Actor: by, Note: note})
		}
	}
}

// End cuts a live session at once. The caller has decided that by may do so; the entry
// session.ended names by and note. It returns when the end was begun, not when it is complete.
// Errors: ErrNotLive.
func (s *Supervisor) End(id string, reason policy.Reason, by ledger.Actor, note string) error {
	l := s.find(id)
	if l == nil {
		return ErrNotLive
	}
	l.end(Cause{Reason: reason, Args: map[string]string{"reason": note}, Actor: by, Note: note})
	return nil
}

// Watch lets somebody see a live session's output. The caller has decided and ledgered it;
// the engineer is told how many look on. stop must be called when the watching ends.
// Errors: ErrNotLive.
func (s *Supervisor) Watch(id string) (v *live.Watcher, stop func(), err error) {
	l := s.find(id)
	if l == nil {
		return nil, nil, ErrNotLive
	}
	v = l.feed.Watch(0)
	l.watchers.Add(1)
	l.tellWatchers()
	return v, sync.OnceFunc(func() {
		v.Close()
		l.watchers.Add(-1)
		l.tellWatchers()
	}), nil
}

// lastWrites is how long Close may take, after its waiting, to write what is owed to the ledger and to stop.
const lastWrites = 3 * time.Second

// Close ends every session as a planned stop, waits until each is sealed and ledgered or ctx is
// over, and stops the supervisor. It returns within lastWrites after that.
func (s *Supervisor) Close(ctx context.Context) error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	for _, l := range s.sessions() {
		l.end(Cause{Reason: policy.BrokerStopped, Actor: broker})
	}
	ended := make(chan struct{})
	go func() { s.running.Wait(); close(ended) }()
	var err error
	select {
	case <-ended:
	case <-ctx.Done():
		err = fmt.Errorf("sessions still ending: %w", context.Cause(ctx))
	}
	// What other sessions left owed is written also where one did not end in time.
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWrites)
	defer cancel()
	s.payOwed(last)
	s.writeNotes(last)
	s.stop()
	select {
	case <-s.done:
	case <-last.Done():
		err = errors.Join(err, fmt.Errorf("supervisor still working: %w", context.Cause(last)))
	}
	return err
}
