package relay

import (
	"sync"
	"time"

	"golang.org/x/crypto/ssh"

	"sekimori/recordings"
)

// carry copies until both sides are done with the channel.
func (c *channel) carry(nearReqs, farReqs <-chan *ssh.Request) {
	var (
		drained = make(chan struct{}) // output and errors have ended and were handed on
		outDone = make(chan struct{})
		errDone = make(chan struct{})
		exited  = make(chan struct{}) // the target has said how the command ended
		farGone = make(chan struct{}) // the target has closed the channel
		ended   = make(chan struct{})
	)
	r := c.r
	r.run(func() { c.copyInput() })
	r.run(func() { defer close(outDone); c.copyOutput() })
	r.run(func() { defer close(errDone); c.copyErrors() })
	r.run(func() { defer close(farGone); c.serveFarRequests(farReqs, exited, drained) })
	r.run(func() {
		defer close(ended)
		<-outDone
		<-errDone
		lost := c.targetLost(exited, farGone)
		if !lost {
			c.finishOutput()
		}
		close(drained)
		<-farGone
		r.event(c.id, recordings.EventSizes, recordings.Sizes{Input: c.input.Load(), Output: c.output.Load(), Errors: c.errors.Load()})
		r.event(c.id, recordings.EventClose, nil)
		if lost { // the engineer is yet to be told why (Finish), so the channel stays open
			r.settle(c)
			return
		}
		select {
		case <-c.left:
		default:
			c.done.Store(true)
		}
		if r.valve.open() {
			c.closeNear()
		}
	})
	c.serveNearRequests(nearReqs)
	// The engineer has closed the channel: there is nobody left to work for.
	close(c.left)
	c.resize.stop()
	_ = c.far.Close()
	c.quicken()
	<-ended
}

// targetLost tells, once the output has ended, whether it ended because the target is gone. A
// command that is over, or that merely closed its output, leaves a target that still answers.
func (c *channel) targetLost(exited, farGone <-chan struct{}) bool {
	grace := time.NewTimer(partGrace)
	defer grace.Stop()
	select {
	case <-exited: // usually in the same packet as the end of the output
		return false
	case <-c.left:
		return false
	case <-farGone:
	case <-grace.C:
	}
	select {
	case <-exited:
		return false
	default:
		return !c.r.targetAnswers(c.left)
	}
}

// finishOutput passes the end of the output on. Requests such as the exit status follow it.
func (c *channel) finishOutput() {
	if c.term != nil {
		c.term.finish()
	}
	if !c.r.valve.enter() {
		return
	}
	defer c.r.valve.leave()
	if c.r.event(c.id, recordings.EventEOF, recordings.StreamEnd{Stream: recordings.Stdout.String()}) {
		_ = c.near.CloseWrite()
	}
}

// serveFarRequests takes the target's requests about the channel until the target closes it. It
// closes exited when the target has said how the command ended.
func (c *channel) serveFarRequests(reqs <-chan *ssh.Request, exited chan<- struct{}, drained <-chan struct{}) {
	var passing sync.WaitGroup
	defer passing.Wait()
	ended := false
	for req := range reqs {
		switch req.Type {
		case "exit-status", "exit-signal":
			m, err := readExit(req)
			if ended || err != nil {
				c.r.refuseRequest(c.id, &c.r.targetTally, req, "a second one, or malformed")
				continue
			}
			ended = true
			close(exited)
			_ = req.Reply(true, nil)
			passing.Go(func() { defer c.r.catch(); c.passExit(m, drained) })
		case "keepalive@openssh.com":
			_ = req.Reply(true, nil)
		case "eow@openssh.com":
			// The target reads no more; a client that knows the request stops sending.
			c.passEOW(c.near, recordings.Stdin)
			_ = req.Reply(true, nil)
		default:
			c.r.refuseRequest(c.id, &c.r.targetTally, req, "")
		}
	}
}

// passExit passes the end of the command on after its output, or after drainLimit where
// something in the background still holds the output open or the engineer does not read.
func (c *channel) passExit(m message, drained <-chan struct{}) {
	limit := time.NewTimer(drainLimit)
	defer limit.Stop()
	select {
	case <-drained:
	case <-limit.C:
	case <-c.left:
	case <-c.r.broken:
	}
	if rec, ok := c.record(m); ok && c.r.valve.open() {
		c.sendExit(rec)
	}
}

// passEOW passes on that one side reads a stream no further.
func (c *channel) passEOW(to ssh.Channel, s recordings.Stream) {
	if !c.r.valve.open() {
		return
	}
	if rec, ok := c.record(stopReading(s)); ok {
		_, _ = send(to, rec, false)
	}
}

// serveNearRequests takes the engineer's requests about the channel until the engineer's client
// closes it.
func (c *channel) serveNearRequests(reqs <-chan *ssh.Request) {
	for req := range reqs {
		switch req.Type {
		case "window-change":
			var s sizePayload
			if c.pty == nil || parse(req.Payload, maxPayload, &s) != nil {
				c.r.refuseRequest(c.id, &c.r.clientTally, req, "")
				continue
			}
			c.resize.to(c, s)
			_ = req.Reply(true, nil)
		case "signal", "break":
			m, err := readAct(req)
			if err != nil {
				c.r.refuseRequest(c.id, &c.r.clientTally, req, err.Error())
				continue
			}
			c.passInputRequest(req, m)
		case "eow@openssh.com":
			// The engineer reads no more output.
			c.passEOW(c.far, recordings.Stdout)
			_ = req.Reply(true, nil)
		default:
			c.r.refuseRequest(c.id, &c.r.clientTally, req, "")
		}
	}
}

// passInputRequest passes on a request that acts on the target like a key. While input is held
// back it is refused: what comes too late may hit something else.
func (c *channel) passInputRequest(req *ssh.Request, m message) {
	if c.r.valve.held() || !c.r.valve.enter() {
		_ = req.Reply(false, nil)
		return
	}
	defer c.r.valve.leave()
	rec, ok := c.record(m)
	if !ok {
		_ = req.Reply(false, nil)
		return
	}
	c.r.touched()
	if !req.WantReply {
		_, _ = send(c.far, rec, false)
		return
	}
	stalled := time.AfterFunc(answerLimit, func() { c.r.fail(ErrTargetGone) })
	ok, _ = send(c.far, rec, true)
	stalled.Stop()
	_ = req.Reply(ok, nil)
}

// touched tells that the engineer did something.
func (r *Relay) touched() {
	if r.cfg.OnInput != nil {
		r.cfg.OnInput()
	}
}
