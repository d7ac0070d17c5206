package interlock

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"sekimori/broker/rules"
	"sekimori/broker/store"
	"sekimori/policy"
)

// keepEvery is how often what the probes saw is stored.
const keepEvery = 10 * time.Second

// line is the watch over one system's line. One goroutine looks, judges and drives.
type line struct {
	s      *Switch
	id     string // of the system
	driver Driver // nil: people move it
	broken error  // why there is no driver although the rule asks for one
	stop   context.CancelFunc
	ctx    context.Context
	ended  chan struct{}
	kick   chan struct{} // look now; capacity 1

	mu      sync.Mutex // guards the following
	system  rules.System
	st      state
	pending *Phase // wanted by an act under way, before its row is written
	// lost is the row whose separation was lost: until the row says so, the line is not put on again.
	lost   store.WindowLine
	probes []*probe
	read   Reading
	why    string // why the driver cannot be read, or did not do a step
	looked time.Time
	kept   time.Time
	line   policy.Line
	rounds int // looks since the start
}

func (s *Switch) newLine(st *state, seen []store.LineProbe) *line {
	l := &line{s: s, id: st.system.ID, system: st.system, st: *st, ended: make(chan struct{}), kick: make(chan struct{}, 1)}
	l.ctx, l.stop = context.WithCancel(context.Background())
	if st.system.Line == policy.LineInterlocked {
		l.driver, l.broken = s.o.Drive(&st.system)
		if l.driver == nil && l.broken == nil {
			l.broken = fmt.Errorf("line: interlocked, and no line_driver")
		}
	}
	for _, words := range st.system.LineProbes {
		p, err := rules.ParseProbe(words)
		if err != nil {
			continue
		}
		one := &probe{Probe: p, words: words}
		for _, v := range seen {
			if v.System == st.system.ID && v.Probe == words {
				one.up, one.down = v.Up, v.Down
			}
		}
		l.probes = append(l.probes, one)
	}
	return l
}

// fits tells whether the watch was made for the rule as it reads now.
func (l *line) fits(sys *rules.System) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.system.Line == sys.Line && l.system.LineDriver == sys.LineDriver && slices.Equal(l.system.LineProbes, sys.LineProbes)
}

// take takes over what the store says.
func (l *line) take(st *state) {
	l.mu.Lock()
	changed := l.st.row != st.row
	l.st, l.system = *st, st.system
	l.judge(l.s.o.Clock())
	l.mu.Unlock()
	if changed {
		l.now()
	}
}

// now asks for a look at once.
func (l *line) now() {
	select {
	case l.kick <- struct{}{}:
	default:
	}
}

// order lets an act want a phase before its row is written; nil: the row alone says.
func (l *line) order(p *Phase) {
	l.mu.Lock()
	l.pending = p
	l.judge(l.s.o.Clock())
	l.mu.Unlock()
	l.now()
}

// watch looks until it is stopped: with each interval while the line is open, every fifteenth otherwise.
func (l *line) watch() {
	defer close(l.ended)
	tick := time.NewTicker(l.s.o.Every)
	defer tick.Stop()
	for skipped := idleRounds; ; skipped++ {
		l.mu.Lock()
		busy := l.st.row.Open() || l.pending != nil || l.unsettled()
		l.mu.Unlock()
		if busy || skipped >= idleRounds {
			l.round()
			skipped = 0
		}
		select {
		case <-l.ctx.Done():
			return
		case <-l.kick:
			skipped = idleRounds
		case <-tick.C:
		}
	}
}

// unsettled tells that a closed line is not as it should be: a driven one whose office network is not back, or a side whose probe has
// failed and does not count as down yet. The caller holds mu.
func (l *line) unsettled() bool {
	return l.driver != nil && l.read != Reading{policy.SideUp, policy.SideDown} || slices.ContainsFunc(l.probes, func(p *probe) bool { return p.failures > 0 && p.failures < downAfter })
}

// round is one look, and one step of the driver where one is due. The verdict of the look counts before the step is done.
func (l *line) round() {
	l.look()
	if l.driver == nil {
		return
	}
	l.mu.Lock()
	seen, want := l.seen(l.s.o.Clock()), l.want()
	l.mu.Unlock()
	step := seen.Next(want)
	if step == None {
		return
	}
	ctx, cancel := context.WithTimeout(l.ctx, stepTime)
	defer cancel()
	if err := l.driver.Do(ctx, step, l.s.o.Lease); err != nil && l.ctx.Err() == nil {
		l.s.o.Log.Error("line_not_moved", "system", l.id, "step", step, "error", err)
		l.mu.Lock()
		l.why = err.Error()
		l.mu.Unlock()
	}
	if step != On || seen.Read.Maintenance != policy.SideUp { // a renewal changes nothing that a look would show
		l.look()
	}
}

// look asks the driver and all probes at once.
func (l *line) look() {
	type result struct {
		saw policy.LineSide
		err error
	}
	got := make([]result, len(l.probes))
	var read Reading
	why := l.broken
	var all sync.WaitGroup
	for i, p := range l.probes {
		all.Go(func() { got[i].saw, got[i].err = l.s.o.Look(l.ctx, p.Probe) })
	}
	if l.driver != nil {
		all.Go(func() {
			ctx, cancel := context.WithTimeout(l.ctx, lookTime)
			defer cancel()
			if read, why = l.driver.Look(ctx); why != nil {
				read = Reading{}
			}
		})
	}
	all.Wait()
	if l.ctx.Err() != nil {
		return
	}
	now := l.s.o.Clock()
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, p := range l.probes {
		p.note(got[i].saw, got[i].err, now)
	}
	l.read, l.why = read, ""
	if why != nil {
		l.why = why.Error()
	}
	l.looked = time.Now() // by the monotonic clock of the machine, which no one can set
	l.rounds++
	l.judge(now)
}

// judge takes over the verdict, and notes that a separation was lost. The caller holds mu.
func (l *line) judge(now time.Time) {
	was := l.line.State
	l.line = l.seen(now).Line()
	row := l.st.row
	if !row.On() || !row.Open() || row.Lost() || l.isLost() || l.pending != nil {
		return
	}
	// After a start the line is unknown until its probes have looked often enough. That alone is no loss; an office network that is up is
	// one. So it is with a watch that begins anew because the rule of the system changed.
	if was == policy.LineSeparated && l.line.State != policy.LineSeparated || l.line.State == policy.LineJoined {
		l.lost = row
		l.line = l.seen(now).Line()
	}
}

// stale tells that nothing is known: there was no look yet, or the last one at an open line did not come back in time. The caller holds mu.
func (l *line) stale() bool {
	return l.rounds == 0 || l.st.row.Open() && time.Since(l.looked) > l.s.o.Stale
}

// seen gathers what is known. The caller holds mu.
func (l *line) seen(now time.Time) Seen {
	row := l.st.row
	cut := row.Open() && !row.Lost() && !l.isLost()
	if l.pending != nil {
		cut = *l.pending != Closed
	}
	seen := Seen{Mode: l.system.Line, Cut: cut, On: row.On(), Read: l.read, Stale: l.stale()}
	for _, p := range l.probes {
		seen.Sights = append(seen.Sights, p.sight(now))
	}
	return seen
}

// whatWasLost is the row whose separation this watch saw lost.
func (l *line) whatWasLost() store.WindowLine {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lost
}

// isLost tells that the row's separation was lost and the row does not say so yet. The caller holds mu.
func (l *line) isLost() bool {
	return l.lost.Window != "" && l.lost.Window == l.st.row.Window && l.lost.CutAt.Equal(l.st.row.CutAt) && !l.st.row.Lost()
}

// want is how the line should be. The caller holds mu.
func (l *line) want() Phase {
	row := l.st.row
	switch {
	case l.pending != nil:
		return *l.pending
	case !row.Open():
		return Closed
	case row.On() && !row.Lost() && !l.isLost():
		return Connected
	}
	return Apart
}

// verdict is the line as it is known now.
func (l *line) verdict() policy.Line {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.judge(l.s.o.Clock()) // a look that does not come back changes the verdict, too
	v := l.line
	v.How, v.Sensor = l.system.How(), slices.ContainsFunc(l.probes, func(p *probe) bool { return p.Side == rules.InternalSide })
	v.Tested, v.TestOK = l.st.test.At, l.st.test.OK
	return v
}

func (l *line) shown(now time.Time) Shown {
	out := Shown{Line: l.verdict()}
	l.mu.Lock()
	defer l.mu.Unlock()
	out.Driver, out.Why = l.system.LineDriver, l.why
	for _, p := range l.probes {
		out.Probes = append(out.Probes, ProbeShown{Words: p.words, Saw: p.saw, Proven: policy.Proven(p.up, p.down, now), Up: p.up, Down: p.down, Why: p.why})
	}
	return out
}

// toKeep gives what the probes saw since the last time, where that is long enough ago or an act asks for it.
func (l *line) toKeep(now time.Time, asked bool) []store.LineProbe {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !asked && now.Sub(l.kept) < keepEvery && !now.Before(l.kept) {
		return nil
	}
	var out []store.LineProbe
	for _, p := range l.probes {
		if asked && !(p.up.IsZero() && p.down.IsZero()) || p.up.After(l.kept) || p.down.After(l.kept) {
			out = append(out, store.LineProbe{System: l.id, Probe: p.words, Up: p.up, Down: p.down})
		}
	}
	l.kept = now
	return out
}

// wait looks until the condition holds, or the time is over.
func (l *line) wait(ctx context.Context, most time.Duration, holds func(policy.Line) bool) bool {
	limit := time.NewTimer(most)
	defer limit.Stop()
	tick := time.NewTicker(l.s.o.Every / 10)
	defer tick.Stop()
	l.now()
	for {
		if holds(l.verdict()) {
			return true
		}
		select {
		case <-ctx.Done():
			return false
		case <-limit.C:
			return holds(l.verdict())
		case <-tick.C:
			l.now()
		}
	}
}
