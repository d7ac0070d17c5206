package relay

import (
	"sync"
	"time"

	"golang.org/x/crypto/ssh"

	"sekimori/recordings"
)

// carry copies until both sides are done with the channel.
//
// The engineer gets the end of a channel in this order: output, exit status, end of output, close. Many clients close a
// channel as soon as both of its directions have ended; plink and dbclient then report success if no status came before. sshd
// can still send the status, because it answers the close later; the SSH library answers at once. The end of the output makes
// such a client close, so it waits for the status.
func (c *channel) carry(nearReqs, farReqs <-chan *ssh.Request) {
	var (
		drained = make(chan struct{}) // output and errors have ended and were relayed
		outDone = make(chan struct{})
		errDone = make(chan struct{})
		told    = make(chan struct{}) // the exit status was relayed
		farGone = make(chan struct{}) // the target has closed the channel; told, if ever, came before
		ended   = make(chan struct{})
	)
	r := c.r
	r.run(func() { c.copyInput() })
	r.run(func() { defer close(outDone); c.copyOutput() })
	r.run(func() { defer close(errDone); c.copyErrors() })
	r.run(func() {
		defer close(farGone)
		defer r.fromTarget.close(c.fromFar, c.fromFarErrors)
		c.serveFarRequests(farReqs, told, drained)
	})
	r.run(func() {
		defer close(ended)
		<-outDone
		<-errDone
		close(drained)
		c.awaitStatus(told, farGone)
		lost := c.targetLost(told, farGone)
		if !lost {
			c.finishOutput()
			<-farGone
			lost = c.targetLost(told, farGone)
		}
		if c.inspect != nil {
			c.inspect.end()
		}
		r.event(c.id, recordings.EventSizes, recordings.Sizes{Input: c.input.Load(), Output: c.output.Load(), Errors: c.errors.Load()})
		c.recordClose()
		if lost { // the channel stays open, because Finish must still tell the engineer the reason
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
	// The engineer has closed the channel, so its work is pointless now.
	c.leave()
	c.resize.stop()
	_ = c.far.Close()
	c.hastenAcks()
	<-ended
}

// quietInput is the silence of the input after which the end of the output is passed on although the command goes on. A
// program may close its output and wait for the end of its input, as nc does after its peer has hung up; without this limit
// both sides would wait for ever.
const quietInput = time.Minute

// awaitStatus returns when the end of the output may be passed on: the status went before it, none will come, or the
// engineer's input is open and silent. A client with open input does not close the channel. A client whose input ends after
// quietInput, but before the command, loses the status. A command that never printed anything, such as one that logs to a
// file, is waited for without limit: its client has nothing to read, and may be a dump with long pauses.
func (c *channel) awaitStatus(told, farGone <-chan struct{}) {
	quiet := time.NewTicker(quietInput)
	defer quiet.Stop()
	before := c.input.Load()
	for {
		select {
		case <-told:
			return
		case <-farGone:
			return
		case <-c.left:
			return
		case <-quiet.C:
			now := c.input.Load()
			printed := c.output.Load() + c.errors.Load()
			if printed > 0 && now == before && c.inputState.Load() == inputSilent {
				return
			}
			before = now
		}
	}
}

// targetLost reports, for a channel with ended output, whether it was closed because the target is gone. The library does not
// distinguish a broken connection from a channel closed by the target.
func (c *channel) targetLost(told, farGone <-chan struct{}) bool {
	select {
	case <-farGone:
	default:
		return false // the channel is open, so the target is there
	}
	select {
	case <-told:
		return false
	case <-c.left:
		return false
	default:
		return !c.r.targetAnswers(c.left)
	}
}

// finishOutput passes the end of the output on.
func (c *channel) finishOutput() {
	if c.term != nil {
		c.term.finish()
	}
	if !c.r.valve.enter() {
		return
	}
	defer c.r.valve.leave()
	if c.event(recordings.EventEOF, recordings.StreamEnd{Stream: recordings.Stdout.String()}) {
		c.endOutput()
	}
}

// serveFarRequests handles the target's requests about the channel until the target closes it. It closes told once the exit
// status has been relayed.
func (c *channel) serveFarRequests(reqs <-chan *ssh.Request, told chan<- struct{}, drained <-chan struct{}) {
	var passing sync.WaitGroup
	defer passing.Wait()
	ended := false
	for req := range reqs {
		c.r.fromTarget.countTaken(req.Type, req.Payload)
		switch req.Type {
		case "exit-status", "exit-signal":
			m, err := readExit(req)
			if ended || err != nil {
				c.r.refuseRequest(c, targetSide, req, "a second one, or malformed")
				continue
			}
			ended = true
			_ = req.Reply(true, nil)
			passing.Go(func() {
				defer close(told)
				defer c.r.catch()
				c.passExit(m, drained)
			})
		case "keepalive@openssh.com":
			_ = req.Reply(true, nil)
		case "eow@openssh.com":
			// The target has stopped reading; a client that knows the request stops sending.
			c.passEOW(c.near, recordings.Stdin)
			_ = req.Reply(true, nil)
		default:
			c.r.refuseRequest(c, targetSide, req, "")
		}
	}
}

// passExit relays the end of the command after its output. It waits at most drainLimit, because a background process may hold
// the output open or the engineer may not read. The time in which the relay is stalled does not count.
func (c *channel) passExit(m message, drained <-chan struct{}) {
	limit := time.NewTimer(drainLimit)
	defer limit.Stop()
	for waits := true; waits; {
		waits = false
		select {
		case <-drained:
		case <-limit.C:
			if waits = c.r.valve.stalled.Load() && c.r.valve.awaitFlow(); waits {
				limit.Reset(drainLimit)
			}
		case <-c.left:
		case <-c.r.broken:
		}
	}
	if rec, ok := c.record(m); ok && c.r.valve.open() {
		c.sendExit(rec)
	}
}

// passEOW relays that one side has stopped reading a stream.
func (c *channel) passEOW(to ssh.Channel, s recordings.Stream) {
	if !c.r.valve.open() {
		return
	}
	if rec, ok := c.record(stopReading(s)); ok {
		_, _ = send(to, rec, false)
	}
}

// serveNearRequests handles the engineer's requests about the channel until the engineer's client closes it.
func (c *channel) serveNearRequests(reqs <-chan *ssh.Request) {
	for req := range reqs {
		c.r.fromClient.countTaken(req.Type, req.Payload)
		switch req.Type {
		case "window-change":
			var s sizePayload
			if c.pty == nil || parse(req.Payload, maxPayload, &s) != nil {
				c.r.refuseRequest(c, clientSide, req, "")
				continue
			}
			if c.term != nil {
				c.term.rows.Store(s.Rows)
			}
			if c.watched != nil {
				c.watched.resized(s)
			}
			c.resize.to(c, s)
			_ = req.Reply(true, nil)
		case "signal", "break":
			m, err := readAct(req)
			if err != nil {
				c.r.refuseRequest(c, clientSide, req, err.Error())
				continue
			}
			c.passInputRequest(req, m)
		case "eow@openssh.com":
			// The engineer has stopped reading the output.
			c.passEOW(c.far, recordings.Stdout)
			_ = req.Reply(true, nil)
		default:
			c.r.refuseRequest(c, clientSide, req, "")
		}
	}
}

// passInputRequest relays a request that acts on the target like a key. While input is held back it is refused, because a
// late one may hit another program.
func (c *channel) passInputRequest(req *ssh.Request, m message) {
	v := &c.r.valve
	if v.held.Load() || !v.open() {
		_ = req.Reply(false, nil)
		return
	}
	rec, ok := c.record(m)
	if !ok || !v.enterUnheld() {
		_ = req.Reply(false, nil)
		return
	}
	defer v.leave()
	c.r.active()
	if !req.WantReply {
		_, _ = send(c.far, rec, false)
		return
	}
	stalled := c.r.stallTimer()
	ok, _ = send(c.far, rec, true)
	stalled.Stop()
	_ = req.Reply(ok, nil)
}

// active reports that the session is in use.
func (r *Relay) active() {
	if r.cfg.OnActivity != nil {
		r.cfg.OnActivity()
	}
}
