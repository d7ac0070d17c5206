package relay

import (
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"sekimori/policy"
	"sekimori/recordings"
)

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
	dark  bool                // the screen did not show the last line that was judged
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
		plain := l.typed.state == ground
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
		l.typed.sent(c, plain)
		if !l.send(b[i : i+1]) {
			return false
		}
		from = i + 1
	}
	return l.send(b[from:])
}

// drop has the target drop the line: the interrupt key does so in a shell, in an editor and at a prompt. What was sent behind the line in
// the same packet goes with it: it was meant for a target on which the line has run. What comes later waits until the target rests,
// because a terminal forgets the keys around an interrupt. A target may have switched the key off: until the cursor has left the line, the
// next one is taken to stand behind it.
func (l *inputLines) drop() bool {
	if !l.send([]byte{ctrlC}) {
		return false
	}
	l.typed.unknown()
	l.settle()
	l.typed.paste, l.carry = false, ""
	l.typed.away()
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
	if l.typed.left && l.grid.Left(l.mark) {
		l.typed.gone()
	}
	l.begun = l.shown
	l.mark = l.grid.Mark()
}

// mostAsked is how often the attendant is asked about one line that changes while it waits.
const mostAsked = 3

// submit judges the line. pass: it may be submitted. stop: the session ends. The attendant's permission is for the line as it was shown:
// where another channel or a program has changed it meanwhile, it is judged anew.
func (l *inputLines) submit() (pass, stop bool) {
	v, text, line, seen := l.judge(l.settle())
	if v.Effect != "" && !seen {
		l.appears()
		v, text, line, seen = l.judge(l.settle())
	}
	for range mostAsked {
		if v.Effect == "" {
			l.join(text)
			return true, false
		}
		hit := RuleHit{LiveVerdict: v}
		if seen { // else it was typed without an echo: people are not shown it
			hit.Line = line
		}
		switch l.c.ruled(hit) {
		case policy.LiveAllowed:
		case policy.LiveByRule:
			return false, v.Effect == policy.LiveEnd
		default:
			return false, false
		}
		asked, was, shown := v, text, line
		var whole bool
		v, text, line, whole = l.judge(l.settle())
		if seen = seen || whole; v == asked && text == was && line == shown {
			l.join(text)
			return true, false
		}
	}
	return false, false
}

// appears waits until the screen shows all that was typed, where a slow target or a slow machine has shown a part of it or nothing: the attendant
// is to see the line, and to be asked once. A target that shows nothing of it is waited for in vain.
func (l *inputLines) appears() {
	ended := l.c.r.valve.ended()
	all := time.NewTimer(echoOpaque)
	defer all.Stop()
	for !l.showsTyped() {
		select {
		case <-l.news:
		case <-all.C:
			return
		case <-ended:
			return
		case <-l.c.left:
			return
		}
	}
}

// showsTyped tells that nothing that was typed is missing on the screen.
func (l *inputLines) showsTyped() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.typed.shownIn(l.grid.Line(l.mark).Text)
}

// join keeps a line that ends with a backslash for the next one.
func (l *inputLines) join(text string) {
	body := strings.TrimRight(text, `\`)
	if l.carry = ""; (len(text)-len(body))%2 == 1 {
		l.carry = text[:len(text)-1]
	}
}

// judge asks the rules about the line by its keys and by the screen. text is the line as far as it is known, line as the screen shows it.
// seen: nothing that was typed is missing there.
func (l *inputLines) judge(settled bool) (v policy.LiveVerdict, text, line string, seen bool) {
	rules := l.c.r.cfg.Rules
	t := &l.typed
	exact := t.exact() && (t.raw || utf8.Valid(t.line)) // a byte of no character may be a key
	if exact {
		text = l.carry + string(t.line)
		v = rules.Judge(policy.LiveLine{Text: text, Typed: !t.raw, Loose: t.answer})
	}
	if t.raw {
		if !exact {
			v = rules.Unjudged()
		}
		return v, text, text, true
	}
	l.mu.Lock()
	shown := l.grid.Line(l.mark)
	echoed := l.shown != l.begun
	if !t.some {
		shown.Marked, echoed = false, true
	}
	l.mu.Unlock()
	shown.Marked = shown.Marked && !t.fetched
	switch {
	case shown.Marked:
		if !exact {
			text = l.carry + shown.After
		}
		v = v.Stricter(rules.Judge(policy.LiveLine{Text: l.carry + shown.After, Typed: true}))
	case shown.Text != "":
		v = v.Stricter(rules.Judge(policy.LiveLine{Text: shown.Text, Loose: true}))
	}
	seen = t.shownIn(shown.Text)
	if !exact && !(settled && echoed && shown.Known && !t.several && !(t.fetched && l.dark)) || t.blind {
		v = v.Stricter(rules.Unjudged())
	}
	if exact && !seen { // no screen tells which keys erase
		for _, other := range t.readings() {
			v = v.Stricter(rules.Judge(policy.LiveLine{Text: l.carry + other, Typed: true}))
		}
	}
	switch {
	case exact && len(t.line) > 0:
		l.dark = !seen
	case !exact && !echoed:
		l.dark = true
	}
	return v, text, shown.Text, seen || !exact
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
