package relay

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

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

	fromNear      *inflow // near, as it is read
	fromFar       *inflow // far, as it is read
	fromFarErrors *inflow

	pty    *ptyPayload  // nil: no terminal
	env    []envPayload // accepted, in order
	lost   []string     // variables that are on the list, and whose values were not accepted
	size   sizePayload  // last asked for before the channel said what it is
	late   *sizePayload // last asked for from then until it was started
	resize resizer
	term   *terminal // nil: no terminal, so no notices; shown is the same for other goroutines
	shown  atomic.Pointer[terminal]

	inspect inspector // reads along where files move; nil elsewhere

	errOut sync.Mutex // held while writing to near's stderr

	waits      bool         // guarded by r.mu: nothing is left to do but to be told why the target went
	done       atomic.Bool  // the work was finished before the engineer closed
	exited     atomic.Bool  // an exit status or signal went to the engineer
	input      atomic.Int64 // bytes handed on, for the event at the end
	output     atomic.Int64
	errors     atomic.Int64
	unasked    atomic.Int64  // bytes of output since the engineer last sent anything
	shell      bool          // a person's shell, on which only keys count against idleness
	heard      atomic.Bool   // a person reads its stderr: a shell or a command that was started
	remarks    []string      // to be said once it is started
	inputState atomic.Int32  // inputSilent, inputPassing, inputEnded
	left       chan struct{} // closed when the engineer's side of the channel has closed
	leaving    sync.Once     // closes left
	closed     atomic.Bool   // its end was recorded
}

// leave notes that the engineer's side of the channel has closed.
func (c *channel) leave() { c.leaving.Do(func() { close(c.left) }) }

// gone reports whether the engineer's side of the channel has closed.
func (c *channel) gone() bool {
	select {
	case <-c.left:
		return true
	default:
		return false
	}
}

// number is the channel as events name it: once its end is recorded, what is still refused on it is the session's.
func (c *channel) number() uint32 {
	if c.closed.Load() {
		return recordings.SessionChannel
	}
	return c.id
}

// recordClose records the end of a channel whose beginning was recorded: once, on whatever way it ends. Readers forget a channel
// with it.
func (c *channel) recordClose() {
	if !c.closed.Swap(true) {
		c.r.event(c.id, recordings.EventClose, nil)
	}
}

// States of what the engineer types or sends, as awaitStatus asks for them.
const (
	inputSilent  int32 = iota // open, and nothing is on its way
	inputPassing              // a piece is being handed on, or held back
	inputEnded
)

// mainRequest is the request that says what a channel is.
type mainRequest struct {
	*ssh.Request
	message message // in which form it passes
	channel policy.ChannelKind
	command string // of an exec; name of a subsystem
}

// serveChannels takes the engineer's channels until the connection ends.
func (r *Relay) serveChannels(ctx context.Context, chans <-chan ssh.NewChannel) {
	if r.cfg.First != nil {
		r.takeChannel(ctx, r.cfg.First)
	}
	for {
		select {
		case nc, ok := <-chans:
			if !ok {
				return
			}
			r.takeChannel(ctx, nc)
		case <-r.noMore:
			// OpenSSH asks for no more right behind its first channel. The library has put that
			// one into chans before it gave out the request.
			for waiting := true; waiting; {
				select {
				case nc, ok := <-chans:
					if !ok {
						return
					}
					r.takeChannel(ctx, nc)
				default:
					waiting = false
				}
			}
			r.mu.Lock()
			r.closing = true
			r.mu.Unlock()
		}
	}
}

// askNoMore turns away the channels that come later than what the client sent so far.
func (r *Relay) askNoMore() {
	select {
	case r.noMore <- struct{}{}:
	default: // asked before
	}
}

// takeChannel answers one channel of the engineer's.
func (r *Relay) takeChannel(ctx context.Context, nc ssh.NewChannel) {
	r.fromClient.took(nc.ChannelType(), nc.ExtraData())
	if nc.ChannelType() != "session" {
		r.rejectChannel(clientSide, nc, ssh.Prohibited, reasonLine(policy.FeatureNotGranted, featureOf(nc.ChannelType())))
		return
	}
	c, why := r.admit()
	if c == nil {
		r.rejectChannel(clientSide, nc, ssh.ResourceShortage, why)
		return
	}
	near, reqs, err := nc.Accept()
	if err != nil {
		r.release(c) // the connection is dead, which Serve sees
		return
	}
	r.mu.Lock()
	c.near = near // Finish looks for it
	r.mu.Unlock()
	c.fromNear = r.fromClient.open(near)
	r.run(c.discardErrors)
	r.run(func() {
		defer r.release(c)
		c.serve(ctx, reqs)
	})
}

// admit makes room for a channel, or says why there is none.
func (r *Relay) admit() (*channel, string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case !r.valve.open():
		return nil, "the session has ended"
	case r.closing && r.begun: // the client asked behind a channel that may come here after the request
		return nil, "no more sessions were asked for"
	case r.busy >= maxChannels:
		return nil, fmt.Sprintf("too many channels at once (%d)", maxChannels)
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
	r.fromClient.close(c.fromNear)
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
			c.r.fromClient.took(req.Type, req.Payload)
			c.r.refuseRequest(c.number(), clientSide, req, "the channel is closing")
		}
	}()
	defer c.r.catch() // before the requests that are still to come are waited for
	c.quicken()
	if !c.r.event(c.id, recordings.EventOpen, recordings.Opened{Type: "session"}) {
		return
	}
	defer c.recordClose() // where nothing below came to it
	m, ok := c.prelude(reqs)
	if !ok {
		c.leave()
		c.recordClose()
		c.closeNear()
		return
	}
	stop := c.meanwhile(reqs)
	defer stop()
	d := c.decide(ctx, m)
	if !d.Allow {
		c.refuse(m, d)
		return
	}
	farReqs, ok := c.start(ctx, m, stop)
	stop()
	if c.late != nil && ok {
		c.resize.to(c, *c.late)
	}
	if !ok {
		c.notStarted(m)
		return
	}
	c.inspect = newInspector(c, m)
	c.shell = m.channel == policy.ChannelShell
	c.r.active()
	c.carry(reqs, farReqs)
}

// decide asks whether the engineer may have the channel now.
func (c *channel) decide(ctx context.Context, m mainRequest) policy.Decision {
	d := c.r.cfg.Decide(ctx, m.channel)
	if d.Allow && m.channel == policy.ChannelOther {
		// Nothing of the kind can be relayed, whatever the grant says.
		d = policy.Decision{Reason: policy.FeatureNotGranted, Args: map[string]string{"feature": featureOf(m.command)}}
	}
	return d
}

// prelude answers what comes before the request that says what the channel is; ok is false
// where the engineer closes the channel without one.
func (c *channel) prelude(reqs <-chan *ssh.Request) (m mainRequest, ok bool) {
	for req := range reqs {
		c.r.fromClient.took(req.Type, req.Payload)
		switch req.Type {
		case "shell", "exec", "subsystem":
			msg, command, err := readMain(req)
			if err != nil {
				c.r.refuseRequest(c.id, clientSide, req, err.Error())
				continue
			}
			return mainRequest{req, msg, channelKind(req.Type, command), command}, true
		default:
			c.prepare(req)
		}
	}
	return mainRequest{}, false
}

func channelKind(request, command string) policy.ChannelKind {
	switch {
	case request == "shell":
		return policy.ChannelShell
	case request == "exec":
		return classify(command)
	case command == "sftp":
		return policy.ChannelSFTP
	}
	return policy.ChannelOther
}

// prepare takes one request of the prelude: a terminal, a variable, a size. What is accepted is
// kept until the channel has been decided.
func (c *channel) prepare(req *ssh.Request) {
	switch req.Type {
	case "pty-req":
		p, err := readPTY(req.Payload)
		if errors.Is(err, errTerm) && c.pty == nil {
			c.r.refused(refusal{channel: c.id, side: clientSide, what: "TERM", detail: err.Error()})
			c.remarks = append(c.remarks, c.r.inLanguage(
				fmt.Sprintf("関守: TERM が %d 文字より長いか英数字でないため、接続先には dumb と伝えました\n", maxTerm),
				fmt.Sprintf("Sekimori: TERM is longer than %d characters or not ASCII; the target is told \"dumb\"\n", maxTerm)))
			err = nil
		}
		if err == nil && c.pty == nil {
			c.pty = &p
			c.size = sizePayload{p.Cols, p.Rows, p.Width, p.Height}
			_ = req.Reply(true, nil)
			return
		}
	case "env":
		c.prepareEnv(req)
		return
	case "window-change":
		var s sizePayload
		if c.pty != nil && parse(req.Payload, maxPayload, &s) == nil {
			c.size = s
			_ = req.Reply(true, nil)
			return
		}
	}
	c.r.refuseRequest(c.id, clientSide, req, "")
}

// refuse says on the channel why it may not be: a refused request alone would make the client
// say less, or nothing. The request is answered with success so that the client reads on.
func (c *channel) refuse(m mainRequest, d policy.Decision) {
	what := string(m.channel)
	if m.channel == policy.ChannelOther {
		what = m.command
	}
	c.r.refused(refusal{
		channel: c.id, side: clientSide, what: what, feature: string(m.channel), reason: d.Reason, detail: recordings.NewCommand(m.command).Command,
	})
	c.done.Store(true)
	text, exit := c.r.cfg.Refuse(d)
	_ = m.Reply(true, nil)
	c.say(text)
	if rec, ok := c.record(exitMessage(uint32(exit))); ok {
		c.sendExit(rec)
	}
	c.recordClose()
	c.closeNear()
}

// say writes lines to the engineer's stderr.
func (c *channel) say(text string) {
	c.r.event(c.id, recordings.EventNotice, recordings.Notice{Kind: "refused", Text: text})
	c.errOut.Lock()
	defer c.errOut.Unlock()
	_, _ = c.near.Stderr().Write([]byte(c.lines(text)))
}

// sendExit tells the engineer's client how the command ended, once.
func (c *channel) sendExit(m recorded) {
	if c.exited.Swap(true) {
		return
	}
	_, _ = send(c.near, m, false)
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
