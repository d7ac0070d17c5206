package session

import (
	"time"

	"sekimori/broker/relay"
	"sekimori/policy"
)

// A client that vanished holds an exclusive window and shows the attendant an engineer at work. The kernel notices
// only while bytes are sent, and after a quarter of an hour (the gate asks for less: wire.Options.Lost), so the session
// asks the client. It counts ticks, not hours: a pause of the broker itself loses no client.
const (
	// answerEvery is how often the session checks for bytes from the client where no setting says otherwise.
	answerEvery = 15 * time.Second
	// answerTicks is after how many silent ticks the client is lost: about a minute after it was asked.
	answerTicks = 5
	// doubtTicks is the number of silent ticks after which the attendant is told.
	doubtTicks = 2
)

// answer is the state of the check whether the engineer's client is still there. It belongs to watch.
type answer struct {
	heard  int64 // bytes read from the client at the last tick
	silent int   // ticks since it was heard of
}

// listen notes whether the client sent bytes since the last tick, asks it where not, and reports whether it is lost. Any byte
// counts. A client that the broker does not read counts as heard too: the broker is then the silent side.
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

// noAnswerSince is the time since which the client has been silent; zero while it answers.
func (l *session) noAnswerSince() time.Time {
	if at := l.silentSince.Load(); at != 0 {
		return time.Unix(0, at).In(l.sup.o.Zone)
	}
	return time.Time{}
}
