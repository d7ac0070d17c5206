package policy

import "sekimori/policy/text"

// Reason is the stable code of one refusal or one end. The ledger stores code and number; people read the texts of its row (Lookup).
// Codes and numbers are never reused.
type Reason string

// Never started: a person was refused before anything opened.
const (
	AuthFailed           Reason = "auth-failed"
	EngineerLocked       Reason = "engineer-locked"
	TooManyFailures      Reason = "too-many-failures"
	VendorLocked         Reason = "vendor-locked"
	PledgeMissing        Reason = "pledge-missing"
	QualificationUnmet   Reason = "qualification-unmet"
	NoGrant              Reason = "no-grant"
	NotYetApproved       Reason = "not-yet-approved"
	RequestWasRejected   Reason = "request-rejected" // RequestRejected is the state
	RequestChanged       Reason = "request-changed"
	TooEarly             Reason = "too-early"
	WindowOver           Reason = "window-over"
	GrantWasRevoked      Reason = "grant-revoked" // GrantRevoked is the state
	TargetNotGranted     Reason = "target-not-granted"
	AccountNotGranted    Reason = "account-not-granted"
	SourceNotAllowed     Reason = "source-not-allowed"
	ConsentRefused       Reason = "consent-declined" // ConsentDeclined is the answer
	FeatureNotGranted    Reason = "feature-not-granted"
	AttendantAbsent      Reason = "attendant-absent"
	ConcurrentLimit      Reason = "concurrent-limit"
	SystemInUse          Reason = "system-in-use"
	ReviewsOverdue       Reason = "reviews-overdue"
	FollowUpMissing      Reason = "follow-up-missing"
	BackupTooOld         Reason = "backup-too-old"
	BrokerMaintenance    Reason = "broker-maintenance"
	Frozen               Reason = "frozen"
	IdentityFailed       Reason = "identity-failed"
	InterlockNotReady    Reason = "interlock-not-ready"
	RecordingUnavailable Reason = "recording-unavailable"
	AccountProbeFailed   Reason = "account-probe-failed"
	TargetUnreachable    Reason = "target-unreachable"
	TargetKeyChanged     Reason = "target-key-changed"
	ClockNotTrusted      Reason = "clock-untrusted" // ClockUntrusted is the state
	TargetRefusedLogin   Reason = "target-refused-login"
	TargetTooOld         Reason = "target-too-old"
	OwnConnections       Reason = "own-connections"
	FactorDropped        Reason = "factor-dropped"
	OutsidePermit        Reason = "outside-permit"
	RosterOverdue        Reason = "roster-overdue"
	RefusedByRule        Reason = "refused-by-rule"
	FileWaiting          Reason = "file-waiting"
	FileChanged          Reason = "file-changed"
	FileDisposed         Reason = "file-disposed"
	PaperDisposed        Reason = "paper-disposed"
	OwnLateEntry         Reason = "own-late-entry"
	SearchOff            Reason = "search-off"
	RecordingDisposed    Reason = "recording-disposed"
)

// Started and ended: the end causes.
const (
	EndedByEngineer      Reason = "ended-by-engineer"
	WindowEnded          Reason = "window-ended"
	IdleTimeout          Reason = "idle-timeout"
	CutByAttendant       Reason = "cut-by-attendant"
	CutByAuthority       Reason = "cut-by-authority"
	CutByFreeze          Reason = "freeze" // Freeze is the fact
	Locked               Reason = "locked"
	GrantRevokedLive     Reason = "grant-revoked-live"
	Lapsed               Reason = "lapsed"
	AttendantLost        Reason = "attendant-lost"
	RecordingFailed      Reason = "recording-failed"
	InterlockLost        Reason = "interlock-lost"
	TargetLost           Reason = "target-lost"
	BrokerCrashed        Reason = "broker-crashed"
	FileStopped          Reason = "file-stopped"
	ClientLost           Reason = "client-lost"
	BrokerStopped        Reason = "broker-stopped"
	ProtocolAbuse        Reason = "protocol-abuse"
	WindowWasClosed      Reason = "window-closed" // WindowClosed is the state
	AccountNotProvedGone Reason = "account-not-proved-gone"
	EndedByRule          Reason = "ended-by-rule"
)

// Refusals of acts on a page, through the API or on the command line.
const (
	Forbidden           Reason = "forbidden"
	SelfApproval        Reason = "self-approval"
	SameSecondApprover  Reason = "same-second-approver"
	AuditorConflict     Reason = "auditor-conflict"
	AlreadyDecided      Reason = "already-decided"
	StalePage           Reason = "stale-page"
	LiftNeedsSecond     Reason = "lift-needs-second"
	ViewPurposeRequired Reason = "view-purpose-required"
	SameFileApprover    Reason = "same-file-approver"
	ExportAuditorOnly   Reason = "export-auditor-only"
	YearNotOver         Reason = "year-not-over"
	OtherOfficeAgrees   Reason = "other-office-agrees"
	ProofNotYet         Reason = "proof-not-yet"
)

// The exit statuses that the broker itself gives over SSH; they tell a script what to do. The command line answers 3 to every refusal, and
// takes no status from the row.
const (
	ExitNone         = 0   // not an answer of the broker: the target's status passes, or no one is connected
	ExitNotPermitted = 250 // do not retry; file or correct something
	ExitNotNow       = 251 // retry later
	ExitTimeUp       = 252
	ExitStopped      = 253 // stopped by a person; wait for a call
	ExitSafeguard    = 254 // a safeguard or the line failed; telephone
	ExitNotSignedIn  = 255 // the ssh client's own status too
)

// Text is one text in both languages. A {name} in it is filled from the arguments.
type Text = text.Text

// ReasonInfo is a reason's row: everything the product says about it.
type ReasonInfo struct {
	Code   Reason
	Number int    // 1xx never started, 2xx started and ended, 3xx on a page
	Exit   int    // over SSH, see the Exit constants
	Told   string // who is told, by letter: E V Q H D S T A M (screens); empty: no one
	Shape  string // the drawn mark beside the label; empty: none
	// Headline is the short name, Cause why, Next what the person does now.
	Headline, Cause, Next Text
}

// Lookup finds the row of a reason.
func Lookup(r Reason) (ReasonInfo, bool) {
	for _, group := range reasonGroups() {
		for i := range group {
			if group[i].Code == r {
				return group[i], true
			}
		}
	}
	return ReasonInfo{}, false
}

// Reasons returns every row in order of number. The slice is the caller's.
func Reasons() []ReasonInfo {
	var all []ReasonInfo
	for _, group := range reasonGroups() {
		all = append(all, group...)
	}
	return all
}

// Number is the number that people quote on the telephone; 0 when the code is unknown.
func (r Reason) Number() int {
	info, _ := Lookup(r)
	return info.Number
}

// Exit is the exit status over SSH. An unknown code is a fault of ours: ExitSafeguard.
func (r Reason) Exit() int {
	info, ok := Lookup(r)
	if !ok {
		return ExitSafeguard
	}
	return info.Exit
}

// String returns the code.
func (r Reason) String() string { return string(r) }

func reasonGroups() [3][]ReasonInfo {
	return [3][]ReasonInfo{refusalReasons, endReasons, pageReasons}
}
