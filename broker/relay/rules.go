package relay

import (
	"context"
	"strings"
	"sync"
	"time"

	"sekimori/policy"
	"sekimori/recordings"
)

// RuleHit is a command on which a live rule has an effect. It has been recorded, and nothing of it that could run it was sent.
type RuleHit struct {
	policy.LiveVerdict
	Exec bool   // the command of a channel; else a line of input
	Line string // as the screen shows it, or the exact command; empty: typed without an echo
	Held int    // counts the held commands of the session from 1; 0: it is not held
}

// Times in which a screen must show what was typed. An echo that is slower is not waited for: the line is then judged by its keys, and
// where these do not tell it, it cannot be judged.
const (
	quietExact  = 15 * time.Millisecond
	quietOpaque = 60 * time.Millisecond // output may still come for keys that move in the line or fetch another
	echoExact   = 150 * time.Millisecond
	echoOpaque  = time.Second
	settleMost  = 1500 * time.Millisecond
)

// inputLines holds the input lines of one channel against the live rules of its system.
type inputLines struct {
	c       *channel
	typed   typed
	carry   string // lines before that end with a backslash: the shell joins them
	forward func([]byte) bool

	mu    sync.Mutex // guards what follows
	grid  *recordings.Grid
	mark  recordings.GridMark // where the line began
	shown uint64              // pieces of output so far
	sent  uint64              // of these, before the last key was sent
	begun uint64              // and before the line's first key
	news  chan struct{}       // capacity 1: output came
}

// follow begins to follow the lines of a channel, where its input is commands: on a terminal, and of a shell without one. The input of
// another program without a terminal is data.
func (c *channel) follow() {
	piped := c.pty == nil || c.noTTY
	if c.r.cfg.Rules == nil || c.inspect != nil || piped && !c.shell && !c.fed {
		return
	}
	l := &inputLines{c: c, news: make(chan struct{}, 1)}
	if !piped {
		l.grid = recordings.NewGrid(cells(c.size))
	}
	l.typed.raw = piped
	c.watched = l
}

// output takes what the engineer's terminal shows.
func (l *inputLines) output(p []byte) {
	if l.grid == nil {
		return
	}
	l.mu.Lock()
	l.grid.Feed(p)
	l.shown++
	l.mu.Unlock()
	select {
	case l.news <- struct{}{}:
	default:
	}
}

func (l *inputLines) resized(s sizePayload) {
	if l.grid == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.grid.Resize(cells(s))
}

// cells is the size of a terminal. A client that does not know it says 0, and programs then take the usual one.
func cells(s sizePayload) (cols, rows int) {
	cols, rows = int(min(s.Cols, 1<<16)), int(min(s.Rows, 1<<16))
	if cols == 0 || rows == 0 {
		return 80, 24
	}
	return cols, rows
}

// pass takes input, and judges each line before the byte that submits it. It reports whether the input may go on.
func (l *inputLines) pass(b []byte) bool {
	if l.typed.raw {
		return l.passRaw(b)
	}
	from := 0
	for i, c := range b {
		if !l.typed.some {
			l.begin()
		}
		if !l.typed.take(c) {
			continue
		}
		if !l.send(b[from:i]) {
			return false
		}
		from = i
		switch pass, stop := l.submit(); {
		case stop:
			return false
		case !pass:
			return l.drop()
		}
		l.typed.next(c == ctrlO)
		if !l.send(b[i : i+1]) {
			return false
		}
		from = i + 1
	}
	return l.send(b[from:])
}

// drop has the target drop the line: the interrupt key does so in a shell, in an editor and at a prompt. What was sent behind the line in
// the same packet goes with it: it was meant for a target on which the line has run. What comes later waits until the target rests,
// because a terminal forgets the keys around an interrupt.
func (l *inputLines) drop() bool {
	if !l.send([]byte{ctrlC}) {
		return false
	}
	l.typed.unknown()
	l.settle()
	l.typed.paste, l.carry = false, ""
	l.typed.next(false)
	return true
}

// passRaw is pass without a terminal: a line is not sent before it was judged, because no key takes it back. After a refusal the input
// ends: the rest of a script was written for a target on which the line has run.
func (l *inputLines) passRaw(b []byte) bool {
	for _, c := range b {
		if !l.typed.take(c) {
			if l.typed.long {
				if pass, _ := l.submit(); !pass {
					l.typed.next(false) // the end of the input must not ask about it again
					return false
				}
				if !l.forward(l.typed.line) {
					return false
				}
				l.typed.next(false)
				l.typed.add(c)
			}
			continue
		}
		if pass, _ := l.submit(); !pass {
			l.typed.next(false)
			return false
		}
		if !l.forward(append(l.typed.line, c)) {
			return false
		}
		l.typed.next(false)
	}
	return true
}

// end judges what a shell without a terminal will run at the end of its input.
func (l *inputLines) end() {
	if !l.typed.raw || len(l.typed.line) == 0 {
		return
	}
	if pass, _ := l.submit(); pass {
		l.forward(l.typed.line)
	}
}

func (l *inputLines) send(b []byte) bool {
	if len(b) == 0 {
		return true
	}
	l.mu.Lock()
	l.sent = l.shown
	l.mu.Unlock()
	return l.forward(b)
}

// begin notes where a line begins: behind the prompt, if the prompt is there.
func (l *inputLines) begin() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.begun = l.shown
	if l.grid != nil {
		l.mark = l.grid.Mark()
	}
}

// submit judges the line. pass: it may be submitted. stop: the session ends.
func (l *inputLines) submit() (pass, stop bool) {
	settled := l.settle()
	v, text, line := l.judge(settled)
	if v.Effect == "" {
		l.join(text)
		return true, false
	}
	switch l.c.ruled(RuleHit{LiveVerdict: v, Line: line}) {
	case policy.LiveAllowed:
		l.join(text)
		return true, false
	case policy.LiveByRule:
		return false, v.Effect == policy.LiveEnd
	}
	return false, false
}

// join keeps a line that ends with a backslash for the next one.
func (l *inputLines) join(text string) {
	body := strings.TrimRight(text, `\`)
	if l.carry = ""; (len(text)-len(body))%2 == 1 {
		l.carry = text[:len(text)-1]
	}
}

// judge asks the rules about the line by its keys and by the screen. text is the line as far as it is known, line as the screen shows it.
func (l *inputLines) judge(settled bool) (v policy.LiveVerdict, text, line string) {
	rules := l.c.r.cfg.Rules
	exact := !l.typed.opaque && !l.typed.long
	if exact {
		text = l.carry + string(l.typed.line)
		v = rules.Judge(policy.LiveLine{Text: text, Typed: !l.typed.raw})
	}
	if l.typed.raw {
		if !exact {
			v = rules.Unjudged()
		}
		return v, text, text
	}
	l.mu.Lock()
	shown := l.grid.Line(l.mark)
	echoed := l.shown != l.begun
	if !l.typed.some {
		shown.Marked, echoed = false, true
	}
	l.mu.Unlock()
	switch {
	case shown.Marked:
		if !exact {
			text = l.carry + shown.After
		}
		v = v.Stricter(rules.Judge(policy.LiveLine{Text: l.carry + shown.After, Typed: true}))
	case shown.Text != "":
		v = v.Stricter(rules.Judge(policy.LiveLine{Text: shown.Text, Loose: true}))
	}
	if !exact && !(settled && echoed && shown.Known) {
		v = v.Stricter(rules.Unjudged())
	}
	if exact && len(l.typed.line) > 0 && !strings.Contains(shown.Text, strings.TrimSpace(string(l.typed.line))) {
		return v, text, "" // typed without an echo: people are not shown it
	}
	return v, text, shown.Text
}

// settle waits until the screen shows what was typed, and reports whether it rests.
func (l *inputLines) settle() bool {
	if l.grid == nil {
		return true
	}
	echo, quiet := echoExact, quietExact
	if l.typed.opaque {
		echo, quiet = echoOpaque, quietOpaque
	}
	ended := l.c.r.valve.ended()
	all := time.NewTimer(settleMost)
	defer all.Stop()
	wait := time.NewTimer(echo)
	defer wait.Stop()
	for l.awaitsEcho() {
		select {
		case <-l.news:
			continue
		case <-wait.C:
		case <-ended:
		case <-l.c.left:
		}
		break
	}
	for {
		wait.Reset(quiet)
		select {
		case <-l.news:
		case <-wait.C:
			return true
		case <-all.C:
			return false
		case <-ended:
			return false
		case <-l.c.left:
			return false
		}
	}
}

func (l *inputLines) awaitsEcho() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.typed.some && l.shown == l.sent
}

// ruled records a hit, asks what becomes of it, and tells the engineer.
func (c *channel) ruled(hit RuleHit) policy.LiveAnswer {
	if !c.r.ruleRate.within(c.r.cfg.Clock(), ruleBurst) {
		c.r.fail(&AbuseError{Side: clientSide, What: "too many commands under a live rule"})
		return policy.LiveNotKept
	}
	if hit.Effect == policy.LiveHold {
		hit.Held = int(c.r.helds.Add(1))
	}
	on := "line"
	if hit.Exec {
		on = "exec"
	}
	if !c.event(recordings.EventRule, recordings.Rule{
		On: on, Effect: string(hit.Effect), Rule: hit.Rule, Unjudged: hit.Unjudged, Held: hit.Held, Line: clipLine(hit.Line),
	}) {
		return policy.LiveNotKept
	}
	if hit.Held > 0 {
		c.told(policy.SayLive(hit.LiveVerdict, ""))
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	c.r.work.Go(func() {
		defer cancel()
		select {
		case <-c.left:
		case <-c.r.valve.ended():
		case <-ctx.Done():
		}
	})
	answer := c.r.cfg.OnRule(ctx, hit)
	if hit.Held > 0 && !c.event(recordings.EventRuled, recordings.Ruled{Held: hit.Held, Answer: string(answer)}) {
		return policy.LiveNotKept
	}
	if answer != policy.LiveGone && !(hit.Exec && answer != policy.LiveAllowed) && hit.Effect != policy.LiveEnd {
		c.told(policy.SayLive(hit.LiveVerdict, answer))
	}
	return answer
}

// told shows a line to the engineer: on the terminal, else on standard error.
func (c *channel) told(t policy.Text) {
	text := c.r.inLanguage(t.JA, t.EN)
	if !c.event(recordings.EventNotice, recordings.Notice{Kind: "rule", Text: text}) {
		return
	}
	if t := c.shown.Load(); t != nil {
		t.post(text)
		return
	}
	_ = c.writeErrors([]byte(c.lines(text)))
}

// ruleBurst is how many commands a live rule may have an effect on in a burst. People do not type more; a script that does ends the session,
// so that its entries do not keep the store from the entries of others.
const ruleBurst = 300

// rulesOnCommand holds the command of a channel against the live rules: the one that the target would run. Nothing was sent yet.
func (c *channel) rulesOnCommand(m mainRequest, d policy.Decision) policy.Decision {
	if c.r.cfg.Rules == nil || m.Type != recordings.EventExec && d.Instead == "" {
		return d
	}
	command := m.command
	if d.Instead != "" {
		command = d.Instead
	}
	c.fed = policy.ReadsCommands(command)
	v := c.r.cfg.Rules.Judge(policy.LiveLine{Text: command})
	if v.Effect == "" {
		return d
	}
	answer := c.ruled(RuleHit{LiveVerdict: v, Exec: true, Line: command})
	if answer == policy.LiveAllowed {
		return d
	}
	if v.Effect == policy.LiveEnd {
		return policy.Decision{Reason: policy.EndedByRule, Args: map[string]string{"rule": v.Rule}}
	}
	said := v.Say()
	if answer != policy.LiveByRule {
		said = policy.Text{JA: said.JA + "。" + answer.Label().JA, EN: said.EN + ": " + answer.Label().EN}
	}
	rule := said.JA + " / " + said.EN
	if c.r.cfg.Lang == "ja" || c.r.cfg.Lang == "en" {
		rule = said.In(c.r.cfg.Lang)
	}
	return policy.Decision{Reason: policy.RefusedByRule, Args: map[string]string{"rule": rule}}
}

// clipLine shortens a line for an event.
func clipLine(s string) string {
	if len(s) > policy.LongestLive {
		s = s[:policy.LongestLive]
	}
	return strings.ToValidUTF8(s, "?")
}
