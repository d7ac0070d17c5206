package policy

import "time"

// Application is everything that the check items look at: the request, the papers on file, the state of line, recorder and system. A
// missing fact counts against the application.
type Application struct {
	Request          Request
	Calendar         Calendar
	Institution      Institution
	Vendor           Vendor // of the request
	Prime            Vendor // its prime contractor; zero where the vendor has none
	ResponsibleParty string // vendor id of the party that answers (R11)
	Engineers        []Person
	Accounts         []Account // asked for and registered for a target of the system
	// UnknownAccounts were asked for, but are not registered for a target of the system.
	UnknownAccounts []string
	SharedAccounts  []string // among the accounts: ids that another vendor uses too
	ExtraRights     []string // beside what the accounts have anyway, in words
	Forwards        []string // destinations of port forwards
	FilesDetail     string   // which files, what for
	// IndividualReason is the special-case reason for showing individual numbers.
	IndividualReason string

	// Probes are the newest trials of reading, as each of the accounts, what it must not be able to read. Unprobed are the accounts
	// without such a trial.
	Probes   []Probe
	Unprobed []string

	Attendant           *Person // nil: none named
	AttendantIsApprover bool    // the person named to attend also decides, or decided, on the request
	AttendedBefore      bool    // attended this system before

	Backup         *Backup // the latest that was stated for the system; nil: none
	Last           *Past   // the last session of the same vendor and target that ended; nil: first time
	Overlap        string  // number of a request whose window overlaps this one; empty: none
	OverdueReviews int
	FollowUps      []FollowUp // of the vendor
	Permits        []Permit   // of the vendor on the system, in every state
	SpaceDays      int        // days of recording that are free; below zero: not known
	Runtime        Runtime
	LineDue        bool   // the line must be separated now, also before the start: the start is to be permitted
	Occurrences    []Span // of a recurring window; empty: the request's own start and end
}

// Span is an interval [Start, End).
type Span struct{ Start, End time.Time }

// Probe is the newest trial of reading one thing as an account (R7).
type Probe struct {
	Account string // id
	What    string
	At      time.Time
	Reads   bool // it can be read
}

// ProbeAge is how old a probe may be before its item calls for care.
const ProbeAge = 30 * 24 * time.Hour

// Backup is what was stated about the latest backup of a system (R19).
type Backup struct {
	At  time.Time // when it was made
	How BackupHow
	OK  bool
	By  string // the person or system that stated it
}

// BackupHow says how the institution knows of a backup.
type BackupHow string

// The ways. Anything but BackupAutomatic counts as typed in by hand.
const (
	BackupByHand    BackupHow = "by-hand"
	BackupAutomatic BackupHow = "automatic"
)

// Past is the last work of the same vendor on the same target, as it was granted.
type Past struct {
	Request     string
	Session     string
	Start, End  time.Time // of the window as granted
	Engineers   []string  // person ids
	Accounts    []string  // account ids
	ExtraRights []string
	Root        bool
	Commands    []string // that could run; none: a full shell
	Forced      string
	Files       FilesRule
	FileTerms   FileTerms // by the rules of the system that hold now
	Source      string    // address that the session came from
	Targets     []string
	Forwards    []string
	Prime       string // id of the prime contractor then; empty: no subcontract
	Review      string // verdict of its review; empty: not reviewed yet
	At          time.Time
}

// spans gives the occurrences, or the one interval of the request.
func (a *Application) spans() []Span {
	if len(a.Occurrences) > 0 {
		return a.Occurrences
	}
	return []Span{{a.Request.Start, a.Request.End}}
}
