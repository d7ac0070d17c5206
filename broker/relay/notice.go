package relay

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"

	"sekimori/recordings"
)

// Notify shows text, lines with "\n" ends, on every open terminal, as soon as that damages
// nothing there. While a program has the whole screen, only the window's title changes and the
// bell rings; the text follows when the program has left. Both go to the channel's stderr, which a
// terminal shows like output: the output itself may be read by a program, also where the engineer
// asked for a terminal (ssh -tt host COMMAND, Ansible). Channels without a terminal carry data and
// are left alone. The notice is recorded as an event, not as output. Notify does not wait; what was
// said before the first terminal opened appears there.
func (r *Relay) Notify(kind, text string) {
	if !r.valve.open() || !r.event(recordings.SessionChannel, recordings.EventNotice, recordings.Notice{Kind: kind, Text: text}) {
		return
	}
	if len(text) > maxNoticeBytes {
		text = strings.ToValidUTF8(text[:maxNoticeBytes], "")
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.shown && len(r.early) < maxNotices {
		r.early = append(r.early, text)
	}
	for _, c := range r.channels {
		if t := c.shown.Load(); t != nil {
			r.run(func() { t.post(text) })
		}
	}
}

// terminal is the engineer's end of a channel with a terminal: the one place where output and
// notices meet.
type terminal struct {
	c    *channel
	dumb bool // no escape sequences, please

	rows atomic.Uint32 // last size told by the engineer's client

	out    sync.Mutex // held while writing to the engineer; guards screen
	screen screen

	mu      sync.Mutex // guards waiting
	waiting []string   // notices not shown yet
	titled  int        // how many of them the title has told of
}

func newTerminal(c *channel) *terminal {
	t := &terminal{c: c, dumb: c.pty.Term == "" || c.pty.Term == "dumb"}
	t.rows.Store(c.size.Rows)
	return t
}

// write passes output on, then shows what waits where that is possible now.
func (t *terminal) write(p []byte) error {
	t.out.Lock()
	_, err := t.c.near.Write(p)
	if err == nil {
		t.screen.resized(t.rows.Load())
		t.screen.feed(p)
	}
	t.out.Unlock()
	if err == nil {
		t.show(false)
	}
	return err
}

// post adds a notice and shows it where that is possible now. Where output is just being
// written, its writer shows the notice afterwards.
func (t *terminal) post(text string) {
	t.mu.Lock()
	if len(t.waiting) == maxNotices { // the oldest has become untrue by now
		t.waiting = t.waiting[1:]
		t.titled = max(t.titled-1, 0)
	}
	t.waiting = append(t.waiting, text)
	t.mu.Unlock()
	t.show(false)
}

// finish shows what still waits when the output has ended.
func (t *terminal) finish() { t.show(true) }

// show writes the notices that wait. It gives way to whoever is writing, who calls it again.
func (t *terminal) show(last bool) {
	for t.pending() && t.out.TryLock() {
		again := t.showLocked(last)
		t.out.Unlock()
		if !again {
			return
		}
	}
}

func (t *terminal) pending() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.waiting) > 0
}

// showLocked does one round with out held; again is true where a notice may have come meanwhile.
func (t *terminal) showLocked(last bool) (again bool) {
	if !t.screen.between() || !t.c.r.valve.enter() {
		return false
	}
	defer t.c.r.valve.leave()
	t.mu.Lock()
	var b []byte
	if t.screen.full() && !last {
		for _, text := range t.waiting[t.titled:] {
			b = append(b, t.title(text)...)
		}
		t.titled = len(t.waiting)
	} else {
		for _, text := range t.waiting {
			b = append(b, "\r\n"+crlf(text)...)
		}
		if b != nil {
			b = append(b, bel)
		}
		t.waiting, t.titled = nil, 0
	}
	t.mu.Unlock()
	if b == nil {
		return false
	}
	t.c.errOut.Lock()
	defer t.c.errOut.Unlock()
	_, err := t.c.near.Stderr().Write(b)
	return err == nil
}

// title is the window title that stands for a notice, and the bell.
func (t *terminal) title(text string) string {
	if t.dumb {
		return "\a"
	}
	line, _, _ := strings.Cut(text, "\n")
	return "\x1b]2;" + printable(line) + "\a\a"
}

// printable drops control characters, which would end a title early.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 {
			return -1
		}
		return r
	}, s)
}

// crlf makes lines for a terminal whose output is not processed, each with an end.
func crlf(text string) string {
	if text == "" {
		return ""
	}
	return strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n", "\r\n") + "\r\n"
}

// lines is text as this channel's stderr takes it.
func (c *channel) lines(text string) string {
	if c.pty != nil {
		return crlf(text)
	}
	return plainLines(text)
}

func plainLines(text string) string {
	if text != "" && !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	return text
}

// restore brings the engineer's terminal back from whatever the program that was cut off had
// made of it: sequence cancelled, main screen, whole scrolling region, cursor shown, plain
// attributes, no reports of mouse and pasting.
const restore = "\x18\x1b[r\x1b[?1049l\x1b[?25h\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?2004l\x1b[0m"

// Finish is for after Stop: every open channel is told text on its stderr and ends with the
// exit status. It returns when all were told or ctx ends; an engineer who does not read is not
// waited for beyond that.
func (r *Relay) Finish(ctx context.Context, text string, exit int) {
	r.mu.Lock()
	var told sync.WaitGroup
	for _, c := range r.channels {
		if c.near == nil {
			continue
		}
		told.Add(1)
		r.run(func() {
			defer told.Done()
			c.finishBy(text, exit)
		})
	}
	r.mu.Unlock()
	done := make(chan struct{})
	r.work.Go(func() { told.Wait(); close(done) })
	select {
	case <-done:
	case <-ctx.Done():
	}
}

func (c *channel) finishBy(text string, exit int) {
	text = plainLines(text)
	if t := c.shown.Load(); t != nil {
		text = crlf(text)
		t.out.Lock() // output that is being written comes first
		if t.screen.full() || t.screen.state != ground {
			text = restore + "\r\n" + text
		} else {
			text = "\r\n" + text
		}
		t.out.Unlock()
	}
	c.errOut.Lock()
	_, _ = c.near.Stderr().Write([]byte(text))
	c.errOut.Unlock()
	c.sendExit(ownExit(exit))
	c.closeNear()
}
