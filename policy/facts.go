package policy

import (
	"net/netip"
	"time"
)

// Facts is everything a decision may know: the state of one read transaction of the store, and Runtime, which the session package
// fills in. A missing fact is unknown, and unknown denies.
type Facts struct {
	Zone     *time.Location // of the institution
	Person   Person
	Keys     []string // fingerprints of the person's keys that are active now
	Vendor   Vendor
	Prime    *Vendor // the prime contractor that Vendor names; nil where it names none, or it is not known
	Systems  map[string]System
	Targets  map[string]Target
	Accounts map[string]Account
	Grants   []Grant // of Person, every state, any time
	Freezes  []Freeze
	Live     []LiveSession
	// LockedStaff are the ids of the members of staff who are locked. No one may work on the word of such a person.
	LockedStaff []string
	Subject     *Subject // for acts on a session or its recording
	StandsInFor []string // of staff: sections for whose approvers the person decides now
	Runtime     Runtime

	Institution Institution
	FollowUps   []FollowUp // of the person's vendor, on any system
	Permits     []Permit   // standing permits of the person's vendor, on any system; only if the institution asks for them

	WaitingRoom time.Duration // how early the waiting room opens; 0: fifteen minutes
	Connections int           // most connections of one person at a time; 0: DefaultConnections
}

// Runtime is what the database does not know. The zero value of each field is "unknown".
type Runtime struct {
	Clock    ClockState
	Recorder RecorderState
	Lines    map[string]Line // by system; a system without an entry has an unknown line
	// MaintenanceUntil is set while the broker itself is under maintenance.
	MaintenanceUntil time.Time
	// Doors are the broker's own listeners as destinations. No forward reaches them.
	Doors []string
}

// ClockState tells whether the wall clock can be trusted.
type ClockState string

// The states of the clock.
const (
	ClockUnknown   ClockState = ""
	ClockTrusted   ClockState = "trusted"
	ClockUntrusted ClockState = "untrusted"
)

// RecorderState tells whether a recording can be started, or still goes on.
type RecorderState string

// The states of the recorder.
const (
	RecorderUnknown RecorderState = ""
	RecorderReady   RecorderState = "ready"
	RecorderFailed  RecorderState = "failed"
)

// Subject is the session that a person wants to watch, play, review or export.
type Subject struct {
	Session    string
	System     string
	Section    string   // owner of the system
	Requester  string   // of its request
	Approvers  []string // person ids: decided on its request
	Attendants []string // person ids: attended
	Parties    []string // person ids: had another part in the work, such as letting one of its files through
	Answered   []string // person ids: answered a question of its review
	Live       bool
}

// Act is what a person wants to do. Every door names the act it asks about.
type Act string

// The acts that Decide rules on.
const (
	ActConnect      Act = "connect"      // SSH login and every channel
	ActWatch        Act = "watch"        // see a live session
	ActEnd          Act = "end"          // cut a live session
	ActPlay         Act = "play"         // play or show a recording
	ActExport       Act = "export"       // take a recording out
	ActOpenDamaged  Act = "open-damaged" // open a recording that does not hold against the ledger
	ActLedgerRead   Act = "ledger-read"
	ActLedgerExport Act = "ledger-export"
	// ActIncidentExport takes out an incident's evidence bundle: the ledger and the sealed recordings of every section that it holds.
	ActIncidentExport Act = "incident-export"
	ActReview         Act = "review" // sign a review
	ActSearch         Act = "search" // search the text of recordings; which of them is ActPlay's matter
)

// ChannelKind is what runs inside a connection.
type ChannelKind string

// The kinds of channel. ChannelAdmission stands for the connection itself, before any channel.
const (
	ChannelAdmission ChannelKind = ""
	ChannelShell     ChannelKind = "shell"
	ChannelExec      ChannelKind = "exec"
	ChannelSFTP      ChannelKind = "sftp"
	ChannelCopy      ChannelKind = "scp" // scp or rsync in its own protocol, over exec
	ChannelForward   ChannelKind = "forward"
	ChannelAgent     ChannelKind = "agent"
	ChannelX11       ChannelKind = "x11"
	ChannelOther     ChannelKind = "other"
)

// Asked is a channel as the engineer asks for it.
type Asked struct {
	Kind    ChannelKind
	Command string // of an exec, its exact bytes; of a subsystem, its name
	To      string // of a forward: a Destination
}

// Consent is the engineer's answer to the notice.
type Consent string

// The answers. ConsentPending: not asked yet; the decision says what it would be with consent.
const (
	ConsentPending  Consent = ""
	ConsentGiven    Consent = "given"
	ConsentDeclined Consent = "declined"
)

// Attempt is what a person tries to do.
type Attempt struct {
	Act     Act
	Person  string // the person bound to the proven key or token; must equal Facts.Person.ID
	Key     bool   // key (or token) proven in this connection
	Print   string // of a connection: fingerprint of the key that was proven; it must still be one of Facts.Keys
	Factor  bool   // second factor given, or remembered for this window
	Dropped bool   // a forced end, freeze, lock or revocation came after this factor and dropped it
	Consent Consent
	Source  netip.Addr
	Target  string // as typed: target id; empty only with a single grant
	Account string // as typed: login on the target; empty: the grant's only one
	Channel ChannelKind
	Command string // of an exec, its exact bytes; of a subsystem, its name
	To      string // of a forward: a Destination
	Session string // the caller's own session when it already has one: not counted against limits
	Purpose string // playback, watching, export: why
	Grant   string // id of the grant chosen by its number in the list; empty: any
	Beside  int    // connections that the person has beside this one, those that wait included
}

// Decision is the answer. The zero value denies.
type Decision struct {
	Allow    bool
	Reason   Reason // set when Allow is false; never empty then except in the zero value
	Args     map[string]string
	Grant    Grant         // the grant that decided; its ID is empty where none did
	Channels []ChannelKind // channels that may be opened
	Instead  string        // runs in place of the shell or command that was asked for; empty: that one
	Until    time.Time     // not a byte passes at or after this instant
	Wait     bool          // the reason is one that may pass while the person waits in the waiting room
	From     time.Time     // when waiting may help: earliest instant to look again; zero unknown
	Role     Role          // of an approval or extension: the capacity in which the person acts
	OnBehalf string        // person id of the approver for whom a deputy decides; empty: in their own right
}

// Running is a session under way, for Recheck.
type Running struct {
	Session   string
	Person    string
	Print     string // fingerprint of the key that was proven
	Grant     string
	Source    netip.Addr
	Target    string
	Account   string    // login on the target
	LastInput time.Time // the last key on a shell, the last byte either way on another channel; never before the end of the last pause, in which idleness does not count
	Paused    bool      // the attendant holds the engineer's input back
}

// Verdict keeps a running session or ends it. The zero value ends it.
type Verdict struct {
	Keep   bool
	Pause  PauseCause // kept, but the engineer's input is held back
	Reason Reason
	Args   map[string]string
	Until  time.Time // the deadline in force
	Next   time.Time // the earliest instant at which the verdict may change by itself; never after Until
}

// PauseCause says why a session's input is held back. Empty: it is not held back.
type PauseCause string

// The causes of a pause.
const (
	PausedByAttendant PauseCause = "attendant"        // a person pressed pause
	PausedUnattended  PauseCause = "attendant-absent" // the attendant has not been heard of
	PausedBehind      PauseCause = "recording-behind" // output is held back too: the disk is slow; no verdict says it
)
