package relay

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"

	"sekimori/policy"
	"sekimori/recordings"
)

// Sides of a session, as named in events.
const (
	clientSide = "client"
	targetSide = "target"
)

// refusal is a refused request or channel of a peer.
type refusal struct {
	of      *channel // nil: of the session
	side    string
	what    string        // the request or the channel type, as asked
	feature string        // the feature it would have given, for the ledger; empty: none worth reporting
	reason  policy.Reason // empty: the request is unknown
	detail  string
}

// Features in reason 117 and in the ledger, besides those of policy.ChannelKind.
const (
	featureForward = string(policy.ChannelForward) // to a host and port beyond the target (-L, -D, -W)
	featureRemote  = "forward-remote"              // back to the engineer's side (-R)
	featureSocket  = "forward-socket"              // of a Unix socket, in either direction
	featureTunnel  = "tunnel"                      // -w
	featureAgent   = string(policy.ChannelAgent)
	featureX11     = string(policy.ChannelX11)
	featureEnv     = "env"
	featureChannel = "channel" // of an unknown kind, or one too many
	featureRequest = "request" // a known request, malformed or out of place
)

// features names the feature behind a request or a channel type. A request that is missing here is unknown: it is answered
// with failure and not counted, as RFC 4254 section 4 and 5.4 require. PuTTY's winadj is one, and so are the keepalives of
// most libraries.
var features = map[string]string{
	"direct-tcpip": featureForward, "forwarded-tcpip": featureRemote, "tcpip-forward": featureRemote, "cancel-tcpip-forward": featureRemote,
	"direct-streamlocal@openssh.com": featureSocket, "streamlocal-forward@openssh.com": featureSocket, "cancel-streamlocal-forward@openssh.com": featureSocket,
	"tun@openssh.com":            featureTunnel,
	"auth-agent-req@openssh.com": featureAgent, "auth-agent@openssh.com": featureAgent, "auth-agent-req": featureAgent, "auth-agent": featureAgent,
	"x11-req": featureX11, "x11": featureX11,
	"env":   featureEnv,
	"shell": featureRequest, "exec": featureRequest, "subsystem": featureRequest, "pty-req": featureRequest, "window-change": featureRequest,
	"signal": featureRequest, "break": featureRequest, "exit-status": featureRequest, "exit-signal": featureRequest,
}

// featureOf returns the feature name of a refused request or channel type, for reason 117.
func featureOf(what string) string {
	if f, known := features[what]; known && f != featureRequest {
		return f
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

// The recording of refusals is bounded for any number of them: the first of a kind is recorded at once, later ones as one sum
// a minute, the rest at the end.
const (
	maxRefusalKinds = 256
	refusalEvery    = time.Minute
)

// refusalLog sums up refusals.
type refusalLog struct {
	mu   sync.Mutex // guards sums
	sums map[refusalKind]*refusalSum
}

type refusalKind struct {
	side, what, detail string
	reason             policy.Reason
}

type refusalSum struct {
	last  time.Time // of the previous event
	count int64     // since then
}

// add counts a refusal. It returns the count to record now, with the earlier refusals of its kind; 0: record nothing now.
func (l *refusalLog) add(k refusalKind, now time.Time) (refusalKind, int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.sums[k]
	if s == nil && len(l.sums) >= maxRefusalKinds {
		k = refusalKind{side: k.side, what: "…"}
		s = l.sums[k]
	}
	if s == nil {
		if l.sums == nil {
			l.sums = make(map[refusalKind]*refusalSum)
		}
		l.sums[k] = &refusalSum{last: now}
		return k, 1
	}
	s.count++
	if passed := now.Sub(s.last); passed >= 0 && passed < refusalEvery {
		return k, 0
	}
	n := s.count
	s.last, s.count = now, 0
	return k, n
}

// rest returns the sums that add has kept back.
func (l *refusalLog) rest() map[refusalKind]int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make(map[refusalKind]int64)
	for k, s := range l.sums {
		if s.count > 0 {
			out[k] = s.count
			s.count = 0
		}
	}
	return out
}

// refused counts and records a refusal, and tells the session of it. It is called before the answer, so that the refusal is
// recorded before the peer can have the answer. Too many at once end the session; unknown requests do not count.
func (r *Relay) refused(x refusal) {
	k, n := r.refusals.add(refusalKind{x.side, clip(x.what), clip(x.detail), x.reason}, r.cfg.Clock())
	if n > 0 {
		r.recordRefusal(x.of, k, n)
		r.log.Info("feature_refused", "side", x.side, "what", ascii(k.what), "count", n)
	}
	if x.side == clientSide && x.feature != "" && r.cfg.OnRefused != nil {
		r.cfg.OnRefused(x.feature, x.reason)
	}
	limit := &r.clientRate
	if x.side == targetSide {
		limit = &r.targetRate
	}
	if x.reason != "" && !limit.take(r.cfg.Clock()) {
		r.fail(&AbuseError{Side: x.side, What: "too many refusals at once"})
	}
}

func (r *Relay) recordRefusal(of *channel, k refusalKind, n int64) {
	body := recordings.Refused{Side: k.side, What: k.what, Reason: string(k.reason), Number: k.reason.Number(), Detail: k.detail}
	if n > 1 {
		body.Count = n
	}
	if of == nil {
		r.event(recordings.SessionChannel, recordings.EventRefused, body)
		return
	}
	of.event(recordings.EventRefused, body)
}

// recordRest records the remaining sums when everything has ended.
func (r *Relay) recordRest() {
	for k, n := range r.refusals.rest() {
		r.recordRefusal(nil, k, n)
	}
}

// refuseRequest records a request and answers it with failure.
func (r *Relay) refuseRequest(of *channel, side string, req *ssh.Request, detail string) {
	x := refusal{of: of, side: side, what: req.Type, detail: detail}
	if feature, known := features[req.Type]; known {
		x.feature, x.reason = feature, policy.FeatureNotGranted
	}
	r.refused(x)
	switch x.feature {
	case featureForward, featureRemote, featureSocket, featureTunnel, featureAgent, featureX11:
		if side == clientSide {
			r.remark(x.feature)
		}
	}
	// An answer that cannot be sent means that the connection is dead; Serve notices that.
	_ = req.Reply(false, nil)
}

// rejectChannel records a channel and rejects it as not granted.
func (r *Relay) rejectChannel(side string, nc ssh.NewChannel, code ssh.RejectionReason, text string) {
	r.rejectFor(policy.FeatureNotGranted, side, nc, code, text)
}

// rejectFor is rejectChannel for another reason.
func (r *Relay) rejectFor(reason policy.Reason, side string, nc ssh.NewChannel, code ssh.RejectionReason, text string) {
	feature, known := features[nc.ChannelType()]
	if !known {
		feature = featureChannel
	}
	r.refused(refusal{
		side: side, what: nc.ChannelType(), feature: feature, reason: reason, detail: text,
	})
	if side == clientSide {
		r.mu.Lock()
		r.turnedAway = true
		r.mu.Unlock()
	}
	_ = nc.Reject(code, text)
}

// serveClientRequests answers the engineer's global requests.
func (r *Relay) serveClientRequests(reqs <-chan *ssh.Request) {
	for req := range reqs {
		r.fromClient.countTaken(req.Type, req.Payload)
		switch req.Type {
		case "keepalive@openssh.com":
			_ = req.Reply(true, nil)
		case "no-more-sessions@openssh.com":
			r.askNoMore()
			_ = req.Reply(true, nil)
		default:
			r.refuseRequest(nil, clientSide, req, "")
		}
	}
}

// serveTarget answers the target's requests until its connection ends. It rejects every channel that the target opens: a
// target may not reach the engineer's end.
func (r *Relay) serveTarget(chans <-chan ssh.NewChannel, reqs <-chan *ssh.Request) {
	for chans != nil || reqs != nil {
		select {
		case nc, ok := <-chans:
			if !ok {
				chans = nil
				continue
			}
			r.fromTarget.countTaken(nc.ChannelType(), nc.ExtraData())
			r.rejectChannel(targetSide, nc, ssh.Prohibited, "channels from a target are not relayed")
		case req, ok := <-reqs:
			if !ok {
				reqs = nil
				continue
			}
			r.fromTarget.countTaken(req.Type, req.Payload)
			r.answerTarget(req)
		}
	}
}

// answerTarget answers a global request of the target. It ignores the target's further host keys, because the valid one is
// pinned.
func (r *Relay) answerTarget(req *ssh.Request) {
	switch req.Type {
	case "keepalive@openssh.com", "hostkeys-00@openssh.com":
		_ = req.Reply(req.Type == "keepalive@openssh.com", nil)
	default:
		r.refuseRequest(nil, targetSide, req, "")
	}
}

// isDisconnect reports whether a connection ended with the peer's own disconnect message (RFC 4253 section 11.1, reason 11).
func isDisconnect(err error) bool {
	// The library does not export the type of this error.
	return err != nil && strings.Contains(err.Error(), "ssh: disconnect, reason 11:")
}
