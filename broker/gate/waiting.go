package gate

import (
	"context"
	"strings"
	"time"

	"sekimori/broker/session"
	"sekimori/broker/store"
	"sekimori/policy"
	"sekimori/policy/text"
)

// States of the waiting room, as screens and the ledger name them.
const (
	waitingWindow    = "waiting-window"
	waitingAttendant = "waiting-attendant"
	waitingInterlock = "waiting-interlock"
	waitingIdentity  = "identity-check"
	waitingBackup    = "waiting-backup"
)

const (
	// lookAgain is how often a waiting engineer is judged anew even if nothing is committed.
	lookAgain = 5 * time.Second
	// countdownTick is how often the line on the terminal may change.
	countdownTick = 500 * time.Millisecond
	// plainEvery is how often a plain terminal gets a new line although nothing changed.
	plainEvery = 5 * time.Minute
	// writeLimit is how long a line of the waiting room may take to leave.
	writeLimit = 30 * time.Second
)

// Keys that leave the waiting room.
const (
	keyInterrupt = "\x03" // Ctrl-C
	keyEnd       = "\x04" // Ctrl-D
)

// wait holds an engineer who is approved but early, or whose attendant is not there yet.
// Only the one channel is open, and typed input is discarded. f is the channel where one
// is open already, else nil.
func (c *caller) wait(ctx context.Context, auth *authResult, in *authenticatedConn, f *front) {
	if f == nil && in.first.ChannelType() != "session" {
		c.deny(context.WithoutCancel(ctx), auth)
		c.rejectAndLeave(in, c.refusalASCII(auth))
		return
	}
	d := c.startDrain(in, "sekimori: waiting; nothing may be opened yet")
	halted := false
	defer func() {
		if !halted {
			c.halt(d)
		}
	}()
	if f == nil {
		var err error
		if f, err = c.openFront(in.first, 0); err != nil {
			c.abandon(auth)
			return
		}
		if !f.awaitStart(startLimit) {
			c.abandon(auth)
			return
		}
	}
	if pty, _ := f.terminal(); !pty { // no one watches a countdown: refused at once
		c.deny(context.WithoutCancel(ctx), auth)
		c.sayRefusal(auth, f)
		c.hangUpAfter(d)
		return
	}
	auth.lang = langOf(auth.person.Lang, f.locale())
	switch c.sitOut(ctx, auth, f, d) {
	case stayed:
		c.halt(d)
		halted = true
		done := make(chan struct{})
		defer close(done)
		c.admit(auth, in, c.handOver(f, done))
	case left:
		c.abandon(auth)
		f.close(policy.ExitNotNow)
		c.hangUpAfter(d)
	case lost:
		c.abandon(auth)
	case denied:
		c.deny(context.WithoutCancel(ctx), auth)
		c.sayRefusal(auth, f)
		c.hangUpAfter(d)
	}
}

// outcome is the way in which waiting ended.
type outcome int

const (
	denied outcome = iota
	stayed         // may go on
	left           // the engineer left
	lost           // the connection is gone
)

// sitOut waits until the decision allows, denies for good, or the engineer leaves. It looks again
// at every commit that may concern it, at every instant at which policy expects a change, and every few
// seconds.
func (c *caller) sitOut(ctx context.Context, auth *authResult, f *front, d *drain) outcome {
	changed := c.s.o.DB.Changed()
	defer changed.Stop()
	tick := time.NewTicker(countdownTick)
	defer tick.Stop()
	b := &statusDisplay{c: c, f: f, lang: langOf(auth.person.Lang, f.locale()), drill: auth.decision.Grant.Window.Drill}
	_, b.inPlace = f.terminal()
	entered := c.s.o.Clock()
	told, leave := c.s.o.Sessions.Waits(session.Waiting{
		Session: auth.number, Window: auth.decision.Grant.Window.ID, Person: auth.person.ID,
		Name: auth.person.Name, Source: c.source.Addr().Unmap().String(), Since: entered,
	})
	defer leave()
	var looked, next time.Time
	var window about
	for look := true; ; {
		now := c.s.o.Clock()
		if look || now.Sub(looked) >= lookAgain || now.Before(looked) || !next.IsZero() && !now.Before(next) {
			if err := c.decide(ctx, auth); err != nil {
				if ctx.Err() != nil {
					auth.decision = policy.Decision{Reason: policy.BrokerStopped, Grant: auth.decision.Grant}
				} else {
					c.log.Error("waiting_not_judged", "error", err)
					auth.decision = policy.Decision{}
				}
				b.end()
				return denied
			}
			looked, next = now, policy.NextChange(auth.facts, now)
			look = false
			window = c.aboutOf(ctx, auth.decision.Grant)
		}
		if auth.decision.Allow {
			b.end()
			return stayed
		}
		until := c.waitsUntil(auth.decision.Grant, entered)
		if !c.mayWait(auth.decision) || auth.decision.Reason != policy.TooEarly && !now.Before(until) {
			b.end()
			return denied
		}
		state := c.stateOf(ctx, auth, window, now, until)
		told(state.name)
		if !b.show(state, now) {
			return lost
		}
		select {
		case <-changed.C:
			look = c.concerns(changed.Take(), auth)
		case <-tick.C:
		case typed := <-f.keys:
			if strings.ContainsAny(string(typed), keyInterrupt+keyEnd) {
				b.end()
				return left
			}
		case <-f.eof:
			b.end()
			return left
		case <-f.gone:
			return lost
		case <-d.lost:
			return lost
		case <-ctx.Done():
			look = true
		}
	}
}

// concerns reports whether a commit may change the decision about a waiting engineer or their screen: their facts, the
// identity checks of their window, the steps of its checklist.
func (c *caller) concerns(change store.Change, auth *authResult) bool {
	g := auth.decision.Grant
	return change.Facts(&auth.facts) || change.Names(g.Window.ID, g.Request) || change.Entry(g.Window.ID, auth.person.ID)
}

// waitsUntil is how long the room is held for an attendant: a while after the start, or after
// entering where that is later, and never beyond the window.
func (c *caller) waitsUntil(g policy.Grant, entered time.Time) time.Time {
	from := g.Window.Start
	if entered.After(from) {
		from = entered
	}
	until := from.Add(c.s.o.Limits.Attendant)
	if g.Window.End.Before(until) {
		until = g.Window.End
	}
	return until
}

// roomState is the state that the engineer reads while waiting.
type roomState struct {
	name   string
	ja, en string
}

// stateOf gives the thing that is being waited for.
func (c *caller) stateOf(ctx context.Context, auth *authResult, window about, now, until time.Time) roomState {
	g := auth.decision.Grant
	clock := func(t time.Time) string { return t.In(c.s.o.Zone).Format("15:04") }
	system := auth.facts.Systems[auth.facts.Targets[g.Target].System]
	switch auth.decision.Reason {
	case policy.TooEarly:
		start := g.Window.Start
		zone, wait := start.In(c.s.o.Zone).Format("MST"), untilThen(start.Sub(now))
		return roomState{waitingWindow,
			"開始時刻前  開始まで " + text.Left(wait).JA + "(" + clock(start) + " " + zone + ")",
			"Too early. Opens in " + text.Left(wait).EN + " (" + clock(start) + " " + zone + ")."}
	case policy.InterlockNotReady:
		return roomState{waitingInterlock, "回線確認中  庁内網の切断を確認しています。", "Checking lines."}
	case policy.BackupTooOld:
		return roomState{waitingBackup,
			"バックアップ待ち  立会者がバックアップを確かめています。" + clock(until) + "まで待ちます。",
			"Waiting for a backup to be confirmed, until " + clock(until) + "."}
	}
	if system.IdentityCheck && (g.Window.State == policy.WindowAttended || g.Window.State == policy.WindowPermitted) {
		if digits := c.digits(ctx, auth); digits != "" {
			spaced := strings.Join(strings.Split(digits, ""), " ")
			return roomState{waitingIdentity,
				"本人確認  登録の電話に連絡します。照合番号は " + spaced + " です。",
				"Identity check. We will call you. Your number is " + spaced + "."}
		}
	}
	return roomState{waitingAttendant,
		"開始可能(立会者待ち)  " + window.progress("ja") + clock(until) + "まで待ちます。",
		"Ready; waiting for attendant" + window.progress("en") + ", until " + clock(until) + "."}
}

// statusDisplay writes the state: in place on a terminal that can, else a new line when the state
// changes and every five minutes.
type statusDisplay struct {
	c       *caller
	f       *front
	lang    string
	drill   bool
	inPlace bool
	state   string // last shown
	text    string
	at      time.Time
	dirty   bool // the cursor stands in a line that was written in place
}

// show brings the state onto the terminal where there is news; false when the
// client no longer takes bytes.
func (b *statusDisplay) show(s roomState, now time.Time) bool {
	ja, en := "[待合] ", "[waiting] "
	if b.drill {
		ja, en = "[待合・訓練] ", "[waiting, DRILL] "
	}
	line := text.Of(ja+s.ja, en+s.en).Slashed(b.lang)
	inPlace := b.inPlace && text.Width(line) < text.Screen
	same := line == b.text
	if !inPlace {
		elapsed := now.Sub(b.at)
		same = s.name == b.state && elapsed >= 0 && elapsed < plainEvery
	}
	if same {
		return true
	}
	out := line + "\n"
	switch {
	case inPlace && b.dirty && s.name == b.state:
		out = "\r" + line + "\x1b[K"
	case inPlace:
		out = line + "\x1b[K"
		if b.dirty {
			out = "\n" + out
		}
	case b.dirty:
		out = "\n" + out
	}
	b.dirty = inPlace
	b.state, b.text, b.at = s.name, line, now
	// A client that reads nothing must not hold this goroutine longer than writeLimit.
	b.c.watchdog.Reset(writeLimit)
	err := b.f.print(b.f.screen(), out)
	b.c.watchdog.Stop()
	return err == nil
}

// end leaves the terminal at the start of a fresh line.
func (b *statusDisplay) end() {
	if b.dirty {
		b.dirty = false
		b.c.watchdog.Reset(writeLimit)
		_ = b.f.print(b.f.screen(), "\n")
		b.c.watchdog.Stop()
	}
}
