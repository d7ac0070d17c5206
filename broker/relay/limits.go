package relay

import "sync/atomic"

// Limits of one connection. An honest client or target comes near none of them.
const (
	maxChannels    = 32   // at once
	maxRejected    = 200  // channels turned away
	maxUnwanted    = 1000 // requests refused
	maxEvents      = 64   // refusals that are recorded one by one
	maxPayload     = 8 << 10
	maxCommand     = 128 << 10 // of an exec: Linux takes no longer argument
	maxEnv         = 64        // variables of a channel
	maxEnvName     = 64
	maxEnvValue    = 4 << 10
	maxTerm        = 64
	maxSignal      = 64      // the name of a signal that ended a command
	maxMessage     = 1 << 10 // what a target says about it
	maxLang        = 32
	maxNotices     = 16 // waiting for one terminal
	maxNoticeBytes = 4 << 10
)

// tally counts what one side was refused.
type tally struct {
	side     string
	rejected atomic.Int64
	unwanted atomic.Int64
}

// reject counts a channel that was turned away and reports whether its record is still wanted.
func (t *tally) reject() (record bool, abuse error) {
	n := t.rejected.Add(1)
	if n > maxRejected {
		return false, &AbuseError{Side: t.side, What: "too many rejected channels"}
	}
	return n <= maxEvents, nil
}

// refuse counts a request that was refused and reports whether its record is still wanted.
func (t *tally) refuse() (record bool, abuse error) {
	n := t.unwanted.Add(1)
	if n > maxUnwanted {
		return false, &AbuseError{Side: t.side, What: "too many refused requests"}
	}
	return n <= maxEvents, nil
}
