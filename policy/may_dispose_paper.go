package policy

import "time"

// PaperFacts are the facts that the rule about disposing of the copy of a paper looks at. What is on file about the paper stays in any case. The
// zero value keeps the copy.
type PaperFacts struct {
	Ended    time.Time     // when the paper ended; zero: it is in force, or its end is not known
	Keep     time.Duration // as payloads of the ledger; zero and less: for ever
	Held     bool          // a freeze of the vendor is in force, or a hold on one of its sessions
	Disposed bool
}

// Due is the time from which the copy may be disposed of; zero: never.
func (p PaperFacts) Due() time.Time {
	if p.Ended.IsZero() || p.Keep <= 0 {
		return time.Time{}
	}
	return p.Ended.Add(p.Keep)
}

// Stays tells whether the copy stays now, and why.
func (p PaperFacts) Stays(now time.Time) Stays {
	due := p.Due()
	switch {
	case p.Disposed:
		return StaysGone
	case due.IsZero() || now.Before(due):
		return StaysInTime
	case p.Held:
		return StaysHeld
	}
	return StaysNot
}
