package relay

import (
	"sync"

	"golang.org/x/crypto/ssh"
)

// meanwhile takes the engineer's requests about a channel while it is decided and started, which lasts as long as a pause
// does: sixteen that wait would stop the whole connection, keepalives included. A size is kept until stop was called
// and stands in c.late; what acts on a command that has not begun is refused.
func (c *channel) meanwhile(reqs <-chan *ssh.Request) (stop func()) {
	enough, done := make(chan struct{}), make(chan struct{})
	c.r.run(func() {
		defer close(done)
		for {
			select {
			case <-enough:
				return
			case req, ok := <-reqs:
				if !ok {
					c.leave() // what was asked for and has not begun is taken back
					return
				}
				c.r.fromClient.took(req.Type, req.Payload)
				c.early(req)
			}
		}
	})
	return sync.OnceFunc(func() { close(enough); <-done })
}

// early takes one request that comes before the command has begun.
func (c *channel) early(req *ssh.Request) {
	var s sizePayload
	if req.Type == "window-change" && c.pty != nil && parse(req.Payload, maxPayload, &s) == nil {
		c.late = &s
		_ = req.Reply(true, nil)
		return
	}
	c.r.refuseRequest(c.id, clientSide, req, "the command has not begun")
}
