package session

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/crypto/ssh"

	"sekimori/policy"
)

// sayOnFirstChannel tells an engineer whom the gate let in, and the opening refused, the reason: on
// the first session channel, with the reason's exit status. It is bounded, because the peer
// may open no channel or read nothing; a client that does not read sees only the connection close.
func (l *session) sayOnFirstChannel(c Cause) {
	// Not l.ctx: that one has ended by now.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(l.ctx), 5*time.Second)
	defer cancel()
	go ssh.DiscardRequests(l.a.Reqs)
	nc := l.a.First
	for nc == nil || nc.ChannelType() != "session" {
		if nc != nil {
			nc.Reject(ssh.Prohibited, fmt.Sprintf("[%d] %s", c.Reason.Number(), policy.Headline(c.Reason, "en")))
		}
		var ok bool
		select {
		case nc, ok = <-l.a.Chans:
			if !ok {
				return
			}
		case <-ctx.Done():
			return
		}
	}
	told := make(chan struct{})
	go func() {
		defer close(told)
		sayOn(nc, l.text(c), c.Reason.Exit())
	}()
	select {
	case <-told:
		l.a.Wire.Drain(ctx)
		l.awaitGoodbye(ctx)
	case <-ctx.Done():
	}
}

// awaitGoodbye gives the client the moment it needs to read the exit status and hang up itself:
// closing first could overtake what it has not read.
func (l *session) awaitGoodbye(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, lastWords)
	defer cancel()
	for {
		select {
		case <-ctx.Done():
			return
		case nc, ok := <-l.a.Chans:
			if !ok {
				return
			}
			nc.Reject(ssh.Prohibited, "over")
		}
	}
}

// sayOn accepts the channel, waits for the request that starts something, and answers it with
// the text on standard error and the exit status.
func sayOn(nc ssh.NewChannel, text string, exit int) {
	ch, reqs, err := nc.Accept()
	if err != nil {
		return
	}
	defer ch.Close()
	for r := range reqs {
		starts := r.Type == "shell" || r.Type == "exec" || r.Type == "subsystem"
		if r.WantReply {
			r.Reply(starts || r.Type == "pty-req", nil)
		}
		if starts {
			break
		}
	}
	go ssh.DiscardRequests(reqs)
	ch.Stderr().Write([]byte(crlf(text)))
	ch.SendRequest("exit-status", false, ssh.Marshal(struct{ Status uint32 }{uint32(exit)}))
	ch.CloseWrite()
}

// crlf ends lines the way a raw terminal needs them; without a terminal the extra CR is harmless.
func crlf(text string) string {
	out := make([]byte, 0, len(text)+8)
	for i := 0; i < len(text); i++ {
		if text[i] == '\n' && (i == 0 || text[i-1] != '\r') {
			out = append(out, '\r')
		}
		out = append(out, text[i])
	}
	return string(out)
}
