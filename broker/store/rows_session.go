package store

import (
	"net/netip"
	"time"

	"sekimori/policy"
)

// SessionState is the stored state of a session.
type SessionState string

// The states of a session. Opening and active are live.
const (
	SessionRefused SessionState = "refused" // has a number, never reached a target
	SessionOpening SessionState = "opening" // admitted; the target has not been reached yet
	SessionActive  SessionState = "active"
	SessionEnded   SessionState = "ended"
)

// Live reports whether the session still holds connections.
func (s SessionState) Live() bool { return s == SessionOpening || s == SessionActive }

// Session is one connection from admission to end, or an attempt that was refused.
type Session struct {
	ID            string // "S-20261124-03", from Tx.NextSessionNo
	State         SessionState
	Person        string
	Vendor        string
	Grant         string
	Window        string
	Request       string
	System        string
	Target        string // target id
	Account       string // account id
	Source        netip.AddrPort
	Fingerprint   string        // of the proven key
	Factor        string        // "code" | "remembered"
	Reason        policy.Reason // for the refusal or the end
	Detail        string        // for people: the cause behind the reason
	By            string        // person id who ended it; empty: the broker
	Created       time.Time     // the attempt
	Started       time.Time     // the target was reached; zero: it never was
	Ended         time.Time
	Until         time.Time // deadline in force at admission
	Recording     string    // path below the recordings directory; empty: none
	RecordingSum  string    // hex SHA-256, once sealed
	RecordingSize int64     // bytes, once sealed
	ClientVersion string
	Masked        bool      // numbers that look like individual numbers were masked
	MaskedCount   int64     // how many, once it has ended; 0 beside Masked: the broker stopped before it counted them
	Ruled         bool      // a live rule had an effect on a command
	Notice        string    // version of the notice consented to
	Paused        time.Time // the engineer's input is held back since then; zero: it is not
	PausedBy      string    // person id who holds it; empty: the broker, because the attendant is away
}

// Connected is how long the session was connected to the target: from the moment the target was reached to the end. It is 0 for a
// session that never got there or has not ended.
func (s Session) Connected() time.Duration {
	if s.Started.IsZero() || s.Ended.IsZero() {
		return 0
	}
	return max(s.Ended.Sub(s.Started), 0)
}

// SessionFilter narrows Sessions. Zero fields do not narrow. Newest first.
type SessionFilter struct {
	Live      bool // opening or active only
	Recorded  bool // those that have a recording only
	States    []SessionState
	Person    string
	Vendor    string
	System    string
	Sight     *policy.Sight // only what lies within it; nil: everything
	Window    string
	Request   string
	From      time.Time            // Created >= this
	To        time.Time            // Created < this
	Reason    string               // code of the end cause
	Attendant string               // person id who has the post of the window
	Reviewed  string               // verdict of the review that covers it; "unsigned": it has none yet
	Due       map[string]time.Time // recordings that may be disposed of: for each system, the end until which they are due; nil: does not narrow
	Limit     int                  // 0: 200
}

// Remembered is a factor and consent that a person gave. It counts only for
// the same key, exact source address, window and version of the notice.
type Remembered struct {
	Person      string
	Fingerprint string
	Source      netip.Addr
	Window      string
	Notice      string
	At          time.Time
}

// FactorFilter says which remembered factors to forget. Zero fields do not narrow; the zero
// filter forgets all of them.
type FactorFilter struct {
	Person      string
	Vendor      string // every person of the vendor and of its subcontractors
	Fingerprint string
	Window      string
	System      string // every window of the system
	Drill       bool   // windows that are drills only
}

// Throttle counts failures under a key such as "addr:192.0.2.7" or "person:E-0031".
type Throttle struct {
	Key         string
	Count       int
	Since       time.Time
	LockedUntil time.Time
}
