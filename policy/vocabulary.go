package policy

import (
	"net/netip"
	"time"
)

// PersonKind says to which side a person belongs.
type PersonKind string

// The kinds of person (glossary: engineer, vendor contact, staff).
const (
	Engineer PersonKind = "engineer"
	Contact  PersonKind = "contact"
	Staff    PersonKind = "staff"
)

// Role is what a member of staff may do here. Engineers and contacts have none.
type Role string

// The roles of staff. Membership of the information-systems section is a role of its own, because for several acts one of the two must
// come from there.
const (
	Requester          Role = "requester"
	Approver           Role = "approver"
	SecondApprover     Role = "second-approver"
	Attendant          Role = "attendant"
	Auditor            Role = "auditor"
	Administrator      Role = "administrator"
	InformationSystems Role = "information-systems"
	PermitOfficer      Role = "permit-officer" // the office that grants standing permits, such as the deputy CISO
)

// Person is a named human being. Only persons act.
type Person struct {
	ID      string     // "E-0031", "U-001": allotted by the registry, never reused
	Login   string     // unique, what is typed before the + of an SSH login
	Kind    PersonKind // zero value: unknown
	Name    string     // as the institution writes it
	Section string     // staff: the section's id
	Vendor  string     // engineer, contact: the vendor's id
	Roles   []Role     // staff only
	Lang    string     // "ja" or "en"; empty: by the client's locale, else both
	Phone   string     // registered number; engineers are called back on it
	Sources []netip.Prefix
	Locked  *Lock // nil: not locked
	Pledge  Pledge
}

// Has reports whether the person holds the role.
func (p Person) Has(r Role) bool {
	for _, have := range p.Roles {
		if have == r {
			return true
		}
	}
	return false
}

// Pledge is an engineer's signed undertaking (R9). The zero value is "none on file".
type Pledge struct {
	Signed time.Time
	Until  time.Time // last instant it holds, exclusive
	Copy   bool      // the signed copy is on file
}

// Lock stops one person or one vendor (R15).
type Lock struct {
	By     string
	Reason string
	Since  time.Time
}

// Vendor is a company under contract. A subcontractor names its prime contractor.
type Vendor struct {
	ID            string
	Login         string // short unique name, accepted where a vendor is named
	Name          string
	ContractFrom  time.Time
	ContractUntil time.Time // exclusive
	Prime         string    // id of the prime contractor; empty: this is one
	PrimeApproved bool      // the subcontract is approved; meaningless when Prime is empty
	Qualified     bool      // every certification the institution requires is current
	Unmet         string    // the unmet certifications, for people
	Locked        *Lock
	// The papers on file. The institution says which of them it needs.
	Certifications []Certification
	AuditReports   []AuditReport
	SpecialClauses []Span // when a contract's special clauses hold; a zero end: for good
	Subcontract    []Span // when an approval of the subcontract holds; none: as long as PrimeApproved says
	// Roster is when a contact of the vendor last confirmed who works for it; zero: never.
	Roster time.Time
}

// AttendanceMode is the system's rule for an attendant (R3).
type AttendanceMode string

// The attendance modes. The zero value is not a mode; Decide treats it as required.
const (
	AttendanceRequired AttendanceMode = "required"
	AttendanceOnCall   AttendanceMode = "on-call"
	AttendanceNone     AttendanceMode = "none"
)

// LineMode is the system's rule for the maintenance line (R5).
type LineMode string

// The line modes. Anything but LineNone needs a verified line.
const (
	LineNone        LineMode = "none"
	LineByHand      LineMode = "attested"    // the attendant pulls and plugs cables, and says so; two people set this rule
	LineInterlocked LineMode = "interlocked" // a driver moves the line, and probes verify it
)

// System is what is maintained; it owns the rules.
type System struct {
	ID                 string
	Name               string
	Section            string // owning section
	Phone              string // telephone of the section
	SecondStage        bool   // a second approver from the information-systems section is needed
	Attendance         AttendanceMode
	IdentityCheck      bool // a start needs the three digits read back over the telephone
	Line               LineMode
	Exclusive          bool          // one window in use at a time (R18)
	MaxWindow          time.Duration // longest window; 0: four hours
	Idle               time.Duration // cut after this long without a key on a shell or a byte on another channel; 0: fifteen minutes
	ApproverMayAttend  bool
	PersonalData       bool          // holds personal information: an attendant is always required
	SecondWhen         []SecondRule  // cases that need a second approver where SecondStage does not already
	Lead               time.Duration // least time from handing in to the start; 0: the institution's
	Delegated          time.Duration // what an attendant may extend one window by, in all; 0: nothing
	BackupAge          time.Duration // oldest backup with which work may start (R19); 0: none is asked for
	Recurring          RecurringRule // how a recurring window is approved
	PauseAfter         time.Duration // attendant not heard of for so long: paused; 0: thirty seconds
	CutAfter           time.Duration // and for so long: cut; 0: two minutes
	ReportWithin       time.Duration // work report due so long after the end; 0: a day
	BookmarkRequired   bool          // the attendance record waits for a bookmark in the window's sessions
	ConfirmWithin      int           // the section confirms a day's sessions until the end of this open day after it; 0: the next one
	FilesIn            FileRoute     // how files reach targets; empty: straight through
	FilesOut           FileRoute     // how files leave targets; empty: straight through
	FilePaths          []string      // trees on the targets that files may reach or leave; none: everywhere
	FileLimitMiB       int           // largest file in MiB; 0: no limit
	Commands           []string      // patterns of the commands that grants may run; none: a full shell may be granted
	MaskNumbers        bool          // individual numbers are masked in what engineers see; an aid, no access control
	LiveRules          []string      // what is done with single commands while work goes on (NewLiveRules); none: nothing
	DenyShell          bool          // no shell and no command where files are forbidden or bounded: those could carry them
	ReviewSample       string        // which work is reviewed: all, 2/10, 20%; empty: all of it
	RemindReviewDays   int           // a review is reminded of so many days before it is due; 0: three
	KeepFilesDays      int           // days for which contents of files are kept once they have ended; 0: as long as recordings
	KeepRecordingsDays int           // days for which recordings are kept after their session; 0: the institution's time
}

// Longest is how long one window of the system may be, extensions apart.
func (s System) Longest() time.Duration {
	if s.MaxWindow > 0 {
		return s.MaxWindow
	}
	return 4 * time.Hour
}

// AttendanceRule is the mode in force. A system with personal data, or without a known mode, requires an attendant.
func (s System) AttendanceRule() AttendanceMode { return attendance(&s) }

// attendance is AttendanceRule without a copy of the system.
func attendance(s *System) AttendanceMode {
	if s.PersonalData || s.Attendance != AttendanceNone && s.Attendance != AttendanceOnCall {
		return AttendanceRequired
	}
	return s.Attendance
}

// Target is one host:port of a system.
type Target struct {
	ID      string // "hr-db"
	System  string
	Host    string
	Port    int
	HostKey string // pinned, authorized_keys form
	Drill   bool
	// LegacyAlgorithms is why weak algorithms are spoken with the target too; empty: they are not.
	LegacyAlgorithms string
}

// Account is a least-privilege login on a target.
type Account struct {
	ID     string // "hr-db/maint": target id / login name
	Target string
	Login  string // name on the target
	Root   bool   // equivalent to root there
	Note   string // e.g. 個人番号は閲覧不可, shown on the card
}

// FilesRule says whether files move (R8).
type FilesRule string

// The file rules of the foundation. The zero value forbids.
const (
	FilesNone    FilesRule = "none"
	FilesAllowed FilesRule = "allowed"
)

// RequestState is the state of a request (screens §6).
type RequestState string

// The states of a request.
const (
	RequestProposed    RequestState = "proposed" // by the vendor, not yet taken over by staff
	RequestDraft       RequestState = "draft"
	PendingFirst       RequestState = "pending-first"
	PendingSecond      RequestState = "pending-second"
	RequestReturned    RequestState = "returned"
	RequestApproved    RequestState = "approved"
	RequestConditional RequestState = "approved-conditional"
	RequestRejected    RequestState = "rejected"
	RequestWithdrawn   RequestState = "withdrawn"
	RequestLapsed      RequestState = "lapsed"
	RequestRevoked     RequestState = "revoked"
	EmergencyAsked     RequestState = "emergency-asked" // one of two has opened it; nothing is open yet
	EmergencyOpen      RequestState = "emergency-open"  // in use, not yet approved by the head
	FollowUpDue        RequestState = "follow-up-due"   // over; report or later approval is missing
	ReportDue          RequestState = "report-due"      // over; the work report is missing
	RequestClosed      RequestState = "closed"
)

// RequestStates are all of them, in the order of a request's life.
func RequestStates() []RequestState {
	return []RequestState{
		RequestProposed, RequestDraft, PendingFirst, PendingSecond, RequestReturned, RequestApproved, RequestConditional, RequestRejected,
		RequestWithdrawn, RequestLapsed, RequestRevoked, EmergencyAsked, EmergencyOpen, FollowUpDue, ReportDue, RequestClosed,
	}
}

// Final reports whether the request has passed every stage of approval, or is an emergency that two people opened instead. A request
// stays final after its windows are over.
func (s RequestState) Final() bool {
	switch s {
	case RequestApproved, RequestConditional, EmergencyOpen, FollowUpDue, ReportDue:
		return true
	}
	return false
}

// Request has the facts about a request that the rules need.
type Request struct {
	No        string // "R8-0124"
	System    System
	State     RequestState
	Version   int
	Requester string // person id of the member of staff who owns it
	Proposer  string // person id of the engineer or contact who proposed it, or empty
	Vendor    string
	Engineers []string // person ids
	Attendant string   // person id, when already named
	Start     time.Time
	End       time.Time
	// Approvals are the decisions already taken on this version, in order.
	Approvals  []Approval
	Frozen     bool // a freeze covers it
	Root       bool // asks for a root-equivalent account
	RootReason string
	Files      FilesRule
	FileTerms  FileTerms // what would be granted
	Commands   []string  // that would be granted; none: a full shell
	Forced     string
	// Facts that the rules for a second approver look at.
	PersonalData     bool
	IndividualNumber bool
	OutsideHours     bool
	Urgent           bool
	Recurring        bool
	Drill            bool
	Emergency        bool
	Openers          []string     // of an emergency: the two who opened it
	Attended         []string     // attendants of its windows, after a handover both
	Deputations      []Deputation // of the owning section's approvers
	Created          time.Time    // when it was handed in
	SpokenFor        []string     // approvers for whom deputies decided on any version of it
	Unseen           []string     // of these, the ones who have not read the latest such decision
}

// Approval is one approver's decision on one stage, or the opening by one of the two who open an emergency.
type Approval struct {
	Stage    int // 1, 2; 0: opens an emergency
	By       string
	OnBehalf string // the approver for whom a deputy decided, or empty
	SetBy    string // appointer of that deputy: OnBehalf, or another of the section
	Version  int
	At       time.Time
	Void     bool // the giver, or the approver for whom they stood, is locked now or could not give it any more
}

// WindowState is the stored state of a window. "Over" is not stored: it follows from the time.
type WindowState string

// The stored states of a window.
const (
	WindowScheduled WindowState = "scheduled" // no one has taken the post
	WindowAttended  WindowState = "attended"  // the attendant has taken the post
	WindowPermitted WindowState = "permitted" // permission to start
	WindowClosed    WindowState = "closed"    // closed by the attendant, ordinarily
	WindowCut       WindowState = "cut"       // closed by force
	WindowCancelled WindowState = "cancelled"
)

// States that people see in place of a stored one, by the clock and the sessions.
const (
	WindowReady    WindowState = "ready-wait-attendant" // it has begun; no one has taken the post
	WindowInUse    WindowState = "in-use"
	WindowExtended WindowState = "extended" // in use, and longer than it was approved
	WindowClosing  WindowState = "closing"  // in use, and about to end
	WindowFrozen   WindowState = "frozen"
	WindowFinished WindowState = "ended"
	WindowUnused   WindowState = "unused" // over, and no one connected
)

// Window is an approved interval, half-open: [Start, End).
type Window struct {
	ID        string // "R8-0124-1"
	Request   string
	System    string
	Start     time.Time
	End       time.Time
	State     WindowState
	Attendant string // person id once the post is taken
	ClosedBy  string
	Reason    string // why closed, cut, cancelled
	Emergency bool
	Drill     bool
	Present   time.Time // when the attendant was last heard of; zero: never
	BackupAt  time.Time // of the backup that was stated for this window; zero: none stated
	Overrides []string  // codes of check items that were overridden with a reason
}

// end is when the window is over: an emergency window never lasts longer than two hours, whatever end is stored.
func (w *Window) end() time.Time {
	if w.Emergency {
		if longest := w.Start.Add(LongestEmergency); w.End.After(longest) {
			return longest
		}
	}
	return w.End
}

// GrantState is the state of a grant.
type GrantState string

// The states of a grant.
const (
	GrantActive  GrantState = "active"
	GrantRevoked GrantState = "revoked"
	GrantVoid    GrantState = "void" // the request was edited after approval
)

// Grant is person × target × account × window, and what it permits.
type Grant struct {
	ID      string // "R8-0124-1-1"
	Person  string
	Vendor  string
	Target  string // target id
	Account string // account id
	Window  Window
	Request string
	// RequestState, RequestVersion and ApprovedVersion reveal an approval that no longer covers the request's text.
	RequestState    RequestState
	RequestVersion  int
	ApprovedVersion int
	DecidedBy       string // the person who rejected, returned or approved last
	DecidedReason   string
	Files           FilesRule
	FileDirection   string   // in, out, both; empty: both
	FilePathsIn     []string // trees on the target that files may reach; none: everywhere
	FilePathsOut    []string // trees that files may leave
	FileLimitMiB    int      // largest file in MiB; 0: no limit
	Sanitised       string   // the sender's statement on 無害化
	Commands        []string // patterns of the commands that may run, without a shell; none: a full shell
	Forced          string   // runs in place of every shell and command; empty: none
	Forwards        []string // destinations that may be forwarded to, each in its one form
	State           GrantState
	RevokedBy       string
	RevokedReason   string
	PersonLimit     int // different persons at once on this window; 0: one
}

// FreezeScope says what a freeze covers.
type FreezeScope string

// The scopes of a freeze.
const (
	FreezeAll    FreezeScope = "all"
	FreezeVendor FreezeScope = "vendor"
	FreezeSystem FreezeScope = "system"
)

// Freeze is an incident stop in force (R14).
type Freeze struct {
	ID      string // "I-004"
	Scope   FreezeScope
	Subject string // vendor or system id; empty for all
	System  string // of a vendor's: the one system on which the vendor is stopped; empty: everywhere
	By      string
	Since   time.Time
	Reason  string
	Drill   bool // stops windows that are drills, and nothing else
}

// LiveSession is a session of the person that has not ended. Of another person it stands for all their sessions on one window, and has
// no ID.
type LiveSession struct {
	ID      string
	Person  string
	Grant   string
	Window  string
	System  string
	Request string
	Until   time.Time
}
