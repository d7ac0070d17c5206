package relay

import (
	"io"

	"golang.org/x/crypto/ssh"

	"sekimori/policy"
)

// heldChannel stands in place of the target's channel where the terms hold files: the engineer's SFTP goes to Config.Hold, and only that
// speaks to the target's server. All that passes between engineer and Hold is recorded and judged like any channel.
type heldChannel struct {
	ssh.Channel // the target's
	c           *channel
	r           *Relay
	own         *ownChannel
	in          *io.PipeReader // from the engineer
	fromNear    *io.PipeWriter
	out         *io.PipeWriter // to the engineer
	toNear      *io.PipeReader
}

func newHeld(c *channel, far ssh.Channel) *heldChannel {
	r := c.r
	h := &heldChannel{Channel: far, c: c, r: r, own: &ownChannel{Channel: far, r: r, in: r.fromTarget.open(far)}}
	h.in, h.fromNear = io.Pipe()
	h.toNear, h.out = io.Pipe()
	return h
}

// SendRequest starts Hold once the target has started its server.
func (h *heldChannel) SendRequest(name string, wantReply bool, payload []byte) (bool, error) {
	ok, err := h.Channel.SendRequest(name, wantReply, payload)
	if ok && err == nil && name == "subsystem" {
		near := struct {
			io.Reader
			io.WriteCloser
		}{h.in, h.out}
		h.r.run(func() {
			defer h.out.Close()
			defer h.in.Close()
			h.r.cfg.Hold(near, heldTarget{h.own}, h.r.places.resolve, h.tell)
		})
	}
	return ok, err
}

// tell writes to the engineer beside the protocol, before the answer that it explains: a client may leave with that answer. A client that
// reads nothing holds up its own channel only.
func (h *heldChannel) tell(t policy.Text) { h.c.say(h.r.inLanguage(t.JA+"\n", t.EN+"\n")) }

func (h *heldChannel) Read(b []byte) (int, error)  { return h.toNear.Read(b) }
func (h *heldChannel) Write(b []byte) (int, error) { return h.fromNear.Write(b) }
func (h *heldChannel) CloseWrite() error           { return h.fromNear.Close() }

// Close ends the engineer's side. Hold ends with it, and closes the target's.
func (h *heldChannel) Close() error {
	_ = h.fromNear.CloseWithError(io.ErrUnexpectedEOF)
	_ = h.toNear.Close()
	return h.own.Close()
}

// heldTarget closes the direction to the target: its server then ends and gives its exit status.
type heldTarget struct{ *ownChannel }

func (t heldTarget) Close() error { return t.CloseWrite() }
