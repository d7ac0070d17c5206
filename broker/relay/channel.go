package relay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"sync/atomic"

	"golang.org/x/crypto/ssh"

	"sekimori/policy"
	"sekimori/recordings"
)

// channel is one of the engineer's session channels and, once decided, the target's counterpart.
type channel struct {
	r    *Relay
	id   uint32
	near ssh.Channel // the engineer's
	far  ssh.Channel // the target's; nil until the channel has been decided

	fromNear      *inflow // near, as the relay reads it
	fromFar       *inflow // far, as the relay reads it
	fromFarErrors *inflow

	forward bool // carries a forwarded connection: no text for the engineer goes into it

	pty    *ptyPayload  // nil: no terminal
	env    []envPayload // accepted, in order
	lost   []string     // listed variables with refused values
	size   sizePayload  // last size before the main request
	late   *sizePayload // last size between the main request and the start
	resize resizer
	term   *terminal // nil: no terminal, so no notices; shown is its copy for other goroutines
	shown  atomic.Pointer[terminal]

	watched   *inputLines          // nil: no live rule looks at its input
	inspect   inspector            // records file operations; nil on channels without files
	toldFiles []policy.FileRefusal // guarded by r.mu: the engineer has read them

	copyRefused atomic.Bool // the terms have ended its copy

	errOut sync.Mutex // held while near's stderr is written to, and while its end is sent

	ended      bool          // it came when nothing was relayed any more
	answered   chan struct{} // closed when its main request was answered, or none will come
	answering  sync.Once     // closes answered
	waits      bool          // guarded by r.mu: only Finish's message is outstanding
	done       atomic.Bool   // the work was finished before the engineer closed
	exited     atomic.Bool   // an exit status or signal went to the engineer
	input      atomic.Int64  // bytes relayed, for the event at the end
	output     atomic.Int64
	errors     atomic.Int64
	unasked    atomic.Int64 // bytes of output since the engineer's last input
	kind       policy.ChannelKind
	shell      bool          // a person's shell: only its keys count against idleness
	fed        bool          // its command is a shell that reads commands from the input
	noTTY      bool          // the target gave no terminal
	heard      atomic.Bool   // a person reads its stderr: a shell or a command that was started
	remarks    []string      // to be written once it is started
	inputState atomic.Int32  // inputSilent, inputPassing, inputEnded
	left       chan struct{} // closed when the engineer's side of the channel has closed
	leaving    sync.Once     // closes left
	closed     atomic.Bool   // its end has been recorded
	recording  sync.RWMutex  // held while an event is recorded, for writing while the end is: no event of the channel follows it
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

// event records an event of the channel. After the channel's end has been recorded, it belongs to the session: readers have
// forgotten the channel.
func (c *channel) event(kind string, body any) bool {
	c.recording.RLock()
	defer c.recording.RUnlock()
	id := c.id
	if c.closed.Load() {
		id = recordings.SessionChannel
	}
	return c.r.event(id, kind, body)
}

// recordClose records the end of a channel with a recorded start. It records exactly one end on every path, because readers
// then forget the channel.
func (c *channel) recordClose() {
	c.recording.Lock()
	defer c.recording.Unlock()
	if !c.closed.Swap(true) {
		c.r.event(c.id, recordings.EventClose, nil)
	}
}

// States of the engineer's input, read by awaitStatus.
const (
	inputSilent  int32 = iota // open, and nothing is in transit
	inputPassing              // a piece is being relayed, or held back
	inputEnded
)

// mainRequest is the request that determines the kind of a channel.
type mainRequest struct {
	*ssh.Request
	message message // the form in which it is relayed
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
			// OpenSSH sends no-more-sessions right behind its first channel. The library has put that channel into chans
			// before it delivers the request.
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

// askNoMore makes the relay reject channels that come after the client's current data.
func (r *Relay) askNoMore() {
	select {
	case r.noMore <- struct{}{}:
	default: // the client has asked before
	}
}

// takeChannel answers one of the engineer's channels.
func (r *Relay) takeChannel(ctx context.Context, nc ssh.NewChannel) {
	r.fromClient.countTaken(nc.ChannelType(), nc.ExtraData())
	switch nc.ChannelType() {
	case "session":
	case directTCPIP:
		r.takeForward(ctx, nc)
		return
	default:
		r.rejectChannel(clientSide, nc, ssh.Prohibited, reasonLine(policy.FeatureNotGranted, featureOf(nc.ChannelType())))
		return
	}
	c, why := r.admit(nc.ChannelType())
	if c == nil {
		r.rejectChannel(clientSide, nc, ssh.ResourceShortage, why)
		return
	}
	near, reqs, err := nc.Accept()
	if err != nil {
		r.release(c) // the connection is dead; Serve notices that
		return
	}
	r.mu.Lock()
	c.near = near // Finish looks for it
	bye := r.bye
	r.mu.Unlock()
	c.fromNear = r.fromClient.open(near)
	if c.ended {
		r.run(func() { _, _ = io.Copy(io.Discard, near.Stderr()) })
	} else {
		r.run(c.discardErrors)
	}
	if bye != nil { // Finish has told the others
		r.run(func() { c.finishBy(bye) })
	}
	r.run(func() {
		defer r.release(c)
		if c.ended {
			c.serveLate(reqs)
			return
		}
		c.serve(ctx, reqs)
	})
}

// admit makes room for a channel of a type of RFC 4254, or returns why there is none. A channel that comes when nothing is relayed any more has room too:
// its client is told the reason of the end.
func (r *Relay) admit(kind string) (*channel, string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case !r.valve.open():
		if kind != "session" || r.lates >= maxLate {
			return nil, "the session has ended"
		}
		r.lates++
		return r.add(&channel{ended: true, waits: true}), ""
	case kind == "session" && r.closing && r.begun: // the client asked after a channel that may arrive here after the request
		return nil, "no more sessions were asked for"
	case r.busy >= maxChannels:
		return nil, fmt.Sprintf("too many channels at once (%d)", maxChannels)
	}
	if r.busy == 0 {
		r.idle = make(chan struct{})
	}
	r.busy++
	r.begun = true
	return r.add(&channel{forward: kind == directTCPIP}), ""
}

// add gives a channel its number. The caller holds mu.
func (r *Relay) add(c *channel) *channel {
	c.r, c.id, c.left, c.answered = r, r.next, make(chan struct{}), make(chan struct{})
	r.next++
	r.channels[c.id] = c
	return c
}

// release returns the channel's place once no goroutine works on it any more.
func (r *Relay) release(c *channel) {
	r.settle(c)
	r.fromClient.close(c.fromNear)
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.channels, c.id)
}

// settle notes that the channel's work is done, though it may still be open.
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

// serve runs a channel. It reads reqs until they end in every case: an unread request would stop the whole connection.
func (c *channel) serve(ctx context.Context, reqs <-chan *ssh.Request) {
	defer c.discardRequests(reqs)
	defer c.answer()
	defer c.r.catch() // runs before the remaining requests are waited for
	c.hastenAcks()
	if !c.event(recordings.EventOpen, recordings.Opened{Type: "session"}) {
		c.answerOnly(reqs) // the recording has failed: Finish tells that
		return
	}
	defer c.recordClose() // covers every path that has not recorded the end
	m, ok := c.prelude(reqs)
	if !ok {
		c.leave()
		c.recordClose()
		c.r.settle(c) // before the client learns of the end: it may open the next channel at once
		c.closeNear()
		return
	}
	stop := c.serveEarlyRequests(reqs)
	defer stop()
	d := c.decide(ctx, m)
	if d.Allow {
		d = c.rulesOnCommand(m, d)
	}
	if !d.Allow {
		c.refuse(m, d)
		return
	}
	farReqs, ok := c.start(ctx, m, stop)
	stop()
	if ok {
		c.answer()
	}
	if c.late != nil && ok {
		c.resize.to(c, *c.late)
	}
	if !ok {
		c.notStarted(m)
		return
	}
	c.inspect = newInspector(c, m)
	c.kind, c.shell = m.channel, m.channel == policy.ChannelShell
	c.follow()
	c.r.active()
	c.carry(reqs, farReqs)
}

// decide asks for the decision on the channel.
func (c *channel) decide(ctx context.Context, m mainRequest) policy.Decision {
	d := c.r.cfg.Decide(ctx, policy.Asked{Kind: m.channel, Command: m.command})
	if d.Allow && m.channel == policy.ChannelOther {
		// No such command can be relayed, under any grant.
		d = policy.Decision{Reason: policy.FeatureNotGranted, Args: map[string]string{"feature": featureOf(m.command)}}
	}
	if d.Allow {
		if why := c.mayCopy(m); why != "" {
			d = policy.Decision{Reason: policy.FeatureNotGranted, Args: map[string]string{"feature": string(why)}}
		}
	}
	return d
}

// prelude answers the requests before the main request. ok is false if the engineer closes the channel first.
func (c *channel) prelude(reqs <-chan *ssh.Request) (m mainRequest, ok bool) {
	for req := range reqs {
		c.r.fromClient.countTaken(req.Type, req.Payload)
		switch req.Type {
		case "shell", "exec", "subsystem":
			msg, command, err := readMain(req)
			if err != nil {
				c.r.refuseRequest(c, clientSide, req, err.Error())
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

// prepare handles one request of the prelude: a terminal, a variable, a size. Accepted ones are kept until the channel has
// been decided.
func (c *channel) prepare(req *ssh.Request) {
	switch req.Type {
	case "pty-req":
		p, err := readPTY(req.Payload)
		if errors.Is(err, errTerm) && c.pty == nil {
			c.r.refused(refusal{of: c, side: clientSide, what: "TERM", detail: err.Error()})
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
	c.r.refuseRequest(c, clientSide, req, "")
}

// refuse writes the reason of the refusal to the channel: for a refused request alone the client would show little or
// nothing. The request is answered with success so that the client reads on.
func (c *channel) refuse(m mainRequest, d policy.Decision) {
	what := string(m.channel)
	if m.channel == policy.ChannelOther {
		what = m.command
	}
	c.r.refused(refusal{
		of: c, side: clientSide, what: what, feature: featureRefused(m, d), reason: d.Reason, detail: recordings.NewCommand(m.command).Command,
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

// featureRefused names the refused feature for the ledger: the bound of the terms that a copy breaks, or the kind of channel.
func featureRefused(m mainRequest, d policy.Decision) string {
	if why := policy.FileRefusal(d.Args["feature"]); slices.Contains(policy.FileRefusals(), why) {
		return string(why)
	}
	return string(m.channel)
}

// say writes lines to the engineer's stderr.
func (c *channel) say(text string) {
	c.event(recordings.EventNotice, recordings.Notice{Kind: "refused", Text: text})
	_ = c.writeErrors([]byte(c.lines(text)))
}

// writeErrors writes to the engineer's stderr, one writer at a time: the library's channel allows no two writers of one
// stream at once.
func (c *channel) writeErrors(b []byte) error {
	c.errOut.Lock()
	defer c.errOut.Unlock()
	_, err := c.near.Stderr().Write(b)
	return err
}

// endOutput tells the engineer's client that no output follows. The library allows no writer beside it.
func (c *channel) endOutput() {
	c.errOut.Lock()
	defer c.errOut.Unlock()
	_ = c.near.CloseWrite()
}

// sendExit sends the exit status to the engineer's client, once.
func (c *channel) sendExit(m recorded) {
	if c.exited.Swap(true) {
		return
	}
	_, _ = send(c.near, m, false)
}

// closeNear closes the engineer's side. The client may have closed it before.
func (c *channel) closeNear() {
	_ = c.near.Close()
	c.hastenAcks()
}

func (c *channel) hastenAcks() {
	if c.r.cfg.Quicken != nil {
		c.r.cfg.Quicken()
	}
}
