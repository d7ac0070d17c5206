package relay

import (
	"fmt"
	"strings"

	"golang.org/x/crypto/ssh"

	"sekimori/policy"
	"sekimori/recordings"
)

// featureOf names what a refused request or channel type would have given, as reason 117 says it.
func featureOf(what string) string {
	switch what {
	case "direct-tcpip", "direct-streamlocal@openssh.com", "tcpip-forward", "cancel-tcpip-forward",
		"streamlocal-forward@openssh.com", "cancel-streamlocal-forward@openssh.com", "tun@openssh.com":
		return "forward"
	case "auth-agent-req@openssh.com", "auth-agent@openssh.com":
		return "agent"
	case "x11-req", "x11":
		return "x11"
	case "env":
		return "env"
	}
	return clip(ascii(what))
}

// reasonLine is the reason in one line of ASCII, for the failure of a channel open.
func reasonLine(reason policy.Reason, feature string) string {
	info, ok := policy.Lookup(reason)
	if !ok {
		return ascii("refused: " + feature)
	}
	return ascii(fmt.Sprintf("[%d] %s: %s", info.Number, info.Headline.EN, feature))
}

// noteRefusal records and reports that something was refused, where record still says so.
func (r *Relay) noteRefusal(channel uint32, t *tally, what string, reason policy.Reason, detail string, record bool) {
	if !record {
		return
	}
	feature := featureOf(what)
	r.event(channel, recordings.EventRefused, recordings.Refused{
		Side: t.side, What: clip(what), Reason: string(reason), Number: reason.Number(), Detail: clip(detail),
	})
	r.log.Info("feature_refused", "side", t.side, "what", clip(ascii(what)))
	if t != &r.clientTally {
		return
	}
	r.mu.Lock()
	told := r.told[feature]
	if len(r.told) < maxEvents {
		r.told[feature] = true
	}
	r.mu.Unlock()
	if !told && r.cfg.OnRefused != nil {
		r.cfg.OnRefused(feature)
	}
}

// refuseRequest counts a request, records it and answers it with failure: whoever has the answer
// finds the refusal in the recording.
func (r *Relay) refuseRequest(channel uint32, t *tally, req *ssh.Request, detail string) {
	record, abuse := t.refuse()
	if abuse == nil {
		r.noteRefusal(channel, t, req.Type, policy.FeatureNotGranted, detail, record)
	}
	// An answer that cannot be sent means that the connection is dead, which Serve sees.
	_ = req.Reply(false, nil)
	if abuse != nil {
		r.fail(abuse)
	}
}

// rejectChannel counts a channel, records it and turns it away.
func (r *Relay) rejectChannel(t *tally, nc ssh.NewChannel, code ssh.RejectionReason, text string) {
	record, abuse := t.reject()
	if abuse == nil {
		r.noteRefusal(recordings.SessionChannel, t, nc.ChannelType(), policy.FeatureNotGranted, text, record)
	}
	_ = nc.Reject(code, text)
	if abuse != nil {
		r.fail(abuse)
	}
}

// rejectTargetChannels turns away whatever the target opens: a target has no business at the
// engineer's end.
func (r *Relay) rejectTargetChannels(chans <-chan ssh.NewChannel) {
	for nc := range chans {
		r.rejectChannel(&r.targetTally, nc, ssh.Prohibited, "channels from a target are not relayed")
	}
}

// serveClientRequests answers the engineer's global requests.
func (r *Relay) serveClientRequests(reqs <-chan *ssh.Request) {
	for req := range reqs {
		switch req.Type {
		case "keepalive@openssh.com":
			_ = req.Reply(true, nil)
		case "no-more-sessions@openssh.com":
			r.mu.Lock()
			r.closing = true
			r.mu.Unlock()
			_ = req.Reply(true, nil)
		default:
			r.refuseRequest(recordings.SessionChannel, &r.clientTally, req, "")
		}
	}
}

// serveTargetRequests answers the target's global requests. Its further host keys are of no
// interest: the one that counts is pinned.
func (r *Relay) serveTargetRequests(reqs <-chan *ssh.Request) {
	for req := range reqs {
		switch req.Type {
		case "keepalive@openssh.com", "hostkeys-00@openssh.com":
			_ = req.Reply(req.Type == "keepalive@openssh.com", nil)
		default:
			r.refuseRequest(recordings.SessionChannel, &r.targetTally, req, "")
		}
	}
}

// saidGoodbye reports whether a connection ended with a message that the peer disconnects of
// its own will (RFC 4253 section 11.1, reason 11).
func saidGoodbye(err error) bool {
	// The library keeps the type of this error to itself.
	return err != nil && strings.Contains(err.Error(), "ssh: disconnect, reason 11:")
}
