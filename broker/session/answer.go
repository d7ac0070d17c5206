package session

import (
	"time"

	"sekimori/broker/relay"
	"sekimori/policy"
)

// A client that vanished without a word holds an exclusive window and shows the attendant an engineer at work. The kernel notices
// only while something is sent, and after a quarter of an hour (the gate asks it for less: wire.Options.Lost), so the session
// asks. Ticks are counted, not hours: after the broker itself was stopped nobody is lost for it.
const (
	// answerEvery is how often the client is listened for where no setting says otherwise.
	answerEvery = 15 * time.Second
	// answerTicks is after how many silent ticks the client is lost: about a minute after it was asked.
	answerTicks = 5
	// doubtTicks is from how many on the attendant is told.
	doubtTicks = 2
)

// answer is what is known of whether the engineer's client is still there. It belongs to watch.
type answer struct {
	heard  int64 // bytes read from the client at the last tick
	silent int   // ticks since it was heard of
}

// listen notes whether the client was heard of since the last tick, asks it where not, and reports whether it is lost. Any byte
// counts, and so does not being read: then it is the broker that does not listen.
func (l *session) listen(r *relay.Relay, a *answer) (lost bool) {
	heard := l.a.Wire.BytesRead()
	if heard != a.heard || l.a.Wire.Held() {
		a.heard, a.silent = heard, 0
		l.silentSince.Store(0)
		return false
	}
	a.silent++
	r.AskClient()
	if a.silent == doubtTicks {
		l.silentSince.Store(l.sup.o.Clock().Add(-doubtTicks * l.sup.o.Answer).UnixNano())
	}
	return a.silent >= answerTicks
}

// lostClient is the end of a session whose client no longer answers.
func (l *session) lostClient() Cause {
	return Cause{Reason: policy.ClientLost, Actor: broker, Note: "no answer for " + (answerTicks * l.sup.o.Answer).String()}
}

// noAnswerSince is since when the client has not been heard of; zero while it is.
func (l *session) noAnswerSince() time.Time {
	if at := l.silentSince.Load(); at != 0 {
		return time.Unix(0, at).In(l.sup.o.Zone)
	}
	return time.Time{}
}
