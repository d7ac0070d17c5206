package relay

import (
	"sync"

	"golang.org/x/crypto/ssh"
)

// serveEarlyRequests handles the engineer's requests about a channel while it is decided and started. That lasts as long as a
// pause, and sixteen unread requests would stop the whole connection, keepalives included. Until stop is called it keeps the
// last size in c.late; it refuses requests that act on a command that has not begun.
func (c *channel) serveEarlyRequests(reqs <-chan *ssh.Request) (stop func()) {
	enough, done := make(chan struct{}), make(chan struct{})
	c.r.run(func() {
		defer close(done)
		for {
			select {
			case <-enough:
				return
			case req, ok := <-reqs:
				if !ok {
					c.leave() // the requested command has not begun, and is taken back
					return
				}
				c.r.fromClient.countTaken(req.Type, req.Payload)
				c.takeEarlyRequest(req)
			}
		}
	})
	return sync.OnceFunc(func() { close(enough); <-done })
}

// takeEarlyRequest handles one request before the command has begun.
func (c *channel) takeEarlyRequest(req *ssh.Request) {
	var s sizePayload
	if req.Type == "window-change" && c.pty != nil && parse(req.Payload, maxPayload, &s) == nil {
		c.late = &s
		_ = req.Reply(true, nil)
		return
	}
	c.r.refuseRequest(c, clientSide, req, "the command has not begun")
}
