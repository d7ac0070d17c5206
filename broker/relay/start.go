package relay

import (
	"context"
	"errors"
	"time"

	"golang.org/x/crypto/ssh"

	"sekimori/policy"
	"sekimori/recordings"
)

// openFar opens the target's channel. The library's OpenChannel never returns if the connection dies at the wrong moment. So
// nothing waits for it once the relay has failed; otherwise the session's end would wait too.
func (c *channel) openFar() (ssh.Channel, <-chan *ssh.Request, error) {
	type opened struct {
		far  ssh.Channel
		reqs <-chan *ssh.Request
		err  error
	}
	answer := make(chan opened, 1)
	go func() { // not part of r.work, which Wait waits for
		far, reqs, err := c.r.target.OpenChannel("session", nil)
		answer <- opened{far, reqs, err}
	}()
	select {
	case o := <-answer:
		return o.far, o.reqs, o.err
	case <-c.r.broken:
	case <-c.r.valve.ended():
	}
	// A channel that opens later ends with the connection.
	return nil, nil, errors.New("the session ended while the target opened the channel")
}

// start opens the target's channel and sends the engineer's requests there. Each step may take long, and input may be held
// back or the permission end meanwhile. So each step waits while input is held back, and the last one, the main request, is
// decided again. A command whose channel the engineer has closed meanwhile is not started. begun is called before the
// engineer learns of the start: the engineer's later requests are for the command.
func (c *channel) start(ctx context.Context, m mainRequest, begun func()) (<-chan *ssh.Request, bool) {
	if !c.r.valve.awaitInputOr(c.left) {
		return nil, false
	}
	stalled := c.r.stallTimer()
	far, farReqs, err := c.openFar()
	stalled.Stop()
	if err != nil {
		c.r.log.Warn("target_refused_channel", "error", err)
		c.event(recordings.EventRefused, recordings.Refused{Side: "target", What: "session", Detail: clip(err.Error())})
		var refused *ssh.OpenChannelError
		if errors.As(err, &refused) { // sshd counts channels too (MaxSessions, 10 by default)
			c.remark(c.r.inLanguage("関守: 接続先がこれ以上の接続を受け付けません (MaxSessions)\n", "Sekimori: the target opens no further session (MaxSessions)\n"))
		}
		return nil, false
	}
	c.far = far
	if m.channel == policy.ChannelSFTP && c.r.terms().Held() && c.r.cfg.Hold != nil {
		c.far = newHeld(c, far)
	}
	c.fromFar, c.fromFarErrors = c.r.fromTarget.open(c.far), c.r.fromTarget.open(far.Stderr())
	if !c.describe() {
		return c.abandon(farReqs)
	}
	c.env = nil // up to a quarter of a megabyte
	started, d := c.startMain(ctx, m)
	if !d.Allow {
		c.refuse(m, d)
		return c.abandon(farReqs)
	}
	if !started {
		return c.abandon(farReqs)
	}
	if c.pty != nil {
		c.term = newTerminal(c)
		c.r.mu.Lock()
		c.term.waiting, c.r.early, c.r.shown = c.r.early, nil, true
		c.r.mu.Unlock()
		c.shown.Store(c.term)
	}
	begun()
	_ = m.Reply(true, nil)
	c.sayRemarks(m.channel)
	if c.term != nil {
		c.sayLostEnv()
		// A program may be silent for long, so notices must not wait for its first output.
		c.r.run(func() { c.term.show(false) })
	}
	return farReqs, true
}

// describe sends the terminal and the variables to the target.
func (c *channel) describe() bool {
	if c.pty != nil {
		c.pty.Cols, c.pty.Rows, c.pty.Width, c.pty.Height = c.size.Cols, c.size.Rows, c.size.Width, c.size.Height
		ok, passed := c.askTarget(c.pty.message(), true)
		if !passed {
			return false
		}
		if !ok { // a target without terminals: the engineer works without one, as with ssh itself
			c.event(recordings.EventRefused, recordings.Refused{Side: "target", What: "pty-req"})
			c.noTTY = true
		}
	}
	for _, e := range c.env {
		if _, passed := c.askTarget(e.message(), false); !passed {
			return false
		}
	}
	return true
}

// askTarget records a request and sends it, unless input is held back. It returns the answer, and whether the request was
// sent.
func (c *channel) askTarget(m message, wantReply bool) (ok, passed bool) {
	v := &c.r.valve
	if !v.awaitInputOr(c.left) {
		return false, false
	}
	rec, ok := c.record(m)
	if !ok || !v.enterInputOr(c.left) {
		return false, false
	}
	defer v.leave()
	defer c.r.stallTimer().Stop()
	ok, err := send(c.far, rec, wantReply)
	return ok && err == nil, true
}

// startMain decides again, records the main request and sends it; all of that only while input is not held back. It returns
// whether the target accepted the request, and the decision.
func (c *channel) startMain(ctx context.Context, m mainRequest) (started bool, d policy.Decision) {
	v := &c.r.valve
	var rec recorded
	for kept := false; ; {
		if d = c.decide(ctx, m); !d.Allow {
			return false, d
		}
		if !v.awaitInputOr(c.left) {
			return false, d
		}
		if !kept {
			m.message = c.inPlace(m, d.Instead)
			if rec, kept = c.record(m.message); !kept {
				return false, d
			}
		}
		if v.enterUnheld() {
			if c.gone() {
				v.leave()
				return false, d
			}
			break
		}
	}
	defer v.leave()
	defer c.r.stallTimer().Stop()
	if ok, err := send(c.far, rec, true); err != nil || !ok {
		c.event(recordings.EventRefused, recordings.Refused{Side: "target", What: m.Type})
		return false, d
	}
	return true, d
}

// inPlace is the request as the target gets it. Where the grant forces a command, that is the command, whatever was asked for; the
// engineer and the recording are told.
func (c *channel) inPlace(m mainRequest, forced string) message {
	if forced == "" {
		return m.message
	}
	c.r.mu.Lock()
	c.remarks = append(c.remarks, c.r.inLanguage(
		"関守: 許可された命令「"+forced+"」を実行します(求められたものは実行しません)\n",
		"Sekimori: the granted command \""+forced+"\" runs in place of what was asked for\n"))
	c.r.mu.Unlock()
	return message{kind: recordings.EventExec, fields: stringPayload{forced}, event: recordings.NewCommand(forced)}
}

// stallTimer ends the session if a target does not answer, so that it cannot block the session for ever.
func (r *Relay) stallTimer() *time.Timer {
	return time.AfterFunc(answerLimit, func() { r.fail(ErrTargetGone) })
}

// abandon closes a channel that the target has opened but will not work on.
func (c *channel) abandon(farReqs <-chan *ssh.Request) (<-chan *ssh.Request, bool) {
	_ = c.far.Close()
	c.r.work.Go(func() {
		ssh.DiscardRequests(farReqs)
		c.r.fromTarget.close(c.fromFar, c.fromFarErrors)
	})
	return nil, false
}

// notStarted ends a channel that the target did not start. If the target is gone, or the session has ended meanwhile, Finish
// must still tell the engineer the reason. So the channel stays open, and the request is answered with success, because a
// client stops reading after a failure.
func (c *channel) notStarted(m mainRequest) {
	if c.done.Load() {
		return // it was refused, and the engineer was told
	}
	if c.gone() {
		c.event(recordings.EventRefused, recordings.Refused{Side: clientSide, What: m.Type, Detail: "the engineer closed the channel before it began"})
		c.recordClose()
		c.closeNear()
		return
	}
	if c.r.valve.open() && c.r.targetAnswers(c.left) {
		_ = m.Reply(false, nil)
		c.recordClose()
		c.closeNear()
		return
	}
	if c.pty != nil {
		c.shown.Store(newTerminal(c))
	}
	_ = m.Reply(true, nil)
	c.r.settle(c)
}
