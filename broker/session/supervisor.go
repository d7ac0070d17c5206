package session

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"sort"
	"sync"
	"sync/atomic"
	"time"

	"filippo.io/age"
	"github.com/hashicorp/go-hclog"

	"sekimori/broker/accounts"
	"sekimori/broker/dial"
	"sekimori/broker/files"
	"sekimori/broker/keys"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
	"sekimori/recordings"
	"sekimori/recordings/live"
)

// Options holds the parts and settings of a Supervisor. Every field without a default named here is required.
type Options struct {
	DB          *store.DB
	Ring        *keys.Ring
	Dialer      *dial.Dialer
	Accounts    *accounts.Steward // looks after accounts on targets; nil: none does
	Dir         string            // recordings/, below it YYYY/MM/ID.skr
	Database    string            // directory of the database, whose disk is probed before an admission; empty: only that of the recordings is
	FS          recordings.FS     // nil: the operating system's
	OutputTo    []age.Recipient   // keys that open output: the viewing key and the auditors' keys
	InputTo     []age.Recipient   // keys that open input: offline keys only
	MinFree     uint64            // bytes; below it no one is admitted
	Clock       func() time.Time
	TargetClock func() time.Time     // the targets' clock; nil: Clock
	SinceBoot   func() time.Duration // since the machine was booted, its sleep included; nil: the system's
	Zone        *time.Location
	GateName    string         // the host that engineers type after the @; empty: gate
	Recheck     time.Duration  // how often every live session is judged again; 0: three seconds
	Answer      time.Duration  // how often the client's silence is checked, and the client asked; 0: 15 seconds. After five in vain it is lost
	Sync        time.Duration  // within which a sync of each recorded write begins; 0: 200 ms
	Env         []string       // names an engineer may set; nil: LANG and LC_*
	Connections int            // most connections of one person at a time; 0: policy's default
	Sources     []netip.Prefix // of the broker, as targets behind an address translation see it; nil: its own addresses only
	Doors       []string       // the broker's own listeners (policy.Runtime.Doors)
	WaitingRoom time.Duration  // how early people may wait for the start; 0: policy's default
	Files       *files.Gate    // holds files; nil: sessions whose files are to be held move none
	// Lines gives what is known of all lines now, by system (interlock.Switch.Lines). Nil: all are unknown.
	Lines func() map[string]policy.Line
	Log   hclog.Logger
}

// Supervisor supervises every live session.
type Supervisor struct {
	o Options
	// unkept is why a recording or an entry last failed, until TakeUnkept takes it.
	unkept atomic.Pointer[string]
	syncer *recordings.Syncer // makes the recordings of all sessions durable
	clock  clockMonitor
	space  space
	trim   trim

	windows windows
	acts    endingActs
	waiting waitingRoom

	notes struct {
		mu   sync.Mutex    // guards list
		list []pauseNote   // pauses that are not in the ledger yet
		wake chan struct{} // capacity 1
	}
	look chan struct{} // Heard was called; capacity 1

	mu          sync.Mutex      // guards live, pendingEnds, closed, heard
	heard       map[string]bool // windows whose attendant sent a heartbeat since the last look
	live        map[string]*session
	pendingEnds map[string]pendingEnd // ends whose entry could not be written yet, by session
	closed      bool

	running sync.WaitGroup // one for each session in Run
	waits   waits          // named work of sessions and of the supervisor, for a stop that runs out of time
	stop    context.CancelFunc
	done    chan struct{}

	lastWrites time.Duration // of Close
}

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
		o.Sync = 200 * time.Millisecond
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
		o: o, syncer: recordings.NewSyncer(o.Sync), live: map[string]*session{}, pendingEnds: map[string]pendingEnd{},
		space: space{dir: o.Dir, database: o.Database, minFree: o.MinFree}, stop: stop, done: make(chan struct{}), lastWrites: lastWrites,
		look: make(chan struct{}, 1), heard: map[string]bool{},
	}
	s.windows.all = map[string]*windowLog{}
	s.space.disks.clock, s.space.disks.places = o.Clock, []place{{o.Dir, cmp.Or(o.FS, recordings.OS())}}
	if o.Database != "" {
		s.space.disks.places = append(s.space.disks.places, place{o.Database, recordings.OS()})
	}
	s.notes.wake = make(chan struct{}, 1)
	if err := s.observeLastEntry(ctx); err != nil {
		stop()
		return nil, err
	}
	if err := s.space.keep(); err != nil {
		o.Log.Warn("reserve_not_kept", "error", err)
	}
	o.DB.WhenFull(s.giveRoom)
	changed := o.DB.Changed()
	go func() {
		defer close(s.done)
		defer changed.Stop()
		var beside sync.WaitGroup
		notes, looks := s.waits.begin("the supervisor's pauses"), s.waits.begin("the supervisor's looks at the sessions")
		beside.Go(func() { defer notes.over(); s.writePauses(ctx) })
		s.supervise(ctx, changed, looks)
		looks.over()
		beside.Wait()
	}()
	return s, nil
}

// observeLastEntry takes the time of the ledger's last entry as one that the clock has shown: a restart of the broker
// must not forget it.
func (s *Supervisor) observeLastEntry(ctx context.Context) error {
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

// Facts gives Decide's facts about a person now: one read transaction, and the state of the clock,
// the recorder and the lines.
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

// facts adds the facts that no row holds.
func (s *Supervisor) facts(snap *store.Snap, person string) (policy.Facts, error) {
	f, err := snap.Facts(person)
	if err != nil {
		return policy.Facts{}, fmt.Errorf("facts: %w", err)
	}
	f.WaitingRoom, f.Connections, f.Runtime = s.o.WaitingRoom, s.o.Connections, s.Runtime()
	return f, nil
}

// supervise judges the live sessions that a commit may concern. It judges all of them every few seconds and when a verdict changes by
// itself, and those of a window after its attendant's heartbeat.
func (s *Supervisor) supervise(ctx context.Context, changed *store.Changes, looks *wait) {
	tick := time.NewTicker(s.o.Recheck)
	defer tick.Stop()
	next := time.NewTimer(time.Hour)
	defer next.Stop()
	for {
		looks.at("idle")
		select {
		case <-ctx.Done():
			return
		case <-s.look:
			looks.at("after a heartbeat")
			s.recheckOf(ctx, s.takeHeard())
			s.sleep(next)
			continue
		case <-changed.C:
			looks.at("after a commit")
			s.recheckAfter(ctx, changed.Take())
			s.sleep(next)
			continue
		case <-next.C:
		case <-tick.C:
			looks.at("write the kept ends")
			s.writePendingEnds(ctx)
		}
		looks.at("all sessions")
		s.recheck(ctx, s.sessions())
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

// Heard reports a heartbeat of a window's attendant. A heartbeat makes no commit that would wake the supervisor. The window's sessions
// are judged at once, and pauses over the attendant's absence end.
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

	Masked int64 `json:"masked,omitempty"` // how many numbers were masked so far

	Paused policy.PauseCause `json:"paused,omitempty"`                // why input is held back; apart from Behind
	Behind time.Time         `json:"recording_behind_since,omitzero"` // output is held back too, because the recording lags; zero: it does not
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

// Recording reports whether a session is under way, or over with its end not yet in the ledger, and the file of its recording below
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
	o, live := s.pendingEnds[id]
	return o.file, live
}

// TakeUnkept gives why a recording or an entry failed since the last call; empty: none failed.
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

// Runtime holds the facts that no row holds, for callers outside a session.
func (s *Supervisor) Runtime() policy.Runtime {
	return policy.Runtime{Clock: s.clock.observe(s.o.Clock()), Recorder: s.space.state(), Doors: s.o.Doors, Lines: s.lines()}
}

func (s *Supervisor) lines() map[string]policy.Line {
	if s.o.Lines == nil {
		return nil
	}
	return s.o.Lines()
}

// LineChanged judges the sessions on a system anew after its line changed. It reads nothing from the store, so that a store that is held
// up prolongs no session on a lost line.
func (s *Supervisor) LineChanged(system string) {
	for _, l := range s.sessions() {
		if l.system.ID == system {
			l.judgeKnown()
		}
	}
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
// Errors: store.ErrNotLive.
func (s *Supervisor) End(id string, reason policy.Reason, by ledger.Actor, note string) error {
	l := s.find(id)
	if l == nil {
		return store.ErrNotLive
	}
	l.end(Cause{Reason: reason, Args: map[string]string{"reason": note}, Actor: by, Note: note})
	return nil
}

// Message shows an attendant's words on the terminals of a live session. The caller has decided and ledgered it. It does not wait.
// Errors: store.ErrNotLive.
func (s *Supervisor) Message(id, words string) error {
	l := s.find(id)
	if l == nil {
		return store.ErrNotLive
	}
	l.say("message", messageNotice(words))
	return nil
}

// Watch lets a person see a live session's output. The caller has decided and ledgered it;
// the engineer is told how many watch. stop must be called when the watching ends.
// Errors: store.ErrNotLive.
func (s *Supervisor) Watch(id string) (v *live.Watcher, stop func(), err error) {
	l := s.find(id)
	if l == nil {
		return nil, nil, store.ErrNotLive
	}
	v = l.feed.Watch(0)
	leave := l.watched()
	return v, sync.OnceFunc(func() {
		v.Close()
		leave()
	}), nil
}
