package relay

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"

	"sekimori/recordings"
)

// Notify shows text, lines with "\n" ends, on every open terminal as soon as that spoils nothing there. While a program uses
// the whole screen, only the window's title changes and the bell rings; the text follows when the program has left. The text
// goes to the channel's stderr, which a terminal shows like output. The output itself may be read by a program even on a
// terminal (ssh -tt host COMMAND, Ansible). Channels without a terminal carry data and get no notices. The notice is recorded
// as an event, not as output. Notify does not wait; a notice before the first terminal appears there once it opens.
func (r *Relay) Notify(kind, text string) {
	if r.valve.open() && r.event(recordings.SessionChannel, recordings.EventNotice, recordings.Notice{Kind: kind, Text: text}) {
		r.post(text)
	}
}

// NotifyAhead is Notify for a notice that the disk is slow: it is recorded with the next record, and shown before. If the disk never
// answers, the recording lacks it.
func (r *Relay) NotifyAhead(kind, text string) {
	if !r.valve.open() {
		return
	}
	if err := r.cfg.Recorder.Precede(recordings.SessionChannel, recordings.EventNotice, recordings.Notice{Kind: kind, Text: text}); err != nil {
		r.fail(&RecordingError{Err: err})
		return
	}
	r.post(text)
}

// post shows a recorded notice on every open terminal.
func (r *Relay) post(text string) {
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

// terminal is the engineer's end of a channel with a terminal. Output and notices meet only here.
type terminal struct {
	c    *channel
	dumb bool // the terminal knows no escape sequences

	rows atomic.Uint32 // last size from the engineer's client

	out    sync.Mutex // held while writing to the engineer; guards screen
	screen screen

	mu      sync.Mutex // guards waiting
	waiting []string   // notices not shown yet
	titled  int        // number of them announced in the title
}

func newTerminal(c *channel) *terminal {
	t := &terminal{c: c, dumb: c.pty.Term == "" || c.pty.Term == "dumb"}
	t.rows.Store(c.size.Rows)
	return t
}

// write relays output, then shows waiting notices if that is possible now.
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

// post adds a notice and shows it if that is possible now. If output is being written, its writer shows the notice
// afterwards.
func (t *terminal) post(text string) {
	t.mu.Lock()
	if len(t.waiting) == maxNotices { // the oldest is outdated by now
		t.waiting = t.waiting[1:]
		t.titled = max(t.titled-1, 0)
	}
	t.waiting = append(t.waiting, text)
	t.mu.Unlock()
	t.show(false)
}

// finish shows the waiting notices after the end of the output.
func (t *terminal) finish() { t.show(true) }

// show writes the waiting notices. If another goroutine is writing, show returns, and that goroutine calls it again.
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

// showLocked does one round with out held; again is true if a new notice may have arrived.
func (t *terminal) showLocked(last bool) (again bool) {
	if !t.screen.between() || !t.c.r.valve.enterNow() {
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
	return t.c.writeErrors(b) == nil
}

// title is the window title for a notice, and the bell.
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

// crlf ends each line with CR LF, for a terminal without output processing.
func crlf(text string) string {
	if text == "" {
		return ""
	}
	return strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n", "\r\n") + "\r\n"
}

// lines is text in the form for this channel's stderr.
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

// restore resets the engineer's terminal after a program was cut off: sequence cancelled, main screen, whole scrolling
// region, cursor shown, plain attributes, no reports of mouse and pasting.
const restore = "\x18\x1b[r\x1b[?1049l\x1b[?25h\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?2004l\x1b[0m"

// Finish is for after Stop: it writes text to every open channel's stderr and ends the channel with the exit status. A channel
// that opens later, until ctx ends, is told the same. Finish returns when those that are open now were told, and whether there
// were any, or when ctx ends; it does not wait longer for an engineer who does not read.
func (r *Relay) Finish(ctx context.Context, text string, exit int) (some bool) {
	r.mu.Lock()
	var told sync.WaitGroup
	bye := &farewell{ctx, text, exit}
	r.bye = bye
	for _, c := range r.channels {
		if c.near == nil {
			continue // takeChannel sees the farewell
		}
		some = true
		told.Add(1)
		r.run(func() {
			defer told.Done()
			c.finishBy(bye)
		})
	}
	r.mu.Unlock()
	done := make(chan struct{})
	r.work.Go(func() { told.Wait(); close(done) })
	select {
	case <-done:
	case <-ctx.Done():
	}
	return some
}

func (c *channel) finishBy(bye *farewell) {
	if c.forward {
		c.closeNear()
		return
	}
	text := plainLines(bye.text)
	select {
	case <-c.answered:
		text = c.lines(bye.text)
	case <-bye.ctx.Done():
	}
	if t := c.shown.Load(); t != nil {
		text = crlf(bye.text)
		t.out.Lock() // output in progress comes first
		if t.screen.full() || t.screen.state != ground {
			text = restore + "\r\n" + text
		} else {
			text = "\r\n" + text
		}
		t.out.Unlock()
	}
	_ = c.writeErrors([]byte(text))
	c.sendExit(ownExit(bye.exit))
	c.closeNear()
}
