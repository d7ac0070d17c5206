package relay

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/ssh"

	"sekimori/policy"
	"sekimori/recordings"
)

// channel is one of the engineer's session channels and, once decided, its counterpart.
type channel struct {
	r    *Relay
	id   uint32
	near ssh.Channel // the engineer's
	far  ssh.Channel // the target's; nil until the channel was decided

	pty    *ptyPayload  // nil: no terminal
	env    []envPayload // accepted, in order
	size   sizePayload  // last asked for before the channel was decided
	resize resizer
	term   *terminal // nil: no terminal, so no notices; shown is the same for other goroutines
	shown  atomic.Pointer[terminal]

	errOut sync.Mutex // held while writing to near's stderr

	waits  bool         // guarded by r.mu: nothing is left to do but to be told why the target went
	done   atomic.Bool  // the work was finished before the engineer closed
	exited atomic.Bool  // an exit status or signal went to the engineer
	input  atomic.Int64 // bytes handed on, for the event at the end
	output atomic.Int64
	errors atomic.Int64
	left   chan struct{} // closed when the engineer's side of the channel has closed
}

// mainRequest is the request that says what a channel is.
type mainRequest struct {
	*ssh.Request
	kind    policy.ChannelKind
	command string // of an exec; name of a subsystem
}

// serveChannels takes the engineer's channels until the connection ends.
func (r *Relay) serveChannels(ctx context.Context, chans <-chan ssh.NewChannel) {
	for nc := range chans {
		if nc.ChannelType() != "session" {
			r.rejectChannel(&r.clientTally, nc, ssh.Prohibited, reasonLine(policy.FeatureNotGranted, featureOf(nc.ChannelType())))
			continue
		}
		c, why := r.admit()
		if c == nil {
			r.rejectChannel(&r.clientTally, nc, ssh.ResourceShortage, why)
			continue
		}
		near, reqs, err := nc.Accept()
		if err != nil {
			r.release(c) // the connection is dead, which Serve sees
			continue
		}
		r.mu.Lock()
		c.near = near // Finish looks for it
		r.mu.Unlock()
		r.run(func() {
			defer r.release(c)
			c.serve(ctx, reqs)
		})
	}
}

// admit makes room for a channel, or says why there is none.
func (r *Relay) admit() (*channel, string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case !r.valve.open():
		return nil, "the session has ended"
	case r.closing:
		return nil, "no more sessions were asked for"
	case r.busy >= maxChannels:
		return nil, "too many channels at once"
	}
	if r.busy == 0 {
		r.idle = make(chan struct{})
	}
	r.busy++
	c := &channel{r: r, id: r.next, left: make(chan struct{})}
	r.next++
	r.channels[c.id] = c
	r.begun = true
	return c, ""
}

// release gives the room back once nothing works on the channel any more.
func (r *Relay) release(c *channel) {
	r.settle(c)
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.channels, c.id)
}

// settle says that the channel has no work left, though it may still be open.
func (r *Relay) settle(c *channel) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if c.waits {
		return
	}
	c.waits = true
	if r.busy--; r.busy == 0 {
		close(r.idle)
	}
}

// serve is the life of a channel. It takes reqs until they end, whatever happens: a request
// that nobody takes would stop the whole connection.
func (c *channel) serve(ctx context.Context, reqs <-chan *ssh.Request) {
	defer func() {
		for req := range reqs {
			c.r.refuseRequest(c.id, &c.r.clientTally, req, "the channel is closing")
		}
	}()
	defer c.r.catch() // before the requests that are still to come are waited for
	c.quicken()
	if !c.r.event(c.id, recordings.EventOpen, recordings.Opened{Type: "session"}) {
		return
	}
	m, ok := c.prelude(reqs)
	if !ok {
		close(c.left)
		c.closeNear()
		return
	}
	d := c.r.cfg.Decide(ctx, m.kind)
	if d.Allow && m.kind == policy.ChannelOther {
		// Nothing of the kind can be relayed, whatever the grant says.
		d = policy.Decision{Reason: policy.FeatureNotGranted, Args: map[string]string{"feature": featureOf(m.command)}}
	}
	if !d.Allow {
		c.refuse(m, d)
		return
	}
	farReqs, ok := c.start(m)
	if !ok {
		c.closeNear()
		return
	}
	c.carry(reqs, farReqs)
}

// prelude answers what comes before the request that says what the channel is; ok is false
// where the engineer closes the channel without one.
func (c *channel) prelude(reqs <-chan *ssh.Request) (m mainRequest, ok bool) {
	for req := range reqs {
		switch req.Type {
		case "shell":
			return mainRequest{req, policy.ChannelShell, ""}, true
		case "exec", "subsystem":
			var s stringPayload
			if len(req.Payload) > maxCommand || ssh.Unmarshal(req.Payload, &s) != nil {
				c.r.refuseRequest(c.id, &c.r.clientTally, req, "malformed or too long")
				continue
			}
			kind := policy.ChannelOther
			switch {
			case req.Type == "exec":
				kind = classify(s.Value)
			case s.Value == "sftp":
				kind = policy.ChannelSFTP
			}
			return mainRequest{req, kind, s.Value}, true
		default:
			c.prepare(req)
		}
	}
	return mainRequest{}, false
}

// prepare takes one request of the prelude: a terminal, a variable, a size. What is accepted is
// kept until the channel has been decided.
func (c *channel) prepare(req *ssh.Request) {
	switch req.Type {
	case "pty-req":
		if p, ok := parsePTY(req.Payload); ok && c.pty == nil {
			c.pty = &p
			c.size = sizePayload{p.Cols, p.Rows, p.Width, p.Height}
			_ = req.Reply(true, nil)
			return
		}
	case "env":
		if e, ok := parseEnv(req.Payload, c.r.cfg.Env); ok && len(c.env) < maxEnv {
			c.env = append(c.env, e)
			_ = req.Reply(true, nil)
			return
		} else {
			c.r.refuseRequest(c.id, &c.r.clientTally, req, e.Name)
			return
		}
	case "window-change":
		var s sizePayload
		if c.pty != nil && ssh.Unmarshal(req.Payload, &s) == nil {
			c.size = s
			_ = req.Reply(true, nil)
			return
		}
	}
	c.r.refuseRequest(c.id, &c.r.clientTally, req, "")
}

// start opens the target's channel and asks there for what the engineer asked for.
func (c *channel) start(m mainRequest) (<-chan *ssh.Request, bool) {
	// A target that does not answer must not hold the session up for ever.
	stalled := time.AfterFunc(answerLimit, func() { c.r.fail(ErrTargetGone) })
	defer stalled.Stop()
	far, farReqs, err := c.r.target.OpenChannel("session", nil)
	if err != nil {
		c.r.log.Warn("target_refused_channel", "error", err)
		c.r.event(c.id, eventRefused, refused{Side: "target", What: "session", Detail: clip(err.Error())})
		_ = m.Reply(false, nil)
		return nil, false
	}
	c.far = far
	if c.pty != nil {
		c.pty.Cols, c.pty.Rows, c.pty.Width, c.pty.Height = c.size.Cols, c.size.Rows, c.size.Width, c.size.Height
		if !c.r.event(c.id, recordings.EventPTY, c.pty.recorded()) {
			return c.abandon(m, farReqs)
		}
		// A target without terminals: the engineer works on without one, as with ssh itself.
		if ok, err := far.SendRequest("pty-req", true, ssh.Marshal(c.pty)); err != nil || !ok {
			c.r.event(c.id, eventRefused, refused{Side: "target", What: "pty-req"})
		}
	}
	for _, e := range c.env {
		if !c.r.event(c.id, recordings.EventEnv, e) {
			return c.abandon(m, farReqs)
		}
		_, _ = far.SendRequest("env", false, ssh.Marshal(e))
	}
	kind := recordings.EventShell
	var body any
	if m.Type != "shell" {
		kind, body = m.Type, recordings.Command{Command: m.command}
	}
	if !c.r.event(c.id, kind, body) {
		return c.abandon(m, farReqs)
	}
	ok, err := far.SendRequest(m.Type, true, m.Payload)
	if err != nil || !ok {
		c.r.event(c.id, eventRefused, refused{Side: "target", What: m.Type})
		return c.abandon(m, farReqs)
	}
	if c.pty != nil {
		c.term = newTerminal(c)
		c.r.mu.Lock()
		c.term.waiting, c.r.early, c.r.shown = c.r.early, nil, true
		c.r.mu.Unlock()
		c.shown.Store(c.term)
	}
	_ = m.Reply(true, nil)
	if c.term != nil {
		// A program may be silent for long; its first output must not be what shows them.
		c.r.run(func() { c.term.show(false) })
	}
	return farReqs, true
}

// abandon gives up a channel that the target has, but will not get to work on.
func (c *channel) abandon(m mainRequest, farReqs <-chan *ssh.Request) (<-chan *ssh.Request, bool) {
	_ = m.Reply(false, nil)
	_ = c.far.Close()
	c.r.work.Go(func() { ssh.DiscardRequests(farReqs) })
	return nil, false
}

// refuse says on the channel why it may not be: a refused request alone would make the client
// say less, or nothing. The request is answered with success so that the client reads on.
func (c *channel) refuse(m mainRequest, d policy.Decision) {
	what := string(m.kind)
	if m.kind == policy.ChannelOther {
		what = m.command
	}
	if record, abuse := c.r.clientTally.refuse(); abuse != nil {
		c.r.fail(abuse)
	} else {
		c.r.noteRefusal(c.id, &c.r.clientTally, what, d.Reason, m.command, record)
	}
	c.done.Store(true)
	text, exit := c.r.cfg.Refuse(d)
	_ = m.Reply(true, nil)
	c.say(text)
	c.sendExit("exit-status", ssh.Marshal(statusPayload{uint32(exit)}))
	c.closeNear()
}

// say writes lines to the engineer's stderr.
func (c *channel) say(text string) {
	c.errOut.Lock()
	defer c.errOut.Unlock()
	_, _ = c.near.Stderr().Write([]byte(c.lines(text)))
}

// sendExit tells the engineer's client how the command ended, once.
func (c *channel) sendExit(kind string, payload []byte) {
	if c.exited.Swap(true) {
		return
	}
	_, _ = c.near.SendRequest(kind, false, payload)
}

// closeNear closes the engineer's side. The client may have closed it before.
func (c *channel) closeNear() {
	_ = c.near.Close()
	c.quicken()
}

func (c *channel) quicken() {
	if c.r.cfg.Quicken != nil {
		c.r.cfg.Quicken()
	}
}
