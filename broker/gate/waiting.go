package gate

import (
	"context"
	"strings"
	"time"

	"sekimori/broker/session"
	"sekimori/policy"
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
	// lookAgain is how often somebody who waits is judged anew even if nothing is committed.
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

// wait keeps somebody who is approved but early, or for whom the attendant is not there yet.
// Nothing is open but the one channel; what is typed is discarded. f is the channel where one
// is open already, else nil.
func (c *caller) wait(ctx context.Context, pass *passage, in *entrance, f *front) {
	if f == nil && in.first.ChannelType() != "session" {
		c.deny(context.WithoutCancel(ctx), pass)
		c.rejectAndLeave(in, c.refusalASCII(pass))
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
			c.abandon(pass)
			return
		}
		if !f.awaitStart(startLimit) {
			c.abandon(pass)
			return
		}
	}
	if pty, _ := f.terminal(); !pty { // nobody watches a countdown: refused at once
		c.deny(context.WithoutCancel(ctx), pass)
		c.sayRefusal(pass, f)
		c.hangUpAfter(d)
		return
	}
	pass.lang = langOf(pass.person.Lang, f.locale())
	switch c.sitOut(ctx, pass, f, d) {
	case stayed:
		c.halt(d)
		halted = true
		done := make(chan struct{})
		defer close(done)
		c.admit(pass, in, c.handOver(f, done))
	case left:
		c.abandon(pass)
		f.close(policy.ExitNotNow)
		c.hangUpAfter(d)
	case lost:
		c.abandon(pass)
	case denied:
		c.deny(context.WithoutCancel(ctx), pass)
		c.sayRefusal(pass, f)
		c.hangUpAfter(d)
	}
}

// outcome is how waiting ended.
type outcome int

const (
	denied outcome = iota
	stayed         // may go on
	left           // the engineer left
	lost           // the connection is gone
)

// sitOut waits until the decision allows, denies for good, or somebody leaves. It looks again
// at every commit, at every instant at which policy says that something changes, and every few
// seconds.
func (c *caller) sitOut(ctx context.Context, pass *passage, f *front, d *drain) outcome {
	changed, cancel := c.s.o.DB.Changed()
	defer cancel()
	tick := time.NewTicker(countdownTick)
	defer tick.Stop()
	b := &board{c: c, f: f, lang: langOf(pass.person.Lang, f.locale()), drill: pass.decision.Grant.Window.Drill}
	_, b.inPlace = f.terminal()
	entered := c.s.o.Clock()
	var looked, next time.Time
	var window about
	for look := true; ; {
		now := c.s.o.Clock()
		if look || now.Sub(looked) >= lookAgain || now.Before(looked) || !next.IsZero() && !now.Before(next) {
			if err := c.decide(ctx, pass); err != nil {
				if ctx.Err() != nil {
					pass.decision = policy.Decision{Reason: policy.BrokerStopped, Grant: pass.decision.Grant}
				} else {
					c.log.Error("waiting_not_judged", "error", err)
					pass.decision = policy.Decision{}
				}
				b.end()
				return denied
			}
			looked, next = now, policy.NextChange(pass.facts, now)
			look = false
			window = c.aboutOf(ctx, pass.decision.Grant)
		}
		if pass.decision.Allow {
			b.end()
			return stayed
		}
		until := c.waitsUntil(pass.decision.Grant, entered)
		if !c.mayWait(pass.decision) || pass.decision.Reason != policy.TooEarly && !now.Before(until) {
			b.end()
			return denied
		}
		if !b.show(c.stateOf(ctx, pass, window, now, until), now) {
			return lost
		}
		select {
		case <-changed:
			look = true
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

// roomState is what the engineer reads while waiting.
type roomState struct {
	name   string
	ja, en string
}

// stateOf says what is being waited for.
func (c *caller) stateOf(ctx context.Context, pass *passage, window about, now, until time.Time) roomState {
	g := pass.decision.Grant
	clock := func(t time.Time) string { return t.In(c.s.o.Zone).Format("15:04") }
	system := pass.facts.Systems[pass.facts.Targets[g.Target].System]
	switch pass.decision.Reason {
	case policy.TooEarly:
		start := g.Window.Start
		zone, wait := start.In(c.s.o.Zone).Format("MST"), untilThen(start.Sub(now))
		return roomState{waitingWindow,
			"開始時刻前  開始まで " + session.SpanJA(wait) + "(" + clock(start) + " " + zone + ")",
			"Too early. Opens in " + session.SpanEN(wait) + " (" + clock(start) + " " + zone + ")."}
	case policy.InterlockNotReady:
		return roomState{waitingInterlock, "回線確認中  庁内網の切断を確認しています。", "Checking lines."}
	case policy.BackupTooOld:
		return roomState{waitingBackup,
			"バックアップ待ち  立会者がバックアップを確かめています。" + clock(until) + "まで待ちます。",
			"Waiting for a backup to be confirmed, until " + clock(until) + "."}
	}
	if system.IdentityCheck && (g.Window.State == policy.WindowAttended || g.Window.State == policy.WindowPermitted) {
		if digits := c.digits(ctx, pass); digits != "" {
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

// board writes the state: in place on a terminal that can, else a new line when the state
// changes and every five minutes.
type board struct {
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

// show brings the state onto the terminal where there is something new to say; false when the
// client takes nothing any more.
func (b *board) show(s roomState, now time.Time) bool {
	ja, en := "[待合] ", "[waiting] "
	if b.drill {
		ja, en = "[待合・訓練] ", "[waiting, DRILL] "
	}
	text := slashed(b.lang, ja+s.ja, en+s.en)
	inPlace := b.inPlace && cells(text) < columns
	same := text == b.text
	if !inPlace {
		elapsed := now.Sub(b.at)
		same = s.name == b.state && elapsed >= 0 && elapsed < plainEvery
	}
	if same {
		return true
	}
	out := text + "\n"
	switch {
	case inPlace && b.dirty && s.name == b.state:
		out = "\r" + text + "\x1b[K"
	case inPlace:
		out = text + "\x1b[K"
		if b.dirty {
			out = "\n" + out
		}
	case b.dirty:
		out = "\n" + out
	}
	b.dirty = inPlace
	b.state, b.text, b.at = s.name, text, now
	// A client that reads nothing must not hold this goroutine beyond its time.
	b.c.leash.Reset(writeLimit)
	err := b.f.print(b.f.screen(), out)
	b.c.leash.Stop()
	return err == nil
}

// end leaves the terminal at the start of a fresh line.
func (b *board) end() {
	if b.dirty {
		b.dirty = false
		b.c.leash.Reset(writeLimit)
		_ = b.f.print(b.f.screen(), "\n")
		b.c.leash.Stop()
	}
}
