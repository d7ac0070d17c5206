package relay

import (
	"context"

	"golang.org/x/crypto/ssh"
)

// maxLate bounds the channels that are taken after the end only to be told of it. A client has one on its way, hardly more; their
// unread bytes are not bounded any more.
const maxLate = 2

// farewell is the end of the session, as Finish tells it on each channel.
type farewell struct {
	ctx  context.Context // bounds the telling
	text string
	exit int
}

// answer notes that the channel's main request was answered, or that none will come. Before that Finish tells nothing on it: a
// client that waits for the answer would take the channel's end for a failure, and show no reason.
func (c *channel) answer() { c.answering.Do(func() { close(c.answered) }) }

// serveLate runs a channel that came when nothing was relayed any more: its main request is answered with success, so that the
// client reads the reason, which Finish tells, or has told the others.
func (c *channel) serveLate(reqs <-chan *ssh.Request) {
	defer c.discardRequests(reqs)
	defer c.answer()
	c.r.refused(refusal{side: clientSide, what: "session", detail: "the session has ended"})
	c.answerOnly(reqs)
}

// answerOnly answers requests up to the main request, and relays none.
func (c *channel) answerOnly(reqs <-chan *ssh.Request) {
	for req := range reqs {
		c.r.fromClient.countTaken(req.Type, req.Payload)
		main := false
		switch req.Type {
		case "shell", "exec", "subsystem":
			main = true
		case "pty-req":
			c.pty = &ptyPayload{}
		}
		_ = req.Reply(main || req.Type == "pty-req", nil)
		if main {
			return
		}
	}
}

// discardRequests refuses requests until the channel ends. An unread request would stop the whole connection.
func (c *channel) discardRequests(reqs <-chan *ssh.Request) {
	for req := range reqs {
		c.r.fromClient.countTaken(req.Type, req.Payload)
		c.r.refuseRequest(c, clientSide, req, "the channel is closing")
	}
}
