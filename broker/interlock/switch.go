package interlock

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"sekimori/broker/act"
	"sekimori/broker/ledger"
	"sekimori/broker/rules"
	"sekimori/broker/store"
	"sekimori/policy"
)

// Options are the arguments of New. DB and Acts are required.
type Options struct {
	DB    *store.DB
	Acts  *act.Runner
	Clock func() time.Time // nil: the machine's
	// Changed is called after the verdict on a system's line changed, without waiting for a commit. Nil: nothing is told.
	Changed func(system string)
	// Every is how often an open line is looked at; 0: a second. A closed one is looked at every fifteenth time.
	Every time.Duration
	Stale time.Duration // how old the last look at an open line may be; 0: three intervals
	Lease time.Duration // how long a driven maintenance line stays on without being renewed; 0: ten seconds
	// Settle is how long an act waits until the line is seen to be as it was ordered; 0: twelve seconds. Three looks in a row must fail
	// before a side counts as down.
	Settle time.Duration
	Log    hclog.Logger // nil: none
	// Simulated drives each line whose rule says "simulated", and answers its simulated probes. Nil: such a line is unknown.
	Simulated Driver
	// Drive makes the driver of a system; nil: of its rule. Tests bring their own.
	Drive func(*rules.System) (Driver, error)
	// Look runs a probe; nil: for real. Tests bring their own.
	Look func(context.Context, rules.Probe) (policy.LineSide, error)
}

// Switch watches all lines and moves those that have a driver. It is safe for concurrent use.
type Switch struct {
	o      Options
	cancel context.CancelFunc
	done   sync.WaitGroup

	reading sync.Mutex // held from a reading of the store until it is taken over; before mu

	mu    sync.Mutex // guards lines
	lines map[string]*line
}

// The broker as an actor, by itself.
var broker = ledger.Actor{Kind: "broker", Via: "timer"}

// idleRounds is how many looks pass between two at a closed line.
const idleRounds = 15

// New starts the watch; Close ends it. Reconcile comes first.
func New(o Options) *Switch {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Every == 0 {
		o.Every = time.Second
	}
	if o.Stale == 0 {
		o.Stale = 3 * o.Every
	}
	if o.Lease == 0 {
		o.Lease = Lease
	}
	if o.Settle == 0 {
		o.Settle = 12 * time.Second
	}
	if o.Log == nil {
		o.Log = hclog.NewNullLogger()
	}
	if o.Drive == nil {
		o.Drive = o.driverOf
	}
	if o.Look == nil {
		o.Look = o.look
	}
	if o.Changed == nil {
		o.Changed = func(string) {}
	}
	return &Switch{o: o, lines: map[string]*line{}}
}

// Start begins the watch over the lines.
func (s *Switch) Start() {
	ctx, cancel := context.WithCancel(context.Background())
	s.cancel = cancel
	s.done.Go(func() { s.refreshing(ctx) })
	s.done.Go(func() { s.guarding(ctx) })
}

// Close takes every driven maintenance line off and ends the watch. The office network stays cut until the next start looks at it.
func (s *Switch) Close(ctx context.Context) error {
	if s.cancel == nil {
		return nil
	}
	s.cancel()
	ended := make(chan struct{})
	go func() { s.done.Wait(); close(ended) }()
	select {
	case <-ended:
	case <-ctx.Done():
		return fmt.Errorf("lines still watched: %w", context.Cause(ctx))
	}
	var errs []error
	for _, l := range s.all() {
		if l.driver == nil {
			continue
		}
		if read, err := l.driver.Look(ctx); err == nil && read.Maintenance == policy.SideDown {
			continue
		}
		if err := l.driver.Do(ctx, Off, 0); err != nil {
			errs = append(errs, fmt.Errorf("line of %s: %w", l.id, err))
		}
	}
	return errors.Join(errs...)
}

func (s *Switch) all() []*line {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Collect(maps.Values(s.lines))
}

func (s *Switch) line(system string) *line {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lines[system]
}

// Lines gives what is known of all lines now, by system. A line whose look does not come back is unknown.
func (s *Switch) Lines() map[string]policy.Line {
	out := map[string]policy.Line{}
	for _, l := range s.all() {
		out[l.id] = l.verdict()
	}
	return out
}

// Shown is a line for people.
type Shown struct {
	Line   policy.Line
	Driver string
	Why    string // why the driver or a probe cannot look; empty: they can
	Probes []ProbeShown
}

// ProbeShown is a probe for people.
type ProbeShown struct {
	Words    string
	Saw      policy.LineSide
	Proven   bool
	Up, Down time.Time // when it was last seen to succeed and to fail
	Why      string
}

// Show gives a line for people; false: the system has none.
func (s *Switch) Show(system string) (Shown, bool) {
	l := s.line(system)
	if l == nil {
		return Shown{}, false
	}
	return l.shown(s.o.Clock()), true
}

// refreshing reads rules and rows, and starts and ends the watch over each line.
func (s *Switch) refreshing(ctx context.Context) {
	tick := time.NewTicker(s.o.Every)
	defer tick.Stop()
	for {
		if err := s.refresh(ctx); err != nil && ctx.Err() == nil {
			s.o.Log.Error("lines_not_read", "error", err)
		}
		select {
		case <-ctx.Done():
			for _, l := range s.all() {
				l.stop()
				<-l.ended
			}
			return
		case <-tick.C:
		}
	}
}

// state is what the store says of one line.
type state struct {
	system rules.System
	row    store.WindowLine // zero: the line is closed
	window store.Window     // of the row
	live   bool             // a session of the window has not ended
	test   store.LineTest   // the last
}

// over is when the window of the row was over; zero: it is not.
func (st *state) over(now time.Time) time.Time {
	end := st.window.End
	if !st.window.ClosedAt.IsZero() && st.window.ClosedAt.Before(end) {
		end = st.window.ClosedAt
	}
	if now.Before(end) && st.window.State.Usable() {
		return time.Time{}
	}
	return end
}

// states reads the store.
func (s *Switch) states(snap *store.Snap) (map[string]*state, []store.LineProbe, error) {
	systems, err := snap.Systems()
	if err != nil {
		return nil, nil, fmt.Errorf("read systems: %w", err)
	}
	all := map[string]*state{}
	for _, sys := range systems {
		if sys.Line == policy.LineNone {
			continue
		}
		st := &state{system: sys}
		if st.test, err = snap.LastLineTest(sys.ID); err != nil && !errors.Is(err, store.ErrNotFound) {
			return nil, nil, fmt.Errorf("read the last test of %s: %w", sys.ID, err)
		}
		all[sys.ID] = st
	}
	rows, err := snap.OpenLines()
	if err != nil {
		return nil, nil, fmt.Errorf("read open lines: %w", err)
	}
	for _, row := range rows {
		st := all[row.System]
		if st == nil { // its rule was changed to none while it is open: the watch goes on until it is closed
			sys, err := snap.System(row.System)
			if err != nil {
				return nil, nil, fmt.Errorf("system %s: %w", row.System, err)
			}
			st = &state{system: sys}
			all[row.System] = st
		}
		st.row = row
		if st.window, err = snap.Window(row.Window); err != nil {
			return nil, nil, fmt.Errorf("window %s: %w", row.Window, err)
		}
		live, err := snap.Sessions(store.SessionFilter{Window: row.Window, Live: true, Limit: 1})
		if err != nil {
			return nil, nil, fmt.Errorf("sessions of %s: %w", row.Window, err)
		}
		st.live = len(live) > 0
	}
	probes, err := snap.LineProbes()
	if err != nil {
		return nil, nil, fmt.Errorf("read probes: %w", err)
	}
	return all, probes, nil
}

// refresh takes over what the store says, and writes down what the watch found.
func (s *Switch) refresh(ctx context.Context) error {
	gone, err := s.reread(ctx)
	if err != nil {
		return err
	}
	for _, l := range gone {
		l.stop()
		<-l.ended
		s.o.Changed(l.id)
	}
	var errs []error
	for _, l := range s.all() {
		errs = append(errs, s.keep(ctx, l, false), s.follow(ctx, l))
	}
	return errors.Join(errs...)
}

// reread takes over what the store says, and gives the lines whose watch is to end. Readings are taken over in the order in which they were
// made: after an older one a line that is on would count as off, and its loss would go unseen.
func (s *Switch) reread(ctx context.Context) (gone []*line, err error) {
	s.reading.Lock()
	defer s.reading.Unlock()
	var all map[string]*state
	var seen []store.LineProbe
	if err := s.o.DB.Read(ctx, func(snap *store.Snap) (err error) {
		all, seen, err = s.states(snap)
		return err
	}); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	before := map[string]*line{}
	for id, l := range s.lines {
		if st := all[id]; st == nil || !l.fits(&st.system) {
			gone = append(gone, l)
			before[id] = l
			delete(s.lines, id)
		}
	}
	for id, st := range all {
		l := s.lines[id]
		if l == nil {
			l = s.newLine(st, seen)
			if old := before[id]; old != nil {
				l.lost = old.whatWasLost() // a change of the rule does not undo a loss that has no entry yet
			}
			s.lines[id] = l
			go l.watch()
		}
		l.take(st)
	}
	return gone, nil
}

// keep stores what the probes saw: at most every ten seconds for each line, and with each act on it. A crash right after a test must not
// make the probes unproven again.
func (s *Switch) keep(ctx context.Context, l *line, asked bool) error {
	saw := l.toKeep(s.o.Clock(), asked)
	if len(saw) == 0 {
		return nil
	}
	return s.o.DB.Keep(ctx, store.KeepLineProbe, func(k *store.KeepTx) error {
		for _, p := range saw {
			if err := k.NoteLineProbe(p); err != nil {
				return err
			}
		}
		return nil
	})
}

// guarding tells of verdicts that change, those included that change because a look does not come back.
func (s *Switch) guarding(ctx context.Context) {
	tick := time.NewTicker(s.o.Every / 2)
	defer tick.Stop()
	told := map[string]policy.Line{}
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for system, l := range s.Lines() {
			if told[system] != l {
				told[system] = l
				s.o.Changed(system)
			}
		}
	}
}
