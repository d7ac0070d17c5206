package policy

import "time"

// Application is everything that the check items look at: what is asked for, what is on file, how the world
// stands. What is missing counts against the application.
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
	FilesDetail     string   // which files, what for
	// IndividualReason is the special-case reason for showing individual numbers.
	IndividualReason string

	Attendant           *Person // nil: none named
	AttendantIsApprover bool    // who is named to attend also decides, or decided, on the request
	AttendedBefore      bool    // attended this system before

	Backup         *Backup // the latest that was stated for the system; nil: none
	Last           *Past   // the last session of the same vendor and target that ended; nil: first time
	Overlap        string  // number of a request whose window lies across this one; empty: none
	OverdueReviews int
	FollowUps      []FollowUp // of the vendor
	SpaceDays      int        // days of recording that are free; below zero: not known
	Runtime        Runtime
	Occurrences    []Span // of a recurring window; empty: the request's own start and end
}

// Span is an interval [Start, End).
type Span struct{ Start, End time.Time }

// Backup is what was stated about the latest backup of a system (R19).
type Backup struct {
	At  time.Time // when it was made
	How BackupHow
	OK  bool
	By  string // who or what stated it
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
	Files       FilesRule
	Source      string // address that the session came from
	Targets     []string
	Prime       string // id of the prime contractor then; empty: no subcontract
	Review      string // verdict of its review; empty: not reviewed yet
	At          time.Time
}

// spans are the occurrences, or the one interval of the request.
func (a *Application) spans() []Span {
	if len(a.Occurrences) > 0 {
		return a.Occurrences
	}
	return []Span{{a.Request.Start, a.Request.End}}
}
