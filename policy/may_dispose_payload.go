package policy

import "time"

// PayloadFacts are the facts that the rules about disposing of an entry's payload look at. Its header and its place in the ledger stay in
// any case. The zero value keeps the payload.
type PayloadFacts struct {
	Disposable bool          // its kind may be disposed of at all
	At         time.Time     // of the entry
	Keep       time.Duration // zero and less: for ever
	Disposed   bool
	Held       bool // a hold is on a session that it is about
	Open       bool // a request, a review, a finding, a freeze or an alarm that it is about is not over
	Stored     bool // it states the digest of a recording, a file or a paper that is still kept
	Counted    bool // the yearly report of a fiscal year that is not reported needs it
}

// Due is the time from which the payload may be disposed of; zero: never.
func (p PayloadFacts) Due() time.Time {
	if !p.Disposable || p.At.IsZero() || p.Keep <= 0 {
		return time.Time{}
	}
	return p.At.Add(p.Keep)
}

// Stays tells whether the payload stays now, and why.
func (p PayloadFacts) Stays(now time.Time) Stays {
	due := p.Due()
	switch {
	case p.Disposed:
		return StaysGone
	case !p.Disposable:
		return StaysForEver
	case due.IsZero() || now.Before(due):
		return StaysInTime
	case p.Held:
		return StaysHeld
	case p.Open:
		return StaysOpen
	case p.Stored:
		return StaysStored
	case p.Counted:
		return StaysCounted
	}
	return StaysNot
}
