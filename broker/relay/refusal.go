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

// Sides of a session, as events name them.
const (
	clientSide = "client"
	targetSide = "target"
)

// refusal is something that a peer asked for and did not get.
type refusal struct {
	channel uint32
	side    string
	what    string        // the request or the channel type, as asked
	feature string        // what it would have given, for the ledger; empty: nothing that anybody would miss
	reason  policy.Reason // empty: the request is not known
	detail  string
}

// Features, as reason 117 and the ledger name them, beside those of policy.ChannelKind.
const (
	featureForward = string(policy.ChannelForward)
	featureAgent   = string(policy.ChannelAgent)
	featureX11     = string(policy.ChannelX11)
	featureEnv     = "env"
	featureChannel = "channel" // of a kind that nobody knows, or one too many
	featureRequest = "request" // a known one, malformed or out of place
)

// features names what a request or a channel type would give. A request that does not stand here is not known: it is
// answered with failure and counts for nothing, as RFC 4254 section 4 and 5.4 want it. PuTTY's winadj is one, and the
// keepalives of most libraries are.
var features = map[string]string{
	"direct-tcpip": featureForward, "direct-streamlocal@openssh.com": featureForward, "forwarded-tcpip": featureForward,
	"tcpip-forward": featureForward, "cancel-tcpip-forward": featureForward, "tun@openssh.com": featureForward,
	"streamlocal-forward@openssh.com": featureForward, "cancel-streamlocal-forward@openssh.com": featureForward,
	"auth-agent-req@openssh.com": featureAgent, "auth-agent@openssh.com": featureAgent, "auth-agent-req": featureAgent, "auth-agent": featureAgent,
	"x11-req": featureX11, "x11": featureX11,
	"env":   featureEnv,
	"shell": featureRequest, "exec": featureRequest, "subsystem": featureRequest, "pty-req": featureRequest, "window-change": featureRequest,
	"signal": featureRequest, "break": featureRequest, "exit-status": featureRequest, "exit-signal": featureRequest,
}

// featureOf names what a refused request or channel type would have given, as reason 117 says it.
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

// What was refused is recorded in a bounded way, however often it is asked for: the first of a kind at once, those
// after it summed up in one event a minute, and the rest at the end.
const (
	maxRefusalKinds = 256
	refusalEvery    = time.Minute
)

// refusalLog sums refusals up.
type refusalLog struct {
	mu   sync.Mutex // guards sums
	sums map[refusalKind]*refusalSum
}

type refusalKind struct {
	side, what, detail string
	reason             policy.Reason
}

type refusalSum struct {
	last  time.Time // of the event before
	count int64     // since then
}

// add counts a refusal. count is how many it and those before it make up, where that is to be recorded now; 0: not now.
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

// rest gives what add has kept back.
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

// refused counts and records that something was refused, and tells the session of it. It is called before the answer:
// whoever has the answer finds the refusal in the recording. Too many at once end the session; what is not known does
// not count.
func (r *Relay) refused(x refusal) {
	k, n := r.refusals.add(refusalKind{x.side, clip(x.what), clip(x.detail), x.reason}, r.cfg.Clock())
	if n > 0 {
		r.recordRefusal(x.channel, k, n)
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

func (r *Relay) recordRefusal(channel uint32, k refusalKind, n int64) {
	body := recordings.Refused{Side: k.side, What: k.what, Reason: string(k.reason), Number: k.reason.Number(), Detail: k.detail}
	if n > 1 {
		body.Count = n
	}
	r.event(channel, recordings.EventRefused, body)
}

// recordRest records the sums that are still kept back when everything has ended.
func (r *Relay) recordRest() {
	for k, n := range r.refusals.rest() {
		r.recordRefusal(recordings.SessionChannel, k, n)
	}
}

// refuseRequest records a request and answers it with failure.
func (r *Relay) refuseRequest(channel uint32, side string, req *ssh.Request, detail string) {
	x := refusal{channel: channel, side: side, what: req.Type, detail: detail}
	if feature, known := features[req.Type]; known {
		x.feature, x.reason = feature, policy.FeatureNotGranted
	}
	r.refused(x)
	if side == clientSide && (x.feature == featureForward || x.feature == featureAgent || x.feature == featureX11) {
		r.remark(x.feature)
	}
	// An answer that cannot be sent means that the connection is dead, which Serve sees.
	_ = req.Reply(false, nil)
}

// rejectChannel records a channel and turns it away.
func (r *Relay) rejectChannel(side string, nc ssh.NewChannel, code ssh.RejectionReason, text string) {
	feature, known := features[nc.ChannelType()]
	if !known {
		feature = featureChannel
	}
	r.refused(refusal{
		channel: recordings.SessionChannel, side: side, what: nc.ChannelType(), feature: feature, reason: policy.FeatureNotGranted, detail: text,
	})
	_ = nc.Reject(code, text)
}

// serveClientRequests answers the engineer's global requests.
func (r *Relay) serveClientRequests(reqs <-chan *ssh.Request) {
	for req := range reqs {
		r.fromClient.took(req.Type, req.Payload)
		switch req.Type {
		case "keepalive@openssh.com":
			_ = req.Reply(true, nil)
		case "no-more-sessions@openssh.com":
			r.askNoMore()
			_ = req.Reply(true, nil)
		default:
			r.refuseRequest(recordings.SessionChannel, clientSide, req, "")
		}
	}
}

// serveTarget answers what the target asks for until its connection ends. The channels it opens are
// turned away: a target has no business at the engineer's end.
func (r *Relay) serveTarget(chans <-chan ssh.NewChannel, reqs <-chan *ssh.Request) {
	for chans != nil || reqs != nil {
		select {
		case nc, ok := <-chans:
			if !ok {
				chans = nil
				continue
			}
			r.fromTarget.took(nc.ChannelType(), nc.ExtraData())
			r.rejectChannel(targetSide, nc, ssh.Prohibited, "channels from a target are not relayed")
		case req, ok := <-reqs:
			if !ok {
				reqs = nil
				continue
			}
			r.fromTarget.took(req.Type, req.Payload)
			r.answerTarget(req)
		}
	}
}

// answerTarget answers a global request of the target. Its further host keys are of no interest: the
// one that counts is pinned.
func (r *Relay) answerTarget(req *ssh.Request) {
	switch req.Type {
	case "keepalive@openssh.com", "hostkeys-00@openssh.com":
		_ = req.Reply(req.Type == "keepalive@openssh.com", nil)
	default:
		r.refuseRequest(recordings.SessionChannel, targetSide, req, "")
	}
}

// saidGoodbye reports whether a connection ended with a message that the peer disconnects of
// its own will (RFC 4253 section 11.1, reason 11).
func saidGoodbye(err error) bool {
	// The library keeps the type of this error to itself.
	return err != nil && strings.Contains(err.Error(), "ssh: disconnect, reason 11:")
}
