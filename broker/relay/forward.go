package relay

import (
	"cmp"
	"context"
	"errors"
	"time"

	"golang.org/x/crypto/ssh"

	"sekimori/policy"
	"sekimori/recordings"
)

// A port forward of the engineer (ssh -L) is a channel "direct-tcpip" (RFC 4254 section 7.2). The target connects to the
// destination. Only destinations that the grant lists are opened; both directions are recorded like input and output.

const directTCPIP = "direct-tcpip"

// forwardLimit bounds the target's time to connect to the destination.
const forwardLimit = 30 * time.Second

type directPayload struct {
	Host       string
	Port       uint32
	OriginHost string
	OriginPort uint32
}

// takeForward answers a forward of the engineer. A destination that the grant does not list is rejected at once: clients with a
// stale LocalForward ask thousands of times.
func (r *Relay) takeForward(ctx context.Context, nc ssh.NewChannel) {
	var p directPayload
	if err := parse(nc.ExtraData(), maxPayload, &p); err != nil || p.Port > 65535 {
		r.rejectChannel(clientSide, nc, ssh.ConnectionFailed, "malformed")
		return
	}
	to, err := policy.NewDestination(p.Host, uint16(p.Port))
	if err != nil || !r.forwardsTo(to) {
		r.rejectChannel(clientSide, nc, ssh.Prohibited, reasonLine(policy.FeatureNotGranted, featureForward))
		return
	}
	c, why := r.admit(nc.ChannelType())
	if c == nil {
		r.rejectChannel(clientSide, nc, ssh.ResourceShortage, why)
		return
	}
	r.run(func() {
		defer r.release(c)
		c.serveForward(ctx, nc, to)
	})
}

func (r *Relay) forwardsTo(to policy.Destination) bool {
	for _, listed := range r.cfg.Forwards {
		if listed == to.String() {
			return true
		}
	}
	return false
}

// serveForward opens the target's end of a forward and carries it. Like a command it waits while input is held back, and is decided
// once more when the target is ready.
func (c *channel) serveForward(ctx context.Context, nc ssh.NewChannel, to policy.Destination) {
	defer c.r.catch()
	r, asked := c.r, policy.Asked{Kind: policy.ChannelForward, To: to.String()}
	if d := r.cfg.Decide(ctx, asked); !d.Allow {
		r.rejectFor(cmp.Or(d.Reason, policy.FeatureNotGranted), clientSide, nc, ssh.Prohibited, reasonLine(d.Reason, featureForward))
		return
	}
	if !r.valve.awaitInput() || !c.event(recordings.EventOpen, recordings.Opened{Type: directTCPIP, To: to.String()}) {
		_ = nc.Reject(ssh.ConnectionFailed, "the session has ended")
		return
	}
	defer c.recordClose()
	far, farReqs, err := c.openForward(to)
	if err != nil {
		c.event(recordings.EventRefused, recordings.Refused{Side: targetSide, What: directTCPIP, Detail: clip(err.Error())})
		_ = nc.Reject(ssh.ConnectionFailed, "the target did not connect to "+ascii(to.String()))
		return
	}
	c.far = far
	c.fromFar, c.fromFarErrors = r.fromTarget.open(far), r.fromTarget.open(far.Stderr())
	defer r.fromTarget.close(c.fromFar, c.fromFarErrors)
	d := r.cfg.Decide(ctx, asked)
	if !d.Allow || !r.valve.open() {
		c.dropForward(farReqs)
		r.rejectFor(cmp.Or(d.Reason, policy.FeatureNotGranted), clientSide, nc, ssh.Prohibited, reasonLine(d.Reason, featureForward))
		return
	}
	near, nearReqs, err := nc.Accept()
	if err != nil { // the connection is dead; Serve notices that
		c.dropForward(farReqs)
		return
	}
	r.mu.Lock()
	c.near = near
	r.mu.Unlock()
	c.fromNear = r.fromClient.open(near)
	r.run(c.discardErrors)
	r.active()
	c.carryForward(nearReqs, farReqs)
}

// openForward asks the target to connect. A target that never answers holds up this forward only.
func (c *channel) openForward(to policy.Destination) (ssh.Channel, <-chan *ssh.Request, error) {
	type opened struct {
		far  ssh.Channel
		reqs <-chan *ssh.Request
		err  error
	}
	answer := make(chan opened, 1)
	v := &c.r.valve
	if !v.enterInput() {
		return nil, nil, errors.New("the session has ended")
	}
	go func() { // not part of r.work, which Wait waits for
		far, reqs, err := c.r.target.OpenChannel(directTCPIP,
			ssh.Marshal(directPayload{Host: to.Host, Port: uint32(to.Port), OriginHost: "127.0.0.1"}))
		answer <- opened{far, reqs, err}
	}()
	v.leave()
	limit := time.NewTimer(forwardLimit)
	defer limit.Stop()
	late := errors.New("the session ended while the target connected")
	select {
	case o := <-answer:
		return o.far, o.reqs, o.err
	case <-limit.C:
		late = errors.New("the target did not answer in time")
	case <-c.r.broken:
	case <-v.ended():
	}
	go func() { // a channel that opens later is closed
		if o := <-answer; o.err == nil {
			_ = o.far.Close()
			ssh.DiscardRequests(o.reqs)
		}
	}()
	return nil, nil, late
}

// dropForward closes the target's end of a forward that is not carried.
func (c *channel) dropForward(farReqs <-chan *ssh.Request) {
	_ = c.far.Close()
	c.r.work.Go(func() { ssh.DiscardRequests(farReqs) })
}

// carryForward copies both directions until one side closes the channel. Each side's end of data is passed on by itself, because
// protocols close one direction first.
func (c *channel) carryForward(nearReqs, farReqs <-chan *ssh.Request) {
	r := c.r
	ended := make(chan struct{})
	r.run(func() { c.copyInput() })
	r.run(func() { c.discardFarErrors() })
	r.run(func() {
		defer close(ended)
		c.copyOutput()
		if r.valve.enter() {
			if c.event(recordings.EventEOF, recordings.StreamEnd{Stream: recordings.Stdout.String()}) {
				c.endOutput()
			}
			r.valve.leave()
		}
		for req := range farReqs {
			r.fromTarget.countTaken(req.Type, req.Payload)
			r.refuseRequest(c, targetSide, req, "")
		}
		c.done.Store(true)
		r.event(c.id, recordings.EventSizes, recordings.Sizes{Input: c.input.Load(), Output: c.output.Load()})
		c.recordClose()
		c.closeNear()
	})
	for req := range nearReqs {
		r.fromClient.countTaken(req.Type, req.Payload)
		r.refuseRequest(c, clientSide, req, "")
	}
	c.done.Store(true)
	c.leave()
	_ = c.far.Close()
	<-ended
}

// discardFarErrors reads and drops extended data of the target: a forward has none, but the SSH library would keep it.
func (c *channel) discardFarErrors() {
	var b [64]byte
	for {
		n, err := c.fromFarErrors.Read(b[:])
		if n > 0 {
			c.r.refused(refusal{of: c, side: targetSide, what: "extended data", feature: featureRequest, reason: policy.FeatureNotGranted})
		}
		if err != nil {
			return
		}
	}
}
