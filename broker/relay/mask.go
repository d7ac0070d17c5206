package relay

import (
	"sync"
	"time"

	"sekimori/policy"
	"sekimori/recordings"
)

// holdNumber is the longest time for which output waits because a number may be beginning in it.
const holdNumber = 20 * time.Millisecond

// masking masks individual numbers in one stream of output. What was masked goes into the recording's input, which has the stricter
// key; the output has it as the engineer saw it.
type masking struct {
	p *pump

	mu    sync.Mutex // held while output of the stream is passed on
	n     *numbers
	timer *time.Timer // flushes what is held
}

// mask sets up masking for a pump, where the rule asks for it. Channels for files and forwards carry protocols, not text.
func (c *channel) mask(p *pump) {
	if c.r.cfg.OnNumbers == nil || c.kind != policy.ChannelShell && c.kind != policy.ChannelExec {
		return
	}
	m := &masking{p: p, n: newNumbers()}
	m.timer = time.AfterFunc(time.Hour, m.late)
	m.timer.Stop()
	p.masking = m
}

// pass takes output as it comes. It reports whether the copy may go on.
func (m *masking) pass(b []byte) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.n.idle(b) {
		return m.p.forward(b)
	}
	for len(b) > 0 {
		k := min(len(b), maskPiece)
		held := m.n.held()
		out := m.n.feed(b[:k])
		fresh := len(out) >= held // all that waited has gone: what waits now has just come
		if !m.hand(out) {
			return false
		}
		switch {
		case !m.n.holds():
			m.timer.Stop()
		case held == 0 || fresh:
			m.timer.Reset(holdNumber)
		}
		b = b[k:]
	}
	return true
}

// late passes on what has waited long enough.
func (m *masking) late() {
	defer m.p.c.r.catch()
	m.flush()
}

// flush passes on what is held.
func (m *masking) flush() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.timer.Stop()
	if m.n.holds() {
		m.hand(m.n.flush())
	}
}

// hand records what was masked, then passes the output on.
func (m *masking) hand(out []byte) bool {
	c := m.p.c
	if digits, found := m.n.take(); found > 0 {
		body := recordings.Masked{Stream: m.p.stream.String(), Digits: string(digits)}
		if err := c.r.cfg.Recorder.InputEvent(c.id, recordings.EventMasked, body); err != nil {
			c.r.fail(&RecordingError{Err: err})
			return false
		}
		c.r.cfg.OnNumbers(found)
	}
	return len(out) == 0 || m.p.forward(out)
}
