package api

import (
	"net/url"
	"strings"
)

// Kind is the address of all things of one kind; a T is one of them. These addresses are written only here.
type Kind[T any] string

// Path is an address whose answer is a T.
type Path[T any] string

// Stream is the answer of a path that sends bytes, or a JSON object a line, until it ends.
type Stream struct{}

// Root begins every address of the API.
const Root = "/v1"

// The kinds of things, each with its type.
const (
	Requests      Kind[Request]       = "/v1/requests"
	Drafts        Kind[Draft]         = "/v1/drafts"
	Passkeys      Kind[Passkey]       = "/v1/passkeys"
	Windows       Kind[Window]        = "/v1/windows"
	Extensions    Kind[Extension]     = "/v1/extensions"
	Deputies      Kind[Deputy]        = "/v1/deputies"
	Sessions      Kind[Session]       = "/v1/sessions"
	Recordings    Kind[Recording]     = "/v1/recordings"
	Reviews       Kind[Review]        = "/v1/reviews"
	Findings      Kind[ReviewFinding] = "/v1/findings"
	Days          Kind[WorkDay]       = "/v1/days"
	NoticeChanges Kind[NoticeChange]  = "/v1/notice/changes"
	Reports       Kind[Report]        = "/v1/reports"
	Freezes       Kind[Freeze]        = "/v1/freezes"
	Alarms        Kind[Alarm]         = "/v1/alarms"
	People        Kind[Person]        = "/v1/people"
	Vendors       Kind[Vendor]        = "/v1/vendors"
	Papers        Kind[Paper]         = "/v1/papers"
	Permits       Kind[Permit]        = "/v1/permits"
	Files         Kind[File]          = "/v1/files"
	Systems       Kind[System]        = "/v1/systems"
	Lines         Kind[Line]          = "/v1/lines"
	Targets       Kind[Target]        = "/v1/targets"
	Accounts      Kind[Account]       = "/v1/accounts"
	Changes       Kind[PendingChange] = "/v1/changes"
	Feeds         Kind[Feed]          = "/v1/calendar/feeds"
	Keys          Kind[Key]           = "/v1/keys"
	ViewingKeys   Kind[ViewingKey]    = "/v1/viewing-keys"
	Accesses      Kind[Access]        = "/v1/recording-access"
	LedgerEntries Kind[Entry]         = "/v1/ledger/entries"
	Forms         Kind[Form]          = "/v1/forms"
	Years         Kind[Year]          = "/v1/annual"
	LateEntries   Kind[LateEntry]     = "/v1/late-entries"
)

// The kinds of what reconciliation finds.
const (
	Reconciliations Kind[Reconciliation] = "/v1/reconcile"
	UnknownLogins   Kind[UnknownLogin]   = "/v1/unknown-logins"
)

// Addresses that are not of a kind.
const (
	StatusPath       Path[Status]           = "/v1/status"
	NoticePath       Path[Notice]           = "/v1/notice"
	EnrollBeginPath  Path[EnrollSecret]     = "/v1/enroll/begin"
	EnrollFinishPath Path[TokenReply]       = "/v1/enroll/finish"
	LoginPath        Path[TokenReply]       = "/v1/login"
	LogoutPath       Path[Done]             = "/v1/logout"
	WhoAmIPath       Path[Person]           = "/v1/whoami"
	NamesPath        Path[List[Name]]       = "/v1/names"
	PasswordPath     Path[Person]           = "/v1/password"
	FactorBeginPath  Path[FactorSecret]     = "/v1/factor/begin"
	FactorFinishPath Path[Person]           = "/v1/factor/finish"
	KeyAddPath       Path[KeyAdded]         = "/v1/keys"
	PasskeyEndPath   Path[Passkey]          = "/v1/passkeys/end"
	KeyRevokePath    Path[Person]           = "/v1/keys/revoke"
	ApplyPath        Path[Plan]             = "/v1/apply"
	SecretsPath      Path[Account]          = "/v1/secrets"
	QuestionsPath    Path[List[Question]]   = "/v1/questions"
	EmergenciesPath  Path[Request]          = "/v1/emergencies"
	VendorsPath      Path[List[VendorLine]] = "/v1/vendors"
	PapersDuePath    Path[List[Ending]]     = "/v1/papers/due"
	CalendarPath     Path[Month]            = "/v1/calendar"
	RulesPath        Path[Institution]      = "/v1/calendar/rules"
	ConformancePath  Path[Conformance]      = "/v1/conformance"
	HolidaysPath     Path[Plan]             = "/v1/calendar/holidays"
	LedgerPath       Path[List[Entry]]      = "/v1/ledger"
	LedgerExportPath Path[Stream]           = "/v1/ledger/export"
	LedgerVerifyPath Path[LedgerCheck]      = "/v1/ledger/verify"
	CheckpointPath   Path[CheckpointReply]  = "/v1/ledger/checkpoint"
	PolicyPath       Path[PolicyReply]      = "/v1/ledger/policy"
)

// All lists the kind's things.
func (k Kind[T]) All() Path[List[T]] { return Path[List[T]](k) }

// New makes a thing of the kind.
func (k Kind[T]) New() Path[T] { return Path[T](k) }

// Of is one thing of the kind.
func (k Kind[T]) Of(id string) Path[T] { return Path[T](string(k) + "/" + url.PathEscape(id)) }

// Act is an act on a thing of the kind; the answer is the thing's state afterwards.
func (k Kind[T]) Act(id, act string) Path[T] { return k.Of(id) + "/" + Path[T](act) }

// Pattern is the pattern of a thing, or of an act on it, in the door's table of routes.
func (k Kind[T]) Pattern(wildcard string, act ...string) string {
	return strings.Join(append([]string{string(k), "{" + wildcard + "}"}, act...), "/")
}

// CheckOf judges a request by the check items.
func CheckOf(request string) Path[Checked] { return Path[Checked](Requests.Act(request, "check")) }

// CopyOf gives a request as a form for a new request.
func CopyOf(request string) Path[CopyReply] { return Path[CopyReply](Requests.Act(request, "copy")) }

// AttendanceOf is a window as its attendant sees it.
func AttendanceOf(window string) Path[Attendance] {
	return Path[Attendance](Windows.Act(window, "attendance"))
}

// Attend is an act of the attendant: tick, backup, override, present, handover, take.
func Attend(window, act string) Path[Attendance] { return Path[Attendance](Windows.Act(window, act)) }

// OperationsOf streams the operations in a window's sessions.
func OperationsOf(window string) Path[Stream] { return Path[Stream](Windows.Act(window, "operations")) }

// ExtendWindow asks for a window to end later.
func ExtendWindow(window string) Path[Extension] {
	return Path[Extension](Windows.Act(window, "extensions"))
}

// RecordOf is the attendance record of a window; Attest makes it.
func RecordOf(window string) Path[AttendanceRecord] {
	return Path[AttendanceRecord](Windows.Act(window, "attendance-record"))
}

// Attest confirms how a window was attended.
func Attest(window string) Path[AttendanceRecord] {
	return Path[AttendanceRecord](Windows.Act(window, "attest"))
}

// WatchOf streams a live session.
func WatchOf(session string) Path[Stream] { return Path[Stream](Sessions.Act(session, "watch")) }

// Look streams a recording's content: play, file, export.
func Look(session, how string) Path[Stream] { return Path[Stream](Recordings.Act(session, how)) }

// FormFile streams a form (screens §5) as a file.
func FormFile(form string) Path[Stream] { return Path[Stream](Forms.Of(form)) }

// VerifyRecording compares a recording with the ledger.
func VerifyRecording(session string) Path[RecordingCheck] {
	return Path[RecordingCheck](Recordings.Act(session, "verify"))
}

// VendorPageOf is a vendor with all its papers.
func VendorPageOf(vendor string) Path[VendorPage] { return Path[VendorPage](Vendors.Of(vendor)) }

// ApproveSubcontract approves that a vendor works under its prime contractor.
func ApproveSubcontract(vendor string) Path[Paper] {
	return Path[Paper](Vendors.Act(vendor, "subcontract"))
}

// PaperCopyOf streams the copy of a paper.
func PaperCopyOf(paper string) Path[Stream] { return Path[Stream](Papers.Act(paper, "copy")) }

// FileContentOf streams the contents of a file in the broker's keeping.
func FileContentOf(file string) Path[Stream] { return Path[Stream](Files.Act(file, "content")) }

// VerifyPaper compares the copy of a paper with the ledger.
func VerifyPaper(paper string) Path[PaperCheck] { return Path[PaperCheck](Papers.Act(paper, "verify")) }

// CompareFile has a file of a target's record of logins compared.
func CompareFile(target string) Path[Reconciliation] {
	return Path[Reconciliation](Reconciliations.Act(target, "file"))
}

// EnrollCodeFor issues an enrolment code.
func EnrollCodeFor(person string) Path[EnrollCode] {
	return Path[EnrollCode](People.Act(person, "enroll-code"))
}

// RevokeTokens ends every sign-in of a person.
func RevokeTokens(person string) Path[map[string]string] {
	return Path[map[string]string](People.Act(person, "revoke-tokens"))
}

// SettleChange confirms or drops a pending change.
func SettleChange(no, how string) Path[Settled] { return Path[Settled](Changes.Act(no, how)) }

// SessionSummary is what passed in a session, in plain words.
func SessionSummary(session string) Path[Summary] {
	return Path[Summary](Sessions.Act(session, "summary"))
}

// SessionProof is the proof of a session's end.
func SessionProof(session string) Path[Stream] { return Path[Stream](Sessions.Act(session, "proof")) }
